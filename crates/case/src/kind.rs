//! What a piece of evidence speaks of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is alleged or seen of a line, as far as judgement cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A proxy that strangers can use.
    OpenProxy,
    /// A mail server that relays for strangers.
    OpenRelay,
    /// A virus, worm or bot on the line: a heads-up that a proxy may follow (P3, P6).
    Malware,
    /// Spam came from the line.
    SpamSource,
    /// The line called its controller.
    PhoneHome,
    /// The line scanned for installed trojans or proxies (P13).
    TrojanScan,
    /// The line scanned or attacked in some other way.
    Scan,
    /// A service on the line answers strangers on an unusual port.
    Listener,
    /// Abuse that says little about a proxy or relay (copyright, a hosted page, a vulnerable service).
    Other,
}

impl Kind {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::OpenProxy => "open-proxy",
            Kind::OpenRelay => "open-relay",
            Kind::Malware => "malware",
            Kind::SpamSource => "spam-source",
            Kind::PhoneHome => "phone-home",
            Kind::TrojanScan => "trojan-scan",
            Kind::Scan => "scan",
            Kind::Listener => "listener",
            Kind::Other => "other",
        }
    }

    /// Whether it speaks of a proxy or relay outright: such a case goes above all else (P12).
    #[must_use]
    pub fn is_proxy_or_relay(self) -> bool {
        matches!(self, Kind::OpenProxy | Kind::OpenRelay)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a probe is asked to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookFor {
    /// An open proxy of any protocol we know.
    OpenProxy,
    /// A mail server that relays for strangers.
    OpenRelay,
    /// Either: a port that greets as mail servers do is asked as one, any other as a proxy.
    ProxyOrRelay,
}
