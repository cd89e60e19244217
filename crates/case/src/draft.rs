//! Decisions in the making: events are folded into a copy of the facts as they are decided, so that what follows
//! from them is decided on what they changed.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::ask::{self, Cause, Wanted};
use crate::claimants;
use crate::facts::{Facts, RuleState};
use crate::families::{Family, family};
use crate::flow_proof::Shown;
use crate::judge::weigh;
use crate::moment::after;
use crate::proof::Proof;
use crate::{
    Actor, CaseId, Correspondent, Event, EvidenceId, Kind, LiftReason, Measure, Moment, Playbook, QuestionId,
    Restriction, Rule, RuleKey, Sighting, Source, SpamcopAnswer, Stage, Step, Voice, weights,
};

/// The most ports of one address a case closes inbound; a line proved on more has its mail stopped all the same.
const PORTS_CLOSED: usize = 16;

/// A decision in the making.
pub(crate) struct Draft<'a> {
    case: CaseId,
    pub(crate) facts: Facts,
    playbook: &'a Playbook,
    now: Timestamp,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(case: CaseId, facts: Facts, playbook: &'a Playbook, now: Timestamp) -> Self {
        Draft { case, facts, playbook, now, events: Vec::new() }
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.facts.apply(self.now, &Actor::Desk, &event);
        self.events.push(event);
    }

    pub(crate) fn proof(&self) -> Proof {
        Proof::of(&self.facts, self.playbook)
    }

    /// Files a sighting with what follows at once: the watch.
    pub(crate) fn file(&mut self, sighting: Sighting) {
        let weight = weights::fresh(sighting.kind, &sighting.source);
        let known = self.newest_shown().map(|shown| shown.at());
        let (kind, address, received) = (sighting.kind, sighting.address, sighting.received);
        let family = sighting.malware.as_deref().and_then(family);
        let page = (sighting.speaks_of_proxy() && sighting.source.voice() == Voice::Established)
            .then(|| page_of(&sighting));
        self.push(Event::Filed { sighting, weight });
        if let Some(what) = page {
            self.page(self.step(Moment::Report, None), &what);
        }
        let until = after(received, family.map_or(self.playbook.watch_for, Family::watch_for));
        if kind == Kind::Malware && until > self.now && self.facts.watch_until < Some(until) {
            let what = family.map_or_else(|| "a proxy may soon follow".to_owned(), Family::in_words);
            let why = format!("a virus was reported on {address}: {what}");
            self.push(Event::WatchSet { until, why });
        }
        if self.newest_shown().is_some_and(|shown| known < Some(shown.at())) {
            self.shown_by_flows();
        }
    }

    /// The newest time at which our flow records proved a line that is still the subscriber's; of two our own.
    fn newest_shown(&self) -> Option<Shown<'_>> {
        let held = |shown: &Shown<'_>| {
            self.facts.known.get(&shown.address()).is_some_and(|known| known.lost.is_none())
        };
        let shown = self.facts.flow_proof.shown().filter(held);
        shown.max_by_key(|shown| (shown.at(), shown.is_first_party()))
    }

    /// What follows at once from a new proof by flows. The question of its port follows when all is settled.
    fn shown_by_flows(&mut self) {
        let evidence = self.newest_shown().map(|shown| shown.evidence());
        self.restage(evidence);
        if !matches!(self.facts.stage, Stage::Confirmed | Stage::Contained) {
            return;
        }
        let Some(shown) = self.newest_shown() else { return };
        let (address, ports): (IpAddr, Vec<u16>) = (shown.address(), shown.port().into_iter().collect());
        let news = self.facts.released.is_none_or(|released| shown.at() > released);
        let (contains, why) = (news && shown.is_first_party(), shown.in_words());
        let port = shown.port().map_or_else(String::new, |port| format!(" port {port}"));
        let step = self.step(Moment::Flows, Some(Kind::OpenProxy));
        let what = format!("our own flow records show a proxy at {address}{port}; it is being asked");
        self.page(step, &what);
        self.tell(step, evidence);
        if let Some(step) = step.filter(|_| contains) {
            self.contain(step, address, &ports, &why);
        }
    }

    /// The step of the playbook for this moment, with what was proved just now.
    pub(crate) fn step(&self, moment: Moment, proved: Option<Kind>) -> Option<&'a Step> {
        let mut kinds = self.facts.kinds.clone();
        kinds.extend(proved);
        self.playbook.step(moment, self.facts.stage, &kinds)
    }

    /// Has the desk's people told, once for a case, where the step says so.
    pub(crate) fn page(&mut self, step: Option<&Step>, what: &str) {
        if step.is_some_and(|step| step.page) && self.facts.paged.is_none() {
            self.push(Event::PageOrdered { what: what.to_owned() });
        }
    }

    /// Has the subscriber told where the step says so, once for a decision. There must be something proved to tell.
    pub(crate) fn tell(&mut self, step: Option<&Step>, evidence: Option<EvidenceId>) {
        let proved = matches!(self.facts.stage, Stage::Confirmed | Stage::Contained);
        let told = self.events.iter().any(|event| matches!(event, Event::NoticeOrdered { .. }));
        if step.is_some_and(|step| step.tell) && proved && !told {
            self.push(Event::NoticeOrdered { evidence });
        }
    }

    /// Keeps who sent a report, and thanks them once.
    pub(crate) fn correspond(&mut self, correspondent: Correspondent) {
        if !self.facts.correspondence.wants(&correspondent) {
            return;
        }
        let (evidence, reporter) = (correspondent.evidence, correspondent.reporter().to_owned());
        let thank =
            self.playbook.acknowledge_reporter && self.facts.correspondence.may_acknowledge(&correspondent);
        self.push(Event::ReporterNamed { correspondent });
        if thank {
            self.push(Event::AcknowledgementOrdered { evidence, reporter: Some(reporter) });
        }
    }

    /// Orders the letters that say the line is clean, to everybody whose report was followed by enough clean probes.
    fn tell_outcome(&mut self) {
        if self.facts.stage != Stage::Cleaned {
            return;
        }
        let proof = self.proof();
        let held = |address: &IpAddr| self.facts.known.get(address).is_some_and(|known| known.lost.is_none());
        let clean = |at, one: &Correspondent| {
            let mut about = one.about.iter().filter(|address| held(address));
            proof.clean_since(at) && about.all(|address| proof.answered(*address, at))
        };
        let correspondence = self.facts.correspondence.clone();
        let mut letters = Vec::new();
        if self.playbook.spamcop_resolved {
            let open = correspondence.spamcop_open().filter(|(at, one, _)| clean(*at, one));
            let reports: BTreeMap<u64, EvidenceId> =
                open.map(|(_, one, report)| (report.id, one.evidence)).collect();
            let why = "our probes have found the line clean since that report";
            letters.extend(reports.into_iter().map(|(report, evidence)| Event::SpamcopOrdered {
                evidence,
                report,
                answer: SpamcopAnswer::Resolved,
                why: why.to_owned(),
            }));
        }
        if self.playbook.tell_reporter_outcome {
            let wrote = |to: &str| self.facts.told.iter().any(|(_, told)| told.eq_ignore_ascii_case(to));
            let open = correspondence.outcome_open(wrote).into_iter().filter(|(at, one)| clean(*at, one));
            letters.extend(open.map(|(_, one)| Event::OutcomeOrdered {
                evidence: one.evidence,
                reporter: one.reporter().to_owned(),
            }));
        }
        letters.into_iter().for_each(|letter| self.push(letter));
    }

    /// Orders what the step takes from a proved line, until its `block_for` from now.
    pub(crate) fn contain(&mut self, step: &Step, address: IpAddr, ports: &[u16], why: &str) {
        let protocol = Playbook::TRANSPORT;
        let until = after(self.now, step.block_for.min(Playbook::LONGEST_BLOCK));
        for restriction in &step.contain {
            let measures: Vec<Measure> = match restriction {
                Restriction::MailOut => vec![Measure::Out { protocol, port: 25 }],
                Restriction::ProvedPortIn => ports
                    .iter()
                    .take(PORTS_CLOSED)
                    .map(|port| Measure::In { protocol, port: *port })
                    .collect(),
                Restriction::WalledGarden => vec![Measure::Garden],
            };
            for measure in measures {
                let rule = Rule { key: RuleKey { address, measure }, case: self.case, until };
                let stands = self.facts.blocks.get(&rule.key).is_some_and(|block| {
                    block.rule.until >= until && !matches!(block.state, RuleState::Lifted(_))
                });
                if !stands {
                    self.order(rule, why);
                }
            }
        }
    }

    /// Orders a block. A new one waits for a second person where the playbook says so; a later end of one that stands does
    /// not: it was approved.
    fn order(&mut self, rule: Rule, why: &str) {
        let block = self.facts.blocks.get(&rule.key);
        let is_new = block.is_none_or(|block| matches!(block.state, RuleState::Lifted(_)));
        self.push(Event::BlockOrdered { rule, why: why.to_owned() });
        if is_new && self.playbook.second_person {
            self.push(Event::BlockHeld { key: rule.key });
        }
    }

    /// Takes every ordered block that `which` names out of the plan.
    pub(crate) fn lift(&mut self, reason: &LiftReason, which: impl Fn(&Rule) -> bool) {
        let keys: Vec<RuleKey> =
            self.facts.ordered().filter(|block| which(&block.rule)).map(|block| block.rule.key).collect();
        for key in keys {
            self.push(Event::BlockLifted { key, reason: reason.clone() });
        }
    }

    /// Puts a question, with the next number.
    pub(crate) fn ask(&mut self, wanted: Wanted, cause: Cause) {
        let id = QuestionId(self.facts.last_question.saturating_add(1));
        let Wanted { question, due, why } = wanted;
        let (by_operator, line_moved) = (cause == Cause::Operator, cause == Cause::LineMoved);
        self.push(Event::Asked { id, question, due, why, by_operator, line_moved });
    }

    /// Judges anew and does what follows: expiry, the move, the notice, the end of blocks.
    pub(crate) fn restage(&mut self, evidence: Option<EvidenceId>) {
        let now = self.now;
        self.lift(&LiftReason::Expired, |rule| rule.until <= now);
        let judgement = weigh(&self.facts, &self.proof(), self.playbook, now);
        let from = self.facts.stage;
        if judgement.stage == from {
            return;
        }
        self.push(Event::StageMoved { from, to: judgement.stage, why: judgement.why });
        self.enter(from, judgement.stage, evidence);
        if !matches!(judgement.stage, Stage::Confirmed | Stage::Contained) {
            self.lift(&LiftReason::CaseEnded, |_| true);
        }
    }

    /// Restages, and puts the next question where one is wanted.
    pub(crate) fn settle(mut self) -> Vec<Event> {
        self.restage(None);
        if self.take_what_waited() {
            self.restage(None);
        }
        if self.facts.stage.is_open() {
            let verdicts = claimants::verdicts(&self.facts, &self.proof());
            verdicts.into_iter().for_each(|verdict| self.push(verdict));
        }
        self.tell_outcome();
        if let Some(wanted) = ask::wanted(&self.facts, &self.proof(), self.playbook, self.now) {
            self.ask(wanted, Cause::Evidence);
        }
        self.done()
    }

    /// The events decided so far, with nothing further made of them. What was decided under another playbook than before
    /// says so first.
    pub(crate) fn done(mut self) -> Vec<Event> {
        let version = &self.playbook.version;
        if !self.events.is_empty() && self.facts.playbook.as_ref() != Some(version) {
            self.events.insert(0, Event::Playbook { version: version.clone() });
        }
        self.events
    }
}

