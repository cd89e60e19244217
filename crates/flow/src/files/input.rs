//! The bytes of a file, unpacked where they are compressed, with a look at the first of them.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::doubt::DoubtKind;

/// How much of the beginning is looked at to tell what a file is.
const HEAD: usize = 64 * 1024;
/// How often a file may be compressed over again.
const DEPTH: usize = 2;
/// Flow logs shrink to a tenth, rarely to a thirtieth. DEFLATE can say a thousand times what it takes; what swells more
/// than this, beyond [`ALWAYS`], was made to.
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
            if depth == DEPTH || !head.starts_with(&[0x1f, 0x8b]) {
                return Input { reader, head, compressed, doubts };
            }
            compressed = true;
            let unpacked = Bounded::new(MultiGzDecoder::new(Counted::new(reader)));
            reader = Box::new(BufReader::with_capacity(HEAD, unpacked));
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

/// Counts what is taken.
struct Counted<R> {
    reader: R,
    taken: u64,
}

impl<R> Counted<R> {
    fn new(reader: R) -> Counted<R> {
        Counted { reader, taken: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.taken = self.taken.saturating_add(count as u64);
        Ok(count)
    }
}

/// Unpacks no more than is believed of what went in.
struct Bounded<R> {
    unpacking: MultiGzDecoder<Counted<R>>,
    given: u64,
}

impl<R: Read> Bounded<R> {
    fn new(unpacking: MultiGzDecoder<Counted<R>>) -> Bounded<R> {
        Bounded { unpacking, given: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let taken = self.unpacking.get_ref().taken;
        if self.given > ALWAYS.max(taken.saturating_mul(RATIO)) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.unpacking.read(into)?;
        self.given = self.given.saturating_add(count as u64);
        Ok(count)
    }
}
