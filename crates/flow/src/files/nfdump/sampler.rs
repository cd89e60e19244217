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
        if self.0.len() < MOST && interval > 0 {
            self.0.insert(exporter, interval);
        }
    }

    /// The rate of a flow of `exporter`. The counters of a record that is marked `sampled` are multiplied already.
    pub(super) fn rate(&self, exporter: u16, sampled: bool) -> u32 {
        if sampled { self.0.get(&exporter).copied().unwrap_or(0) } else { 1 }
    }
}
