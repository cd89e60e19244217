//! What our own answers, our own flow records and operators' hands amount to: proved, cleared, or neither.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::facts::{Answered, Facts};
use crate::flow_proof::Shown;
use crate::moment;
use crate::{Playbook, Verdict};

/// What is proved of one address.
#[derive(Debug, Clone, Default, PartialEq)]
struct AddressProof {
    /// The newest proof since the last clearing, in words.
    proved: Option<(Timestamp, String)>,
    /// The ports proved since the last clearing.
    ports: BTreeSet<u16>,
    /// When the negative answers since the last proof were given.
    negatives: Vec<Timestamp>,
    /// When it was last cleared after a proof.
    cleared: Option<Timestamp>,
    /// Words about moments up to here have been answered by a full run of negatives.
    answered_through: Option<Timestamp>,
    /// The same of what no closed port answers, such as a tunnel outward: only the clearing of a proof does.
    cleared_through: Option<Timestamp>,
}

/// What is proved of the line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proof {
    by_address: BTreeMap<IpAddr, AddressProof>,
}

enum Mark<'a> {
    Answer(&'a Answered),
    Hand(IpAddr),
    /// Our flow records show it.
    Flows(Shown<'a>),
    /// A proxy was seen at work there.
    AtWork(IpAddr),
}

impl Proof {
    /// Reads the answers and confirmations of `facts` in order of time.
    pub(crate) fn of(facts: &Facts, playbook: &Playbook) -> Proof {
        let answers = facts.answers.iter().filter(|answer| answer.counts);
        let mut marks: Vec<(Timestamp, Mark<'_>)> =
            answers.map(|answer| (answer.started, Mark::Answer(answer))).collect();
        let unknown = IpAddr::from([0, 0, 0, 0]);
        let hands = facts.by_hand.iter().map(|(at, address)| (*at, Mark::Hand(address.unwrap_or(unknown))));
        marks.extend(hands);
        marks.extend(facts.flow_proof.shown().map(|shown| (shown.at(), Mark::Flows(shown))));
        marks.extend(facts.flow_proof.at_work().map(|(at, address)| (at, Mark::AtWork(address))));
        marks.sort_by_key(|(at, _)| *at);
        let mut by_address: BTreeMap<IpAddr, AddressProof> = BTreeMap::new();
        for (at, mark) in marks {
            match mark {
                Mark::Hand(address) => {
                    by_address.entry(address).or_default().prove(
                        at,
                        None,
                        format!("confirmed by hand ({})", moment::shown(at)),
                    );
                }
                Mark::Flows(shown) => by_address.entry(shown.address()).or_default().show(shown),
                Mark::AtWork(address) => {
                    // A proved line is not clean while it is seen at work, whatever a probe finds closed.
                    if let Some(proof) = by_address.get_mut(&address).filter(|proof| proof.proved.is_some()) {
                        proof.negatives.clear();
                    }
                }
                Mark::Answer(answer) => {
                    let named = facts.known.get(&answer.address).map_or(&[][..], |known| &known.named);
                    by_address.entry(answer.address).or_default().take(answer, named, playbook);
                }
            }
        }
        Proof { by_address }
    }

    /// What proves the line, in words; the newest where there are several addresses.
    pub(crate) fn in_words(&self) -> Option<String> {
        let proofs = self.by_address.values().filter_map(|proof| proof.proved.as_ref());
        proofs.max_by_key(|(at, _)| *at).map(|(_, words)| words.clone())
    }

    /// The addresses that are proved.
    pub(crate) fn proved(&self) -> impl Iterator<Item = IpAddr> {
        self.by_address.iter().filter(|(_, proof)| proof.proved.is_some()).map(|(address, _)| *address)
    }

    /// The ports proved at `address`.
    pub(crate) fn ports(&self, address: IpAddr) -> Vec<u16> {
        self.by_address.get(&address).map_or_else(Vec::new, |proof| proof.ports.iter().copied().collect())
    }

    /// When the last proof was cleared, where nothing is proved any more.
    pub(crate) fn cleared(&self) -> Option<Timestamp> {
        if self.in_words().is_some() {
            return None;
        }
        self.by_address.values().filter_map(|proof| proof.cleared).max()
    }

    /// Whether the whole line was found clean by a full run of negatives that began after `at`.
    pub(crate) fn clean_since(&self, at: Timestamp) -> bool {
        let through = self.by_address.values().filter_map(|proof| proof.answered_through).max();
        self.cleared().is_some() && through.is_some_and(|through| at <= through)
    }

    /// Whether our own negative answers have dealt with what was seen of `address` at `at`: of a port of ours as with what
    /// is said; of anything else only where they cleared the line.
    pub(crate) fn has_dealt_with(&self, address: IpAddr, at: Timestamp, of_our_port: bool) -> bool {
        let proof = self.by_address.get(&address.to_canonical());
        let through = |proof: &AddressProof| {
            if of_our_port { proof.answered_through } else { proof.cleared_through }
        };
        proof.and_then(through).is_some_and(|through| at <= through)
    }

    /// Whether our own negative answers have dealt with what was said of `address` at `at`.
    pub(crate) fn answered(&self, address: IpAddr, at: Timestamp) -> bool {
        let proof = self.by_address.get(&address.to_canonical());
        proof.and_then(|proof| proof.answered_through).is_some_and(|through| at <= through)
    }
}

impl AddressProof {
    /// Takes a proof by flows in, unless the line was cleared since either of its signs was seen. That of a probe stays
    /// the reason where there is one.
    fn show(&mut self, shown: Shown<'_>) {
        if self.cleared_through.is_some_and(|through| shown.since() <= through) {
            return;
        }
        self.ports.extend(shown.port());
        self.negatives.clear();
        self.proved.get_or_insert_with(|| (shown.at(), shown.in_words()));
    }

    fn prove(&mut self, at: Timestamp, port: Option<u16>, words: String) {
        self.proved = Some((at, words));
        self.ports.extend(port);
        self.negatives.clear();
    }

    fn take(&mut self, answer: &Answered, named: &[u16], playbook: &Playbook) {
        match answer.verdict {
            Verdict::OpenProxy | Verdict::OpenRelay => {
                self.prove(answer.started, answer.port, proof_in_words(answer));
            }
            Verdict::Closed => self.deny(answer, named, playbook),
            // No verdict either way: neither proof nor a break in a run of negatives.
            Verdict::Unreachable | Verdict::RefusedByPolicy => {}
        }
    }

    /// A negative counts where it asked every port that was proved, or, before any proof, every port that was named.
    fn deny(&mut self, answer: &Answered, named: &[u16], playbook: &Playbook) {
        let asked = |port: &u16| answer.ports.contains(port);
        let covers = match self.proved {
            Some(_) => self.ports.iter().all(asked),
            None => named.iter().all(asked),
        };
        if !covers {
            return;
        }
        self.negatives.push(answer.started);
        let Some(through) = run_start(&self.negatives, playbook.clean_after_negatives, playbook.clean_over)
        else {
            return;
        };
        // Without a named or proved port a closed usual port says little of a proxy on an odd one (P4): what was said
        // is then left to fade by itself.
        if self.proved.is_some() || self.cleared.is_some() || !named.is_empty() {
            self.answered_through = Some(through);
        }
        if self.proved.take().is_some() {
            self.cleared = Some(answer.started);
            self.cleared_through = Some(through);
            self.ports.clear();
        }
    }
}

/// The latest negative that begins a run of at least `count` lasting at least `over`, up to the last one.
fn run_start(negatives: &[Timestamp], count: u32, over: SignedDuration) -> Option<Timestamp> {
    let last = *negatives.last()?;
    let count = usize::try_from(count.max(1)).unwrap_or(usize::MAX);
    let enough = negatives.len().checked_sub(count)?;
    negatives.get(..=enough)?.iter().rev().copied().find(|first| last.duration_since(*first) >= over)
}

fn proof_in_words(answer: &Answered) -> String {
    let port = answer.port.map_or_else(String::new, |port| format!(" port {port}"));
    let how = answer.protocol.as_deref().map_or_else(String::new, |how| format!(" by {how}"));
    format!(
        "our probe proved an {} at {}{port}{how} ({})",
        answer.verdict,
        answer.address,
        moment::shown(answer.started)
    )
}
