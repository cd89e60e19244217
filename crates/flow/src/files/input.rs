//! The bytes of a file, unpacked where they are compressed, with a look at the first of them.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use super::doubt::DoubtKind;
use super::zstd::Frames;

/// How much of the beginning is looked at to tell what a file is.
const HEAD: usize = 64 * 1024;
/// How often a file may be compressed over again.
const DEPTH: usize = 2;
/// Flow logs shrink to a tenth, rarely to a thirtieth. Compressions can say a thousand times what they take and more; what
/// swells more than this, beyond [`ALWAYS`], was made to.
const RATIO: u64 = 300;
/// Up to here no ratio is asked about.
const ALWAYS: u64 = 64 << 20;

/// A file being read.
pub(super) struct Input<'a> {
    reader: Box<dyn BufRead + 'a>,
    head: Vec<u8>,
    compressed: bool,
    doubts: Vec<(DoubtKind, u64)>,
}

impl<'a> Input<'a> {
    /// Looks at the beginning, and through a compression.
    pub(super) fn open(input: impl Read + 'a) -> Input<'a> {
        let mut reader: Box<dyn BufRead + 'a> = Box::new(BufReader::with_capacity(HEAD, input));
        let mut compressed = false;
        let mut doubts = Vec::new();
        for depth in 0..=DEPTH {
            let (head, rest) = peek(reader, &mut doubts);
            reader = rest;
            let packing = if depth == DEPTH { None } else { Packing::of(&head) };
            let Some(packing) = packing else {
                return Input { reader, head, compressed, doubts };
            };
            compressed = true;
            reader = Box::new(BufReader::with_capacity(HEAD, packing.unpack(reader)));
        }
        Input { reader, head: Vec::new(), compressed, doubts }
    }

    /// The first bytes, up to 64 KiB; they are still to be read.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn compressed(&self) -> bool {
        self.compressed
    }

    pub(super) fn doubts(&self) -> &[(DoubtKind, u64)] {
        &self.doubts
    }

    /// What is in the buffer, filled again when it is empty; empty at the end. An error ends the file, with a doubt.
    pub(super) fn fill(&mut self, at: u64) -> &[u8] {
        loop {
            match self.reader.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.doubts.push((trouble(&error), at));
                    self.reader = Box::new(io::empty());
                }
            }
        }
        self.reader.fill_buf().unwrap_or_default()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Fills `into`, or says how much of it there was.
    pub(super) fn read_full(&mut self, into: &mut [u8], at: u64) -> usize {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let there = self.fill(at);
            let count = there.len().min(rest.len());
            if count == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (rest.get_mut(..count), there.get(..count)) {
                to.copy_from_slice(from);
            }
            self.consume(count);
            done += count;
        }
        done
    }
}

fn trouble(error: &io::Error) -> DoubtKind {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => DoubtKind::Truncated,
        io::ErrorKind::FileTooLarge => DoubtKind::TooLarge,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => DoubtKind::Unreadable,
        _ => DoubtKind::Broken,
    }
}

/// Takes the first bytes and puts them back.
fn peek<'a>(
    mut reader: Box<dyn BufRead + 'a>,
    doubts: &mut Vec<(DoubtKind, u64)>,
) -> (Vec<u8>, Box<dyn BufRead + 'a>) {
    let mut head = Vec::new();
    let mut limited = reader.by_ref().take(HEAD as u64);
    if let Err(error) = limited.read_to_end(&mut head) {
        doubts.push((trouble(&error), 1));
        return (head.clone(), Box::new(Cursor::new(head)));
    }
    (head.clone(), Box::new(Cursor::new(head).chain(reader)))
}

/// How a file is compressed as a whole.
#[derive(Debug, Clone, Copy)]
enum Packing {
    Gzip,
    Bzip2,
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Option<Packing> {
        match head {
            [0x1f, 0x8b, ..] => Some(Packing::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Some(Packing::Bzip2),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            _ => None,
        }
    }

    /// What is within, no more of it than is believed.
    fn unpack<'a>(self, packed: Box<dyn BufRead + 'a>) -> Bounded<'a> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { reader: packed, taken: Rc::clone(&taken) };
        let unpacking: Box<dyn Read + 'a> = match self {
            Packing::Gzip => Box::new(MultiGzDecoder::new(counted)),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(counted)),
            Packing::Zstd => Box::new(Frames::new(BufReader::new(counted))),
        };
        Bounded { unpacking, taken, given: 0 }
    }
}

/// Counts what is taken.
struct Counted<R> {
    reader: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.taken.set(self.taken.get().saturating_add(count as u64));
        Ok(count)
    }
}

/// Unpacks no more than is believed of what went in.
struct Bounded<'a> {
    unpacking: Box<dyn Read + 'a>,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.given > ALWAYS.max(self.taken.get().saturating_mul(RATIO)) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.unpacking.read(into)?;
        self.given = self.given.saturating_add(count as u64);
        Ok(count)
    }
}
