//! Nights, each as it would be told the next morning. Read them in order to learn what a case does.
use std::net::IpAddr;

use case::{
    CaseId, Command, Errand, Event, InForce, Kind, LiftReason, Playbook, Refusal, Refused, RuleState, Stage,
    Tested, Verdict,
};
use jiff::SignedDuration;

use crate::sample::{LINE, Night, evening, hours, on_port, sighting, unknown_reporter, with_record};

fn names(events: &[Event]) -> Vec<String> {
    let name = |event: &Event| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned();
    events.iter().map(name).collect()
}

/// A proxy report at ten in the evening, proved half a minute later.
fn proved() -> Night {
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613));
    night.answers(Verdict::OpenProxy, Some(48613));
    night
}

#[test]
fn an_ordinary_bad_night_from_the_first_report_to_the_closed_case() {
    // SpamCop says: open proxy, port 48613. That is hearsay, but it goes to the top of the queue and is asked at once.
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613));
    assert_eq!(night.stage(), Stage::Suspected);
    assert!(night.why().contains("open-proxy from spamcop.net (authenticated)"), "{}", night.why());
    assert!(night.case.urgency(&night.playbook).proxy);
    assert!(night.rules().is_empty(), "nobody is cut off on hearsay");
    let asking = night.case.outstanding().unwrap();
    assert_eq!((asking.due, asking.question.ports[0]), (night.now, 48613));
    assert!(asking.question.ports.contains(&1080), "the usual ports come after the named one");

    // The probe gets its own nonce back through it. The line loses mail and that port, for a day; its owner is told.
    let events = night.answers(Verdict::OpenProxy, Some(48613));
    let expected = [
        "answered",
        "stage-moved",
        "notice-ordered",
        "block-ordered",
        "block-ordered",
        "reporter-judged",
        "asked",
    ];
    assert_eq!(names(&events), expected);
    assert_eq!(night.stage(), Stage::Confirmed);
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/48613 in"]);

    // It is contained once the edge has been seen to show both, and not before.
    night.wait(SignedDuration::from_secs(2));
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);
    assert!(!night.case.urgency(&night.playbook).proxy);
    assert!(night.edge_obeys().is_empty(), "reading the same again is no news");

    // The owner cleans the machine. Probes go on every six hours; those of a whole day find nothing.
    for _ in 0..4 {
        night.answers(Verdict::Closed, None);
    }
    assert_ne!(night.stage(), Stage::Cleaned, "four negatives span eighteen hours");
    night.answers(Verdict::Closed, None);
    assert_eq!(night.stage(), Stage::Cleaned);
    assert!(night.rules().is_empty());

    // A quiet week later the case closes by itself.
    night.wait(hours(8 * 24));
    night.must(&Command::Tick);
    assert_eq!(night.stage(), Stage::Closed);
    assert!(!night.case.waits_for(night.case.outstanding().map_or(case::QuestionId(99), |asking| asking.id)));
}

#[test]
fn a_virus_report_opens_a_watch_and_asks() {
    let mut night = Night::begins_with(sighting(1, Kind::Malware, "isp.example", evening()));
    assert_eq!(night.stage(), Stage::Watching);
    assert_eq!(night.case.watch_until(), Some(evening() + hours(14 * 24)));
    assert!(night.case.outstanding().is_some());
    // Nothing is found; the watch goes on with a look every six hours, and ends.
    night.answers(Verdict::Closed, None);
    assert_eq!(night.case.outstanding().unwrap().due, night.case.answers()[0].started + hours(6));
    night.wait(hours(15 * 24));
    night.must(&Command::Tick);
    // The recheck that was never answered is under way or lost; the case closes when it is no longer waited for.
    night.wait(hours(25));
    night.must(&Command::Tick);
    assert_eq!(night.stage(), Stage::Closed);
}

