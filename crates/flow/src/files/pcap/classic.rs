//! The classic form: one header, then packets, each with its time and its two lengths.
//!
//! Source: draft-ietf-opsawg-pcap. Both orders of bytes; micro- and nanoseconds; Kuznetsov's variant (`0xa1b2cd34`) with
//! eight bytes more for each packet.

use crate::files::Reading;
use crate::files::bytes::Order;
use crate::files::doubt::DoubtKind;
use crate::files::input::Input;

use super::{Capture, Captured, LONGEST};

const HEADER: usize = 24;
const RECORD: usize = 16;

/// How the packets of a file are written.
#[derive(Debug, Clone, Copy)]
struct Layout {
    order: Order,
    nanos: bool,
    record: usize,
}

/// Whether a file that begins with `head` is one.
pub(in crate::files) fn is_classic(head: &[u8]) -> bool {
    layout(head).is_some()
}

fn layout(head: &[u8]) -> Option<Layout> {
    [Order::Little, Order::Big].into_iter().find_map(|order| {
        let (nanos, record) = match order.u32(head, 0)? {
            0xa1b2_c3d4 => (false, RECORD),
            0xa1b2_3c4d => (true, RECORD),
            0xa1b2_cd34 => (false, RECORD + 8),
            _ => return None,
        };
        Some(Layout { order, nanos, record })
    })
}

/// Reads all packets of a capture.
pub(in crate::files) fn read(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let mut header = [0; HEADER];
    let mut capture = Capture::new(reading);
    if input.read_full(&mut header, 1) < HEADER {
        return capture.doubt(DoubtKind::Truncated);
    }
    let (Some(layout), Some(link)) =
        (layout(&header), layout(&header).and_then(|of| of.order.u32(&header, 20)))
    else {
        return capture.doubt(DoubtKind::Unreadable);
    };
    // The upper bits say how long a frame check sequence is.
    packets(input, layout, link & 0xffff, &mut capture);
    capture.close();
}

fn packets(input: &mut Input<'_>, layout: Layout, link: u32, capture: &mut Capture<'_, '_>) {
    let mut record = vec![0; layout.record];
    let mut data = Vec::new();
    loop {
        let at = capture.number.saturating_add(1);
        match input.read_full(&mut record, at) {
            0 => return,
            there if there < record.len() => return capture.doubt(DoubtKind::Truncated),
            _ => {}
        }
        let Some((micros, kept, length)) = fields(&record, layout) else { return };
        if kept > LONGEST {
            // Nothing marks where the next packet begins, so there is no going on.
            return capture.doubt(DoubtKind::TooLong);
        }
        data.resize(kept, 0);
        let there = input.read_full(&mut data, at);
        capture.packet(Captured {
            micros,
            link,
            data: data.get(..there).unwrap_or_default(),
            length: length.max(kept),
        });
        if there < kept {
            return capture.doubt(DoubtKind::Truncated);
        }
    }
}

/// Time in microseconds, how much was kept, how long it was.
fn fields(record: &[u8], layout: Layout) -> Option<(i64, usize, usize)> {
    let seconds = i64::from(layout.order.u32(record, 0)?);
    let fraction = i64::from(layout.order.u32(record, 4)?);
    let micros = if layout.nanos { fraction / 1000 } else { fraction };
    let kept = layout.order.length(record, 8)?;
    Some((seconds * 1_000_000 + micros, kept, layout.order.length(record, 12)?))
}
