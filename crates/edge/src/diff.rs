//! The difference between what should stand and what does.

use std::collections::BTreeMap;

use case::{InForce, Rule, RuleKey};
use jiff::{SignedDuration, Timestamp};

/// One of our rules as the edge has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When the edge itself drops it; `None` when it never would (a hand-made element).
    pub(crate) until: Option<Timestamp>,
    /// When it was first put in force, where the edge remembers.
    pub(crate) since: Option<Timestamp>,
}

/// All of ours at the edge.
pub(crate) type Edge = BTreeMap<RuleKey, Standing>;

/// What must be done for the edge to equal the admitted rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Rules that do not stand.
    pub(crate) add: Vec<Rule>,
    /// Rules that stand with another end.
    pub(crate) move_end: Vec<Rule>,
    /// What stands and should not.
    pub(crate) remove: Vec<RuleKey>,
}

impl Change {
    /// What turns `edge` into `admitted`. Ends that differ by no more than `slack` are equal: the edge tells time more
    /// coarsely than we do.
    pub(crate) fn between(admitted: &[Rule], edge: &Edge, slack: SignedDuration) -> Change {
        let mut change = Change::default();
        for rule in admitted {
            match edge.get(&rule.key) {
                None => change.add.push(*rule),
                Some(standing) if !same_end(standing.until, rule.until, slack) => change.move_end.push(*rule),
                Some(_) => {}
            }
        }
        let wanted: BTreeMap<RuleKey, ()> = admitted.iter().map(|rule| (rule.key, ())).collect();
        change.remove = edge.keys().filter(|key| !wanted.contains_key(key)).copied().collect();
        change
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.move_end.is_empty() && self.remove.is_empty()
    }

    /// The keys that were added or had their end moved, sorted.
    pub(crate) fn touched(&self) -> Vec<RuleKey> {
        let mut keys: Vec<RuleKey> = self.add.iter().chain(&self.move_end).map(|rule| rule.key).collect();
        keys.sort();
        keys
    }

    /// The change in words, one line each, every verb with `would` before it when nothing is really done.
    pub(crate) fn lines(&self, would: &str) -> Vec<String> {
        let with_end = |verb: &str, rule: &Rule| {
            format!("{would}{verb} {} until {} for {}", rule.key, rule.until, rule.case)
        };
        let removed = self.remove.iter().map(|key| format!("{would}remove {key}"));
        let added = self.add.iter().map(|rule| with_end("add", rule));
        let moved = self.move_end.iter().map(|rule| with_end("move the end of", rule));
        removed.chain(added).chain(moved).collect()
    }
}

fn same_end(standing: Option<Timestamp>, wanted: Timestamp, slack: SignedDuration) -> bool {
    standing.is_some_and(|until| until.duration_since(wanted).abs() <= slack)
}

/// What of the edge counts as in force. A rule the edge would never drop by itself is none of ours.
pub(crate) fn in_force(edge: &Edge) -> Vec<InForce> {
    edge.iter().filter_map(|(key, standing)| Some(InForce { key: *key, until: standing.until? })).collect()
}

/// When each standing rule was first put in force, as the guard wants to know it.
pub(crate) fn since(edge: &Edge) -> BTreeMap<RuleKey, Option<Timestamp>> {
    edge.iter().map(|(key, standing)| (*key, standing.since)).collect()
}
