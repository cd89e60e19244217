//! The whole intended state of the edge, and what the edge says of it.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Case, CaseId};

/// A transport protocol with ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        })
    }
}

/// One thing the edge does to one line: something narrow that it drops while everything else goes on working, or the walled
/// garden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "drop", rename_all = "kebab-case")]
pub enum Measure {
    /// What the line sends to this port anywhere (mail: tcp/25).
    Out {
        /// The transport.
        protocol: Transport,
        /// The destination port.
        port: u16,
    },
    /// What anyone sends to this port of the line (the proved proxy).
    In {
        /// The transport.
        protocol: Transport,
        /// The line's port.
        port: u16,
    },
    /// The line as a whole is led into the walled garden (RFC 6561 section 5.4): web pages come from there, names are still
    /// answered, and the rest is as the outlet's garden has it.
    Garden,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Measure::Out { protocol, port } => write!(f, "{protocol}/{port} out"),
            Measure::In { protocol, port } => write!(f, "{protocol}/{port} in"),
            Measure::Garden => f.write_str("into the walled garden"),
        }
    }
}

/// What names a rule at the edge: at most one rule exists per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleKey {
    /// The one address, always a host, never a prefix.
    pub address: IpAddr,
    /// What is dropped.
    pub measure: Measure,
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.address, self.measure)
    }
}

/// One containment measure with its end. A **block**.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Address and measure.
    pub key: RuleKey,
    /// The case it follows from.
    pub case: CaseId,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// The whole intended state of the edge at one moment: sorted by key, one rule per key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    rules: Vec<Rule>,
}

impl Plan {
    /// Makes a plan of rules in any order; of two with one key the one that ends later stays.
    #[must_use]
    pub fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|rule| (rule.key, std::cmp::Reverse(rule.until)));
        rules.dedup_by_key(|rule| rule.key);
        Plan { rules }
    }

    /// The rules, sorted by key.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// A rule as read back from the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InForce {
    /// Address and measure.
    pub key: RuleKey,
    /// When the edge itself will drop it.
    pub until: Timestamp,
}

/// A planned rule that a guard rail or the edge refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Address and measure.
    pub key: RuleKey,
    /// Why, in words, and what to do.
    pub reason: String,
}

/// What one reconcile run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which outlet: `nftables`, `dry-run`, or as the configuration calls it.
    pub outlet: String,
    /// When it was read back.
    pub at: Timestamp,
    /// What was added or had its end moved.
    pub added: Vec<RuleKey>,
    /// What was taken away.
    pub removed: Vec<RuleKey>,
    /// All of ours that the read-back showed.
    pub in_force: Vec<InForce>,
    /// What was planned and refused.
    pub refused: Vec<Refused>,
    /// What another hand has done there, in words: to ours, which was put back, and beside ours, which was left alone.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

/// The whole intended state of the edge: for every open, confirmed or contained case its ordered, not lifted and not
/// expired rules.
#[must_use]
pub fn plan<'a>(cases: impl IntoIterator<Item = &'a Case>, now: Timestamp) -> Plan {
    Plan::new(cases.into_iter().flat_map(|case| case.standing_rules(now)).collect())
}
