//! What everybody made of every target, line by line, and the sums.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use serde_json::Value;

use super::landing::Landing;
use super::rivals::{self, Found, Rival};
use super::{Kind, Scene, Target, Truth};
use crate::nightdesk::Nightdesk;

/// All that was seen of some targets.
pub(super) struct Table {
    rows: Vec<Row>,
    rivals: Vec<&'static str>,
}

/// What was seen of one.
struct Row {
    target: Target,
    verdict: String,
    exit: String,
    seconds: f64,
    transcript: Vec<String>,
    /// What each rival found, in their order.
    others: Vec<Found>,
}

/// Asks nightdesk about each target, one after the other and alone, and then the rivals, several at once.
pub(super) fn look(nightdesk: &Nightdesk<'_>, scene: &Scene<'_>, dir: &Path) -> Result<Table> {
    let rivals = rivals::all(dir)?;
    let _landing = Landing::open(scene.desk, scene.others.0)?;
    let mut asked = Vec::new();
    for target in scene.targets {
        asked.push(nightdesk.check(&format!("{}:{}", scene.line, target.port))?);
    }
    let begun = Instant::now();
    let mut found: Vec<Vec<Found>> = Vec::new();
    for rival in &rivals {
        found.push(rivals::ask_all(rival, scene)?);
    }
    println!("   (the others took {:.0} s, eight targets at once)", begun.elapsed().as_secs_f64());
    let rows = scene.targets.iter().zip(asked).enumerate().map(|(number, (target, answer))| {
        let others = found.iter().filter_map(|of_one| of_one.get(number).copied()).collect();
        Row::new(*target, &answer, others)
    });
    let table = Table { rows: rows.collect(), rivals: rivals.iter().map(Rival::name).collect() };
    table.print();
    Ok(table)
}

impl Row {
    fn new(target: Target, answer: &Value, others: Vec<Found>) -> Row {
        let word = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let verdict = match word("verdict").as_str() {
            "open-proxy" | "open-relay" => word("protocol"),
            other => other.to_owned(),
        };
        let seconds = answer.get("seconds").and_then(Value::as_f64).unwrap_or_default();
        let lines = answer.get("transcript").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let transcript =
            lines.iter().map(|line| format!("{} {} {}", line["at_ms"], line["on"], line["text"])).collect();
        Row { target, verdict, exit: word("exit"), seconds, transcript, others }
    }

    /// Whether nightdesk called it open.
    fn is_called_open(&self) -> bool {
        !matches!(self.verdict.as_str(), "closed" | "unreachable" | "refused-by-policy" | "-")
    }

    fn is_right(&self) -> bool {
        match self.target.truth {
            Truth::Open => self.is_called_open() && self.exit == self.target.exit,
            Truth::Shut | Truth::Harmless => !self.is_called_open() && self.verdict != "refused-by-policy",
        }
    }
}

impl Table {
    fn print(&self) {
        println!(
            "   {:30} {:8} {:18} {:13} {:>6}{}",
            "target",
            "truth",
            "nightdesk",
            "comes out at",
            "s",
            self.heads()
        );
        for row in &self.rows {
            let Target { name, truth, .. } = row.target;
            let others: String = row.others.iter().map(|found| format!("  {found:14}")).collect();
            let mark = if row.is_right() { "" } else { "  WRONG" };
            println!(
                "   {name:30} {:8} {:18} {:13} {:6.2}{others}{mark}",
                format!("{truth:?}").to_lowercase(),
                row.verdict,
                row.exit,
                row.seconds
            );
            if !row.is_right() {
                row.transcript.iter().for_each(|line| println!("         {line}"));
            }
        }
    }

    fn heads(&self) -> String {
        self.rivals.iter().map(|name| format!("  {name:14}")).collect()
    }

    /// How many open ones each has found, and how many others it has accused.
    pub(super) fn print_sums(&self) {
        for (kind, what) in [(Kind::Proxy, "proxies"), (Kind::Relay, "relays")] {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.target.kind == kind).collect();
            let (open, rest): (Vec<&Row>, Vec<&Row>) =
                rows.into_iter().partition(|row| row.target.truth == Truth::Open);
            if open.is_empty() {
                continue;
            }
            let slowest = open.iter().map(|row| row.seconds).fold(0.0, f64::max);
            let mut said = vec![format!(
                "nightdesk {} of {} open {what}, with exits, {} of {} others (slowest proof {slowest:.1} s)",
                open.iter().filter(|row| row.is_right()).count(),
                open.len(),
                rest.iter().filter(|row| row.is_called_open()).count(),
                rest.len()
            )];
            for (number, rival) in self.rivals.iter().enumerate() {
                let calls_open = |row: &&&Row| matches!(row.others.get(number), Some(Found::Open(_)));
                if open.iter().chain(&rest).all(|row| matches!(row.others.get(number), Some(Found::NotAsked)))
                {
                    continue;
                }
                let (found, accused) =
                    (open.iter().filter(calls_open).count(), rest.iter().filter(calls_open).count());
                said.push(format!("{rival} {found} and {accused}"));
            }
            println!("      {}", said.join("; "));
        }
    }

    /// What nightdesk has got wrong, in words.
    pub(super) fn wrong(&self) -> Vec<String> {
        let wrong = self.rows.iter().filter(|row| !row.is_right());
        wrong
            .map(|row| {
                let Target { name, truth, .. } = row.target;
                format!("{name} is {truth:?}, and the check says {} from {}", row.verdict, row.exit)
            })
            .collect()
    }
}
