//! A night played again: under its own playbook it is the night that was, under another what is different is told.
use case::{
    Actor, Answer, Case, CaseId, Command, Difference, Event, EvidenceId, InForce, Kind, Moment, Playbook,
    Record, Restriction, Shift, SignKind, Stage, Step, Verdict, Wrong, happened, rehearse,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::sample::{evening, hours, sighting, sign};

const PORT: u16 = 8080;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// What happens to a line from outside, so many seconds into the night.
#[derive(Debug, Clone)]
enum Outside {
    Report(u32, Kind),
    Seen(u32, SignKind),
    Operator(Box<Command>),
}

/// One line on which a proxy stands open from one moment to another, with a desk that does what is due on time.
struct Desk {
    playbook: Playbook,
    open_from: Timestamp,
    open_until: Timestamp,
    cases: Vec<Vec<Record>>,
    case: Option<Case>,
    asked: Option<(Timestamp, case::Asking)>,
    edge_at: Option<Timestamp>,
}

impl Desk {
    fn new(playbook: Playbook, open_from: Timestamp, open_until: Timestamp) -> Desk {
        Desk { playbook, open_from, open_until, cases: Vec::new(), case: None, asked: None, edge_at: None }
    }

    fn night(mut self, mut outside: Vec<(i64, Outside)>, until: Timestamp) -> Vec<Vec<Record>> {
        outside.sort_by_key(|(at, _)| *at);
        let mut coming = outside.into_iter().map(|(at, what)| (evening() + seconds(at), what)).peekable();
        let mut now = evening();
        loop {
            let tick = self.case.as_ref().and_then(|case| case.next_due(&self.playbook, now));
            let answer = self.asked.as_ref().map(|(at, _)| *at);
            let next = [answer, self.edge_at, coming.peek().map(|(at, _)| *at), tick];
            let Some((at, which)) =
                next.into_iter().enumerate().filter_map(|(which, at)| Some((at?, which))).min()
            else {
                break;
            };
            now = now.max(at);
            if now > until {
                break;
            }
            match which {
                0 => self.answer(now),
                1 => {
                    let rules = self.case.iter().flat_map(|case| case.standing_rules(now));
                    let in_force = rules.map(|rule| InForce { key: rule.key, until: rule.until }).collect();
                    self.edge_at = None;
                    self.act(&Command::EdgeRead { in_force, refused: Vec::new() }, now);
                }
                2 => match coming.next().expect("peeked").1 {
                    Outside::Report(n, kind) => self.file(sighting(n, kind, "spamcop.net", now), now),
                    Outside::Seen(n, kind) => self.file(sign(n, kind, 900, Some(PORT), now), now),
                    Outside::Operator(command) => self.act(&command, now),
                },
                _ => self.act(&Command::Tick, now),
            }
        }
        self.cases
    }

    fn file(&mut self, sighting: case::Sighting, now: Timestamp) {
        if self.case.is_some() {
            return self.act(&Command::File(sighting), now);
        }
        let id = CaseId(self.cases.len() as u64 + 1);
        let events = Case::open(id, &"dsl-17".parse().expect("a line"), sighting, &self.playbook, now);
        self.cases.push(Vec::new());
        self.take(events, now);
    }

    fn act(&mut self, command: &Command, now: Timestamp) {
        let Some(case) = &self.case else { return };
        if let Ok(events) = case.decide(command, &self.playbook, now) {
            self.take(events, now);
        }
    }

    fn take(&mut self, events: Vec<Event>, now: Timestamp) {
        let number = CaseId(self.cases.len() as u64);
        let records = self.cases.last_mut().expect("a case");
        let first = records.len() as u64 + 1;
        for (version, event) in (first..).zip(events) {
            if matches!(event, Event::BlockOrdered { .. } | Event::BlockApproved { .. }) {
                self.edge_at.get_or_insert(now + seconds(3));
            }
            records.push(Record { case: number, version, at: now, actor: Actor::Desk, event });
        }
        self.case = Case::replay(records.iter()).filter(|case| case.stage().is_open());
        let out = self.case.as_ref().and_then(Case::outstanding);
        let same = |asked: &(Timestamp, case::Asking)| out.is_some_and(|out| out.id == asked.1.id);
        if !self.asked.as_ref().is_some_and(same) {
            self.asked = out.map(|out| (out.due.max(now) + seconds(8), out.clone()));
        }
        if self.case.is_none() {
            self.edge_at = None;
        }
    }

    fn answer(&mut self, now: Timestamp) {
        let (_, asking) = self.asked.take().expect("a question");
        let started = now - seconds(8);
        let stands =
            (self.open_from..self.open_until).contains(&started) && asking.question.ports.contains(&PORT);
        let verdict = if stands { Verdict::OpenProxy } else { Verdict::Closed };
        let answer = Answer {
            question: asking.question.clone(),
            verdict,
            port: stands.then_some(PORT),
            protocol: stands.then(|| "http-connect".to_owned()),
            exit: stands.then_some(asking.question.address),
            started,
            seconds: 8.0,
            transcript: Vec::new(),
        };
        let mut evidence = [0xaa; 32];
        evidence[..8].copy_from_slice(&now.as_second().to_be_bytes());
        self.act(&Command::Answered { question: asking.id, answer, evidence: EvidenceId(evidence) }, now);
    }
}

fn until() -> Timestamp {
    evening() + hours(24 * 20)
}

/// A proxy that stands open for a day and a half and is reported twice.
fn usual() -> Vec<Vec<Record>> {
    let desk = Desk::new(Playbook::default(), evening(), evening() + hours(36));
    let outside =
        vec![(0, Outside::Report(1, Kind::OpenProxy)), (7200, Outside::Report(2, Kind::SpamSource))];
    desk.night(outside, until())
}

fn difference(cases: &[Vec<Record>], other: &Playbook) -> Difference {
    let mut difference = Difference::default();
    let rehearsed = |playbook| rehearse(cases, playbook, evening(), until());
    let really = happened(cases, evening(), until());
    difference.add(&really, &rehearsed(&Playbook::default()), &rehearsed(other));
    difference
}

#[test]
fn an_hour_of_grace_is_an_hour_later_and_nothing_else() {
    let mut patient = Playbook::default();
    patient.steps.iter_mut().filter(|step| step.when == Moment::Probe).for_each(|step| step.contain.clear());
    patient.steps.push(Step {
        stages: vec![Stage::Confirmed],
        after: Some(hours(1)),
        contain: vec![Restriction::MailOut, Restriction::ProvedPortIn],
        ..Step::new("give them an hour", Moment::Stage)
    });
    let told = difference(&usual(), &patient);
    assert_eq!((told.later, told.earlier, told.told_as_it_was, told.really), (1, 0, 1, 1));
    let Shift { later_by, pages, notices, .. } = told.shifts[0].clone();
    assert_eq!((later_by, pages, notices), (Some(3600), 0, 0));
}

#[test]
fn who_is_only_seen_and_then_dismissed_is_a_wrong_cut_off_of_a_playbook_that_contains_on_flows() {
    let desk = Desk::new(Playbook::default(), evening(), evening());
    let outside = vec![
        (0, Outside::Seen(1, SignKind::RelayShape)),
        (60, Outside::Seen(2, SignKind::AnsweredStranger)),
        (7200, Outside::Operator(Box::new(Command::Dismiss { reason: "it is their own proxy".to_owned() }))),
    ];
    let cases = desk.night(outside, until());
    let hasty = case::Choices { contain_on_flow_proof: true, ..case::Choices::default() };
    let told = difference(&cases, &Playbook { steps: hasty.steps(), ..Playbook::default() });
    assert_eq!((told.newly_contained, told.before.wrong, told.after.wrong), (1, 0, 1), "{told:?}");
    assert_eq!(told.shifts[0].wrong, Some(Wrong::Dismissed));
}

#[test]
fn a_quiet_playbook_saves_pages_and_letters_and_the_count_says_so() {
    let quiet =
        case::Choices { page_proxy_reports: false, tell_subscriber: false, ..case::Choices::default() };
    let told = difference(&usual(), &Playbook { steps: quiet.steps(), ..Playbook::default() });
    assert_eq!((told.before.pages, told.after.pages), (1, 0));
    assert_eq!((told.before.notices, told.after.notices), (1, 0));
    assert_eq!((told.earlier, told.later, told.newly_contained, told.no_longer_contained), (0, 0, 0, 0));
}

fn outside() -> impl Strategy<Value = (i64, Outside)> {
    let kinds = prop::sample::select(vec![Kind::OpenProxy, Kind::SpamSource, Kind::Malware, Kind::Scan]);
    let signs = prop::sample::select(SignKind::ALL.to_vec());
    let reason = || "because".to_owned();
    let what = prop_oneof![
        6 => (0..500u32, kinds).prop_map(|(n, kind)| Outside::Report(n, kind)),
        4 => (1000..1500u32, signs).prop_map(|(n, sign)| Outside::Seen(n, sign)),
        1 => Just(Outside::Operator(Box::new(Command::Confirm { reason: reason() }))),
        1 => Just(Outside::Operator(Box::new(Command::Release { reason: reason() }))),
        1 => Just(Outside::Operator(Box::new(Command::Dismiss { reason: reason() }))),
        1 => Just(Outside::Operator(Box::new(Command::Recheck { ports: vec![4145] }))),
        1 => Just(Outside::Operator(Box::new(Command::Merge { into: case::CaseId(99), reason: reason() }))),
    ];
    (0..15 * 86_400i64, what)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn under_its_own_playbook_every_night_is_the_night_that_was(
        outside in prop::collection::vec(outside(), 1..25),
        open in (0..10 * 86_400i64, 0..10 * 86_400i64),
        from in 0..10 * 86_400i64,
    ) {
        let open_from = evening() + seconds(open.0);
        let desk = Desk::new(Playbook::default(), open_from, open_from + seconds(open.1));
        let cases = desk.night(outside, until());
        for from in [evening(), evening() + seconds(from)] {
            let really = happened(&cases, from, until());
            prop_assert_eq!(&really, &rehearse(&cases, &Playbook::default(), from, until()));
        }
    }
}
