//! When to look at a case again though nothing new is heard.
use jiff::{SignedDuration, Timestamp};

use crate::ask::LOST_AFTER;
use crate::facts::Facts;
use crate::judge::{quiet_at, weigh};
use crate::moment::after;
use crate::proof::Proof;
use crate::{Playbook, Stage};

/// How exactly the moment is found at which hearsay has faded.
const FADED_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// The next moment at which a look may change something, always after `now`.
pub(crate) fn next_due(facts: &Facts, playbook: &Playbook, now: Timestamp) -> Option<Timestamp> {
    if !facts.stage.is_open() {
        return None;
    }
    let proof = Proof::of(facts, playbook);
    let mut moments = vec![quiet_at(facts, playbook)];
    moments.extend(facts.watch_until);
    moments.extend(facts.ordered().map(|block| block.rule.until));
    moments.extend(proof.cleared().map(|cleared| after(cleared, playbook.close_after)));
    moments.extend(facts.outstanding().map(|asking| after(asking.due, LOST_AFTER)));
    moments.extend(crate::draft::waits(facts, playbook).map(|(due, _)| due));
    if facts.stage == Stage::Suspected {
        moments.extend(faded(facts, &proof, playbook, now));
    }
    moments.into_iter().filter(|moment| *moment > now).min()
}

/// When the hearsay will no longer be enough to suspect, by halving the interval; it only ever fades.
fn faded(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Option<Timestamp> {
    let suspected = |at: Timestamp| weigh(facts, proof, playbook, at).stage == Stage::Suspected;
    let (mut yes, mut no) = (now, after(now, SignedDuration::from_hours(24 * 120)));
    if !suspected(yes) || suspected(no) {
        return None;
    }
    while no.duration_since(yes) > FADED_WITHIN {
        let middle = after(yes, no.duration_since(yes) / 2);
        if suspected(middle) { yes = middle } else { no = middle }
    }
    Some(no)
}
