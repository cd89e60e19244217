//! What one of our addresses did, step by step.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use flow::{Flow, Millis};
use serde::Serialize;

use crate::address::address;
use crate::error::LakeError;
use crate::lake::{Coverage, Lake};
use crate::questions::conversation::{Began, Conversations, Reply};
use crate::questions::listeners::{Listener, listeners};
use crate::questions::moment;
use crate::row::Row;
use crate::schema;

/// Steps a picture has at most: a day by five minutes.
const STEPS: i64 = 288;

/// Peers told apart within one step.
const PEERS: usize = 10_000;

/// Peers and ports that are listed.
const TOP: usize = 20;

/// Lengths of a step, in minutes, of which the shortest that fits is taken.
const LENGTHS: [i64; 8] = [1, 5, 10, 30, 60, 180, 360, 1440];

/// What happened within one step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Step {
    /// When it began.
    pub at: Millis,
    /// Different addresses that came to ours.
    pub strangers: usize,
    /// Connections that came, whether answered or not.
    pub came: u64,
    /// Those of them that were answered.
    pub answered: u64,
    /// Connections that our address began.
    pub went: u64,
    /// Bytes that came to it.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
}

/// Another end, by the bytes that went either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partner {
    /// Its address.
    pub address: IpAddr,
    /// How many connections.
    pub connections: u64,
    /// How many of them it began.
    pub came: u64,
    /// Bytes that came from it.
    pub bytes_in: u64,
    /// Bytes that went to it.
    pub bytes_out: u64,
    /// The first packet.
    pub first: Millis,
    /// The last one.
    pub last: Millis,
}

/// A port elsewhere that our address went to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WentTo {
    /// The port.
    pub port: u16,
    /// The IP protocol number.
    pub protocol: u8,
    /// How many connections.
    pub connections: u64,
    /// To how many addresses.
    pub peers: usize,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// Whose it is.
    pub address: IpAddr,
    /// From when.
    pub since: Millis,
    /// To when.
    pub until: Millis,
    /// How long a step is, in milliseconds.
    pub step: i64,
    /// Every step, whether something happened or not.
    pub steps: Vec<Step>,
    /// Ports that answered others.
    pub listeners: Vec<Listener>,
    /// Those with whom most bytes were exchanged.
    pub partners: Vec<Partner>,
    /// The ports that it went to most.
    pub went_to: Vec<WentTo>,
    /// How many records there are.
    pub flows: u64,
    /// How much of the time the lake has flows of.
    pub coverage: Coverage,
    /// Records that were left out because there were too many connections.
    pub left_out: u64,
}

impl Lake {
    /// What one of our addresses did in a time.
    ///
    /// # Errors
    /// [`LakeError`] when the question takes too long or too much memory, or the engine fails.
    pub async fn timeline(&self, of: IpAddr, since: Millis, until: Millis) -> Result<Timeline, LakeError> {
        let coverage = self.coverage(since, until)?;
        let (seen, flows) = self
            .answer(move |asking| async move {
                let (mut seen, mut flows) = (Conversations::default(), 0_u64);
                asking
                    .each(&all_of(of, since, until), |batch| {
                        for row in schema::rows(batch)? {
                            flows += 1;
                            seen.add(&row);
                        }
                        Ok(())
                    })
                    .await?;
                Ok((seen, flows))
            })
            .await?;
        let step = step_length(since, until);
        Ok(Timeline {
            address: of,
            since,
            until,
            step,
            steps: steps(&seen, since, until, step),
            listeners: listeners(&seen, Reply::Opened).into_values().collect(),
            partners: partners(&seen),
            went_to: went_to(&seen),
            flows,
            coverage,
            left_out: seen.left_out,
        })
    }

    /// The flows of one of our addresses, at most `most`, the earliest first: what proves a sign, or what a detector
    /// should look at again.
    ///
    /// # Errors
    /// As [`Lake::timeline`].
    pub async fn flows(
        &self,
        of: IpAddr,
        since: Millis,
        until: Millis,
        most: usize,
    ) -> Result<Vec<Flow>, LakeError> {
        let statement = format!("{} ORDER BY first LIMIT {most}", all_of(of, since, until));
        self.answer(move |asking| {
            let statement = statement.clone();
            async move {
                let mut found = Vec::new();
                asking
                    .each(&statement, |batch| {
                        found.extend(schema::rows(batch)?.iter().map(Row::flow));
                        Ok(())
                    })
                    .await?;
                Ok(found)
            }
        })
        .await
    }
}

