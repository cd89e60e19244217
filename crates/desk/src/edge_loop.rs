//! Making the edge equal to the plan, for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use case::{Actor, Case, CaseId, Command, Errand, Plan, Receipt, Rule, RuleKey, Stage, SubscriberId};
use edge::{Again, Outlet};
use lease::{Attribution, Whose};
use store::{Batch, NewErrand};

use crate::desk::Desk;
use crate::errands::LineNow;
use crate::error::{ActError, DeskError};
use crate::night::{chain, wait};

/// How often the edge is read when nothing rings: what was changed by hand is put right within this.
const REGULAR: Duration = Duration::from_secs(30);

/// How often lines that lost all their addresses are looked for.
const LOOK_FOR_LINES: Duration = Duration::from_secs(1);
/// How long the edge may be out of reach before the operators are paged; what an operator must mend is paged at once.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How the rounds at the edge have failed of late.
#[derive(Default)]
struct Failures {
    since: Option<Instant>,
    /// The hour the operators were last paged in.
    paged: Option<i64>,
}

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
    /// Looks at the plan and the edge whenever the bell rings, and regularly.
    pub(crate) async fn keep_the_edge(self, mut outlet: Outlet) {
        let mut bell = self.bell();
        let mut last = None;
        let mut read_at = Instant::now();
        let mut looked_at: Option<Instant> = None;
        let mut failures = Failures::default();
        loop {
            bell.borrow_and_update();
            let plan = self.plan_of_holders().await;
            if looked_at.is_none_or(|at| at.elapsed() >= LOOK_FOR_LINES) {
                self.look_for_lines().await;
                looked_at = Some(Instant::now());
            }
            if last.as_ref() != Some(&plan) || read_at.elapsed() >= REGULAR {
                let again = self.reconcile(&mut outlet, &plan).await;
                self.page_of_failures(&mut failures, again, &plan).await;
                read_at = Instant::now();
                // What only an operator can mend is tried again with the next regular round, or for a new plan.
                let soon = again.is_some_and(|again| again != Again::Never);
                last = (!soon).then_some(plan);
                if soon {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            wait(&mut bell).await;
        }
    }

    /// Pages the operators, at most once an hour, while blocks that were ordered cannot be brought to the edge.
    async fn page_of_failures(&self, failures: &mut Failures, again: Option<Again>, plan: &Plan) {
        let Some(again) = again else {
            failures.since = None;
            return;
        };
        let since = *failures.since.get_or_insert_with(Instant::now);
        let hour = self.now().as_second().div_euclid(3600);
        let pressing = again == Again::Never || since.elapsed() > PATIENCE;
        let Some(rule) = plan.rules().first().filter(|_| pressing && failures.paged != Some(hour)) else {
            return;
        };
        let trouble = self.edge_status().borrow().trouble.clone().unwrap_or_default();
        let what = format!(
            "the edge could not be made equal to the plan of {} blocks: {trouble}\n\n\
             The plan is kept and tried again by itself; this page comes at most once an hour.",
            plan.rules().len()
        );
        let page = NewErrand {
            case: rule.case,
            due: self.now(),
            key: format!("page/edge/{hour}"),
            errand: Errand::PageOperators { what },
        };
        let batch = Batch { errands: vec![page], ..Batch::default() };
        match self.store().commit(&batch).await {
            Ok(()) => failures.paged = Some(hour),
            Err(error) => tracing::error!(error = %chain(&error), "the operators could not be paged"),
        }
    }

    /// One round: read, apply the difference, read back, tell the cases. `Some` says when to try a failed one again.
    async fn reconcile(&self, outlet: &mut Outlet, plan: &Plan) -> Option<Again> {
        match outlet.reconcile(plan, self.now()).await {
            Ok(receipt) => {
                self.note_receipt(&receipt, plan.rules().len()).await;
                None
            }
            Err(error) => {
                let text = chain(&error);
                tracing::error!(outlet = outlet.name(), error = %text, "the edge could not be made equal to the plan");
                self.edge_status().send_modify(|status| {
                    status.outlet = outlet.name().to_owned();
                    status.trouble = Some(text);
                });
                Some(error.again())
            }
        }
    }

    async fn note_receipt(&self, receipt: &Receipt, planned: usize) {
        let trouble = receipt.refused.first().map(|first| {
            let more = receipt.refused.len() - 1;
            let rest = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!(
                "{} of {planned} planned blocks refused: {}: {}{rest}",
                receipt.refused.len(),
                first.key,
                first.reason
            )
        });
        self.edge_status().send_modify(|status| {
            status.outlet.clone_from(&receipt.outlet);
            status.read_at = Some(receipt.at);
            status.in_force.clone_from(&receipt.in_force);
            status.trouble = trouble;
        });
        for case in self.cases_with_blocks().await {
            let command =
                Command::EdgeRead { in_force: receipt.in_force.clone(), refused: receipt.refused.clone() };
            if let Err(error) = self.act(case, command, Actor::Desk).await {
                tracing::warn!(%case, error = %chain(&error), "what the edge showed could not be recorded yet");
            }
        }
    }

    /// Every standing rule of every case; two cases may want the same of one address.
    async fn standing(&self) -> BTreeSet<Rule> {
        let now = self.now();
        self.office().read().await.cases().flat_map(|case| case.standing_rules(now)).collect()
    }

    async fn cases_with_blocks(&self) -> BTreeSet<CaseId> {
        self.standing().await.iter().map(|rule| rule.case).collect()
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
