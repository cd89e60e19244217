//! LZO1X, the older compression of nfdump's blocks.
//!
//! Source of the format: the Linux kernel's `Documentation/staging/lzo.rst`. The one crate that reads it in safe Rust is
//! under the GPL.

/// Why a block could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It ends in the middle, or refers to what is not there.
    Broken,
    /// It would be larger than it may.
    TooLarge,
}

/// A distance at which nothing lies: it marks the end.
const END: usize = 16384;

/// Unpacks `packed`, to `most` bytes at most.
pub(super) fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, Wrong> {
    let mut unpacking = Unpacking { packed, at: 0, out: Vec::new(), most };
    let mut state = unpacking.opening()?;
    loop {
        match unpacking.instruction(state)? {
            Some(next) => state = next,
            None => return Ok(unpacking.out),
        }
    }
}

/// How many literals the last instruction ended with; 4 stands for four and more.
type State = usize;

struct Unpacking<'p> {
    packed: &'p [u8],
    at: usize,
    out: Vec<u8>,
    most: usize,
}

impl Unpacking<'_> {
    /// The first byte may be a number of literals.
    fn opening(&mut self) -> Result<State, Wrong> {
        match self.packed.first() {
            Some(first @ 18..) => {
                self.at = 1;
                let count = usize::from(*first) - 17;
                self.literals(count)?;
                Ok(count.min(4))
            }
            _ => Ok(0),
        }
    }

    /// One instruction; the state after it, or none at the end.
    fn instruction(&mut self, state: State) -> Result<Option<State>, Wrong> {
        let byte = self.byte()?;
        let (distance, length, literals) = match byte {
            0..=15 if state == 0 => {
                let count = self.length(byte, 15)? + 3;
                self.literals(count)?;
                return Ok(Some(4));
            }
            0..=15 => {
                let base = if state == 4 { 2049 } else { 1 };
                let high = self.byte()?;
                ((high << 2) + (byte >> 2) + base, if state == 4 { 3 } else { 2 }, byte & 3)
            }
            16..=31 => {
                let length = self.length(byte & 7, 7)? + 2;
                let low = self.pair()?;
                let distance = END + ((byte & 8) << 11) + (low >> 2);
                if distance == END {
                    return Ok(None);
                }
                (distance, length, low & 3)
            }
            32..=63 => {
                let length = self.length(byte & 31, 31)? + 2;
                let low = self.pair()?;
                ((low >> 2) + 1, length, low & 3)
            }
            _ => {
                let high = self.byte()?;
                let length = if byte < 128 { 3 + ((byte >> 5) & 1) } else { 5 + ((byte >> 5) & 3) };
                ((high << 3) + ((byte >> 2) & 7) + 1, length, byte & 3)
            }
        };
        self.repeat(distance, length)?;
        self.literals(literals)?;
        Ok(Some(literals))
    }

    fn byte(&mut self) -> Result<usize, Wrong> {
        let byte = self.packed.get(self.at).ok_or(Wrong::Broken)?;
        self.at += 1;
        Ok(usize::from(*byte))
    }

    fn pair(&mut self) -> Result<usize, Wrong> {
        Ok(self.byte()? | (self.byte()? << 8))
    }

    /// A length, which goes on in the next bytes where its bits are all 0; then `short` is added.
    fn length(&mut self, bits: usize, short: usize) -> Result<usize, Wrong> {
        if bits > 0 {
            return Ok(bits);
        }
        let mut length = short;
        loop {
            match self.byte()? {
                0 => length += 255,
                last => return Ok(length + last),
            }
            if length > self.most {
                return Err(Wrong::TooLarge);
            }
        }
    }

    fn literals(&mut self, count: usize) -> Result<(), Wrong> {
        self.room(count)?;
        let literals = self.packed.get(self.at..self.at + count).ok_or(Wrong::Broken)?;
        self.out.extend_from_slice(literals);
        self.at += count;
        Ok(())
    }

    /// Copies from what is already there; the copy may run into itself.
    fn repeat(&mut self, distance: usize, length: usize) -> Result<(), Wrong> {
        self.room(length)?;
        let from = self.out.len().checked_sub(distance).ok_or(Wrong::Broken)?;
        for at in from..from + length {
            let byte = *self.out.get(at).ok_or(Wrong::Broken)?;
            self.out.push(byte);
        }
        Ok(())
    }

    fn room(&self, more: usize) -> Result<(), Wrong> {
        if self.out.len() + more > self.most { Err(Wrong::TooLarge) } else { Ok(()) }
    }
}
