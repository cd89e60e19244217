//! Whose turn it is, over every kind of change of the clocks.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oncall::Schedule;
use proptest::prelude::*;

use super::{at, rota};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const PEOPLE: [&str; 3] = ["anna", "ben", "carl"];

/// Zones, each with the days around a change of its clocks: an hour in spring and autumn, half an hour, and a day that
/// never was.
const CHANGES: [(&str, [&str; 2]); 4] = [
    ("Europe/Berlin", ["2026-03-29", "2026-10-25"]),
    ("America/New_York", ["2026-03-08", "2026-11-01"]),
    ("Australia/Lord_Howe", ["2026-04-05", "2026-10-04"]),
    ("Pacific/Apia", ["2011-12-30", "2011-04-02"]),
];

fn schedule(zone: &str, layer: &str) -> Schedule {
    let more = format!(
        "[[schedule]]\nname = \"night\"\n{layer}\n[[policy]]\nname = \"p\"\nsteps = [{{ ring = [\"schedule:night\"] }}]"
    );
    rota(zone, &more).schedules().first().expect("a schedule").clone()
}

/// Who is on duty at every minute from the first day on, by nothing but a clock on the wall: the next turn begins when it
/// shows the hand-over of its day, or later, for the first time.
fn by_the_wall(
    zone: &TimeZone,
    first: Date,
    hand_over: Time,
    days: i64,
    minutes: usize,
) -> Vec<(Timestamp, Option<usize>)> {
    let start = zone.to_timestamp(DateTime::from_parts(first, Time::midnight())).expect("a moment");
    let day = SignedDuration::from_hours(24);
    let mut latest = DateTime::MIN;
    let mut turns = 0i64;
    let mut seen = Vec::new();
    for minute in 0..minutes {
        let now = start + MINUTE * i32::try_from(minute).expect("few");
        latest = latest.max(zone.to_datetime(now));
        let next = |turns: i64| {
            let passed = day * i32::try_from(turns * days).expect("few");
            DateTime::from_parts(first.checked_add(passed).expect("a day"), hand_over)
        };
        while latest >= next(turns) {
            turns += 1;
        }
        let who = usize::try_from(turns - 1).ok().map(|turn| turn % PEOPLE.len());
        seen.push((now, who));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_minute_has_exactly_the_person_the_rotation_says(
        zone in 0..4usize, which in 0..2usize, before in 0..4i32, hour in 0..24i8, minute in 0..60i8, days in 1..4i64,
    ) {
        let (name, around) = CHANGES[zone];
        let change: Date = around[which].parse().expect("a day");
        let first = change.checked_sub(SignedDuration::from_hours(24) * before).expect("a day");
        let hand_over = Time::new(hour, minute, 0, 0).expect("a time");
        let layer = format!(
            "[[schedule.layer]]\npeople = [\"anna\", \"ben\", \"carl\"]\nrotate = \"daily\"\nevery = {days}\n\
             hand_over = \"{hour:02}:{minute:02}\"\nfrom = \"{first}\""
        );
        let schedule = schedule(name, &layer);
        let zone = TimeZone::get(name).expect("a zone");
        let seen = by_the_wall(&zone, first, hand_over, days, 9 * 24 * 60);
        for (now, who) in &seen {
            let said = schedule.who(*now).map(|duty| duty.person.to_string());
            prop_assert_eq!(said.as_deref(), who.map(|who| PEOPLE[who]), "{} {}", name, now);
        }
        // The shifts say the same, and lie end to end.
        let (from, to) = (seen[0].0, seen[seen.len() - 1].0);
        let shifts = schedule.shifts(from, to);
        prop_assert!(shifts.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].on_duty != pair[1].on_duty));
        prop_assert_eq!((shifts[0].from, shifts[shifts.len() - 1].to), (from, to));
        for shift in shifts {
            let last = shift.to - MINUTE;
            prop_assert_eq!(&schedule.who(shift.from), &shift.on_duty);
            prop_assert_eq!(&schedule.who(last), &shift.on_duty);
        }
    }

    #[test]
    fn shifts_say_of_every_minute_what_the_schedule_says(
        zone in 0..4usize, which in 0..2usize, from in 0..24i8, to in 0..24i8, weekend in any::<bool>(),
        hand_over in 0..24i8, stands_in in 0..72i64,
    ) {
        let (name, around) = CHANGES[zone];
        let change: Date = around[which].parse().expect("a day");
        let first = change.checked_sub(SignedDuration::from_hours(72)).expect("a day");
        let days = if weekend { "[\"sat\", \"sun\"]" } else { "[]" };
        let begins = DateTime::from_parts(first, Time::midnight()) + SignedDuration::from_hours(stands_in);
        let ends = begins + SignedDuration::from_hours(30);
        let layers = format!(
            "[[schedule.layer]]\npeople = [\"anna\", \"ben\"]\nrotate = \"weekly\"\nhand_over = \"{hand_over:02}:00\"\nfrom = \"{first}\"\n\
             [[schedule.layer]]\npeople = [\"carl\"]\nrotate = \"never\"\nfrom = \"{first}\"\nhours = \"{from:02}:30-{to:02}:00\"\ndays = {days}\n\
             [[override]]\nschedule = \"night\"\nperson = \"ben\"\nfrom = \"{begins}\"\nto = \"{ends}\""
        );
        let schedule = schedule(name, &layers);
        let start = TimeZone::get(name).expect("a zone").to_timestamp(DateTime::from_parts(first, Time::midnight())).expect("a moment");
        let end = start + SignedDuration::from_hours(8 * 24);
        let mut now = start;
        for shift in schedule.shifts(start, end) {
            prop_assert_eq!(shift.from, now);
            while now < shift.to {
                prop_assert_eq!(&schedule.who(now), &shift.on_duty, "{} {}", name, now);
                now += MINUTE;
            }
        }
        prop_assert_eq!(now, end);
    }
}

#[test]
fn a_turn_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let layer = "[[schedule.layer]]\npeople = [\"anna\", \"ben\"]\nrotate = \"daily\"\nhand_over = \"00:00\"\nfrom = \"2026-01-01\"";
    let schedule = schedule("Europe/Berlin", layer);
    let hours = |from: &str, to: &str| {
        let shifts = schedule.shifts(at(from), at(to));
        shifts.iter().map(|shift| shift.to.duration_since(shift.from).as_hours()).collect::<Vec<_>>()
    };
    assert_eq!(hours("2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z"), [24, 23, 24]);
    assert_eq!(hours("2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z"), [24, 25, 24]);
}

#[test]
fn a_hand_over_in_the_hour_that_is_left_out_is_when_the_clock_is_put_forward() {
    let layer = "[[schedule.layer]]\npeople = [\"anna\", \"ben\"]\nrotate = \"daily\"\nhand_over = \"02:30\"\nfrom = \"2026-03-28\"";
    let schedule = schedule("Europe/Berlin", layer);
    let who = |text| schedule.who(at(text)).map(|duty| duty.person.to_string());
    // 02:00 becomes 03:00 at 01:00 UTC.
    assert_eq!(who("2026-03-29T00:59:59Z").as_deref(), Some("anna"));
    assert_eq!(who("2026-03-29T01:00:00Z").as_deref(), Some("ben"));
    // Before its first day nobody has taken over.
    assert_eq!(who("2026-03-28T01:29:59Z"), None);
}
