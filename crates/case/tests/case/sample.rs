//! A desk of one case, on a clock that is set by hand.
use case::{
    Actor, Answer, Case, CaseId, Command, Event, EvidenceId, InForce, Kind, Playbook, QuestionId, Record,
    Refusal, Sighting, SignKind, Source, Stage, Standing, Transport, Trust, Verdict, invariants, plan,
};
use jiff::{SignedDuration, Timestamp};

pub(crate) const LINE: &str = "198.51.100.7";

pub(crate) fn evening() -> Timestamp {
    "2026-03-01T22:00:00Z".parse().unwrap()
}

pub(crate) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// Evidence number `n`; its claim 0 of `kind` about [`LINE`], come and happened at `at`, from a mail that was shown to
/// come from `domain`.
pub(crate) fn sighting(n: u32, kind: Kind, domain: &str, at: Timestamp) -> Sighting {
    let mut evidence = [0; 32];
    evidence[..4].copy_from_slice(&n.to_be_bytes());
    Sighting {
        evidence: EvidenceId(evidence),
        claim: 0,
        span: None,
        source: Source::Report {
            domain: domain.to_owned(),
            authenticated: true,
            trust: Trust::default(),
            standing: if domain == "spamcop.net" { Standing::NamedFeed } else { Standing::Unknown },
            network: None,
        },
        kind,
        address: LINE.parse().unwrap(),
        port: None,
        protocol: None,
        happened: Some(at),
        received: at,
        attributed: "dsl-17 held it all day".to_owned(),
        report: None,
        spotted: false,
        malware: None,
    }
}

/// A sign in our own flow records of [`LINE`], sure to `score` thousandths, as evidence number `n`; its last flow ended at
/// `at`, when it was filed.
pub(crate) fn sign(n: u32, sign: SignKind, score: u16, port: Option<u16>, at: Timestamp) -> Sighting {
    Sighting {
        source: Source::Sign {
            sign,
            score,
            peer: None,
            peer_port: None,
            first: at - SignedDuration::from_mins(5),
            flows: 12,
            why: "12 strangers came in and what they sent went out again".to_owned(),
        },
        port: port.filter(|_| sign.is_of_our_port()),
        protocol: port.map(|_| Transport::Tcp),
        ..sighting(n, sign.kind(), "nobody.example", at)
    }
}

pub(crate) fn on_port(mut sighting: Sighting, port: u16) -> Sighting {
    sighting.port = Some(port);
    sighting.protocol = Some(Transport::Tcp);
    sighting
}

pub(crate) fn unknown_reporter(mut sighting: Sighting) -> Sighting {
    if let Source::Report { authenticated, .. } = &mut sighting.source {
        *authenticated = false;
    }
    sighting
}

/// From a reporter whose reports were borne out and refuted so often.
pub(crate) fn with_record(mut sighting: Sighting, confirmed: u32, refuted: u32) -> Sighting {
    if let Source::Report { trust, .. } = &mut sighting.source {
        *trust = Trust { confirmed, refuted };
    }
    sighting
}

/// Not shown to be from anywhere, handed over from this network.
pub(crate) fn from_network(sighting: Sighting, name: &str) -> Sighting {
    let mut sighting = unknown_reporter(sighting);
    if let Source::Report { network, .. } = &mut sighting.source {
        *network = Some(name.to_owned());
    }
    sighting
}

/// The built-in playbook with these choices.
pub(crate) fn with(choices: &case::Choices) -> Playbook {
    Playbook { steps: choices.steps(), ..Playbook::default() }
}

/// One case with its records, its playbook and the time.
pub(crate) struct Night {
    pub(crate) case: Case,
    pub(crate) records: Vec<Record>,
    pub(crate) playbook: Playbook,
    pub(crate) now: Timestamp,
}

impl Night {
    pub(crate) fn begins_with(first: Sighting) -> Night {
        Night::with(Playbook::default(), first, evening())
    }

    pub(crate) fn with(playbook: Playbook, first: Sighting, now: Timestamp) -> Night {
        let events = Case::open(CaseId(1), &"dsl-17".parse().unwrap(), first, &playbook, now);
        let records = number(0, events, now);
        let case = Case::replay(&records).expect("a case begins with Opened");
        Night { case, records, playbook, now }
    }

    pub(crate) fn act(&mut self, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = self.case.decide(command, &self.playbook, self.now)?;
        let records = number(self.case.version(), events.clone(), self.now);
        records.iter().for_each(|record| self.case.apply(record));
        self.records.extend(records);
        Ok(events)
    }

    /// As [`Night::act`], for what must not be refused.
    pub(crate) fn must(&mut self, command: &Command) -> Vec<Event> {
        self.act(command).unwrap_or_else(|refusal| panic!("{command:?} was refused: {refusal}"))
    }

    pub(crate) fn wait(&mut self, time: SignedDuration) {
        self.now += time;
    }

    /// Moves the clock to where the outstanding question is due, and answers it.
    pub(crate) fn answers(&mut self, verdict: Verdict, port: Option<u16>) -> Vec<Event> {
        let asking = self.case.outstanding().expect("a question is out").clone();
        self.now = self.now.max(asking.due) + SignedDuration::from_secs(8);
        let command = self.answer_to(asking.id, verdict, port).expect("the question is out");
        self.must(&command)
    }

    pub(crate) fn answer_to(&self, id: QuestionId, verdict: Verdict, port: Option<u16>) -> Option<Command> {
        let question = self.case.outstanding().filter(|asking| asking.id == id)?.question.clone();
        let started = self.now - SignedDuration::from_secs(8);
        let answer = Answer {
            exit: verdict.is_proof().then_some(question.address),
            question,
            verdict,
            port,
            protocol: verdict.is_proof().then(|| "http-connect".to_owned()),
            started,
            seconds: 8.0,
            transcript: Vec::new(),
        };
        let mut evidence = [0xaa; 32];
        evidence[..8].copy_from_slice(&self.case.version().to_be_bytes());
        Some(Command::Answered { question: id, answer, evidence: EvidenceId(evidence) })
    }

    /// The edge shows everything this case wants of it.
    pub(crate) fn edge_obeys(&mut self) -> Vec<Event> {
        let rules = self.case.standing_rules(self.now);
        let in_force = rules.iter().map(|rule| InForce { key: rule.key, until: rule.until }).collect();
        self.must(&Command::EdgeRead { in_force, refused: Vec::new() })
    }

    pub(crate) fn rules(&self) -> Vec<String> {
        self.case.standing_rules(self.now).iter().map(|rule| rule.key.to_string()).collect()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.case.stage()
    }

    /// The reason of the last move.
    pub(crate) fn why(&self) -> &str {
        let moved = |record: &'_ Record| matches!(record.event, Event::StageMoved { .. });
        match self.records.iter().rev().find(|record| moved(record)).map(|record| &record.event) {
            Some(Event::StageMoved { why, .. }) => why,
            _ => "it never moved",
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        let plan = plan([&self.case], self.now);
        invariants([&self.case], &plan, self.now).into_iter().map(|violation| violation.what).collect()
    }
}

fn number(version: u64, events: Vec<Event>, at: Timestamp) -> Vec<Record> {
    let record = |(event, version)| Record { case: CaseId(1), version, at, actor: Actor::Desk, event };
    events.into_iter().zip(version + 1..).map(record).collect()
}
