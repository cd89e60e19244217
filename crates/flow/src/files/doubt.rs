//! What a reader of files was unsure of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of trouble with a file, how often, and where first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What it is.
    pub kind: DoubtKind,
    /// How many records or lines it concerns.
    pub count: u64,
    /// The first of them: the line in a log, the packet in a capture, the block in an nfdump file; from 1.
    pub first: u64,
}

/// What there may be to doubt in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoubtKind {
    /// A line or record is not what its file is made of.
    Unreadable,
    /// A record has no time, or no address, and is left out.
    Incomplete,
    /// The end is before the beginning; the beginning was taken for both.
    EndsBefore,
    /// A time that cannot be; when the collector received the record was taken for it.
    TimeReplaced,
    /// A time without a zone; UTC was assumed.
    ZoneAssumed,
    /// Bytes were told of the payload alone; headers were added.
    BytesEstimated,
    /// Packets were told for both ways together, or not at all, and were split by the bytes.
    PacketsEstimated,
    /// Nobody saw how it began; the side with the well-known port was taken for the one that answers.
    DirectionGuessed,
    /// The sensor says that it missed some of the traffic.
    TrafficMissed,
    /// Data of an exporter whose template did not come with it.
    NoTemplate,
    /// An exporter that does not say whether it looks at all packets.
    SamplingUnknown,
    /// Datagrams that do not say when they were sent; their flows stand at the beginning of 1970.
    Undated,
    /// A line or block is longer than any believed, and is left out.
    TooLong,
    /// The file ends in the middle of something.
    Truncated,
    /// What is compressed is larger than is believed of its size; the rest was not read.
    TooLarge,
    /// A part is of a kind that is not read here: a compression, a link layer, a layout.
    Unsupported,
    /// So many connections at once that some were closed early.
    TableFull,
    /// Reading from the disk or the network failed.
    Broken,
}

impl DoubtKind {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DoubtKind::Unreadable => "unreadable",
            DoubtKind::Incomplete => "incomplete",
            DoubtKind::EndsBefore => "ends-before",
            DoubtKind::TimeReplaced => "time-replaced",
            DoubtKind::ZoneAssumed => "zone-assumed",
            DoubtKind::BytesEstimated => "bytes-estimated",
            DoubtKind::PacketsEstimated => "packets-estimated",
            DoubtKind::DirectionGuessed => "direction-guessed",
            DoubtKind::TrafficMissed => "traffic-missed",
            DoubtKind::NoTemplate => "no-template",
            DoubtKind::SamplingUnknown => "sampling-unknown",
            DoubtKind::Undated => "undated",
            DoubtKind::TooLong => "too-long",
            DoubtKind::Truncated => "truncated",
            DoubtKind::TooLarge => "too-large",
            DoubtKind::Unsupported => "unsupported",
            DoubtKind::TableFull => "table-full",
            DoubtKind::Broken => "broken",
        }
    }
}

impl fmt::Display for DoubtKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Doubts as they are counted.
#[derive(Debug, Default)]
pub(super) struct Doubts(Vec<Doubt>);

impl Doubts {
    /// One more of `kind`, at line or record `at`.
    pub(super) fn note(&mut self, kind: DoubtKind, at: u64) {
        self.note_many(kind, 1, at);
    }

    /// So many more of `kind`, the first at `at`.
    pub(super) fn note_many(&mut self, kind: DoubtKind, count: u64, at: u64) {
        match self.0.iter_mut().find(|doubt| doubt.kind == kind) {
            Some(doubt) => {
                doubt.count = doubt.count.saturating_add(count);
                doubt.first = if count > 0 { doubt.first.min(at) } else { doubt.first };
            }
            None if count > 0 => self.0.push(Doubt { kind, count, first: at }),
            None => {}
        }
    }

    pub(super) fn into_list(self) -> Vec<Doubt> {
        self.0
    }
}
