//! The names of formats, kinds, roles as they stand in JSON and on pages, and the public vocabularies beside them.

use crate::reading::{Format, Kind, Protocol, Role, TimeBasis};

impl Format {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Spamcop => "spamcop",
            Format::Arf => "arf",
            Format::XarfMail => "xarf-mail",
            Format::XarfV3 => "xarf-v3",
            Format::XarfV4 => "xarf-v4",
            Format::Shadowserver => "shadowserver",
            Format::Fail2ban => "fail2ban",
            Format::Dshield => "dshield",
            Format::Mynetwatchman => "mynetwatchman",
            Format::Feed => "feed",
            Format::FirewallLog => "firewall-log",
            Format::ServiceLog => "service-log",
            Format::PlainReceived => "plain-received",
            Format::PlainLog => "plain-log",
            Format::PlainComplaint => "plain-complaint",
            Format::NotAReport => "not-a-report",
            Format::Unreadable => "unreadable",
        }
    }
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
            Kind::Spamvertised => "spamvertised",
            Kind::Phishing => "phishing",
            Kind::Scan => "scan",
            Kind::TrojanScan => "trojan-scan",
            Kind::LoginAttack => "login-attack",
            Kind::Ddos => "ddos",
            Kind::PhoneHome => "phone-home",
            Kind::Copyright => "copyright",
            Kind::Other => "other",
        }
    }

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        const ALL: [Kind; 13] = [
            Kind::OpenProxy,
            Kind::OpenRelay,
            Kind::Malware,
            Kind::SpamSource,
            Kind::Spamvertised,
            Kind::Phishing,
            Kind::Scan,
            Kind::TrojanScan,
            Kind::LoginAttack,
            Kind::Ddos,
            Kind::PhoneHome,
            Kind::Copyright,
            Kind::Other,
        ];
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Category and type of XARF v4 (xarf-spec, schemas/v4), joined by a slash; None where it has no word for it.
    #[must_use]
    pub fn xarf(self) -> Option<&'static str> {
        match self {
            Kind::OpenProxy | Kind::OpenRelay => Some("vulnerability/open_service"),
            Kind::Malware => Some("connection/infected_host"),
            Kind::SpamSource | Kind::Spamvertised => Some("messaging/spam"),
            Kind::Phishing => Some("content/phishing"),
            Kind::Scan => Some("connection/port_scan"),
            Kind::TrojanScan => Some("connection/reconnaissance"),
            Kind::LoginAttack => Some("connection/login_attack"),
            Kind::Ddos => Some("connection/ddos"),
            Kind::PhoneHome => Some("infrastructure/botnet"),
            Kind::Copyright => Some("copyright/copyright"),
            Kind::Other => None,
        }
    }

    /// Taxonomy and type of the Reference Security Incident Taxonomy, as the Shadowserver report schema spells them.
    #[must_use]
    pub fn rsit(self) -> &'static str {
        match self {
            Kind::OpenProxy | Kind::OpenRelay => "vulnerable/vulnerable-system",
            Kind::Malware | Kind::PhoneHome => "malicious-code/infected-system",
            Kind::SpamSource | Kind::Spamvertised => "abusive-content/spam",
            Kind::Phishing => "fraud/phishing",
            Kind::Scan | Kind::TrojanScan => "information-gathering/scanner",
            Kind::LoginAttack => "intrusion-attempts/brute-force",
            Kind::Ddos => "availability/ddos",
            Kind::Copyright => "fraud/copyright",
            Kind::Other => "other/other",
        }
    }
}

impl Protocol {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
        }
    }
}

impl Role {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Offender => "offender",
            Role::Relay => "relay",
            Role::WebHost => "web-host",
            Role::Victim => "victim",
            Role::Mentioned => "mentioned",
        }
    }

    /// The role of this name.
    pub(crate) fn named(name: &str) -> Option<Role> {
        let all = [Role::Offender, Role::Relay, Role::WebHost, Role::Victim, Role::Mentioned];
        all.into_iter().find(|role| role.name() == name)
    }

    /// Whether a claim with this role accuses its address.
    #[must_use]
    pub fn is_alleged(self) -> bool {
        matches!(self, Role::Offender | Role::Relay | Role::WebHost)
    }
}

impl TimeBasis {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            TimeBasis::Stated => "stated",
            TimeBasis::MailDate => "mail-date",
            TimeBasis::AssumedZone => "assumed-zone",
            TimeBasis::Unknown => "unknown",
        }
    }
}
