//! What the detector is told: whose addresses are ours, what is allowed, how much may be kept.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use flow::StitchLimits;
use ipnet::IpNet;

/// What is not to be suspected: a proxy, mail server or other service that is meant to be as it is.
///
/// It is compared when signs are asked for, not when flows are seen, so that a new entry applies at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Allowed {
    /// The addresses: of ours, or of a peer outside that may be called and may call.
    pub network: IpNet,
    /// Only this port of theirs; all where there is none.
    pub port: Option<u16>,
}

impl Allowed {
    /// Whether it covers this end of a connection. An entry with a port covers no end whose port is not known.
    #[must_use]
    pub fn covers(&self, address: IpAddr, port: Option<u16>) -> bool {
        self.network.contains(&address) && (self.port.is_none() || self.port == port)
    }
}

impl FromStr for Allowed {
    type Err = String;

    /// Reads `192.0.2.10`, `192.0.2.10:3128`, `192.0.2.0/24`, `192.0.2.0/24:25`, `2001:db8::1`, `[2001:db8::1]:25`,
    /// `[2001:db8::/32]:25`.
    fn from_str(text: &str) -> Result<Allowed, String> {
        let wrong = || {
            format!("{text:?} is not an address or prefix with or without a port, such as 192.0.2.10:3128")
        };
        let network =
            |text: &str| text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        if let Some(network) = network(text) {
            return Ok(Allowed { network, port: None });
        }
        let (end, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = end.strip_prefix('[').and_then(|end| end.strip_suffix(']'));
        if bare.is_none() && end.contains(':') {
            return Err(wrong());
        }
        let network = network(bare.unwrap_or(end)).ok_or_else(wrong)?;
        Ok(Allowed { network, port: Some(port.parse().map_err(|_| wrong())?) })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = self.network.prefix_len() == self.network.max_prefix_len();
        let end = if single { self.network.addr().to_string() } else { self.network.to_string() };
        match self.port {
            None => f.write_str(&end),
            Some(port) if end.contains(':') => write!(f, "[{end}]:{port}"),
            Some(port) => write!(f, "{end}:{port}"),
        }
    }
}

/// What a [`crate::Detector`] is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// The prefixes that are ours; flows that touch none of them are counted and passed over.
    pub home: Vec<IpNet>,
    /// What is not to be suspected.
    pub allowed: Vec<Allowed>,
    /// How long a line must have been seen before a port that answers counts as new, in milliseconds. A port that was
    /// seen closed before needs no such time.
    pub learning: i64,
    /// Home addresses kept at once; the one that was quiet longest is given up for a new one.
    pub lines: usize,
    /// Whether it is told who comes to lines unasked, and what comes back ([`crate::Detector::knocks`]): 700 bytes a line.
    pub knocks: bool,
    /// How records are put together to connections.
    pub stitch: StitchLimits,
}

impl Config {
    /// With the usual limits: ten minutes of learning, 131,072 lines.
    #[must_use]
    pub fn new(home: Vec<IpNet>) -> Config {
        Config {
            home,
            allowed: Vec::new(),
            learning: 600_000,
            lines: 1 << 17,
            knocks: false,
            stitch: StitchLimits::default(),
        }
    }

    /// The same with something allowed.
    #[must_use]
    pub fn allowing(mut self, allowed: Vec<Allowed>) -> Config {
        self.allowed = allowed;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_reads_as_it_is_written() {
        for text in [
            "192.0.2.10",
            "192.0.2.10:3128",
            "192.0.2.0/24",
            "192.0.2.0/24:25",
            "2001:db8::1",
            "[2001:db8::1]:25",
        ] {
            assert_eq!(text.parse::<Allowed>().unwrap().to_string(), text);
        }
        assert!("2001:db8::1:x".parse::<Allowed>().is_err());
        assert!("proxy.example.net:3128".parse::<Allowed>().is_err());
    }

    #[test]
    fn an_entry_with_a_port_allows_that_port_alone() {
        let allowed: Allowed = "192.0.2.10:3128".parse().unwrap();
        let address = "192.0.2.10".parse().unwrap();
        assert!(allowed.covers(address, Some(3128)));
        assert!(!allowed.covers(address, Some(48613)));
        assert!(!allowed.covers(address, None));
    }
}
