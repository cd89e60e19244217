//! Who is believed how far, and what becomes of their record.
use case::{Command, Event, Filing, Kind, Source, Stage, Standing, Verdict};
use jiff::SignedDuration;

use crate::sample::{Night, evening, from_network, hours, on_port, sighting, unknown_reporter, with_record};

const FIRST: u32 = 1;

fn pages(night: &Night) -> usize {
    night.records.iter().filter(|record| matches!(record.event, Event::PageOrdered { .. })).count()
}

fn verdicts(events: &[Event]) -> Vec<(String, bool)> {
    let verdict = |event: &Event| match event {
        Event::ReporterJudged { domain, confirmed, .. } => Some((domain.clone(), *confirmed)),
        _ => None,
    };
    events.iter().filter_map(verdict).collect()
}

#[test]
fn no_number_of_strangers_is_a_suspicion_however_they_are_spread() {
    let crowd = |n: u32| {
        let kind = [Kind::OpenProxy, Kind::OpenRelay, Kind::SpamSource, Kind::Malware][n as usize % 4];
        let said = on_port(sighting(n, kind, &format!("d{n}.example"), evening()), 1080);
        if n.is_multiple_of(2) { from_network(said, &format!("AS{n}")) } else { said }
    };
    let mut night = Night::begins_with(crowd(FIRST));
    for n in 2..3000 {
        night.must(&Command::File(crowd(n)));
    }
    assert!(night.stage() < Stage::Suspected, "{}", night.why());
    let judged = night.case.judgement(&night.playbook, night.now);
    assert!(judged.why.contains("all without a record count at most 3.5"), "{}", judged.why);
    assert_eq!(pages(&night), 0, "nobody is woken by a crowd");
    assert!(night.case.sightings().len() < 600, "{} are filed one by one", night.case.sightings().len());
    let told = night.case.counted() + night.case.sightings().len() as u64;
    assert_eq!(told, 2999, "and every one of them counts");

    // The same crowd and one feed that is known: now it is one.
    night.must(&Command::File(sighting(9999, Kind::OpenProxy, "spamcop.net", evening())));
    assert_eq!(night.stage(), Stage::Suspected);
    assert_eq!(pages(&night), 1);
}

#[test]
fn one_network_is_one_voice_whatever_names_it_writes() {
    let from = |n: u32, network: &str| {
        from_network(sighting(n, Kind::OpenProxy, &format!("d{n}.example"), evening()), network)
    };
    let mut one = Night::begins_with(from(FIRST, "AS64500"));
    let alone = one.case.judgement(&one.playbook, one.now).hearsay;
    for n in 2..40 {
        one.must(&Command::File(from(n, "AS64500")));
    }
    assert!((one.case.judgement(&one.playbook, one.now).hearsay - alone).abs() < 1e-9);
    one.must(&Command::File(from(99, "AS64501")));
    assert!(one.case.judgement(&one.playbook, one.now).hearsay > alone + 0.5);
}

#[test]
fn the_unpublished_box_is_believed_and_pages_once() {
    let mut boxed = unknown_reporter(sighting(FIRST, Kind::OpenProxy, "spamcop.net", evening()));
    if let Source::Report { standing, .. } = &mut boxed.source {
        *standing = Standing::UnpublishedBox;
    }
    let mut night = Night::begins_with(boxed.clone());
    assert_eq!((night.stage(), pages(&night)), (Stage::Suspected, 1));
    night.must(&Command::File(case::Sighting {
        evidence: sighting(2, Kind::Other, "", evening()).evidence,
        ..boxed
    }));
    night.answers(Verdict::OpenProxy, Some(1080));
    assert_eq!(pages(&night), 1);
}

#[test]
fn our_own_proof_pages_whoever_told_us_and_the_playbook_may_forbid_it() {
    let stranger = unknown_reporter(sighting(FIRST, Kind::SpamSource, "a.example", evening()));
    let mut night = Night::begins_with(stranger.clone());
    assert_eq!(pages(&night), 0);
    night.answers(Verdict::OpenProxy, Some(1080));
    assert_eq!(pages(&night), 1);

    let quiet = crate::sample::with(&case::Choices { page_proxy_reports: false, ..case::Choices::default() });
    let mut night = Night::with(quiet, stranger, evening());
    night.answers(Verdict::OpenProxy, Some(1080));
    assert_eq!(pages(&night), 0);
}

