//! Files packed by zstd as a whole: one frame after the other (RFC 8878, section 3), as `zstd` writes them when it appends
//! or works in several threads.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The largest window that is believed: what `zstd --long` takes without asking its reader for more is 128 MiB; logs are
/// packed with 8 MiB at most.
const WINDOW: u64 = 64 << 20;

/// What the frames of `R` hold.
pub(super) struct Frames<R: BufRead> {
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
    packed: Option<R>,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(packed: R) -> Frames<R> {
        Frames { frame: None, packed: Some(packed) }
    }

    /// Begins the next frame; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        let Some(mut packed) = self.packed.take() else { return Ok(false) };
        if packed.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let frame = StreamingDecoder::new_with_max_window_size(packed, WINDOW);
        self.frame = Some(frame.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?);
        Ok(true)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(into)?;
                if count > 0 || into.is_empty() {
                    return Ok(count);
                }
                self.packed = self.frame.take().map(StreamingDecoder::into_inner);
            }
            if !self.begin()? {
                return Ok(0);
            }
        }
    }
}
