//! What is read of the file, what is refused, and what is found wrong with the time ahead.

use jiff::SignedDuration;
use oncall::{DEFAULT, Page, PageId, Reason, Rota, Severity};

use super::{at, rota};

const NIGHT: &str = "[[schedule]]\nname = \"night\"\n[[schedule.layer]]\npeople = [\"anna\", \"ben\"]\nrotate = \"weekly\"\nhand_over = \"09:00\"\nfrom = \"2026-11-02\"\n";
const POLICY: &str = "[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"schedule:night\"] }]\n";

fn refusal(zone: &str, more: &str) -> String {
    let text = format!(
        "time_zone = \"{zone}\"\nperson = [{{ name = \"anna\", contacts = [{{ mail = \"a@example.net\" }}] }}]\n{more}"
    );
    Rota::parse(&text).expect_err("refused").to_string()
}

#[test]
fn the_manual_is_a_file_that_works_and_leaves_no_minute_uncovered() {
    let rota = Rota::parse(DEFAULT).expect("the manual can be read");
    let from = at("2026-11-26T00:00:00Z");
    let coverage = rota.coverage(from, from + SignedDuration::from_hours(14 * 24), |_, _| false);
    assert!(coverage.is_whole(), "{coverage:?}");
    assert_eq!(rota.severity(Reason::Test), Severity::Low);
    assert_eq!(rota.severity(Reason::Proxy), Severity::Urgent);
    // Its examples in comments are right too, as far as one file can hold them all at once.
    let uncommented = DEFAULT
        .replace("# operator =", "operator =")
        .replace("# [[override]]\n# schedule = \"night\"\n# person = \"ben\"\n# from = \"2026-12-24T18:00\"\n# to = \"2026-12-25T09:00\"", "[[override]]\nschedule = \"night\"\nperson = \"ben\"\nfrom = \"2026-12-24T18:00\"\nto = \"2026-12-25T09:00\"")
        .replace("  # { ntfy", "  { ntfy")
        .replace("  # { matrix", "  { matrix")
        .replace("  # { pagerduty", "  { pagerduty")
        .replace("  # { webhook", "  { webhook");
    assert!(uncommented.contains("\n[[override]]") && uncommented.contains("\n  { ntfy"));
    let rota = Rota::parse(&uncommented).expect("its examples can be read");
    let ben = rota.people().find(|one| one.name.as_str() == "ben").expect("ben");
    assert_eq!(ben.contacts.len(), 5);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let rules = format!("{NIGHT}{POLICY}").replace(", \"ben\"", "");
    assert!(
        Rota::parse(&format!(
            "time_zone = \"UTC\"\nperson = [{{ name = \"anna\", contacts = [] }}]\n{rules}"
        ))
        .is_ok()
    );
    for (zone, more, word) in [
        ("Europe/Atlantis", rules.as_str(), "Europe/Atlantis"),
        ("UTC", NIGHT, "ben is in a schedule"),
        ("UTC", "", "no [[policy]]"),
        ("UTC", "[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"schedule:day\"] }]", "no schedule \"day\""),
        ("UTC", "[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"bob\"] }]", "\"bob\" rings nobody"),
        ("UTC", "[[policy]]\nname = \"p\"\nsteps = []", "no steps"),
        (
            "UTC",
            "[[policy]]\nname = \"p\"\nsteps = [{ after = \"soon\", ring = [\"anna\"] }]",
            "\"soon\" is no length",
        ),
        ("UTC", "[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"anna\"] }]\nrepeet = 3", "repeet"),
        (
            "UTC",
            "[[quiet]]\nseverity = \"low\"\nhours = \"22-7\"\n[[policy]]\nname = \"p\"\nsteps = [{ ring = [\"anna\"] }]",
            "time of day",
        ),
    ] {
        let said = refusal(zone, more);
        assert!(said.contains(word), "{word}: {said}");
    }
    for contact in [
        "{ mail = \"x\" }",
        "{ mail = \"a@b.c\\r\\nBcc: x@y.z\" }",
        "{}",
        "{ slack = \"ftp://x\" }",
        "{ mail = \"a@example.net\", sms = \"b@example.net\" }",
        "{ command = [\"ring\"] }",
        "{ matrix = \"https://m.example\" }",
    ] {
        let text = format!(
            "time_zone = \"UTC\"\nperson = [{{ name = \"anna\", contacts = [{contact}] }}]\n[[policy]]\nname = \"p\"\nsteps = [{{ ring = [\"anna\"] }}]"
        );
        assert!(Rota::parse(&text).is_err(), "{contact}");
    }
}

