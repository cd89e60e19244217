//! Two people who take turns, and a page that nobody has answered.

use desk::{
    Acknowledged, DutyView, OnDutyView, Page, PageEntry, PageId, PageLogged, PageView, Rota, TurnView, Via,
};
use jiff::{SignedDuration, Timestamp};

pub const MARK: &str = "a1b2c3d4e5a1b2c3d4e5";

/// Who acknowledged and resolved what, in words.
pub type Answers = Vec<String>;

fn entries(foreign: &str, answers: &Answers) -> Vec<PageLogged> {
    let json = serde_json::json!([
        { "entry": "opened", "reason": "proxy", "severity": "urgent", "bundle": "proxy" },
        { "entry": "joined", "case": 17, "what": format!("an open proxy is proved; {foreign}") },
        { "entry": "stepped", "step": 0, "rings": [{ "number": 1, "person": "anna", "way": "mail anna@example.net" }] },
        { "entry": "rung", "ring": 1, "failure": null },
    ]);
    let mut entries: Vec<PageEntry> = serde_json::from_value(json).unwrap();
    if answers.iter().any(|answer| answer.starts_with("acknowledged")) {
        entries.push(PageEntry::Acknowledged { by: "anna".to_owned(), via: Via::Link, ring: Some(1) });
    }
    let at = super::now() - SignedDuration::from_mins(4);
    (1..).zip(entries).map(|(version, entry)| PageLogged { version, at, entry }).collect()
}

pub fn page(foreign: &str, answers: &Answers) -> (Page, Vec<PageLogged>) {
    let entries = entries(foreign, answers);
    (Page::replay(PageId(3), &entries).unwrap(), entries)
}

pub fn view(foreign: &str, answers: &Answers) -> DutyView {
    let now = super::now();
    let rota = Rota::parse(desk::ROTA_EXAMPLE).unwrap();
    let to = now + SignedDuration::from_hours(14 * 24);
    let day = |days: i64| -> Timestamp { now + SignedDuration::from_hours(24 * days) };
    DutyView {
        configured: true,
        wrong: None,
        on_duty: vec![OnDutyView {
            schedule: "night".to_owned(),
            person: Some("anna".to_owned()),
            until: Some(day(3)),
            until_there: Some("Thu 26 Nov 09:00".to_owned()),
        }],
        coverage: Some(rota.coverage(now, to, |_, _| false)),
        turns: vec![TurnView {
            schedule: "night".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            shifts: vec![
                (now, day(3), Some("anna".to_owned())),
                (day(3), day(10), Some("ben".to_owned())),
                (day(10), day(11), None),
                (day(11), to, Some("anna".to_owned())),
            ],
        }],
        open: vec![PageView {
            page: page(foreign, answers).0,
            next: Some(now + SignedDuration::from_mins(6)),
        }],
        resolved: Vec::new(),
        broken: vec![("ben".to_owned(), "sms 15550100@sms.example.net".to_owned(), foreign.to_owned())],
        heartbeat: Some((now - SignedDuration::from_secs(20), None)),
        now,
    }
}

pub fn acknowledged(answers: &mut Answers, by: &str) -> Acknowledged {
    answers.push(format!("acknowledged by {by}"));
    Acknowledged::Yes { by: by.to_owned() }
}
