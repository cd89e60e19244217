//! Everything that listens or fetches: SMTP and LMTP ([`smtp`]), Maildirs ([`maildir`]), mailboxes over IMAP ([`imap`]),
//! folders of files ([`folder`]), HTTP ([`http`]), and, handing on other things than messages, the
//! flow sockets ([`flows`]), RADIUS accounting ([`radius`]) and files that grow ([`follow`]).
//!
//! In: bytes from strangers. Out: one [`Delivery`] per message on a bounded channel, holding exactly the bytes that
//! were sent and an `ack` to be answered once they are on disk.
//!
//! *Accepted means on disk*: a sensor says 250, 202 or "seen" only after [`Acceptance::OnDisk`]. Any other answer, an
//! `ack` dropped unanswered, or a channel that stays full, turns into a temporary refusal, so the sender keeps the
//! message and comes back. The worst case is therefore a message delivered twice, never one lost.
//!
//! This crate does not judge, does not read reports and does not know where messages go. Of the other rooms it uses
//! `flow` alone.

mod delivery;
pub mod flows;
pub mod folder;
pub mod follow;
pub mod http;
pub mod imap;
pub mod maildir;
mod pickup;
mod printable;
pub mod radius;
pub mod smtp;
mod stop;
mod tally;

pub use delivery::{Acceptance, Delivery, Envelope, How, Outcome};
pub use printable::Printable;
pub use tally::{Counts, Refusal, Tally};
