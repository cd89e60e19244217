//! The message after DATA: where it ends, and its bytes without the transparency dots.

/// Where in a line the reader stands. A line begins at the start and after CR LF, and nowhere else; that is the whole
/// defence against SMTP smuggling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first byte of a line.
    Start,
    /// After a dot at the start of a line; the dot is held back.
    Dot,
    /// After a dot and a CR at the start of a line; the CR is held back too.
    DotCr,
    /// Within a line.
    Within,
    /// After a CR within a line.
    Cr,
}

/// Why the bytes of a message are no longer kept, though its end is still waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Over the size limit.
    TooLarge,
    /// The server ran out of memory for messages.
    NoMemory,
}

/// A message being received.
#[derive(Debug)]
pub(super) struct Body {
    place: Place,
    kept: Vec<u8>,
    limit: usize,
    lost: Option<Lost>,
    line: usize,
    longest: usize,
}

impl Body {
    pub(super) fn new(limit: usize) -> Body {
        Body { place: Place::Start, kept: Vec::new(), limit, lost: None, line: 0, longest: 0 }
    }

    /// Bytes held in memory.
    pub(super) fn held(&self) -> usize {
        self.kept.len()
    }

    /// Forgets the bytes; the message will be refused at its end.
    pub(super) fn lose(&mut self, why: Lost) {
        self.lost.get_or_insert(why);
        self.kept = Vec::new();
    }

    /// Takes bytes up to and including the end of the message. Says how many were taken, and whether the end was among them.
    pub(super) fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let mut taken = 0;
        while let Some((&byte, rest)) = input.get(taken..).and_then(<[u8]>::split_first) {
            if self.place == Place::Within {
                let run = memchr::memchr(b'\r', rest).unwrap_or(rest.len());
                if byte != b'\r' {
                    self.keep(input.get(taken..=taken + run).unwrap_or_default());
                    taken += run + 1;
                    continue;
                }
            }
            taken += 1;
            if self.turn(byte) {
                return (taken, true);
            }
        }
        (taken, false)
    }

    /// One byte at a place where it matters; true at the end of the message.
    fn turn(&mut self, byte: u8) -> bool {
        self.place = match (self.place, byte) {
            (Place::DotCr, b'\n') => return true,
            (Place::Start, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::DotCr, _) => {
                self.keep(b"\r");
                return self.after_cr(byte);
            }
            (Place::Cr, _) => return self.after_cr(byte),
            (Place::Start | Place::Dot | Place::Within, _) => {
                self.keep(&[byte]);
                if byte == b'\r' { Place::Cr } else { Place::Within }
            }
        };
        false
    }

    /// A byte after a CR that is already kept. Never the end of the message.
    fn after_cr(&mut self, byte: u8) -> bool {
        self.keep(&[byte]);
        self.place = match byte {
            b'\n' => {
                self.line = 0;
                Place::Start
            }
            b'\r' => Place::Cr,
            _ => Place::Within,
        };
        false
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.line += bytes.len();
        // At most the CR is counted too much; the figure is for a count of long lines, not for a limit.
        self.longest = self.longest.max(self.line);
        if self.lost.is_some() {
            return;
        }
        if self.kept.len() + bytes.len() > self.limit {
            self.lose(Lost::TooLarge);
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// The message, or why it was not kept; and its longest line in bytes, line end included.
    pub(super) fn finish(self) -> (Result<Vec<u8>, Lost>, usize) {
        (self.lost.map_or(Ok(self.kept), Err), self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message read from these bytes, and what follows its end; `None` when there is no end.
    fn read(input: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut body = Body::new(1000);
        let (taken, ended) = body.take(input);
        ended.then(|| (body.finish().0.unwrap(), input[taken..].to_vec()))
    }

    #[test]
    fn only_a_dot_alone_between_crlf_ends_a_message() {
        assert_eq!(read(b"a\r\n.\r\nrest"), Some((b"a\r\n".to_vec(), b"rest".to_vec())));
        assert_eq!(read(b".\r\n"), Some((vec![], vec![])));
        for no_end in SMUGGLED {
            assert_eq!(read(&[b"a", *no_end, b"MAIL FROM:<x@example.net>\r\n"].concat()), None, "{no_end:?}");
        }
    }

    /// Endings that some servers have taken for the end of a message.
    const SMUGGLED: &[&[u8]] = &[
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r\n",
        b"\r.\r",
        b"\n.\r",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r\n.\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\n. \r\n",
        b"\r\n..\r\n",
    ];

    #[test]
    fn one_dot_is_removed_at_the_start_of_a_line_and_nowhere_else() {
        assert_eq!(read(b"..a.\r\n...\r\n.\rb\n.c\r\n.\r\n").unwrap().0, b".a.\r\n..\r\n\rb\n.c\r\n");
    }

    #[test]
    fn the_limit_counts_delivered_bytes_and_frees_the_memory() {
        let mut exact = Body::new(6);
        assert_eq!(exact.take(b"..abc\r\n.\r\n"), (10, true));
        assert_eq!(exact.finish().0, Ok(b".abc\r\n".to_vec()));
        let mut over = Body::new(5);
        assert_eq!(over.take(b"..abc\r\n.\r\n"), (10, true));
        assert_eq!(over.held(), 0);
        assert_eq!(over.finish().0, Err(Lost::TooLarge));
    }
}
