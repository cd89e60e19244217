//! The newer form: blocks of many kinds, several interfaces with a link layer and a clock each.
//!
//! Source: draft-ietf-opsawg-pcapng.

use crate::files::Reading;
use crate::files::bytes::Order;
use crate::files::doubt::DoubtKind;
use crate::files::input::Input;

use super::{Capture, Captured, LONGEST};

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
/// Obsolete, still met in old captures.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// More interfaces than any capture has.
const MOST_INTERFACES: usize = 4096;

/// One interface of a section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u32,
    snapshot: usize,
    /// Units of its clock in a second.
    resolution: u64,
    /// Seconds to be added.
    offset: i64,
}

/// Whether a file that begins with `head` is one.
pub(in crate::files) fn is_ng(head: &[u8]) -> bool {
    Order::Big.u32(head, 0) == Some(SECTION) && order(head).is_some()
}

/// The order of bytes of the section that begins with `block`.
fn order(block: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| order.u32(block, 8) == Some(BYTE_ORDER))
}

/// Reads all packets of a capture.
pub(in crate::files) fn read(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut capture = Capture::new(reading);
    let mut section = Section { order: Order::Little, interfaces: Vec::new(), last: 0 };
    let mut block = Vec::new();
    while section.next_block(input, &mut block, &mut capture) {
        let body = block.get(8..block.len().saturating_sub(4)).unwrap_or_default();
        match section.order.u32(&block, 0) {
            Some(SECTION) => section.interfaces.clear(),
            Some(INTERFACE) => section.interface(body),
            Some(ENHANCED_PACKET) => section.enhanced(body, &mut capture),
            Some(PACKET) => section.obsolete(body, &mut capture),
            Some(SIMPLE_PACKET) => section.simple(body, &mut capture),
            _ => {}
        }
    }
    capture.close();
}

struct Section {
    order: Order,
    interfaces: Vec<Interface>,
    /// The time of the packet before: simple packets have none.
    last: i64,
}

impl Section {
    /// Reads a whole block, with its two lengths; false at the end.
    fn next_block(
        &mut self,
        input: &mut Input<'_>,
        block: &mut Vec<u8>,
        capture: &mut Capture<'_, '_>,
    ) -> bool {
        let at = capture.number.saturating_add(1);
        block.clear();
        block.resize(12, 0);
        match input.read_full(block, at) {
            0 => return false,
            12 => {}
            _ => {
                capture.doubt(DoubtKind::Truncated);
                return false;
            }
        }
        if Order::Big.u32(block, 0) == Some(SECTION)
            && let Some(order) = order(block)
        {
            self.order = order;
        }
        let length = self.order.length(block, 4).unwrap_or(0);
        if !(12..=LONGEST + 4096).contains(&length) {
            capture.doubt(if length < 12 { DoubtKind::Unreadable } else { DoubtKind::TooLong });
            return false;
        }
        block.resize(length.next_multiple_of(4), 0);
        let rest = block.get_mut(12..).unwrap_or_default();
        let wanted = rest.len();
        if input.read_full(rest, at) < wanted {
            capture.doubt(DoubtKind::Truncated);
            return false;
        }
        true
    }

    fn interface(&mut self, body: &[u8]) {
        let mut interface = Interface {
            link: u32::from(self.order.u16(body, 0).unwrap_or(0)),
            snapshot: self.order.length(body, 4).filter(|snapshot| *snapshot > 0).unwrap_or(usize::MAX),
            resolution: 1_000_000,
            offset: 0,
        };
        let mut options = body.get(8..).unwrap_or_default();
        while let (Some(code), Some(length)) = (self.order.u16(options, 0), self.order.u16(options, 2)) {
            let length = usize::from(length);
            let value = options.get(4..).and_then(|rest| rest.get(..length)).unwrap_or_default();
            match code {
                0 => break,
                9 => interface.resolution = value.first().map_or(1_000_000, |byte| resolution(*byte)),
                14 => interface.offset = self.order.u64(value, 0).map_or(0, u64::cast_signed),
                _ => {}
            }
            options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        if self.interfaces.len() < MOST_INTERFACES {
            self.interfaces.push(interface);
        }
    }

    fn enhanced(&mut self, body: &[u8], capture: &mut Capture<'_, '_>) {
        let interface = self.order.length(body, 0);
        self.timed(interface, body, 20, capture);
    }

    fn obsolete(&mut self, body: &[u8], capture: &mut Capture<'_, '_>) {
        let interface = self.order.u16(body, 0).map(usize::from);
        self.timed(interface, body, 20, capture);
    }

    /// A packet with its time and lengths at the same places in both kinds of block.
    fn timed(
        &mut self,
        interface: Option<usize>,
        body: &[u8],
        data_at: usize,
        capture: &mut Capture<'_, '_>,
    ) {
        let known = interface.and_then(|number| self.interfaces.get(number)).copied();
        let fields = (
            self.order.u32(body, 4),
            self.order.u32(body, 8),
            self.order.length(body, 12),
            self.order.length(body, 16),
        );
        let (Some(interface), (Some(high), Some(low), Some(kept), Some(length))) = (known, fields) else {
            return capture.doubt(DoubtKind::Unreadable);
        };
        self.last = micros((u64::from(high) << 32) | u64::from(low), interface);
        let data = body.get(data_at..).unwrap_or_default();
        let data = data.get(..kept.min(data.len())).unwrap_or_default();
        capture.packet(Captured {
            micros: self.last,
            link: interface.link,
            data,
            length: length.max(data.len()),
        });
    }

    fn simple(&mut self, body: &[u8], capture: &mut Capture<'_, '_>) {
        let (Some(interface), Some(length)) = (self.interfaces.first(), self.order.length(body, 0)) else {
            return capture.doubt(DoubtKind::Unreadable);
        };
        let data = body.get(4..).unwrap_or_default();
        let kept = data.len().min(length).min(interface.snapshot);
        let data = data.get(..kept).unwrap_or_default();
        capture.packet(Captured { micros: self.last, link: interface.link, data, length: length.max(kept) });
    }
}

/// Option `if_tsresol`: a negative power of ten, or of two where the highest bit is set. Finer than any clock is taken for
/// nanoseconds.
fn resolution(byte: u8) -> u64 {
    let power = u32::from(byte & 0x7f);
    let base: u64 = if byte & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(power).unwrap_or(1_000_000_000)
}

fn micros(units: u64, interface: Interface) -> i64 {
    let micros = u128::from(units) * 1_000_000 / u128::from(interface.resolution.max(1));
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    micros.saturating_add(interface.offset.saturating_mul(1_000_000))
}
