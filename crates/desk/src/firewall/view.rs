//! Firewalls, and who may send mail, as pages and commands show them.

use std::net::IpAddr;

use case::{SubscriberId, Transport};
use firewall::{Dialect, ExemptionState, Record, State};
use ipnet::IpNet;
use jiff::Timestamp;
use store::FirewallRow;

use super::Firewalls;
use super::insisting::TREND;
use super::lines::link;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// How many lines and neighbourhoods are listed.
const LISTED: u32 = 500;
const WORST: u32 = 20;
const DAY: i64 = 86_400;

/// How the firewalls stand.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct FirewallView {
    /// Whether it is noticed when one is not in force.
    pub insists: bool,
    /// How many lines stand how, in the order of [`State::ALL`].
    pub states: Vec<(State, u64)>,
    /// The neighbourhoods with the most lines out of force, the worst first.
    pub worst: Vec<FirewallNet>,
    /// Day (since 1970), lines in force, lines out of force.
    pub days: Vec<(i64, u64, u64)>,
    /// Lines out of force, the longest so first.
    pub lines: Vec<FirewallLine>,
}

/// A neighbourhood.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FirewallNet {
    /// Its prefix.
    pub net: String,
    /// Lines out of force there.
    pub out_of_force: u64,
    /// Lines known there.
    pub known: u64,
}

/// One line.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FirewallLine {
    /// Whose.
    pub subscriber: SubscriberId,
    /// Where it was last seen.
    pub address: Option<IpAddr>,
    /// Its profile.
    pub profile: String,
    /// The number of its configuration.
    pub number: u32,
    /// The path, or whole link, to its configuration.
    pub link: String,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, in words.
    pub why: String,
    /// The ports that say so.
    pub ports: Vec<(Transport, u16)>,
    /// Whether two observations a day apart agree.
    pub agrees: bool,
    /// The last step taken, and when.
    pub step: Option<(String, Timestamp)>,
}

/// How tcp/25 out stands.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct MailPortView {
    /// Where it is closed.
    pub dynamic: Vec<IpNet>,
    /// Where it may go all the same.
    pub relays: Vec<IpNet>,
    /// Who asked, the newest first.
    pub wishes: Vec<MailWish>,
}

/// A customer's wish to send mail directly.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailWish {
    /// Whose line.
    pub subscriber: SubscriberId,
    /// When it was asked.
    pub asked: Timestamp,
    /// The customer's words.
    pub reason: String,
    /// What was decided.
    pub state: ExemptionState,
    /// Whether mail may go out now.
    pub is_open: bool,
    /// By whom it was decided.
    pub decided_by: Option<String>,
    /// When it ends.
    pub until: Option<Timestamp>,
}

impl Desk {
    /// How the firewalls stand.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn firewall_view(&self) -> Result<FirewallView, DeskError> {
        const DOING: &str = "list firewalls";
        let store = self.store();
        let counted = store.firewall_states().await.doing(DOING)?;
        let count = |state: State| {
            counted.iter().find(|(name, _)| name == state.name()).map_or(0, |(_, lines)| *lines)
        };
        let out = State::NotInForce.name();
        let worst = store.firewall_nets(out, WORST).await.doing(DOING)?.into_iter();
        let day = (self.now() - TREND).as_second().div_euclid(DAY);
        let rows = store.firewall_lines(Some(out), LISTED).await.doing(DOING)?;
        Ok(FirewallView {
            insists: self.insists(),
            states: State::ALL.map(|state| (state, count(state))).to_vec(),
            worst: worst.map(|(net, out_of_force, known)| FirewallNet { net, out_of_force, known }).collect(),
            days: by_day(&store.firewall_days(day).await.doing(DOING)?),
            lines: rows.iter().map(|row| self.firewall_line_view(self.provided(), row)).collect(),
        })
    }

    /// How the firewalls of all known lines stand, by subscriber.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn firewall_lines(&self, limit: u32) -> Result<Vec<FirewallLine>, DeskError> {
        let rows = self.store().firewall_lines(None, limit).await.doing("list firewalls")?;
        Ok(rows.iter().map(|row| self.firewall_line_view(self.provided(), row)).collect())
    }

    fn firewall_line_view(&self, firewalls: &Firewalls, row: &FirewallRow) -> FirewallLine {
        let record: Record = serde_json::from_str(&row.record).unwrap_or_default();
        let verdict = record.judge(firewalls.profile(&row.profile), self.now());
        FirewallLine {
            subscriber: row.subscriber.clone(),
            address: row.address,
            profile: row.profile.clone(),
            number: row.number,
            link: link(firewalls, row, Dialect::Openwrt),
            state: verdict.state,
            since: row.since,
            why: verdict.why,
            ports: verdict.ports,
            agrees: record.agrees(),
            step: row.step.clone().zip(row.stepped),
        }
    }
}

/// Lines in force and out of force on each day that was counted.
fn by_day(rows: &[(i64, String, u64)]) -> Vec<(i64, u64, u64)> {
    let of = |day: &[(i64, String, u64)], state: State| {
        day.iter().find(|(_, name, _)| name == state.name()).map_or(0, |(_, _, lines)| *lines)
    };
    rows.chunk_by(|a, b| a.0 == b.0)
        .filter_map(|day| Some((day.first()?.0, of(day, State::InForce), of(day, State::NotInForce))))
        .collect()
}
