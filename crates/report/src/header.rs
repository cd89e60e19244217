//! The header fields of a message, as every reader asks for them: all names and values lie in one string, since a mail has
//! dozens of them and most are never looked at.

use std::borrow::Cow;
use std::ops::Range;

/// Most mails have no more header fields than this.
const OF_MOST: usize = 32;

/// Header fields in their order: names in lower case, values unfolded.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: String,
    /// Where each name ends, and the value behind it.
    ends: Vec<(usize, usize)>,
}

impl Fields {
    /// With room for those of a header block of so many bytes.
    pub(crate) fn with_room_for(block: usize) -> Fields {
        Fields { text: String::with_capacity(block), ends: Vec::with_capacity(OF_MOST) }
    }

    /// Takes one more field as it stands, and gives its name and value as they are kept.
    pub(crate) fn push(&mut self, name: &str, value: &str) -> (&str, &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let end = self.text.len();
        self.text.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        unfold(value, &mut self.text);
        self.ends.push((end, self.text.len()));
        (self.word(start..end), self.word(end..self.text.len()))
    }

    /// The value of the first field of a name, which is told in lower case.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        let mut start = 0;
        for &(end, behind) in &self.ends {
            if end - start == name.len() && self.word(start..end) == name {
                return Some(self.word(end..behind));
            }
            start = behind;
        }
        None
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Names and values, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        let places = starts.zip(&self.ends);
        places.map(|(start, &(name, value))| (self.word(start..name), self.word(name..value)))
    }

    fn word(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }
}

/// Bytes of a header block by their places: as words at once where all of it is UTF-8, else one by one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block<'b> {
    bytes: &'b [u8],
    words: Option<&'b str>,
}

impl<'b> Block<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Block<'b> {
        Block { bytes, words: std::str::from_utf8(bytes).ok() }
    }

    pub(crate) fn words(&self, range: &Range<usize>) -> Cow<'b, str> {
        match self.words.and_then(|words| words.get(range.clone())) {
            Some(words) => Cow::Borrowed(words),
            None => String::from_utf8_lossy(self.bytes.get(range.clone()).unwrap_or_default()),
        }
    }
}

/// Puts a value behind `unfolded`, without the ends of its lines (RFC 5322 section 2.2.3) and without blanks around them.
fn unfold(words: &str, unfolded: &mut String) {
    let (begun, mut start) = (unfolded.len(), 0);
    let ends = memchr::memchr2_iter(b'\r', b'\n', words.as_bytes()).chain(std::iter::once(words.len()));
    for end in ends {
        let line = words.get(start..end).unwrap_or_default().trim();
        if !line.is_empty() && unfolded.len() > begun {
            unfolded.push(' ');
        }
        unfolded.push_str(line);
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lowered_and_values_unfolded() {
        let mut fields = Fields::with_room_for(8);
        assert_eq!(fields.push("Subject", " open \r\n\tproxy\r\n"), ("subject", "open proxy"));
        fields.push("X-Empty", "\r\n");
        fields.push("To", &Block::new(b"To: \xe9").words(&(3..5)));
        let all: Vec<_> = fields.iter().collect();
        assert_eq!(all, [("subject", "open proxy"), ("x-empty", ""), ("to", "\u{FFFD}")]);
        assert_eq!((fields.first("to"), fields.first("cc")), (Some("\u{FFFD}"), None));
    }
}
