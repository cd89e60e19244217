//! One round at a peer that holds what it is told and knows no end by itself: a zone file, a BGP speaker.
//!
//! Every rule goes planned, sent, acknowledged, verified. Only what is verified counts as in force: a name server may
//! keep an older zone and a router may drop a route that its neighbour has acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use case::{InForce, Plan, Receipt, Refused, Rule, RuleKey};
use jiff::{SignedDuration, Timestamp};

use crate::diff::{self, Change, Edge};
use crate::error::EdgeError;
use crate::guard::{Config, Guard, Judged};

/// What every refusal for want of a sign from the network ends with; [`is_unverified`] looks for it.
const NOT_VERIFIED: &str = "the network does not show it yet: not verified";

/// Whether a rule was sent and acknowledged and the network does not show it: what holds it may be slow, or lie.
#[must_use]
pub fn is_unverified(refused: &Refused) -> bool {
    refused.reason.ends_with(NOT_VERIFIED)
}

/// A peer, as a round needs it.
pub(crate) trait Peer {
    /// Whether it can hold such a rule; otherwise the reason, in words.
    fn takes(&self, key: &RuleKey) -> Result<(), String>;

    /// Hears what is planned before it is looked at. Where the edge knows lines and no ports, this tells which rules a
    /// line stands for.
    fn expect(&mut self, _plan: &Plan) {}

    /// Everything that carries our mark. An end it does not know is `None`.
    async fn look(&mut self) -> Result<Edge, EdgeError>;

    /// Whether what it holds must be written although nothing is different (it is not as we wrote it).
    fn is_stale(&self) -> bool {
        false
    }

    /// What stands there by another hand, in words. It is reported and left alone.
    fn strangers(&self) -> Vec<String> {
        Vec::new()
    }

    /// Why the peer itself refused a rule, in words.
    fn refusal(&self, _key: &RuleKey) -> Option<String> {
        None
    }

    /// Sends a change; `wanted` is all that stands when it is done. Returns once the peer has acknowledged all of it.
    async fn apply(&mut self, wanted: &[Kept], change: &Change, now: Timestamp) -> Result<(), EdgeError>;

    /// Which of `wanted` the network itself shows now.
    async fn verify(&mut self, wanted: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError>;
}

/// A rule with the time it was first put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) rule: Rule,
    pub(crate) since: Timestamp,
}

/// What one outlet remembers between rounds.
#[derive(Debug)]
pub(crate) struct Round {
    name: String,
    guard: Guard,
    live: bool,
    /// The ends of what we have put there.
    ends: BTreeMap<RuleKey, Timestamp>,
    said: Vec<String>,
}

