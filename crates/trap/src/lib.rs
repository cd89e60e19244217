//! Scanner-traps: spare addresses that answer on every port, and say what whoever came wanted.
//!
//! * [`wanted`] is pure: first bytes and a port to what was wanted, by signatures that are data ([`identify`]).
//! * [`talk`] is pure: what a trap says, and when it keeps quiet, so that the visitor goes on ([`talk::Talk`]).
//! * [`Engine`] is stateful: one socket of the kernel for any prefix (TPROXY), a task for each visitor.
//! * [`stateless`] is for large prefixes: raw packets, a SYN cookie, the first payload, then a reset.
//! * [`Rules`] are the routes and packet filter rules both need, in tables of their own, set up and removed.
//!
//! In: strangers. Out: one [`Hit`] for each connection, datagram or ping, on a bounded channel.
//!
//! A trap speaks to its visitor and to nobody else: nothing in this crate opens a connection, a datagram is answered at most
//! once for each source and never by more bytes than it had, and the packet filter drops what a trap address would begin.
//! Mail that is taken is kept as evidence and never goes anywhere.

mod bytes;
mod caps;
mod engine;
mod hit;
mod raw;
mod rules;

pub mod stateless {
    //! The stateless engine; see [`Stateless`].
    pub use crate::raw::{Frame, Link, Stateless, Taken, WAITS, read, serve};
}
pub mod talk;
pub mod wanted;

pub use caps::Limits;
pub use engine::{Config, Counts, Engine, TrapError};
pub use hit::{Ending, FIRST_BYTES, Hit, Mail, Transport};
pub use rules::{Installed, Rules, RulesError};
pub use wanted::{Basis, Family, Target, Wanted, identify};
