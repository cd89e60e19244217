//! Scanners outside, and what it is worth that a line of ours answered one (P13, P14).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EvidenceId;

/// How a scanner outside home became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "by", content = "evidence", rename_all = "kebab-case")]
pub enum ScannerHeard {
    /// A report tells of it: somebody's firewall kept it out.
    Report(EvidenceId),
    /// It came to a trap.
    Trap,
    /// Our own flow records show it at several of our addresses.
    Flows,
}

impl fmt::Display for ScannerHeard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScannerHeard::Report(evidence) => write!(f, "the report {}", evidence.short()),
            ScannerHeard::Trap => f.write_str("a trap"),
            ScannerHeard::Flows => f.write_str("our flow records"),
        }
    }
}

/// What our side was seen to do at a port that a scanner came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Let {
    /// It took the connection and sent nothing.
    Open,
    /// A service answered.
    Answer,
    /// Nobody was answered there before the scan, and others are since.
    NewListener,
}

/// Services that are there to be reached from outside, by their IANA names: shells, mail and its boxes, names, the web, VPNs,
/// calls. That a scanner reached one says nothing against its line.
fn is_meant_to_be_reached(port: u16) -> bool {
    matches!(
        port,
        22 | 25
            | 53
            | 80
            | 110
            | 113
            | 143
            | 443
            | 465
            | 500
            | 587
            | 853
            | 993
            | 995
            | 1194
            | 1701
            | 1723
            | 4500
            | 5060
            | 5061
            | 5222
            | 5269
            | 8443
            | 51820
    )
}

/// How sure a sign it is, in thousandths, that a port of a line let a scanner in; `None` where it is none. The port of a
/// trojan or proxy (`sought`) counts whatever else runs there. The figure for an answer is that of the flow detectors'
/// own `trojan-scan-in`; all are judgement calls, a heads-up at most: they are of one family, which suspects nobody alone.
#[must_use]
pub fn exposed(port: u16, seen: Let, sought: bool) -> Option<u16> {
    if is_meant_to_be_reached(port) && !sought {
        return None;
    }
    Some(match seen {
        Let::Open => 250,
        Let::Answer => 350,
        Let::NewListener => 450,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SignKind, weights};

    #[test]
    fn who_lets_a_scanner_in_gets_a_heads_up_and_is_not_suspected_of_it_alone() {
        for seen in [Let::Open, Let::Answer, Let::NewListener] {
            let score = exposed(12_345, seen, false).expect("a sign");
            assert!(SignKind::TrojanScanIn.opens(score), "{seen:?}");
            for sign in [SignKind::TrojanScanIn, SignKind::NewListener] {
                assert!(
                    weights::PRIOR + weights::of_sign(sign, score) < weights::SUSPECTED,
                    "{seen:?} {sign}"
                );
            }
        }
    }

    #[test]
    fn a_service_that_is_there_to_be_reached_is_no_sign_unless_a_trojan_has_its_port() {
        assert_eq!(exposed(443, Let::Answer, false), None);
        assert_eq!(exposed(25, Let::Answer, true), Some(350));
        assert!(
            exposed(445, Let::Answer, false).is_some(),
            "files are not shared with the whole world on purpose"
        );
    }
}
