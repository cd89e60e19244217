//! What our own flow records show: without any complaint, and never more than they prove.
use case::{Choices, Command, Event, Kind, SignKind, Stage, Verdict};

use crate::sample::{LINE, Night, evening, hours, on_port, sighting, sign, with, with_record};

const ODD: u16 = 48613;

/// A line seen relaying from an odd port at ten in the evening.
fn relaying() -> Night {
    Night::begins_with(sign(1, SignKind::RelayShape, 900, Some(ODD), evening()))
}

fn see(night: &mut Night, n: u32, kind: SignKind, port: Option<u16>) -> Vec<Event> {
    let seen = sign(n, kind, 900, port, night.now);
    night.must(&Command::File(seen))
}

fn asked(night: &Night) -> Vec<u16> {
    night.case.outstanding().map(|asking| asking.question.ports.clone()).unwrap_or_default()
}

fn pages(night: &Night) -> usize {
    night.records.iter().filter(|record| matches!(record.event, Event::PageOrdered { .. })).count()
}

#[test]
fn without_any_complaint_the_odd_port_is_asked_alone_and_its_proof_contains_the_line() {
    let mut night = relaying();
    assert_eq!(night.stage(), Stage::Suspected, "{}", night.why());
    assert!(night.why().contains("our own flow records show relay-shape 6.9"), "{}", night.why());
    assert_eq!(asked(&night), [ODD], "just that port");
    assert_eq!(night.case.outstanding().unwrap().due, night.now, "and at once");
    assert_eq!((night.rules(), pages(&night)), (Vec::new(), 0));
    assert!(night.case.urgency(&night.playbook).proxy, "it goes above all else");
    night.answers(Verdict::OpenProxy, Some(ODD));
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/48613 in"]);
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);
    assert_eq!(night.violations(), Vec::<String>::new());
}

#[test]
fn relaying_and_a_second_sign_confirm_tell_and_page_but_block_nobody_before_the_probe_says_so() {
    let mut night = relaying();
    let events = see(&mut night, 2, SignKind::SmtpFanout, None);
    assert_eq!(night.stage(), Stage::Confirmed);
    assert!(
        night.why().contains("relay-shape on port 48613 of 198.51.100.7, borne out by smtp-fanout"),
        "{}",
        night.why()
    );
    assert!(events.iter().any(|event| matches!(event, Event::NoticeOrdered { evidence: Some(_) })));
    assert_eq!((night.rules(), pages(&night)), (Vec::new(), 1));
    assert_eq!(asked(&night)[0], ODD);
    assert_eq!(night.violations(), Vec::<String>::new());
    night.answers(Verdict::OpenProxy, Some(ODD));
    assert_eq!(night.rules().len(), 2, "now it is proved by asking");
    assert_eq!(pages(&night), 1, "and nobody is woken twice");
}

#[test]
fn a_line_that_sweeps_our_traps_gets_a_heads_up_and_is_confirmed_only_with_relaying() {
    let swept = || sign(1, SignKind::TrapTouched, 450, None, evening());
    let mut night = Night::begins_with(swept());
    assert_eq!(night.stage(), Stage::HeadsUp);
    let why = case::judge(&night.case, &night.playbook, night.now).why;
    assert!(why.contains("our own traps show trap-touched 3."), "{why}");
    assert!(asked(&night).is_empty(), "a visit says nothing of what listens here");
    let seen = sign(2, SignKind::RelayShape, 900, Some(ODD), night.now);
    night.must(&Command::File(seen));
    assert_eq!(night.stage(), Stage::Confirmed);
    assert!(night.why().contains("borne out by trap-touched"), "{}", night.why());
    assert_eq!((night.rules(), asked(&night)[0]), (Vec::new(), ODD));
    assert_eq!(night.violations(), Vec::<String>::new());
}

#[test]
fn a_stranger_answered_bears_out_relaying_on_the_same_port_only_and_no_call_that_was_followed_by_strangers() {
    let with = |first: SignKind, port: u16| {
        let mut night = Night::begins_with(sign(1, first, 900, Some(ODD), evening()));
        see(&mut night, 2, SignKind::AnsweredStranger, Some(port));
        night.stage()
    };
    assert_eq!(with(SignKind::RelayShape, ODD), Stage::Confirmed);
    assert_eq!(with(SignKind::RelayShape, 8333), Stage::Suspected);
    assert_eq!(with(SignKind::CallThenServed, ODD), Stage::Suspected, "they are the same strangers");
}

