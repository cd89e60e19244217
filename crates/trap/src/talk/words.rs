//! Bytes to lines.

/// A line longer than this is cut.
const LONGEST: usize = 512;

/// The line that is being sent.
#[derive(Debug, Default)]
pub(super) struct Words {
    line: Vec<u8>,
}

impl Words {
    /// Takes one byte; a whole line, without its end, where this byte ends one. Both `\r\n` and either alone end a line, since
    /// trojans and telnet clients send any of them; the empty line between `\r` and `\n` is none.
    pub(super) fn take(&mut self, byte: u8) -> Option<Vec<u8>> {
        match byte {
            b'\r' => Some(std::mem::take(&mut self.line)),
            b'\n' => Some(std::mem::take(&mut self.line)).filter(|line| !line.is_empty()),
            _ => {
                if self.line.len() < LONGEST {
                    self.line.push(byte);
                }
                None
            }
        }
    }
}