#[test]
fn spam_from_one_reporter_is_a_heads_up_and_from_more_with_a_record_a_suspicion() {
    let spam = |n, domain: &str| with_record(sighting(n, Kind::SpamSource, domain, evening()), 9, 1);
    let mut night = Night::begins_with(spam(1, "a.example"));
    for n in 2..40 {
        night.must(&Command::File(spam(n, "a.example")));
    }
    assert_eq!(night.stage(), Stage::HeadsUp, "{}", night.why());
    night.must(&Command::File(spam(41, "b.example")));
    night.must(&Command::File(spam(42, "c.example")));
    assert_eq!(night.stage(), Stage::Suspected);
}

#[test]
fn three_reporters_of_spam_over_three_weeks_are_no_suspicion() {
    let mut night = Night::begins_with(sighting(1, Kind::SpamSource, "a.example", evening()));
    night.wait(hours(6 * 24));
    night.must(&Command::File(sighting(2, Kind::SpamSource, "b.example", night.now)));
    night.wait(hours(6 * 24));
    night.must(&Command::File(sighting(3, Kind::SpamSource, "c.example", night.now)));
    assert_eq!(night.stage(), Stage::HeadsUp);
}

#[test]
fn one_word_of_a_proxy_is_a_suspicion_from_a_named_feed_unless_it_has_cried_wolf() {
    let named = sighting(1, Kind::OpenProxy, "spamcop.net", evening());
    assert_eq!(Night::begins_with(named.clone()).stage(), Stage::Suspected);
    assert_eq!(Night::begins_with(with_record(named, 0, 20)).stage(), Stage::HeadsUp);
    let stranger = unknown_reporter(sighting(1, Kind::OpenProxy, "stranger.example", evening()));
    let night = Night::begins_with(stranger);
    assert_eq!(night.stage(), Stage::HeadsUp);
    assert_eq!(night.case.outstanding().unwrap().due, night.now, "it is asked at once all the same");
}

#[test]
fn a_report_that_dates_its_proxy_to_last_year_is_still_a_suspicion() {
    let mut report = sighting(1, Kind::OpenProxy, "spamcop.net", evening());
    report.happened = Some(evening() - hours(365 * 24));
    assert_eq!(Night::begins_with(report).stage(), Stage::Suspected);
}

#[test]
fn a_suspicion_that_nothing_feeds_ends_when_it_has_faded() {
    // The line must not be probed, so that only the clock is left to move the case.
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    night.answers(Verdict::RefusedByPolicy, None);
    while night.stage() == Stage::Suspected {
        assert!(!night.case.is_due(&night.playbook, night.now));
        night.now = night.case.next_due(&night.playbook, night.now).expect("it fades some day");
        night.must(&Command::Tick);
    }
    let lasted = night.now.duration_since(evening());
    assert!(
        lasted > hours(2 * 24) && lasted < hours(3 * 24),
        "6.0 fades to 4.6 in less than three days: {lasted}"
    );
}

#[test]
fn the_same_report_twice_changes_nothing() {
    let report = sighting(1, Kind::OpenProxy, "spamcop.net", evening());
    let mut night = Night::begins_with(report.clone());
    assert!(night.must(&Command::File(report)).is_empty());
}

#[test]
fn a_port_named_later_is_asked_at_once_and_overtakes_the_routine_look() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    night.answers(Verdict::Closed, None);
    let routine = night.case.outstanding().unwrap().clone();
    assert!(routine.due > night.now + hours(5));
    night.wait(hours(1));
    night.must(&Command::File(on_port(sighting(2, Kind::OpenProxy, "b.example", night.now), 7777)));
    let asking = night.case.outstanding().unwrap();
    assert_eq!((asking.due, asking.question.ports[0]), (night.now, 7777));
    assert!(!night.case.waits_for(routine.id), "the routine look was overtaken");
}