#[test]
fn what_is_unsure_or_days_apart_confirms_nobody() {
    let mut unsure = Night::begins_with(sign(1, SignKind::RelayShape, 590, Some(ODD), evening()));
    see(&mut unsure, 2, SignKind::SmtpFanout, None);
    assert_eq!(unsure.stage(), Stage::Suspected);
    let mut apart = relaying();
    apart.wait(hours(80));
    see(&mut apart, 2, SignKind::SmtpFanout, None);
    assert_eq!(apart.stage(), Stage::Suspected);
    let mut weak = relaying();
    let listener = sign(2, SignKind::NewListener, 200, Some(ODD), weak.now);
    weak.must(&Command::File(listener));
    assert_eq!(weak.stage(), Stage::Suspected, "a new listener is no second sign");
}

#[test]
fn a_report_bears_out_what_we_saw_if_its_reporter_has_a_record() {
    let report = |n, confirmed| {
        with_record(sighting(n, Kind::SpamSource, "reporter.example", evening()), confirmed, 0)
    };
    let mut stranger = relaying();
    for n in 2..40 {
        stranger.must(&Command::File(report(n, 0)));
    }
    assert_eq!(stranger.stage(), Stage::Suspected, "strangers are easily forged");
    let mut known = relaying();
    known.must(&Command::File(report(2, 20)));
    assert_eq!(known.stage(), Stage::Confirmed);
    assert!(known.why().contains("the spam-source that reporter.example reports"), "{}", known.why());
    assert!(known.rules().is_empty());
}