impl Round {
    pub(crate) fn new(name: &str, config: Config, live: bool) -> Round {
        let name = name.to_owned();
        Round { name, guard: Guard::new(config), live, ends: BTreeMap::new(), said: Vec::new() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// All of ours that the network shows; ends that nobody knows any more count as now.
    pub(crate) async fn read<P: Peer>(
        &self,
        peer: &mut P,
        now: Timestamp,
    ) -> Result<Vec<InForce>, EdgeError> {
        let edge = peer.look().await?;
        let kept: Vec<Kept> = edge
            .iter()
            .map(|(key, standing)| {
                let until = standing.until.or_else(|| self.ends.get(key).copied()).unwrap_or(now);
                Kept {
                    rule: Rule { key: *key, case: case::CaseId(0), until },
                    since: standing.since.unwrap_or(now),
                }
            })
            .collect();
        let verified = peer.verify(&kept).await?;
        Ok(in_force(&kept, &verified))
    }

    /// Looks, applies the difference when live, and asks the network.
    pub(crate) async fn reconcile<P: Peer>(
        &mut self,
        peer: &mut P,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<Receipt, EdgeError> {
        let (plan, unfit) = fitting(peer, plan);
        peer.expect(&plan);
        let mut edge = peer.look().await?;
        for rule in plan.rules() {
            if let Some(standing) = edge.get_mut(&rule.key) {
                standing.until = standing.until.or(Some(rule.until));
            }
        }
        let mut judged = self.guard.judge(&plan, &diff::since(&edge), now);
        judged.refused.extend(unfit);
        let change = Change::between(&judged.admitted, &edge, SignedDuration::from_secs(1));
        self.said = change.lines(if self.live { "" } else { "would " });
        let kept = self.kept(&judged, &edge, now);
        if !self.live {
            return Ok(self.receipt(judged, Change::default(), Vec::new(), Vec::new(), now));
        }
        let by_hand = self.by_hand(&change, peer.strangers());
        if !change.is_empty() || peer.is_stale() {
            peer.apply(&kept, &change, now).await?;
        }
        let new: Vec<RuleKey> = change.add.iter().map(|rule| rule.key).collect();
        self.ends = kept.iter().map(|kept| (kept.rule.key, kept.rule.until)).collect();
        let standing = kept.iter().map(|kept| (kept.rule.key, Some(kept.since))).collect();
        self.guard.note(&standing, &new, now);
        let verified = peer.verify(&kept).await?;
        judged.refused.extend(self.unverified(peer, &kept, &verified));
        Ok(self.receipt(judged, change, in_force(&kept, &verified), by_hand, now))
    }

    /// What another hand, or a peer that forgot, has done since the last round.
    fn by_hand(&self, change: &Change, strangers: Vec<String>) -> Vec<String> {
        let lost = change.add.iter().filter(|rule| self.ends.contains_key(&rule.key));
        let lost = lost.map(|rule| format!("{} was gone and is put back", rule.key));
        lost.chain(strangers).collect()
    }

    /// What was acknowledged and does not show, and what the peer refused.
    fn unverified<'a, P: Peer>(
        &'a self,
        peer: &'a P,
        kept: &'a [Kept],
        verified: &'a BTreeSet<RuleKey>,
    ) -> impl Iterator<Item = Refused> + 'a {
        let hidden = kept.iter().filter(|kept| !verified.contains(&kept.rule.key));
        hidden.map(|kept| Refused {
            key: kept.rule.key,
            reason: peer
                .refusal(&kept.rule.key)
                .unwrap_or_else(|| format!("{} has acknowledged it and {NOT_VERIFIED}", self.name)),
        })
    }

    fn receipt(
        &self,
        judged: Judged,
        change: Change,
        in_force: Vec<InForce>,
        by_hand: Vec<String>,
        at: Timestamp,
    ) -> Receipt {
        let mut refused = judged.refused;
        refused.sort_by_key(|refused| refused.key);
        Receipt {
            outlet: self.name.clone(),
            at,
            added: change.touched(),
            removed: change.remove,
            in_force,
            refused,
            by_hand,
        }
    }

    fn kept(&self, judged: &Judged, edge: &Edge, now: Timestamp) -> Vec<Kept> {
        let since = |key: &RuleKey| {
            edge.get(key).and_then(|standing| standing.since).or_else(|| self.guard.since(key)).unwrap_or(now)
        };
        judged.admitted.iter().map(|rule| Kept { rule: *rule, since: since(&rule.key) }).collect()
    }
}

/// Refuses what leads a line into the walled garden, for a peer that can only drop.
pub(crate) fn no_garden(key: &RuleKey, what: &str) -> Result<(), String> {
    match key.measure {
        case::Measure::Garden => Err(format!("{what} can drop and cannot lead into the walled garden")),
        _ => Ok(()),
    }
}

/// The plan less what this peer cannot hold.
fn fitting<P: Peer>(peer: &P, plan: &Plan) -> (Plan, Vec<Refused>) {
    let mut unfit = Vec::new();
    let mut fit = Vec::new();
    for rule in plan.rules() {
        match peer.takes(&rule.key) {
            Ok(()) => fit.push(*rule),
            Err(reason) => unfit.push(Refused { key: rule.key, reason }),
        }
    }
    (Plan::new(fit), unfit)
}

fn in_force(kept: &[Kept], verified: &BTreeSet<RuleKey>) -> Vec<InForce> {
    let shown = kept.iter().filter(|kept| verified.contains(&kept.rule.key));
    shown.map(|kept| InForce { key: kept.rule.key, until: kept.rule.until }).collect()
}