#[test]
fn an_alleged_proxy_is_on_top_of_the_queue_at_any_stage_by_trust_until_it_is_answered() {
    let of = |sighting| {
        let night = Night::begins_with(sighting);
        night.case.urgency(&night.playbook)
    };
    let feed = of(with_record(sighting(FIRST, Kind::OpenProxy, "a.example", evening()), 3, 0));
    let newcomer = of(sighting(FIRST, Kind::OpenProxy, "a.example", evening()));
    let nobody = of(unknown_reporter(sighting(FIRST, Kind::OpenProxy, "a.example", evening())));
    assert!(feed.proxy && newcomer.proxy && nobody.proxy);
    assert!(feed.harm > newcomer.harm && newcomer.harm > nobody.harm);
    let mut spotted = sighting(FIRST, Kind::SpamSource, "a.example", evening());
    assert!(!of(spotted.clone()).proxy);
    spotted.spotted = true;
    assert!(of(spotted).proxy, "the words of a report on spam speak of a proxy");

    let mut night =
        Night::begins_with(on_port(sighting(FIRST, Kind::OpenProxy, "a.example", evening()), 7777));
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    assert!(!night.case.urgency(&night.playbook).proxy, "a day of probes found nothing there");
}

#[test]
fn who_named_the_proved_port_is_credited_and_a_guess_about_any_port_is_not() {
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "right.example", evening()), 48613));
    night.must(&Command::File(on_port(sighting(2, Kind::OpenProxy, "wrong.example", evening()), 99)));
    night.must(&Command::File(sighting(3, Kind::OpenProxy, "guess.example", evening())));
    night.must(&Command::File(sighting(4, Kind::OpenProxy, "spamcop.net", evening())));
    night.must(&Command::File(on_port(sighting(5, Kind::SpamSource, "spam.example", evening()), 48613)));
    let unshown = unknown_reporter(on_port(sighting(6, Kind::OpenProxy, "forged.example", evening()), 48613));
    night.must(&Command::File(unshown));
    let given = verdicts(&night.answers(Verdict::OpenProxy, Some(48613)));
    assert_eq!(given, [("right.example".to_owned(), true), ("spamcop.net".to_owned(), true)]);

    // What everybody can read by now earns nobody a record, and nothing is given twice.
    night.wait(hours(1));
    let late = on_port(sighting(7, Kind::OpenProxy, "late.example", night.now), 48613);
    assert_eq!(verdicts(&night.must(&Command::File(late))), []);
    assert_eq!(verdicts(&night.must(&Command::Tick)), []);
}

#[test]
fn one_open_proxy_makes_a_record_for_ten_reporters_at_most() {
    let named = |n: u32| on_port(sighting(n, Kind::OpenProxy, &format!("d{n}.example"), evening()), 48613);
    let mut night = Night::begins_with(named(1));
    for n in 2..40 {
        night.must(&Command::File(named(n)));
    }
    assert_eq!(verdicts(&night.answers(Verdict::OpenProxy, Some(48613))).len(), 10);
    night.wait(hours(7));
    assert_eq!(verdicts(&night.answers(Verdict::OpenProxy, Some(48613))).len(), 0);
}

#[test]
fn a_port_that_a_day_of_probes_finds_closed_refutes_who_named_it_and_nobody_else() {
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "wolf.example", evening()), 7777));
    night.must(&Command::File(sighting(2, Kind::OpenProxy, "vague.example", evening())));
    night.must(&Command::File(sighting(3, Kind::SpamSource, "spam.example", evening())));
    night.must(&Command::File(sighting(4, Kind::Malware, "virus.example", evening())));
    let mut given = Vec::new();
    for _ in 0..6 {
        given.extend(verdicts(&night.answers(Verdict::Closed, None)));
    }
    assert_eq!(given, [("wolf.example".to_owned(), false)]);

    // It was open after all, at other times: the word is taken back.
    night.wait(hours(1));
    let mut given = verdicts(&night.answers(Verdict::OpenProxy, Some(7777)));
    given.sort();
    assert_eq!(given, [("wolf.example".to_owned(), true)]);
}

#[test]
fn silence_refutes_nobody() {
    let mut night = Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "a.example", evening()), 7777));
    let mut given = Vec::new();
    while night.case.outstanding().is_some() && night.case.answers().len() < 20 {
        given.extend(verdicts(&night.answers(Verdict::Unreachable, None)));
    }
    assert_eq!(given, []);
    assert!(night.case.answers().len() < 20, "a heads-up that nothing answers is not asked for ever");
}

