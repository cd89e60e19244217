//! The signs of a case with the flows that prove them.

use desk::{FlowView, SignView};
use jiff::Timestamp;

use crate::pages::rows::When;
use crate::pages::traffic::grouped;
use crate::words;

/// A sign.
pub(crate) struct SignBlock {
    pub(crate) name: &'static str,
    pub(crate) place: String,
    pub(crate) score: String,
    pub(crate) flows: String,
    pub(crate) why: String,
    pub(crate) first: When,
    pub(crate) last: When,
    pub(crate) evidence: String,
    pub(crate) short: String,
    pub(crate) proof: Vec<FlowRow>,
}

/// A flow.
pub(crate) struct FlowRow {
    pub(crate) began: String,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) protocol: String,
    pub(crate) lasted: String,
    pub(crate) bytes: String,
    pub(crate) back: String,
}

impl SignBlock {
    pub(crate) fn new(view: &SignView, now: Timestamp) -> SignBlock {
        let port = view.port.map(|port| format!(" port {port}")).unwrap_or_default();
        let peer = view.peer.map(|peer| format!(", with {peer}")).unwrap_or_default();
        let flows = usize::try_from(view.flows).unwrap_or(usize::MAX);
        SignBlock {
            name: view.sign,
            place: format!("{}{port}{peer}", view.address),
            score: format!("{:.0}", view.score * 100.0),
            flows: words::count(flows, "flow", "flows"),
            why: words::plain(&view.why),
            first: When::new(now, view.first),
            last: When::new(now, view.last),
            evidence: view.evidence.to_string(),
            short: view.evidence.short(),
            proof: view.proof.iter().map(FlowRow::new).collect(),
        }
    }
}

impl FlowRow {
    fn new(view: &FlowView) -> FlowRow {
        let clock = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        FlowRow {
            began: view.first.map_or_else(|| "unknown".to_owned(), clock),
            source: view.source.clone(),
            destination: view.destination.clone(),
            protocol: view.protocol.clone(),
            lasted: format!("{}.{:03} s", view.millis.max(0) / 1000, view.millis.max(0) % 1000),
            bytes: grouped(view.bytes),
            back: view.bytes_back.map_or_else(|| "not told".to_owned(), grouped),
        }
    }
}
