//! The claims of a table: many, each once, and not more than memory allows.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::claims::Draft;
use crate::plain_time::Patience;
use crate::reading::Claim;

/// More claims than this from one table are counted and not kept. At 136 bytes each that is 34 MB.
const MOST: usize = 250_000;
/// What the texts of a table's claims (links, names) may take beside them, in bytes; what is said again counts once.
const TEXTS: usize = 16 << 20;
/// Texts that are remembered so that they are kept once.
const SHARED: usize = 4096;
/// What a text takes beside its characters: two counters, and what the allocator rounds up to.
const AROUND: usize = 32;

/// Gathers claims. What was said is remembered as a digest of 64 bits: two different claims of 250,000 share one with a
/// probability of two in a billion, and then one of them is left out.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    said: HashSet<u64>,
    /// Claims for which there was no room.
    left_out: usize,
    /// Texts that claims share.
    texts: HashSet<Arc<str>>,
    /// What all texts take, in bytes.
    taken: usize,
    /// Links for which there was no room.
    unlinked: usize,
    /// What may still be spent on times in unusual forms.
    pub(crate) patience: Patience,
}

impl Kept {
    pub(crate) fn with_room_for(rows: usize) -> Kept {
        Kept { said: HashSet::with_capacity(rows.min(MOST)), ..Kept::default() }
    }

    /// Makes room for the claims of so many rows in so many bytes at once: growing step by step would hold two of them.
    pub(crate) fn make_room(&self, rows: usize, bytes: usize, draft: &mut Draft) {
        draft.claims.reserve_exact(rows.min(bytes / 16).min(MOST));
    }

    /// Keeps `claim` unless the same has been said before.
    pub(crate) fn claim(&mut self, mut claim: Claim, draft: &mut Draft) {
        if draft.claims.len() >= MOST {
            self.left_out += 1;
        } else if self.said.insert(digest(&claim)) {
            let linked = claim.url.is_some();
            for text in [&mut claim.url, &mut claim.malware, &mut claim.rsit] {
                *text = text.take().and_then(|text| self.shared(text));
            }
            self.unlinked += usize::from(linked && claim.url.is_none());
            draft.claims.push(claim);
        }
    }

    /// The text as it is kept already, or kept now; None when there is no room.
    fn shared(&mut self, text: Arc<str>) -> Option<Arc<str>> {
        if let Some(known) = self.texts.get(&text) {
            return Some(known.clone());
        }
        self.taken = self.taken.saturating_add(text.len() + AROUND);
        if self.taken > TEXTS {
            return None;
        }
        if self.texts.len() < SHARED {
            self.texts.insert(text.clone());
        }
        Some(text)
    }

    /// Says how much was left out.
    pub(crate) fn close(self, draft: &mut Draft) {
        if self.left_out > 0 {
            draft.doubt(&format!(
                "{} rows were not kept: one report is read up to {MOST} claims",
                self.left_out
            ));
        }
        if self.unlinked > 0 {
            draft.doubt(&format!(
                "the links of {} rows were not kept: they are too long together",
                self.unlinked
            ));
        }
    }
}

fn digest(claim: &Claim) -> u64 {
    let mut hasher = DefaultHasher::new();
    (claim.address, claim.port, claim.time, claim.role, claim.kind).hash(&mut hasher);
    claim.url.hash(&mut hasher);
    hasher.finish()
}
