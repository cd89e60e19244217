//! Cuts bytes into declarations: up to the brace that closes them, or to a semicolon outside braces.

/// The longest declaration that is read, in bytes: options and the `on` statements of a lease come to some thousand.
const BLOCK_AT_MOST: usize = 64 * 1024;

/// Where in the text the next byte stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Comment,
    Quoted,
    Escaped,
}

/// The declaration being read.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    block: Vec<u8>,
    overlong: bool,
    place: Place,
    depth: u32,
    line: u64,
    began: u64,
}

/// The line a declaration began on, from 1, and its bytes, or what is wrong with it.
type Block = (u64, Result<Vec<u8>, String>);

impl Blocks {
    /// Takes the next bytes, cut anywhere; gives the declarations that ended in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Block> {
        bytes.iter().filter_map(|byte| self.byte(*byte)).collect()
    }

    /// The bytes have ended, or go on in another file; the line on which an unfinished declaration began.
    pub(super) fn broke_off(&mut self) -> Option<u64> {
        let open = !self.block.is_empty() || self.overlong;
        let began = self.began.saturating_add(1);
        *self = Blocks::default();
        open.then_some(began)
    }

    fn byte(&mut self, byte: u8) -> Option<Block> {
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        let (place, keep) = match (self.place, byte) {
            (Place::Comment, b'\n') => (Place::Text, true),
            (Place::Comment, _) => (Place::Comment, false),
            (Place::Text, b'#') => (Place::Comment, false),
            (Place::Text, b'"') | (Place::Escaped, _) => (Place::Quoted, true),
            (Place::Quoted, b'"') => (Place::Text, true),
            (Place::Quoted, b'\\') => (Place::Escaped, true),
            (place, _) => (place, true),
        };
        let in_text = self.place == Place::Text && place == Place::Text;
        self.place = place;
        if self.block.is_empty() && !self.overlong && byte.is_ascii_whitespace() {
            self.began = self.line;
            return None;
        }
        if !keep {
            return None;
        }
        if self.block.len() >= BLOCK_AT_MOST {
            self.overlong = true;
            self.block.clear();
        } else if !self.overlong {
            self.block.push(byte);
        }
        let ends = match byte {
            b'{' if in_text => {
                self.depth = self.depth.saturating_add(1);
                false
            }
            b'}' if in_text => {
                self.depth = self.depth.saturating_sub(1);
                self.depth == 0
            }
            b';' if in_text => self.depth == 0,
            _ => false,
        };
        if ends { self.ended() } else { None }
    }

    fn ended(&mut self) -> Option<Block> {
        let block = std::mem::take(&mut self.block);
        let began = self.began.saturating_add(1);
        self.began = self.line;
        if std::mem::take(&mut self.overlong) {
            return Some((began, Err(format!("the declaration is longer than {BLOCK_AT_MOST} bytes"))));
        }
        Some((began, Ok(block)))
    }
}
