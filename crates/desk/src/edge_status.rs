//! What the outlets last said, one by one and together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use case::{InForce, Plan, Receipt, Refused, RuleKey};
use edge::Scope;

/// What the edge last said.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct EdgeStatus {
    /// Which outlets stop traffic, by name.
    pub outlet: String,
    /// When the one that was read longest ago was last read back without an error.
    pub read_at: Option<Timestamp>,
    /// Everything of ours in force at an outlet that stops traffic.
    pub in_force: Vec<InForce>,
    /// What is wrong, in plain words with the next step; `None` when the edge equals the plan.
    pub trouble: Option<String>,
    /// Each outlet, in the order of the configuration.
    pub outlets: Vec<OutletStatus>,
    /// What is planned and no outlet can hold.
    pub unserved: Vec<Refused>,
    /// Why nothing new is begun anywhere.
    pub stopped: Option<String>,
}

/// What one outlet last said.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct OutletStatus {
    /// Its name.
    pub name: String,
    /// Whether it changes anything, or says what it would.
    pub live: bool,
    /// Whether what it holds stops traffic; otherwise it only tells others.
    pub stops_traffic: bool,
    /// How many rules it is to hold.
    pub planned: usize,
    /// When it was last read back without an error.
    pub read_at: Option<Timestamp>,
    /// Everything of ours that it showed then.
    pub in_force: Vec<InForce>,
    /// What it was to hold and does not.
    pub refused: Vec<Refused>,
    /// What another hand has done there.
    pub by_hand: Vec<String>,
    /// What was done in the last round that did something, or would have been.
    pub said: Vec<String>,
    /// What is wrong.
    pub trouble: Option<String>,
    /// Since when every round has failed.
    pub failing_since: Option<Timestamp>,
}

/// Lines kept of what a round did.
const SAID_AT_MOST: usize = 200;

impl EdgeStatus {
    /// Before the first round.
    pub(crate) fn know(&mut self, scopes: &[Scope]) {
        let outlet = |scope: &Scope| OutletStatus {
            name: scope.name.clone(),
            live: scope.live,
            stops_traffic: scope.stops_traffic(),
            ..OutletStatus::default()
        };
        self.outlets = scopes.iter().map(outlet).collect();
        self.sum_up();
    }

    /// Whether every outlet has been read, or has failed, since the start.
    pub(crate) fn is_all_known(&self) -> bool {
        self.outlets.iter().all(|outlet| outlet.read_at.is_some() || outlet.trouble.is_some())
    }

    /// A round that came to its end.
    pub(crate) fn read(&mut self, name: &str, receipt: &Receipt, plan: &Plan, said: &[String]) {
        let Some(outlet) = self.of(name) else { return };
        outlet.planned = plan.rules().len();
        outlet.read_at = Some(receipt.at);
        outlet.in_force.clone_from(&receipt.in_force);
        outlet.refused.clone_from(&receipt.refused);
        outlet.trouble = refused_in_words(receipt, outlet.planned);
        outlet.failing_since = None;
        if !receipt.by_hand.is_empty() {
            outlet.by_hand.clone_from(&receipt.by_hand);
        }
        if !said.is_empty() {
            outlet.said = said.iter().take(SAID_AT_MOST).cloned().collect();
        }
        self.sum_up();
    }

    /// A round that failed: what was in force before is what is still known.
    pub(crate) fn failed(&mut self, name: &str, trouble: &str, now: Timestamp) {
        let Some(outlet) = self.of(name) else { return };
        outlet.trouble = Some(trouble.to_owned());
        outlet.failing_since.get_or_insert(now);
        self.sum_up();
    }

    /// What was refused at an outlet that stops traffic, and what no outlet can hold.
    pub(crate) fn refused(&self) -> Vec<Refused> {
        let at_outlets = self.stopping().flat_map(|outlet| &outlet.refused);
        at_outlets.chain(&self.unserved).cloned().collect()
    }

    /// Nothing new is begun for this reason, or it is again.
    pub(crate) fn stop_for(&mut self, why: Option<String>) {
        self.stopped = why;
        self.sum_up();
    }

    /// Notes what no outlet can hold. Whether that is news.
    pub(crate) fn cannot_serve(&mut self, unserved: Vec<Refused>) -> bool {
        if self.unserved == unserved {
            return false;
        }
        self.unserved = unserved;
        self.sum_up();
        true
    }

    fn of(&mut self, name: &str) -> Option<&mut OutletStatus> {
        self.outlets.iter_mut().find(|outlet| outlet.name == name)
    }

    fn stopping(&self) -> impl Iterator<Item = &OutletStatus> {
        self.outlets.iter().filter(|outlet| outlet.stops_traffic)
    }

