//! What may be said of a line's firewall, and what must not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

use case::Transport;
use firewall::{Came, Insistence, PortMeaning, Profile, Profiles, Record, Sight, State, Step, meaning};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(30_000_000 + minutes)
}

fn profile(name: &str) -> Profile {
    Profiles::default().get(name).unwrap().clone()
}

fn sight(minutes: i64, port: u16, came: Came) -> Sight {
    Sight {
        at: at(minutes),
        address: "198.51.100.7".parse().unwrap(),
        protocol: Transport::Tcp,
        port,
        peer: "203.0.113.9".parse().unwrap(),
        came,
    }
}

const SILENCE: Came = Came::Nothing { alive: true };
const DAY: i64 = 24 * 60;

fn record(profile: &Profile, sights: &[Sight]) -> Record {
    let mut record = Record::default();
    sights.iter().for_each(|sight| record.see(sight, profile, &[25]));
    record
}

fn silences(from: i64) -> Vec<Sight> {
    (0..5).map(|step| sight(from + i64::from(step), 2_000 + step, SILENCE)).collect()
}

#[test]
fn a_firewall_that_is_dropped_is_noticed_with_the_first_answer() {
    let closed = profile("closed");
    let mut record = record(&closed, &silences(0));
    assert_eq!(record.judge(&closed, at(5)).state, State::InForce);
    record.see(&sight(10, 445, Came::Answer), &closed, &[]);
    let verdict = record.judge(&closed, at(10));
    assert_eq!((verdict.state, verdict.ports), (State::NotInForce, vec![(Transport::Tcp, 445)]));
    assert_eq!(
        record.due(&closed, &Insistence::default(), at(10)),
        None,
        "one observation has no consequence"
    );
}

#[test]
fn steps_follow_each_other_and_end_when_it_is_in_force_again() {
    let closed = profile("closed");
    let insist = Insistence { garden_after: Some(SignedDuration::from_hours(48)), ..Insistence::default() };
    let mut record = record(&closed, &[sight(0, 445, Came::Answer), sight(DAY - 1, 139, Came::Answer)]);
    assert_eq!(record.due(&closed, &insist, at(DAY - 1)), None);
    record.see(&sight(DAY, 139, Came::Answer), &closed, &[]);
    assert_eq!(record.due(&closed, &insist, at(DAY)), Some(Step::Reminder));
    record.took(Step::Reminder, at(DAY));
    assert_eq!(record.due(&closed, &insist, at(2 * DAY)), None);
    record.see(&sight(8 * DAY - 1, 445, Came::Answer), &closed, &[]);
    assert_eq!(record.due(&closed, &insist, at(8 * DAY)), Some(Step::Call));
    record.took(Step::Call, at(8 * DAY));
    assert_eq!(
        record.due(&closed, &Insistence::default(), at(12 * DAY)),
        None,
        "the garden is switched on by hand"
    );
    assert_eq!(record.due(&closed, &insist, at(10 * DAY)), Some(Step::Garden));
    for port in [445, 139] {
        record.see(&sight(10 * DAY, port, SILENCE), &closed, &[]);
    }
    silences(10 * DAY).iter().for_each(|one| record.see(one, &closed, &[]));
    assert_eq!(record.judge(&closed, at(10 * DAY + 9)).state, State::InForce);
    assert_eq!((record.due(&closed, &insist, at(10 * DAY + 9)), record.taken()), (None, None));
}

/// A customer's word is believed twice, each time until the time of the step before has passed again.
#[test]
fn a_promise_lets_out_of_the_garden_twice() {
    let closed = profile("closed");
    let insist = Insistence { garden_after: Some(SignedDuration::from_hours(48)), ..Insistence::default() };
    let mut record = record(&closed, &[sight(0, 445, Came::Answer), sight(DAY, 139, Came::Answer)]);
    assert!(!record.promised(at(DAY)), "who is not in the garden is not let out");
    for promise in 1..=2 {
        let now = at(DAY * (1 + promise));
        record.took(Step::Garden, now);
        assert!(record.promised(now), "promise {promise}");
        record.see(&sight(DAY * (1 + promise), 445, Came::Answer), &closed, &[]);
        assert_eq!(record.due(&closed, &insist, now), None);
        let later = now + SignedDuration::from_hours(48);
        assert_eq!(
            record.due(&closed, &insist, later),
            Some(Step::Garden),
            "and in again when it was not kept"
        );
    }
    record.took(Step::Garden, at(DAY * 4));
    assert!(!record.promised(at(DAY * 4)) && record.promises_left() == 0);
}

#[test]
fn one_door_among_shut_ones_is_a_hole() {
    let closed = profile("closed");
    let mut record = record(&closed, &[sight(0, 445, Came::Answer)]);
    silences(1).iter().for_each(|one| record.see(one, &closed, &[]));
    assert_eq!(record.judge(&closed, at(9)).state, State::Hole);
}

#[test]
fn silence_where_our_own_edge_filters_shows_nothing() {
    let closed = profile("closed");
    let mut record = record(&closed, &silences(0)[..4]);
    record.see(&sight(5, 25, SILENCE), &closed, &[25]);
    assert_eq!(record.judge(&closed, at(6)).state, State::Unknown);
    record.see(&sight(5, 26, SILENCE), &closed, &[25]);
    assert_eq!(record.judge(&closed, at(6)).state, State::InForce);
    assert_eq!(
        record.judge(&closed, at(6 + DAY)).state,
        State::Unknown,
        "a day later it is not known any more"
    );
}

