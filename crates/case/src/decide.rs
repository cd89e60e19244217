//! From a command to events.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::ask::{self, Cause, Wanted};
use crate::draft::Draft;
use crate::facts::{Facts, RuleState};
use crate::{
    Actor, Answer, CaseId, Command, Event, EvidenceId, InForce, Kind, LiftReason, Measure, Moment, Playbook,
    QuestionId, Refusal, Refused, RuleKey, SpamcopAnswer, Stage, Verdict,
};

/// The longest reason or note that is kept, in characters.
const TEXT_AT_MOST: usize = 4000;
/// How many different reasons for refusing one block are kept.
const REFUSALS_AT_MOST: usize = 16;
/// How far the edge's own end of a block may be from the one last seen before that is worth an event.
const SAME_END_SECONDS: i64 = 60;

/// What follows from `command`; everything but filing, which needs the sightings.
pub(crate) fn decide(
    case: CaseId,
    facts: &Facts,
    command: &Command,
    playbook: &Playbook,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let ended = !facts.stage.is_open();
    let mut draft = Draft::new(case, facts.clone(), playbook, now);
    match command {
        // What merely reports back is welcome at any time.
        Command::Note { text } => {
            draft.push(Event::Noted { text: reason(text)? });
            return Ok(draft.done());
        }
        Command::Told { to, failure } => {
            draft.push(match failure {
                None => Event::Told { to: to.clone() },
                Some(reason) => Event::TellingFailed { to: to.clone(), reason: reason.clone() },
            });
            return Ok(draft.done());
        }
        Command::Innocent { reason: why } => return innocent(draft, &reason(why)?),
        Command::Assign { to } => return assign(draft, to.as_deref()),
        Command::Reopen { reason: why } if ended => return Ok(reopen(draft, reason(why)?)),
        Command::Reopen { .. } => return Err(Refusal::NotEnded(facts.stage)),
        Command::Correspond(_)
        | Command::Tick
        | Command::Count { .. }
        | Command::Withdraw { .. }
        | Command::EdgeRead { .. }
        | Command::HolderChanged { .. }
        | Command::LineMoved { .. }
            if ended =>
        {
            return Ok(Vec::new());
        }
        _ if ended => return Err(Refusal::Ended(facts.stage)),
        Command::File(sighting) => draft.file(sighting.clone()),
        Command::Count { reports, copies, last } => {
            draft.push(Event::Counted { reports: *reports, copies: *copies, last: *last });
        }
        Command::Withdraw { evidence, claim, reason: why } => {
            let (evidence, claim) = (*evidence, *claim);
            draft.push(Event::SignWithdrawn { evidence, claim, reason: reason(why)? });
            lift_what_is_unproved(&mut draft);
        }
        Command::Correspond(correspondent) => draft.correspond(correspondent.clone()),
        Command::Tick => {}
        Command::Answered { question, answer, evidence } => {
            answered(&mut draft, *question, answer, *evidence)?;
        }
        Command::EdgeRead { in_force, refused } => edge_read(&mut draft, in_force, refused, now),
        Command::HolderChanged { address, reason } => holder_changed(&mut draft, *address, reason),
        Command::LineMoved { to, reason } => line_moved(&mut draft, *to, reason, playbook, now),
        Command::Confirm { reason: why } => confirm(&mut draft, &reason(why)?),
        Command::Merge { into, reason: why } => {
            if *into == case {
                return Err(Refusal::IntoItself);
            }
            let (into, reason) = (*into, reason(why)?);
            let why = format!("an operator merged it into {into}: {reason}");
            return leave(draft, Event::Merged { into, reason }, why, now);
        }
        Command::Split { to, reason: why } => {
            let (to, reason) = (to.clone(), reason(why)?);
            let why = format!("an operator split it, part of it is {to}: {reason}");
            return leave(draft, Event::Split { to, reason }, why, now);
        }
        Command::Dismiss { reason: why } => return dismiss(draft, reason(why)?),
        Command::Release { reason: why } => release(&mut draft, reason(why)?, &LiftReason::Released, now)?,
        Command::ReleaseByTest { reason: why } => {
            release(&mut draft, reason(why)?, &LiftReason::Tested, now)?;
        }
        Command::Approve { by } => approve(&mut draft, by, now)?,
        Command::Recheck { ports } => recheck(&mut draft, ports, playbook, now)?,
        Command::TestByCustomer => test(&mut draft, playbook, now)?,
    }
    Ok(draft.settle())
}

