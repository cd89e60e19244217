//! Pages through nights that go wrong: restarts at any point, clocks that jump, whatever the rota says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use oncall::{Entry, Logged, Next, Page, PageId, Reason, Ring, Rota, Severity, Standing, Via};
use proptest::prelude::*;

use super::{at, rota};

const RULES: &str = "[[schedule]]\nname = \"night\"\n[[schedule.layer]]\npeople = [\"anna\", \"ben\"]\nrotate = \"daily\"\nhand_over = \"09:00\"\nfrom = \"2026-01-01\"\n\
[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"schedule:night\"] }, { after = \"10m\", ring = [\"schedule:night\"] }, { after = \"10m\", ring = [\"everybody\"] }]\nrepeat = 1\nrepeat_after = \"10m\"\ncomes_back = \"60m\"\n\
[[quiet]]\nseverity = \"low\"\nhours = \"22:00-07:00\"\n";

/// A desk that keeps nothing but the entries.
struct Desk {
    rota: Rota,
    entries: Vec<Logged>,
    now: Timestamp,
}

impl Desk {
    fn opens(reason: Reason, at: Timestamp) -> Desk {
        let rota = rota("Europe/Berlin", RULES);
        let severity = rota.severity(reason);
        let mut desk = Desk { rota, entries: Vec::new(), now: at };
        desk.log(Entry::Opened { reason, severity, bundle: reason.name().to_owned() });
        desk.log(Entry::Joined { case: None, what: "a proxy".to_owned() });
        desk
    }

    fn log(&mut self, entry: Entry) {
        let version = u32::try_from(self.entries.len() + 1).expect("few");
        self.entries.push(Logged { version, at: self.now, entry });
    }

    fn page(&self) -> Page {
        Page::replay(PageId(1), &self.entries).expect("a page")
    }

    /// Does what is due; the rings that were ordered.
    fn look(&mut self) -> Vec<Ring> {
        let mut ordered = Vec::new();
        // At one moment a step and the one behind it may be due, where nobody could be rung; never without an end.
        for _ in 0..10 {
            match self.page().next(&self.rota, self.now, None) {
                Next::Now(due, entry) => {
                    assert!(due <= self.now, "not before it is due");
                    if let Entry::Stepped { rings, .. } = &entry {
                        ordered.extend(rings.clone());
                    }
                    self.log(entry);
                }
                Next::At(at) => {
                    assert!(at > self.now);
                    return ordered;
                }
                Next::Nothing => return ordered,
            }
        }
        unreachable!("a page that is due for ever: {:?}", self.page());
    }

    fn people(rings: &[Ring]) -> Vec<&str> {
        rings.iter().map(|ring| ring.person.as_str()).collect()
    }

    fn later(&mut self, minutes: i64) -> Vec<Ring> {
        self.now += SignedDuration::from_mins(minutes);
        self.look()
    }
}

#[test]
fn it_escalates_until_somebody_acknowledges_and_comes_back_when_it_is_forgotten() {
    // On 2026-11-26 it is ben's turn from 09:00 in Berlin on.
    let mut desk = Desk::opens(Reason::Proxy, at("2026-11-26T20:00:00Z"));
    let on_duty = desk.rota.schedules()[0].who(desk.now).expect("somebody").person.to_string();
    assert_eq!(Desk::people(&desk.look()), [on_duty.as_str()]);
    assert_eq!(desk.later(9).len(), 0);
    assert_eq!(Desk::people(&desk.later(1)), [on_duty.as_str()]);
    assert_eq!(Desk::people(&desk.later(10)), ["anna", "ben", "carl"]);
    assert_eq!(desk.later(10).len(), 1, "from the beginning again");
    let ring = desk.page().rings.last().expect("a ring").ring.number;
    assert!(desk.page().is_answered_by(ring));
    desk.log(Entry::Acknowledged { by: "ben".to_owned(), via: Via::Link, ring: Some(ring) });
    assert!(!desk.page().is_answered_by(ring), "a link acknowledges once");
    assert_eq!(desk.later(59).len(), 0);
    // Something happened meanwhile: the hour counts from there.
    let progress = Some(desk.now - SignedDuration::from_mins(9));
    assert_eq!(
        desk.page().next(&desk.rota, desk.now, progress),
        Next::At(desk.now + SignedDuration::from_mins(51))
    );
    assert_eq!(desk.later(1).len(), 1, "forgotten: it rings again");
    assert_eq!((desk.page().standing, desk.page().came_back), (Standing::Open, 1));
    desk.log(Entry::Resolved { by: None, why: "the case is contained".to_owned() });
    assert_eq!(desk.later(600).len(), 0);
}