#[test]
fn a_router_that_says_prohibited_is_a_firewall_and_a_machine_behind_it_is_none() {
    let closed = profile("closed");
    let said = record(&closed, &[sight(0, 5_000, Came::Prohibited)]);
    assert_eq!(said.judge(&closed, at(1)).state, State::InForce);
    let through = record(&closed, &[sight(0, 445, Came::Refusal { behind: Some(true) })]);
    assert_eq!(through.judge(&closed, at(1)).state, State::NotInForce);
}

#[test]
fn where_we_provide_none_nothing_is_judged() {
    let own = profile("own-kit");
    let record = record(&own, &[sight(0, 445, Came::Answer), sight(2 * DAY, 445, Came::Answer)]);
    assert_eq!(record.judge(&own, at(2 * DAY)).state, State::NotApplicable);
    assert_eq!(record.due(&own, &Insistence::default(), at(2 * DAY)), None);
}

fn any_came() -> impl Strategy<Value = Came> {
    prop_oneof![
        Just(Came::Answer),
        prop_oneof![Just(None), Just(Some(false)), Just(Some(true))]
            .prop_map(|behind| Came::Refusal { behind }),
        Just(Came::Prohibited),
        any::<bool>().prop_map(|alive| Came::Nothing { alive }),
    ]
}

fn any_sight(came: impl Strategy<Value = Came>) -> impl Strategy<Value = Sight> {
    let port = prop_oneof![Just(445_u16), Just(23), Just(80), Just(51_413), 1..65_535_u16];
    (0..30 * DAY, port, came).prop_map(|(minutes, port, came)| sight(minutes, port, came))
}

fn in_order(mut sights: Vec<Sight>) -> Vec<Sight> {
    sights.sort_by_key(|sight| sight.at);
    sights
}

proptest! {
    /// A REJECT and a machine on which nothing listens look the same.
    #[test]
    fn refusals_alone_show_nothing(
        sights in prop::collection::vec(any_sight(Just(Came::Refusal { behind: None })), 0..80),
        near in prop::collection::vec(any_sight(Just(Came::Refusal { behind: Some(false) })), 0..80),
    ) {
        let closed = profile("closed");
        let record = record(&closed, &in_order([sights, near].concat()));
        prop_assert_eq!(record.judge(&closed, at(30 * DAY)).state, State::Unknown);
    }

    /// A line that is switched off is silent too.
    #[test]
    fn silence_of_the_dead_shows_nothing(
        sights in prop::collection::vec(any_sight(Just(Came::Nothing { alive: false })), 0..80),
    ) {
        let closed = profile("closed");
        let last = sights.iter().map(|sight| sight.at).max().unwrap_or(at(0));
        prop_assert_eq!(record(&closed, &sights).judge(&closed, last).state, State::Unknown);
    }

    /// Games, sharing, telephones and hosted services by name, and up to five ports of programs nobody knows.
    #[test]
    fn no_lawful_pinhole_is_accused(
        named in prop::collection::vec((0..30 * DAY, 1..65_535_u16), 0..200),
        odd in prop::collection::vec(10_000..65_535_u16, 0..5),
        odd_times in prop::collection::vec((0..30 * DAY, 0..5_usize), 0..60),
        name in prop_oneof![Just("closed"), Just("gamer"), Just("web-server"), Just("business")],
    ) {
        let profile = profile(name);
        let is_named = |port: u16| matches!(meaning(Transport::Tcp, port), PortMeaning::Named(_));
        let mut sights: Vec<Sight> = named
            .into_iter()
            .filter(|(_, port)| is_named(*port))
            .chain([21, 22, 80, 443, 3_389, 6_881, 25_565, 32_400, 51_413].map(|port| (7, port)))
            .map(|(minutes, port)| sight(minutes, port, Came::Answer))
            .collect();
        let odd = |place: usize| odd.get(place).copied();
        sights.extend(odd_times.into_iter().filter_map(|(minutes, place)| {
            Some(sight(minutes, odd(place)?, Came::Answer))
        }));
        let mut record = Record::default();
        for sight in in_order(sights) {
            record.see(&sight, &profile, &[]);
            prop_assert_ne!(record.judge(&profile, sight.at).state, State::NotInForce);
            prop_assert_eq!(record.due(&profile, &Insistence::default(), sight.at), None);
        }
    }

    /// Whatever comes, in whatever order: nothing follows before two observations a day apart.
    #[test]
    fn nothing_follows_within_a_day(
        sights in prop::collection::vec(any_sight(any_came()), 0..200),
    ) {
        let closed = profile("closed");
        let mut record = Record::default();
        let mut first = None;
        for sight in in_order(sights) {
            record.see(&sight, &closed, &[]);
            match record.judge(&closed, sight.at).state {
                State::NotInForce => { first.get_or_insert(sight.at); }
                State::Unknown => {}
                _ => first = None,
            }
            if record.due(&closed, &Insistence::default(), sight.at).is_some() {
                let first = first.expect("it was seen not to be in force");
                prop_assert!(sight.at.duration_since(first) >= SignedDuration::from_hours(24));
            }
        }
        let kept = serde_json::to_string(&record).unwrap();
        prop_assert!(kept.len() < 12_000, "{} bytes", kept.len());
        prop_assert_eq!(serde_json::from_str::<Record>(&kept).unwrap(), record);
    }
}
