//! Making the edge equal to the plan, for ever.

mod keeping;
mod paging;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use case::{Actor, Case, CaseId, Command, Plan, Rule, RuleKey, Stage, SubscriberId};
use edge::{Outlet, Scope, share, unserved};
use lease::{Attribution, Whose};

use crate::desk::Desk;
use crate::errands::LineNow;
use crate::error::{ActError, DeskError};
use crate::night::{chain, wait};

/// How often lines that lost all their addresses are looked for.
const LOOK_FOR_LINES: Duration = Duration::from_secs(1);
/// How often it is looked which lines are in the garden for their firewall.
const LOOK_AT_FIREWALLS: Duration = Duration::from_secs(5);

/// Who holds a blocked address.
enum Holder {
    /// The line it was proved of.
    Line,
    /// Nobody: the block harms nobody.
    Nobody,
    /// Somebody else, or nobody can say who, in words.
    Other(String),
}

impl Desk {
    /// Says which outlets there are, before the first round.
    pub(crate) fn begin_edge(&self, outlets: &[Outlet]) {
        let scopes: Vec<Scope> = outlets.iter().map(Outlet::scope).collect();
        self.edge_status().send_modify(|status| status.know(&scopes));
    }

    /// One round at each outlet, one after the other.
    pub(crate) async fn edge_round(&self, outlets: &mut [Outlet]) {
        let scopes: Vec<Scope> = outlets.iter().map(Outlet::scope).collect();
        self.take_up_what_others_wrote().await;
        self.look_for_lines().await;
        let plan = self.plan_of_holders().await;
        self.edge_status().send_if_modified(|status| status.cannot_serve(unserved(&plan, &scopes)));
        for (outlet, part) in outlets.iter_mut().zip(share(&plan, &scopes)) {
            self.one_round_at(outlet, &part).await;
        }
    }

