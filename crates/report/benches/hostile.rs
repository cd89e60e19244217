//! What mail costs that was made to cost as much as it can: eleven shapes of 25 MiB, each the worst known for one reader.
//!
//! The bounds are those of any input: a second of CPU time, and 64 MB of memory beside the mail itself. A shape that
//! breaks one fails the benchmark. Memory is the peak that the kernel counts for a process that reads nothing else; what
//! is compiled at the first use is in it.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;
use std::hint::black_box;
use std::process::Command;

type Error = Box<dyn std::error::Error>;

/// Twice as large as mail systems usually accept.
const SIZE: usize = 25 << 20;
/// Seconds of CPU time.
const LONGEST: f64 = 1.0;
/// KiB beside the mail.
const MOST: u64 = 64_000_000 / 1024;

const HEAD: &str = "From: a@example.net\nTo: abuse@example.org\nSubject: spam abuse from 192.0.2.1\n";

fn main() -> Result<(), Error> {
    // Each shape in a process of its own: what one has freed would hide what the next one takes.
    if let Some(which) = std::env::args().nth(1).and_then(|which| which.parse::<usize>().ok()) {
        return one(SHAPES.get(which).ok_or("no such shape")?);
    }
    let (mut slowest, mut largest) = ((0.0, ""), (0, ""));
    for (which, (name, ..)) in SHAPES.iter().enumerate() {
        let said = Command::new(std::env::current_exe()?).arg(which.to_string()).output()?;
        let said = String::from_utf8(said.stdout)?;
        let (took, grown) = said.trim().split_once(' ').ok_or("a shape was not read to its end")?;
        let (took, grown): (f64, u64) = (took.parse()?, grown.parse()?);
        if took > slowest.0 {
            slowest = (took, *name);
        }
        if grown > largest.0 {
            largest = (grown, *name);
        }
    }
    let ((took, slow), (grown, large)) = (slowest, largest);
    println!(
        "hostile: {} shapes of {} MiB; slowest {:.0} ms of CPU ({slow}), most memory beside the mail {grown} KiB ({large})",
        SHAPES.len(),
        SIZE >> 20,
        took * 1e3
    );
    if took > LONGEST || grown > MOST {
        return Err("a shape costs more than a second or 64 MB".into());
    }
    Ok(())
}

/// Reads one shape, and prints its seconds of CPU and the KiB it took at most.
fn one((_, head, piece): &(&str, &str, &str)) -> Result<(), Error> {
    let mut mail = String::with_capacity(SIZE);
    mail.push_str(HEAD);
    mail.push_str(head);
    while mail.len() + piece.len() <= SIZE {
        mail.push_str(piece);
    }
    let (before, began) = (memory("VmRSS")?, cpu_seconds()?);
    black_box(report::read(mail.as_bytes()));
    println!("{} {}", cpu_seconds()? - began, memory("VmHWM")?.saturating_sub(before));
    Ok(())
}

/// What each is called, what follows the first fields, and what is repeated behind that.
const SHAPES: [(&str, &str, &str); 11] = [
    ("messages within messages", "", "Content-Type: message/rfc822\n\n"),
    (
        "parts within parts",
        "Content-Type: multipart/mixed; boundary=b\n\n",
        "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n",
    ),
    ("header fields", "", "X: y\n"),
    ("log lines", "\n", "Jun 19 17:34:13 host sshd: Failed from 192.0.2.1 port 22\n"),
    ("a Received chain", "\n", "Received: from x ([192.0.2.1]) by y;\n"),
    ("fields of notices", "\n", "IP: 192.0.2.1\nTime: 10:00:00 open proxy 192.0.2.2 attacks\n"),
    ("words of lists", "\n", "if our open proxy "),
    ("opened tags", "Content-Type: text/html\n\n", "<a"),
    (
        "quoted-printable",
        "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n",
        "=3D=\n=C3=A9 open proxy ",
    ),
    ("a charset with states", "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\u{1b}$B3+\u{1b}(B"),
    (
        "base64 of nothing",
        "Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n",
        "UEsDBBQA",
    ),
];

/// CPU time of this thread so far, from /proc/self/schedstat (nanoseconds; Documentation/scheduler/sched-stats.rst).
fn cpu_seconds() -> Result<f64, Error> {
    let stat = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: u64 = stat.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
    Ok(f64::from(u32::try_from(nanoseconds / 1000)?) / 1e6)
}

/// A figure of /proc/self/status in KiB.
fn memory(name: &str) -> Result<u64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).ok_or("no such figure")?;
    Ok(line.split_whitespace().next().ok_or("no figure")?.parse()?)
}
