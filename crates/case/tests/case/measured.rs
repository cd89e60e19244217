//! The clocks of a case, from its log alone, and many of them summed.
use std::collections::BTreeSet;

use case::{
    Actor, BOUNDS, Case, Command, Correspondent, Curve, Event, Figures, Interval, Kind, Milestones, NATURAL,
    Observed, Playbook, Record, SignKind, Spread, Stage, Verdict, network_of,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::promises::{Happening, any_playbook, command, happening, said_or_seen};
use crate::sample::{Night, evening, hours, on_port, sighting, sign};

fn milestones(night: &Night) -> Milestones {
    Milestones::of(&night.records).expect("a case begins with Opened")
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Reported ten minutes after it happened, proved half an hour later, in force two minutes after that.
fn contained() -> Night {
    let mut report = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613);
    report.happened = Some(evening() - minutes(10));
    let mut night = Night::begins_with(report);
    night.wait(minutes(30));
    night.answers(Verdict::OpenProxy, Some(48613));
    night.wait(minutes(2));
    night.edge_obeys();
    assert_eq!(night.stage(), Stage::Contained);
    night
}

#[test]
fn each_clock_of_a_usual_night_says_what_a_person_would_read_from_its_log() {
    let mut night = contained();
    let proved = milestones(&night).confirmed.expect("it was proved");
    night.wait(minutes(5));
    night.must(&Command::Told { to: "Owner@example.org".to_owned(), failure: None });
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    assert_eq!(night.stage(), Stage::Cleaned);
    let case = milestones(&night);
    assert_eq!(case.took(Interval::Notice), Some(minutes(10)));
    assert_eq!(case.took(Interval::Confirm), Some(proved.duration_since(evening())));
    assert_eq!(case.took(Interval::Contain), Some(minutes(2)));
    assert_eq!(case.took(Interval::Tell), Some(minutes(7)));
    assert_eq!(case.took(Interval::Clean), Some(night.now.duration_since(proved)));
    assert_eq!(case.took(Interval::Acknowledge), None, "no person did anything");
    assert!(case.waits(Interval::Acknowledge, night.now).is_some(), "though they were paged");
    assert_eq!((case.complaints, case.complaints_after), (1, 0));
}

#[test]
fn letters_to_reporters_are_not_taken_for_the_one_to_the_subscriber() {
    let mut night = contained();
    let report = sighting(2, Kind::SpamSource, "mail.example", night.now);
    night.must(&Command::File(report.clone()));
    night.must(&Command::Correspond(Correspondent {
        evidence: report.evidence,
        address: "anna@mail.example".to_owned(),
        authenticated: true,
        newcomer: false,
        about: vec![report.address],
        spamcop: None,
    }));
    for to in ["Anna@mail.example", "resolved.17@spamcop.example.net", "operators"] {
        night.must(&Command::Told { to: to.to_owned(), failure: None });
        assert_eq!(milestones(&night).told, None, "{to} is not the subscriber");
    }
    let refused = Some("no such user".to_owned());
    night.must(&Command::Told { to: "owner@example.org".to_owned(), failure: refused });
    assert_eq!(milestones(&night).told, None, "what was refused told nobody");
    night.must(&Command::Told { to: "owner@example.org".to_owned(), failure: None });
    assert_eq!(milestones(&night).told, Some(night.now));
    let after = milestones(&night);
    assert_eq!((after.complaints, after.complaints_after), (2, 1), "Anna's came after it was contained");
}

#[test]
fn a_line_that_opens_again_was_not_cleaned_and_its_clock_runs_on() {
    let mut night = contained();
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    let first = milestones(&night);
    night.answers(Verdict::OpenProxy, Some(4000));
    let again = milestones(&night);
    assert_eq!((again.cleaned, again.reopened.len()), (None, 1));
    assert_eq!(again.confirmed, first.confirmed, "it counts from the first proof");
    assert!(again.waits(Interval::Clean, night.now).is_some());
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    let last = milestones(&night);
    assert_eq!(night.stage(), Stage::Cleaned);
    assert!(last.took(Interval::Clean) > first.took(Interval::Clean));
    assert_eq!(Figures::of(&[last], night.now).incidents.reopened, 1);
}

#[test]
fn waiting_for_a_second_person_is_told_apart_from_being_slow() {
    let playbook = Playbook { second_person: true, ..Playbook::default() };
    let report = on_port(sighting(1, Kind::OpenProxy, "spamcop.net", evening()), 48613);
    let mut night = Night::with(playbook, report, evening());
    night.answers(Verdict::OpenProxy, Some(48613));
    assert!(milestones(&night).pauses.iter().all(|pause| pause.until.is_none()), "it waits");
    night.wait(hours(3));
    night.must(&Command::Approve { by: "hans".to_owned() });
    night.wait(minutes(1));
    night.edge_obeys();
    let case = milestones(&night);
    assert_eq!(case.took(Interval::Contain), Some(hours(3) + minutes(1)), "the wall's clock never pauses");
    assert_eq!(case.paused(Interval::Contain), hours(3));
    let clocks = Figures::of(&[case], night.now).clocks;
    let contain = clocks.iter().find(|one| one.clock == Interval::Contain).expect("it is measured");
    assert_eq!((contain.p95, contain.p95_unpaused), (Some(3 * 3600 + 60), Some(60)));
}

#[test]
fn a_person_who_acts_acknowledges_and_the_desk_itself_does_not() {
    let mut night = contained();
    let paged = milestones(&night).paged.expect("a proxy pages");
    let note = Record {
        case: night.case.id(),
        version: night.case.version() + 1,
        at: paged + minutes(4),
        actor: Actor::Desk,
        event: Event::Noted { text: "the owner rang".to_owned() },
    };
    night.records.push(note.clone());
    assert_eq!(milestones(&night).took(Interval::Acknowledge), None);
    night.records.push(Record {
        version: note.version + 1,
        actor: Actor::Operator("mira".to_owned()),
        ..note
    });
    assert_eq!(milestones(&night).took(Interval::Acknowledge), Some(minutes(4)));
}

#[test]
fn what_our_own_flows_showed_is_no_complaint() {
    let night = Night::begins_with(sign(1, SignKind::NewListener, 900, Some(1080), evening()));
    assert_eq!(milestones(&night).complaints, 0);
}

#[test]
fn neighbourhoods_are_a_24_and_a_48() {
    let of = |address: &str| network_of(address.parse().expect("an address")).to_string();
    assert_eq!(of("198.51.100.77"), "198.51.100.0/24");
    assert_eq!(of("::ffff:198.51.100.77"), "198.51.100.0/24");
    assert_eq!(of("2001:db8:1:2::3"), "2001:db8:1::/48");
}

#[test]
fn machines_that_were_told_say_nothing_of_how_machines_clean_themselves() {
    let mut night = contained();
    for _ in 0..5 {
        night.answers(Verdict::Closed, None);
    }
    let figures = Figures::of(&[milestones(&night)], night.now);
    assert_eq!((figures.clean.watched, figures.clean.cleaned), (1, 1));
    assert_eq!((figures.left_alone.watched, figures.left_alone.cleaned), (1, 0), "it was contained first");
    assert!(NATURAL.iter().all(|one| one.least <= one.most && one.most <= 100));
}

#[test]
fn the_share_that_is_clean_is_the_textbook_one() {
    // Six leukaemia patients of Freireich et al. 1963, by hand: 6 6 6+ 7 9+ 10.
    let seen = [(6, true), (6, true), (6, false), (7, true), (9, false), (10, true)];
    let curve: Curve = seen.into_iter().map(|(seconds, cleaned)| Observed { seconds, cleaned }).collect();
    let dirty: Vec<(i64, f64)> = curve.steps.iter().map(|(at, clean)| (*at, 1.0 - clean)).collect();
    let by_hand = [(6, 4.0 / 6.0), (7, 4.0 / 6.0 * 2.0 / 3.0), (10, 0.0)];
    assert_eq!(dirty.len(), by_hand.len());
    for ((at, share), (then, expected)) in dirty.into_iter().zip(by_hand) {
        assert!(at == then && (share - expected).abs() < 1e-9, "{at} {share} {expected}");
    }
    assert!(curve.at(5) == 0.0 && curve.at(9) == curve.at(7) && curve.at(99) == 1.0);
}

/// Counted from the records in the slowest way there is.
fn complaints(records: &[Record]) -> u64 {
    let mut reports = BTreeSet::new();
    let mut counted = 0;
    for record in records {
        match &record.event {
            Event::Filed { sighting, .. } if sighting.source.is_hearsay() => {
                reports.insert(sighting.evidence);
            }
            Event::Counted { reports, .. } => counted += u64::from(*reports),
            _ => {}
        }
    }
    counted + reports.len() as u64
}

fn played(first: case::Sighting, playbook: Playbook, happenings: Vec<Happening>) -> Night {
    let mut night = Night::with(playbook, first, evening());
    for happening in happenings {
        if let Happening::Wait(seconds) = happening {
            night.wait(SignedDuration::from_secs(seconds));
        }
        if let Some(command) = command(&night, happening) {
            // Refusals are part of a night.
            drop(night.act(&command));
        }
    }
    night
}

proptest! {
    #[test]
    fn over_any_night_the_clocks_fit_the_log_and_each_other(
        happenings in prop::collection::vec(happening(), 1..80),
        first in said_or_seen(),
        playbook in any_playbook(),
    ) {
        let night = played(first, playbook, happenings);
        let case = milestones(&night);
        prop_assert_eq!((case.stage, case.version), (night.stage(), night.case.version()));
        prop_assert_eq!(case.complaints, complaints(&night.records));
        prop_assert!(case.complaints_after <= case.complaints);
        prop_assert!(case.began.is_none_or(|began| began <= case.noticed));
        let later = [case.paged, case.confirmed, case.told, case.contained, case.cleaned, case.ended];
        for at in later.into_iter().flatten().chain(case.reopened.iter().copied()) {
            prop_assert!(case.noticed <= at && at <= night.now);
        }
        prop_assert_eq!(case.ended.is_some(), !night.stage().is_open());
        prop_assert!(case.contained.is_none() || case.confirmed.is_some());
        prop_assert!(night.stage() != Stage::Cleaned || case.cleaned.is_some());
        for clock in Interval::ALL {
            let (took, waits) = (case.took(clock), case.waits(clock, night.now));
            prop_assert!(took.is_none() || waits.is_none(), "{:?} ended and goes on", clock);
            prop_assert!(took.is_none_or(|took| case.paused(clock) <= took));
            prop_assert!(waits.is_none_or(|waits| !waits.is_negative()));
        }
        // A restart in the middle changes nothing: what is read later goes on from what was read before.
        let replayed = Case::replay(&night.records).map(|case| case.version());
        prop_assert_eq!(replayed, Some(case.version));
        let mut on = Milestones::of(&night.records[..1]).expect("the first");
        night.records[1..].iter().for_each(|record| on.take(record));
        prop_assert_eq!(on, case);
    }

    #[test]
    fn a_percentile_is_the_least_figure_that_so_many_do_not_exceed(
        figures in prop::collection::vec(-5..1000i64, 0..300),
        percent in 1..=100usize,
    ) {
        let spread: Spread = figures.iter().copied().collect();
        let enough = |figure: &&i64| {
            figures.iter().filter(|other| other <= figure).count() * 100 >= percent * figures.len()
        };
        prop_assert_eq!(spread.percentile(percent), figures.iter().filter(enough).min().copied());
        let mut bounds = vec![10, 100, 101, 500];
        let bars = spread.bars(&bounds);
        bounds.insert(0, i64::MIN);
        bounds.push(i64::MAX);
        for (bar, ends) in bars.iter().zip(bounds.windows(2)) {
            let within = figures.iter().filter(|figure| ends[0] < **figure && **figure <= ends[1]).count();
            prop_assert_eq!(*bar, within as u64);
        }
        prop_assert_eq!(bars.iter().sum::<u64>(), figures.len() as u64);
    }

    #[test]
    fn a_share_only_grows_and_is_the_plain_share_where_everybody_was_seen_to_the_end(
        watched in prop::collection::vec((0..50i64, any::<bool>()), 0..60),
        at in 0..60i64,
    ) {
        let of = |all: Vec<(i64, bool)>| {
            all.into_iter().map(|(seconds, cleaned)| Observed { seconds, cleaned }).collect::<Curve>()
        };
        let curve = of(watched.clone());
        prop_assert_eq!(curve.watched, watched.len());
        prop_assert_eq!(curve.cleaned, watched.iter().filter(|(_, cleaned)| *cleaned).count());
        let ascends = curve.steps.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        prop_assert!(ascends && curve.steps.iter().all(|(_, share)| (0.0..=1.0).contains(share)));
        let whole = of(watched.iter().map(|(seconds, _)| (*seconds, true)).collect());
        let plain = watched.iter().filter(|(seconds, _)| *seconds <= at).count() as f64
            / watched.len().max(1) as f64;
        prop_assert!((whole.at(at) - plain).abs() < 1e-9);
    }

    #[test]
    fn the_figures_are_the_same_in_whatever_order_the_cases_come(
        nights in prop::collection::vec((said_or_seen(), prop::collection::vec(happening(), 0..25)), 1..8),
    ) {
        let mut cases: Vec<Milestones> = nights
            .into_iter()
            .map(|(first, happenings)| milestones(&played(first, Playbook::default(), happenings)))
            .collect();
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let one = Figures::of(&cases, now);
        cases.reverse();
        prop_assert_eq!(&Figures::of(&cases, now), &one);
        for clock in &one.clocks {
            prop_assert_eq!(clock.bars.len(), BOUNDS.len() + 1);
            prop_assert_eq!(clock.bars.iter().sum::<u64>(), clock.ended as u64);
            prop_assert!(clock.p50 <= clock.p95 && clock.p95 <= clock.p99);
            prop_assert!(clock.p95_unpaused <= clock.p95);
        }
        prop_assert_eq!(one.weeks.iter().map(|week| week.cases).sum::<usize>(), cases.len());
        prop_assert_eq!(one.weeks.iter().map(|week| week.incidents.complaints).sum::<u64>(), one.incidents.complaints);
        prop_assert!(one.networks.iter().map(|network| network.cases).sum::<usize>() >= cases.len());
    }
}
