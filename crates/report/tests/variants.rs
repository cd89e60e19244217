//! The same report as gateways, forwarders and careless senders leave it. Each says in one line what must be read.

use report::{Reading, read};

/// `format address[:port] kind role time`, one for each claim that accuses.
fn summary(reading: &Reading) -> Vec<String> {
    let claims = reading.claims.iter().filter(|claim| claim.role.is_alleged());
    claims
        .map(|claim| {
            let port = claim.port.map_or_else(String::new, |port| format!("#{port}"));
            let time = claim.time.map_or_else(|| "?".to_owned(), |time| time.to_string());
            format!(
                "{} {}{port} {} {} {time}",
                reading.format.name(),
                claim.address,
                claim.kind.name(),
                claim.role.name()
            )
        })
        .collect()
}

#[track_caller]
fn reads(mail: &str, expected: &[&str]) {
    let reading = read(mail.as_bytes());
    assert_eq!(summary(&reading), expected, "{:?}", reading.doubts);
    assert_eq!(reading.is_report, !expected.is_empty());
}

const SPAMCOP: &str = "From: 6400000010@reports.spamcop.net\nTo: abuse@isp.example\n\
    Subject: [SpamCop (192.0.2.10) id:6400000010]x\nDate: Fri, 6 Mar 2026 10:00:00 +0000\n";
const SAID: &str = "[ SpamCop V4.8.3 ]\nThis message is brief for your comfort.\n\n\
    Email from 192.0.2.10 / Fri, 6 Mar 2026 09:00:00 +0000\nhttps://www.spamcop.net/w3m?i=z6400000010zabcz\n\n\
    [ Offending message ]\nReceived: from a ([203.0.113.4]) by b\n";
const SOURCE: &str = "spamcop 192.0.2.10 spam-source offender 2026-03-06T09:00:00Z";

fn arf(head: &str, mime: &str, words: &str) -> String {
    format!(
        "{head}MIME-Version: 1.0\nContent-Type: {mime}\n\n--b1\nContent-Type: text/plain; \
         charset=\"charset=ISO-8859-1; format=flowed\"\n\n{words}\n--b1\nContent-Type: message/feedback-report\n\n\
         Feedback-Type: abuse \nUser-Agent: x\nVersion: 0.1\nReceived-Date: Fri, 6 Mar 2026 09:00:00 +0000\n\
         Source-IP: 192.0.2.10\nReported-URI: http://a.example/\nhttps://www.spamcop.net/w3m?i=z6400000010zabcz\n\n\
         --b1\nContent-Type: message/rfc822\n\n\"From x Fri Mar 06 09:00:00 2026\"\n\
         Received: from x (x [203.0.113.4]) by y.example; Fri, 6 Mar 2026 08:00:00 +0000\nSubject: s\n\nbody\n--b1--\n"
    )
}

const REPORT: &str = "multipart/report; report-type=feedback-report; boundary=\"b1\"";
const FBL: &str =
    "From: fbl@mail.example\nTo: abuse@isp.example\nSubject: report\nDate: Fri, 6 Mar 2026 10:00:00 +0000\n";

#[test]
fn spamcop_behind_a_gateway_that_rewrites_subject_and_link() {
    let mail =
        format!("{SPAMCOP}\n{SAID}").replace("[SpamCop (192.0.2.10) id:6400000010]x", "[External Sender] ??");
    reads(&mail.replace("https://www", "https://defence.example/v3/__https://www"), &[SOURCE]);
}

#[test]
fn spamcop_enclosed_in_a_forwarded_mail() {
    let mail = format!(
        "From: desk@up.example\nTo: abuse@isp.example\nSubject: Fwd: complaint\nContent-Type: multipart/mixed; boundary=z\n\n\
         --z\n\nsee below\n--z\nContent-Type: message/rfc822\n\n{SPAMCOP}\n{SAID}\n--z--\n"
    );
    reads(&mail, &[SOURCE]);
    assert_eq!(read(mail.as_bytes()).report_id.as_deref(), Some("6400000010"));
}

#[test]
fn spamcop_with_its_lines_run_together() {
    reads(
        &format!("{SPAMCOP}Content-Type: text/html\n\n<html>{}</html>", SAID.replace('\n', " ")),
        &[SOURCE],
    );
}

#[test]
fn spamcop_quoted_twice() {
    let quoted: String = SAID.lines().map(|line| format!("> > {line}\n")).collect();
    reads(&format!("From: a@up.example\nSubject: look\n\nplease\n\n{quoted}"), &[SOURCE]);
}