#[test]
fn a_port_named_while_a_probe_runs_is_asked_after_its_answer() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let running = night.case.outstanding().unwrap().id;
    night.must(&Command::File(on_port(sighting(2, Kind::OpenProxy, "b.example", night.now), 7777)));
    assert!(night.case.waits_for(running), "one question at a time");
    night.answers(Verdict::Closed, None);
    let asking = night.case.outstanding().unwrap();
    assert_eq!(asking.question.ports[0], 7777);
    let gap = asking.due.duration_since(night.case.answers()[0].started);
    assert!(
        gap >= SignedDuration::from_mins(10) && gap < hours(1),
        "soon, but not sooner than a prober may: {gap}"
    );
}

#[test]
fn a_question_names_at_most_32_ports_and_the_rest_get_their_turn() {
    let mut night = Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 5000));
    for n in 1..=60 {
        night.must(&Command::File(on_port(
            sighting(1 + u32::from(n), Kind::OpenProxy, "b.example", evening()),
            5000 + n,
        )));
    }
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..4 {
        let ports = &night.case.outstanding().unwrap().question.ports;
        assert!(ports.len() <= 32);
        asked.extend(ports.iter().copied().filter(|port| (5000..=5060).contains(port)));
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(asked.len(), 61);
}

#[test]
fn of_two_lines_to_ask_the_one_that_may_be_asked_sooner_goes_first() {
    let of = |last: u8, mut sighting: case::Sighting| {
        sighting.address = IpAddr::from([198, 51, 100, last]);
        sighting
    };
    let named = |n, last, at| of(last, sighting(n, Kind::OpenProxy, "cert.example", at));
    let mut night = Night::begins_with(named(1, 7, evening()));
    night.answers(Verdict::Closed, None);
    night.wait(SignedDuration::from_secs(60));
    night.must(&Command::File(named(2, 8, night.now)));
    night.must(&Command::File(named(3, 9, night.now)));
    night.wait(SignedDuration::from_secs(1));
    // Newer than the word of 198.51.100.9, but 198.51.100.7 has just been asked and must be left alone for a while.
    night.must(&Command::File(on_port(named(4, 7, night.now), 4444)));
    night.answers(Verdict::Closed, None);
    let asking = night.case.outstanding().unwrap();
    assert_eq!(asking.question.address, IpAddr::from([198, 51, 100, 9]), "{}", asking.why);
    assert!(!night.case.is_due(&night.playbook, night.now));
}

#[test]
fn a_customers_test_is_clean_only_when_all_that_is_blocked_was_asked() {
    let mut night = proved();
    let tested = |night: &Night, first, began| night.case.tested(first, began, night.now);
    let other = |night: &Night| {
        let mut sighting = sighting(9, Kind::OpenProxy, "cert.example", night.now);
        sighting.address = IpAddr::from([198, 51, 100, 9]);
        Command::File(sighting)
    };
    night.wait(hours(1));
    let (first, began) = (night.case.next_question(), night.now);
    night.must(&Command::TestByCustomer);
    assert_eq!(tested(&night, first, began), None, "it runs");
    night.must(&other(&night));
    night.answers(Verdict::OpenProxy, Some(48613));
    // Another address of the line is asked next, and nothing is open there.
    night.wait(SignedDuration::from_secs(1));
    night.answers(Verdict::Closed, None);
    assert_eq!(tested(&night, first, began), Some(Tested::StillOpen));

    night.wait(hours(1));
    let began = night.now;
    night.must(&Command::TestByCustomer);
    night.answers(Verdict::Closed, None);
    let after_it = night.case.next_question();
    assert_eq!(tested(&night, after_it, began), None, "nothing of it was asked");
    night.must(&Command::TestByCustomer);
    night.answers(Verdict::Unreachable, None);
    assert_eq!(
        tested(&night, after_it, began),
        Some(Tested::Clean),
        "the line lives, and its port is silent"
    );
}

