//! A flow as one of our addresses sees it.

use flow::{ExporterId, Flow, Millis, Translated, Way};

use crate::address::{Home, address, number};

/// One row of the lake: a flow told from the side of one home address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// Our address.
    pub(crate) home: u128,
    /// The other end.
    pub(crate) peer: u128,
    /// Whether the flow's source is the other end.
    pub(crate) inbound: bool,
    /// The port on our side.
    pub(crate) home_port: u16,
    /// The port of the other end.
    pub(crate) peer_port: u16,
    /// The IP protocol number.
    pub(crate) protocol: u8,
    /// The first packet, milliseconds since 1970.
    pub(crate) first: i64,
    /// How long after it the last one came, in milliseconds.
    pub(crate) duration: u64,
    /// What came to our address.
    pub(crate) inward: Way,
    /// What our address sent.
    pub(crate) outward: Way,
    /// Whether the record tells of both directions.
    pub(crate) both_ways: bool,
    /// As [`Flow::sampling`].
    pub(crate) sampling: u32,
    /// As [`Flow::exporter`].
    pub(crate) exporter: u32,
    /// As [`Flow::translated`].
    pub(crate) translated: Option<(u128, u16)>,
}

impl Row {
    /// The rows of a flow: one for each of its ends that is home, so two where both are and none where neither is.
    pub(crate) fn of(flow: &Flow, home: &Home) -> [Option<Row>; 2] {
        let (source, destination) = (number(flow.source), number(flow.destination));
        let outbound = home.holds(source).then(|| Row::from_source(flow, source, destination));
        let inbound = home.holds(destination).then(|| Row::from_source(flow, source, destination).turned());
        [outbound, inbound]
    }

    /// As the source sees it.
    fn from_source(flow: &Flow, source: u128, destination: u128) -> Row {
        Row {
            home: source,
            peer: destination,
            inbound: false,
            home_port: flow.source_port,
            peer_port: flow.destination_port,
            protocol: flow.protocol,
            first: flow.first.0,
            duration: flow.last.since(flow.first).try_into().unwrap_or(0),
            inward: flow.reverse,
            outward: flow.forward,
            both_ways: flow.both_ways,
            sampling: flow.sampling,
            exporter: flow.exporter.0,
            translated: flow.translated.map(|after| (number(after.address), after.port)),
        }
    }

    /// As the other end sees it.
    fn turned(self) -> Row {
        Row {
            home: self.peer,
            peer: self.home,
            inbound: !self.inbound,
            home_port: self.peer_port,
            peer_port: self.home_port,
            inward: self.outward,
            outward: self.inward,
            ..self
        }
    }

    /// The last packet, milliseconds since 1970.
    pub(crate) fn last(&self) -> i64 {
        self.first.saturating_add_unsigned(self.duration)
    }

    /// The flow this is a row of.
    pub(crate) fn flow(&self) -> Flow {
        let from = if self.inbound { self.turned() } else { *self };
        Flow {
            first: Millis(from.first),
            last: Millis(from.last()),
            source: address(from.home),
            destination: address(from.peer),
            source_port: from.home_port,
            destination_port: from.peer_port,
            protocol: from.protocol,
            both_ways: from.both_ways,
            forward: from.outward,
            reverse: from.inward,
            sampling: from.sampling,
            exporter: ExporterId(from.exporter),
            translated: from.translated.map(|(to, port)| Translated { address: address(to), port }),
        }
    }
}
