//! A template made into a reader of its records.
//!
//! A record of a template is always laid out the same, so what there is to know of it is worked out once: for each thing
//! that a flow holds, where its last byte lies and how wide it is. To read a number is then to take the eight bytes that
//! end there and to mask off what is not its own: no question about elements, widths or absence is asked of a record.
//! There are always eight bytes before a record, since every message has a head. Templates with fields of variable
//! length, or with packets in them, have their records' known fields gathered into such a layout first.

use super::element::{Clock, Element, End, Meaning, Slot, meaning};
use super::losses::Version;

/// What stands for "of variable length" where a length stands (RFC 7011 section 7).
pub(super) const VARIABLE: u16 = u16::MAX;
/// How many bytes stand before a record in a window on it.
pub(super) const BEFORE: usize = 8;

/// One field of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) element: Element,
    /// In bytes, or [`VARIABLE`].
    pub(super) length: u16,
}

/// A number in a record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Column {
    /// Where it ends, from the record's first byte.
    end: u32,
    /// What of the eight bytes that end there is its own; 0 for what is not told.
    mask: u64,
}

impl Column {
    fn new(end: usize, width: usize) -> Column {
        let mask = match width {
            0 => 0,
            1..8 => (1 << (8 * width)) - 1,
            _ => u64::MAX,
        };
        Column { end: u32::try_from(end).unwrap_or(0), mask }
    }

    /// The number; `window` is the record with [`BEFORE`] bytes before it.
    #[inline]
    pub(super) fn read(self, window: &[u8]) -> u64 {
        let eight = window.get(self.end as usize..).and_then(<[u8]>::first_chunk::<8>);
        eight.map_or(0, |eight| u64::from_be_bytes(*eight)) & self.mask
    }

    /// The sixteen bytes that end here.
    #[inline]
    pub(super) fn sixteen(self, window: &[u8]) -> Option<[u8; 16]> {
        let from = (self.end as usize).checked_sub(BEFORE)?;
        window.get(from..)?.first_chunk::<16>().copied()
    }
}

/// Which addresses records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Not both ends.
    None,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// Both, and each record uses one of them.
    Either,
}

/// What the bytes of a packet in a record begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// An Ethernet header.
    Link,
    /// An IP header.
    Ip,
}

/// How to bring the known fields of a record into a fixed layout.
#[derive(Debug, Clone)]
pub(super) struct Gather {
    /// For each field its length and, where its value is wanted, where in the layout it ends and how wide it is there.
    pub(super) moves: Box<[(u16, Option<Place>)]>,
    /// How long the layout is.
    pub(super) layout: usize,
}

/// Where a field's value goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// To the right end of so many bytes that end there.
    Number {
        /// Where the place ends.
        end: usize,
        /// How wide it is.
        width: usize,
    },
    /// It is the beginning of a packet.
    Packet,
}

/// How to read records of one template.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// A record's length in bytes; with fields of variable length the least it can be.
    pub(super) length: usize,
    pub(super) gather: Option<Gather>,
    pub(super) packet: Option<Begins>,
    pub(super) family: Family,
    columns: [Column; Slot::COUNT],
    /// Which columns there are, as [`Slot::bit`]s.
    pub(super) told: u64,
    /// What to ask when the first choice says 0.
    others: Box<[(Slot, Column)]>,
    pub(super) source6: Column,
    pub(super) destination6: Column,
    pub(super) post_source6: Option<Column>,
    pub(super) first: Moments,
    pub(super) last: Moments,
}

/// The ways a template tells one end of a flow, most trusted first.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub(super) best: Option<(Clock, Column)>,
    pub(super) others: Box<[(Clock, Column)]>,
}

impl Moments {
    fn new(mut told: Vec<(u8, Clock, Column)>) -> Moments {
        told.sort_by_key(|(rank, ..)| *rank);
        let mut told = told.into_iter().map(|(_, clock, column)| (clock, column));
        Moments { best: told.next(), others: told.collect() }
    }
}

impl Plan {
    /// Works out how to read records of these fields.
    pub(super) fn new(fields: &[Field], version: Version) -> Plan {
        let mut layout = Layout::new(fields);
        let mut found = Found::default();
        for field in fields {
            let told = meaning(field.element).filter(|_| field.length > 0);
            if let Some(column) = layout.place(*field, told) {
                found.note(told, column, version);
            }
        }
        found.plan(layout)
    }

    /// What is told of that; 0 where nothing is.
    #[inline]
    pub(super) fn number(&self, slot: Slot, window: &[u8]) -> u64 {
        let number = self.columns[slot as usize].read(window);
        if number == 0 && !self.others.is_empty() { self.other(slot, window) } else { number }
    }