#[test]
fn spamcop_that_declares_quoted_printable_over_plain_text() {
    let mail = format!(
        "{SPAMCOP}Content-Transfer-Encoding: quoted-printable\n\n[ SpamCop V4.8.3 ]\nSpamvertised web site: http://s.example/?a=d7\n\
         https://www.spamcop.net/w3m?i=z6400000010zabcz\nhttp://s.example/?a=d7 is 192.0.2.80; Fri, 6 Mar 2026 09:00:00 GMT\n"
    );
    reads(&mail, &["spamcop 192.0.2.80 spamvertised web-host 2026-03-06T09:00:00Z"]);
    assert_eq!(read(mail.as_bytes()).claims[0].url.as_deref(), Some("http://s.example/?a=d7"));
}

#[test]
fn spamcop_that_names_a_relay_beside_the_source() {
    let flagged = SAID.replace("https://www", "192.0.2.44 is an open relay, see: x\nhttps://www");
    let relay = "spamcop 192.0.2.44 open-relay relay 2026-03-06T09:00:00Z";
    reads(&format!("{SPAMCOP}\n{flagged}"), &[SOURCE, relay]);
}

#[test]
fn spamcop_whose_comment_denies_a_proxy() {
    let denied = SAID.replace("https://www", "192.0.2.10 is not an open proxy\nhttps://www");
    reads(&format!("{SPAMCOP}\n{denied}"), &[SOURCE]);
}

#[test]
fn spamcop_as_a_feedback_report() {
    let proxy = "192.0.2.10 is open proxy, see: http://www.spamcop.net/mky-proxies.html";
    let expected = "spamcop 192.0.2.10 open-proxy offender 2026-03-06T09:00:00Z";
    reads(&arf(SPAMCOP, REPORT, proxy), &[expected]);
}

#[test]
fn spamcop_feedback_about_a_site_accuses_its_host_and_not_the_source() {
    let head = SPAMCOP.replace("192.0.2.10", "http://s.example/");
    let words = "[ SpamCop V4.8.3 ]\nSpamvertised web site: http://s.example/\nhttp://s.example/ is 198.51.100.80; Fri, 06 Mar 2026 09:00:12 GMT\n";
    reads(&arf(&head, REPORT, words), &["spamcop 198.51.100.80 spamvertised web-host 2026-03-06T09:00:12Z"]);
    reads(&arf(&head, REPORT, "[ SpamCop V4.8.3 ]\nSpamvertised web site: http://s.example/\n"), &[]);
}

#[test]
fn feedback_reports_with_broken_mime() {
    let expected = ["arf 192.0.2.10 spam-source offender 2026-03-06T09:00:00Z"];
    for mime in [REPORT, "multipart/report", "multipart/report; boundary=\"other\"", "text/plain"] {
        reads(&arf(FBL, mime, "an abuse report").replace("spamcop", "other"), &expected);
    }
    reads(&arf(FBL, REPORT, "report").replace("spamcop", "other").replace('\n', "\r\n"), &expected);
    reads(&arf(FBL, REPORT, "report").replace("spamcop", "other").replace('\n', "\r"), &expected);
}

#[test]
fn feedback_that_is_no_abuse_accuses_nobody() {
    let mail = arf(FBL, REPORT, "report").replace("spamcop", "other");
    assert!(!read(mail.replace("Feedback-Type: abuse", "Feedback-Type: not-spam").as_bytes()).is_report);
    assert!(!read(mail.replace("Feedback-Type: abuse", "Feedback-Type: auth-failure").as_bytes()).is_report);
}

#[test]
fn boilerplate_about_open_proxies_is_no_open_proxy() {
    let words = "Check whether your server is an open proxy.";
    let expected = "arf 192.0.2.10 spam-source offender 2026-03-06T09:00:00Z";
    reads(&arf(FBL, REPORT, words).replace("spamcop", "other"), &[expected]);
}

#[test]
fn a_complaint_is_not_read_from_its_own_envelope() {
    let outer = "Received: from mail.reader.example ([198.51.100.50]) by mx.isp.example; Fri, 6 Mar 2026 09:30:00 +0000\n";
    reads(
        &format!(
            "{outer}From: r@reader.example\nTo: abuse@isp.example\nSubject: spam\n\nI get spam from you. Stop it.\n"
        ),
        &[],
    );
}

