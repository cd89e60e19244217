//! Making the edge equal to the plan, for ever.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use case::{Actor, CaseId, Command, Receipt, RuleKey};
use edge::{Again, Outlet};
use lease::{Attribution, Whose};

use crate::desk::Desk;
use crate::error::DeskError;
use crate::night::{chain, wait};

/// How often the edge is read when nothing rings: what was changed by hand is put right within this.
const REGULAR: Duration = Duration::from_secs(30);

impl Desk {
    /// Looks at the plan and the edge whenever the bell rings, and regularly.
    pub(crate) async fn keep_the_edge(self, mut outlet: Outlet) {
        let mut bell = self.bell();
        let mut last = None;
        let mut read_at = tokio::time::Instant::now();
        loop {
            bell.borrow_and_update();
            if let Err(error) = self.hold_to_holders().await {
                tracing::error!(error = %chain(&error), "could not check who holds the blocked addresses");
            }
            let plan = self.plan().await;
            if last.as_ref() != Some(&plan) || read_at.elapsed() >= REGULAR {
                let again = self.reconcile(&mut outlet, &plan).await;
                read_at = tokio::time::Instant::now();
                last = again.is_none().then_some(plan);
                if again == Some(Again::Never) {
                    tokio::time::sleep(REGULAR).await;
                } else if again.is_some() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            wait(&mut bell).await;
        }
    }

    /// One round: read, apply the difference, read back, tell the cases. `Some` says when to try a failed one again.
    async fn reconcile(&self, outlet: &mut Outlet, plan: &case::Plan) -> Option<Again> {
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
        for case in self.cases_with_blocks().await.into_values() {
            let command =
                Command::EdgeRead { in_force: receipt.in_force.clone(), refused: receipt.refused.clone() };
            if let Err(error) = self.act(case, command, Actor::Desk).await {
                tracing::warn!(%case, error = %chain(&error), "what the edge showed could not be recorded yet");
            }
        }
    }

    async fn cases_with_blocks(&self) -> BTreeMap<RuleKey, CaseId> {
        self.plan().await.rules().iter().map(|rule| (rule.key, rule.case)).collect()
    }

    /// A blocked address that changed hands is let go at once: the new holder has done nothing.
    async fn hold_to_holders(&self) -> Result<(), DeskError> {
        let mut blocked: Vec<_> =
            self.plan().await.rules().iter().map(|rule| (rule.case, rule.key.address)).collect();
        blocked.dedup();
        for (id, address) in blocked {
            let Some(subscriber) = self.office().read().await.case(id).map(|case| case.subscriber().clone())
            else {
                continue;
            };
            let whose = Whose { address, port: None, at: self.now(), uncertainty: SignedDuration::ZERO };
            let reason = match self.whose(&whose).await? {
                Attribution::One { subscriber: holder, .. } if holder == subscriber => continue,
                Attribution::One { subscriber: holder, .. } => format!("{address} is now held by {holder}"),
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => reason,
                Attribution::Foreign => format!("{address} is no longer in the home prefixes"),
            };
            let command = Command::HolderChanged { address, reason };
            if let Err(error) = self.act(id, command, Actor::Desk).await {
                tracing::error!(case = %id, error = %chain(&error), "a block on an address that changed hands could not be lifted");
            }
        }
        Ok(())
    }
}
