//! What is found.

use std::fmt;
use std::net::IpAddr;

use flow::{Flow, Millis};
use serde::{Deserialize, Serialize};

/// What kind of sign it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignKind {
    /// A stranger came in on an unusual port and was answered.
    AnsweredStranger,
    /// Connections go out while answered ones come in, and the bytes of the two match.
    RelayShape,
    /// A rare outside host was called, and then strangers came in on a port that was not there before.
    CallThenServed,
    /// One outside host is called again and again, regularly.
    Beacon,
    /// A long connection out whose bytes follow those of many others going out.
    BackConnect,
    /// Mail goes to many mail servers from a line that is none.
    SmtpFanout,
    /// Many addresses or ports outside are tried.
    ScanOut,
    /// Somebody outside looked for a trojan's or proxy's port here (P13).
    TrojanScanIn,
    /// A port answers that did not before.
    NewListener,
    /// One small mail went out soon after a port began to answer.
    MailPhoneHome,
}

impl SignKind {
    /// All of them, strongest first.
    pub const ALL: [SignKind; 10] = [
        SignKind::RelayShape,
        SignKind::CallThenServed,
        SignKind::BackConnect,
        SignKind::AnsweredStranger,
        SignKind::SmtpFanout,
        SignKind::MailPhoneHome,
        SignKind::Beacon,
        SignKind::NewListener,
        SignKind::TrojanScanIn,
        SignKind::ScanOut,
    ];

    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SignKind::AnsweredStranger => "answered-stranger",
            SignKind::RelayShape => "relay-shape",
            SignKind::CallThenServed => "call-then-served",
            SignKind::Beacon => "beacon",
            SignKind::BackConnect => "back-connect",
            SignKind::SmtpFanout => "smtp-fanout",
            SignKind::ScanOut => "scan-out",
            SignKind::TrojanScanIn => "trojan-scan-in",
            SignKind::NewListener => "new-listener",
            SignKind::MailPhoneHome => "mail-phone-home",
        }
    }
}

impl fmt::Display for SignKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One sign on one home address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// Of what.
    pub sign: SignKind,
    /// On which address of ours.
    pub address: IpAddr,
    /// How sure it is by itself, 0 to 1.
    pub score: f32,
    /// The other side, where it is one.
    pub peer: Option<IpAddr>,
    /// The port it is about: ours where we answer, the other side's where we call.
    pub port: Option<u16>,
    /// The first flow that belongs to it.
    pub first: Millis,
    /// The last one.
    pub last: Millis,
    /// How many flows belong to it.
    pub flows: u64,
    /// Why, in plain words with the figures, for a reader at three in the morning.
    pub why: String,
    /// Flows that prove it, a few of them, in order of time.
    pub proof: Vec<Flow>,
}
