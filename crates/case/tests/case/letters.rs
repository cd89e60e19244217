//! Who is written to, when, and how often.
use case::{
    Command, Correspondent, Errand, Event, Kind, Refusal, Sighting, SpamcopAnswer, SpamcopReport, Stage,
    Verdict,
};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::sample::{LINE, Night, evening, hours, on_port, sighting, with_record};

const PORT: u16 = 48613;

fn from(report: &Sighting, address: &str) -> Command {
    Command::Correspond(Correspondent {
        evidence: report.evidence,
        address: address.to_owned(),
        authenticated: true,
        newcomer: false,
        about: vec![LINE.parse().unwrap()],
        spamcop: None,
    })
}

fn from_spamcop(report: &Sighting, id: u64, web_host: bool) -> Command {
    Command::Correspond(Correspondent {
        evidence: report.evidence,
        address: format!("{id}@reports.spamcop.net"),
        authenticated: true,
        newcomer: false,
        about: vec![LINE.parse().unwrap()],
        spamcop: Some(SpamcopReport { id, web_host }),
    })
}

fn report(n: u32, night: &Night) -> Sighting {
    sighting(n, Kind::SpamSource, "spamcop.net", night.now)
}

/// What was ordered, shortly: `thank`, `outcome to X`, `resolved 17`, `innocent 17`.
fn letters<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<String> {
    let letter = |event: &Event| match event {
        Event::AcknowledgementOrdered { reporter, .. } => {
            Some(format!("thank {}", reporter.clone().unwrap_or_default()))
        }
        Event::OutcomeOrdered { reporter, .. } => Some(format!("outcome to {reporter}")),
        Event::SpamcopOrdered { report, answer, .. } => Some(format!("{} {report}", answer.name())),
        _ => None,
    };
    events.into_iter().filter_map(letter).collect()
}

fn all_letters(night: &Night) -> Vec<String> {
    letters(night.records.iter().map(|record| &record.event))
}

/// A proved and contained proxy, with SpamCop's report 17 of it.
fn contained() -> Night {
    let first = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), PORT);
    let mut night = Night::begins_with(first.clone());
    night.must(&from_spamcop(&first, 17, false));
    night.answers(Verdict::OpenProxy, Some(PORT));
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);
    night
}

/// Answers as a closed line until it is cleaned; says how many probes that took.
fn cleaned(night: &mut Night) -> usize {
    for count in 1..=20 {
        night.answers(Verdict::Closed, None);
        night.must(&Command::Tick);
        if night.stage() == Stage::Cleaned {
            return count;
        }
        assert!(!all_letters(night).iter().any(|letter| letter.starts_with("resolved")), "too early");
    }
    panic!("twenty clean probes in a row do not clean the case: {}", night.why());
}

#[test]
fn each_reporter_is_thanked_once_for_one_case_and_spamcop_as_one() {
    let first = sighting(1, Kind::SpamSource, "mail.example", evening());
    let mut night = Night::begins_with(first.clone());
    assert_eq!(letters(&night.must(&from(&first, "anna@mail.example"))), ["thank anna@mail.example"]);
    assert!(night.must(&from(&first, "anna@mail.example")).is_empty(), "one report is told of once");
    for (n, address) in [(2, "anna@mail.example"), (3, "ben@mail.example")] {
        let report = sighting(n, Kind::SpamSource, "mail.example", evening());
        night.must(&Command::File(report.clone()));
        night.must(&from(&report, address));
    }
    for n in 4..6 {
        let report = report(n, &night);
        night.must(&Command::File(report.clone()));
        night.must(&from_spamcop(&report, u64::from(n), false));
    }
    let thanked = ["thank anna@mail.example", "thank ben@mail.example", "thank reports.spamcop.net"];
    assert_eq!(all_letters(&night), thanked);
}

#[test]
fn whoever_did_not_prove_to_be_the_sender_is_not_thanked() {
    let first = sighting(1, Kind::SpamSource, "mail.example", evening());
    let mut night = Night::begins_with(first.clone());
    let Command::Correspond(mut correspondent) = from(&first, "anna@mail.example") else { unreachable!() };
    correspondent.authenticated = false;
    night.must(&Command::Correspond(correspondent));
    assert_eq!(all_letters(&night), [""; 0]);
}

