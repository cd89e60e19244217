//! The way back from each byte of a text to what it was made from, kept in stretches and not byte by byte: most of a text
//! stands in its source as it is, so a mail of a hundred kilobytes has some hundred of them.

use std::ops::Range;

/// A stretch of the text, up to where the next one begins. It is written in units: `written` bytes of it stand for `read`
/// bytes of the source, and so on behind them. Copied text has units of one byte, a group of base64 has three for four.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Where it begins in the text.
    start: u32,
    /// Where it was read from.
    from: u32,
    written: u32,
    read: u32,
}

impl Run {
    fn is_copied(&self) -> bool {
        self.written == 1 && self.read == 1
    }

    /// Where in the source the unit of the byte at `at` begins.
    fn unit(&self, at: u32) -> u32 {
        self.from + at.saturating_sub(self.start) / self.written * self.read
    }
}

/// Stretches in the order of the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs(Vec<Run>);

impl Runs {
    /// From `start` of the text on, bytes stand for the bytes of the source from `from` on.
    pub(crate) fn copied(&mut self, start: usize, from: usize) {
        self.units(start, from, 1, 1);
    }

    /// From `start` of the text on, each `written` bytes stand for `read` bytes of the source from `from` on.
    pub(crate) fn units(&mut self, start: usize, from: usize, written: usize, read: usize) {
        let run =
            Run { start: place(start), from: place(from), written: place(written.max(1)), read: place(read) };
        let goes_on = |last: &Run| {
            last.written == run.written
                && last.read == run.read
                && (run.start - last.start).is_multiple_of(last.written)
                && last.unit(run.start) == run.from
        };
        if !self.0.last().is_some_and(goes_on) {
            self.0.push(run);
        }
    }

    /// The bytes of the source that `range` of a text of `length` bytes was read from.
    pub(crate) fn source(&self, range: Range<usize>, length: usize) -> Range<usize> {
        let length = length.max(range.start + 1);
        let (start, end) = (place(range.start), place(range.end.min(length)));
        let Some(first) = self.at(start) else { return 0..0 };
        let last = end.saturating_sub(1).max(start);
        let last = self.at(last).map_or(first.from, |run| {
            // Of nothing in copied text there is a place, but no byte.
            if run.is_copied() { run.from + end.saturating_sub(run.start) } else { run.unit(last) + run.read }
        });
        let start = first.unit(start);
        start as usize..last.max(start) as usize
    }

    fn at(&self, at: u32) -> Option<&Run> {
        let behind = self.0.partition_point(|run| run.start <= at);
        self.0.get(behind.saturating_sub(1))
    }
}

/// Messages are at most 50 MB ([`crate::limits::BYTES`]), so that four bytes hold a place.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_go_on_are_one() {
        let mut runs = Runs::default();
        runs.copied(0, 10);
        runs.copied(4, 14);
        runs.units(6, 16, 3, 4);
        runs.units(9, 20, 3, 4);
        runs.units(12, 26, 3, 4);
        assert_eq!(runs.0.len(), 3);
        assert_eq!(runs.source(2..6, 15), 12..16);
        assert_eq!(runs.source(2..2, 15), 12..12);
        assert_eq!(runs.source(7..10, 15), 16..24);
        assert_eq!(runs.source(11..13, 15), 20..30);
    }
}
