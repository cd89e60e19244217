//! A virus, then a proxy: the second is likelier for the first (P6).
//!
//! A sign of a proxy or relay that comes while the line is watched for malware, and from somebody else than whoever
//! reported the malware, weighs more than either alone. Both must have a record: two strangers are easily one. It remains
//! hearsay.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::moment::{after, shown};
use crate::{Family, Kind, Playbook, Sighting, Voice, family, weights};

/// How many sightings of each sort are kept, the newest: older ones have faded.
const KEPT: usize = 64;

/// One sighting, as far as it matters here. Ordered by time first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sign {
    at: Timestamp,
    /// How long what it foretells is expected, where its family says so; for malware.
    watch: Option<SignedDuration>,
    domain: String,
    kind: Kind,
    address: IpAddr,
}

/// Malware and the signs of proxies of one line. What is kept does not depend on the order they came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Follows {
    malware: BTreeSet<Sign>,
    signs: BTreeSet<Sign>,
}

impl Follows {
    /// Takes a sighting in; `domain` says so.
    pub(crate) fn hear(&mut self, sighting: &Sighting, domain: &str) {
        if sighting.source.voice() != Voice::Established {
            return;
        }
        let set = match sighting.kind {
            Kind::Malware => &mut self.malware,
            Kind::OpenProxy | Kind::OpenRelay | Kind::SpamSource | Kind::PhoneHome | Kind::TrojanScan => {
                &mut self.signs
            }
            Kind::Scan | Kind::Other => return,
        };
        let family = sighting.malware.as_deref().and_then(family);
        set.insert(Sign {
            at: sighting.received,
            watch: family.map(Family::watch_for),
            domain: domain.to_owned(),
            kind: sighting.kind,
            address: sighting.address,
        });
        if set.len() > KEPT {
            set.pop_first();
        }
    }

    /// What the newest sign that followed malware adds to the log-odds at `now`, and why; signs for which `answered` says
    /// yes no longer count.
    pub(crate) fn weigh(
        &self,
        playbook: &Playbook,
        now: Timestamp,
        answered: impl Fn(IpAddr, Timestamp) -> bool,
    ) -> Option<(f64, String)> {
        let cause = |sign: &Sign| self.cause(sign, playbook);
        let followed = |sign: &&Sign| !answered(sign.address, sign.at) && cause(sign).is_some();
        let strength = |sign: &Sign| weights::decay(sign.kind, now.duration_since(sign.at));
        let sign = self.signs.iter().filter(followed).max_by(|a, b| strength(a).total_cmp(&strength(b)))?;
        let weight = weights::FOLLOWS_MALWARE * strength(sign);
        let since = shown(cause(sign)?.at);
        Some((weight, format!("{} within the watch for malware seen {since} {weight:.1}", sign.kind)))
    }

    /// The malware that foretold a sign: reported before it by somebody else, and still watched for then.
    fn cause(&self, sign: &Sign, playbook: &Playbook) -> Option<&Sign> {
        let until = |one: &Sign| after(one.at, one.watch.unwrap_or(playbook.watch_for));
        let foretold = |one: &&Sign| one.at <= sign.at && sign.at < until(one) && one.domain != sign.domain;
        self.malware.iter().rev().find(foretold)
    }
}
