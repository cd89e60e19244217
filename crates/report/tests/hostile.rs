//! Whatever comes in, reading ends, and what it says lies within what came in.

#![expect(clippy::unwrap_used, reason = "a test may stop at what it cannot read")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use report::{Format, read};

fn fixtures() -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| fs::read(path).unwrap()).collect()
}

fn check(bytes: &[u8]) {
    let reading = read(bytes);
    for claim in &reading.claims {
        assert!(claim.span.start <= claim.span.end && claim.span.end <= bytes.len(), "{claim:?}");
    }
    for hit in &reading.spotted {
        assert!(hit.span.start <= hit.span.end && hit.span.end <= bytes.len(), "{hit:?}");
    }
    if matches!(reading.format, Format::NotAReport | Format::Unreadable) {
        assert!(!reading.is_report && reading.claims.is_empty() && !reading.doubts.is_empty(), "{reading:?}");
    }
    if reading.is_report {
        assert!(reading.claims.iter().any(|claim| claim.role.is_alleged()), "{reading:?}");
    }
}

/// One thing that happens to mail on its way.
#[derive(Debug, Clone)]
enum Harm {
    Cut(prop::sample::Index),
    Put(prop::sample::Index, u8),
    Drop(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        at().prop_map(Harm::Cut),
        (at(), any::<u8>()).prop_map(|(at, byte)| Harm::Put(at, byte)),
        (at(), 1..200usize).prop_map(|(at, length)| Harm::Drop(at, length)),
        (at(), 1..400usize).prop_map(|(at, length)| Harm::Repeat(at, length)),
        (at(), at(), at()).prop_map(|(at, other, from)| Harm::Splice(at, other, from)),
    ]
}

fn suffer(mut mail: Vec<u8>, harms: &[Harm], all: &[Vec<u8>]) -> Vec<u8> {
    for harm in harms {
        let length = mail.len() + 1;
        match harm {
            Harm::Cut(at) => mail.truncate(at.index(length)),
            Harm::Put(at, byte) => mail.insert(at.index(length), *byte),
            Harm::Drop(at, count) => {
                let from = at.index(length);
                mail.drain(from..(from + count).min(length - 1));
            }
            Harm::Repeat(at, count) => {
                let from = at.index(length);
                let piece = mail[from..(from + count).min(length - 1)].to_vec();
                mail.splice(from..from, piece);
            }
            Harm::Splice(at, other, from) => {
                let other = &all[other.index(all.len())];
                let piece = &other[from.index(other.len() + 1)..];
                mail.splice(at.index(length)..length - 1, piece.iter().copied());
            }
        }
    }
    mail
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        check(&bytes);
    }

    #[test]
    fn any_lines_are_read(text in "(From: |Subject: \\[SpamCop \\(|Content-Type: multipart/report; boundary=b\n|--b\n|--b--\n|\n|> |Received: from |\\[192.0.2.1\\]|Feedback-Type: abuse\n|Source-IP: |2001:db8::1|Email from | / |[ -~]{0,9}){0,60}") {
        check(text.as_bytes());
    }

    #[test]
    fn any_log_is_read(text in "(Mar 18 04:00:01 |2026-03-18T04:00:01Z |sshd\\[1\\]: |from |rhost=|SRC=|DST=|src: |192.0.2.1|2001:db8::1|::ffff:|:80|/24|->| > |,match,block,in,4,|,TRAFFIC,|%ASA-4-106023: Deny tcp |#Fields: c-ip |\\{\"client_ip\":\"|denied|\n|[ -~]{0,7}){0,60}") {
        check(text.as_bytes());
        check(format!("From: a@example.net\nSubject: abuse\n\n{text}").as_bytes());
    }

    #[test]
    fn any_notice_is_read(text in "(From: a@b.example\n|To: abuse@c.example\n|Subject: spam\n|Content-Type: text/(html|plain); charset=(utf-7|utf-16|iso-2022-jp|gb2312|x)\n|\n|IP( address)?: |192\\.0\\.2\\.1|2001:db8::1|<td>|</tr>|&#\\d{1,6};|Time: 2026-03-06 09:00:00|\\|IP\\|Time\\||open proxy |not |our |your |прокси|踏み台|\\PC{0,9}){0,60}") {
        check(text.as_bytes());
    }

    #[test]
    fn damaged_mail_is_read(which in any::<prop::sample::Index>(), harms in prop::collection::vec(harm(), 1..6)) {
        let all = fixtures();
        let mail = all[which.index(all.len())].clone();
        check(&suffer(mail, &harms, &all));
    }
}

