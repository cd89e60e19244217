//! Judgement: from all that is known to a stage, with the reason.
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::{Block, Facts, RuleState};
use crate::moment::{after, shown};
use crate::observed::Seen;
use crate::proof::Proof;
use crate::{Actor, Case, Event, Playbook, Sighting, Stage, weights};

/// What the evidence amounts to at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// The stage that follows.
    pub stage: Stage,
    /// Log-odds that the line is an open proxy or relay, by hearsay alone.
    pub hearsay: f64,
    /// The same with what we saw ourselves.
    #[serde(default)]
    pub odds: f64,
    /// Why, in words.
    pub why: String,
}

/// Judges all that is known of `case` at `now`.
///
/// The stage is a function of the set of sightings, answers, operators' words and blocks, and of the time: the order
/// they came in makes no difference. Only the two ends, closed and dismissed, are kept once reached.
#[must_use]
pub fn judge(case: &Case, playbook: &Playbook, now: Timestamp) -> Judgement {
    weigh(case.facts(), &Proof::of(case.facts(), playbook), playbook, now)
}

/// Judges sightings of one line as a case would at `now` in which there is nothing else: for those who look at a file of
/// flows and have no case. Each counts from when it was received.
#[must_use]
pub fn judge_alone(
    sightings: impl IntoIterator<Item = Sighting>,
    playbook: &Playbook,
    now: Timestamp,
) -> Judgement {
    let mut facts = Facts::new(now);
    for sighting in sightings {
        let weight = weights::fresh(sighting.kind, &sighting.source);
        facts.apply(now, &Actor::Desk, &Event::Filed { sighting, weight });
    }
    weigh(&facts, &Proof::of(&facts, playbook), playbook, now)
}

/// The same over the bare facts.
pub(crate) fn weigh(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Judgement {
    let weighed = Weighed::of(facts, proof, playbook, now);
    let (hearsay, odds) = (weighed.hearsay, weighed.odds);
    let (stage, why) = if !facts.stage.is_open() {
        (facts.stage, format!("the case is {}", facts.stage))
    } else if let Some(proved) = proof.in_words() {
        proved_stage(facts, proof, playbook, now, &proved)
    } else {
        unproved_stage(facts, proof, playbook, now, &weighed)
    };
    Judgement { stage, hearsay, odds, why }
}

/// All that is said and seen, summed.
struct Weighed {
    hearsay: f64,
    odds: f64,
    /// The figures, and what they are made of.
    words: String,
}

impl Weighed {
    fn of(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Weighed {
        let (mut hearsay, mut words) = facts.hearsay.weigh(now, |address, at| proof.answered(address, at));
        let followed = facts.follows.weigh(playbook, now, proof);
        if let Some(followed) = followed.as_ref().filter(|followed| !followed.own) {
            let raised = (hearsay + followed.weight).min(weights::PRIOR + weights::HEARSAY_AT_MOST);
            if raised > hearsay {
                hearsay = raised;
                words = format!("{words}; {}", followed.words);
            }
        }
        let enough = format!("{:+.1} is enough to suspect", weights::SUSPECTED);
        let dealt_with =
            |seen: &Seen| proof.has_dealt_with(seen.address, seen.at, seen.sign.is_of_our_port());
        let Some((seen, mut shows)) = facts.observed.weigh(now, dealt_with) else {
            let words = format!("hearsay {hearsay:+.1}, {enough}: {words}");
            return Weighed { hearsay, odds: hearsay, words };
        };
        let mut odds = hearsay + seen;
        if let Some(followed) = followed.filter(|followed| followed.own) {
            odds += followed.weight;
            shows = format!("{shows}; {}", followed.words);
        }
        Weighed {
            hearsay,
            odds,
            words: format!("in all {odds:+.1}, {enough}: {shows}; hearsay {hearsay:+.1}: {words}"),
        }
    }
}

fn proved_stage(
    facts: &Facts,
    proof: &Proof,
    playbook: &Playbook,
    now: Timestamp,
    proved: &str,
) -> (Stage, String) {
    let held = |address| facts.known.get(&address).is_some_and(|known| known.lost.is_none());
    if !proof.proved().any(held) && quiet_at(facts, playbook) <= now {
        return (
            Stage::Closed,
            "the line no longer holds the proved address, and nothing new was heard".to_owned(),
        );
    }
    // Not `Facts::standing`: that asks for the stage which is being worked out here.
    let standing: Vec<&Block> = facts.ordered().filter(|block| block.rule.until > now).collect();
    let verified = standing.iter().filter(|block| matches!(block.state, RuleState::Verified(_))).count();
    match standing.len() {
        0 => (Stage::Confirmed, format!("{proved}; {}", no_block(facts, now))),
        all if all == verified => (Stage::Contained, format!("{proved}; the edge shows every block ({all})")),
        all => (Stage::Confirmed, format!("{proved}; the edge shows {verified} of {all} blocks")),
    }
}

/// Why no block stands, by the one that stood last.
fn no_block(facts: &Facts, now: Timestamp) -> String {
    let last = facts.blocks.values().max_by_key(|block| (block.rule.until, block.rule.key));
    match last.map(|block| (&block.state, block)) {
        None => "no block was ordered".to_owned(),
        Some((RuleState::Lifted(reason), _)) => format!("no block stands: {}", reason.in_words()),
        Some((_, block)) if block.rule.until <= now => {
            format!("the block ended at {}", shown(block.rule.until))
        }
        Some(_) => "no block stands".to_owned(),
    }
}

fn unproved_stage(
    facts: &Facts,
    proof: &Proof,
    playbook: &Playbook,
    now: Timestamp,
    weighed: &Weighed,
) -> (Stage, String) {
    let words = &weighed.words;
    if weighed.odds >= weights::SUSPECTED {
        return (Stage::Suspected, words.clone());
    }
    if facts.is_all_withdrawn() {
        return (Stage::Closed, "all that was seen of it was withdrawn".to_owned());
    }
    if let Some(cleared) = proof.cleared() {
        let count = playbook.clean_after_negatives;
        return match after(cleared, playbook.close_after).max(quiet_at(facts, playbook)) <= now {
            true => (Stage::Closed, format!("clean since {}, and quiet", shown(cleared))),
            false => (
                Stage::Cleaned,
                format!("at least {count} probes in a row proved nothing, up to {}", shown(cleared)),
            ),
        };
    }
    match facts.watch_until {
        Some(until) if until > now => (Stage::Watching, format!("watched until {}; {words}", shown(until))),
        _ if quiet_at(facts, playbook) <= now && facts.under_way(now).is_none() => {
            (Stage::Closed, format!("quiet: nothing was said since {}; {words}", shown(facts.last_filed)))
        }
        _ => (Stage::HeadsUp, words.clone()),
    }
}

/// When the case may close for want of anything new.
pub(crate) fn quiet_at(facts: &Facts, playbook: &Playbook) -> Timestamp {
    after(facts.last_filed, playbook.close_after)
}
