//! Events of address translators among the datagrams of exporters, on their way to whoever keeps leases.

use std::collections::HashMap;
use std::net::IpAddr;

use flow::wire::{Decoder, Losses, NatEvent};
use ipnet::IpNet;
use tokio::sync::mpsc::Sender;

/// Whose events are wanted, and where they go.
#[derive(Debug, Clone)]
pub struct NatTap {
    /// The translators; events that others export are passed over. They must be among the exporters, too.
    pub translators: Vec<IpNet>,
    /// Where events go. When it is full they are dropped, and the next batch of that translator says so.
    pub events: Sender<NatBatch>,
}

/// What one datagram of a translator told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatBatch {
    /// The translator.
    pub translator: IpAddr,
    /// Whether something that it told before these events was not heard, or not handed on.
    pub lost: bool,
    /// The events, in order.
    pub events: Vec<NatEvent>,
}

/// How each translator's numbering stands.
#[derive(Debug)]
pub(super) struct Following {
    tap: NatTap,
    translators: HashMap<IpAddr, Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    gaps: u64,
    /// A batch was dropped, or a gap could not be told of.
    owed: bool,
}

impl Following {
    pub(super) fn new(tap: NatTap) -> Following {
        Following { tap, translators: HashMap::new() }
    }

    /// Hands on what the datagram told that was just decoded.
    pub(super) fn heard(&mut self, from: IpAddr, decoder: &mut Decoder) {
        let from = from.to_canonical();
        let events = decoder.nat_events();
        if !self.tap.translators.iter().any(|net| net.contains(&from)) {
            return;
        }
        let gaps = decoder.report(from).map_or(0, |report| gaps(&report.losses));
        let standing = self.translators.entry(from).or_default();
        let lost = std::mem::replace(&mut standing.gaps, gaps) != gaps || standing.owed;
        if events.is_empty() && !lost {
            return;
        }
        standing.owed = self.tap.events.try_send(NatBatch { translator: from, lost, events }).is_err();
    }
}

/// What changes whenever something may have been told that was not read. A datagram that comes late changes it twice, and
/// so does data whose template comes later: until then nobody knows what it tells.
fn gaps(losses: &Losses) -> u64 {
    let all = [
        losses.sequence_lost,
        losses.sequence_late,
        losses.sequence_resets,
        losses.restarts,
        losses.waiting,
        losses.no_template,
        losses.malformed,
        losses.domains_refused,
        losses.templates_refused,
    ];
    all.into_iter().fold(0, u64::wrapping_add)
}