#[test]
fn spamcop_hears_resolved_once_the_line_is_clean_and_never_before() {
    let mut night = contained();
    assert_eq!(all_letters(&night), ["thank reports.spamcop.net"]);
    let (began, probes) = (night.now, cleaned(&mut night));
    assert!(probes >= 3 && night.now.duration_since(began) >= hours(24), "{probes} probes");
    assert_eq!(all_letters(&night), ["thank reports.spamcop.net", "resolved 17"]);
    night.answers(Verdict::Closed, None);
    night.wait(hours(24 * 8));
    night.must(&Command::Tick);
    assert_eq!(all_letters(&night).len(), 2, "and not again");
    let errands: Vec<Errand> = night
        .records
        .iter()
        .flat_map(|record| Errand::following(record.case, &record.event, record.at))
        .map(|(_, _, errand)| errand)
        .collect();
    assert!(errands.contains(&Errand::AnswerSpamcop { report: 17, answer: SpamcopAnswer::Resolved }));
}

#[test]
fn neither_release_nor_expiry_nor_dismissal_is_an_outcome() {
    let mut night = contained();
    night.must(&Command::Release { reason: "the customer asked".to_owned() });
    night.wait(hours(200));
    night.must(&Command::Tick);
    night.must(&Command::Dismiss { reason: "no time".to_owned() });
    assert_eq!(all_letters(&night), ["thank reports.spamcop.net"]);
}

#[test]
fn a_report_that_comes_after_the_cleaning_waits_for_clean_probes_of_its_own() {
    let mut night = contained();
    cleaned(&mut night);
    let late = report(2, &night);
    night.must(&Command::File(late.clone()));
    night.must(&from_spamcop(&late, 18, false));
    night.must(&Command::Tick);
    assert_eq!(night.stage(), Stage::Cleaned);
    let told = |night: &Night, id: &str| all_letters(night).contains(&format!("resolved {id}"));
    assert!(told(&night, "17") && !told(&night, "18"), "nobody has looked since");
    let filed = night.now;
    while !told(&night, "18") {
        assert!(night.now.duration_since(filed) < hours(24 * 4), "it is never told");
        night.answers(Verdict::Closed, None);
    }
    assert!(night.now.duration_since(filed) >= hours(24));
    assert_eq!(all_letters(&night).iter().filter(|letter| letter.starts_with("resolved")).count(), 2);
}

#[test]
fn while_something_new_makes_the_line_suspected_nobody_is_told_that_it_is_clean() {
    let mut night = contained();
    let (mut last, mut closed) = (night.now, 0);
    while last.duration_since(evening()) < hours(25) || closed < 3 {
        // The next clean probe ends the run: before it, somebody names the proxy anew.
        let asked = night.case.outstanding().unwrap().due;
        if asked.duration_since(evening()) >= hours(24) && closed >= 3 && night.case.sightings().len() == 1 {
            night.now = asked;
            let anew = sighting(2, Kind::OpenProxy, "other.example", night.now);
            let anew = on_port(with_record(anew, 50, 0), PORT);
            night.must(&Command::File(anew));
        }
        night.answers(Verdict::Closed, None);
        (last, closed) = (night.now, closed + 1);
    }
    assert_eq!(night.stage(), Stage::Suspected, "{}", night.why());
    assert!(!all_letters(&night).contains(&"resolved 17".to_owned()));
    cleaned(&mut night);
    assert!(all_letters(&night).contains(&"resolved 17".to_owned()));
}

#[test]
fn a_line_that_is_open_again_is_not_called_resolved_again_for_the_old_report() {
    let mut night = contained();
    cleaned(&mut night);
    let again = on_port(sighting(2, Kind::OpenProxy, "spamcop.net", night.now), PORT);
    night.must(&Command::File(again.clone()));
    night.must(&from_spamcop(&again, 18, false));
    night.wait(hours(1));
    night.answers(Verdict::OpenProxy, Some(PORT));
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);
    for _ in 0..20 {
        night.answers(Verdict::Closed, None);
    }
    let resolved: Vec<String> =
        all_letters(&night).into_iter().filter(|letter| letter.starts_with("resolved")).collect();
    assert_eq!(resolved, ["resolved 17", "resolved 18"]);
}