fn reason(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::NoReason);
    }
    Ok(text.chars().take(TEXT_AT_MOST).collect())
}

/// The longest login name a case is given to, in bytes.
const NAME_AT_MOST: usize = 64;

fn assign(mut draft: Draft<'_>, to: Option<&str>) -> Result<Vec<Event>, Refusal> {
    let to = to.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    if let Some(name) =
        to.as_ref().filter(|name| name.len() > NAME_AT_MOST || name.contains(char::is_control))
    {
        return Err(Refusal::NotAName(name.chars().take(NAME_AT_MOST).collect()));
    }
    if draft.facts.assignee == to {
        return Err(Refusal::AssignedAlready(to));
    }
    draft.push(Event::Assigned { to });
    Ok(draft.done())
}

/// An ended case begins again where the least is known; what its evidence still says moves it on at once.
fn reopen(mut draft: Draft<'_>, reason: String) -> Vec<Event> {
    let from = draft.facts.stage;
    let why = format!("an operator reopened it: {reason}");
    draft.push(Event::Reopened { reason });
    draft.push(Event::StageMoved { from, to: Stage::HeadsUp, why });
    draft.settle()
}

fn answered(
    draft: &mut Draft<'_>,
    id: QuestionId,
    answer: &Answer,
    evidence: EvidenceId,
) -> Result<(), Refusal> {
    let asked = draft.facts.asking.get(&id).map(|asking| asking.question.address.to_canonical());
    let asked = asked.ok_or(Refusal::NotAsked(id.0))?;
    // The line may have moved between the order and the probe. What is found is true of the address that was probed,
    // and of no other: the one we meant to ask may be somebody else's by now.
    let address = answer.question.address.to_canonical();
    let event = Event::Answered {
        id,
        address,
        verdict: answer.verdict,
        port: answer.port,
        protocol: answer.protocol.clone(),
        exit: answer.exit,
        evidence,
        started: Some(answer.started),
    };
    draft.push(event);
    if address != asked {
        holder_changed(draft, asked, &format!("the line has moved to {address}"));
    }
    if !answer.verdict.is_proof() {
        return Ok(());
    }
    if draft.facts.known.get(&address).is_some_and(|known| known.lost.is_some()) {
        let text = format!("{} is no proof: {address} has gone to somebody else", answer.verdict);
        draft.push(Event::Noted { text });
        return Ok(());
    }
    draft.restage(Some(evidence));
    let port = answer.port.map_or_else(String::new, |port| format!(" port {port}"));
    let proved = if answer.verdict == Verdict::OpenRelay { Kind::OpenRelay } else { Kind::OpenProxy };
    let step = draft.step(Moment::Probe, Some(proved));
    draft.page(step, &format!("our probe proved an {} at {address}{port}", answer.verdict));
    draft.tell(step, Some(evidence));
    // A probe that began before an operator released the line proves nothing the operator did not know.
    let news = draft.facts.released.is_none_or(|released| answer.started > released);
    let stands = draft.proof().proved().any(|proved| proved == address);
    if let Some(step) = step.filter(|_| news && stands) {
        let port = answer.port.map_or_else(String::new, |port| format!(" on port {port}"));
        let why = format!("our probe proved an {}{port}", answer.verdict);
        let ports: Vec<u16> = answer.port.into_iter().collect();
        draft.contain(step, address, &ports, &why);
    }
    Ok(())
}

