//! The claims of a table: many, each once, and not more than memory allows.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::claims::Draft;
use crate::plain_time::Patience;
use crate::reading::Claim;

/// More claims than this from one table are counted and not kept. At about 200 bytes each that is 50 MB.
const MOST: usize = 250_000;

/// Gathers claims. What was said is remembered as a digest of 64 bits: two different claims of 250,000 share one with a
/// probability of two in a billion, and then one of them is left out.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    said: HashSet<u64>,
    /// Claims for which there was no room.
    left_out: usize,
    /// What may still be spent on times in unusual forms.
    pub(crate) patience: Patience,
}

impl Kept {
    pub(crate) fn with_room_for(rows: usize) -> Kept {
        Kept { said: HashSet::with_capacity(rows.min(MOST)), ..Kept::default() }
    }

    /// Keeps `claim` unless the same has been said before.
    pub(crate) fn claim(&mut self, claim: Claim, draft: &mut Draft) {
        if draft.claims.len() >= MOST {
            self.left_out += 1;
        } else if self.said.insert(digest(&claim)) {
            draft.claims.push(claim);
        }
    }

    /// Says how much was left out.
    pub(crate) fn close(self, draft: &mut Draft) {
        if self.left_out > 0 {
            draft.doubt(&format!(
                "{} rows were not kept: one report is read up to {MOST} claims",
                self.left_out
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
