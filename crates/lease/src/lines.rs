//! Bytes that come in pieces, cut anywhere, to lines with a bound on their length.

/// The longest line that is read, in bytes, for every source of lines but the static CSV and `detail`, which say theirs.
const LINE_AT_MOST: usize = 16 * 1024;

/// Cuts bytes into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
    /// The line being read is too long: its bytes are passed over up to its end.
    overlong: bool,
    number: u64,
}

/// A line with its number from 1, or what is wrong with it.
pub(crate) type Numbered = (u64, Result<String, String>);

impl Lines {
    /// Takes the next bytes; gives the lines that ended in them, blank ones left out.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Numbered> {
        let mut lines = Vec::new();
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if self.partial.len().saturating_add(piece.len()) > LINE_AT_MOST {
                self.overlong = true;
                self.partial.clear();
            } else {
                self.partial.extend_from_slice(piece);
            }
            if pieces.peek().is_some() {
                lines.extend(self.ended());
            }
        }
        lines
    }

    /// The bytes have ended, perhaps within a line, or go on in another file.
    pub(crate) fn broke_off(&mut self) -> Option<Numbered> {
        let last = if self.partial.is_empty() && !self.overlong { None } else { self.ended() };
        self.number = 0;
        last
    }

    fn ended(&mut self) -> Option<Numbered> {
        self.number = self.number.saturating_add(1);
        let bytes = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.overlong) {
            return Some((self.number, Err(format!("it is longer than {LINE_AT_MOST} bytes"))));
        }
        let line = bytes.trim_ascii_end();
        if line.is_empty() {
            return None;
        }
        let text = std::str::from_utf8(line)
            .map(str::to_owned)
            .map_err(|wrong| format!("byte {} of it is not UTF-8", wrong.valid_up_to().saturating_add(1)));
        Some((self.number, text))
    }
}