fn all_of(of: IpAddr, since: Millis, until: Millis) -> String {
    format!(
        "SELECT * FROM by_home WHERE home = ip('{of}') AND first BETWEEN {} AND {}",
        moment(since),
        moment(until)
    )
}

/// The shortest step that leaves no more than [`STEPS`].
fn step_length(since: Millis, until: Millis) -> i64 {
    let asked = until.since(since).max(1);
    let minutes = LENGTHS.into_iter().find(|minutes| asked.div_euclid(minutes * 60_000) < STEPS);
    minutes.map_or_else(|| asked.div_euclid(STEPS).saturating_add(1), |minutes| minutes * 60_000)
}

fn steps(seen: &Conversations, since: Millis, until: Millis, step: i64) -> Vec<Step> {
    let begin = since.0.div_euclid(step);
    let count = until.0.div_euclid(step).saturating_sub(begin).clamp(0, STEPS);
    let mut steps: Vec<Step> = (0..=count)
        .map(|at| Step { at: Millis((begin + at).saturating_mul(step)), ..Step::default() })
        .collect();
    let mut strangers: HashMap<usize, HashSet<u128>> = HashMap::new();
    for (ends, one) in &seen.all {
        let Ok(at) = usize::try_from(one.first().div_euclid(step).saturating_sub(begin)) else { continue };
        let Some(into) = steps.get_mut(at) else { continue };
        into.bytes_in = into.bytes_in.saturating_add(one.inward().bytes);
        into.bytes_out = into.bytes_out.saturating_add(one.outward().bytes);
        match one.began(ends) {
            Began::Peer => {
                into.came += 1;
                into.answered += u64::from(one.reply(ends) >= Reply::Opened);
                let known = strangers.entry(at).or_default();
                if known.len() < PEERS {
                    known.insert(ends.peer);
                }
            }
            Began::Home => into.went += 1,
            Began::Unknown => {}
        }
    }
    for (at, known) in strangers {
        if let Some(into) = steps.get_mut(at) {
            into.strangers = known.len();
        }
    }
    steps
}

fn partners(seen: &Conversations) -> Vec<Partner> {
    let mut found: HashMap<u128, Partner> = HashMap::new();
    for (ends, one) in &seen.all {
        let partner = found.entry(ends.peer).or_insert_with(|| Partner {
            address: address(ends.peer),
            connections: 0,
            came: 0,
            bytes_in: 0,
            bytes_out: 0,
            first: Millis(i64::MAX),
            last: Millis(i64::MIN),
        });
        partner.connections += 1;
        partner.came += u64::from(one.began(ends) == Began::Peer);
        partner.bytes_in = partner.bytes_in.saturating_add(one.inward().bytes);
        partner.bytes_out = partner.bytes_out.saturating_add(one.outward().bytes);
        partner.first = partner.first.min(Millis(one.first()));
        partner.last = partner.last.max(Millis(one.last()));
    }
    let mut found: Vec<Partner> = found.into_values().collect();
    found.sort_by_key(|one| (std::cmp::Reverse(one.bytes_in.saturating_add(one.bytes_out)), one.address));
    found.truncate(TOP);
    found
}

fn went_to(seen: &Conversations) -> Vec<WentTo> {
    let mut found: BTreeMap<(u16, u8), (u64, HashSet<u128>)> = BTreeMap::new();
    for (ends, _) in seen.all.iter().filter(|(ends, one)| one.began(ends) == Began::Home) {
        let (connections, peers) = found.entry((ends.peer_port, ends.protocol)).or_default();
        *connections += 1;
        peers.insert(ends.peer);
    }
    let mut found: Vec<WentTo> = found
        .into_iter()
        .map(|((port, protocol), (connections, peers))| WentTo {
            port,
            protocol,
            connections,
            peers: peers.len(),
        })
        .collect();
    found.sort_by_key(|one| (std::cmp::Reverse(one.connections), one.port));
    found.truncate(TOP);
    found
}
