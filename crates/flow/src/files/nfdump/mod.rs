//! Files of nfdump's collectors: layout 1 of version 1.6 and layout 2 of 1.7, in either order of bytes.
//!
//! Source: the descriptions in nfdump's own headers `nffile.h`, `nffileV2.h`, `nfx.h` and `nfxV3.h`. A file is a header,
//! then blocks of records, each block packed by itself. Records say how long they are, so what is not known is passed over.

mod block;
mod lzo;
mod old;
mod record;
mod sampler;
mod v3;

use super::Reading;
use super::bytes::Order;
use super::doubt::DoubtKind;
use super::input::Input;
use block::{LARGEST, Packing};
use old::Maps;
use sampler::Samplers;

const MAGIC: u16 = 0xa50c;
/// Layout 1: 12 bytes, the file's name for itself, and the sums of the file.
const HEADER_1: usize = 12 + 128 + 136;
const HEADER_2: usize = 40;
const BLOCK_HEADER: usize = 12;

/// Types of blocks: records with headers of four bytes. Others are tables and statistics.
const RECORDS_1: u16 = 2;
const RECORDS_2: u16 = 3;
/// A block that is not packed though the file is.
const NOT_PACKED: u16 = 1;

/// Types of records.
const FLOW_OLD: u16 = 1;
const EXTENSION_MAP: u16 = 2;
const SAMPLER: u16 = 9;
const FLOW_OLD_WIDE: u16 = 10;
const FLOW_V3: u16 = 11;
const SAMPLER_V3: u16 = 15;

/// Whether a file that begins with `head` is one.
pub(super) fn is_nfdump(head: &[u8]) -> bool {
    order(head).is_some()
}

fn order(head: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| order.u16(head, 0) == Some(MAGIC))
}

/// Reads all flows of a file.
pub(super) fn read(input: &mut Input<'_>, reading: &mut Reading<'_>) {
    let Some(order) = order(input.head()) else { return };
    let header = match order.u16(input.head(), 2) {
        Some(1) => HEADER_1,
        Some(2) => HEADER_2,
        _ => return reading.doubts.note(DoubtKind::Unsupported, 1),
    };
    let mut bytes = vec![0; header];
    if input.read_full(&mut bytes, 1) < header {
        return reading.doubts.note(DoubtKind::Truncated, 1);
    }
    let packing = if header == HEADER_1 { packing_1(order, &bytes) } else { packing_2(&bytes) };
    let Some(packing) = packing else {
        return reading.doubts.note(DoubtKind::Unsupported, 1);
    };
    let mut file = File { order, packing, maps: Maps::default(), samplers: Samplers::default(), block: 0 };
    while file.next_block(input, reading) {}
}

/// Flags of layout 1: LZO 1, bzip2 8, LZ4 16; none of them is not packed.
fn packing_1(order: Order, header: &[u8]) -> Option<Packing> {
    match order.u32(header, 4)? & 0x19 {
        0 => Some(Packing::None),
        1 => Some(Packing::Lzo),
        8 => Some(Packing::Bz2),
        16 => Some(Packing::Lz4),
        _ => None,
    }
}

/// Layout 2 has a byte for it, and one for a cipher that none has used yet.
fn packing_2(header: &[u8]) -> Option<Packing> {
    match (header.get(16)?, header.get(17)?) {
        (0, 0) => Some(Packing::None),
        (1, 0) => Some(Packing::Lzo),
        (2, 0) => Some(Packing::Bz2),
        (3, 0) => Some(Packing::Lz4),
        (4, 0) => Some(Packing::Zstd),
        _ => None,
    }
}

struct File {
    order: Order,
    packing: Packing,
    maps: Maps,
    samplers: Samplers,
    block: u64,
}

impl File {
    /// Reads a block; false at the end of the file.
    fn next_block(&mut self, input: &mut Input<'_>, reading: &mut Reading<'_>) -> bool {
        self.block = self.block.saturating_add(1);
        let mut header = [0; BLOCK_HEADER];
        match input.read_full(&mut header, self.block) {
            0 => return false,
            BLOCK_HEADER => {}
            _ => {
                reading.doubts.note(DoubtKind::Truncated, self.block);
                return false;
            }
        }
        let (Some(count), Some(size)) = (self.order.u32(&header, 0), self.order.length(&header, 4)) else {
            return false;
        };
        let (Some(kind), Some(flags)) = (self.order.u16(&header, 8), self.order.u16(&header, 10)) else {
            return false;
        };
        if size > LARGEST {
            reading.doubts.note(DoubtKind::TooLong, self.block);
            return false;
        }
        let mut packed = vec![0; size];
        if input.read_full(&mut packed, self.block) < size {
            reading.doubts.note(DoubtKind::Truncated, self.block);
            return false;
        }
        if kind == RECORDS_1 || kind == RECORDS_2 {
            let packing = if flags & NOT_PACKED != 0 { Packing::None } else { self.packing };
            match block::unpack(packing, packed) {
                Ok(records) => self.records(&records, count, reading),
                Err(kind) => reading.doubts.note(kind, self.block),
            }
        }
        true
    }

    /// Reads the records of a block, `count` of them or as many as there are.
    fn records(&mut self, block: &[u8], count: u32, reading: &mut Reading<'_>) {
        let mut rest = block;
        for _ in 0..count {
            let (Some(kind), Some(size)) = (self.order.u16(rest, 0), self.order.u16(rest, 2)) else {
                return reading.doubts.note(DoubtKind::Unreadable, self.block);
            };
            let size = usize::from(size);
            let Some((record, after)) = rest.split_at_checked(size).filter(|_| size >= 4) else {
                return reading.doubts.note(DoubtKind::Unreadable, self.block);
            };
            self.record(kind, record, reading);
            rest = after;
        }
    }

    fn record(&mut self, kind: u16, record: &[u8], reading: &mut Reading<'_>) {
        let flow = match kind {
            FLOW_V3 => v3::flow(self.order, record, &self.samplers),
            FLOW_OLD | FLOW_OLD_WIDE => {
                old::flow(self.order, record, kind == FLOW_OLD_WIDE, &self.maps, &self.samplers)
            }
            EXTENSION_MAP => return self.maps.learn(self.order, record),
            SAMPLER => return self.samplers.learn(self.order, record),
            SAMPLER_V3 => return self.samplers.learn_v3(self.order, record),
            _ => return,
        };
        match flow {
            Some(told) => told.give(self.block, reading),
            None => reading.doubts.note(DoubtKind::Unreadable, self.block),
        }
    }
}