#[test]
fn an_operator_who_dismisses_refutes_the_claims_unless_they_were_proved() {
    let claimed = on_port(sighting(1, Kind::OpenProxy, "wolf.example", evening()), 7777);
    let dismiss = Command::Dismiss { reason: "a test of ours".to_owned() };
    let mut night = Night::begins_with(claimed.clone());
    assert_eq!(verdicts(&night.must(&dismiss)), [("wolf.example".to_owned(), false)]);
    let mut night = Night::begins_with(claimed);
    night.answers(Verdict::OpenProxy, Some(7777));
    assert_eq!(verdicts(&night.must(&dismiss)), []);
}

#[test]
fn the_same_report_by_two_ways_is_one_and_a_forged_first_copy_hides_nothing() {
    let by = |n: u32, way: &str| {
        let mut report = sighting(n, Kind::OpenProxy, way, evening());
        report.report = Some("7001".to_owned());
        report
    };
    let mut night = Night::begins_with(unknown_reporter(by(1, "spamcop.net")));
    assert_eq!(night.case.filing(&by(2, "spamcop.net")), Filing::File, "the first could have been anybody's");
    night.must(&Command::File(by(2, "spamcop.net")));
    assert_eq!(night.stage(), Stage::Suspected);
    let before = night.case.judgement(&night.playbook, night.now).hearsay;
    let forwarded = by(3, "colleague.example");
    assert_eq!(night.case.filing(&forwarded), Filing::Repeat(by(2, "").evidence));
    night.must(&Command::File(forwarded));
    assert!((night.case.judgement(&night.playbook, night.now).hearsay - before).abs() < 1e-9);
    assert_eq!((night.case.sightings().len(), night.case.counted()), (2, 0));
}

#[test]
fn a_hundred_people_who_report_the_same_spam_are_all_counted() {
    let mut night = Night::begins_with(sighting(1, Kind::SpamSource, "d1.example", evening()));
    for n in 2..=100 {
        night.must(&Command::File(sighting(n, Kind::SpamSource, &format!("d{n}.example"), evening())));
    }
    assert_eq!(night.case.sightings().len() as u64 + night.case.counted(), 100);
    assert_eq!(night.stage(), Stage::HeadsUp);
}

#[test]
fn what_is_said_for_weeks_does_not_fade_for_being_counted() {
    let feed = |n: u32, at| with_record(sighting(n, Kind::SpamSource, "feed.example", at), 20, 0);
    let mut night = Night::begins_with(feed(1, evening()));
    for n in 2..2000 {
        night.wait(SignedDuration::from_mins(15));
        let report = feed(n, night.now);
        night.must(&Command::File(report));
    }
    let hearsay = night.case.judgement(&night.playbook, night.now).hearsay;
    assert!(hearsay > -2.0, "three weeks on it still weighs: {hearsay}");
    assert!(night.case.sightings().len() < 700);
}

#[test]
fn a_port_named_by_somebody_with_a_record_is_asked_before_those_of_a_crowd() {
    let crowd = |n: u16| {
        let said = sighting(u32::from(n), Kind::OpenProxy, &format!("d{n}.example"), evening());
        from_network(on_port(said, 10_000 + n), "AS64500")
    };
    let mut night = Night::begins_with(crowd(1));
    for n in 2..2000 {
        night.must(&Command::File(crowd(n)));
    }
    night.must(&Command::File(on_port(sighting(9999, Kind::OpenProxy, "spamcop.net", evening()), 48613)));
    night.answers(Verdict::Closed, None);
    assert_eq!(night.case.outstanding().unwrap().question.ports[0], 48613);
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.stage(), Stage::Confirmed);

    // Also where the next question, for more of what the crowd named, was already to be put.
    let mut night = Night::begins_with(crowd(1));
    for n in 2..2000 {
        night.must(&Command::File(crowd(n)));
    }
    night.answers(Verdict::Closed, None);
    let next = night.case.outstanding().unwrap().clone();
    assert!(next.due > night.now && !next.question.ports.contains(&48613));
    night.must(&Command::File(on_port(sighting(9999, Kind::OpenProxy, "spamcop.net", night.now), 48613)));
    let asking = night.case.outstanding().unwrap();
    assert_eq!(
        (asking.question.ports[0], asking.due),
        (48613, next.due),
        "at the same moment, with the port that counts"
    );
}
