//! What the page of figures shows.

use std::net::IpAddr;

use case::{CaseId, Figures, Kind, Milestones, Published, Stage, SubscriberId};
use ipnet::IpNet;
use jiff::Timestamp;
use serde::Serialize;

use crate::blocklists::BlocklistView;
use crate::view::ReporterView;

/// How much and how fast, over the cases that were opened in a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumbersView {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// How many cases of that time are not looked at, for there are too many; the newest are.
    pub left_off: u64,
    /// The figures.
    pub figures: Figures,
    /// Since when what is called today.
    pub today_from: Timestamp,
    /// How many cases were opened today, whatever time is asked about.
    pub opened_today: u64,
    /// The newest of them.
    pub today: Vec<NewCase>,
    /// Natural clean-up as others found it.
    pub natural: Vec<Published>,
    /// The reporters by their record.
    pub reporters: Vec<ReporterView>,
    /// How we stand with the blocklists that are asked.
    pub blocklists: Vec<BlocklistView>,
    /// Our prefixes.
    pub home: Vec<IpNet>,
    /// Now, by the desk's clock.
    pub now: Timestamp,
}

/// A case that is new today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCase {
    /// Which.
    pub case: CaseId,
    /// Whose line.
    pub subscriber: SubscriberId,
    /// When it was opened.
    pub opened: Timestamp,
    /// Where it stands.
    pub stage: Stage,
    /// What was said and seen of it.
    pub kinds: Vec<Kind>,
    /// The addresses that was said of.
    pub addresses: Vec<IpAddr>,
    /// How many complaints it drew so far.
    pub complaints: u64,
}

impl From<&Milestones> for NewCase {
    fn from(case: &Milestones) -> NewCase {
        NewCase {
            case: case.case,
            subscriber: case.subscriber.clone(),
            opened: case.noticed,
            stage: case.stage,
            kinds: case.kinds.iter().copied().collect(),
            addresses: case.addresses.iter().copied().collect(),
            complaints: case.complaints,
        }
    }
}
