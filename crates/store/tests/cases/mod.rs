//! The cases of the suite, by room.

pub(crate) mod archives;
pub(crate) mod decisions;
pub(crate) mod evidence;
pub(crate) mod firewalls;
pub(crate) mod holdings;
pub(crate) mod letters;
pub(crate) mod numbers;
pub(crate) mod outbox;
pub(crate) mod pages;
pub(crate) mod people;
pub(crate) mod relay_mails;
pub(crate) mod self_checks;

use jiff::Timestamp;
use store::Delivery;

/// A moment of the test's own clock.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_050_000_000 + second).expect("a time")
}

pub(crate) fn delivery(id: &str, bytes: &[u8]) -> Delivery {
    Delivery {
        id: id.to_owned(),
        source: "smtp".to_owned(),
        envelope: serde_json::json!({
            "peer": "192.0.2.25", "helo": "mx.example.net",
            "mail_from": "", "rcpt_to": ["abuse@example.net"],
        }),
        received: at(0),
        bytes: bytes.to_vec(),
    }
}
