//! Figures of a real night: the same from a desk at work, after a restart, and without a desk; and how we stand with a
//! blocklist.

use std::sync::atomic::Ordering;

use case::{CaseId, Interval, Stage};
use desk::{Blocklists, NumbersView};
use jiff::SignedDuration;
use lookup::Blocklist;

use crate::house::{House, spamcop};
use crate::names::Zone;
use crate::proxy;

const LINE: &str = "127.66.0.9";

fn clock(view: &NumbersView, which: Interval) -> (usize, usize, Option<i64>) {
    let clock = view.figures.clocks.iter().find(|one| one.clock == which).expect("every clock is there");
    (clock.ended, clock.waiting, clock.p95)
}

#[tokio::test]
async fn the_figures_follow_from_the_log_whoever_reads_it() {
    let house = House::new().await;
    house.leased(LINE, "dsl-9").await;
    let port = proxy::open(LINE).await.port();
    let night = house.open().await;
    let began = house.clock.now();
    night.mail("one", &spamcop(LINE, port, 17, began - SignedDuration::from_mins(5))).await;
    house.reaches("dsl-9", Stage::Contained).await;
    let (from, to) = (began - SignedDuration::from_hours(1), began + SignedDuration::from_hours(1));
    let view = night.desk.numbers(from, to).await.expect("figures");
    assert_eq!((view.figures.cases, view.opened_today, view.today.len()), (1, 1, 1));
    assert_eq!(view.today[0].case, CaseId(1));
    assert_eq!(clock(&view, Interval::Contain), (1, 0, Some(0)), "the clock of the test stands still");
    assert_eq!(clock(&view, Interval::Clean).1, 1, "and it is not clean yet");
    let (_, _, noticed) = clock(&view, Interval::Notice);
    assert!(noticed.is_some_and(|seconds| (299..=301).contains(&seconds)), "{noticed:?}");
    assert_eq!((view.figures.incidents.incidents, view.figures.incidents.complaints), (1, 1));
    assert_eq!(view.figures.networks[0].network.to_string(), "127.66.0.0/24");
    let gauges = night.desk.gauges().await.expect("gauges");
    let ended = |gauges: &desk::Gauges| {
        gauges.clocks.iter().find(|one| one.clock == Interval::Contain).map(|one| one.count)
    };
    assert_eq!(ended(&gauges), Some(1));
    assert!(gauges.spool.is_some_and(|spool| spool.waiting == 0 && !spool.distrusted));
    assert_eq!(gauges.unacknowledged, 1, "a proxy pages, and nobody has acted");
    night.end().await;

    let again = house.open().await;
    let after = again.desk.numbers(from, to).await.expect("figures");
    assert_eq!(after.figures, view.figures, "a restart forgets nothing");
    assert_eq!(ended(&again.desk.gauges().await.expect("gauges")), Some(0), "counters begin with the desk");
    again.desk.act(CaseId(1), note(), case::Actor::Operator("mira".to_owned())).await.expect("a note");
    assert_eq!(again.desk.gauges().await.expect("gauges").unacknowledged, 0);
    let moved_on = again.desk.numbers(from, to).await.expect("figures");
    assert_eq!(clock(&moved_on, Interval::Acknowledge).0, 1, "what was kept was read again");
    let home = &again.desk.settings().territory.home;
    let beside = desk::numbers(&house.store, home, &[], &[], (from, to), house.clock.now()).await;
    assert_eq!(beside.expect("figures").figures, moved_on.figures, "a command reads the same");
    let none = again.desk.numbers(from, from + SignedDuration::from_secs(1)).await.expect("figures");
    assert_eq!((none.figures.cases, none.opened_today), (0, 1));
    again.end().await;
}

fn note() -> case::Command {
    case::Command::Note { text: "I look at it".to_owned() }
}

/// A list that works, with our line on it.
fn zone() -> Zone {
    let mut zone = Zone::default();
    zone.a.insert("2.0.0.127.bl.example.net".to_owned(), [127, 0, 0, 2]);
    zone.a.insert("9.0.66.127.bl.example.net".to_owned(), [127, 0, 0, 4]);
    zone.txt("9.0.66.127.bl.example.net", "an open proxy")
}

async fn asking(zone: Zone) -> (Blocklists, std::sync::Arc<Zone>) {
    let (resolver, zone) = zone.resolver().await;
    let lists = vec![Blocklist::new(resolver, "bl.example.net")];
    (Blocklists { lists, sample: 8, per_second: 1000 }, zone)
}

#[tokio::test]
async fn a_list_is_asked_of_open_cases_and_some_of_each_prefix_once_a_day() {
    let house = House::new().await;
    house.leased(LINE, "dsl-9").await;
    let night = house.open().await;
    night.desk.show_blocklists(vec![("bl.example.net".to_owned(), "a note".to_owned())]);
    night.mail("one", &spamcop(LINE, 9, 17, house.clock.now())).await;
    crate::house::until("a case", async || house.case_of("dsl-9").await).await;
    let (asked, zone) = asking(zone()).await;
    asked.look(&night.desk).await.expect("asked");
    let now = house.clock.now();
    let view = night.desk.numbers(now - SignedDuration::from_hours(1), now).await.expect("figures");
    let list = view.blocklists.first().expect("the list");
    assert_eq!((list.works, list.note.as_str()), (Some(true), "a note"));
    let day = list.days.last().expect("today");
    assert_eq!((day.cases, day.cases_listed, day.sample, day.sample_listed), (1, 1, 8, 0));
    let listed = list.listed.first().expect("our line");
    assert_eq!((listed.address.to_string().as_str(), listed.of_case), (LINE, true));
    assert_eq!(listed.said, "127.0.0.4 an open proxy");
    let questions = zone.asked.load(Ordering::Relaxed);
    asked.look(&night.desk).await.expect("asked");
    assert_eq!(zone.asked.load(Ordering::Relaxed), questions, "nothing is asked twice on one day");
    let gauges = night.desk.gauges().await.expect("gauges").blocklists;
    assert!(gauges.iter().any(|one| (one.of, one.asked, one.listed) == ("case", 1, 1)), "{gauges:?}");
    night.end().await;
}

#[tokio::test]
async fn a_list_that_lists_everybody_is_said_to_and_asked_about_nobody() {
    let house = House::new().await;
    let night = house.open().await;
    night.desk.show_blocklists(vec![("bl.example.net".to_owned(), String::new())]);
    let mut everybody = zone();
    everybody.a.insert("1.0.0.127.bl.example.net".to_owned(), [127, 0, 0, 2]);
    let (asked, zone) = asking(everybody).await;
    for _ in 0..2 {
        asked.look(&night.desk).await.expect("asked");
    }
    let now = house.clock.now();
    let view = night.desk.numbers(now - SignedDuration::from_hours(1), now).await.expect("figures");
    let list = view.blocklists.first().expect("the list");
    assert!(list.works == Some(false) && list.trouble.contains("everybody"), "{list:?}");
    assert!(list.days.is_empty() && list.listed.is_empty());
    // Two addresses with A, and TXT for what they say: tried out once, not again within the hour.
    assert!(zone.asked.load(Ordering::Relaxed) <= 4, "{}", zone.asked.load(Ordering::Relaxed));
    night.end().await;
}
