//! What our own flow records show, summed. Of each family of signs the strongest that still counts weighs, once: a sign
//! seen again is the same sign. It is our own observation and no hearsay; what it proves is told by [`crate::proof`].
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;

use crate::{EvidenceId, Sighting, SignFamily, SignKind, Source, weights};

/// How many signs of one kind are kept, the strongest: one for each address and port of the line.
const KEPT: usize = 8;
/// How many signs of a case can be withdrawn.
const WITHDRAWN: usize = 4096;

/// One sign as it is weighed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) sign: SignKind,
    /// How sure, in thousandths.
    pub(crate) score: u16,
    pub(crate) address: IpAddr,
    /// The line's own port, where the sign is of one.
    pub(crate) port: Option<u16>,
    /// When the last flow of it ended, but never later than it came nor long before.
    pub(crate) at: Timestamp,
    pub(crate) name: (EvidenceId, u32),
}

/// All signs of a case. What is kept does not depend on the order they came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Observed {
    by_kind: BTreeMap<SignKind, Vec<Seen>>,
    withdrawn: BTreeSet<(EvidenceId, u32)>,
}

impl Observed {
    /// Takes a sighting in, where it is a sign.
    pub(crate) fn see(&mut self, sighting: &Sighting) {
        let Source::Sign { sign, score, .. } = &sighting.source else { return };
        let seen = Seen {
            sign: *sign,
            score: *score,
            address: sighting.address.to_canonical(),
            port: sighting.port.filter(|port| *port != 0),
            at: sighting.counts_from(),
            name: (sighting.evidence, sighting.claim),
        };
        let strongest = self.by_kind.entry(*sign).or_default();
        strongest.push(seen);
        strongest.sort_by(|a, b| b.strength().total_cmp(&a.strength()).then_with(|| a.name.cmp(&b.name)));
        let mut places = BTreeSet::new();
        strongest.retain(|seen| places.insert((seen.address, seen.port)));
        strongest.truncate(KEPT);
    }

    /// It is no sign after all.
    pub(crate) fn withdraw(&mut self, name: (EvidenceId, u32)) {
        if self.withdrawn.len() < WITHDRAWN {
            self.withdrawn.insert(name);
        }
    }

    pub(crate) fn is_withdrawn(&self, name: (EvidenceId, u32)) -> bool {
        self.withdrawn.contains(&name)
    }

    /// How many were withdrawn.
    pub(crate) fn withdrawn(&self) -> usize {
        self.withdrawn.len()
    }

    /// The signs that are kept and not withdrawn.
    pub(crate) fn signs(&self) -> impl Iterator<Item = &Seen> {
        self.by_kind.values().flatten().filter(|seen| !self.is_withdrawn(seen.name))
    }

    /// What the signs add to the log-odds at `now`, and in words; those for which `answered` says yes no longer count.
    pub(crate) fn weigh(&self, now: Timestamp, answered: impl Fn(&Seen) -> bool) -> Option<(f64, String)> {
        let mut of_family: BTreeMap<SignFamily, f64> = BTreeMap::new();
        let mut words: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (sign, seen) in &self.by_kind {
            let counts = |seen: &&Seen| !self.is_withdrawn(seen.name) && !answered(seen);
            let Some(strongest) = seen.iter().find(counts) else { continue };
            let weight = strongest.weight() * weights::sign_decay(*sign, now.duration_since(strongest.at));
            let family = of_family.entry(sign.family()).or_default();
            *family = family.max(weight);
            words.entry(sign.seen_by()).or_default().push(format!("{sign} {weight:.1}"));
        }
        let sum: f64 = of_family.values().sum();
        let shows = words.iter().map(|(by, signs)| format!("{by} show {}", signs.join(" + ")));
        (!words.is_empty()).then(|| (sum, shows.collect::<Vec<_>>().join(" and ")))
    }

    /// Whether any of them that still counts shows relaying.
    pub(crate) fn shows_relaying(&self, answered: impl Fn(&Seen) -> bool) -> bool {
        self.signs().any(|seen| seen.sign.family() == SignFamily::Relaying && !answered(seen))
    }
}

impl Seen {
    /// What it weighs when fresh.
    pub(crate) fn weight(&self) -> f64 {
        weights::of_sign(self.sign, self.score)
    }

    /// Which of two of one kind is stronger never changes with time, since one kind fades at one rate.
    fn strength(&self) -> f64 {
        let since = self.at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
        self.weight().max(f64::MIN_POSITIVE).log2() + since / weights::sign_half_life(self.sign).as_secs_f64()
    }
}
