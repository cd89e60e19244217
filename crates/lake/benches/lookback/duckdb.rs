//! DuckDB's answers on the lake's own files.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{Outcome, wrong};
use crate::ours::{Question, What, aggregate, day, scan_time};
use crate::{Asked, ROUNDS};

/// DuckDB in a Python, which answers a line of JSON for each that it is given.
pub(crate) struct DuckDb {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl DuckDb {
    pub(crate) fn start(modules: &OsStr, lake: &Path) -> Outcome<DuckDb> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lookback/peer.py");
        let mut child = Command::new("/usr/bin/python3")
            .env("PYTHONPATH", modules)
            .arg(program)
            .arg(lake)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| wrong(format!("Python does not start: {error}")))?;
        let questions = child.stdin.take().ok_or_else(|| wrong("no way to DuckDB"))?;
        let answers = child.stdout.take().ok_or_else(|| wrong("no way from DuckDB"))?;
        Ok(DuckDb { child, questions, answers: BufReader::new(answers) })
    }

    pub(crate) fn ask(&mut self, question: &Question) -> Outcome<Asked> {
        let (statement, check) = statement(&question.what);
        let line = json!({"statement": statement, "check": check, "rounds": ROUNDS});
        writeln!(self.questions, "{line}")?;
        self.questions.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer: Value = serde_json::from_str(&answer)?;
        let took = answer["seconds"].as_f64().ok_or_else(|| wrong(format!("DuckDB says {answer}")))?;
        let found = answer["found"].as_u64().ok_or_else(|| wrong(format!("DuckDB says {answer}")))?;
        Ok(Asked { took: Duration::from_secs_f64(took), found })
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        // It is ours, and its work is done or of no use any more.
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

/// The statement, and how its answer is checked: a column's sum, the first row's column, or the number of rows.
fn statement(what: &What) -> (String, Value) {
    let (since, until) = day();
    let time = |since: flow::Millis, until: flow::Millis| {
        format!("first BETWEEN '{since}'::TIMESTAMPTZ AND '{until}'::TIMESTAMPTZ")
    };
    match what {
        What::Who(peer) => (
            format!(
                "SELECT home, count(*), sum(bytes_in), sum(bytes_out), min(first), \
                 max(epoch_ms(first) + duration_ms::BIGINT), count(DISTINCT peer_port), min(peer_port), \
                 count(DISTINCT home_port), min(home_port) FROM by_peer WHERE peer = {} AND {} \
                 GROUP BY home ORDER BY min(first), home",
                blob(*peer),
                time(since, until)
            ),
            json!({"sum": 1}),
        ),
        What::Line(home) => (
            format!("SELECT * FROM by_home WHERE home = {} AND {}", blob(*home), time(since, until)),
            json!("rows"),
        ),
        What::Exposure(scanner, net) => {
            let (at, window) = scan_time();
            let statement = format!(
                "SELECT home, home_port, protocol, count(*) FROM by_home WHERE peer = {} AND home BETWEEN {} AND {} \
                 AND inbound AND {} GROUP BY ALL",
                blob(*scanner),
                blob(net.network()),
                blob(net.broadcast()),
                time(at.plus(-window), at.plus(window))
            );
            (statement, json!({"different": 0}))
        }
        What::Heaviest | What::Aggregate => (aggregate("by_home"), json!({"first": 4})),
    }
}

/// The sixteen bytes of an address.
fn blob(address: IpAddr) -> String {
    let bits = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    format!("unhex('{bits:032x}')")
}
