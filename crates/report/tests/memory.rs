//! How much memory the largest tables take. Each is read by a process of its own, since the peak of one cannot be reset.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it cannot read")]

use std::fmt::Write;
use std::fs;
use std::process::Command;

use report::Hint;

/// Rows of one report that are kept as claims, at most; the tables have some more.
const ROWS: u32 = 250_000;
/// What a reading may take on top of the file, in MiB.
const MOST: u64 = 64;

/// The name of a file, and what is in it.
type Table = (&'static str, String);

/// A report of more hosts than are kept, each row as `row` has it: number, address, second.
fn table(header: &str, row: impl Fn(&mut String, u32, [u8; 4], u32)) -> String {
    let mut table = String::with_capacity(64 << 20);
    writeln!(table, "{header}").unwrap();
    for number in 0..ROWS + 1000 {
        let [_, a, b, c] = number.to_be_bytes();
        row(&mut table, number, [198, a, b, c], number % 60);
    }
    table
}

fn sinkhole() -> Table {
    let header = r#""timestamp","severity","src_ip","protocol","src_port","infection","tag""#;
    let table = table(header, |table, _, [a, b, c, d], second| {
        let row =
            format!(r#""2026-03-24 00:00:{second:02}","high","{a}.{b}.{c}.{d}","tcp",4711,"mirai","iot""#);
        writeln!(table, "{row}").unwrap();
    });
    ("2026-03-24-event4_sinkhole-example-asn.csv", table)
}

/// The links of the rows are longer together than is kept.
fn linked() -> Table {
    let header = r#""timestamp","url","hostname","ip","asn","geo","port","tag","source","src_ip","src_asn""#;
    let table = table(header, |table, number, [a, b, c, d], second| {
        let path = format!("{number}/{}", "a".repeat(60));
        let row = format!(
            r#""2026-03-24 00:00:{second:02}","http://h{number}.example.net/{path}","x","{a}.{b}.{c}.{d}",64496,"ZZ",80,,"x",,"#
        );
        writeln!(table, "{row}").unwrap();
    });
    ("2026-03-24-spam_url-example-asn.csv", table)
}

/// A list that is read by the names of its columns.
fn list() -> Table {
    let table = table("ip,timestamp,malware,port", |table, number, [a, b, c, d], second| {
        writeln!(table, "{a}.{b}.{c}.{d},2026-03-24 00:00:{second:02},bot-{number},4711").unwrap();
    });
    ("bots.csv", table)
}

const TABLES: [(&str, fn() -> Table); 3] = [("sinkhole", sinkhole), ("linked", linked), ("list", list)];

/// The most this process has held at once (proc(5), VmHWM), in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn the_largest_tables_take_little_on_top_of_themselves() {
    let own = std::env::current_exe().unwrap();
    let wanted = std::env::var("NIGHTDESK_TABLE").unwrap_or_default();
    for (name, make) in TABLES {
        if wanted.is_empty() {
            let name_of_test = "the_largest_tables_take_little_on_top_of_themselves";
            let ran =
                Command::new(&own).args(["--exact", name_of_test]).env("NIGHTDESK_TABLE", name).output();
            let ran = ran.unwrap();
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
        } else if wanted == name {
            let (file, table) = make();
            let hint = Hint { name: Some(file), content_type: None };
            let before = peak();
            let reading = report::read_as(table.as_bytes(), &hint);
            let took = peak() - before;
            assert_eq!(reading.claims.len(), 250_000, "{name}: {:?}", reading.doubts);
            assert!(took <= MOST, "{name}: {took} MiB on top of {}", table.len() >> 20);
        }
    }
}
