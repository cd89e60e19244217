//! A case as lists show and searches see it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::facts::RuleState;
use crate::{Case, CaseId, Kind, Playbook, Source, Stage, SubscriberId};

/// How many names of one sort (reporters, ports) a line keeps for searches; more are a flood's.
const NAMES_AT_MOST: usize = 32;

/// One line of a list: what a search can ask about, and what a row shows, without the case itself. It follows from the
/// case's records and the playbook alone, so it can be made again at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which case.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// Where it stands.
    pub stage: Stage,
    /// When it was opened.
    pub opened: Timestamp,
    /// When its newest record was written.
    pub updated: Timestamp,
    /// The version of its newest record.
    pub version: u64,
    /// When its clock runs out.
    pub due: Option<Timestamp>,
    /// Harm, 1 to 10.
    pub harm: u8,
    /// Whether it goes above all else: it alleges or proves a proxy or relay and is not contained.
    pub proxy: bool,
    /// The addresses it speaks of.
    pub addresses: Vec<IpAddr>,
    /// Who has taken it on, by login name.
    pub assignee: Option<String>,
    /// The rest.
    pub more: More,
}

/// What a list knows of a case beyond its columns. Read for ever: fields may be added with a default, never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct More {
    /// What matters most about it, in one line of plain words.
    #[serde(default)]
    pub headline: String,
    /// What is alleged or proved.
    #[serde(default)]
    pub kinds: BTreeSet<Kind>,
    /// The ports on our side that were named as a service or proved, at most 32.
    #[serde(default)]
    pub ports: BTreeSet<u16>,
    /// The malware families that were named.
    #[serde(default)]
    pub families: BTreeSet<String>,
    /// The domains that reported, at most 32.
    #[serde(default)]
    pub reporters: BTreeSet<String>,
    /// Who was spoken to in its notes (`@name`).
    #[serde(default)]
    pub mentions: BTreeSet<String>,
    /// How many sightings it holds.
    #[serde(default)]
    pub sightings: usize,
    /// The ends of its blocks that are in the plan, in Unix seconds.
    #[serde(default)]
    pub block_ends: Vec<i64>,
    /// Until when a block of it waits for a second person, in Unix seconds.
    #[serde(default)]
    pub held_until: Option<i64>,
    /// Whether the desk's people were told of it.
    #[serde(default)]
    pub paged: bool,
}

impl Listed {
    /// The line of a case.
    #[must_use]
    pub fn of(case: &Case, playbook: &Playbook) -> Listed {
        let urgency = case.urgency(playbook);
        Listed {
            case: case.id(),
            subscriber: case.subscriber().clone(),
            stage: case.stage(),
            opened: case.opened(),
            updated: case.updated(),
            version: case.version(),
            due: urgency.due,
            harm: urgency.harm,
            proxy: urgency.proxy,
            addresses: case.addresses().into_iter().collect(),
            assignee: case.assignee().map(str::to_owned),
            more: More::of(case),
        }
    }

    /// The text that is searched: line, addresses and headline, in lower case.
    #[must_use]
    pub fn sought(&self) -> String {
        let mut text = self.subscriber.as_str().to_lowercase();
        for address in &self.addresses {
            text.push('\n');
            text.push_str(&address.to_string());
        }
        text.push('\n');
        text.push_str(&self.more.headline.to_lowercase());
        text
    }

    /// How many blocks of it are in the plan at `now`.
    #[must_use]
    pub fn blocks(&self, now: Timestamp) -> usize {
        self.more.block_ends.iter().filter(|end| **end > now.as_second()).count()
    }

    /// Whether a block of it waits for a second person at `now`.
    #[must_use]
    pub fn waits_for_second_person(&self, now: Timestamp) -> bool {
        self.more.held_until.is_some_and(|end| end > now.as_second())
    }
}

impl More {
    fn of(case: &Case) -> More {
        let ends = |held: bool| {
            let counts = move |state: &RuleState| match state {
                RuleState::Lifted(_) => false,
                RuleState::Held => held,
                RuleState::Ordered | RuleState::Verified(_) | RuleState::Refused(_) => !held,
            };
            case.blocks().filter(move |block| counts(&block.state)).map(|block| block.rule.until.as_second())
        };
        // As in the plan: what was ordered stands only while the case is proved.
        let stands = matches!(case.stage(), Stage::Confirmed | Stage::Contained);
        let sightings = case.sightings();
        let reporters = sightings.iter().filter_map(|sighting| match &sighting.source {
            Source::Report { domain, .. } => Some(domain.clone()),
            Source::Sign { .. } => None,
        });
        let proved = case.answers().iter().filter(|answer| answer.verdict.is_proof());
        let ports = proved.filter_map(|answer| answer.port);
        let ports = ports.chain(sightings.iter().filter_map(|sighting| sighting.port_to_ask()));
        More {
            headline: headline(case),
            kinds: case.kinds().clone(),
            ports: few(ports),
            families: case.families().iter().map(|family| family.name.to_lowercase()).collect(),
            reporters: few(reporters),
            mentions: case.mentions().clone(),
            sightings: sightings.len(),
            block_ends: ends(false).filter(|_| stands).collect(),
            held_until: ends(true).max(),
            paged: case.paged().is_some(),
        }
    }
}

/// The first few different ones.
fn few<T: Ord>(all: impl Iterator<Item = T>) -> BTreeSet<T> {
    let mut few = BTreeSet::new();
    for one in all {
        few.insert(one);
        if few.len() == NAMES_AT_MOST {
            break;
        }
    }
    few
}

/// What matters most about a case, in one line.
fn headline(case: &Case) -> String {
    if let Some(proof) = case.answers().iter().rev().find(|answer| answer.verdict.is_proof()) {
        let port = proof.port.map(|port| format!(":{port}")).unwrap_or_default();
        let by = proof.protocol.as_deref().map(|protocol| format!(" by {protocol}")).unwrap_or_default();
        return format!("{} proved on {}{port}{by}", proof.verdict, proof.address);
    }
    let relaying = case.signs().filter(|seen| seen.kind.is_proxy_or_relay()).last();
    if let Some(seen) = relaying.filter(|_| matches!(case.stage(), Stage::Confirmed | Stage::Contained)) {
        let port = seen.port.map(|port| format!(":{port}")).unwrap_or_default();
        return format!("relaying seen on {}{port} in our own flow records", seen.address);
    }
    let kinds: BTreeSet<Kind> = case.sightings().iter().map(|sighting| sighting.kind).collect();
    let what: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let (all, seen) = (case.sightings().len(), case.signs().count());
    let counted = |count: usize, name: &str| match count {
        0 => None,
        1 => Some(format!("1 {name}")),
        more => Some(format!("{more} {name}s")),
    };
    let held: Vec<String> =
        [counted(all - seen, "claim"), counted(seen, "sign")].into_iter().flatten().collect();
    let verb = if all == seen { "seen" } else { "alleged" };
    format!("{} {verb}, {}, not proved", what.join(", "), held.join(" and "))
}
