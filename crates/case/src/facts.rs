//! What a case knows, apart from the sightings' full text: the state that events fold into and judgement reads.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::ask::LOST_AFTER;
use crate::claimants::Claimants;
use crate::correspondence::Correspondence;
use crate::families::{Family, family};
use crate::filing::{Filed, PORTS_OF_CROWD};
use crate::flow_proof::FlowProof;
use crate::follows::Follows;
use crate::hearsay::Hearsay;
use crate::moment::after;
use crate::observed::Observed;
use crate::{
    Actor, Event, EvidenceId, Kind, LiftReason, PlaybookVersion, Question, QuestionId, Rule, RuleKey,
    Sighting, SignFamily, Source, Stage, Verdict, Voice,
};

/// How many ports named for one address are remembered; reports that name more are not describing a service.
const NAMED_PORTS: usize = 256;

/// What stands for a reporter where we saw it ourselves; no domain has a space in it.
const OUR_FLOWS: &str = "our flow records";

/// How a block stands between the order and the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleState {
    /// Ordered; the edge has not been seen to show it.
    Ordered,
    /// Ordered, and out of the plan until a second person approves it.
    Held,
    /// The edge shows it, until then.
    Verified(Timestamp),
    /// The edge or a guard rail refused it, for this reason; it stays ordered and is tried again.
    Refused(String),
    /// It has left the plan.
    Lifted(LiftReason),
}

/// A block of the case with all that became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The rule, with its newest end.
    pub rule: Rule,
    /// When it was first ordered.
    pub ordered: Timestamp,
    /// Why it was ordered last.
    pub why: String,
    /// In whose name it was first ordered.
    pub by: Actor,
    /// How it stands.
    pub state: RuleState,
    /// Reasons it was refused for, so that each is told once.
    pub(crate) refusals: BTreeSet<String>,
}

/// An answer of a probe as the case keeps it; the transcript is in the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The question it answers.
    pub id: QuestionId,
    /// The address asked.
    pub address: IpAddr,
    /// The ports asked.
    pub ports: Vec<u16>,
    /// The finding.
    pub verdict: Verdict,
    /// The proved port.
    pub port: Option<u16>,
    /// The proving method.
    pub protocol: Option<String>,
    /// Where the relayed connection came from.
    pub exit: Option<IpAddr>,
    /// When the probe began.
    pub started: Timestamp,
    /// Where the whole answer is kept.
    pub evidence: EvidenceId,
    /// Whether it says anything about the subscriber: not when the address had gone to somebody else.
    pub counts: bool,
}

/// A question the case has asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// Its number.
    pub id: QuestionId,
    /// What.
    pub question: Question,
    /// Not before.
    pub due: Timestamp,
    /// Why.
    pub why: String,
}

/// Something a person or the desk wrote down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What.
    pub text: String,
}

/// What is known of one address of the line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Known {
    /// Ports that sightings named: first those of reporters with a record, the newest first, then the others in order.
    pub(crate) named: Vec<u16>,
    /// Those of them that somebody with a record named.
    pub(crate) vouched: BTreeSet<u16>,
    /// Ports some sighting named as a proxy or relay.
    pub(crate) alleged: BTreeSet<u16>,
    /// Ports asked so far.
    pub(crate) asked: BTreeSet<u16>,
    /// Whether some sighting makes it worth asking.
    pub(crate) worth_asking: bool,
    /// Whether the usual ports are asked too: our own signs name the very port, reports often do not (P4).
    pub(crate) asks_usual: bool,
    /// When something was last filed or answered about it.
    pub(crate) last: Timestamp,
    /// When something worth asking about was last filed.
    pub(crate) heard: Option<Timestamp>,
    /// Since when somebody else holds it.
    pub(crate) lost: Option<Timestamp>,
}

impl Known {
    /// What somebody with a record names comes first, and a crowd leaves room for it.
    fn name(&mut self, port: u16, voice: Voice) {
        if voice >= Voice::Established && self.vouched.len() < NAMED_PORTS {
            self.vouched.insert(port);
        }
        if self.named.contains(&port) {
            return;
        }
        match voice {
            Voice::Established | Voice::Own => {
                self.named.insert(0, port);
                self.named.truncate(NAMED_PORTS);
            }
            _ if self.named.len() < PORTS_OF_CROWD => self.named.push(port),
            _ => {}
        }
    }
}

