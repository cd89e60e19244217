//! What was read: the values every format ends in.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The format a message was recognised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// SpamCop, any layout.
    Spamcop,
    /// Abuse Reporting Format, RFC 5965 and RFC 6692.
    Arf,
    /// X-ARF 0.1 and 0.2: a mail with a YAML-like part.
    XarfMail,
    /// XARF v1 to v3 and their drafts: JSON, by mail or bare.
    XarfV3,
    /// XARF v4: JSON, by mail or bare.
    XarfV4,
    /// A Shadowserver report: CSV, by mail (also zipped) or bare.
    Shadowserver,
    /// fail2ban and blocklist.de.
    Fail2ban,
    /// DShield.
    Dshield,
    /// myNetWatchman.
    Mynetwatchman,
    /// Another list of hosts with a row or an object for each.
    Feed,
    /// A bare file of firewall log lines.
    FirewallLog,
    /// A bare file of a service's log lines.
    ServiceLog,
    /// Words around a pasted Received chain or whole headers.
    PlainReceived,
    /// Words around pasted log lines.
    PlainLog,
    /// Words that name an address, without headers or log lines.
    PlainComplaint,
    /// A mail that is no abuse report (bounce, DMARC or TLS report, newsletter, conversation).
    NotAReport,
    /// Nothing could be made of it.
    Unreadable,
}

/// What is alleged. The local name, with the XARF v4 category/type and RSIT class beside it in [`Kind::xarf`] and
/// [`Kind::rsit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An open proxy.
    OpenProxy,
    /// An open mail relay.
    OpenRelay,
    /// A virus, worm or bot.
    Malware,
    /// Spam was sent.
    SpamSource,
    /// A site advertised by spam.
    Spamvertised,
    /// A phishing or fraud site or mail.
    Phishing,
    /// A scan or probe of any kind.
    Scan,
    /// A scan for installed trojans or proxies.
    TrojanScan,
    /// Log-in attempts.
    LoginAttack,
    /// A denial of service.
    Ddos,
    /// Contact with a controller.
    PhoneHome,
    /// Copyright or trademark.
    Copyright,
    /// Something else, or not said.
    Other,
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
}

/// What an address is said to have done or been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It did it.
    Offender,
    /// It passed it on.
    Relay,
    /// It hosts what is advertised.
    WebHost,
    /// It was done to.
    Victim,
    /// It only occurs.
    Mentioned,
}

/// What the time of a claim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeBasis {
    /// The report states it with a zone.
    Stated,
    /// It is the Date of the mail.
    MailDate,
    /// The report states it without a zone; a zone was assumed and the doubt says which.
    AssumedZone,
    /// Not known.
    Unknown,
}

/// One thing a report alleges: address, port, time, kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The address.
    pub address: IpAddr,
    /// The port on that address, where named.
    pub port: Option<u16>,
    /// Its transport, where named.
    pub protocol: Option<Protocol>,
    /// When, where known.
    pub time: Option<Timestamp>,
    /// What the time rests on.
    pub time_basis: TimeBasis,
    /// What.
    pub kind: Kind,
    /// As what.
    pub role: Role,
    /// The advertised or abusive URL, where one is named.
    pub url: Option<Arc<str>>,
    /// The malware the report names: a family's name where it is one we know (`data/families.tsv`), else as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malware: Option<Arc<str>>,
    /// XARF v4 `category/type` where the report itself states it; else [`Kind::xarf`] stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xarf: Option<Arc<str>>,
    /// RSIT `taxonomy/type` where the report's own type has one; else [`Kind::rsit`] stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rsit: Option<Arc<str>>,
    /// The bytes of the message it was read from: the address as it stands there, or, where the part is encoded, the
    /// nearest enclosing encoded lines.
    pub span: Range<usize>,
}

/// Where in a message a word stands: what the reporter says weighs more than what is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the subject.
    Subject,
    /// In the reporter's own words.
    Own,
    /// In quoted text, an enclosed message or boilerplate.
    Quoted,
}

/// A word of a list that was found: a sign of a proxy or relay (P12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The entry of the list.
    pub word: String,
    /// What it is a sign of.
    pub kind: Kind,
    /// The language of the list it is from (ISO 639-1), or `any`.
    pub language: String,
    /// Where it stands.
    pub place: Place,
    /// The bytes of the message it was read from.
    pub span: Range<usize>,
}

/// What is known of some bytes beside themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hint<'h> {
    /// A file's name: for Shadowserver it is the only place that states the type of a report.
    pub name: Option<&'h str>,
    /// A Content-Type stated for the whole, as HTTP states it; `None` for a mail.
    pub content_type: Option<&'h str>,
}

/// Something the reader was unsure of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What, in plain words.
    pub text: String,
    /// Where, when it is about a place.
    pub span: Option<Range<usize>>,
}

/// Why something was read as it was, or passed over; gathered by [`crate::explain`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Why, in plain words.
    pub text: String,
    /// The bytes of the message it is about.
    pub span: Option<Range<usize>>,
}

/// Who says so, by the message's own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporter {
    /// The address to answer, as in From (or Reply-To for formats that say so), without a display name.
    pub address: String,
    /// Its domain in lower case.
    pub domain: String,
}

/// All that was read from one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The format.
    pub format: Format,
    /// Whether it alleges abuse at all; only then a case may follow.
    pub is_report: bool,
    /// What is alleged, in the order it was read.
    pub claims: Vec<Claim>,
    /// Who says so.
    pub reporter: Option<Reporter>,
    /// The reporter's own number for it (a SpamCop report id, an ARF Message-ID).
    pub report_id: Option<String>,
    /// The subject, decoded, for people; control characters removed, at most 200 characters.
    pub subject: Option<String>,
    /// What the reader was unsure of.
    pub doubts: Vec<Doubt>,
    /// Signs of a proxy or relay in the words, whatever the format.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spotted: Vec<Hit>,
}

impl Doubt {
    /// A doubt about the message as a whole.
    #[must_use]
    pub(crate) fn new(text: &str) -> Self {
        Doubt { text: text.to_owned(), span: None }
    }
}

impl Reading {
    /// A reading of something nothing could be made of.
    #[must_use]
    pub fn unreadable(why: &str) -> Self {
        Reading {
            format: Format::Unreadable,
            is_report: false,
            claims: Vec::new(),
            reporter: None,
            report_id: None,
            subject: None,
            doubts: vec![Doubt { text: why.to_owned(), span: None }],
            spotted: Vec::new(),
        }
    }

    /// The same with no more than the first `claims` of its claims.
    #[must_use]
    pub fn beginning(&self, claims: usize) -> Reading {
        Reading {
            claims: self.claims.iter().take(claims).cloned().collect(),
            format: self.format,
            is_report: self.is_report,
            reporter: self.reporter.clone(),
            report_id: self.report_id.clone(),
            subject: self.subject.clone(),
            doubts: self.doubts.clone(),
            spotted: self.spotted.clone(),
        }
    }

    /// Whether it says that somebody runs an open proxy or relay: by a claim, or by words said outright outside quotes.
    #[must_use]
    pub fn alleges_proxy(&self) -> bool {
        let gate = |kind: Kind| matches!(kind, Kind::OpenProxy | Kind::OpenRelay);
        let claimed = self.claims.iter().any(|claim| claim.role.is_alleged() && gate(claim.kind));
        let said =
            |hit: &Hit| gate(hit.kind) && hit.place != Place::Quoted && crate::spot::is_outright(&hit.word);
        self.is_report && (claimed || self.spotted.iter().any(said))
    }
}
