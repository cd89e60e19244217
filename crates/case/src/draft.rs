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
    Actor, CaseId, Correspondent, Event, EvidenceId, Kind, LiftReason, Measure, Playbook, QuestionId,
    Restriction, Rule, RuleKey, Sighting, Source, SpamcopAnswer, Stage, Voice, weights,
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
            self.page(&what);
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
        let may = self.playbook.contain_automatically && self.playbook.contain_on_flow_proof;
        let (contains, why) = (may && news && shown.is_first_party(), shown.in_words());
        let port = shown.port().map_or_else(String::new, |port| format!(" port {port}"));
        self.page(&format!("our own flow records show a proxy at {address}{port}; it is being asked"));
        if contains {
            self.contain(address, &ports, &why);
        }
    }

    /// Has the desk's people told, once for a case.
    pub(crate) fn page(&mut self, what: &str) {
        if self.playbook.page_proxy_reports && self.facts.paged.is_none() {
            self.push(Event::PageOrdered { what: what.to_owned() });
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

    /// Orders what the playbook takes from a proved line, until `block_for` from now.
    pub(crate) fn contain(&mut self, address: IpAddr, ports: &[u16], why: &str) {
        let protocol = Playbook::TRANSPORT;
        let until = after(self.now, self.playbook.block_for);
        for restriction in &self.playbook.restrict {
            let measures: Vec<Measure> = match restriction {
                Restriction::MailOut => vec![Measure::Out { protocol, port: 25 }],
                Restriction::ProvedPortIn => ports
                    .iter()
                    .take(PORTS_CLOSED)
                    .map(|port| Measure::In { protocol, port: *port })
                    .collect(),
            };
            for measure in measures {
                let rule = Rule { key: RuleKey { address, measure }, case: self.case, until };
                let stands = self.facts.blocks.get(&rule.key).is_some_and(|block| {
                    block.rule.until >= until && !matches!(block.state, RuleState::Lifted(_))
                });
                if !stands {
                    self.push(Event::BlockOrdered { rule, why: why.to_owned() });
                }
            }
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
        let blocked = |stage| matches!(stage, Stage::Confirmed | Stage::Contained);
        if blocked(judgement.stage) && !blocked(from) && self.playbook.tell_subscriber {
            self.push(Event::NoticeOrdered { evidence });
        }
        if !blocked(judgement.stage) {
            self.lift(&LiftReason::CaseEnded, |_| true);
        }
    }

    /// Restages, and puts the next question where one is wanted.
    pub(crate) fn settle(mut self) -> Vec<Event> {
        self.restage(None);
        if self.facts.stage.is_open() {
            let verdicts = claimants::verdicts(&self.facts, &self.proof());
            verdicts.into_iter().for_each(|verdict| self.push(verdict));
        }
        self.tell_outcome();
        if let Some(wanted) = ask::wanted(&self.facts, &self.proof(), self.playbook, self.now) {
            self.ask(wanted, Cause::Evidence);
        }
        self.events
    }

    /// The events decided so far, with nothing further made of them.
    pub(crate) fn done(self) -> Vec<Event> {
        self.events
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