/// CPU time of this thread so far (nanoseconds; Documentation/scheduler/sched-stats.rst): what others do on the machine is
/// no fault of the reader's.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

/// Shapes that cost a careless reader its stack or its evening. A second each is what the desk allows; the bar here is
/// wider since the build is not optimised.
#[test]
fn mail_made_to_be_read_for_ever_is_not() {
    let head = "From: a@example.net\nTo: abuse@example.org\nSubject: spam abuse from 192.0.2.1\n";
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    let shapes = [
        many("Content-Type: message/rfc822\n\n"),
        format!(
            "{head}Content-Type: multipart/mixed; boundary=b\n\n{}",
            many("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n")
        ),
        (0..20_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect(),
        format!("{head}Content-Type: multipart/digest; boundary=b\n\n{}", many("--b\n\n\n")),
        format!("From: {}\n\nx", many("(<\"a,;:")),
        format!("Content-Type: multipart/mixed{}\n\nx", many("; a*0*=\"b\\")),
        format!("Subject: {}\n\nx", many("=?")),
        many("X: y\n"),
        format!("{head}\n{}", many("Received: from ")),
        format!("{head}\n{}", many("Received: from x ([192.0.2.1]) by y;\n")),
        format!("{head}\n{}", many("Jun 19 17:34:13 host sshd: Failed from 192.0.2.1 port 22\n")),
        format!("{head}\n{}", many("a:")),
        many("2026-03-18T04:00:01Z host sshd: Failed from 192.0.2.1 port 22\n"),
        (0..12_000)
            .map(|n| format!("Mar 18 04:00:01 SRC=10.{}.{}.1 DST=192.0.2.1 PROTO=TCP\n", n / 256, n % 256))
            .collect(),
        many("12:34:56 "),
        many("192.0.2.1 "),
        many("192.0.2.1,"),
        many("2001:db8::"),
        many("IP=2001:db8::1 > 192.0.2.1 -> Deny tcp src x:1"),
        format!("{head}\n{}", many("> ")),
        format!("{head}Content-Type: text/html\n\n{}", many("<a")),
        format!("{head}Content-Type: text/html\n\n{}", many("<!-- ")),
        format!("{head}\n[ SpamCop V4.9 ]\n{}", many("Email from 192.0.2.1 / Thu, 19 Jun 2003 17:34:13\n")),
        format!("{head}\n{}", many("Feedback-Type: abuse\n")),
        format!(
            "{head}Content-Type: multipart/mixed; boundary=b\n\n{}",
            many(
                "--b\n\nis an open proxy\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: dkim\n"
            )
        ),
        format!(
            "{head}Content-Type: multipart/mixed; boundary=b\n\n{}",
            many("--b\nContent-Type: text/plain; name=a.eml\n\nTo: abuse@example.org\n\n")
        ),
        (0..20_000).map(|_| "Content-Type: text/plain; name=a.eml\nTo: abuse@example.org\n\n").collect(),
        format!("{head}\n{}", many("IP: 192.0.2.1 open proxy not our http://192.0.2.1/ :: ")),
        format!("{head}\n{}", many("IP: 192.0.2.1\nTime: 10:00:00 open proxy 192.0.2.2 attacks\n")),
        format!("{head}\n{}", many("IP|Time|\n192.0.2.1|a|\n")),
        format!("{head}\n{}", many("if our open proxy ")),
        format!("{head}Content-Type: text/plain; charset=utf-7\n\n{}", many("+AOk-+")),
        format!("{head}Content-Type: text/plain; charset=iso-2022-jp\n\n{}", many("\x1b$B3+\x1b(B")),
        format!("{head}Content-Type: text/html\n\n{}", many("&#x41;<td>&")),
    ];
    for shape in &shapes {
        let begun = cpu_time();
        check(shape.as_bytes());
        let took = cpu_time() - begun;
        let start: String = shape.chars().skip(shape.len().min(120)).take(60).collect();
        assert!(took < Duration::from_secs(5), "took {took:?}: ...{start:?}");
    }
}