    fn sum_up(&mut self) {
        let mut in_force: BTreeMap<RuleKey, Timestamp> = BTreeMap::new();
        for shown in self.stopping().flat_map(|outlet| &outlet.in_force) {
            let until = in_force.entry(shown.key).or_insert(shown.until);
            *until = (*until).max(shown.until);
        }
        self.in_force = in_force.into_iter().map(|(key, until)| InForce { key, until }).collect();
        self.outlet = self.stopping().map(|outlet| outlet.name.as_str()).collect::<Vec<_>>().join(", ");
        self.read_at = self.outlets.iter().map(|outlet| outlet.read_at).min().flatten();
        let wrong = |outlet: &OutletStatus| {
            let trouble = outlet.trouble.as_deref()?;
            Some(if self.outlets.len() > 1 {
                format!("{}: {trouble}", outlet.name)
            } else {
                trouble.to_owned()
            })
        };
        let nowhere = self.unserved.first().map(|one| {
            format!(
                "{} of the planned blocks stand nowhere: {}: {}",
                self.unserved.len(),
                one.key,
                one.reason
            )
        });
        let stopped = self.stopped.as_ref();
        let stopped = stopped.map(|why| {
            format!("the never-touch list cannot be read, so nothing new is blocked or probed: {why}")
        });
        let at_outlets = self.outlets.iter().filter_map(wrong);
        let all: Vec<String> = stopped.into_iter().chain(at_outlets).chain(nowhere).collect();
        self.trouble = (!all.is_empty()).then(|| all.join("; "));
    }
}

fn refused_in_words(receipt: &Receipt, planned: usize) -> Option<String> {
    let first = receipt.refused.first()?;
    let more = receipt.refused.len().saturating_sub(1);
    let rest = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    Some(format!(
        "{} of {planned} planned blocks refused: {}: {}{rest}",
        receipt.refused.len(),
        first.key,
        first.reason
    ))
}

#[cfg(test)]
mod tests {
    use case::{InForce, Measure, Plan, Receipt, RuleKey, Transport};
    use edge::{Reach, Scope};
    use jiff::Timestamp;

    use super::EdgeStatus;

    fn receipt(outlet: &str) -> Receipt {
        let key = RuleKey {
            address: "203.0.113.66".parse().unwrap(),
            measure: Measure::Out { protocol: Transport::Tcp, port: 25 },
        };
        Receipt {
            outlet: outlet.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            added: Vec::new(),
            removed: Vec::new(),
            in_force: vec![InForce { key, until: Timestamp::UNIX_EPOCH }],
            refused: Vec::new(),
            by_hand: Vec::new(),
        }
    }

    fn scope(name: &str, reach: Reach) -> Scope {
        Scope { name: name.to_owned(), reach, live: true, only: Vec::new(), gardens: false }
    }

    /// Nothing refuses what nobody was given: it must be told all the same.
    #[test]
    fn what_no_outlet_can_hold_is_told() {
        let mut status = EdgeStatus::default();
        status.know(&[scope("core", Reach::Port)]);
        let key = receipt("core").in_force[0].key;
        let refused = vec![case::Refused { key, reason: "no outlet serves this line".to_owned() }];
        assert!(status.cannot_serve(refused.clone()) && !status.cannot_serve(refused));
        assert_eq!(status.refused().len(), 1);
        let told =
            "1 of the planned blocks stand nowhere: 203.0.113.66 tcp/25 out: no outlet serves this line";
        assert_eq!(status.trouble.as_deref(), Some(told));
        assert!(status.cannot_serve(Vec::new()) && status.trouble.is_none());
    }

    /// A listing alone stops nothing, so it must not make a case contained.
    #[test]
    fn only_an_outlet_that_stops_traffic_puts_a_rule_in_force() {
        let mut status = EdgeStatus::default();
        status.know(&[scope("bl", Reach::Word), scope("core", Reach::Port)]);
        status.read("bl", &receipt("bl"), &Plan::default(), &[]);
        assert!(status.in_force.is_empty() && !status.is_all_known(), "{status:?}");
        status.failed("core", "it is down", Timestamp::UNIX_EPOCH);
        assert!(status.in_force.is_empty() && status.is_all_known());
        assert_eq!(status.trouble.as_deref(), Some("core: it is down"));
        status.read("core", &receipt("core"), &Plan::default(), &[]);
        assert_eq!(
            (status.in_force.len(), status.trouble.clone(), status.outlet.as_str()),
            (1, None, "core")
        );
        // Out of reach again, what it last showed is still what is known.
        status.failed("core", "it is down", Timestamp::UNIX_EPOCH);
        assert_eq!(status.in_force.len(), 1);
    }
}