#[test]
fn silence_is_asked_again_after_growing_gaps() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let mut gaps = Vec::new();
    for _ in 0..7 {
        night.answers(Verdict::Unreachable, None);
        let started = night.case.answers().last().unwrap().started;
        gaps.push(night.case.outstanding().unwrap().due.duration_since(started).as_mins());
    }
    assert_eq!(gaps, [15, 30, 60, 120, 240, 360, 360]);
}

#[test]
fn what_policy_refuses_is_left_alone_until_something_new_is_said() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    night.answers(Verdict::RefusedByPolicy, None);
    assert!(night.case.outstanding().is_none());
    night.wait(hours(12));
    night.must(&Command::Tick);
    assert!(night.case.outstanding().is_none());
    night.must(&Command::File(sighting(2, Kind::SpamSource, "b.example", night.now)));
    assert_eq!(night.case.outstanding().unwrap().due, night.now);
}

#[test]
fn a_probe_that_finds_it_still_open_moves_the_end_of_the_block() {
    let mut night = proved();
    night.edge_obeys();
    let end = night.case.standing_rules(night.now)[0].until;
    let events = night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.case.standing_rules(night.now)[0].until, night.now + hours(24));
    assert!(night.now + hours(24) > end);
    assert!(!names(&events).contains(&"notice-ordered".to_owned()), "the owner was told already");
    assert_eq!(night.stage(), Stage::Contained);
}

#[test]
fn a_block_ends_by_itself_and_the_case_says_so() {
    let mut night = proved();
    night.edge_obeys();
    night.wait(hours(24));
    assert!(night.rules().is_empty(), "it has left the plan before anybody looked");
    let events = night.must(&Command::Tick);
    assert!(events.iter().any(|e| matches!(e, Event::BlockLifted { reason: LiftReason::Expired, .. })));
    assert_eq!(night.stage(), Stage::Confirmed);
    assert!(night.why().ends_with("no block stands: its end came"), "{}", night.why());
}

#[test]
fn a_released_line_stays_released_until_a_probe_begun_later_proves_it_again() {
    let mut night = proved();
    night.edge_obeys();
    night.must(&Command::Recheck { ports: vec![] });
    let running = night.case.outstanding().unwrap().id;
    night.wait(SignedDuration::from_secs(8));
    let late = night.answer_to(running, Verdict::OpenProxy, Some(48613)).unwrap();
    night.wait(SignedDuration::from_secs(1));
    night.must(&Command::Release { reason: "the customer rang, it is his own proxy".to_owned() });
    assert!(night.rules().is_empty());
    assert_eq!(night.stage(), Stage::Confirmed);
    night.must(&late);
    assert!(night.rules().is_empty(), "that probe began before the release");
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.rules().len(), 2);
}

#[test]
fn with_four_eyes_nothing_new_reaches_the_edge_before_a_second_person_approves() {
    let playbook = Playbook { second_person: true, ..Playbook::default() };
    let report = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613);
    let mut night = Night::with(playbook, report, evening());
    let approve = Command::Approve { by: "hans".to_owned() };
    assert_eq!(night.act(&approve), Err(Refusal::NothingToApprove));
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.stage(), Stage::Confirmed);
    assert!(night.rules().is_empty() && night.case.waits_for_second_person(night.now));
    night.must(&approve);
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/48613 in"]);
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);

    // A later end of what was approved needs no second look; what was released and is ordered anew does.
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.rules().len(), 2);
    night.must(&Command::Release { reason: "the customer rang".to_owned() });
    night.answers(Verdict::OpenProxy, Some(48613));
    assert!(night.rules().is_empty() && night.case.waits_for_second_person(night.now));
    night.must(&Command::Release { reason: "it is his own proxy".to_owned() });
    assert!(!night.case.waits_for_second_person(night.now), "what waits is released too");
}

#[test]
fn release_wants_a_reason_and_something_to_release() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let release = |reason: &str| Command::Release { reason: reason.to_owned() };
    assert_eq!(night.act(&release("why not")), Err(Refusal::NothingToRelease));
    assert_eq!(proved().act(&release(" \t")), Err(Refusal::NoReason));
}

