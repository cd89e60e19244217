//! How fast a Shadowserver report is read: 50,000 rows of `scan_http_proxy` in the 24 columns of the published schema,
//! documentation addresses, one thread, best of five.
//!
//! With `NIGHTDESK_INTELMQ=FOLDER` (the packages of IntelMQ, as `cargo xtask bench report` installs them) IntelMQ's own
//! Shadowserver bot reads the same file in the same run, on a Redis of its own, and the ratio is printed.
//!
//! Prints rows per second of processor time and the peak of resident memory. Both are read from /proc, so the figures are
//! of Linux. `TABLE_OUT=FILE` writes the table, to be read by others; `TABLE_ROWS=N` makes it longer.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fmt::Write;
use std::fs;
use std::hint::black_box;
use std::process::Command;

use report::Hint;

const ROWS: u32 = 50_000;
const RUNS: u32 = 5;
/// Clock ticks of /proc/self/stat a second (`getconf CLK_TCK` on every Linux there is).
const TICKS: f64 = 100.0;

const HEADER: &str = r#""timestamp","severity","ip","protocol","port","hostname","tag","asn","geo","region","city","naics","hostname_source","sector","http","http_code","http_reason","content_type","connection","proxy_authenticate","via","server","content_length","transfer_encoding","http_date""#;

fn main() {
    let rows = std::env::var("TABLE_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    let table = table(rows);
    if let Some(path) = std::env::var_os("TABLE_OUT") {
        fs::write(path, &table).unwrap_or_else(|error| println!("the table was not written: {error}"));
    }
    let name = "2026-03-24-scan_http_proxy-example-asn.csv";
    let hint = Hint { name: Some(name), content_type: None };
    let before = peak_kilobytes();
    let mut claims = 0;
    // A tick is 10 ms: each run reads the table often enough for hundreds of them.
    let repeats = (1_000_000 / rows).max(1);
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let began = ticks();
        for _ in 0..repeats {
            claims = black_box(report::read_as(black_box(table.as_bytes()), &hint)).claims.len();
        }
        best = best.min((ticks() - began) / TICKS / f64::from(repeats));
    }
    println!(
        "tables: {rows} rows of 24 columns, {:.1} MB, {claims} claims; {:.0} rows per CPU second, {:.0} MB/s; peak RSS {:.1} MiB, {:.1} MiB of it before",
        megabytes(table.len()),
        f64::from(rows) / best,
        megabytes(table.len()) / best,
        peak_kilobytes() / 1024.0,
        before / 1024.0,
    );
    beside_intelmq(&table, name, f64::from(rows) / best);
}

/// IntelMQ's bot on the same rows: rows per CPU second of the bot, its start included, beside ours.
fn beside_intelmq(table: &str, name: &str, ours: f64) {
    let Some(packages) = std::env::var_os("NIGHTDESK_INTELMQ") else {
        println!("tables: NIGHTDESK_INTELMQ is not set: no peer was run; `cargo xtask bench report` does");
        return;
    };
    let folder = std::env::temp_dir().join(format!("nightdesk-tables-{}", std::process::id()));
    let file = folder.join(name);
    let said = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, table)).and_then(|()| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/intelmq_rows.py");
        Command::new("/usr/bin/python3").env("PYTHONPATH", packages).arg(script).arg(&file).output()
    });
    drop(fs::remove_dir_all(&folder));
    let figures = said.ok().and_then(|said| serde_json::from_slice::<serde_json::Value>(&said.stdout).ok());
    let figure = |name: &str| figures.as_ref().and_then(|figures| figures.get(name)?.as_f64());
    match (figure("rows"), figure("cpu"), figure("wall"), figure("peak_mib")) {
        (Some(rows), Some(cpu), Some(wall), Some(peak)) => println!(
            "tables: IntelMQ {rows} rows in {cpu:.1} s of CPU ({wall:.1} s by the clock), {:.0} rows per CPU second, peak RSS {peak:.0} MiB; ratio {:.0}",
            rows / cpu,
            ours * cpu / rows
        ),
        _ => println!("tables: IntelMQ could not be run; is redis-server there?"),
    }
}

fn megabytes(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1e6
}

fn table(rows: u32) -> String {
    let mut table = String::from(HEADER);
    table.push('\n');
    for row in 0..rows {
        let (host, port) = (row % 250 + 1, [3128, 8080, 1080, 8000, 48613][row as usize % 5]);
        let (second, minute, hour) = (row % 60, row / 60 % 60, row / 3600 % 24);
        let net = ["192.0.2", "198.51.100", "203.0.113"][row as usize % 3];
        writeln!(
            table,
            "\"2026-03-24 {hour:02}:{minute:02}:{second:02}\",\"medium\",\"{net}.{host}\",\"tcp\",{port},\"host-{row}.dsl.example.net\",\"http-connect-proxy\",64496,\"ZZ\",\"EXAMPLE REGION\",\"EXAMPLE TOWN\",517311,\"ptr\",\"Communications, Service Provider, and Hosting Service\",\"HTTP/1.1\",200,\"Connection established\",,\"close\",,\"1.1 proxy-{row}\",\"squid/4.10\",,,\"Tue, 24 Mar 2026 {hour:02}:{minute:02}:{second:02} GMT\""
        )
        .unwrap_or_default();
    }
    table
}

/// User and system time of this process, in clock ticks (proc(5), fields 14 and 15 of stat).
fn ticks() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// VmHWM of this process.
fn peak_kilobytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
