//! The only code that connects to a subscriber: one question in, one answer with its transcript out.
//!
//! A [`Prober`] asks one of our own addresses whether a port relays for strangers. **Proof** is one thing only: the
//! secret that our [`Landing`] gave for a fresh nonce came back on our connection, and the landing saw that nonce
//! arrive as a clean request on a connection of its own. A `200`, a "granted", an echo or a fixed port forward to
//! the landing prove nothing. A mail server relays for strangers when a mail of ours, in one of the forms of address
//! that such servers fall for, has been delivered to the landing; its own `250` proves nothing either. A mail that was
//! taken and has not landed is waited for over hours: the next question to that port tells of it.
//!
//! Two things live here and cannot be passed in as "off": the last door ([`case::Territory::admit`] immediately
//! before every connection), and manners (a least gap per address, a global rate, bounded connections).
//!
//! The verdict over all ports:
//!
//! * [`OpenProxy`](case::Verdict::OpenProxy), [`OpenRelay`](case::Verdict::OpenRelay): one port gave proof; the rest is
//!   not asked any further.
//! * [`Closed`](case::Verdict::Closed): **every** port refused us, or answered and relayed nothing; and our landing,
//!   tested the moment before, works.
//! * [`Unreachable`](case::Verdict::Unreachable): some port was silent, stopped in the middle or reset, a mail
//!   may still land, or the landing failed its test. The last line of the transcript says which.
//! * [`RefusedByPolicy`](case::Verdict::RefusedByPolicy): nothing was sent.

mod attempt;
mod config;
mod door;
mod error;
mod landing;
mod login;
mod manners;
mod method;
mod port;
mod prober;
mod relay;
pub mod replies;
mod requests;
pub mod smtp;
mod sweep;
pub mod telnet;
mod tls;
mod transcript;
mod wire;

pub use config::{Config, MAX_PORTS};
pub use error::{ConfigError, LandingError};
pub use landing::{Landing, MailsChanged, WaitingMail};
pub use prober::Prober;
pub use sweep::{Pace, Swept};
