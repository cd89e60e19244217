//! One line, as its firewall needs to know it.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::Profile;

/// The machine behind a line that what is opened leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Its inside IPv4 address, which the router forwards to; without it nothing comes in over IPv4.
    pub ipv4: Option<Ipv4Addr>,
    /// The lower 64 bits of its IPv6 address, as `::10`; without it what is opened is open to every machine inside.
    pub ipv6: Option<Ipv6Addr>,
}

/// One line and the profile it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is, for the comment at the top.
    pub subscriber: String,
    /// What is let in.
    pub profile: Profile,
    /// How many times the line's configuration has changed, from 1.
    pub number: u32,
    /// The machine that what is opened leads to.
    pub server: Server,
    /// Whether tcp/25 out is open here, by the profile or by an exemption.
    pub mail_out: bool,
}

impl Line {
    /// The subscriber as it may stand in a comment of any dialect: one word of harmless signs.
    pub(crate) fn name(&self) -> String {
        let harmless = |c: char| if c.is_ascii_alphanumeric() || "-_.@".contains(c) { c } else { '_' };
        self.subscriber.chars().take(64).map(harmless).collect()
    }

    /// The machine's IPv6 address with a prefix of zeros, so that it can be compared under a mask of the lower 64 bits.
    pub(crate) fn interface_id(&self) -> Option<Ipv6Addr> {
        let lower = u128::from(self.server.ipv6?) & u128::from(u64::MAX);
        (lower != 0).then(|| Ipv6Addr::from(lower))
    }
}
