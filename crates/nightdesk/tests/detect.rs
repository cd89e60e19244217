//! `detect` as an operator and a script use it: a file of flows in, an answer in words or JSON out, an exit code.
#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const LINE: &str = "198.51.100.66";
const HOME: &str = "198.51.100.0/24";
/// 2026-03-01 20:00 UTC.
const EVENING: f64 = 1_772_395_200.0;

/// One connection in Zeek's JSON.
fn conn(at: f64, from: (&str, u16), to: (&str, u16), bytes: (u64, u64)) -> Value {
    let packets = |bytes: u64| 4 + bytes / 1_000;
    json!({
        "_path": "conn", "ts": EVENING + at, "uid": format!("C{at}"),
        "id.orig_h": from.0, "id.orig_p": from.1, "id.resp_h": to.0, "id.resp_p": to.1,
        "proto": "tcp", "duration": 0.7, "orig_bytes": bytes.0, "resp_bytes": bytes.1, "conn_state": "SF",
        "history": "ShADadFf", "orig_pkts": packets(bytes.0), "orig_ip_bytes": bytes.0 + 52 * packets(bytes.0),
        "resp_pkts": packets(bytes.1), "resp_ip_bytes": bytes.1 + 52 * packets(bytes.1),
    })
}

/// A line that browses for a while, then serves strangers on an odd port, each connection in followed by one out; and one
/// that only browses.
fn evening() -> Vec<Value> {
    let mut rows = Vec::new();
    for n in 0..40u16 {
        let at = 20.0 * f64::from(n);
        let site = format!("192.0.2.{}", 1 + n % 20);
        rows.push(conn(at, ("198.51.100.7", 30_000 + n), (&site, 443), (900, 40_000 + 13 * u64::from(n))));
        rows.push(conn(at, (LINE, 30_000 + n), (&site, 443), (900, 41_000 + 17 * u64::from(n))));
    }
    for n in 0..40u16 {
        let at = 900.0 + 20.0 * f64::from(n);
        let (stranger, server) = (format!("203.0.113.{}", 1 + n % 7), format!("192.0.2.{}", 101 + n));
        let (up, down) = (700 + 37 * u64::from(n), 4_000 + 791 * u64::from(n));
        rows.push(conn(at, (&stranger, 40_000 + n), (LINE, 48_613), (up + 120, down + 39)));
        rows.push(conn(at + 0.14, (LINE, 50_000 + n), (&server, 443), (up, down)));
    }
    rows
}

fn write(dir: &Path, name: &str, rows: &[Value]) -> String {
    let path = dir.join(name);
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    std::fs::write(&path, lines).expect("a file");
    path.display().to_string()
}

fn detect(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.env("NIGHTDESK_LOG", "error").arg("detect").args(arguments).output().expect("nightdesk runs")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn a_proxy_in_a_file_is_told_in_the_face_that_scripts_rely_on() {
    let dir = TempDir::new().expect("a folder");
    let file = write(dir.path(), "conn.json.log", &evening());
    let output = detect(&["--json", "--home", HOME, &file]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines: Vec<Value> =
        said(&output).lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    insta::assert_json_snapshot!(lines);
}

#[test]
fn in_words_it_says_why_and_what_to_do_next() {
    let dir = TempDir::new().expect("a folder");
    let file = write(dir.path(), "conn.json.log", &evening());
    let text = said(&detect(&["--explain", "--home", HOME, &file]));
    assert!(text.starts_with("198.51.100.66  confirmed  "), "{text}");
    assert!(text.contains("next: ask the line itself (nightdesk check 198.51.100.66:48613)"), "{text}");
    assert!(text.contains("judged: our own flow records show relay-shape on port 48613"), "{text}");
    assert!(text.contains(":48613 protocol 6"), "the flows that prove it: {text}");
    let allowed = said(&detect(&["--allow", "198.51.100.66", "--home", HOME, &file]));
    assert_eq!(allowed, "Nothing to say of any home address.\n");
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_still_read() {
    let dir = TempDir::new().expect("a folder");
    let good = write(dir.path(), "conn.json.log", &evening());
    let bad = dir.path().join("letter.txt");
    std::fs::write(&bad, "Dear abuse team,\n").expect("a file");
    let bad = bad.display().to_string();
    let output = detect(&["--json", "--home", HOME, &bad, &good, "/nowhere/at/all"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("\"confirmed\""));
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        complaint.contains("letter.txt is no log") && complaint.contains("/nowhere/at/all"),
        "{complaint}"
    );
    assert_eq!(detect(&["--json", &good]).status.code(), Some(2), "whose home is it?");
}