#[test]
fn the_playbook_may_contain_on_flows_alone_but_never_on_those_that_only_a_report_bears_out() {
    let begin = || {
        let mut night = relaying();
        night.playbook = with(&Choices { contain_on_flow_proof: true, ..Choices::default() });
        night
    };
    let mut flows = begin();
    see(&mut flows, 2, SignKind::AnsweredStranger, Some(ODD));
    assert_eq!(flows.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/48613 in"]);
    assert_eq!(flows.violations(), Vec::<String>::new());
    let mut report = begin();
    let said = with_record(sighting(2, Kind::SpamSource, "reporter.example", evening()), 20, 0);
    report.must(&Command::File(said));
    assert_eq!((report.stage(), report.rules().len()), (Stage::Confirmed, 0));
}

#[test]
fn a_released_line_is_not_contained_again_for_flows_that_the_operator_knew() {
    let mut night = relaying();
    night.playbook = with(&Choices { contain_on_flow_proof: true, ..Choices::default() });
    see(&mut night, 2, SignKind::SmtpFanout, None);
    night.wait(hours(1));
    night.must(&Command::Release { reason: "a customer's own tunnel".to_owned() });
    let half_an_hour = jiff::SignedDuration::from_mins(30);
    let mut old = sign(3, SignKind::RelayShape, 950, Some(ODD), night.now - half_an_hour);
    old.received = night.now;
    night.must(&Command::File(old));
    assert!(night.rules().is_empty());
    night.wait(hours(1));
    see(&mut night, 4, SignKind::RelayShape, Some(ODD));
    assert_eq!(night.rules().len(), 2, "it relays again");
}

#[test]
fn a_line_is_clean_after_a_day_of_negatives_without_a_sign_and_not_while_it_is_seen_at_work() {
    let mut night = relaying();
    see(&mut night, 2, SignKind::SmtpFanout, None);
    for n in 3..8 {
        night.answers(Verdict::Closed, None);
        // Too unsure to prove anything anew.
        let still = sign(n, SignKind::RelayShape, 400, Some(ODD), night.now);
        night.must(&Command::File(still));
    }
    assert_eq!(night.stage(), Stage::Confirmed, "five negatives, and it is still seen at work");
    for _ in 0..4 {
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(night.stage(), Stage::Confirmed, "four more span eighteen hours");
    night.answers(Verdict::Closed, None);
    assert_eq!(night.stage(), Stage::Cleaned, "{}", night.why());
    see(&mut night, 9, SignKind::RelayShape, Some(ODD));
    assert_eq!(night.stage(), Stage::Suspected, "it is seen again, and a new second sign is wanted");
}

#[test]
fn a_tunnel_outward_is_not_answered_by_a_closed_port() {
    let mut night = Night::begins_with(sign(1, SignKind::BackConnect, 900, None, evening()));
    night.must(&Command::File(on_port(sighting(2, Kind::OpenProxy, "someone.example", evening()), 1080)));
    assert_eq!(night.stage(), Stage::Suspected);
    let odds = |night: &Night| night.case.judgement(&night.playbook, night.now);
    let before = odds(&night);
    for _ in 0..6 {
        night.answers(Verdict::Closed, None);
    }
    let after = odds(&night);
    assert!(after.why.contains("back-connect"), "{}", after.why);
    assert!(after.hearsay < before.hearsay, "what was said of port 1080 is answered");
}

#[test]
fn a_watch_for_a_virus_lowers_what_is_enough_and_most_on_the_ports_of_that_virus() {
    let begin = |virus: bool| {
        let kind = if virus { Kind::Malware } else { Kind::Scan };
        let mut first = with_record(sighting(1, kind, "virus.example", evening()), 20, 0);
        first.malware = Some("W32/Sobig.F@mm".to_owned());
        Night::begins_with(first)
    };
    let stage = |virus, kind: SignKind, score, port| {
        let mut night = begin(virus);
        night.wait(hours(20));
        let seen = sign(2, kind, score, Some(port), night.now);
        night.must(&Command::File(seen));
        night.stage()
    };
    assert_eq!(stage(false, SignKind::AnsweredStranger, 300, ODD), Stage::HeadsUp);
    assert_eq!(stage(true, SignKind::AnsweredStranger, 300, ODD), Stage::Suspected);
    assert_eq!(stage(true, SignKind::NewListener, 200, ODD), Stage::Watching);
    assert_eq!(stage(true, SignKind::NewListener, 200, 997), Stage::Suspected, "Sobig listens there");
}

#[test]
fn a_withdrawn_sign_counts_no_longer_and_a_case_of_nothing_else_closes_at_once() {
    let mut night = relaying();
    night.playbook = with(&Choices { contain_on_flow_proof: true, ..Choices::default() });
    see(&mut night, 2, SignKind::SmtpFanout, None);
    assert_eq!((night.stage(), night.rules().len()), (Stage::Confirmed, 2));
    let names: Vec<_> = night.case.signs().map(|seen| (seen.evidence, seen.claim)).collect();
    let withdraw = |name: (case::EvidenceId, u32)| Command::Withdraw {
        evidence: name.0,
        claim: name.1,
        reason: "an allowed proxy".to_owned(),
    };
    night.must(&withdraw(names[0]));
    assert_eq!(
        (night.stage(), night.rules().len()),
        (Stage::Suspected, 0),
        "what it proved is proved no more"
    );
    assert!(night.must(&withdraw(names[0])).is_empty(), "once");
    assert!(night.must(&withdraw((case::EvidenceId([9; 32]), 0))).is_empty(), "no such sign");
    night.must(&withdraw(names[1]));
    assert_eq!(night.stage(), Stage::Closed);
    assert_eq!(night.violations(), Vec::<String>::new());
}

#[test]
fn a_game_that_strangers_reach_over_udp_is_asked_nothing() {
    let mut seen = sign(1, SignKind::AnsweredStranger, 450, Some(27_015), evening());
    seen.protocol = Some(case::Transport::Udp);
    let night = Night::begins_with(seen);
    assert_eq!((night.stage(), asked(&night)), (Stage::HeadsUp, Vec::new()));
}

#[test]
fn a_sure_beacon_is_suspected_and_no_number_of_its_kind_confirms_it() {
    let mut night = Night::begins_with(sign(1, SignKind::Beacon, 800, Some(443), evening()));
    assert_eq!(night.stage(), Stage::Suspected);
    for number in 2..10 {
        night.must(&Command::File(sign(number, SignKind::Beacon, 900, Some(443), evening())));
    }
    night.must(&Command::File(sign(10, SignKind::ScanOut, 900, Some(445), evening())));
    assert_eq!((night.stage(), night.rules().len()), (Stage::Suspected, 0));
    assert_eq!(night.violations(), Vec::<String>::new());
}

#[test]
fn weak_signs_open_no_case_by_themselves_and_ask_nobody() {
    assert!(!SignKind::Beacon.opens(590) && !SignKind::NewListener.opens(1000));
    assert!(SignKind::TrojanScanIn.opens(350), "who answered a trojan scan gets a heads-up");
    assert!(!SignKind::TrojanScanIn.opens(50), "who was only scanned has done nothing");
    let night = Night::begins_with(sign(1, SignKind::Beacon, 590, Some(443), evening()));
    assert_eq!((night.stage(), asked(&night)), (Stage::HeadsUp, Vec::new()));
    let night = Night::begins_with(sign(1, SignKind::TrojanScanIn, 400, Some(27374), evening()));
    assert_eq!((night.stage(), asked(&night)), (Stage::HeadsUp, vec![27374]));
    assert_eq!(night.case.addresses().iter().next().unwrap().to_string(), LINE);
}
