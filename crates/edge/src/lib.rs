//! The only code that changes the network: read the router, apply the difference, read again.
//!
//! What flows in is the whole intended state, a [`case::Plan`], and the time. What flows out is a [`case::Receipt`]:
//! what was changed, what the read-back shows in force, and what was refused and why. There is no call that blocks one
//! address and none that unblocks: [`Outlet::reconcile`] makes the edge equal to the plan, so a restart, a missed
//! message, a manual change at the router and a released case are all the same path. Taking away everything of ours is
//! `reconcile(&Plan::default(), now)`.
//!
//! * [`Outlet`] is where blocks go: [`Nft`] drives a real packet filter, [`DryRun`] keeps an edge in memory and says
//!   what it would do. Both use the same guard and the same difference.
//! * [`Config`] holds the guard rails. Every rule passes them at the last door, whatever its caller has checked: hosts
//!   of ours only, never a never-touch address, an end that lies ahead and not too far, and only so many new blocks in
//!   an hour ([`cap_hit`] tells the desk to page).
//! * [`EdgeError`] says what was being done, to what, whose fault it is, and by [`Again`] whether to try again.
//!
//! It knows nothing of cases, evidence or why a rule is wanted, and it keeps no file: what it must remember over a
//! restart it reads from the edge itself.

mod diff;
mod dry_run;
mod error;
mod guard;
mod nft;
mod outlet;

pub use dry_run::DryRun;
pub use error::{Again, EdgeError};
pub use guard::{Config, LONGEST_BLOCK, cap_hit};
pub use nft::{Guards, Listing, ListingError, Nft, NftConfig, read_listing};
pub use outlet::Outlet;
