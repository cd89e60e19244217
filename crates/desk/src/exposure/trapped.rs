//! Scanners that traps hear: whoever came to a spare address from outside, and whom of our lines did it touch (P13, P15)?

use std::collections::BTreeSet;
use std::net::IpAddr;

use case::ScannerHeard;
use flow::protocol;
use ipnet::IpNet;
use store::NewErrand;

use crate::desk::Desk;
use crate::exposure::quota::Lane;
use crate::exposure::{ScannerSeen, WITHIN};
use crate::traps::Touched;

/// How many neighbourhoods of ours one minute of one scanner asks about.
const NEIGHBOURHOODS: usize = 4;

impl Desk {
    /// The questions that follow from a minute of a scanner outside home at our traps, once an hour: one for each of our
    /// prefixes, those whose traps it came to first, for a spare prefix may have no line beside it.
    pub(crate) fn trap_questions(&self, touched: &Touched) -> Vec<NewErrand> {
        if self.lake().is_none() || !scans(touched) {
            return Vec::new();
        }
        let prefixes = self.settings().territory.home.prefixes().iter().map(IpNet::addr);
        let mut asked: BTreeSet<IpNet> = BTreeSet::new();
        let first = |ours: &IpAddr| {
            ours.is_ipv4() == touched.source.is_ipv4()
                && asked.insert(self.neighbourhood(*ours, ScannerHeard::Trap))
        };
        let places = touched.at.iter().copied().chain(prefixes).filter(first).take(NEIGHBOURHOODS);
        let question = |ours: IpAddr| {
            let seen = ScannerSeen {
                scanner: touched.source,
                ours,
                port: touched.ports.first().copied(),
                at: touched.last,
                by: ScannerHeard::Trap,
            };
            self.question_of(seen, WITHIN, Lane::Trap).1
        };
        places.filter_map(question).collect()
    }
}

/// Whether it looks for something that lines must not offer: it said so, came to several traps, or to a port that trojans
/// and proxies are known by. Who came once to a web port, and said nothing, may have mistaken an address; what lets that in
/// is no sign in any case ([`case::exposed`]), so the hour's share of questions is kept for the others.
fn scans(touched: &Touched) -> bool {
    let known = |port: &u16| signs::sought(*port, protocol::TCP).is_some();
    touched.said || touched.at.len() > 1 || touched.ports.iter().any(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traps::TrapHit;
    use crate::traps::gather::Gathering;
    use crate::traps::gather::tests::{at, hit, home};

    fn is_asked_about(hits: &[TrapHit]) -> bool {
        let mut gathering = Gathering::new(home());
        hits.iter().cloned().for_each(|hit| gathering.take(hit));
        let minutes = gathering.over(at(99), true);
        minutes.iter().any(|minute| scans(&minute.touched))
    }

    #[test]
    fn a_scanner_is_asked_about_and_a_wrong_number_is_not() {
        let once = |port, family| TrapHit { port, ..hit("198.51.100.9", 1, 0, family) };
        assert!(!is_asked_about(&[once(443, "other"), once(443, "web")]), "the same trap twice, and no word");
        assert!(is_asked_about(&[once(443, "proxy")]), "it asked for a proxy");
        assert!(is_asked_about(&[once(12_345, "other")]), "NetBus is known by its port");
        let beside = TrapHit { trap: "192.0.2.2".parse().expect("an address"), ..once(443, "other") };
        assert!(is_asked_about(&[once(443, "other"), beside]), "one trap after the other");
    }
}