/// The steps of the playbook that wait for the case as it is, each with when it is due; not those taken in this stay.
pub(crate) fn waits<'a>(
    facts: &'a Facts,
    playbook: &'a Playbook,
) -> impl Iterator<Item = (Timestamp, &'a Step)> {
    let since = facts.stage_since;
    let taken = move |step: &Step| facts.steps.get(&step.name).is_some_and(|at| *at >= since);
    let waiting = playbook.waiting(facts.stage, &facts.kinds).filter(move |(_, step)| !taken(step));
    waiting.map(move |(length, step)| (after(since, length), step))
}

impl Draft<'_> {
    /// The case has come into a stage: the first step of those stages that it was not in before.
    fn enter(&mut self, from: Stage, to: Stage, evidence: Option<EvidenceId>) {
        let at_once =
            self.playbook.steps.iter().filter(|step| step.when == Moment::Stage && step.after.is_none());
        let kinds = &self.facts.kinds;
        let new =
            |step: &&Step| step.stages.contains(&to) && !step.stages.contains(&from) && step.fits(to, kinds);
        let Some(step) = at_once.into_iter().find(new) else { return };
        self.tell(Some(step), evidence);
        self.page(Some(step), &format!("the case is {to} ({})", step.name));
        if to == Stage::Confirmed {
            self.contain_what_is_proved(step);
        }
    }

    /// Takes the steps that have waited long enough; whether there were any.
    fn take_what_waited(&mut self) -> bool {
        let (now, stage) = (self.now, self.facts.stage);
        if !stage.is_open() {
            return false;
        }
        let due: Vec<Step> = waits(&self.facts, self.playbook)
            .filter(|(due, _)| *due <= now)
            .map(|(_, step)| step.clone())
            .collect();
        for step in &due {
            let long = step.after.map(|length| crate::Length(length).to_string()).unwrap_or_default();
            self.push(Event::StepTaken { step: step.name.clone(), why: format!("{stage} for {long}") });
            self.tell(Some(step), None);
            if step.page {
                self.push(Event::PageOrdered {
                    what: format!("the case has been {stage} for {long} ({})", step.name),
                });
            }
            self.contain_what_is_proved(step);
        }
        !due.is_empty()
    }

    /// Contains every address with a proof of our own, or an operator's word, that is newer than the last release. Flows that
    /// only a report bears out are none.
    fn contain_what_is_proved(&mut self, step: &Step) {
        if step.contain.is_empty() || !matches!(self.facts.stage, Stage::Confirmed | Stage::Contained) {
            return;
        }
        let proof = self.proof();
        let held = |address: &IpAddr| self.facts.known.get(address).is_some_and(|known| known.lost.is_none());
        let proved: Vec<IpAddr> = proof.proved().filter(held).collect();
        let why = format!("the case is {} ({})", self.facts.stage, step.name);
        for address in proved {
            let Some(own) = self.proved_ports(address) else { continue };
            let by_hand = self.facts.by_hand.iter().any(|(_, confirmed)| *confirmed == Some(address));
            let ports = proof.ports(address).into_iter().filter(|port| by_hand || own.contains(port));
            self.contain(step, address, &ports.collect::<Vec<u16>>(), &why);
        }
    }

    /// The ports of an address that we have proved ourselves since the last release; `None` where nothing of it was.
    fn proved_ports(&self, address: IpAddr) -> Option<Vec<u16>> {
        let facts = &self.facts;
        let news = |at: Timestamp| facts.released.is_none_or(|released| at > released);
        let answers =
            facts.answers.iter().filter(|a| a.counts && a.verdict.is_proof() && a.address == address);
        let answers = answers.filter(|answer| news(answer.started)).map(|answer| answer.port);
        let shown =
            facts.flow_proof.shown().filter(|shown| shown.is_first_party() && shown.address() == address);
        let shown = shown.filter(|shown| news(shown.at())).map(|shown| shown.port());
        let hands = facts.by_hand.iter().filter(|(at, of)| news(*at) && *of == Some(address)).map(|_| None);
        let all: Vec<Option<u16>> = answers.chain(shown).chain(hands).collect();
        (!all.is_empty()).then(|| all.into_iter().flatten().collect())
    }
}

/// What the operators are told of a report: who says what of which address, and nothing in its words.
fn page_of(sighting: &Sighting) -> String {
    let kind = if sighting.kind.is_proxy_or_relay() { sighting.kind.name() } else { "open proxy or relay" };
    let port = sighting.port.map_or_else(String::new, |port| format!(" port {port}"));
    let Source::Report { domain, authenticated, .. } = &sighting.source else {
        return format!("our own flow records show an {kind} at {}{port}", sighting.address);
    };
    let domain: String = domain.chars().filter(|c| c.is_ascii_graphic()).take(80).collect();
    let from = if *authenticated { domain } else { "the unpublished address".to_owned() };
    format!("an {kind} is reported at {}{port} by {from}; it is being asked", sighting.address)
}