    /// Makes the plan whenever the bell rings, and gives each outlet its part. Each has a keeper of its own, so that a peer
    /// that is slow or down holds up no other.
    pub(crate) async fn keep_the_edge(self, outlets: Vec<Outlet>) {
        let scopes: Vec<Scope> = outlets.iter().map(Outlet::scope).collect();
        self.begin_edge(&outlets);
        let mut keepers = JoinSet::new();
        let mut parts = Vec::new();
        for outlet in outlets {
            let (part, planned) = watch::channel(None);
            keepers.spawn(self.clone().keep_outlet(outlet, planned));
            parts.push(part);
        }
        tokio::select! {
            () = self.plan_for(&scopes, &parts) => {}
            Some(Err(error)) = keepers.join_next() => {
                if error.is_panic() {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
        }
    }

    async fn plan_for(&self, scopes: &[Scope], parts: &[watch::Sender<Option<Plan>>]) {
        let mut bell = self.bell();
        let mut looked_at: Option<Instant> = None;
        let mut of_firewalls: (Option<Instant>, Vec<Rule>) = (None, Vec::new());
        loop {
            bell.borrow_and_update();
            self.take_up_what_others_wrote().await;
            self.look_at_firewalls(&mut of_firewalls).await;
            let plan = self.plan_of_holders().await;
            let plan = Plan::new(plan.rules().iter().chain(&of_firewalls.1).copied().collect());
            if looked_at.is_none_or(|at| at.elapsed() >= LOOK_FOR_LINES) {
                self.look_for_lines().await;
                looked_at = Some(Instant::now());
            }
            self.edge_status().send_if_modified(|status| status.cannot_serve(unserved(&plan, scopes)));
            for (part, planned) in parts.iter().zip(share(&plan, scopes)) {
                part.send_if_modified(|last| {
                    let is_new = last.as_ref() != Some(&planned);
                    *last = Some(planned);
                    is_new
                });
            }
            wait(&mut bell).await;
        }
    }

    /// Keeps which lines are in the garden for their firewall. Where that cannot be read, what was read last holds.
    async fn look_at_firewalls(&self, known: &mut (Option<Instant>, Vec<Rule>)) {
        if known.0.is_some_and(|at| at.elapsed() < LOOK_AT_FIREWALLS) {
            return;
        }
        match self.firewall_rules().await {
            Ok(rules) => known.1 = rules,
            Err(error) => {
                tracing::error!(error = %chain(&error), "which lines are in the garden for their firewall could not be read");
            }
        }
        known.0 = Some(Instant::now());
    }

    /// A command of an operator's (`nightdesk block release`) writes to the store beside us. What it changed of a case with
    /// blocks counts from the next look on.
    async fn take_up_what_others_wrote(&self) {
        let cases = self.cases_with_blocks().await;
        if cases.is_empty() {
            return;
        }
        // Ours first: what we write in between can only make the store's newer, and then nothing is lost by looking.
        let ours: BTreeMap<CaseId, u64> = {
            let office = self.office().read().await;
            cases.iter().filter_map(|id| Some((*id, office.case(*id)?.version()))).collect()
        };
        match self.store().versions(&cases).await {
            Ok(theirs) if theirs.iter().any(|(id, version)| ours.get(id) < Some(version)) => {
                if let Err(error) = self.read_anew().await {
                    tracing::error!(error = %chain(&error), "what others wrote to our cases could not be read");
                }
            }
            Ok(_) => {}
            Err(error) => tracing::error!(error = %chain(&error), "could not look for what others wrote"),
        }
    }

    /// Every standing rule of every case; two cases may want the same of one address.
    async fn standing(&self) -> BTreeSet<Rule> {
        let now = self.now();
        self.office().read().await.cases().flat_map(|case| case.standing_rules(now)).collect()
    }

    async fn cases_with_blocks(&self) -> BTreeSet<CaseId> {
        let of_plan = self.standing().await.iter().map(|rule| rule.case).collect::<BTreeSet<_>>();
        let office = self.office().read().await;
        office
            .cases()
            .filter(|case| case.waits_for_second_person(self.now()))
            .map(Case::id)
            .chain(of_plan)
            .collect()
    }

    /// The plan, each address of which was just seen not to be somebody else's. A blocked address that changed hands
    /// is let go at once: the new holder has done nothing.
    async fn plan_of_holders(&self) -> Plan {
        let rules = self.standing().await;
        let lines: BTreeSet<(CaseId, IpAddr)> =
            rules.iter().map(|rule| (rule.case, rule.key.address)).collect();
        let mut held: BTreeMap<(CaseId, IpAddr), Option<bool>> = BTreeMap::new();
        for (case, address) in lines {
            held.insert((case, address), self.let_go_unless_held(case, address).await);
        }
        let in_force: BTreeSet<RuleKey> =
            self.edge_status().borrow().in_force.iter().map(|rule| rule.key).collect();
        // Where the leases could not be read, nothing new is blocked and nothing is freed.
        let stays = |rule: &&Rule| {
            let held = held.get(&(rule.case, rule.key.address)).copied().flatten();
            held.unwrap_or_else(|| in_force.contains(&rule.key))
        };
        // What was lifted in the meantime is no longer in the cases; what was ordered waits for its own check.
        let still = self.standing().await;
        Plan::new(rules.iter().filter(stays).filter(|rule| still.contains(rule)).copied().collect())
    }

    /// Whether the blocks of a case on `address` may stand; `None` when that could not be found out. They are lifted
    /// when the address has gone to somebody else, or the line is known to be elsewhere.
    async fn let_go_unless_held(&self, id: CaseId, address: IpAddr) -> Option<bool> {
        let Some(subscriber) = self.office().read().await.case(id).map(|case| case.subscriber().clone())
        else {
            return Some(false);
        };
        let reason = match self.holder(&subscriber, address).await {
            Ok(Holder::Line) => return Some(true),
            Ok(Holder::Other(reason)) => reason,
            Ok(Holder::Nobody) => match self.line_now(&subscriber, address.is_ipv4()).await {
                Ok(LineNow::At(to)) if to != address => format!("the line has moved to {to}"),
                _ => return Some(true),
            },
            Err(error) => {
                tracing::error!(case = %id, %address, error = %chain(&error), "could not check who holds a blocked address");
                return None;
            }
        };
        if let Err(error) = self.act(id, Command::HolderChanged { address, reason }, Actor::Desk).await {
            tracing::error!(case = %id, error = %chain(&error), "a block on an address that changed hands could not be lifted");
        }
        Some(false)
    }

    async fn holder(&self, subscriber: &SubscriberId, address: IpAddr) -> Result<Holder, DeskError> {
        let whose = Whose { address, port: None, at: self.now(), uncertainty: SignedDuration::ZERO };
        Ok(match self.whose(&whose).await? {
            Attribution::One { subscriber: holder, .. } if holder == *subscriber => Holder::Line,
            Attribution::One { subscriber: holder, .. } => {
                Holder::Other(format!("{address} is now held by {holder}"))
            }
            Attribution::Several { reason, .. } => Holder::Other(reason),
            Attribution::Nobody { .. } => Holder::Nobody,
            Attribution::Foreign => Holder::Other(format!("{address} is no longer in the home prefixes")),
        })
    }

    /// Tells every pressing case that lost all its addresses where its line is now, so that it is asked there.
    async fn look_for_lines(&self) {
        let lost = |case: &&Case| {
            let pressing = matches!(case.stage(), Stage::Suspected | Stage::Confirmed | Stage::Contained);
            pressing && case.current_address().is_none()
        };
        let of_case = |case: &Case| (case.id(), case.subscriber().clone(), case.addresses());
        let lines: Vec<_> = self.office().read().await.cases().filter(lost).map(of_case).collect();
        for (id, subscriber, addresses) in lines {
            for ipv4 in [true, false] {
                if addresses.iter().any(|address| address.is_ipv4() == ipv4)
                    && let Err(error) = self.look_for_line(id, &subscriber, ipv4).await
                {
                    tracing::warn!(case = %id, error = %chain(&error), "could not find where a line is now");
                }
            }
        }
    }

    async fn look_for_line(&self, id: CaseId, subscriber: &SubscriberId, ipv4: bool) -> Result<(), ActError> {
        let LineNow::At(to) = self.line_now(subscriber, ipv4).await? else { return Ok(()) };
        let reason = format!("by the leases, {subscriber} holds it now");
        self.act(id, Command::LineMoved { to, reason }, Actor::Desk).await
    }
}
