//! Text that was made from other text, with the way back from each of its bytes.

use std::ops::Range;

/// A stretch of the text. Where `written == read`, byte stands for byte; else the whole stretch stands for the whole.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Where it begins in the text.
    start: usize,
    /// How long it is.
    written: usize,
    /// Where it was read from.
    from: usize,
    /// How many bytes it was read from.
    read: usize,
}

/// Text with the place each byte was read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapped {
    text: String,
    runs: Vec<Run>,
}

impl Mapped {
    pub(crate) fn with_capacity(bytes: usize) -> Mapped {
        Mapped { text: String::with_capacity(bytes), runs: Vec::new() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Text that stands in the source as it is, from `from` on.
    pub(crate) fn copy(&mut self, text: &str, from: usize) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        let goes_on = |run: &Run| run.written == run.read && run.from + run.read == from;
        match self.runs.last_mut().filter(|run| goes_on(run)) {
            Some(run) => {
                run.written += text.len();
                run.read += text.len();
            }
            None => self.runs.push(Run { start, written: text.len(), from, read: text.len() }),
        }
    }

    /// One character that `read` bytes from `from` on were written as.
    pub(crate) fn put(&mut self, c: char, from: usize, read: usize) {
        if c.len_utf8() == read {
            let mut buffer = [0; 4];
            self.copy(c.encode_utf8(&mut buffer), from);
            return;
        }
        self.runs.push(Run { start: self.text.len(), written: c.len_utf8(), from, read });
        self.text.push(c);
    }

    /// The range of the source that `range` of the text was read from.
    pub(crate) fn source(&self, range: Range<usize>) -> Range<usize> {
        let Some(first) = self.run_at(range.start) else { return 0..0 };
        let last = self.run_at(range.end.saturating_sub(1).max(range.start)).unwrap_or(first);
        let start =
            if first.written == first.read { first.from + (range.start - first.start) } else { first.from };
        let end = if last.written == last.read {
            last.from + range.end.saturating_sub(last.start).min(last.read)
        } else {
            last.from + last.read
        };
        start..end.max(start)
    }

    fn run_at(&self, at: usize) -> Option<Run> {
        let behind = self.runs.partition_point(|run| run.start <= at);
        self.runs.get(behind.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_knows_where_it_was_read() {
        let mut mapped = Mapped::default();
        mapped.copy("open", 10);
        mapped.put(' ', 14, 3);
        mapped.copy("proxy", 17);
        assert_eq!(mapped.as_str(), "open proxy");
        assert_eq!(mapped.source(0..10), 10..22);
        assert_eq!(mapped.source(5..10), 17..22);
        assert_eq!(mapped.source(4..5), 14..17);
    }
}
