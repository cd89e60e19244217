//! What to ask the line, and when.
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::facts::{Answered, Facts, Known};
use crate::moment::after;
use crate::proof::Proof;
use crate::{Kind, LookFor, MAIL_PORTS, Playbook, Question, Stage, Verdict};

/// The most ports one question names.
pub(crate) const PORTS_AT_MOST: usize = 32;
/// The first pause after an answer that said nothing; each further one doubles it, up to the routine interval.
const FIRST_GAP: SignedDuration = SignedDuration::from_mins(15);
/// How many answers in a row that said nothing are enough for a mere heads-up.
const SILENT_HEADS_UP: u32 = 6;
/// A question this long overdue is taken for lost and asked anew.
pub(crate) const LOST_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A question to put to the line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) question: Question,
    pub(crate) due: Timestamp,
    pub(crate) why: String,
}

/// What a question comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// What is known of the case, and the time.
    Evidence,
    /// An operator.
    Operator,
    /// The line has another address now.
    LineMoved,
}

/// The next question the case should have out, where it has none or a more pressing one.
pub(crate) fn wanted(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Option<Wanted> {
    if !facts.stage.is_open() {
        return None;
    }
    let fresh = fresh(facts, proof, playbook, now);
    match facts.outstanding() {
        Some(out) if after(out.due, LOST_AFTER) <= now => {
            fresh.or_else(|| routine(facts, proof, playbook, now))
        }
        // Running or about to run: a new port waits for its answer. A recheck hours away gives way, and so does one that
        // is to ask what a crowd named, to what somebody with a record names.
        Some(out) => fresh.filter(|wanted| {
            let sooner =
                wanted.due < out.due || (wanted.due == out.due && vouched(facts, wanted, &out.question));
            sooner && out.due > now
        }),
        None => fresh.or_else(|| routine(facts, proof, playbook, now)),
    }
}

/// Whether a question asks for a port that somebody with a record names, and the other does not.
fn vouched(facts: &Facts, wanted: &Wanted, other: &Question) -> bool {
    let known = facts.known.get(&wanted.question.address);
    let mut ports = known.into_iter().flat_map(|known| &known.vouched);
    ports.any(|port| wanted.question.ports.contains(port) && !other.ports.contains(port))
}

/// A question that new evidence calls for: an address never asked, a port never asked, or news of one that refused. Of
/// several the one that may be put soonest, then the one last heard of: a later look at the same evidence would choose no
/// other.
fn fresh(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Option<Wanted> {
    let worth = facts.known.iter().filter(|(_, known)| known.worth_asking && known.lost.is_none());
    let wants = worth.filter_map(|(address, known)| {
        let wanted = called_for(facts, proof, playbook, *address, known, now)?;
        Some(((wanted.due, std::cmp::Reverse(known.last), *address), wanted))
    });
    wants.min_by_key(|(order, _)| *order).map(|(_, wanted)| wanted)
}

/// What new evidence of one address calls for.
fn called_for(
    facts: &Facts,
    proof: &Proof,
    playbook: &Playbook,
    address: IpAddr,
    known: &Known,
    now: Timestamp,
) -> Option<Wanted> {
    let last = last_answer(facts, address);
    let new_port = known.named.iter().find(|port| !known.asked.contains(port));
    let refused = last.is_some_and(|answer| answer.verdict == Verdict::RefusedByPolicy);
    let news = known.heard.zip(last).is_some_and(|(heard, answer)| heard > answer.started);
    let why = match new_port {
        _ if known.asked.is_empty() => format!("{address} was not asked yet"),
        Some(port) => format!("port {port} of {address} was named and not asked yet"),
        None if refused && news => {
            format!("something new was said of {address}, which could not be asked before")
        }
        None => return None,
    };
    let due = last.map_or(now, |answer| after(answer.started, playbook.least_gap).max(now));
    Some(Wanted { question: question(facts, proof, playbook, address, &[])?, due, why })
}

/// The next look at a case nobody says anything new about.
fn routine(facts: &Facts, proof: &Proof, playbook: &Playbook, now: Timestamp) -> Option<Wanted> {
    let held = |address: &IpAddr| facts.known.get(address).is_some_and(|known| known.lost.is_none());
    let address = proof.proved().find(held).or_else(|| facts.current_address())?;
    let last = last_answer(facts, address);
    if last.is_some_and(|answer| answer.verdict == Verdict::RefusedByPolicy) {
        return None;
    }
    let silent = silence(facts, address);
    // A heads-up is asked once, and again only while the answers said nothing, or while a reporter's record waits for
    // them: whoever names a port that is not open is found to have been wrong.
    let unanswered = silent < SILENT_HEADS_UP && facts.claimants.wait_for(address, proof, now);
    if facts.stage < Stage::Watching && !(1..=SILENT_HEADS_UP).contains(&silent) && !unanswered {
        return None;
    }
    let Some(last) = last else {
        let question = question(facts, proof, playbook, address, &[])?;
        return Some(Wanted { question, due: now, why: format!("the case is {}", facts.stage) });
    };
    let again = playbook.asked_every(facts.stage);
    let (gap, why) = match silent {
        0 => (again, format!("routine look at a {} case", facts.stage)),
        times => (growing(times, again), format!("no clear answer {times} times in a row")),
    };
    let due = after(last.started, gap.max(playbook.least_gap)).max(now);
    Some(Wanted { question: question(facts, proof, playbook, address, &[])?, due, why })
}

/// The question to `address`: ports asked for by hand, proved, named and not yet asked, named, those of malware that was
/// named, and the usual ones.
pub(crate) fn question(
    facts: &Facts,
    proof: &Proof,
    playbook: &Playbook,
    address: IpAddr,
    by_hand: &[u16],
) -> Option<Question> {
    let known = facts.known.get(&address);
    let (unasked, asked): (Vec<u16>, Vec<u16>) = known.map_or_else(Default::default, |known| {
        known.named.iter().partition(|port| !known.asked.contains(port))
    });
    let mut ports: Vec<u16> = Vec::new();
    let proved = proof.ports(address);
    let of_families: Vec<u16> = facts.families.iter().flat_map(|family| &family.ports).copied().collect();
    // A report of an open relay speaks of a mail server, whether or not it names a port.
    let (look_for, of_mail): (LookFor, &[u16]) = match facts.kinds.contains(&Kind::OpenRelay) {
        true => (LookFor::ProxyOrRelay, &MAIL_PORTS),
        false => (LookFor::OpenProxy, &[]),
    };
    let named = [by_hand, &proved, &unasked, &asked, of_mail, &of_families];
    // What our own signs name is the very port; the usual ones are asked for those who could not name any.
    let usual = if facts.asks_usual() || named.iter().all(|ports| ports.is_empty()) {
        playbook.usual_ports.as_slice()
    } else {
        &[]
    };
    for port in named.into_iter().chain([usual]).flatten() {
        if *port != 0 && !ports.contains(port) && ports.len() < PORTS_AT_MOST {
            ports.push(*port);
        }
    }
    (!ports.is_empty()).then_some(Question { address, ports, look_for })
}

/// The question to the address the line has moved to: what was proved and named of it elsewhere, proved first.
pub(crate) fn moved(
    facts: &Facts,
    proof: &Proof,
    playbook: &Playbook,
    to: IpAddr,
    reason: &str,
    now: Timestamp,
) -> Option<Wanted> {
    let question = question(facts, proof, playbook, to, &facts.ports_elsewhere(to))?;
    let due = last_answer(facts, to).map_or(now, |answer| after(answer.started, playbook.least_gap).max(now));
    Some(Wanted { question, due, why: format!("the line has moved to {to}: {reason}") })
}

fn last_answer(facts: &Facts, address: IpAddr) -> Option<&Answered> {
    facts.answers.iter().rev().find(|answer| answer.address == address)
}

/// How many answers in a row, up to the last, said nothing either way.
fn silence(facts: &Facts, address: IpAddr) -> u32 {
    let answers = facts.answers.iter().rev().filter(|answer| answer.address == address);
    let silent = answers.take(16).take_while(|answer| answer.verdict == Verdict::Unreachable).count();
    u32::try_from(silent).unwrap_or(u32::MAX)
}

fn growing(times: u32, at_most: SignedDuration) -> SignedDuration {
    let factor = 1_i32.checked_shl(times.saturating_sub(1).min(20)).unwrap_or(i32::MAX);
    FIRST_GAP.checked_mul(factor).unwrap_or(at_most).min(at_most)
}
