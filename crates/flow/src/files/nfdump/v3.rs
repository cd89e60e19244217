//! Flow records of nfdump 1.7: a header, then elements, each with its type and length.

use crate::files::bytes::Order;

use super::record::{Told, v4, v6};
use super::sampler::Samplers;

const HEADER: usize = 12;
/// Bits of the header's flags.
const EVENT: u8 = 1;
const SAMPLED: u8 = 2;

/// Reads a record, with its header.
pub(super) fn flow(order: Order, record: &[u8], samplers: &Samplers) -> Option<Told> {
    let exporter = order.u16(record, 8)?;
    let flags = *record.get(10)?;
    let mut told = Told {
        event: flags & EVENT != 0,
        sampling: samplers.rate(exporter, flags & SAMPLED != 0),
        ..Told::default()
    };
    let mut generic = false;
    let mut rest = record.get(HEADER..)?;
    while let (Some(kind), Some(length)) = (order.u16(rest, 0), order.u16(rest, 2)) {
        let length = usize::from(length);
        let Some((element, after)) = rest.split_at_checked(length).filter(|_| length >= 4) else { break };
        let data = element.get(4..)?;
        generic |= kind == 1;
        element_of(order, kind, data, &mut told)?;
        rest = after;
    }
    generic.then_some(told)
}

/// Takes what an element tells; none where it is shorter than its kind.
fn element_of(order: Order, kind: u16, data: &[u8], told: &mut Told) -> Option<()> {
    match kind {
        1 => {
            told.first = order.u64(data, 0)?;
            told.last = order.u64(data, 8)?;
            told.received = order.u64(data, 16)?;
            told.packets_in = order.u64(data, 24)?;
            told.bytes_in = order.u64(data, 32)?;
            told.source_port = order.u16(data, 40)?;
            told.destination_port = order.u16(data, 42)?;
            told.protocol = *data.get(44)?;
            told.flags = *data.get(45)?;
        }
        2 => {
            told.source = v4(order, data, 0);
            told.destination = v4(order, data, 4);
        }
        3 => {
            told.source = v6(order, data, 0);
            told.destination = v6(order, data, 16);
        }
        5 => {
            told.packets_out = order.u64(data, 8)?;
            told.bytes_out = order.u64(data, 16)?;
        }
        // Events of firewalls (19) and of translators (25) have the time of the event beside.
        19 | 25 if told.first == 0 => {
            told.first = order.u64(data, 0)?;
            told.last = told.first;
        }
        20 => told.translated = v4(order, data, 0),
        21 => told.translated = v6(order, data, 0),
        22 => told.translated_port = order.u16(data, 0)?,
        _ => {}
    }
    Some(())
}
