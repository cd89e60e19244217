//! Signs judged as a case would, for those who have no case: `nightdesk detect`.

use case::{EvidenceId, Playbook, Stage};
use flow::Millis;
use jiff::Timestamp;
use signs::Sign;

use crate::traffic::evidence::{Kept, sighting};

/// What signs on one address come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The stage a case with these signs alone would be at.
    pub stage: Stage,
    /// The probability that the line is an open proxy or relay, by the same weights: .5 is where it is suspected.
    pub score: f64,
    /// What it was summed from, in words.
    pub why: String,
}

/// Judges the signs on one address at `now`: what lies back has faded by then, as in a case.
#[must_use]
pub fn judged(signs: &[Sign], now: Millis) -> Judged {
    let now = now.timestamp().unwrap_or(Timestamp::UNIX_EPOCH);
    let sightings = (0u32..).zip(signs).map(|(number, sign)| {
        let received = sign.last.timestamp().map_or(now, |last| last.min(now));
        let kept = Kept { evidence: EvidenceId([0; 32]), claim: number, span: None, received };
        sighting(kept, sign, String::new())
    });
    let judgement = case::judge_alone(sightings, &Playbook::default(), now);
    let score = 1.0 / (1.0 + (-judgement.odds).exp());
    Judged { stage: judgement.stage, score, why: judgement.why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::evidence::tests::relaying;

    const DAY: i64 = 86_400_000;

    #[test]
    fn what_is_likely_is_suspected_and_what_lies_back_has_faded() {
        let sign = relaying(7, 0.8);
        let fresh = judged(std::slice::from_ref(&sign), sign.last);
        assert_eq!(fresh.stage, Stage::Suspected);
        assert!(fresh.score > 0.5, "{fresh:?}");
        let faded = judged(std::slice::from_ref(&sign), sign.last.plus(8 * DAY));
        assert_eq!(faded.stage, Stage::HeadsUp);
        assert!(faded.score < 0.1, "{faded:?}");
    }

    #[test]
    fn relaying_is_confirmed_by_what_does_not_follow_from_it_and_by_nothing_else() {
        let relay = relaying(7, 0.8);
        let of = |sign, score| Sign { sign, score, ..relay.clone() };
        let stage = |second: Sign| judged(&[relay.clone(), second], relay.last).stage;
        assert_eq!(stage(of(signs::SignKind::AnsweredStranger, 0.3)), Stage::Confirmed);
        assert_eq!(stage(of(signs::SignKind::BackConnect, 0.9)), Stage::Suspected, "the same packets");
        assert_eq!(stage(of(signs::SignKind::NewListener, 0.2)), Stage::Suspected, "too common");
    }
}
