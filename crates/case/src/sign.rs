//! What our own flow records show of a line, by name, and what each name is worth as proof.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Kind;

/// A sign that a flow detector found on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignKind {
    /// Connections go out while answered ones come in, and the bytes of the two match.
    RelayShape,
    /// A rare outside host was called, and then strangers came in on a port that was not there before.
    CallThenServed,
    /// A long connection out whose bytes follow those of many others going out.
    BackConnect,
    /// A stranger came in on an unusual port and was answered.
    AnsweredStranger,
    /// Mail goes to many mail servers from a line that is none.
    SmtpFanout,
    /// One small mail went out soon after a port began to answer.
    MailPhoneHome,
    /// One outside host is called again and again, regularly.
    Beacon,
    /// A port answers that did not before.
    NewListener,
    /// Somebody outside looked for a trojan's or proxy's port here, and was answered (P13).
    TrojanScanIn,
    /// Many addresses or ports outside are tried.
    ScanOut,
    /// Spare addresses of ours were visited, with a completed handshake: nobody has business there. Seen by the traps, not
    /// in flow records.
    TrapTouched,
}

/// Which independent kind of thing a sign shows. Signs of one family follow from the same packets, so that any number of
/// them is one observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignFamily {
    /// What comes in goes out again: the behaviour that is a proxy.
    Relaying,
    /// Something listens and answers.
    Answering,
    /// Mail goes out as no subscriber's own does.
    Mailing,
    /// Somebody outside is called.
    Calling,
    /// Others are tried.
    Scanning,
    /// A trap heard it speak.
    Trapped,
}

impl SignKind {
    /// All of them, strongest first.
    pub const ALL: [SignKind; 11] = [
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
        SignKind::TrapTouched,
    ];

    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SignKind::RelayShape => "relay-shape",
            SignKind::CallThenServed => "call-then-served",
            SignKind::BackConnect => "back-connect",
            SignKind::AnsweredStranger => "answered-stranger",
            SignKind::SmtpFanout => "smtp-fanout",
            SignKind::MailPhoneHome => "mail-phone-home",
            SignKind::Beacon => "beacon",
            SignKind::NewListener => "new-listener",
            SignKind::TrojanScanIn => "trojan-scan-in",
            SignKind::ScanOut => "scan-out",
            SignKind::TrapTouched => "trap-touched",
        }
    }

    /// What it speaks of, in the words that reports have.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            SignKind::RelayShape | SignKind::BackConnect => Kind::OpenProxy,
            SignKind::CallThenServed | SignKind::MailPhoneHome | SignKind::Beacon => Kind::PhoneHome,
            SignKind::AnsweredStranger | SignKind::NewListener | SignKind::TrojanScanIn => Kind::Listener,
            SignKind::SmtpFanout => Kind::SpamSource,
            SignKind::ScanOut | SignKind::TrapTouched => Kind::Scan,
        }
    }

    /// Who saw it, as a sentence begins.
    pub(crate) fn seen_by(self) -> &'static str {
        if self == SignKind::TrapTouched { "our own traps" } else { "our own flow records" }
    }

    /// Its family.
    #[must_use]
    pub fn family(self) -> SignFamily {
        match self {
            SignKind::RelayShape | SignKind::CallThenServed | SignKind::BackConnect => SignFamily::Relaying,
            SignKind::AnsweredStranger | SignKind::NewListener | SignKind::TrojanScanIn => {
                SignFamily::Answering
            }
            SignKind::SmtpFanout | SignKind::MailPhoneHome => SignFamily::Mailing,
            SignKind::Beacon => SignFamily::Calling,
            SignKind::ScanOut => SignFamily::Scanning,
            SignKind::TrapTouched => SignFamily::Trapped,
        }
    }

    /// Whether its port, where it has one, is the line's own: the one to ask (P4).
    #[must_use]
    pub fn is_of_our_port(self) -> bool {
        matches!(
            self,
            SignKind::RelayShape
                | SignKind::CallThenServed
                | SignKind::AnsweredStranger
                | SignKind::NewListener
                | SignKind::TrojanScanIn
        )
    }

    /// Whether it can be the second, independent sign beside one that shows relaying. A new listener and a scan are
    /// too common on honest lines, and what was scanned is somebody else's doing. A trap is no flow record: what it heard
    /// was said to us.
    pub(crate) fn bears_out(self) -> bool {
        matches!(
            self,
            SignKind::AnsweredStranger
                | SignKind::SmtpFanout
                | SignKind::MailPhoneHome
                | SignKind::Beacon
                | SignKind::TrapTouched
        )
    }

    /// Whether seeing it says that a proved proxy is still at work, so that the line is not clean. Beacons are not
    /// meant: honest machines call regularly too, and would keep a case open for ever.
    pub(crate) fn is_at_work(self) -> bool {
        self.family() == SignFamily::Relaying
            || matches!(self, SignKind::AnsweredStranger | SignKind::SmtpFanout | SignKind::MailPhoneHome)
    }

    /// Whether it opens a case by itself when it is this sure, in thousandths. Those that do not are worth something
    /// beside others only: of all lines many have them.
    #[must_use]
    pub fn opens(self, score: u16) -> bool {
        match self {
            SignKind::RelayShape
            | SignKind::CallThenServed
            | SignKind::BackConnect
            | SignKind::AnsweredStranger
            | SignKind::SmtpFanout
            | SignKind::MailPhoneHome => score >= 300,
            // P13: whoever answered such a scan gets a heads-up; whoever only was scanned has done nothing.
            SignKind::TrojanScanIn | SignKind::TrapTouched => score >= 200,
            SignKind::ScanOut => score >= 500,
            // What is sure enough to suspect alone must not wait for others.
            SignKind::Beacon => score >= 600,
            SignKind::NewListener => false,
        }
    }
}

impl fmt::Display for SignKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_relaying_family_bears_itself_out() {
        let twice =
            SignKind::ALL.into_iter().find(|sign| sign.family() == SignFamily::Relaying && sign.bears_out());
        assert_eq!(twice, None);
    }

    #[test]
    fn a_name_in_json_is_the_name_on_the_page() {
        for sign in SignKind::ALL {
            assert_eq!(serde_json::to_value(sign).unwrap(), sign.name());
        }
    }
}