    #[cold]
    fn other(&self, slot: Slot, window: &[u8]) -> u64 {
        let others = self.others.iter().filter(|(other, _)| *other == slot);
        others.map(|(_, column)| column.read(window)).find(|number| *number != 0).unwrap_or(0)
    }

    /// Whether records tell any of these, given as [`Slot::bit`]s.
    #[inline]
    pub(super) fn tells(&self, slots: u64) -> bool {
        self.told & slots != 0
    }
}

/// Where the fields of a record lie: in the record itself, or in what is gathered of it.
struct Layout {
    length: usize,
    gathers: bool,
    moves: Vec<(u16, Option<Place>)>,
    gathered: usize,
    packet: Option<Begins>,
}

impl Layout {
    fn new(fields: &[Field]) -> Layout {
        let gathers = fields.iter().any(|field| {
            let told = meaning(field.element);
            field.length == VARIABLE || matches!(told, Some(Meaning::Frame | Meaning::Packet))
        });
        Layout { length: 0, gathers, moves: Vec::new(), gathered: 0, packet: None }
    }

    /// The next field: where its number will be found, if it tells one.
    fn place(&mut self, field: Field, told: Option<Meaning>) -> Option<Column> {
        let width = if field.length == VARIABLE { 1 } else { usize::from(field.length) };
        self.length += width;
        if !self.gathers {
            return Some(Column::new(self.length, width));
        }
        let place = match told {
            None => None,
            Some(told @ (Meaning::Frame | Meaning::Packet)) => {
                self.packet = Some(if told == Meaning::Frame { Begins::Link } else { Begins::Ip });
                Some(Place::Packet)
            }
            Some(Meaning::Source6 | Meaning::Destination6 | Meaning::PostSource6) => Some(self.widen(16)),
            Some(Meaning::Number(..) | Meaning::Moment(..)) => Some(self.widen(8)),
        };
        self.moves.push((field.length, place));
        match place {
            Some(Place::Number { end, width }) => Some(Column::new(end, width)),
            _ => None,
        }
    }

    fn widen(&mut self, width: usize) -> Place {
        self.gathered += width;
        Place::Number { end: self.gathered, width }
    }
}

/// The columns of a template, before the best of each kind are chosen.
#[derive(Default)]
struct Found {
    numbers: Vec<(u8, Slot, Column)>,
    firsts: Vec<(u8, Clock, Column)>,
    lasts: Vec<(u8, Clock, Column)>,
    source6: Option<Column>,
    destination6: Option<Column>,
    post_source6: Option<Column>,
}

impl Found {
    fn note(&mut self, told: Option<Meaning>, column: Column, version: Version) {
        match told {
            Some(Meaning::Number(slot, rank)) => self.numbers.push((rank, slot, column)),
            Some(Meaning::Moment(end, clock, rank)) => {
                // IPFIX has no uptime in its head: what counts from it comes after plain seconds.
                let worse = clock == Clock::Uptime && version == Version::Ipfix;
                let told = (if worse { 5 } else { rank }, clock, column);
                match end {
                    End::First => self.firsts.push(told),
                    End::Last => self.lasts.push(told),
                }
            }
            Some(Meaning::Source6) => self.source6 = self.source6.or(Some(column)),
            Some(Meaning::Destination6) => self.destination6 = self.destination6.or(Some(column)),
            Some(Meaning::PostSource6) => self.post_source6 = self.post_source6.or(Some(column)),
            Some(Meaning::Frame | Meaning::Packet) | None => {}
        }
    }

    fn plan(mut self, layout: Layout) -> Plan {
        self.numbers.sort_by_key(|(rank, ..)| *rank);
        let (mut columns, mut told, mut others) = ([Column::default(); Slot::COUNT], 0, Vec::new());
        for (_, slot, column) in self.numbers {
            if told & slot.bit() == 0 {
                columns[slot as usize] = column;
                told |= slot.bit();
            } else {
                others.push((slot, column));
            }
        }
        let both4 = Slot::Source4.bit() | Slot::Destination4.bit();
        let family = match (told & both4 == both4, self.source6.is_some() && self.destination6.is_some()) {
            (true, true) => Family::Either,
            (true, false) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::None,
        };
        Plan {
            length: layout.length,
            gather: layout
                .gathers
                .then(|| Gather { moves: layout.moves.into(), layout: BEFORE + layout.gathered }),
            packet: layout.packet,
            family,
            columns,
            told,
            others: others.into(),
            source6: self.source6.unwrap_or_default(),
            destination6: self.destination6.unwrap_or_default(),
            post_source6: self.post_source6,
            first: Moments::new(self.firsts),
            last: Moments::new(self.lasts),
        }
    }
}