fn edge_read(draft: &mut Draft<'_>, in_force: &[InForce], refused: &[Refused], now: Timestamp) {
    let shown: BTreeMap<RuleKey, Timestamp> = in_force.iter().map(|rule| (rule.key, rule.until)).collect();
    let refused: BTreeMap<RuleKey, &str> = refused.iter().map(|no| (no.key, no.reason.as_str())).collect();
    let mut news = Vec::new();
    for block in draft.facts.standing(now) {
        let key = block.rule.key;
        match (shown.get(&key), refused.get(&key), &block.state) {
            (Some(until), _, RuleState::Verified(seen)) => {
                if until.duration_since(*seen).as_secs().abs() > SAME_END_SECONDS {
                    news.push(Event::BlockVerified { key, until: *until });
                }
            }
            (Some(until), _, _) => news.push(Event::BlockVerified { key, until: *until }),
            (None, Some(reason), _)
                if !block.refusals.contains(*reason) && block.refusals.len() < REFUSALS_AT_MOST =>
            {
                news.push(Event::BlockRefused { key, reason: (*reason).to_owned() });
            }
            (None, _, RuleState::Verified(_)) => news.push(Event::BlockLost { key }),
            (None, _, _) => {}
        }
    }
    for event in news {
        draft.push(event);
    }
}

fn holder_changed(draft: &mut Draft<'_>, address: IpAddr, reason: &str) {
    let address = address.to_canonical();
    let Some(known) = draft.facts.known.get(&address) else { return };
    if known.lost.is_none() {
        draft.push(Event::AddressLost { address, reason: reason.to_owned() });
    }
    draft.lift(&LiftReason::HolderChanged(reason.to_owned()), |rule| rule.key.address == address);
}

/// Takes out of the plan what rested on a sign that was withdrawn.
fn lift_what_is_unproved(draft: &mut Draft<'_>) {
    let (proof, by_hand) = (draft.proof(), draft.facts.by_hand.clone());
    let proved: Vec<IpAddr> = proof.proved().collect();
    draft.lift(&LiftReason::CaseEnded, |rule| {
        let RuleKey { address, measure } = rule.key;
        let port = match measure {
            Measure::In { port, .. } => Some(port),
            Measure::Out { .. } | Measure::Garden => None,
        };
        let stands =
            proved.contains(&address) && port.is_none_or(|port| proof.ports(address).contains(&port));
        !stands && !by_hand.iter().any(|(_, confirmed)| *confirmed == Some(address))
    });
}

fn line_moved(draft: &mut Draft<'_>, to: IpAddr, reason: &str, playbook: &Playbook, now: Timestamp) {
    let to = to.to_canonical();
    if draft.facts.known.get(&to).is_some_and(|known| known.lost.is_none()) {
        return;
    }
    let proof = draft.proof();
    if let Some(wanted) = ask::moved(&draft.facts, &proof, playbook, to, reason, now) {
        draft.ask(wanted, Cause::LineMoved);
    }
}

fn confirm(draft: &mut Draft<'_>, why: &str) {
    draft.push(Event::ConfirmedByHand { reason: why.to_owned() });
    draft.restage(None);
    let Some(step) = draft.step(Moment::Hand, None) else { return };
    let proof = draft.proof();
    draft.tell(Some(step), None);
    let Some(address) = draft.facts.current_address() else { return };
    let mut ports = proof.ports(address);
    if let Some(known) = draft.facts.known.get(&address) {
        ports
            .extend(known.alleged.iter().filter(|port| !ports.contains(port)).copied().collect::<Vec<u16>>());
    }
    draft.contain(step, address, &ports, &format!("confirmed by hand: {why}"));
}

fn dismiss(mut draft: Draft<'_>, why: String) -> Result<Vec<Event>, Refusal> {
    let from = draft.facts.stage;
    let moved = Event::StageMoved { from, to: Stage::Dismissed, why: format!("dismissed by hand: {why}") };
    draft.push(Event::Dismissed { reason: why });
    crate::claimants::dismissed(&draft.facts).into_iter().for_each(|verdict| draft.push(verdict));
    draft.lift(&LiftReason::CaseEnded, |_| true);
    draft.push(moved);
    Ok(draft.done())
}

