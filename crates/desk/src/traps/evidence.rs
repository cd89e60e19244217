//! A minute at the traps as the bytes that are kept of it, and as a sighting.

use case::{Sighting, SignKind, Source, Span, sure_of_trap};
use store::{Delivery, Entry};

use crate::marked::harmless;
use crate::traps::gather::{Minute, Touched};

/// How such evidence came, in the log.
pub(crate) const SOURCE: &str = "traps";
/// How many traps and ports the reason names.
const NAMED: usize = 4;

/// The bytes: JSON with the sum on the first line and each visit that is kept on a line of its own.
pub(super) fn delivery(minute: &Minute) -> Option<Delivery> {
    let Touched { source, first, visits, .. } = &minute.touched;
    let head = serde_json::to_string(&minute.touched).ok()?;
    let mut bytes = head.into_bytes();
    for line in &minute.lines {
        bytes.push(b'\n');
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.push(b'\n');
    let place = source.to_string().replace(':', ".");
    Some(Delivery {
        id: format!("trap-{place}-{}", first.as_millisecond()),
        source: SOURCE.to_owned(),
        envelope: serde_json::json!({ "source": source, "visits": visits, "ours": minute.ours }),
        received: minute.touched.last,
        bytes,
    })
}

/// The sum that such bytes hold.
pub(crate) fn read(bytes: &[u8]) -> Option<Touched> {
    serde_json::from_slice(bytes.split(|byte| *byte == b'\n').next()?).ok()
}

/// As a sighting of the line it came from.
pub(super) fn sighting(entry: &Entry, bytes: &[u8], touched: &Touched, attributed: String) -> Sighting {
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let kind = SignKind::TrapTouched;
    Sighting {
        evidence: entry.id,
        claim: 0,
        span: Some(Span { start: 0, end: u64::try_from(head).unwrap_or(0) }),
        source: Source::Sign {
            sign: kind,
            score: score(touched),
            peer: touched.at.first().copied(),
            peer_port: touched.ports.first().copied(),
            first: touched.first,
            flows: touched.visits,
            why: why(touched),
        },
        kind: kind.kind(),
        address: touched.source,
        port: None,
        protocol: None,
        happened: Some(touched.last),
        received: entry.received,
        attributed,
        report: None,
        malware: None,
        spotted: false,
    }
}

/// How sure it makes us.
pub(super) fn score(touched: &Touched) -> u16 {
    sure_of_trap(touched.traps, touched.said)
}

/// In plain words with the figures.
pub(super) fn why(touched: &Touched) -> String {
    let some = |names: Vec<String>, all: usize| {
        let more = all.saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.join(", "))
    };
    let wanted = touched.wanted.iter().map(|(what, count)| format!("{what} ({count})")).collect::<Vec<_>>();
    let traps = touched.at.iter().take(NAMED).map(ToString::to_string).collect();
    let ports = touched.ports.iter().take(NAMED).map(ToString::to_string).collect();
    let text = format!(
        "{} of our spare addresses were visited within a day with completed handshakes, here {} times within a minute: {} on \
         port {}; wanted: {}",
        if touched.traps >= 16 { "16 or more".to_owned() } else { touched.traps.to_string() },
        touched.visits,
        some(traps, touched.at.len()),
        some(ports, touched.ports.len()),
        wanted.join(", "),
    );
    harmless(text.as_bytes()).chars().take(1000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traps::gather::Gathering;
    use crate::traps::gather::tests::{at, hit, home};

    #[test]
    fn what_is_kept_reads_back_and_says_why() {
        let mut gathering = Gathering::new(home());
        for last in 1..=6 {
            gathering.take(hit("192.0.2.66", last, 5, "proxy"));
        }
        let minutes = gathering.over(at(99), false);
        let delivery = delivery(&minutes[0]).expect("a delivery");
        let touched = read(&delivery.bytes).expect("it reads back");
        assert_eq!(touched, minutes[0].touched);
        assert_eq!(
            delivery.bytes.iter().filter(|byte| **byte == b'\n').count(),
            7,
            "six visits and their sum"
        );
        assert_eq!(
            why(&touched),
            "6 of our spare addresses were visited within a day with completed handshakes, here 6 times within a minute: \
             192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 2 more on port 23; wanted: socks5 (6)"
        );
        assert_eq!(score(&touched), 400);
    }
}
