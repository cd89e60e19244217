//! What all signs on one home address come to.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{Sign, SignKind};

/// Signs that show the same thing: of one family only the strongest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// It relays: relay-shape, back-connect.
    Relaying,
    /// It serves strangers where nobody expects it: answered-stranger, new-listener, trojan-scan-in, call-then-served. The
    /// last is here because it rests on the same callers as the first.
    Listening,
    /// It mails: smtp-fanout, mail-phone-home.
    Mailing,
    /// It calls home: beacon.
    Calling,
    /// It scans: scan-out.
    Scanning,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 5] =
        [Family::Relaying, Family::Listening, Family::Mailing, Family::Calling, Family::Scanning];
}

impl SignKind {
    /// Which family it belongs to.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            SignKind::RelayShape | SignKind::BackConnect => Family::Relaying,
            SignKind::AnsweredStranger
            | SignKind::NewListener
            | SignKind::TrojanScanIn
            | SignKind::CallThenServed => Family::Listening,
            SignKind::SmtpFanout | SignKind::MailPhoneHome => Family::Mailing,
            SignKind::Beacon => Family::Calling,
            SignKind::ScanOut => Family::Scanning,
        }
    }
}

/// How far flows alone bring a line; the words are those of a case's stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing to act on.
    HeadsUp,
    /// Worth a closer look.
    Watching,
    /// A proxy, relay or bot is likely.
    Suspected,
    /// It was seen relaying, and something else of another kind says so too.
    Confirmed,
}

/// From here on a line is watched, and from there it is suspected.
const WATCHING: f32 = 0.3;
const SUSPECTED: f32 = 0.6;
/// A second sign must be worth at least this to bear out the first.
const BEARS_OUT: f32 = 0.2;

impl Standing {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Standing::HeadsUp => "heads-up",
            Standing::Watching => "watching",
            Standing::Suspected => "suspected",
            Standing::Confirmed => "confirmed",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A home address with something to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Which.
    pub address: IpAddr,
    /// How sure all signs together are, 0 to 1.
    pub score: f32,
    /// How far that brings it.
    pub stage: Standing,
    /// The signs, strongest first.
    pub signs: Vec<Sign>,
}

impl Host {
    /// Judges the signs on one address.
    #[must_use]
    pub fn of(address: IpAddr, signs: Vec<Sign>) -> Host {
        Host { address, score: score(&signs), stage: standing(&signs), signs }
    }
}

/// All signs together, 0 to 1: the strongest of each family, taken as independent (noisy-or). Signs of one family rest on
/// the same flows and are not counted twice.
#[must_use]
pub fn score(signs: &[Sign]) -> f32 {
    let doubt: f32 = Family::ALL.iter().map(|family| 1.0 - strongest(signs, *family)).product();
    ((1.0 - doubt) * 1000.0).round() / 1000.0
}

/// How far these signs bring a line. `confirmed` needs relaying and a sign of another family that bears it out, whatever
/// the score: many signs of one kind never confirm.
#[must_use]
pub fn standing(signs: &[Sign]) -> Standing {
    let score = score(signs);
    let relaying = strongest(signs, Family::Relaying) >= SUSPECTED;
    let borne_out = Family::ALL
        .iter()
        .any(|family| *family != Family::Relaying && strongest(signs, *family) >= BEARS_OUT);
    match score {
        _ if relaying && borne_out => Standing::Confirmed,
        score if score >= SUSPECTED => Standing::Suspected,
        score if score >= WATCHING => Standing::Watching,
        _ => Standing::HeadsUp,
    }
}

fn strongest(signs: &[Sign], family: Family) -> f32 {
    signs.iter().filter(|sign| sign.sign.family() == family).map(|sign| sign.score).fold(0.0, f32::max)
}