/// Ends a case whose sightings go elsewhere. Nobody was wrong about it, so no reporter is judged by it.
fn leave(mut draft: Draft<'_>, event: Event, why: String, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let from = draft.facts.stage;
    if matches!(from, Stage::Confirmed | Stage::Contained | Stage::Cleaned) {
        return Err(Refusal::Proved(from));
    }
    if draft.facts.standing(now).next().is_some() || draft.facts.held(now).next().is_some() {
        return Err(Refusal::BlocksStand);
    }
    draft.push(event);
    draft.push(Event::StageMoved { from, to: Stage::Closed, why });
    Ok(draft.done())
}

/// An ended case takes it too: what was dismissed is what one may be innocent of.
fn innocent(mut draft: Draft<'_>, why: &str) -> Result<Vec<Event>, Refusal> {
    if matches!(draft.facts.stage, Stage::Confirmed | Stage::Contained) {
        return Err(Refusal::NotInnocent);
    }
    let correspondence = draft.facts.correspondence.clone();
    let claims = correspondence.spamcop_open().filter(|(_, _, report)| report.web_host);
    let claims: BTreeMap<u64, EvidenceId> =
        claims.map(|(_, one, report)| (report.id, one.evidence)).collect();
    if claims.is_empty() {
        return Err(Refusal::NothingToDeny);
    }
    for (report, evidence) in claims {
        let (answer, why) = (SpamcopAnswer::Innocent, why.to_owned());
        draft.push(Event::SpamcopOrdered { evidence, report, answer, why });
    }
    Ok(draft.done())
}

fn release(draft: &mut Draft<'_>, why: String, how: &LiftReason, now: Timestamp) -> Result<(), Refusal> {
    if draft.facts.standing(now).next().is_none() && draft.facts.held(now).next().is_none() {
        return Err(Refusal::NothingToRelease);
    }
    draft.push(Event::Released { reason: why });
    draft.lift(how, |_| true);
    Ok(())
}

fn approve(draft: &mut Draft<'_>, by: &str, now: Timestamp) -> Result<(), Refusal> {
    let held: Vec<(RuleKey, Actor)> =
        draft.facts.held(now).map(|block| (block.rule.key, block.by.clone())).collect();
    if held.is_empty() {
        return Err(Refusal::NothingToApprove);
    }
    if held.iter().any(|(_, ordered_by)| *ordered_by == Actor::Operator(by.to_owned())) {
        return Err(Refusal::SamePerson);
    }
    for (key, _) in held {
        draft.push(Event::BlockApproved { key, by: by.to_owned() });
    }
    Ok(())
}

fn recheck(draft: &mut Draft<'_>, ports: &[u16], playbook: &Playbook, now: Timestamp) -> Result<(), Refusal> {
    let address = draft.facts.current_address().ok_or(Refusal::NoAddress)?;
    order(draft, address, ports, "an operator asked", playbook, now)
}

/// A customer's test is of what is blocked, which need not be the address that was last heard of.
fn test(draft: &mut Draft<'_>, playbook: &Playbook, now: Timestamp) -> Result<(), Refusal> {
    let blocked = draft.facts.standing(now).next().map(|block| block.rule.key.address);
    let address = blocked.or_else(|| draft.facts.current_address()).ok_or(Refusal::NoAddress)?;
    order(draft, address, &[], "the customer asked", playbook, now)
}

/// Puts a question that somebody wants put at once.
fn order(
    draft: &mut Draft<'_>,
    address: IpAddr,
    ports: &[u16],
    why: &str,
    playbook: &Playbook,
    now: Timestamp,
) -> Result<(), Refusal> {
    let proof = draft.proof();
    let question = ask::question(&draft.facts, &proof, playbook, address, ports).ok_or(Refusal::NoAddress)?;
    draft.ask(Wanted { question, due: now, why: why.to_owned() }, Cause::Operator);
    Ok(())
}
