//! A sign as the bytes that are kept of it, and back.

use std::net::IpAddr;

use jiff::Timestamp;

use case::{EvidenceId, Sighting, SignKind, Source, Span, Transport};
use signs::Sign;
use store::{Delivery, Entry};

use crate::marked::harmless;

/// How such evidence came, in the log.
pub(crate) const SOURCE: &str = "flows";
/// The longest reason that is kept on a case; the evidence has all of it.
const WHY_AT_MOST: usize = 1000;
/// A scan for trojans that scores less was not answered: its port is nobody's service.
const ANSWERED: u16 = 200;

/// The bytes: JSON with the sign itself on the first line and each flow that proves it on a line of its own, so that a
/// reason can quote any of them.
pub(super) fn bytes(sign: &Sign) -> Option<Vec<u8>> {
    let mut head = serde_json::to_value(Sign { proof: Vec::new(), ..sign.clone() }).ok()?;
    head.as_object_mut()?.remove("proof");
    let head = head.to_string();
    let flows: Option<Vec<String>> = sign.proof.iter().map(|flow| serde_json::to_string(flow).ok()).collect();
    let open = head.strip_suffix('}')?;
    Some(format!("{open},\"proof\":[\n{}\n]}}\n", flows?.join(",\n")).into_bytes())
}

/// The sign that such bytes hold.
pub(crate) fn read(bytes: &[u8]) -> Option<Sign> {
    serde_json::from_slice(bytes).ok()
}

/// A sign on its way into the log.
pub(crate) fn delivery(sign: &Sign, received: Timestamp) -> Option<Delivery> {
    let place = sign.address.to_string().replace(':', ".");
    let port = sign.port.unwrap_or(0);
    Some(Delivery {
        id: format!("sign-{}-{place}-{port}-{}", sign.sign, sign.last.0),
        source: SOURCE.to_owned(),
        envelope: serde_json::json!({ "sign": sign.sign, "address": sign.address, "score": sign.score }),
        received,
        bytes: bytes(sign)?,
    })
}

/// A score in thousandths.
pub(super) fn thousandths(score: f32) -> u16 {
    let wanted = f64::from(score.clamp(0.0, 1.0)) * 1000.0;
    // The largest whole number not above it, a half rounded up, without a cast that could lose something.
    (0..=1000u16).rev().find(|whole| f64::from(*whole) <= wanted + 0.5).unwrap_or(0)
}

/// The sign's port where that is the line's own.
pub(super) fn our_port(sign: &Sign) -> Option<u16> {
    let kind = kind(sign.sign);
    let answered = kind != SignKind::TrojanScanIn || thousandths(sign.score) >= ANSWERED;
    sign.port.filter(|port| kind.is_of_our_port() && answered && *port != 0)
}

/// Where a sign is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) evidence: EvidenceId,
    pub(crate) claim: u32,
    pub(crate) span: Option<Span>,
    pub(crate) received: Timestamp,
}

impl Kept {
    /// In an entry of the log, as [`bytes`] wrote it there.
    pub(super) fn in_the_log(entry: &Entry, bytes: &[u8]) -> Kept {
        let head = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let span = Span { start: 0, end: u64::try_from(head).unwrap_or(0) };
        Kept { evidence: entry.id, claim: 0, span: Some(span), received: entry.received }
    }
}

/// A sign as a sighting of the case it was attributed to. The one place where a sign becomes a word of judgement.
pub(super) fn sighting(kept: Kept, sign: &Sign, attributed: String) -> Sighting {
    let kind = kind(sign.sign);
    let port = our_port(sign);
    let tcp = sign.proof.first().is_none_or(|flow| flow.protocol != flow::protocol::UDP);
    let why: String = harmless(sign.why.as_bytes()).chars().take(WHY_AT_MOST).collect();
    Sighting {
        evidence: kept.evidence,
        claim: kept.claim,
        span: kept.span,
        source: Source::Sign {
            sign: kind,
            score: thousandths(sign.score),
            peer: sign.peer,
            peer_port: sign.port.filter(|_| port.is_none()),
            first: sign.first.timestamp().unwrap_or(kept.received),
            flows: sign.flows,
            why,
        },
        kind: kind.kind(),
        address: sign.address,
        port,
        protocol: port.map(|_| if tcp { Transport::Tcp } else { Transport::Udp }),
        happened: sign.last.timestamp(),
        received: kept.received,
        attributed,
        report: None,
        malware: None,
        spotted: false,
    }
}

