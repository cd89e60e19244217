//! A mailbox that speaks SMTP (RFC 5321) or LMTP (RFC 2033). It accepts mail for configured recipients and hands it
//! on as [`Delivery`]s; it relays nothing.
//!
//! The conversation itself is [`Session`], a plain value without sockets or clocks: bytes in, [`Step`]s out. Around it
//! [`serve`] and [`serve_unix`] do the listening, the timeouts, TLS and the limits.
//!
//! Offered extensions: SIZE (RFC 1870), 8BITMIME (RFC 6152), PIPELINING (RFC 2920), ENHANCEDSTATUSCODES (RFC 2034),
//! SMTPUTF8 (RFC 6531) and, when there is a [`Certificate`], STARTTLS (RFC 3207).
//!
//! What it is strict about: only `CR LF . CR LF` ends a message, a bare CR or LF never does (SMTP smuggling,
//! CVE-2023-51764 to 51766); whatever was pipelined behind STARTTLS is thrown away (CVE-2011-0411); a command
//! line ends in `CR LF` or is refused.

mod certificate;
mod config;
mod connection;
mod doors;
mod recipients;
mod serve;
mod session;

pub use certificate::{Certificate, CertificateError};
pub use config::{Config, Limits, Protocol};
pub use recipients::{Accepted, Recipient, RecipientError, Recipients};
pub use serve::{serve, serve_unix};
pub use session::{Message, Profile, Session, Step};

#[cfg(doc)]
use crate::Delivery;
