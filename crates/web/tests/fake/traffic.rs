//! The traffic of the in-memory night.

use desk::{FlowView, ListenerView, SignCount, SignView, TrafficMinute, TrafficView};
use jiff::SignedDuration;

use super::{cases, now};

/// Two exporters, one of which has gone silent and has lost some of what it sent.
pub fn usual() -> TrafficView {
    let ago = |minutes| now() - SignedDuration::from_mins(minutes);
    let exporter = |address: &str, minutes: i64, lost: u64| {
        serde_json::json!({
            "address": address, "exporter": 1, "first_heard": 0, "last_heard": ago(minutes).as_millisecond(),
            "version": "ipfix", "datagrams": 90_210, "bytes": 120_000_000, "flows": 2_345_678, "other_records": 0,
            "option_records": 4, "templates": 2,
            "losses": {
                "unknown_version": 0, "malformed": 0, "waiting": 0, "no_template": 0, "sequence_lost": lost,
                "sequence_late": 0, "sequence_resets": 0, "restarts": 0, "unknown_sampling": lost * 2, "bad_times": 0,
                "templates_refused": 0, "domains_refused": 0
            }
        })
    };
    let exporters = [exporter("192.0.2.1", 0, 0), exporter("192.0.2.2", 47, 1_204)];
    let minute = |back: i64| TrafficMinute {
        from: ago(back) - SignedDuration::from_secs(0),
        flows: 60_000 + (back * 7_919 % 23_000).unsigned_abs(),
        signs: u64::from(back == 31 || back == 8),
    };
    TrafficView {
        since: ago(60 * 30),
        learning_until: None,
        flows: 4_691_356,
        per_second: 1_240,
        lines: 8_112,
        lines_given_up: 0,
        flows_foreign: 12,
        flows_out_of_time: 3,
        flows_dropped: 0,
        broken: false,
        signs: vec![SignCount { sign: "relay-shape", today: 2 }, SignCount { sign: "beacon", today: 0 }],
        signs_kept: 9,
        signs_held_back: 0,
        signs_unattributed: 1,
        today_from: ago(60 * 24),
        minutes: (0..120).rev().map(minute).collect(),
        listener: ListenerView {
            listen: vec!["0.0.0.0:2055".to_owned()],
            datagrams: 180_420,
            strangers: 17,
            flows_not_kept: 19,
            exporters: exporters.into_iter().map(|one| serde_json::from_value(one).unwrap()).collect(),
            ..ListenerView::default()
        },
    }
}

/// A proxy seen at work, with two flows that prove it.
pub fn sign(why: &str) -> SignView {
    let flow = |source: &str, destination: &str, bytes_back| FlowView {
        first: Some(now() - SignedDuration::from_mins(50)),
        millis: 912,
        source: source.to_owned(),
        destination: destination.to_owned(),
        protocol: "tcp".to_owned(),
        bytes: 1_204,
        bytes_back,
    };
    SignView {
        sign: "relay-shape",
        score: 0.91,
        address: [203, 0, 113, 7].into(),
        port: Some(48_613),
        peer: None,
        first: now() - SignedDuration::from_mins(55),
        last: now() - SignedDuration::from_mins(49),
        flows: 44,
        why: why.to_owned(),
        evidence: cases::evidence_id(2),
        proof: vec![
            flow("198.51.100.9:40001", "203.0.113.7:48613", Some(60_210)),
            flow("203.0.113.7:50001", "192.0.2.80:443", None),
        ],
    }
}
