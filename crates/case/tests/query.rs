//! Searches: what is understood, what fits, what is refused with its place, and that narrowing never loses a case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says what it wanted")]

use std::collections::BTreeSet;

use case::{Asker, Kind, Listed, More, Query, Stage};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-11-27T03:00:00Z".parse().unwrap()
}

fn before(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn usual() -> Listed {
    Listed {
        case: case::CaseId(17),
        subscriber: "dsl-1042 Ähre".parse().unwrap(),
        stage: Stage::Suspected,
        opened: before(30),
        updated: before(2),
        version: 9,
        due: Some(now() + SignedDuration::from_mins(20)),
        harm: 8,
        proxy: true,
        addresses: vec!["203.0.113.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
        assignee: Some("ann".to_owned()),
        more: More {
            headline: "open-proxy alleged, 3 claims, not proved".to_owned(),
            kinds: BTreeSet::from([Kind::OpenProxy, Kind::Malware]),
            ports: BTreeSet::from([1080]),
            families: BTreeSet::from(["sobig".to_owned()]),
            reporters: BTreeSet::from(["mail.spamcop.example.net".to_owned()]),
            mentions: BTreeSet::from(["ben".to_owned()]),
            sightings: 3,
            block_ends: vec![(now() + SignedDuration::from_hours(1)).as_second(), before(1).as_second()],
            held_until: None,
            paged: true,
        },
    }
}

fn finds(search: &str) -> bool {
    let query = Query::read(search, now()).unwrap_or_else(|error| panic!("{search}: {error}"));
    query.fits(&usual(), &Asker { name: Some("ann"), now: now() })
}

#[test]
fn words_that_fit() {
    for search in [
        "",
        "ND-17",
        "nd-17 203.0.113.7",
        "203.0.113.0/24",
        "203.0.113.77/24",
        "2001:db8::7",
        "2001:db8::/32",
        "::ffff:203.0.113.7",
        "203.0.113",
        "ähre",
        "\"dsl-1042 äh\"",
        "ALLEGED",
        "stage:suspected",
        "stage:confirmed,suspected",
        "kind:malware",
        "is:open is:proxy is:assigned is:blocked is:paged",
        "-is:overdue -is:waiting not is:ended",
        "line:dsl-10*",
        "line:\"dsl-1042 ähre\"",
        "address:203.0.113.7",
        "port:25,1080",
        "family:SOBIG",
        "reporter:spamcop.example.net",
        "reporter:example.net",
        "assigned:me",
        "assigned:ann",
        "mentions:ben",
        "harm>=8 harm<=8 harm=8 harm:8 harm>7 harm<9",
        "sightings<4 blocks:1",
        "age>1d age<31h quiet>90m left<1h left>15m",
        "opened:2026-11-25",
        "opened:2026-11-25 opened<2026-11-26 opened>=2026-11-25",
        "opened>2026-11-24 opened<=2026-11-25",
        "updated:today due:today updated>2026-11-27T00:59Z",
        "stage:watching or kind:open-proxy",
        "(stage:watching or is:proxy) 1042",
        "not (stage:watching or harm<3)",
        "nonsense or 1042 and ND-17",
        "sort:-harm is:any",
    ] {
        assert!(finds(search), "{search:?} does not find it");
    }
}

#[test]
fn words_that_do_not_fit() {
    for search in [
        "ND-1",
        "203.0.113.8",
        "203.0.113.128/25",
        "2001:db8::8",
        "stage:watching",
        "-stage:suspected",
        "kind:open-relay",
        "is:ended",
        "is:overdue",
        "line:dsl",
        "line:1042*",
        "port:25",
        "family:jeem",
        "reporter:amcop.example.net",
        "reporter:x.mail.spamcop.example.net",
        "assigned:nobody",
        "assigned:ben",
        "mentions:me",
        "harm<8",
        "age<1d",
        "opened:today",
        "opened>2026-11-25",
        "opened<2026-11-25",
        "is:proxy (harm<3 or 1043)",
        "\"1042 dsl\"",
    ] {
        assert!(!finds(search), "{search:?} finds it");
    }
}

#[test]
fn ended_cases_are_found_where_a_word_speaks_of_them_alone() {
    let ended = Listed { stage: Stage::Dismissed, due: None, ..usual() };
    let finds =
        |search: &str| Query::read(search, now()).unwrap().fits(&ended, &Asker { name: None, now: now() });
    for search in
        ["is:ended", "is:any", "stage:dismissed", "stage:dismissed,watching", "ND-17", "-is:open is:any"]
    {
        assert!(finds(search), "{search}");
    }
    for search in ["", "203.0.113.7", "-is:open", "stage:closed", "left<1h", "assigned:me"] {
        assert!(!finds(search), "{search}");
    }
    for search in ["is:ended", "1042 is:any"] {
        assert!(Query::read(search, now()).unwrap().order().is_newest_first(), "{search}");
    }
}

#[test]
fn what_is_not_understood_says_where_and_what_is_known() {
    let mut told = String::new();
    for search in [
        "stge:confirmed",
        "kind:open-proxi",
        "stage:",
        "stage:,",
        "stage>confirmed",
        "is:open,ended",
        "is:lost",
        "harm>=high",
        "age:2h",
        "age>2 h",
        "left<3y",
        "opened:2026-13-01",
        "opened:2026-11-27T03:00Z",
        "address:203.0.113.256",
        "port:65536",
        "( is:proxy",
        "is:proxy )",
        "()",
        "or is:proxy",
        "is:proxy or",
        "-",
        "not or x",
        "sort:age",
        "sort:harm sort:clock",
        "\"no end",
        "port:",
    ] {
        let error = Query::read(search, now()).expect_err(search);
        let place = search.get(error.at.0..error.at.1).unwrap_or_else(|| panic!("{search}: {:?}", error.at));
        told.push_str(&format!("{search:<26} [{place}] {error}\n"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_search_is_bounded() {
    assert!(Query::read(&"x".repeat(1001), now()).is_err());
    assert!(Query::read(&"a ".repeat(80), now()).is_err());
    assert!(Query::read(&format!("{}x{}", "(".repeat(30), ")".repeat(30)), now()).is_err());
    assert!(Query::read(&format!("{}x", "-".repeat(30)), now()).is_err());
    assert!(Query::read(&format!("{}x{}", "(".repeat(12), ")".repeat(12)), now()).is_ok());
}

#[test]
fn lists_are_sorted_by_time_left_and_harm_or_as_asked() {
    let mut cases: Vec<Listed> =
        (1..=4).map(|number| Listed { case: case::CaseId(number), ..usual() }).collect();
    cases[0].due = Some(now() + SignedDuration::from_hours(4));
    cases[1].due = Some(now() - SignedDuration::from_hours(1));
    (cases[2].harm, cases[2].proxy) = (2, false);
    cases[3].due = None;
    let order = |search: &str| -> Vec<u64> {
        let order = Query::read(search, now()).unwrap().order();
        let mut sorted: Vec<&Listed> = cases.iter().collect();
        sorted.sort_by_key(|listed| (order.key(listed, now()), listed.case));
        sorted.into_iter().map(|listed| listed.case.0).collect()
    };
    assert_eq!(order(""), [2, 1, 4, 3]);
    assert_eq!(order("sort:clock"), [2, 1, 4, 3]);
    assert_eq!(order("sort:opened"), [1, 2, 3, 4]);
    assert_eq!(order("sort:-opened"), [4, 3, 2, 1]);
    assert_eq!(order("sort:-harm"), [3, 1, 2, 4]);
}

fn any_listed() -> impl Strategy<Value = Listed> {
    (0usize..8, 0u8..11, any::<bool>(), 0u8..16, 1u64..20).prop_map(|(stage, harm, proxy, host, number)| {
        Listed {
            case: case::CaseId(number),
            stage: Stage::ALL[stage],
            harm,
            proxy,
            addresses: vec![format!("203.0.113.{host}").parse().unwrap()],
            ..usual()
        }
    })
}

fn any_search() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "is:ended",
        "is:open",
        "is:any",
        "is:proxy",
        "stage:dismissed",
        "stage:suspected,closed",
        "harm>5",
        "ND-7",
        "203.0.113.3",
        "203.0.113.8/29",
        "1042",
        "113.1",
        "sort:-harm",
    ]);
    let word = word.prop_map(str::to_owned);
    word.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

proptest! {
    /// What a table leaves out never fits; where the table is said to know all, what it gives fits.
    #[test]
    fn narrowing_never_loses_a_case(search in any_search(), listed in any_listed()) {
        let Ok(query) = Query::read(&search, now()) else { return Ok(()) };
        let narrow = query.narrowed();
        let kept = narrow.open.is_none_or(|open| open == listed.stage.is_open())
            && narrow.stages.as_ref().is_none_or(|stages| stages.contains(&listed.stage))
            && narrow.cases.as_ref().is_none_or(|cases| cases.contains(&listed.case))
            && narrow.address.is_none_or(|address| listed.addresses.contains(&address))
            && narrow.texts.iter().all(|text| listed.sought().contains(text));
        let fits = query.fits(&listed, &Asker { name: None, now: now() });
        prop_assert!(kept || !fits, "{search}: left out and fits");
        prop_assert!(!narrow.exact || kept == fits, "{search}: exact, and {kept} is not {fits}");
        if !listed.stage.is_open() && fits {
            prop_assert!(query.wants_ended(), "{search} finds an ended case and does not want any");
        }
    }

    #[test]
    fn reading_never_fails_otherwise(text in "\\PC{0,60}") {
        if let Err(error) = Query::read(&text, now()) {
            prop_assert!(text.get(error.at.0..error.at.1).is_some(), "{:?} is no place in it", error.at);
        }
    }
}