#[test]
fn an_address_that_changes_hands_is_free_at_once_and_not_asked_again() {
    let mut night = proved();
    night.edge_obeys();
    let running = night.case.outstanding().unwrap().id;
    night.wait(hours(6));
    let address = LINE.parse().unwrap();
    night.must(&Command::HolderChanged { address, reason: "dsl-18 since 04:00".to_owned() });
    assert!(night.rules().is_empty());
    assert_eq!(night.case.current_address(), None);
    // A probe that hit the new holder proves nothing of this line.
    night.wait(SignedDuration::from_secs(20));
    let stray = night.answer_to(running, Verdict::OpenProxy, Some(48613)).unwrap();
    night.must(&stray);
    assert!(night.rules().is_empty());
    assert!(night.case.outstanding().is_none());
    assert_eq!(night.act(&Command::Recheck { ports: vec![] }), Err(Refusal::NoAddress));
    // A late report about the time before does not bring the address back; one about today does.
    night.must(&Command::File(on_port(sighting(5, Kind::OpenProxy, "b.example", evening()), 9999)));
    assert!(night.case.outstanding().is_none());
    night.wait(hours(5));
    night.must(&Command::File(sighting(6, Kind::OpenProxy, "b.example", night.now)));
    assert!(night.case.outstanding().is_some());
}

#[test]
fn a_proof_at_the_lines_new_address_blocks_the_new_address_alone() {
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613));
    let id = night.case.outstanding().unwrap().id;
    night.wait(SignedDuration::from_secs(9));
    let mut moved = night.answer_to(id, Verdict::OpenProxy, Some(48613)).unwrap();
    let Command::Answered { answer, .. } = &mut moved else { panic!("an answer") };
    answer.question.address = "::ffff:198.51.100.99".parse().unwrap();
    let events = night.must(&moved);
    assert_eq!(names(&events)[..2], ["answered", "address-lost"]);
    assert_eq!(night.rules(), ["198.51.100.99 tcp/25 out", "198.51.100.99 tcp/48613 in"]);
    assert!(night.why().contains("198.51.100.99 port 48613"), "{}", night.why());
    assert_eq!(night.case.current_address(), "198.51.100.99".parse().ok());
    assert_eq!(night.violations(), [""; 0]);
    assert_eq!(night.case.outstanding().unwrap().question.address.to_string(), "198.51.100.99");
}

#[test]
fn a_line_that_comes_back_at_another_address_is_asked_there_at_once_and_contained_again() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    night.answers(Verdict::OpenProxy, Some(48613));
    night.edge_obeys();
    night.wait(hours(2));
    let reason = || "dsl-18 since 23:00".to_owned();
    night.must(&Command::HolderChanged { address: LINE.parse().unwrap(), reason: reason() });
    let to = "198.51.100.99".parse().unwrap();
    let moved = Command::LineMoved { to, reason: "dsl-17 holds it".to_owned() };
    assert_eq!(names(&night.must(&moved)), ["asked"]);
    let asking = night.case.outstanding().unwrap();
    assert_eq!((asking.question.address, asking.question.ports[0], asking.due), (to, 48613, night.now));
    assert!(night.must(&moved).is_empty(), "told twice, asked once");
    assert!(night.rules().is_empty(), "that it moved proves nothing there");
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.rules(), ["198.51.100.99 tcp/25 out", "198.51.100.99 tcp/48613 in"]);
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);

    // It loses that too, and gets the first one back.
    night.wait(hours(1));
    night.must(&Command::HolderChanged { address: to, reason: reason() });
    assert!(night.rules().is_empty());
    night.must(&Command::LineMoved { to: LINE.parse().unwrap(), reason: reason() });
    assert_eq!(night.case.current_address(), LINE.parse().ok());
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/48613 in"]);
    assert_eq!(night.violations(), [""; 0]);
}

