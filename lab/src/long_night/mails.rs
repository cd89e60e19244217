//! What people and feeds write in a long night. All of it is made up for it.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::generate::Chance;

/// A mail, and the box it goes to.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) source: &'static str,
    pub(super) text: String,
}

/// What is complained of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) address: IpAddr,
    /// When the spam came.
    pub(super) at: Timestamp,
    /// The proxy's port, where whoever complains has found it.
    pub(super) port: Option<u16>,
}

fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A complaint of one of the kinds that come, sent at `now`.
pub(super) fn complaint(number: u64, seen: Seen, now: Timestamp, chance: &mut Chance) -> Mail {
    match (seen.port, chance.between(0, 10)) {
        (Some(port), 0..3) => open_proxy(number, seen, port, now),
        (_, 0..7) => spamcop(number, seen, now),
        (_, 7..9) => feedback(number, seen, now),
        _ => in_words(number, seen, now),
    }
}

/// The unpublished box, which a trusted feed alone knows.
fn open_proxy(number: u64, seen: Seen, port: u16, now: Timestamp) -> Mail {
    let Seen { address, at, .. } = seen;
    let text = format!(
        "From: Proxy Watch <reports@watch.example.org>\r\nTo: proxies@example.net\r\nDate: {}\r\nSubject: Open proxy on {address}\r\n\
         Message-ID: <{number}@watch.example.org>\r\n\r\nAn open HTTP proxy answers on {address}:{port}, last seen {}.\r\n",
        date(now),
        at.strftime("%Y-%m-%d %H:%M:%S UTC"),
    );
    Mail { id: format!("m{number}"), source: "trusted", text }
}

fn spamcop(number: u64, seen: Seen, now: Timestamp) -> Mail {
    let Seen { address, at, .. } = seen;
    let text = format!(
        "Authentication-Results: mx.example.net; dkim=pass header.d=spamcop.net\r\nFrom: {number}@reports.spamcop.net\r\n\
         To: abuse@example.net\r\nDate: {}\r\nSubject: [SpamCop ({address}) id:{number}]Cheap watches\r\n\
         Message-ID: <rid_{number}@msgid.spamcop.net>\r\nX-SpamCop-sourceip: {address}\r\n\
         X-Mailer: SpamCop Report System V4.9.0\r\n\r\n[ SpamCop V4.9.0 ]\r\n\r\nEmail from {address} / {at}\r\n\r\n\
         [ Offending message ]\r\nReceived: from pc ([{address}]) by mx.example.org with SMTP; {at}\r\n\
         From: shop@example.com\r\nSubject: Cheap watches\r\nDate: {at}\r\n\r\nBest watches, letter {number}.\r\n",
        date(now),
        at = date(at),
    );
    Mail { id: format!("m{number}"), source: "abuse", text }
}

fn feedback(number: u64, seen: Seen, now: Timestamp) -> Mail {
    let Seen { address, at, .. } = seen;
    let text = format!(
        "From: <feedback@fbl.example.com>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: FW: You have won\r\n\
         Message-ID: <{number}@fbl.example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"f\"\r\n\r\n\
         --f\r\nContent-Type: text/plain\r\n\r\nAn abuse report for a mail from {address}.\r\n\r\n\
         --f\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\n\
         Source-IP: {address}\r\nArrival-Date: {at}\r\n\r\n\
         --f\r\nContent-Type: message/rfc822\r\n\r\nReceived: from pc ([{address}]) by mx.fbl.example.com; {at}\r\n\
         Subject: You have won\r\n\r\nLetter {number}.\r\n--f--\r\n",
        date(now),
        at = date(at),
    );
    Mail { id: format!("m{number}"), source: "abuse", text }
}

fn in_words(number: u64, seen: Seen, now: Timestamp) -> Mail {
    let Seen { address, at, .. } = seen;
    let text = format!(
        "From: A Reader <reader{number}@mail.example.org>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: spam from {address}\r\n\
         Message-ID: <{number}@mail.example.org>\r\n\r\nHello,\r\n\r\nyour customer {address} sent me spam on {}.\r\nPlease stop it.\r\n",
        date(now),
        at.strftime("%Y-%m-%d at %H:%M:%S UTC"),
    );
    Mail { id: format!("m{number}"), source: "abuse", text }
}

/// What accuses somebody who has done nothing, or nobody at all.
pub(super) fn noise(number: u64, innocent: IpAddr, now: Timestamp, chance: &mut Chance) -> Mail {
    let text = match chance.between(0, 4) {
        0 => format!(
            "From: <>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
             Message-ID: <{number}@mx.example.com>\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nCould not deliver letter {number}.\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n",
            date(now)
        ),
        1 => format!(
            "From: Firewall <fw{number}@home.example.org>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: you attacked me!!!\r\n\
             Message-ID: <{number}@home.example.org>\r\n\r\n{} fw kernel: DROP IN=eth0 OUT= SRC={innocent} DST=198.51.100.7 LEN=60 PROTO=TCP \
             SPT=51000 DPT=443 WINDOW=64240 SYN\r\n",
            date(now),
            now.strftime("%b %e %H:%M:%S"),
        ),
        2 => format!(
            "From: Proxy Finder <finder{number}@free.example.org>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: OPEN PROXY {innocent}\r\n\
             Message-ID: <{number}@free.example.org>\r\n\r\nThere is an open proxy on {innocent}:8080. Cut it off now.\r\n",
            date(now),
        ),
        _ => format!(
            "From: Reader <angry{number}@mail.example.org>\r\nTo: abuse@example.net\r\nDate: {}\r\nSubject: spam\r\n\
             Message-ID: <{number}@angry.example.org>\r\n\r\nI got spam from {innocent} today. Disconnect them.\r\n",
            date(now),
        ),
    };
    Mail { id: format!("m{number}"), source: "abuse", text }
}
