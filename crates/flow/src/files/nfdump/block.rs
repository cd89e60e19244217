//! The blocks of an nfdump file, unpacked.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;

use crate::files::doubt::DoubtKind;

use super::lzo;

/// The largest block that is believed, packed or not. nfdump's own buffers hold 5 MiB (`BUFFSIZE`).
pub(super) const LARGEST: usize = 16 << 20;

/// How the blocks of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzo,
    Bz2,
    Lz4,
    Zstd,
}

/// What lies in a packed block.
pub(super) fn unpack(packing: Packing, packed: Vec<u8>) -> Result<Vec<u8>, DoubtKind> {
    match packing {
        Packing::None => Ok(packed),
        Packing::Lzo => lzo::unpack(&packed, LARGEST).map_err(|wrong| match wrong {
            lzo::Wrong::Broken => DoubtKind::Unreadable,
            lzo::Wrong::TooLarge => DoubtKind::TooLarge,
        }),
        Packing::Bz2 => bounded(bzip2::read::BzDecoder::new(packed.as_slice())),
        Packing::Lz4 => lz4(&packed),
        Packing::Zstd => {
            match StreamingDecoder::new_with_max_window_size(packed.as_slice(), LARGEST as u64) {
                Ok(unpacking) => bounded(unpacking),
                Err(_) => Err(DoubtKind::Unreadable),
            }
        }
    }
}

/// An LZ4 block does not say how large it will be; nor may it grow more than 255 times.
fn lz4(packed: &[u8]) -> Result<Vec<u8>, DoubtKind> {
    let mut out = vec![0; packed.len().saturating_mul(256).min(LARGEST)];
    let count = lz4_flex::block::decompress_into(packed, &mut out).map_err(|_| DoubtKind::Unreadable)?;
    out.truncate(count);
    Ok(out)
}

fn bounded(unpacking: impl Read) -> Result<Vec<u8>, DoubtKind> {
    let mut out = Vec::new();
    let read = unpacking.take(LARGEST as u64 + 1).read_to_end(&mut out);
    match read {
        Err(_) => Err(DoubtKind::Unreadable),
        Ok(count) if count > LARGEST => Err(DoubtKind::TooLarge),
        Ok(_) => Ok(out),
    }
}