#[test]
fn an_operators_question_says_so_and_the_cases_own_do_not() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let asks = |events: &[Event]| -> Vec<Errand> {
        let following = events.iter().flat_map(|event| Errand::following(CaseId(1), event, evening()));
        following.map(|(_, _, errand)| errand).filter(|e| matches!(e, Errand::Ask { .. })).collect()
    };
    let events = asks(&night.answers(Verdict::Closed, None));
    assert!(matches!(events[..], [Errand::Ask { by_operator: false, .. }]), "{events:?}");
    let events = asks(&night.must(&Command::Recheck { ports: vec![] }));
    assert!(matches!(events[..], [Errand::Ask { by_operator: true, .. }]), "{events:?}");
}

#[test]
fn refusals_for_one_reason_are_one_page_an_hour_and_another_reason_is_another() {
    let key = proved().case.standing_rules(evening())[0].key;
    let page = |reason: &str| {
        let event = Event::BlockRefused { key, reason: reason.to_owned() };
        Errand::following(CaseId(1), &event, evening())[0].1.clone()
    };
    let touch = page("198.51.100.7 is on the never-touch list (198.51.100.0/28)");
    assert_eq!(touch, page("198.51.100.8 is on the never-touch list (198.51.100.8/32)"));
    assert_ne!(touch, page("the cap of 20 new blocks an hour is reached"));
    assert_eq!(page("cap of 20 is reached"), page("cap of 300 is reached"));
}

#[test]
fn what_the_edge_refuses_is_told_once_and_what_it_forgets_is_noticed() {
    let mut night = proved();
    let key = night.case.standing_rules(night.now)[0].key;
    let refused = vec![Refused { key, reason: "twenty new blocks this hour: wait".to_owned() }];
    let read = Command::EdgeRead { in_force: vec![], refused };
    assert_eq!(names(&night.must(&read)), ["block-refused"]);
    assert!(night.must(&read).is_empty());
    assert_eq!(night.rules().len(), 2, "it stays ordered and is tried again");
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);

    let events = night.must(&Command::EdgeRead { in_force: vec![], refused: vec![] });
    assert_eq!(names(&events), ["block-lost", "block-lost", "stage-moved"]);
    assert_eq!(night.stage(), Stage::Confirmed);
    assert!(night.why().ends_with("the edge shows 0 of 2 blocks"), "{}", night.why());
}

#[test]
fn a_block_of_another_case_is_none_of_ours() {
    let mut night = proved();
    let mut key = night.case.standing_rules(night.now)[0].key;
    key.address = "198.51.100.8".parse().unwrap();
    let in_force = vec![InForce { key, until: night.now + hours(1) }];
    assert!(night.must(&Command::EdgeRead { in_force, refused: vec![] }).is_empty());
}

#[test]
fn an_operator_confirms_what_no_probe_could() {
    let mut night = Night::begins_with(sighting(1, Kind::SpamSource, "a.example", evening()));
    night.must(&Command::Confirm { reason: "saw it in the flows".to_owned() });
    assert_eq!(night.stage(), Stage::Confirmed);
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out"], "no port is known: only mail");

    let mut named = Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "a.example", evening()), 8123));
    named.must(&Command::Confirm { reason: "saw it in the flows".to_owned() });
    assert_eq!(named.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/8123 in"]);
    assert_eq!(named.violations(), [""; 0]);
}

#[test]
fn a_desk_that_contains_by_hand_waits_for_the_hand() {
    let playbook =
        crate::sample::with(&case::Choices { contain_automatically: false, ..case::Choices::default() });
    let first = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613);
    let mut night = Night::with(playbook, first, evening());
    night.answers(Verdict::OpenProxy, Some(48613));
    assert_eq!((night.stage(), night.rules().len()), (Stage::Confirmed, 0));
    night.must(&Command::Confirm { reason: "go".to_owned() });
    assert_eq!(night.rules().len(), 2);
}