/// Whom a note speaks to: `@ann`, at the beginning of a word; at most 16.
fn mentioned(text: &str) -> impl Iterator<Item = String> {
    let names = text.split(|c: char| c.is_whitespace() || "(,;".contains(c));
    let names = names.filter_map(|word| word.strip_prefix('@'));
    let names = names.map(|name| name.trim_end_matches(|c: char| !c.is_alphanumeric()));
    names.filter(|name| !name.is_empty() && name.len() <= 64).take(16).map(str::to_owned)
}

/// What a case knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Facts {
    pub(crate) stage: Stage,
    pub(crate) stage_since: Timestamp,
    pub(crate) hearsay: Hearsay,
    /// Shared with copies until another sign is seen, as what follows.
    pub(crate) observed: Arc<Observed>,
    pub(crate) flow_proof: Arc<FlowProof>,
    pub(crate) follows: Arc<Follows>,
    /// Known malware families that were named, each once.
    pub(crate) families: Vec<&'static Family>,
    pub(crate) kinds: BTreeSet<Kind>,
    pub(crate) known: BTreeMap<IpAddr, Known>,
    /// Shared with copies until it changes: most commands leave it alone.
    pub(crate) correspondence: Arc<Correspondence>,
    pub(crate) last_filed: Timestamp,
    pub(crate) watch_until: Option<Timestamp>,
    pub(crate) last_question: u32,
    /// Questions not answered yet. Only the one with the highest number is waited for; the others were overtaken by
    /// it, and their answers are taken when they come all the same.
    pub(crate) asking: BTreeMap<QuestionId, Asking>,
    pub(crate) answers: Vec<Answered>,
    /// Confirmations by hand: when, and of which address.
    pub(crate) by_hand: Vec<(Timestamp, Option<IpAddr>)>,
    pub(crate) released: Option<Timestamp>,
    pub(crate) blocks: BTreeMap<RuleKey, Block>,
    pub(crate) told: Vec<(Timestamp, String)>,
    pub(crate) notes: Vec<Note>,
    pub(crate) filed: Filed,
    /// How many sightings were filed.
    pub(crate) filings: usize,
    pub(crate) claimants: Claimants,
    /// Reports counted and not filed.
    pub(crate) counted: u64,
    /// When the operators were first told of a proxy or relay here.
    pub(crate) paged: Option<Timestamp>,
    /// When they were told last.
    pub(crate) paged_last: Option<Timestamp>,
    /// The playbook of the last decision.
    pub(crate) playbook: Option<PlaybookVersion>,
    /// The steps of the playbook that waited, and when each was taken last.
    pub(crate) steps: BTreeMap<String, Timestamp>,
    /// Who has taken it on.
    pub(crate) assignee: Option<String>,
    /// Who was spoken to in a note and has done nothing here since.
    pub(crate) mentions: BTreeSet<String>,
}

impl Facts {
    pub(crate) fn new(now: Timestamp) -> Facts {
        Facts {
            stage: Stage::HeadsUp,
            stage_since: now,
            hearsay: Hearsay::default(),
            observed: Arc::default(),
            flow_proof: Arc::default(),
            follows: Arc::default(),
            families: Vec::new(),
            kinds: BTreeSet::new(),
            known: BTreeMap::new(),
            correspondence: Arc::default(),
            last_filed: now,
            watch_until: None,
            last_question: 0,
            asking: BTreeMap::new(),
            answers: Vec::new(),
            by_hand: Vec::new(),
            released: None,
            blocks: BTreeMap::new(),
            told: Vec::new(),
            notes: Vec::new(),
            filed: Filed::default(),
            filings: 0,
            claimants: Claimants::default(),
            counted: 0,
            paged: None,
            paged_last: None,
            playbook: None,
            steps: BTreeMap::new(),
            assignee: None,
            mentions: BTreeSet::new(),
        }
    }

    /// The address the line was last seen to hold.
    pub(crate) fn current_address(&self) -> Option<IpAddr> {
        let held = self.known.iter().filter(|(_, known)| known.lost.is_none());
        held.max_by_key(|(address, known)| (known.last, **address)).map(|(address, _)| *address)
    }

