//! Which signs are worth keeping: a line that goes on for days must not fill the log, and most weak signs are of honest
//! machines.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use case::SignKind;
use signs::Sign;

use crate::traffic::evidence::{kind, our_port, thousandths};

/// How much stronger a sign must be than when it was kept last, in thousandths.
const STEP: u16 = 100;
/// The same on a line that has a case: there it is looked at more closely.
const STEP_ON_A_CASE: u16 = 50;
/// What goes on is kept again after this long, so that it does not fade.
const GOES_ON: SignedDuration = SignedDuration::from_hours(6);
/// How many signs of one address are kept within a day.
const OF_ONE_ADDRESS: usize = 24;
/// How long anything is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);
/// How many signs and addresses are remembered at once.
const REMEMBERED_AT_ONCE: usize = 200_000;
/// How many weak signs of one address wait for a stronger one.
const WAITING: usize = 8;
/// How many addresses have weak signs that wait.
const ADDRESSES_WAITING: usize = 50_000;

/// What was kept of one sign.
#[derive(Debug, Clone, Copy)]
struct Kept {
    score: u16,
    last: i64,
    at: Timestamp,
}

/// What was kept, and what waits.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    kept: HashMap<(IpAddr, SignKind, u16), Kept>,
    of_address: HashMap<IpAddr, (Timestamp, usize)>,
    waiting: HashMap<IpAddr, Vec<Sign>>,
    /// Signs not kept because their line had enough.
    pub(super) held_back: u64,
}

impl Ledger {
    /// The signs worth keeping now: `sign` and weaker ones of its address that waited. `on_a_case` says whether an open
    /// case speaks of the address.
    pub(super) fn admit(&mut self, sign: Sign, on_a_case: bool, now: Timestamp) -> Vec<Sign> {
        let score = thousandths(sign.score);
        let key = (sign.address, kind(sign.sign), our_port(&sign).unwrap_or(0));
        if let Some(kept) = self.kept.get(&key) {
            let step = if on_a_case { STEP_ON_A_CASE } else { STEP };
            let stronger = score >= kept.score.saturating_add(step);
            let goes_on = sign.last.0 > kept.last && now.duration_since(kept.at) >= GOES_ON;
            if !stronger && !goes_on {
                return Vec::new();
            }
        } else if !on_a_case && !key.1.opens(score) {
            self.wait(sign);
            return Vec::new();
        }
        let mut kept = self.waiting.remove(&sign.address).unwrap_or_default();
        kept.retain(|other| other.sign != sign.sign);
        kept.push(sign);
        kept.retain(|sign| self.keep(sign, now));
        kept
    }

    /// The weak signs that waited for these addresses, which have a case now.
    pub(super) fn released(&mut self, cases: impl Fn(&IpAddr) -> bool, now: Timestamp) -> Vec<Sign> {
        let known: Vec<IpAddr> = self.waiting.keys().filter(|address| cases(address)).copied().collect();
        let mut signs: Vec<Sign> =
            known.iter().filter_map(|address| self.waiting.remove(address)).flatten().collect();
        signs.retain(|sign| self.keep(sign, now));
        signs
    }

    /// Forgets what was kept long ago.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let fresh = |at: Timestamp| now.duration_since(at) < REMEMBERED;
        self.kept.retain(|_, kept| fresh(kept.at));
        self.of_address.retain(|_, (since, _)| fresh(*since));
    }

    fn wait(&mut self, sign: Sign) {
        if !self.waiting.contains_key(&sign.address) && self.waiting.len() >= ADDRESSES_WAITING {
            return;
        }
        let waiting = self.waiting.entry(sign.address).or_default();
        waiting.retain(|other| (other.sign, other.port) != (sign.sign, sign.port));
        if waiting.len() < WAITING {
            waiting.push(sign);
        }
    }

    /// Notes that a sign is kept, unless its address had enough.
    fn keep(&mut self, sign: &Sign, now: Timestamp) -> bool {
        if self.kept.len() >= REMEMBERED_AT_ONCE || self.of_address.len() >= REMEMBERED_AT_ONCE {
            self.forget(now);
        }
        let (since, count) = self.of_address.entry(sign.address).or_insert((now, 0));
        if now.duration_since(*since) >= REMEMBERED {
            (*since, *count) = (now, 0);
        }
        if *count >= OF_ONE_ADDRESS || self.kept.len() >= REMEMBERED_AT_ONCE {
            self.held_back = self.held_back.saturating_add(1);
            return false;
        }
        *count += 1;
        let key = (sign.address, kind(sign.sign), our_port(sign).unwrap_or(0));
        let kept = Kept { score: thousandths(sign.score), last: sign.last.0, at: now };
        self.kept.insert(key, kept);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::evidence::tests::relaying;

    fn now() -> Timestamp {
        "2026-03-01T22:00:00Z".parse().expect("a time")
    }

    fn weak(last: u8) -> Sign {
        Sign { sign: signs::SignKind::NewListener, score: 0.2, ..relaying(last, 0.2) }
    }

    fn names(signs: &[Sign]) -> Vec<&'static str> {
        signs.iter().map(|sign| sign.sign.name()).collect()
    }

    #[test]
    fn a_sign_is_kept_once_again_when_it_is_stronger_by_a_step_and_again_when_it_goes_on() {
        let mut ledger = Ledger::default();
        let mut kept = |score, last, hours| {
            let mut sign = relaying(7, score);
            sign.last.0 = last;
            ledger.admit(sign, false, now() + SignedDuration::from_hours(hours)).len()
        };
        assert_eq!(kept(0.6, 2_000, 0), 1);
        assert_eq!(kept(0.65, 3_000, 0), 0, "half a step");
        assert_eq!(kept(0.71, 4_000, 0), 1);
        assert_eq!(kept(0.71, 4_000, 7), 0, "nothing more was seen of it");
        assert_eq!(kept(0.71, 5_000, 7), 1);
    }

    #[test]
    fn weak_signs_wait_for_a_stronger_one_or_for_a_case() {
        let mut ledger = Ledger::default();
        assert!(ledger.admit(weak(7), false, now()).is_empty());
        assert_eq!(names(&ledger.admit(relaying(7, 0.7), false, now())), ["new-listener", "relay-shape"]);
        assert!(ledger.admit(weak(8), false, now()).is_empty());
        assert!(ledger.released(|_| false, now()).is_empty());
        assert_eq!(
            names(&ledger.released(|address| address.to_string() == "203.0.113.8", now())),
            ["new-listener"]
        );
        assert_eq!(names(&ledger.admit(weak(9), true, now())), ["new-listener"], "there is a case already");
    }

    #[test]
    fn no_line_fills_the_log_and_no_crowd_of_lines_the_memory() {
        let mut ledger = Ledger::default();
        let mut kept = 0;
        for port in 1..2_000 {
            kept += ledger.admit(Sign { port: Some(port), ..relaying(7, 0.9) }, true, now()).len();
        }
        assert_eq!((kept, ledger.held_back), (OF_ONE_ADDRESS, 1_999 - 24));
        for n in 0..60_000u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            ledger.admit(Sign { address, ..weak(1) }, false, now());
        }
        assert_eq!(ledger.waiting.len(), ADDRESSES_WAITING);
    }
}
