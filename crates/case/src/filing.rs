//! Which reports are filed one by one and which are counted: a flood must not grow a case without bound.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::facts::Known;
use crate::moment::after;
use crate::{EvidenceId, Kind, Sighting, Voice};

/// How many reports of one kind from one established reporter are filed one by one.
const OF_ESTABLISHED: u32 = 64;
/// How many of one kind from one domain without a record.
const OF_NEWCOMER: u32 = 16;
/// How many of one kind from all those without a record together, and from all that nothing is shown of.
const OF_CROWD: u32 = 64;
/// When more than that were filed, the next is once the last is this old: what is still being said must not fade.
const ONE_EACH: SignedDuration = SignedDuration::from_hours(1);
/// How many ports of one address a crowd may name to be asked; two questions' worth. The rest is left to those with a
/// record.
pub(crate) const PORTS_OF_CROWD: usize = 64;
/// How many numbers of reports are remembered, so that a second way is recognised.
const ROUTES: usize = 4096;

/// What is to be done with a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filing {
    /// It is filed.
    File,
    /// It is of this case already.
    Known,
    /// It says what enough others have said: it is counted.
    Count,
    /// The same report came before by another way, as this evidence.
    Repeat(EvidenceId),
}

/// How much of one kind somebody has said.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Said {
    times: u32,
    last: Timestamp,
}

impl Said {
    fn is_enough(&self, limit: u32, now: Timestamp) -> bool {
        self.times >= limit && now < after(self.last, ONE_EACH)
    }
}

/// What has been filed, as far as it limits what is filed next.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Filed {
    by_speaker: BTreeMap<(Voice, String, Kind), Said>,
    by_crowd: BTreeMap<(Voice, Kind), Said>,
    /// By the report's own number, the kind and the address: who said it first, and how well that was shown.
    routes: BTreeMap<(String, Kind, IpAddr), (EvidenceId, Voice)>,
}

impl Filed {
    /// What is to be done with a sighting that is not of the case yet.
    pub(crate) fn filing(&self, sighting: &Sighting, known: Option<&Known>) -> Filing {
        if let Some(first) = self.first_of(sighting) {
            return Filing::Repeat(first);
        }
        let voice = sighting.source.voice();
        let now = sighting.received;
        let speaker = (voice, sighting.source.speaker().to_owned(), sighting.kind);
        let of_speaker = self.by_speaker.get(&speaker);
        let of_crowd = self.by_crowd.get(&(voice, sighting.kind));
        let enough = match voice {
            Voice::Established | Voice::Own => {
                of_speaker.is_some_and(|said| said.is_enough(OF_ESTABLISHED, now))
            }
            Voice::Newcomer => {
                of_speaker.is_some_and(|said| said.is_enough(OF_NEWCOMER, now))
                    || of_crowd.is_some_and(|said| said.is_enough(OF_CROWD, now))
            }
            Voice::Unauthenticated => of_crowd.is_some_and(|said| said.is_enough(OF_CROWD, now)),
        };
        if enough && !names_a_new_port(sighting, voice, known) { Filing::Count } else { Filing::File }
    }

    /// The evidence the same report came as before. One that anybody could have written hides none that was shown.
    fn first_of(&self, sighting: &Sighting) -> Option<EvidenceId> {
        let (first, voice) = self.routes.get(&route(sighting)?)?;
        (*first != sighting.evidence && *voice >= sighting.source.voice()).then_some(*first)
    }

    /// Takes in that it was filed.
    pub(crate) fn note(&mut self, sighting: &Sighting) {
        let voice = sighting.source.voice();
        let fresh = Said { times: 0, last: sighting.received };
        let speaker = (voice, sighting.source.speaker().to_owned(), sighting.kind);
        let of_crowd = self.by_crowd.entry((voice, sighting.kind)).or_insert(fresh);
        count(of_crowd, sighting.received);
        // A crowd is limited as a whole: its members need no count once it is full.
        if voice >= Voice::Established || of_crowd.times <= OF_CROWD {
            count(self.by_speaker.entry(speaker).or_insert(fresh), sighting.received);
        }
        let Some(route) = route(sighting).filter(|_| self.routes.len() < ROUTES) else { return };
        let first = self.routes.entry(route).or_insert((sighting.evidence, voice));
        if first.1 < voice {
            *first = (sighting.evidence, voice);
        }
    }
}

fn count(said: &mut Said, received: Timestamp) {
    said.times = said.times.saturating_add(1);
    said.last = said.last.max(received);
}

fn route(sighting: &Sighting) -> Option<(String, Kind, IpAddr)> {
    Some((sighting.report.clone()?, sighting.kind, sighting.address.to_canonical()))
}

/// A port nobody named before is worth a question even in a flood, as long as there are not too many of them.
fn names_a_new_port(sighting: &Sighting, voice: Voice, known: Option<&Known>) -> bool {
    let (Some(port), Some(known)) = (sighting.port.filter(|port| *port != 0), known) else { return false };
    let room = voice >= Voice::Established || known.named.len() < PORTS_OF_CROWD;
    room && !known.named.contains(&port)
}