#[test]
fn a_reporter_we_wrote_to_hears_of_the_outcome_once() {
    let mut night = contained();
    for (n, address) in [(2, "anna@mail.example"), (3, "ben@mail.example"), (4, "anna@mail.example")] {
        let report = sighting(n, Kind::SpamSource, "mail.example", night.now);
        night.must(&Command::File(report.clone()));
        night.must(&from(&report, address));
    }
    // The relay took the letter to Anna; the one to Ben was refused.
    night.must(&Command::Told { to: "Anna@mail.example".to_owned(), failure: None });
    let failure = Some("no such user".to_owned());
    night.must(&Command::Told { to: "ben@mail.example".to_owned(), failure });
    cleaned(&mut night);
    for _ in 0..6 {
        night.answers(Verdict::Closed, None);
    }
    let outcome: Vec<String> =
        all_letters(&night).into_iter().filter(|letter| letter.starts_with("outcome")).collect();
    assert_eq!(outcome, ["outcome to anna@mail.example"]);
}

#[test]
fn the_playbook_can_keep_us_silent() {
    let mut night = contained();
    night.playbook.spamcop_resolved = false;
    night.playbook.tell_reporter_outcome = false;
    night.must(&Command::Told { to: "anna@mail.example".to_owned(), failure: None });
    for _ in 0..8 {
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(night.stage(), Stage::Cleaned);
    assert_eq!(all_letters(&night), ["thank reports.spamcop.net"]);
}

#[test]
fn only_a_web_host_is_ever_called_innocent_and_only_by_hand() {
    let reason = || Command::Innocent { reason: "the page is a customer's shop, seen by me".to_owned() };
    let first = sighting(1, Kind::Other, "spamcop.net", evening());
    let mut night = Night::begins_with(first.clone());
    assert_eq!(night.act(&reason()), Err(Refusal::NothingToDeny));
    night.must(&from_spamcop(&first, 21, true));
    let source = report(2, &night);
    night.must(&Command::File(source.clone()));
    night.must(&from_spamcop(&source, 22, false));
    assert!(night.case.may_claim_innocence());
    assert_eq!(night.act(&Command::Innocent { reason: " ".to_owned() }), Err(Refusal::NoReason));
    night.must(&Command::Dismiss { reason: "a shop".to_owned() });
    assert_eq!(letters(&night.must(&reason())), ["innocent 21"], "a mail's source is not");
    assert_eq!(night.act(&reason()), Err(Refusal::NothingToDeny), "and once");
}

#[test]
fn a_proved_line_is_not_innocent() {
    let mut night = contained();
    let page = sighting(2, Kind::Other, "spamcop.net", night.now);
    night.must(&Command::File(page.clone()));
    night.must(&from_spamcop(&page, 23, true));
    let reason = "we know them".to_owned();
    assert_eq!(night.act(&Command::Innocent { reason }), Err(Refusal::NotInnocent));
}

#[test]
fn a_case_of_old_records_thanks_nobody_of_a_thanked_domain_again() {
    let mut night = Night::begins_with(sighting(1, Kind::SpamSource, "mail.example", evening()));
    let old = r#"{"event":"acknowledgement-ordered","evidence":"0000000100000000000000000000000000000000000000000000000000000000"}"#;
    let event: Event = serde_json::from_str(old).unwrap();
    let record = case::Record {
        case: night.case.id(),
        version: night.case.version() + 1,
        at: night.now,
        actor: case::Actor::Desk,
        event,
    };
    night.case.apply(&record);
    let again = sighting(2, Kind::SpamSource, "mail.example", evening());
    night.must(&Command::File(again.clone()));
    assert_eq!(letters(&night.must(&from(&again, "anna@mail.example"))), [""; 0]);
}

/// One thing that may happen between a report and its answer.
#[derive(Debug, Clone)]
enum Happening {
    /// SpamCop's report of this number, in evidence of this number.
    Spamcop(u8, u8),
    /// A report of this reporter's.
    Person(u8, u8),
    Answer(Verdict),
    Told(u8),
    Wait(i64),
    Release,
    Innocent,
}

fn happening() -> impl Strategy<Value = Happening> {
    let verdict = prop_oneof![4 => Just(Verdict::Closed), 1 => Just(Verdict::OpenProxy), 1 => Just(Verdict::Unreachable)];
    prop_oneof![
        2 => (0..12u8, 0..6u8).prop_map(|(evidence, id)| Happening::Spamcop(evidence, id)),
        2 => (12..24u8, 0..4u8).prop_map(|(evidence, who)| Happening::Person(evidence, who)),
        9 => verdict.prop_map(Happening::Answer),
        1 => (0..4u8).prop_map(Happening::Told),
        2 => (0..40i64).prop_map(Happening::Wait),
        1 => Just(Happening::Release),
        1 => Just(Happening::Innocent),
    ]
}

fn happens(night: &mut Night, happening: &Happening) {
    let person = |who: u8| format!("person{who}@mail.example");
    match happening {
        Happening::Spamcop(evidence, id) => {
            let report = report(100 + u32::from(*evidence), night);
            night.must(&Command::File(report.clone()));
            night.must(&from_spamcop(&report, u64::from(*id), id % 2 == 0));
        }
        Happening::Person(evidence, who) => {
            let report = sighting(100 + u32::from(*evidence), Kind::SpamSource, "mail.example", night.now);
            night.must(&Command::File(report.clone()));
            night.must(&from(&report, &person(*who)));
        }
        Happening::Answer(verdict) => {
            if night.case.outstanding().is_some() {
                night.answers(*verdict, verdict.is_proof().then_some(PORT));
                night.edge_obeys();
            }
        }
        Happening::Told(who) => _ = night.must(&Command::Told { to: person(*who), failure: None }),
        Happening::Wait(hours) => {
            night.wait(SignedDuration::from_hours(*hours));
            night.must(&Command::Tick);
        }
        // Refused where there is nothing to release or deny.
        Happening::Release => drop(night.act(&Command::Release { reason: "because".to_owned() })),
        Happening::Innocent => drop(night.act(&Command::Innocent { reason: "because".to_owned() })),
    }
}

/// When the report that `evidence` is was first named.
fn named(night: &Night, evidence: &case::EvidenceId) -> Timestamp {
    let is = |event: &Event| matches!(event, Event::ReporterNamed { correspondent } if correspondent.evidence == *evidence);
    night.records.iter().find(|record| is(&record.event)).expect("named before it is answered").at
}

/// Whether the newest answers before `at` are enough negatives over long enough, the first of them after `since`.
fn clean_run(night: &Night, since: Timestamp, at: Timestamp) -> bool {
    let answers = night.case.answers().iter().rev().filter(|answer| answer.started < at);
    let closed: Vec<Timestamp> = answers
        .filter(|answer| answer.verdict != Verdict::Unreachable)
        .take_while(|answer| answer.verdict == Verdict::Closed && answer.started >= since)
        .map(|answer| answer.started)
        .collect();
    let over = closed.first().zip(closed.last()).map(|(newest, oldest)| newest.duration_since(*oldest));
    closed.len() >= 3 && over.is_some_and(|over| over >= hours(24))
}

proptest! {
    #[test]
    fn whatever_happens_every_letter_is_ordered_once_and_no_outcome_without_clean_probes_since_the_report(
        happenings in prop::collection::vec(happening(), 1..70),
    ) {
        let mut night = contained();
        for happening in &happenings {
            if !night.stage().is_open() {
                break;
            }
            happens(&mut night, happening);
        }
        let mut seen = std::collections::BTreeSet::new();
        for record in &night.records {
            let letter = letters([&record.event]).pop();
            // A report has one answer, whichever it is.
            let once = letter.map(|letter| letter.replace("innocent", "resolved"));
            if let Some(letter) = once {
                prop_assert!(seen.insert(letter.clone()), "{letter} was ordered twice");
            }
            match &record.event {
                Event::OutcomeOrdered { evidence, reporter } => {
                    prop_assert!(clean_run(&night, named(&night, evidence), record.at), "told {reporter} too early");
                    let wrote = night.case.told().iter().any(|(at, to)| *at <= record.at && to == reporter);
                    prop_assert!(wrote, "{reporter} was never written to before");
                }
                Event::SpamcopOrdered { evidence, answer: SpamcopAnswer::Resolved, report, .. } => {
                    let since = named(&night, evidence);
                    prop_assert!(clean_run(&night, since, record.at), "resolved {report} too early");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_flood_of_newcomers_is_thanked_ten_times_and_leaves_room_for_those_with_a_record() {
    let first = sighting(1, Kind::SpamSource, "spamcop.net", evening());
    let mut night = Night::begins_with(first);
    let mut thanks = Vec::new();
    for n in 2..600u32 {
        let Command::Correspond(one) = from(&report(n, &night), &format!("a@throwaway{n}.example")) else {
            panic!("another command")
        };
        let newcomer = Command::Correspond(Correspondent { newcomer: true, ..one });
        thanks.extend(letters(&night.must(&newcomer)));
    }
    assert_eq!(thanks.len(), 10, "{thanks:?}");
    let known = from(&report(700, &night), "anna@example.org");
    assert_eq!(letters(&night.must(&known)), ["thank anna@example.org"]);
}
