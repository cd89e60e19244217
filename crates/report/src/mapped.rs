//! Text that was made from other text, with the way back from each of its bytes.

use std::ops::Range;

use crate::runs::Runs;

/// Text with the place each byte was read from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapped {
    text: String,
    runs: Runs,
}

impl Mapped {
    pub(crate) fn with_capacity(bytes: usize) -> Mapped {
        Mapped { text: String::with_capacity(bytes), runs: Runs::default() }
    }

    /// Text whose way back is known already.
    pub(crate) fn made(text: String, runs: Runs) -> Mapped {
        Mapped { text, runs }
    }

    /// The text alone.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Text that stands in the source as it is, from `from` on.
    pub(crate) fn copy(&mut self, text: &str, from: usize) {
        if !text.is_empty() {
            self.runs.copied(self.text.len(), from);
            self.text.push_str(text);
        }
    }

    /// One character that `read` bytes from `from` on were written as.
    pub(crate) fn put(&mut self, c: char, from: usize, read: usize) {
        if c.len_utf8() == read {
            self.runs.copied(self.text.len(), from);
        } else {
            self.runs.units(self.text.len(), from, c.len_utf8(), read);
        }
        self.text.push(c);
    }

    /// The range of the source that `range` of the text was read from.
    pub(crate) fn source(&self, range: Range<usize>) -> Range<usize> {
        self.runs.source(range, self.text.len())
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
