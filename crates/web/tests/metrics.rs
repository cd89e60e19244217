//! What a scraper reads, and the rules and the dashboard that rest on it, as Prometheus' own tool sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise"
)]

mod fake;
mod walk;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fake::Night;
use walk::Browser;

/// Everything the fake night can tell a scraper.
async fn scraped() -> String {
    let night = Night::usual();
    {
        let mut state = night.state();
        state.edge.outlets = vec![desk::OutletStatus { name: "core".to_owned(), ..Default::default() }];
        state.edge.outlets[0].read_at = Some(fake::now());
        state.checks = vec![desk::CheckView {
            subject: "mail abuse@example.net".to_owned(),
            works: true,
            since: fake::now(),
            checked: fake::now(),
            note: String::new(),
        }];
        state.mailboxes = vec![desk::MailboxView {
            name: "abuse".to_owned(),
            tags: Vec::new(),
            last_look: None,
            messages: 7,
            left: 0,
            errors: 0,
            trouble: None,
        }];
    }
    Browser::logged_in(night).get("/metrics").await.text
}

fn pkg(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pkg/prometheus").join(file)
}

/// Runs promtool with this on its standard input; `None` (and a line on stderr) when it is not installed and this is not CI.
fn promtool(words: &[&str], input: &str) -> Option<String> {
    let child = Command::new("promtool")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
            panic!("promtool could not be run ({error}); install Debian's package prometheus")
        }
        Err(error) => {
            eprintln!("SKIPPED: promtool could not be run ({error}); install Debian's package prometheus");
            return None;
        }
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "promtool {words:?}: {said}");
    Some(said)
}

#[tokio::test]
async fn prometheus_own_tool_finds_nothing_to_mend_in_what_a_scraper_reads() {
    let text = scraped().await;
    let Some(said) = promtool(&["check", "metrics"], &text) else { return };
    assert_eq!(said.trim(), "", "what promtool would name otherwise");
}

#[test]
fn the_rules_are_right_and_fire_when_they_should() {
    let path = |file: &str| pkg(file).display().to_string();
    let Some(said) = promtool(&["check", "rules", &path("nightdesk.rules.yml")], "") else { return };
    assert!(said.contains("18 rules found"), "{said}");
    promtool(&["test", "rules", &path("nightdesk.rules.test.yml")], "");
}

/// The names of metrics of ours in a text.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(|letter: char| !is_name(letter));
    words.filter(|word| word.starts_with("nightdesk_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_rules_and_the_dashboard_ask_for_nothing_that_is_not_told() {
    let text = scraped().await;
    let told: BTreeSet<String> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split(['{', ' ']).next()?.to_owned()))
        .collect();
    for file in ["nightdesk.rules.yml", "nightdesk-dashboard.json"] {
        let asked = names(&std::fs::read_to_string(pkg(file)).unwrap());
        assert!(asked.len() > 10, "{file} asks for {asked:?}");
        let missing: Vec<&String> = asked.iter().filter(|name| !told.contains(*name)).collect();
        assert!(missing.is_empty(), "{file} asks for {missing:?}, which nobody tells");
    }
}

#[tokio::test]
async fn every_metric_says_what_it_means_before_its_first_value() {
    let text = scraped().await;
    let mut known = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.') && help.len() > 10, "{name}: {help}");
            assert!(known.insert(name.to_owned()), "{name} is told twice");
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let of_histogram =
                ["_bucket", "_sum", "_count"].iter().filter_map(|part| name.strip_suffix(part));
            assert!(
                known.contains(name) || of_histogram.into_iter().any(|name| known.contains(name)),
                "{name} is not explained"
            );
        }
    }
}
