//! The mails of the staged night, written for it. Times are filled in so that the night is always tonight.

use jiff::{SignedDuration, Timestamp};

/// One mail: what it shows, its text, and how long ago what it tells of happened.
pub(crate) struct Mail {
    /// What it shows, for the terminal.
    pub(crate) shows: &'static str,
    template: &'static str,
    minutes_ago: i64,
}

/// The mails in the order they come in.
pub(crate) const NIGHT: [Mail; 7] = [
    Mail {
        shows: "a virus complaint: a proxy may follow, so a watch opens",
        template: include_str!("mails/virus.eml"),
        minutes_ago: 95,
    },
    Mail {
        shows: "a bounce: no report, no case",
        template: include_str!("mails/bounce.eml"),
        minutes_ago: 60,
    },
    Mail {
        shows: "a firewall log from a stranger",
        template: include_str!("mails/firewall.eml"),
        minutes_ago: 41,
    },
    Mail {
        shows: "a customer's firewall log: a scanner was kept out, and which neighbour let it in?",
        template: include_str!("mails/scanned.eml"),
        minutes_ago: super::traffic::SCANNED,
    },
    Mail {
        shows: "SpamCop: an open proxy, with its port in the comment",
        template: include_str!("mails/spamcop-open-proxy.eml"),
        minutes_ago: 12,
    },
    Mail {
        shows: "a feedback loop (ARF): spam from another line",
        template: include_str!("mails/arf.eml"),
        minutes_ago: 9,
    },
    Mail {
        shows: "a report on an address nobody holds: the inbox of orphans",
        template: include_str!("mails/orphan.eml"),
        minutes_ago: 4,
    },
];

/// The leases of the night: who holds which line.
pub(crate) fn leases(now: Timestamp) -> String {
    let from = ago(now, 30 * 24 * 60).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut csv = String::from("address,subscriber,from,to\n");
    for host in [23, 31, 42, 66, 77, 99] {
        csv.push_str(&format!("127.66.0.{host},line-{host:04},{from},\n"));
    }
    csv
}

impl Mail {
    /// The mail as it goes over the wire, with its times set relative to `now`.
    pub(crate) fn text(&self, now: Timestamp) -> String {
        let event = ago(now, self.minutes_ago);
        let mail = |at: Timestamp| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        self.template
            .replace("{event}", &mail(event))
            .replace("{event-iso}", &event.strftime("%Y-%m-%d %H:%M:%S").to_string())
            .replace("{event-syslog}", &event.strftime("%b %e %H:%M:%S").to_string())
            .replace("{date}", &mail(ago(now, 1)))
            .replace('\n', "\r\n")
    }
}

fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now)
}
