//! Open relays: what is asked when one is reported, and what is taken from one that is proved.
use case::{Kind, LookFor, Stage, Verdict};

use crate::sample::{Night, evening, on_port, sighting};

#[test]
fn a_relay_that_is_reported_is_asked_as_a_mail_server_and_contained_when_it_delivers() {
    let mut night = Night::begins_with(sighting(1, Kind::OpenRelay, "spamcop.net", evening()));
    let question = night.case.outstanding().unwrap().question.clone();
    assert_eq!(question.look_for, LookFor::ProxyOrRelay);
    assert_eq!(question.ports[..3], [25, 587, 465], "no port was named: those of mail come first");
    night.answers(Verdict::OpenRelay, Some(25));
    assert_eq!(night.stage(), Stage::Confirmed);
    assert_eq!(night.rules(), ["198.51.100.7 tcp/25 out", "198.51.100.7 tcp/25 in"]);
    let again = night.case.outstanding().unwrap().question.clone();
    assert_eq!(
        (again.look_for, again.ports[0]),
        (LookFor::ProxyOrRelay, 25),
        "it is asked as a relay until it is clean"
    );
}

#[test]
fn a_mail_that_was_taken_and_has_not_landed_yet_leaves_the_case_where_it_is_and_is_asked_again_soon() {
    let mut night = Night::begins_with(on_port(sighting(1, Kind::OpenRelay, "spamcop.net", evening()), 2525));
    assert_eq!(night.case.outstanding().unwrap().question.ports[0], 2525);
    night.answers(Verdict::Unreachable, None);
    assert!(night.stage() < Stage::Confirmed && night.rules().is_empty());
    let again = night.case.outstanding().unwrap().due;
    assert!(again.duration_since(night.now) <= jiff::SignedDuration::from_mins(15));
}

#[test]
fn a_proxy_that_is_reported_is_not_asked_for_mail() {
    let night = Night::begins_with(on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 3128));
    let question = &night.case.outstanding().unwrap().question;
    assert_eq!(question.look_for, LookFor::OpenProxy);
    assert!(!question.ports.contains(&25));
}