#[test]
fn a_ban_notice_accuses_the_banned_and_not_the_host() {
    let mail = "From: f2b@x.example\nTo: abuse@isp.example\nSubject: [Fail2Ban] sshd: banned 192.0.2.44 from host 198.51.100.20\n\
        Date: Fri, 6 Mar 2026 12:00:00 -0500\n\nThe IP 192.0.2.44 has just been banned by Fail2Ban.\n\n\
        Mar  6 11:59:01 198.51.100.20 sshd[1]: Failed password for root from 192.0.2.44 port 50111 ssh2\n";
    reads(mail, &["fail2ban 192.0.2.44 login-attack offender 2026-03-06T16:59:01Z"]);
}

#[test]
fn a_port_beside_an_open_proxy_is_its_port() {
    let head = "From: u@x.example\nTo: abuse@isp.example\nDate: Fri, 6 Mar 2026 12:00:00 -0500\n";
    let expected = "plain-log 192.0.2.44#6588 open-proxy offender 2026-03-06T16:59:01Z";
    reads(
        &format!(
            "{head}Subject: open proxy\n\nYour host 192.0.2.44 runs one on port 6588, tested Mar 6, 2026 11:59:01 AM EST.\n"
        ),
        &[expected],
    );
    let expected = "plain-complaint 192.0.2.44#6588 open-proxy offender 2026-03-06T17:00:00Z";
    reads(&format!("{head}Subject: open proxy 192.0.2.44:6588\n\nPlease close it.\n"), &[expected]);
}

#[test]
fn mail_of_a_list_accuses_nobody() {
    let mail = "From: n@x.example\nTo: abuse@isp.example\nSubject: 10 scans by 192.0.2.44\nList-Unsubscribe: <mailto:x>\n\n\
        Mar  6 11:59:01 fw kernel: SRC=192.0.2.44 DST=198.51.100.9 PROTO=TCP SPT=1 DPT=2\n";
    reads(mail, &[]);
}

#[test]
fn what_one_mail_says_of_a_proxy_is_spotted_and_where() {
    use report::{Kind, Place};
    let mail = "From: u@x.example\nTo: abuse@isp.example\nSubject: Beschwerde\nContent-Type: text/plain; charset=iso-8859-1\n\n\
        Auf 192.0.2.44 l\u{e4}uft ein offener Proxy.\n\n> we saw an open relay\n";
    let bytes: Vec<u8> = mail.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let reading = read(&bytes);
    let hits: Vec<_> =
        reading.spotted.iter().map(|hit| (hit.kind, hit.place, &bytes[hit.span.clone()])).collect();
    assert_eq!(
        hits,
        [
            (Kind::OpenProxy, Place::Own, &b"offener Proxy"[..]),
            (Kind::OpenRelay, Place::Quoted, &b"open relay"[..])
        ]
    );
    assert!(reading.alleges_proxy());
    assert!(!read(mail.replace("ein offener", "kein offener").as_bytes()).alleges_proxy());
}

#[test]
fn a_quirk_of_the_operators_own_is_read_by() {
    use report::{Hint, Quirks, read_with};
    let quirks = Quirks::parse(
        "[[quirk]]\nname = \"q\"\nfrom = [\"x.example\"]\nkind = \"open-proxy\"\nzone = \"UTC\"\n\
         read = ['^host=(?P<address>\\S+) p=(?P<port>\\d+) t=(?P<time>.+)$']\n",
    );
    let mail = "From: bot@mail.x.example\nTo: abuse@isp.example\nSubject: list\n\nhost=192.0.2.44 p=1080 t=2026-03-06 09:00:00\n";
    let reading = read_with(mail.as_bytes(), &Hint::default(), &quirks.expect("it is sound"));
    assert_eq!(
        summary(&reading),
        ["plain-complaint 192.0.2.44#1080 open-proxy offender 2026-03-06T09:00:00Z"]
    );
    assert!(!read(mail.as_bytes()).is_report);
}

#[test]
fn an_explanation_names_what_was_passed_over() {
    use report::{Hint, Quirks, explain};
    let mail = "Received: from r ([198.51.100.50]) by mx.isp.example; Fri, 6 Mar 2026 09:30:00 +0000\nFrom: u@x.example\n\
        To: abuse@isp.example\nSubject: spam\n\nYour host 192.0.2.44 sends spam. Our MX is 203.0.113.4, no proxy.\n";
    let explanation = explain(mail.as_bytes(), &Hint::default(), Quirks::built_in());
    let notes: Vec<&str> = explanation.notes.iter().map(|note| note.text.as_str()).collect();
    for expected in ["192.0.2.44: offender by the words `host` (en)", "198.51.100.50 was passed over"] {
        assert!(
            notes.iter().any(|note| note.contains(expected.split(" by ").next().unwrap_or(expected))),
            "{expected}: {notes:?}"
        );
    }
    assert_eq!(explanation.reading, read(mail.as_bytes()));
}
