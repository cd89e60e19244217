//! Where blocks go.

use case::{InForce, Plan, Receipt};
use jiff::Timestamp;

use crate::{DryRun, EdgeError, Nft};

/// One place where blocks go. It has one owner, which calls it in turn.
#[derive(Debug)]
pub enum Outlet {
    /// The packet filter of a Linux router.
    Nft(Nft),
    /// An edge in memory.
    DryRun(DryRun),
}

impl Outlet {
    /// Its name in receipts and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Outlet::Nft(_) => "nftables",
            Outlet::DryRun(_) => "dry-run",
        }
    }

    /// All of ours that is in force now. Looks, and changes nothing.
    ///
    /// # Errors
    /// [`EdgeError`] when the edge cannot be asked or understood.
    pub async fn read(&mut self, now: Timestamp) -> Result<Vec<InForce>, EdgeError> {
        match self {
            Outlet::Nft(nft) => nft.read(now).await,
            Outlet::DryRun(dry) => Ok(dry.read(now)),
        }
    }

    /// Makes the edge equal to `plan` less what the guard rails refuse: reads it, applies the difference in one
    /// transaction, reads it again. Safe to call at any time, with any plan, after any failure.
    ///
    /// # Errors
    /// [`EdgeError`] when the edge cannot be asked, changed or understood; [`EdgeError::again`] says what to do.
    pub async fn reconcile(&mut self, plan: &Plan, now: Timestamp) -> Result<Receipt, EdgeError> {
        let receipt = match self {
            Outlet::Nft(nft) => nft.reconcile(plan, now).await?,
            Outlet::DryRun(dry) => dry.reconcile(plan, now),
        };
        if !receipt.added.is_empty() || !receipt.removed.is_empty() {
            let (added, removed) = (receipt.added.len(), receipt.removed.len());
            let in_force = receipt.in_force.len();
            tracing::info!(outlet = %receipt.outlet, added, removed, in_force, "edge made equal to the plan");
        }
        Ok(receipt)
    }

    /// What the last [`Outlet::reconcile`] did, or for a dry run would have done, one line for each rule.
    #[must_use]
    pub fn said(&self) -> &[String] {
        match self {
            Outlet::Nft(nft) => nft.said(),
            Outlet::DryRun(dry) => dry.said(),
        }
    }
}

impl From<Nft> for Outlet {
    fn from(nft: Nft) -> Self {
        Outlet::Nft(nft)
    }
}

impl From<DryRun> for Outlet {
    fn from(dry: DryRun) -> Self {
        Outlet::DryRun(dry)
    }
}
