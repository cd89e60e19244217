//! What pages and metrics show of the traffic.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use flow::wire::ExporterReport;

/// How much is going on in the traffic. Counts are since the start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrafficView {
    /// Since when it is watched.
    pub since: Timestamp,
    /// Until when it is learnt what is usual, after a start; `None` when that is over.
    pub learning_until: Option<Timestamp>,
    /// Flow records taken.
    pub flows: u64,
    /// Flow records a second, over the last whole minute.
    pub per_second: u64,
    /// Home addresses that are watched now.
    pub lines: u64,
    /// Home addresses given up because there was no room for more.
    pub lines_given_up: u64,
    /// Flow records that touch no home address.
    pub flows_foreign: u64,
    /// Flow records a day and more from the present, which are passed over.
    pub flows_out_of_time: u64,
    /// Flow records dropped because a watcher could not keep up.
    pub flows_dropped: u64,
    /// Whether a watcher has broken off.
    pub broken: bool,
    /// Signs put in the log by kind, since `today_from`.
    pub signs: Vec<SignCount>,
    /// Signs put in the log.
    pub signs_kept: u64,
    /// Signs that were not, because their line had enough.
    pub signs_held_back: u64,
    /// Signs on addresses that no lease names.
    pub signs_unattributed: u64,
    /// From when on signs count as today's.
    pub today_from: Timestamp,
    /// The last two hours by minute, oldest first.
    pub minutes: Vec<TrafficMinute>,
    /// What the flow sockets have heard and lost.
    pub listener: ListenerView,
}

/// How many signs of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SignCount {
    /// Which.
    pub sign: &'static str,
    /// How many.
    pub today: u64,
}

/// One minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TrafficMinute {
    /// Its beginning.
    pub from: Timestamp,
    /// Flow records taken in it.
    pub flows: u64,
    /// Signs put in the log in it.
    pub signs: u64,
}

/// What the flow sockets have heard and lost.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ListenerView {
    /// Where they listen.
    pub listen: Vec<String>,
    /// Datagrams read.
    pub datagrams: u64,
    /// Datagrams that the kernel dropped because a socket's buffer was full.
    pub kernel_drops: u64,
    /// Flow records dropped because the desk had no room for them.
    pub flows_dropped: u64,
    /// Flow records that were watched and are not on disk: the disk was too slow, or full.
    pub flows_not_kept: u64,
    /// Datagrams of exporters that are not configured; they are not read.
    pub strangers: u64,
    /// Some of those exporters, with how many datagrams each sent.
    pub strangers_by_address: Vec<(IpAddr, u64)>,
    /// Datagrams of exporters beyond the limit.
    pub exporters_refused: u64,
    /// Each exporter.
    pub exporters: Vec<ExporterReport>,
}

impl ListenerView {
    /// All that is known to be lost between the exporters and the desk, in whatever each loss is counted in.
    #[must_use]
    pub fn losses(&self) -> u64 {
        let of = |one: &ExporterReport| one.losses.sequence_lost.saturating_add(one.losses.no_template);
        let exporters = self.exporters.iter().map(of).fold(0, u64::saturating_add);
        exporters.saturating_add(self.kernel_drops).saturating_add(self.flows_dropped)
    }
}
