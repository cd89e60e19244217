//! What an nfdump file says of sampling.

use std::collections::HashMap;

use crate::files::bytes::Order;

/// As many exporters as are remembered.
const MOST: usize = 65_536;

/// One packet in so many, by the number that the file gave the exporter.
#[derive(Debug, Default)]
pub(super) struct Samplers(HashMap<u16, u32>);

impl Samplers {
    /// Reads a sampler's record: after the header its id, the interval, the mode, the exporter.
    pub(super) fn learn(&mut self, order: Order, record: &[u8]) {
        let (Some(interval), Some(exporter)) = (order.u32(record, 8), order.u16(record, 14)) else { return };
        self.put(exporter, interval);
    }

    /// Reads a sampler's record of version 1.7: after the header the exporter, the algorithm, the id, then how many packets
    /// are taken and how many left. Exporters differ in which of the two they call which; fewer are taken than left.
    pub(super) fn learn_v3(&mut self, order: Order, record: &[u8]) {
        let (Some(exporter), Some(one), Some(other)) =
            (order.u16(record, 4), order.u32(record, 16), order.u32(record, 20))
        else {
            return;
        };
        self.put(exporter, one.saturating_add(other) / one.min(other).max(1));
    }

    fn put(&mut self, exporter: u16, rate: u32) {
        if self.0.len() < MOST && rate > 0 {
            self.0.insert(exporter, rate);
        }
    }

    /// The rate of a flow of `exporter`. The counters of a record that is marked `sampled` are multiplied already.
    pub(super) fn rate(&self, exporter: u16, sampled: bool) -> u32 {
        if sampled { self.0.get(&exporter).copied().unwrap_or(0) } else { 1 }
    }
}
