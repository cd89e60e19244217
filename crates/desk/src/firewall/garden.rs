//! Lines in the walled garden because their firewall is not in force.
//!
//! The last step of the ladder is a rule of the plan like any other. It is ordered anew every day for two days at most, so
//! that a line is out again soon when nobody says any more that it must stay; and it goes at once when the network shows
//! the firewall in force, the address changes hands, or the customer says that it is on again.

use std::net::IpAddr;

use case::{CaseId, Measure, Rule, RuleKey, SubscriberId};
use firewall::{Record, State, Step};
use jiff::Timestamp;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// How many lines there may be.
const AT_ONCE: u32 = 10_000;
const DAY: i64 = 86_400;

/// A line in the garden for its firewall, as its customer may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirewallInGarden {
    /// Since when it is seen not to be in force.
    pub since: Timestamp,
    /// How many more times their word lets them out.
    pub promises_left: u32,
}

impl Desk {
    /// The rules that lead lines into the garden for their firewall: of those whose address is still their own.
    pub(crate) async fn firewall_rules(&self) -> Result<Vec<Rule>, DeskError> {
        let Some(firewalls) = self.firewalls() else { return Ok(Vec::new()) };
        if !firewalls.settings.insist || firewalls.settings.insistence.garden_after.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.store().firewall_lines(Some(State::NotInForce.name()), AT_ONCE).await;
        let mut rules = Vec::new();
        for row in rows.doing("list firewalls")? {
            let is_in = row.step.as_deref() == Some(Step::Garden.name());
            let Some(address) = row.address.filter(|_| is_in) else { continue };
            if self.line_at(address).await?.as_ref() == Some(&row.subscriber) {
                rules.push(self.rule_of(address));
            }
        }
        Ok(rules)
    }

    fn rule_of(&self, address: IpAddr) -> Rule {
        let today = self.now().as_second().div_euclid(DAY);
        let until = Timestamp::from_second(today.saturating_add(2).saturating_mul(DAY)).unwrap_or(self.now());
        Rule { key: RuleKey { address, measure: Measure::Garden }, case: CaseId::NONE, until }
    }

    /// How a line in the garden for its firewall stands; `None` when it is not.
    pub(crate) async fn firewall_in_garden(
        &self,
        subscriber: &SubscriberId,
    ) -> Result<Option<FirewallInGarden>, DeskError> {
        let row = self.store().firewall_line(subscriber).await.doing("read a line's firewall")?;
        let in_garden = |row: &store::FirewallRow| {
            row.state == State::NotInForce.name() && row.step.as_deref() == Some(Step::Garden.name())
        };
        Ok(row.filter(in_garden).map(|row| {
            let record: Record = serde_json::from_str(&row.record).unwrap_or_default();
            FirewallInGarden {
                since: row.since.unwrap_or(row.updated),
                promises_left: record.promises_left(),
            }
        }))
    }

    /// The customer at `address` says that the firewall is on again. Whether that lets them out.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn garden_promises(&self, address: IpAddr) -> Result<bool, DeskError> {
        let Some(firewalls) = self.firewalls() else { return Ok(false) };
        let Some(subscriber) = self.line_at(address).await? else { return Ok(false) };
        let _writing = firewalls.write().await;
        let row = self.known_firewall(firewalls, &subscriber).await?;
        let mut record: Record = serde_json::from_str(&row.record).unwrap_or_default();
        let is_out = record.promised(self.now());
        if is_out {
            self.put_record(firewalls, row, &record).await?;
            tracing::info!(%subscriber, "a customer says that the firewall is on again, and is let out of the garden");
            self.ring();
        }
        Ok(is_out)
    }
}