#[test]
fn a_dismissed_case_lifts_everything_and_takes_no_more() {
    let mut night = proved();
    night.must(&Command::Dismiss { reason: "our own honeypot".to_owned() });
    assert_eq!(night.stage(), Stage::Dismissed);
    assert!(night.rules().is_empty());
    assert!(night.case.blocks().all(|block| block.state == RuleState::Lifted(LiftReason::CaseEnded)));
    let more = Command::File(sighting(9, Kind::OpenProxy, "b.example", night.now));
    assert_eq!(night.act(&more), Err(Refusal::Ended(Stage::Dismissed)));
    assert!(night.must(&Command::Tick).is_empty());
    assert_eq!(
        names(&night.must(&Command::Told { to: "x@example.net".to_owned(), failure: None })),
        ["told"]
    );
}

#[test]
fn a_proxy_on_another_port_is_not_cleared_by_probes_that_do_not_ask_it() {
    // The probes of a whole day answer on the usual ports and on the named one: that settles what was said.
    let mut night =
        Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613));
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(night.stage(), Stage::HeadsUp, "{}", night.why());
    // Where no port was named, closed usual ports say little: the word stands until it fades.
    let mut vague = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    for _ in 0..5 {
        vague.answers(Verdict::Closed, None);
    }
    assert_eq!(vague.stage(), Stage::Suspected);
}

#[test]
fn a_negative_that_did_not_ask_the_proved_port_clears_nothing() {
    let playbook =
        Playbook { clean_after_negatives: 1, clean_over: SignedDuration::ZERO, ..Playbook::default() };
    let mut night = Night::with(playbook, sighting(1, Kind::OpenProxy, "spamcop.net", evening()), evening());
    let usual = night.case.outstanding().unwrap().id;
    let late = night.answer_to(usual, Verdict::Closed, None).unwrap();
    night.must(&Command::Recheck { ports: vec![4000] });
    night.answers(Verdict::OpenProxy, Some(4000));
    let Command::Answered { question, mut answer, evidence } = late else { panic!("an answer") };
    night.wait(SignedDuration::from_secs(10));
    answer.started = night.now;
    night.must(&Command::Answered { question, answer, evidence });
    assert_eq!((night.stage(), night.rules().len()), (Stage::Confirmed, 2));
    night.answers(Verdict::Closed, None);
    assert_eq!(night.stage(), Stage::Cleaned, "the next one asks port 4000");
    assert!(night.case.blocks().all(|block| block.state == RuleState::Lifted(LiftReason::CaseEnded)));
}

#[test]
fn a_cleaned_line_that_opens_again_is_confirmed_again_and_told_again() {
    let mut night = proved();
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(night.stage(), Stage::Cleaned);
    let events = night.answers(Verdict::OpenProxy, Some(4000));
    assert!(names(&events).contains(&"notice-ordered".to_owned()));
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/4000 in"]);
}

#[test]
fn a_case_wakes_by_its_own_timers_until_it_is_closed() {
    // Nothing but the timers moves this night: no probe answers, nobody looks.
    let mut night = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let mut looks = 0;
    while let Some(due) = night.case.next_due(&night.playbook, night.now) {
        assert!(due > night.now);
        night.now = due;
        night.must(&Command::Tick);
        looks += 1;
        assert!(looks < 60, "it never ends: {:?}", night.stage());
    }
    assert_eq!(night.stage(), Stage::Closed);
}

#[test]
fn the_queue_puts_a_suspected_proxy_before_a_contained_one_and_spam() {
    let suspected = Night::begins_with(sighting(1, Kind::OpenProxy, "spamcop.net", evening()));
    let spam = Night::begins_with(sighting(1, Kind::SpamSource, "spamcop.net", evening()));
    let mut contained = proved();
    contained.edge_obeys();
    let key = |night: &Night| night.case.urgency(&night.playbook).key(evening());
    assert!(key(&proved()) < key(&contained));
    assert!(key(&suspected) < key(&spam) && key(&suspected) < key(&contained));
}