    /// The question waited for.
    pub(crate) fn outstanding(&self) -> Option<&Asking> {
        self.asking.last_key_value().map(|(_, asking)| asking)
    }

    /// The question that is being put to the line at `now`: due, and not given up for lost.
    pub(crate) fn under_way(&self, now: Timestamp) -> Option<&Asking> {
        self.outstanding().filter(|asking| asking.due <= now && now < after(asking.due, LOST_AFTER))
    }

    /// Whether all that was ever filed were signs that were withdrawn.
    pub(crate) fn is_all_withdrawn(&self) -> bool {
        self.counted == 0 && self.filings > 0 && self.observed.withdrawn() >= self.filings
    }

    /// Whether the usual ports are worth asking beside those that were named.
    pub(crate) fn asks_usual(&self) -> bool {
        self.known.values().any(|known| known.asks_usual)
    }

    /// Blocks that belong in the plan at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> impl Iterator<Item = &Block> {
        let stands = matches!(self.stage, Stage::Confirmed | Stage::Contained);
        let in_plan = |block: &&Block| block.state != RuleState::Held;
        self.ordered().filter(in_plan).filter(move |block| stands && block.rule.until > now)
    }

    /// Blocks that wait for a second person at `now`.
    pub(crate) fn held(&self, now: Timestamp) -> impl Iterator<Item = &Block> {
        self.ordered().filter(move |block| block.state == RuleState::Held && block.rule.until > now)
    }

    /// Blocks not lifted, whether or not their end has come.
    pub(crate) fn ordered(&self) -> impl Iterator<Item = &Block> {
        self.blocks.values().filter(|block| !matches!(block.state, RuleState::Lifted(_)))
    }

    /// Folds one event in.
    pub(crate) fn apply(&mut self, at: Timestamp, actor: &Actor, event: &Event) {
        if let Actor::Operator(name) = actor {
            self.mentions.remove(name);
        }
        match event {
            Event::Dismissed { .. }
            | Event::Merged { .. }
            | Event::Split { .. }
            | Event::NoticeOrdered { .. } => {}
            // Whoever takes it up again wants it looked at for as long as if it had just been heard of.
            Event::Reopened { .. } => self.last_filed = self.last_filed.max(at),
            Event::Assigned { to } => self.assignee.clone_from(to),
            Event::Opened { playbook, .. } => self.playbook.clone_from(playbook),
            Event::Playbook { version } => self.playbook = Some(version.clone()),
            Event::StepTaken { step, .. } => {
                self.steps.insert(step.clone(), at);
            }
            Event::AcknowledgementOrdered { .. }
            | Event::ReporterNamed { .. }
            | Event::OutcomeOrdered { .. }
            | Event::SpamcopOrdered { .. } => Arc::make_mut(&mut self.correspondence).apply(at, event),
            Event::Filed { sighting, weight } => self.file(at, sighting, *weight),
            Event::StageMoved { to, .. } => (self.stage, self.stage_since) = (*to, at),
            Event::WatchSet { until, .. } => self.watch_until = self.watch_until.max(Some(*until)),
            Event::Asked { id, question, due, why, line_moved, .. } => {
                if *line_moved {
                    self.move_to(at, question.address.to_canonical());
                }
                self.ask(*id, question, *due, why);
            }
            Event::Answered { .. } => self.answer(at, event),
            Event::ConfirmedByHand { .. } => self.by_hand.push((at, self.current_address())),
            Event::BlockOrdered { rule, why } => self.order(at, *rule, why, actor),
            Event::BlockHeld { key } => self.set_block(key, RuleState::Held),
            Event::BlockApproved { key, .. } => self.set_block(key, RuleState::Ordered),
            Event::BlockVerified { key, until } => self.set_block(key, RuleState::Verified(*until)),
            Event::BlockRefused { key, reason } => {
                if let Some(block) = self.blocks.get_mut(key) {
                    block.refusals.insert(reason.clone());
                }
                self.set_block(key, RuleState::Refused(reason.clone()));
            }
            Event::BlockLost { key } => self.set_block(key, RuleState::Ordered),
            Event::BlockLifted { key, reason } => self.set_block(key, RuleState::Lifted(reason.clone())),
            Event::AddressLost { address, .. } => {
                self.known.entry(*address).or_default().lost.get_or_insert(at);
            }
            Event::Released { .. } => self.released = Some(at),
            Event::Told { to } => self.told.push((at, to.clone())),
            Event::TellingFailed { to, reason } => {
                self.notes.push(Note {
                    at,
                    by: actor.clone(),
                    text: format!("could not write to {to}: {reason}"),
                });
            }
            Event::Counted { reports, last, .. } => {
                self.counted = self.counted.saturating_add(u64::from(*reports));
                self.last_filed = self.last_filed.max(at).max(*last);
            }
            Event::SignWithdrawn { evidence, claim, .. } => {
                let name = (*evidence, *claim);
                Arc::make_mut(&mut self.observed).withdraw(name);
                Arc::make_mut(&mut self.flow_proof).withdraw(name);
                Arc::make_mut(&mut self.follows).withdraw(name);
            }
            Event::PageOrdered { .. } => {
                (self.paged, self.paged_last) = (self.paged.or(Some(at)), Some(at));
            }
            Event::ReporterJudged { domain, confirmed, .. } => self.claimants.judge(domain, *confirmed),
            Event::Noted { text } => {
                if matches!(actor, Actor::Operator(_)) {
                    self.mentions.extend(mentioned(text));
                }
                self.notes.push(Note { at, by: actor.clone(), text: text.clone() });
            }
        }
    }

    fn file(&mut self, at: Timestamp, sighting: &Sighting, weight: f64) {
        self.hearsay.hear(sighting, weight);
        if !sighting.source.is_hearsay() {
            Arc::make_mut(&mut self.observed).see(sighting);
        }
        Arc::make_mut(&mut self.flow_proof).hear(sighting);
        self.filed.note(sighting);
        self.filings = self.filings.saturating_add(1);
        self.claimants.note(sighting);
        let voice = sighting.source.voice();
        Arc::make_mut(&mut self.follows).hear(sighting, domain(&sighting.source));
        if let Some(named) = sighting.malware.as_deref().and_then(family)
            && !self.families.iter().any(|one| one.id == named.id)
        {
            self.families.push(named);
            self.families.sort_by(|a, b| a.id.cmp(&b.id));
        }
        self.kinds.insert(sighting.kind);
        self.last_filed = self.last_filed.max(at);
        let known = self.known.entry(sighting.address.to_canonical()).or_default();
        known.last = known.last.max(sighting.received);
        let seen = sighting.happened.unwrap_or(sighting.received);
        if known.lost.is_some_and(|lost| seen > lost) {
            known.lost = None;
        }
        if asks(sighting) {
            known.worth_asking = true;
            known.heard = known.heard.max(Some(at));
            known.asks_usual |= sighting.source.is_hearsay();
        }
        if let Some(port) = sighting.port_to_ask() {
            known.name(port, voice);
            if sighting.kind.is_proxy_or_relay() && known.alleged.len() < NAMED_PORTS {
                known.alleged.insert(port);
            }
        }
    }

    fn ask(&mut self, id: QuestionId, question: &Question, due: Timestamp, why: &str) {
        self.last_question = self.last_question.max(id.0);
        let known = self.known.entry(question.address.to_canonical()).or_default();
        known.asked.extend(&question.ports);
        self.asking.insert(id, Asking { id, question: question.clone(), due, why: why.to_owned() });
    }

    fn answer(&mut self, at: Timestamp, event: &Event) {
        let Event::Answered { id, address, verdict, port, protocol, exit, evidence, started } = event else {
            return;
        };
        let started = started.unwrap_or(at);
        let address = address.to_canonical();
        let asking = self.asking.remove(id);
        let asked = asking.as_ref().map(|asking| asking.question.address.to_canonical());
        let ports = asking.map_or_else(Vec::new, |asking| asking.question.ports);
        if let Some(from) = asked.filter(|asked| *asked != address) {
            self.carry_over(from, address, started);
        }
        let known = self.known.entry(address).or_default();
        known.asked.extend(&ports);
        let counts = known.lost.is_none_or(|lost| started < lost);
        known.last = known.last.max(started);
        self.answers.push(Answered {
            id: *id,
            address,
            ports,
            verdict: *verdict,
            port: *port,
            protocol: protocol.clone(),
            exit: *exit,
            started,
            evidence: *evidence,
            counts,
        });
        self.answers.sort_by_key(|answer| (answer.started, answer.id));
    }

    /// The line held `to` at `at`, no longer `from`: what was said of the service there is worth asking here.
    fn carry_over(&mut self, from: IpAddr, to: IpAddr, at: Timestamp) {
        let before = self.known.get(&from).cloned().unwrap_or_default();
        let known = self.known.entry(to).or_default();
        if known.lost.is_some_and(|lost| lost <= at) {
            known.lost = None;
        }
        known.worth_asking |= before.worth_asking;
        before.named.into_iter().rev().for_each(|port| known.name(port, Voice::Established));
        known.alleged.extend(before.alleged);
    }

    /// The line holds `to` from `at` on.
    fn move_to(&mut self, at: Timestamp, to: IpAddr) {
        let proved_and_named = self.ports_elsewhere(to);
        let elsewhere: Vec<IpAddr> = self.elsewhere(to).map(|(address, _)| *address).collect();
        elsewhere.into_iter().for_each(|from| self.carry_over(from, to, at));
        let known = self.known.entry(to).or_default();
        proved_and_named.into_iter().rev().for_each(|port| known.name(port, Voice::Established));
        known.lost = None;
        known.worth_asking = true;
        known.last = known.last.max(at);
    }

    /// The line's other addresses of the same family.
    fn elsewhere(&self, to: IpAddr) -> impl Iterator<Item = (&IpAddr, &Known)> {
        self.known.iter().filter(move |(address, _)| **address != to && address.is_ipv4() == to.is_ipv4())
    }

    /// The ports proved, then those named, at the line's other addresses.
    pub(crate) fn ports_elsewhere(&self, to: IpAddr) -> Vec<u16> {
        let proofs = self.answers.iter().rev().filter(|answer| answer.counts && answer.verdict.is_proof());
        let there = proofs.filter(|answer| self.elsewhere(to).any(|(address, _)| *address == answer.address));
        let mut ports: Vec<u16> = Vec::new();
        let named = self.elsewhere(to).flat_map(|(_, known)| known.named.iter().copied());
        for port in there.filter_map(|answer| answer.port).chain(named) {
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        ports
    }

    fn order(&mut self, at: Timestamp, rule: Rule, why: &str, by: &Actor) {
        let fresh = Block {
            rule,
            ordered: at,
            why: why.to_owned(),
            by: by.clone(),
            state: RuleState::Ordered,
            refusals: BTreeSet::new(),
        };
        let block = self.blocks.entry(rule.key).or_insert_with(|| fresh.clone());
        if matches!(block.state, RuleState::Lifted(_)) {
            *block = fresh;
        } else {
            block.rule = rule;
            why.clone_into(&mut block.why);
        }
    }

    fn set_block(&mut self, key: &RuleKey, state: RuleState) {
        if let Some(block) = self.blocks.get_mut(key) {
            block.state = state;
        }
    }
}

/// Whether a sighting is worth a question to the line. Of a sign it is where it names a port of ours, or shows relaying:
/// a call outward alone says nothing of what listens here.
pub(crate) fn asks(sighting: &Sighting) -> bool {
    if let Source::Sign { sign, .. } = &sighting.source {
        let names_a_port = sign.is_of_our_port() && sighting.port_to_ask().is_some();
        return names_a_port || sign.family() == SignFamily::Relaying;
    }
    match sighting.kind {
        Kind::OpenProxy
        | Kind::OpenRelay
        | Kind::SpamSource
        | Kind::Malware
        | Kind::PhoneHome
        | Kind::TrojanScan => true,
        Kind::Scan | Kind::Listener | Kind::Other => false,
    }
}

/// The domain a report claims to come from.
pub(crate) fn domain(source: &Source) -> &str {
    match source {
        Source::Report { domain, .. } => domain,
        Source::Sign { .. } => OUR_FLOWS,
    }
}
