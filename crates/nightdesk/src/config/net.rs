//! A prefix, or an address that stands for itself alone.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// `192.0.2.0/24`, or `192.0.2.1` for that one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Net(pub(crate) IpNet);

impl TryFrom<String> for Net {
    type Error = String;
    fn try_from(text: String) -> Result<Net, String> {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        let net = text.parse().or_else(|_| one());
        net.map(Net).map_err(|_| format!("{text:?} is neither an address nor a prefix such as 192.0.2.0/24"))
    }
}

impl From<Net> for String {
    fn from(net: Net) -> String {
        net.to_string()
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.prefix_len() == self.0.max_prefix_len() {
            true => write!(f, "{}", self.0.addr()),
            false => write!(f, "{}", self.0),
        }
    }
}
