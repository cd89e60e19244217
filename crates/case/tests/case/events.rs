//! The words a case's history is kept in. Old records are read for ever: when the snapshot here changes in any way but
//! by addition, records on disk no longer mean what they did.
use case::{
    Correspondent, Event, EvidenceId, Kind, LiftReason, LookFor, Measure, Question, QuestionId, Rule,
    RuleKey, Sighting, SignKind, Source, SpamcopAnswer, SpamcopReport, Stage, Standing, Transport, Verdict,
};
use jiff::Timestamp;

use crate::sample::{LINE, evening, on_port, sighting, sign};

fn correspondent(spamcop: Option<SpamcopReport>) -> Correspondent {
    let evidence = EvidenceId([7; 32]);
    let about = vec![LINE.parse().unwrap()];
    Correspondent {
        evidence,
        address: "anna@example.org".to_owned(),
        authenticated: true,
        newcomer: false,
        about,
        spamcop,
    }
}

fn spamcop(answer: SpamcopAnswer) -> Event {
    Event::SpamcopOrdered { evidence: EvidenceId([7; 32]), report: 17, answer, why: "in words".to_owned() }
}

fn every_event() -> Vec<Event> {
    let at: Timestamp = evening();
    let evidence = EvidenceId([7; 32]);
    let address = LINE.parse().unwrap();
    let text = || "in words".to_owned();
    let key = RuleKey { address, measure: Measure::In { protocol: Transport::Tcp, port: 48613 } };
    let out = RuleKey { address, measure: Measure::Out { protocol: Transport::Tcp, port: 25 } };
    let as_before = |source: Source| match source {
        Source::Report { domain, authenticated, trust, .. } => {
            Source::Report { domain, authenticated, trust, standing: Standing::Unknown, network: None }
        }
        seen @ Source::Sign { .. } => seen,
    };
    let mut sighting: Sighting = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", at), 48613);
    sighting.source = as_before(sighting.source);
    let mut spotted = Sighting { report: Some("7001".to_owned()), spotted: true, ..sighting.clone() };
    if let Source::Report { standing, network, .. } = &mut spotted.source {
        (*standing, *network) = (Standing::UnpublishedBox, Some("AS64500".to_owned()));
    }
    let relayed = sign(2, SignKind::RelayShape, 910, Some(48613), at);
    let question = Question { address, ports: vec![48613, 1080], look_for: LookFor::OpenProxy };
    let asked = |by_operator, line_moved| {
        let question = question.clone();
        Event::Asked { id: QuestionId(1), question, due: at, why: text(), by_operator, line_moved }
    };
    let lifted = |reason| Event::BlockLifted { key, reason };
    vec![
        Event::Opened { subscriber: "dsl-17".parse().unwrap(), playbook: None },
        Event::Playbook { version: case::PlaybookVersion { number: 3, hash: "0123456789ab".to_owned() } },
        Event::StepTaken { step: "still not contained".to_owned(), why: "confirmed for 2h".to_owned() },
        Event::Filed { sighting, weight: 7.5 },
        Event::StageMoved { from: Stage::HeadsUp, to: Stage::Suspected, why: text() },
        Event::WatchSet { until: at, why: text() },
        asked(false, false),
        Event::Answered {
            id: QuestionId(1),
            address,
            verdict: Verdict::OpenProxy,
            port: Some(48613),
            protocol: Some("http-connect".to_owned()),
            exit: Some(address),
            evidence,
            started: Some(at),
        },
        Event::ConfirmedByHand { reason: text() },
        Event::BlockOrdered { rule: Rule { key: out, case: case::CaseId(1), until: at }, why: text() },
        Event::BlockVerified { key, until: at },
        Event::BlockRefused { key, reason: text() },
        Event::BlockLost { key },
        lifted(LiftReason::Expired),
        lifted(LiftReason::Released),
        lifted(LiftReason::HolderChanged(text())),
        lifted(LiftReason::CaseEnded),
        Event::AddressLost { address, reason: text() },
        Event::Released { reason: text() },
        Event::Dismissed { reason: text() },
        Event::NoticeOrdered { evidence: Some(evidence) },
        Event::AcknowledgementOrdered { evidence, reporter: None },
        Event::Told { to: "owner@example.net".to_owned() },
        Event::TellingFailed { to: "owner@example.net".to_owned(), reason: text() },
        Event::Noted { text: text() },
        asked(true, false),
        asked(false, true),
        Event::Filed { sighting: spotted, weight: 6.0 },
        Event::Counted { reports: 40, copies: 2, last: at },
        Event::PageOrdered { what: text() },
        Event::ReporterJudged { domain: "spamcop.net".to_owned(), evidence, confirmed: true },
        Event::ReporterNamed { correspondent: correspondent(None) },
        Event::ReporterNamed { correspondent: correspondent(Some(SpamcopReport { id: 17, web_host: true })) },
        Event::AcknowledgementOrdered { evidence, reporter: Some("anna@example.org".to_owned()) },
        Event::OutcomeOrdered { evidence, reporter: "anna@example.org".to_owned() },
        spamcop(SpamcopAnswer::Resolved),
        spamcop(SpamcopAnswer::Innocent),
        Event::Filed { sighting: relayed, weight: 5.915 },
        Event::SignWithdrawn { evidence, claim: 0, reason: text() },
        Event::BlockHeld { key },
        Event::BlockApproved { key, by: text() },
        lifted(LiftReason::Tested),
    ]
}

#[test]
fn every_event_is_kept_in_the_words_it_always_was() {
    let lines: Vec<String> =
        every_event().iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"));
    for (line, event) in lines.iter().zip(every_event()) {
        assert_eq!(serde_json::from_str::<Event>(line).unwrap(), event);
    }
}

#[test]
fn an_answer_from_before_its_start_was_kept_is_still_read() {
    let old = r#"{"event":"answered","id":1,"address":"198.51.100.7","verdict":"closed","port":null,"protocol":null,"exit":null,"evidence":"0707070707070707070707070707070707070707070707070707070707070707"}"#;
    assert!(matches!(serde_json::from_str(old), Ok(Event::Answered { started: None, .. })));
}