#[test]
fn uncovered_minutes_and_people_out_of_reach_are_named() {
    let gap = "[[schedule]]\nname = \"night\"\n[[schedule.layer]]\npeople = [\"anna\"]\nrotate = \"never\"\nfrom = \"2026-11-01\"\nhours = \"08:30-08:00\"\n";
    let rota = rota("Europe/Berlin", &format!("{gap}{POLICY}"));
    let (from, to) = (at("2026-11-25T23:00:00Z"), at("2026-11-27T23:00:00Z"));
    let coverage = rota.coverage(from, to, |_, _| false);
    let gaps: Vec<String> = coverage.gaps.iter().map(|gap| format!("{} {}", gap.from, gap.to)).collect();
    assert_eq!(
        gaps,
        ["2026-11-26T07:00:00Z 2026-11-26T07:30:00Z", "2026-11-27T07:00:00Z 2026-11-27T07:30:00Z"]
    );
    assert!(coverage.unreachable.is_empty());
    let broken = rota.coverage(from, to, |person, _| person.as_str() == "anna");
    assert_eq!(broken.unreachable.len(), 1);
    assert!(broken.unreachable[0].why.contains("not reached"), "{broken:?}");
    // A telephone that rings for urgent pages alone does not ring for a test.
    let text = format!(
        "time_zone = \"UTC\"\nperson = [{{ name = \"anna\", contacts = [{{ sms = \"1@example.net\", least = \"urgent\" }}] }}]\n{}{POLICY}",
        gap.replace("08:30-08:00", "00:00-00:00")
    );
    let urgent = Rota::parse(&text).expect("a file").coverage(from, to, |_, _| false);
    assert_eq!(urgent.gaps, []);
    assert_eq!(urgent.unreachable.len(), 1, "{urgent:?}");
    assert_eq!(urgent.unreachable[0].severity, Severity::Low);
}

#[test]
fn quiet_hours_end_where_the_wall_clock_says() {
    let quiet = "[[quiet]]\nseverity = \"normal\"\nhours = \"22:00-07:00\"\n";
    let rota = rota("Europe/Berlin", &format!("{NIGHT}{POLICY}{quiet}"));
    let until = |severity, text| rota.quiet_until(severity, at(text)).map(|end| end.to_string());
    assert_eq!(until(Severity::Low, "2026-11-26T22:00:00Z").as_deref(), Some("2026-11-27T06:00:00Z"));
    // The night of the change is an hour shorter.
    assert_eq!(until(Severity::Normal, "2026-03-28T21:00:00Z").as_deref(), Some("2026-03-29T05:00:00Z"));
    assert_eq!(until(Severity::Urgent, "2026-11-26T22:00:00Z"), None);
    assert_eq!(until(Severity::Low, "2026-11-26T12:00:00Z"), None);
}

#[test]
fn no_text_makes_the_reader_fail() {
    use proptest::prelude::*;
    proptest!(|(text in ".{0,400}")| {
        drop(Rota::parse(&text));
        drop(Rota::parse(&format!("time_zone = \"UTC\"\n{text}")));
        prop_assert!(Page::replay(PageId(1), &[]).is_none());
    });
}
