//! A customer's page.

use case::CaseId;
use desk::{CustomerView, GardenGuest, GardenSeen, GardenWhat};
use jiff::SignedDuration;

use super::now;

pub const TOKEN: &str = "5ec5e75ec5e75ec5e75ec5e75ec5e75ec5e75ec5e75ec5e75ec5e75ec5e75ec5";

pub fn view(answers: usize) -> CustomerView {
    let guest = GardenGuest {
        subscriber: Some("line-20417".parse().unwrap()),
        contained: Some(CaseId(17)),
        until: Some(now() + SignedDuration::from_hours(20)),
        seen: vec![GardenSeen { at: now(), what: GardenWhat::OpenProxy, port: Some(8080) }],
        last: None,
        releases_left: 2,
        mail_open: false,
        mail_asked: false,
        firewall: None,
    };
    CustomerView {
        guest,
        case: CaseId(17),
        is_over: false,
        language: "de".to_owned(),
        expires: now() + SignedDuration::from_hours(30 * 24),
        answers: answers as u64,
        takes_answers: true,
        contact: "0800 000".to_owned(),
    }
}
