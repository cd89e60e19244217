//! What each stage does, and the numbers judgement uses.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::Transport;

/// One thing the playbook takes from a confirmed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restriction {
    /// Mail to the world: tcp/25 out.
    MailOut,
    /// The proved port, inbound.
    ProvedPortIn,
}

/// How long each stage may take before the case is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clocks {
    /// In `heads-up`, until somebody looked.
    pub heads_up: SignedDuration,
    /// In `watching`.
    pub watching: SignedDuration,
    /// In `suspected`, until it is proved or dismissed.
    pub suspected: SignedDuration,
    /// In `confirmed`, until it is contained.
    pub confirmed: SignedDuration,
    /// In `contained`, until it is cleaned.
    pub contained: SignedDuration,
}

impl Default for Clocks {
    fn default() -> Self {
        Clocks {
            heads_up: SignedDuration::from_hours(48),
            watching: SignedDuration::from_hours(14 * 24),
            suspected: SignedDuration::from_hours(4),
            confirmed: SignedDuration::from_hours(1),
            contained: SignedDuration::from_hours(72),
        }
    }
}

/// The one built-in playbook and its numbers; every field can be set in the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Playbook {
    /// How long a watch lasts after a virus sighting.
    pub watch_for: SignedDuration,
    /// Ports asked when the evidence names none: where open proxies have long stood (libopm's defaults).
    pub usual_ports: Vec<u16>,
    /// How often an open case is probed again.
    pub recheck_every: SignedDuration,
    /// The least time between two questions to one address that no operator asks; a little more than the prober's own.
    pub least_gap: SignedDuration,
    /// How many negative probes in a row make a case `cleaned` ...
    pub clean_after_negatives: u32,
    /// ... when they also span at least this long.
    pub clean_over: SignedDuration,
    /// How long a cleaned or quiet case stays open.
    pub close_after: SignedDuration,
    /// Whether a proved line is contained without waiting for an operator.
    pub contain_automatically: bool,
    /// Whether a line is contained that only our own flow records prove, before a probe has relayed anything. Off: the
    /// odd port is asked at once and that answer contains; what cannot be asked, since no port listens, waits for an
    /// operator. Nobody is ever contained for flows that only a report bears out.
    pub contain_on_flow_proof: bool,
    /// What a proved line loses.
    pub restrict: Vec<Restriction>,
    /// How long a block lasts from the newest proof.
    pub block_for: SignedDuration,
    /// Whether the subscriber gets a notice when the case is confirmed.
    pub tell_subscriber: bool,
    /// Whether an authenticated reporter gets an acknowledgement.
    pub acknowledge_reporter: bool,
    /// Whether the desk's people are paged for a proxy or relay that a trusted reporter names or our probe proves.
    pub page_proxy_reports: bool,
    /// Whether a reporter who was acknowledged is told when the line was found clean.
    pub tell_reporter_outcome: bool,
    /// Whether SpamCop is told `resolved` of each of its reports once the line was found clean since.
    pub spamcop_resolved: bool,
    /// How long each stage may take.
    pub clocks: Clocks,
}

impl Default for Playbook {
    fn default() -> Self {
        Playbook {
            watch_for: SignedDuration::from_hours(14 * 24),
            usual_ports: vec![1080, 3128, 8080, 80, 8000, 8081, 6588, 81],
            recheck_every: SignedDuration::from_hours(6),
            least_gap: SignedDuration::from_mins(11),
            clean_after_negatives: 3,
            clean_over: SignedDuration::from_hours(24),
            close_after: SignedDuration::from_hours(7 * 24),
            contain_automatically: true,
            contain_on_flow_proof: false,
            restrict: vec![Restriction::MailOut, Restriction::ProvedPortIn],
            block_for: SignedDuration::from_hours(24),
            tell_subscriber: true,
            acknowledge_reporter: true,
            page_proxy_reports: true,
            tell_reporter_outcome: true,
            spamcop_resolved: true,
            clocks: Clocks::default(),
        }
    }
}

impl Playbook {
    /// The transport of every measure this playbook orders today.
    pub const TRANSPORT: Transport = Transport::Tcp;
}
