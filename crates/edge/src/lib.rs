//! The only code that changes the network: read the router, apply the difference, read again.
//!
//! What flows in is the whole intended state, a [`case::Plan`], and the time. What flows out is a [`case::Receipt`]:
//! what was changed, what the read-back shows in force, and what was refused and why. There is no call that blocks one
//! address and none that unblocks: [`Outlet::reconcile`] makes the edge equal to the plan, so a restart, a missed
//! message, a manual change at the router and a released case are all the same path. Taking away everything of ours is
//! `reconcile(&Plan::default(), now)`.
//!
//! * [`Outlet`] is where blocks go: [`Nft`] drives a real packet filter, [`DryRun`] keeps an edge in memory and says
//!   what it would do, [`Outlet::zone`] writes a zone that a name server serves (a DNSBL, a response policy zone),
//!   [`Outlet::bgp`] has routes announced (RTBH, FlowSpec),
//!   [`Outlet::radius`] has sessions changed (RFC 5176), [`Outlet::hands`] writes commands
//!   for people to carry out. All use the same guard and the same difference.
//! * [`share`] gives each of several outlets its part of the plan: the narrowest that can hold a rule gets it.
//! * [`Config`] holds the guard rails. Every rule passes them at the last door, whatever its caller has checked: hosts
//!   of ours only, never a never-touch address, an end that lies ahead and not too far, and only so many new blocks in
//!   an hour ([`cap_hit`] tells the desk to page).
//! * [`EdgeError`] says what was being done, to what, whose fault it is, and by [`Again`] whether to try again.
//!
//! It knows nothing of cases, evidence or why a rule is wanted, and it keeps no file: what it must remember over a
//! restart it reads from the edge itself.

mod bgp;
mod diff;
mod dry_run;
mod error;
mod guard;
mod hands;
mod nft;
mod outlet;
mod program;
mod radius;
mod remembered;
mod round;
mod scope;
mod zone;

pub use bgp::{Api, Bgp, BgpConfig, Neighbour, RouteKind};
pub use dry_run::DryRun;
pub use error::{Again, EdgeError};
pub use guard::{Config, LONGEST_BLOCK, cap_hit};
pub use hands::{Dialect, Hands, HandsConfig};
pub use nft::{GardenRest, Guards, Listing, ListingError, Nft, NftConfig, NftGarden, read_listing};
pub use outlet::{Outlet, Peering};
pub use radius::{Action, Radius, RadiusConfig, Sessions};
pub use round::is_unverified;
pub use scope::{Reach, Scope, share, unserved};
pub use zone::{Zone, ZoneConfig, ZoneKind};
