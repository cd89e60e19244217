//! The signs of a case with the flows that prove them, for those who look at it.

use std::net::IpAddr;

use case::{Case, EvidenceId, Sighting, Source};
use flow::Flow;
use jiff::Timestamp;
use serde::Serialize;
use store::Store;

use crate::error::{DeskError, Doing};
use crate::traffic::evidence;

/// How many signs of a case are shown with their flows, the newest.
const SHOWN: usize = 24;

/// A sign as a case's page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SignView {
    /// Its name.
    pub sign: &'static str,
    /// How sure, 0 to 1.
    pub score: f64,
    /// On which address of ours.
    pub address: IpAddr,
    /// Our port, where it is of one.
    pub port: Option<u16>,
    /// The other side, where it is one.
    pub peer: Option<IpAddr>,
    /// When its first flow began and its last one ended.
    pub first: Timestamp,
    /// See `first`.
    pub last: Timestamp,
    /// How many flows belong to it.
    pub flows: u64,
    /// Why, in plain words.
    pub why: String,
    /// Where it is kept.
    pub evidence: EvidenceId,
    /// Some of the flows that prove it, in order of time.
    pub proof: Vec<FlowView>,
}

/// A flow as a page shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowView {
    /// When it began.
    pub first: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub millis: i64,
    /// From where, with the port.
    pub source: String,
    /// To where, with the port.
    pub destination: String,
    /// The transport: `tcp`, `udp` or its number.
    pub protocol: String,
    /// Bytes from source to destination.
    pub bytes: u64,
    /// Bytes back; `None` where the record tells of one direction alone.
    pub bytes_back: Option<u64>,
}

impl FlowView {
    fn of(flow: &Flow) -> FlowView {
        FlowView {
            first: flow.first.timestamp(),
            millis: flow.last.since(flow.first),
            source: evidence::end(flow.source, flow.source_port),
            destination: evidence::end(flow.destination, flow.destination_port),
            protocol: match flow.protocol {
                flow::protocol::TCP => "tcp".to_owned(),
                flow::protocol::UDP => "udp".to_owned(),
                other => other.to_string(),
            },
            bytes: flow.forward.bytes,
            bytes_back: flow.both_ways.then_some(flow.reverse.bytes),
        }
    }

    /// In one line of words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let at = self.first.map_or_else(|| "?".to_owned(), |at| at.strftime("%H:%M:%S%.3f").to_string());
        let back = self.bytes_back.map_or_else(String::new, |bytes| format!(", {bytes} back"));
        let FlowView { source, destination, protocol, bytes, .. } = self;
        format!("{at} {source} to {destination} {protocol}, {bytes} bytes{back}")
    }
}

/// The newest signs of a case that count, oldest first; needs no running desk.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn signs_of(store: &Store, case: &Case) -> Result<Vec<SignView>, DeskError> {
    let all: Vec<&Sighting> = case.signs().collect();
    let mut views = Vec::new();
    for seen in all.iter().rev().take(SHOWN).rev() {
        let bytes = store.bytes(&seen.evidence).await.doing("fetch evidence")?;
        views.extend(view(seen, bytes.as_deref().unwrap_or_default()));
    }
    Ok(views)
}

/// A sign of a case with what its evidence holds.
fn view(seen: &Sighting, bytes: &[u8]) -> Option<SignView> {
    let Source::Sign { sign, score, peer, first, flows, why, .. } = &seen.source else { return None };
    Some(SignView {
        sign: sign.name(),
        score: f64::from(*score) / 1000.0,
        address: seen.address,
        port: seen.port,
        peer: *peer,
        first: *first,
        last: seen.happened.unwrap_or(seen.received),
        flows: *flows,
        why: why.clone(),
        evidence: seen.evidence,
        proof: proof(bytes).into_iter().map(|(flow, _)| flow).collect(),
    })
}

/// The flows that evidence of a sign holds, each with the bytes it stands in: a line of its own.
pub(crate) fn proof(bytes: &[u8]) -> Vec<(FlowView, (u64, u64))> {
    let mut at = 0u64;
    let mut found = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let flow = line.strip_suffix(b",").unwrap_or(line);
        let (start, end) = (at, at.saturating_add(length(flow)));
        at = at.saturating_add(length(line)).saturating_add(1);
        if let Ok(flow) = serde_json::from_slice::<Flow>(flow) {
            found.push((FlowView::of(&flow), (start, end)));
        }
    }
    found
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::evidence::tests::relaying;

    #[test]
    fn every_flow_of_a_proof_is_found_where_it_stands() {
        let sign = relaying(7, 0.9);
        let bytes = evidence::bytes(&sign).expect("bytes");
        let found = proof(&bytes);
        assert_eq!(found.len(), 2);
        for ((view, (start, end)), flow) in found.iter().zip(&sign.proof) {
            let place = usize::try_from(*start).expect("small")..usize::try_from(*end).expect("small");
            assert_eq!(serde_json::from_slice::<Flow>(&bytes[place]).expect("a flow"), *flow);
            assert!(view.in_words().contains("5000 bytes, 5000 back"), "{}", view.in_words());
        }
        assert!(proof(b"From: somebody\r\n\r\nhello").is_empty());
    }
}