/// The detectors' name of a sign in the words of judgement.
pub(crate) fn kind(sign: signs::SignKind) -> SignKind {
    match sign {
        signs::SignKind::RelayShape => SignKind::RelayShape,
        signs::SignKind::CallThenServed => SignKind::CallThenServed,
        signs::SignKind::BackConnect => SignKind::BackConnect,
        signs::SignKind::AnsweredStranger => SignKind::AnsweredStranger,
        signs::SignKind::SmtpFanout => SignKind::SmtpFanout,
        signs::SignKind::MailPhoneHome => SignKind::MailPhoneHome,
        signs::SignKind::Beacon => SignKind::Beacon,
        signs::SignKind::NewListener => SignKind::NewListener,
        signs::SignKind::TrojanScanIn => SignKind::TrojanScanIn,
        signs::SignKind::ScanOut => SignKind::ScanOut,
    }
}

/// An end of a flow, in words.
pub(crate) fn end(address: IpAddr, port: u16) -> String {
    match address {
        IpAddr::V6(_) => format!("[{address}]:{port}"),
        IpAddr::V4(_) => format!("{address}:{port}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use case::Kind;
    use flow::{ExporterId, Flow, Millis, Way};

    use super::*;
    use crate::reading::tests::entry;

    /// A flow of ten packets answered by ten.
    pub(crate) fn flow(source: IpAddr, destination: IpAddr) -> Flow {
        let way = Way { packets: 10, bytes: 5000, flags: 0x1b };
        Flow {
            first: Millis(1_000),
            last: Millis(2_000),
            source,
            destination,
            source_port: 40_000,
            destination_port: 48_613,
            protocol: flow::protocol::TCP,
            both_ways: true,
            forward: way,
            reverse: way,
            sampling: 1,
            exporter: ExporterId(1),
            translated: None,
        }
    }

    /// A line of ours seen relaying.
    pub(crate) fn relaying(last: u8, score: f32) -> Sign {
        let ours = IpAddr::from([203, 0, 113, last]);
        let theirs = IpAddr::from([198, 51, 100, 9]);
        Sign {
            sign: signs::SignKind::RelayShape,
            address: ours,
            score,
            peer: Some(theirs),
            port: Some(48_613),
            first: Millis(1_000),
            last: Millis(2_000),
            flows: 2,
            why: "what came in went out again\u{1b}[2J".to_owned(),
            proof: vec![flow(theirs, ours), flow(ours, theirs)],
        }
    }

    #[test]
    fn a_sign_is_kept_with_each_flow_on_a_line_and_read_back_as_it_was() {
        let sign = relaying(7, 0.91);
        let bytes = bytes(&sign).expect("bytes");
        assert_eq!(read(&bytes), Some(sign));
        assert_eq!(
            bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"first\"")).count(),
            2
        );
        assert_eq!(read(b"{}"), None);
    }

    #[test]
    fn a_sighting_names_our_port_alone_and_nothing_that_moves_a_cursor() {
        let mut sign = relaying(7, 0.91);
        let seen = sighting(Kept::in_the_log(&entry(), b"{}\n"), &sign, String::new());
        assert_eq!((seen.port, seen.kind), (Some(48_613), Kind::OpenProxy));
        let Source::Sign { why, score, peer_port, .. } = seen.source else { panic!("a sign") };
        assert_eq!((why.as_str(), score, peer_port), ("what came in went out again\u{fffd}[2J", 910, None));
        sign.sign = signs::SignKind::BackConnect;
        let seen = sighting(Kept::in_the_log(&entry(), b"{}\n"), &sign, String::new());
        assert_eq!(seen.port, None, "the port of somebody else's is not ours to ask");
        sign.sign = signs::SignKind::TrojanScanIn;
        sign.score = 0.05;
        assert_eq!(our_port(&sign), None, "it was scanned and did not answer");
        sign.score = 0.35;
        assert_eq!(our_port(&sign), Some(48_613));
    }
}
