//! The firewall we provide on our lines, and whether it is in force (P17).
//!
//! Two halves that share the [`Profile`]:
//!
//! * **Provided.** A [`Line`] has a profile; [`Line::configuration`] writes it for OpenWrt, nftables, RouterOS, or as the
//!   parameters of TR-069 and TR-369, for IPv4 and IPv6 (RFC 6092). The same line always gives the same bytes, and
//!   [`Configuration::version`] names them.
//! * **Insisted on.** [`Sight`]s are what the network saw of a line: who came in unasked, on which port, what came back.
//!   [`Record::judge`] says whether the firewall is [in force](State), and [`Record::due`] what follows: a reminder, a
//!   place on the call list, the walled garden. Nothing follows from one observation, or from a port that a program
//!   inside may well have asked for.
//!
//! Pure: time is an argument, and nothing here knows a socket, a clock or a file.

mod configuration;
mod data_model;
mod ladder;
mod line;
mod mail_port;
mod nftables;
mod openwrt;
mod ports;
mod profile;
mod record;
mod routeros;
mod sight;
mod verdict;

pub use configuration::{Configuration, Dialect, NotProvided};
pub use ladder::{Insistence, Step};
pub use line::{Line, Server};
pub use mail_port::{Exemption, ExemptionState, MailPort, mail_port_rules};
pub use ports::{PortMeaning, meaning};
pub use profile::{Opening, PortRange, Profile, ProfileError, Profiles};
pub use record::Record;
pub use sight::{Came, Sight};
pub use verdict::{State, Verdict};
