//! The guard rails at the last door: no rule reaches an outlet without passing here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use case::{Measure, Plan, Receipt, Refused, Rule, RuleKey, Territory};
use jiff::{SignedDuration, Timestamp};

/// A block that ends later than this from now is refused: a longer one is a mistake in a playbook, and a line stays cut
/// off by it when nobody looks. A case that needs more orders its end anew while it lasts.
pub const LONGEST_BLOCK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The window of the cap on new blocks.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What every refusal for the cap begins with; [`cap_hit`] looks for it.
const CAP: &str = "cap of ";

/// The guard rails of an outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where we may touch.
    pub territory: Territory,
    /// How many new rules may be put in force within an hour. Taking away and moving an end are never limited.
    pub max_new_per_hour: u32,
}

/// Whether a rule was held back by the cap on new blocks: an operator must look, so page.
#[must_use]
pub fn cap_hit(receipt: &Receipt) -> bool {
    receipt.refused.iter().any(|refused| refused.reason.starts_with(CAP))
}

/// A plan after the guard rails.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// What may stand at the edge, sorted by key.
    pub(crate) admitted: Vec<Rule>,
    /// What may not.
    pub(crate) refused: Vec<Refused>,
}

/// The guard rails with what they must remember: which rules are not new any more.
#[derive(Debug)]
pub(crate) struct Guard {
    config: Config,
    /// When each rule was put in force for the first time, for those of the last hour.
    recent: BTreeMap<RuleKey, Timestamp>,
    /// What we have had in force without a break in the plan: putting it back after the edge lost it is not new.
    ours: BTreeSet<RuleKey>,
    /// What was refused last time, so that a standing refusal is logged once.
    last_refused: Vec<Refused>,
}

impl Guard {
    pub(crate) fn new(config: Config) -> Self {
        Guard { config, recent: BTreeMap::new(), ours: BTreeSet::new(), last_refused: Vec::new() }
    }

    /// Splits the plan into what may stand and what may not. `standing` is what the edge has now, each with the time
    /// it was first put in force where the edge remembers that (so that the cap holds over a restart).
    pub(crate) fn judge(
        &mut self,
        plan: &Plan,
        standing: &BTreeMap<RuleKey, Option<Timestamp>>,
        now: Timestamp,
    ) -> Judged {
        self.remember(standing, now);
        let mut judged = Judged::default();
        let mut new = Vec::new();
        for rule in plan.rules() {
            match self.rails(rule, now) {
                Err(reason) => judged.refused.push(Refused { key: rule.key, reason }),
                Ok(()) if self.is_known(&rule.key, standing) => judged.admitted.push(*rule),
                Ok(()) => match self.config.territory.admit_anew(rule.key.address) {
                    Ok(()) => new.push(*rule),
                    Err(why) => judged.refused.push(Refused { key: rule.key, reason: why.to_string() }),
                },
            }
        }
        self.cap(new, &mut judged);
        judged.admitted.sort_by_key(|rule| rule.key);
        judged.refused.sort_by_key(|refused| refused.key);
        self.log(&judged.refused);
        judged
    }

    /// Notes what stands after a change, once the edge itself has shown it.
    pub(crate) fn note(
        &mut self,
        standing: &BTreeMap<RuleKey, Option<Timestamp>>,
        new: &[RuleKey],
        now: Timestamp,
    ) {
        for key in new.iter().filter(|key| !self.ours.contains(key)) {
            let since = standing.get(key).copied().flatten().unwrap_or(now);
            self.recent.entry(*key).or_insert(since);
        }
        self.ours = standing.keys().copied().collect();
    }

    /// When `key` was first put in force, for the edge to remember it.
    pub(crate) fn since(&self, key: &RuleKey) -> Option<Timestamp> {
        self.recent.get(key).copied()
    }

    fn remember(&mut self, standing: &BTreeMap<RuleKey, Option<Timestamp>>, now: Timestamp) {
        for (key, since) in standing {
            if let Some(since) = since {
                // A time ahead of ours (a clock set back, a hand-made comment) counts as now, not for ever.
                self.recent.entry(*key).or_insert((*since).min(now));
            }
        }
        self.recent.retain(|_, since| now.duration_since(*since) < WINDOW);
    }

    fn is_known(&self, key: &RuleKey, standing: &BTreeMap<RuleKey, Option<Timestamp>>) -> bool {
        standing.contains_key(key) || self.ours.contains(key) || self.recent.contains_key(key)
    }

    /// What a rule must be, whatever its caller has checked.
    fn rails(&self, rule: &Rule, now: Timestamp) -> Result<(), String> {
        let address = rule.key.address;
        if address != address.to_canonical() {
            return Err(format!(
                "{address} is an IPv4 address written as IPv6: plan it as {}",
                address.to_canonical()
            ));
        }
        if !is_host(address) {
            return Err(format!("{address} is no host address: no line can hold it"));
        }
        self.config
            .territory
            .admit(address)
            .map_err(|why| format!("{why}: the edge touches nothing there"))?;
        if port(rule.key.measure) == Some(0) {
            return Err("port 0 is no service: a rule names the one port it drops".to_owned());
        }
        let left = rule.until.duration_since(now);
        if left < SignedDuration::from_millis(1) {
            return Err(format!("its end {} has passed: an ended block must not be in the plan", rule.until));
        }
        if left > LONGEST_BLOCK {
            let days = LONGEST_BLOCK.as_hours() / 24;
            return Err(format!(
                "its end {} is more than {days} days ahead: shorten block_for in the playbook; it can be ordered anew",
                rule.until
            ));
        }
        Ok(())
    }

    /// Admits new rules up to the cap, the oldest case first, so that the rules of one line go together.
    fn cap(&self, mut new: Vec<Rule>, judged: &mut Judged) {
        let limit = self.config.max_new_per_hour;
        let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(self.recent.len());
        new.sort_by_key(|rule| (rule.case, rule.key));
        for (place, rule) in new.into_iter().enumerate() {
            if place < room {
                judged.admitted.push(rule);
                continue;
            }
            let reason = format!(
                "{CAP}{limit} new blocks an hour reached: it waits; look at why so many lines are to be blocked, \
                 then wait or raise max_new_per_hour"
            );
            judged.refused.push(Refused { key: rule.key, reason });
        }
    }

    fn log(&mut self, refused: &[Refused]) {
        for refusal in refused.iter().filter(|refusal| !self.last_refused.contains(refusal)) {
            tracing::warn!(rule = %refusal.key, reason = %refusal.reason, "block refused at the last door");
        }
        self.last_refused = refused.to_vec();
    }
}

/// Whether a line can hold the address at all; the home prefixes decide about everything else.
fn is_host(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_multicast() || address.is_unspecified() || broadcast)
}

fn port(measure: Measure) -> Option<u16> {
    match measure {
        Measure::In { port, .. } | Measure::Out { port, .. } => Some(port),
        Measure::Garden => None,
    }
}

#[cfg(test)]
mod tests;