#[test]
fn a_step_that_reaches_nobody_is_followed_at_once_and_a_page_is_never_given_up() {
    let mut desk = Desk::opens(Reason::Proxy, at("2026-11-26T20:00:00Z"));
    let first = desk.look();
    desk.log(Entry::Rung { ring: first[0].number, failure: Some("the relay refuses".to_owned()) });
    assert_eq!(desk.later(0).len(), 1, "the next step does not wait ten minutes");
    let mut rung = 0;
    for _ in 0..48 {
        rung += desk.later(30).len();
    }
    assert!(rung >= 24, "{rung} rings in a day");
}

#[test]
fn a_low_page_waits_for_the_morning_and_an_urgent_one_does_not() {
    let night = at("2026-11-26T23:00:00Z");
    let mut low = Desk::opens(Reason::Proxy, night);
    low.entries[0].entry =
        Entry::Opened { reason: Reason::Proxy, severity: Severity::Low, bundle: String::new() };
    assert_eq!(low.look(), []);
    assert_eq!(low.later(6 * 60 + 59), []);
    assert_eq!(low.later(1).len(), 1, "at seven in Berlin");
    assert_eq!(Desk::opens(Reason::Proxy, night).look().len(), 1);
}

/// What may go wrong between two looks.
#[derive(Debug, Clone)]
enum Mishap {
    None,
    /// The clock is put forward or back by so many hours.
    Jump(i64),
    /// The desk is not at work for so many minutes.
    Down(i64),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        12 => Just(Mishap::None),
        1 => prop_oneof![Just(-25i64), Just(-24), Just(-1), Just(1), Just(24), Just(25)].prop_map(Mishap::Jump),
        2 => (1..90i64).prop_map(Mishap::Down),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// True time goes on by a minute a look. Whatever the clock shows, no step is lost, none is done twice, and nobody
    /// waits longer than the policy says, and once more for each time the clock was put back.
    #[test]
    fn no_ring_is_missing_and_none_is_doubled(
        start in prop_oneof![Just("2026-03-28T22:00:00Z"), Just("2026-10-24T22:00:00Z"), Just("2026-11-26T20:00:00Z")],
        mishaps in prop::collection::vec(mishap(), 240),
    ) {
        let mut desk = Desk::opens(Reason::Proxy, at(start));
        let mut steps: BTreeMap<u32, i64> = BTreeMap::new();
        let (mut truly, mut waited, mut excused) = (0i64, 0i64, 0i64);
        for mishap in mishaps {
            match mishap {
                Mishap::None => {}
                Mishap::Jump(hours) => {
                    desk.now += SignedDuration::from_hours(hours);
                    excused += 61;
                }
                Mishap::Down(minutes) => {
                    desk.now += SignedDuration::from_mins(minutes);
                    truly += minutes;
                    waited += minutes;
                    excused += minutes;
                }
            }
            let before = desk.entries.len();
            desk.look();
            for logged in desk.entries.iter().skip(before) {
                if let Entry::Stepped { step, rings, .. } = &logged.entry {
                    prop_assert!(!rings.is_empty());
                    prop_assert!(steps.insert(*step, truly).is_none(), "step {} twice", step);
                    prop_assert!(waited <= 61 + excused, "waited {} minutes", waited);
                    (waited, excused) = (0, 0);
                }
            }
            desk.now += SignedDuration::from_mins(1);
            truly += 1;
            waited += 1;
        }
        let numbers: Vec<u32> = steps.keys().copied().collect();
        prop_assert!(numbers.iter().zip(0u32..).all(|(number, expected)| *number == expected));
        let rings: Vec<u32> = desk.page().rings.iter().map(|rang| rang.ring.number).collect();
        prop_assert!(rings.windows(2).all(|pair| pair[0] < pair[1]), "numbers of rings are used once");
    }

    /// Entries of any kind in any order make a page, and what is due on it can be said.
    #[test]
    fn any_entries_make_a_page(kinds in prop::collection::vec((0..7u8, 0..100_000i64), 0..40)) {
        let mut desk = Desk::opens(Reason::Edge, at("2026-11-26T20:00:00Z"));
        for (kind, offset) in kinds {
            desk.now = at("2026-11-26T20:00:00Z") + SignedDuration::from_secs(offset);
            desk.log(match kind {
                0 => Entry::Joined { case: None, what: String::new() },
                1 => Entry::Stepped { step: u32::MAX, rings: Vec::new(), nobody: Vec::new() },
                2 => Entry::Rung { ring: 7, failure: None },
                3 => Entry::Acknowledged { by: "x".to_owned(), via: Via::Mail, ring: None },
                4 => Entry::CameBack { why: String::new() },
                5 => Entry::ClockWentBack,
                _ => Entry::Opened { reason: Reason::Test, severity: Severity::Low, bundle: String::new() },
            });
        }
        let page = desk.page();
        drop(page.next(&desk.rota, desk.now, None));
        drop(page.headline());
        // What is kept as JSON is read back as it was.
        let text = serde_json::to_string(&desk.entries).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<Logged>>(&text).expect("entries"), desk.entries);
    }
}
