//! The same questions put to SQLite through Python.

use std::io::Write;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;

use crate::Times;

/// What the store asks, written out for Python.
const PEER: &str = r#"
import sqlite3, sys, time
base = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True, isolation_level=None)
base.execute("PRAGMA cache_size = -65536")
C = "net, from_us, to_us, first_port, last_port, subscriber, source, record FROM leases WHERE net = ?1"
L = "172800000000"
sql = f"""SELECT {C} AND from_us <= ?3 AND from_us > ?2 - {L} AND to_us > ?2
UNION ALL SELECT {C} AND from_us <= ?2 - {L} AND to_us > ?2 AND to_us - from_us > {L}
UNION ALL SELECT * FROM (SELECT {C} AND from_us < ?2 AND to_us <= ?2 ORDER BY from_us DESC LIMIT 1)
UNION ALL SELECT * FROM (SELECT {C} AND from_us > ?3 ORDER BY from_us LIMIT 1)"""
times = []
for line in sys.stdin:
    net, at = line.split()
    net, at = bytes.fromhex(net), int(at)
    begun = time.perf_counter_ns()
    rows = base.execute(sql, (net, at - 120000000, at + 120000000)).fetchall()
    times.append(time.perf_counter_ns() - begun)
    assert rows
times.sort()
print(times[len(times) * 50 // 100], times[len(times) * 99 // 100])
"#;

/// What Python needs for each; `None` where it is not there.
pub(crate) fn ask(file: &Path, questions: &[(IpAddr, Timestamp)]) -> Option<Times> {
    let mut child = Command::new("python3")
        .arg("-c")
        .arg(PEER)
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut lines = String::new();
    for (address, at) in questions {
        let IpAddr::V4(address) = address else { return None };
        let mapped = hex::encode(address.to_ipv6_mapped().octets());
        lines.push_str(&format!("{mapped}80 {}\n", at.as_microsecond()));
    }
    child.stdin.take()?.write_all(lines.as_bytes()).ok()?;
    let said = String::from_utf8(child.wait_with_output().ok()?.stdout).ok()?;
    let mut nanoseconds =
        said.split_whitespace().filter_map(|number| number.parse().ok().map(Duration::from_nanos));
    Some(Times { p50: nanoseconds.next()?, p99: nanoseconds.next()? })
}
