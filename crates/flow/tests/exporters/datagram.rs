//! Datagrams written field by field, right and wrong ones.

use std::net::{IpAddr, Ipv4Addr};

use flow::wire::{Decoder, Limits, Losses};
use flow::{Flow, Millis};

/// When everything is sent and received: seconds since 1970.
pub(crate) const SECONDS: u32 = 1_700_000_000;
/// The same in milliseconds.
pub(crate) const NOW: Millis = Millis(1_700_000_000_000);
/// An hour after the exporter's start.
pub(crate) const UPTIME: u32 = 3_600_000;
pub(crate) const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Numbers one after the other, each with its width in bytes.
pub(crate) fn numbers(fields: &[(u64, usize)]) -> Vec<u8> {
    fields.iter().flat_map(|(number, width)| number.to_be_bytes()[8 - width..].to_vec()).collect()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A set, its length as it is.
pub(crate) fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 4).unwrap_or(u16::MAX);
    [words(&[id, length]), body.to_vec()].concat()
}

/// A template of elements and lengths; those above 32767 of the reverse direction (RFC 5103) in IPFIX.
pub(crate) fn template(id: u16, fields: &[(u16, u16)]) -> Vec<u8> {
    let mut out = words(&[id, fields.len() as u16]);
    for (number, length) in fields {
        out.extend(words(&[*number, *length]));
        if *number > 0x8000 && *number < 40_000 {
            out.extend(29305u32.to_be_bytes());
        }
    }
    out
}

pub(crate) fn v9(sequence: u32, source: u32, uptime: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        words(&[9, sets.len() as u16]),
        numbers(&[
            (uptime.into(), 4),
            ((SECONDS + (uptime - UPTIME.min(uptime)) / 1000).into(), 4),
            (sequence.into(), 4),
            (source.into(), 4),
        ]),
    ];
    [head.concat(), sets.concat()].concat()
}

pub(crate) fn ipfix(sequence: u32, domain: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let sets = sets.concat();
    let head = [
        words(&[10, sets.len() as u16 + 16]),
        numbers(&[(SECONDS.into(), 4), (sequence.into(), 4), (domain.into(), 4)]),
    ];
    [head.concat(), sets].concat()
}

pub(crate) fn v5(sequence: u32, sampling: u16, records: u16) -> Vec<u8> {
    let mut out = [
        words(&[5, records]),
        numbers(&[
            (UPTIME.into(), 4),
            (SECONDS.into(), 4),
            (0, 4),
            (sequence.into(), 4),
            (0, 2),
            (sampling.into(), 2),
        ]),
    ]
    .concat();
    for _ in 0..records {
        out.extend(numbers(&[(HOME, 4), (PEER, 4), (0, 8), (2, 4), (120, 4)]));
        out.extend(numbers(&[
            ((UPTIME - 2000).into(), 4),
            ((UPTIME - 1000).into(), 4),
            (40_000, 2),
            (443, 2),
        ]));
        out.extend([0, 0x1B, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    out
}

/// 198.51.100.7 and 203.0.113.9.
pub(crate) const HOME: u64 = 0xC633_6407;
pub(crate) const PEER: u64 = 0xCB00_7109;

/// A template that has the least a flow needs, and a record of it.
pub(crate) const PLAIN: [(u16, u16); 7] = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4)];

pub(crate) fn plain(packets: u64, bytes: u64) -> Vec<u8> {
    numbers(&[(HOME, 4), (PEER, 4), (40_000, 2), (443, 2), (6, 1), (packets, 4), (bytes, 4)])
}

/// One exporter and what was read of it.
pub(crate) struct Heard {
    pub(crate) decoder: Decoder,
    pub(crate) flows: Vec<Flow>,
}

impl Heard {
    pub(crate) fn new() -> Heard {
        Heard::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Heard {
        Heard { decoder: Decoder::new(limits), flows: Vec::new() }
    }

    /// All of these, and nothing else.
    pub(crate) fn all(datagrams: &[Vec<u8>]) -> Heard {
        let mut heard = Heard::new();
        datagrams.iter().for_each(|datagram| heard.hear(datagram));
        heard
    }

    pub(crate) fn hear(&mut self, datagram: &[u8]) {
        self.hear_at(NOW, datagram);
    }

    pub(crate) fn hear_at(&mut self, received: Millis, datagram: &[u8]) {
        self.decoder.decode(EXPORTER, received, datagram, &mut self.flows);
    }

    pub(crate) fn losses(&self) -> Losses {
        self.decoder.report(EXPORTER).map(|report| report.losses).unwrap_or_default()
    }

    /// Packets and bytes there and back, and the rate, of each flow.
    pub(crate) fn counts(&self) -> Vec<(u64, u64, u64, u64, u32)> {
        let counts = self.flows.iter().map(|flow| {
            let (there, back) = (flow.forward, flow.reverse);
            (there.packets, there.bytes, back.packets, back.bytes, flow.sampling)
        });
        counts.collect()
    }
}
