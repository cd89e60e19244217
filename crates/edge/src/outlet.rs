//! Where blocks go.

use case::{InForce, Plan, Receipt};
use jiff::Timestamp;

use crate::bgp::{Bgp, BgpConfig, RouteKind};
use crate::hands::{Hands, HandsConfig};
use crate::radius::{Radius, RadiusConfig, Sessions};
use crate::round::{Peer, Round};
use crate::scope::{Reach, Scope};
use crate::zone::{Zone, ZoneConfig, ZoneKind};
use crate::{Config, DryRun, EdgeError, Nft};

/// One place where blocks go. It has one owner, which calls it in turn.
#[derive(Debug)]
pub enum Outlet {
    /// The packet filter of a Linux router.
    Nft(Nft),
    /// An edge in memory.
    DryRun(DryRun),
    /// A zone that a name server serves.
    Zone(Peering<Zone>),
    /// Routes that a BGP speaker announces.
    Bgp(Peering<Bgp>),
    /// Sessions that an access server changes.
    Radius(Peering<Radius>),
    /// Router text for hands.
    Hands(Peering<Hands>),
}

/// A peer with the guard rails before it.
#[derive(Debug)]
pub struct Peering<P> {
    round: Round,
    peer: P,
    scope: Scope,
}

#[expect(private_bounds, reason = "what a peer is, is our own affair")]
impl<P: Peer> Peering<P> {
    fn new(name: &str, limits: Config, live: bool, reach: Reach, peer: P) -> Self {
        let round = Round::new(name, limits, live);
        let scope = Scope { name: name.to_owned(), reach, live, only: Vec::new(), gardens: false };
        Peering { round, peer, scope }
    }

    async fn read(&mut self, now: Timestamp) -> Result<Vec<InForce>, EdgeError> {
        self.round.read(&mut self.peer, now).await
    }

    async fn reconcile(&mut self, plan: &Plan, now: Timestamp) -> Result<Receipt, EdgeError> {
        self.round.reconcile(&mut self.peer, plan, now).await
    }
}

impl Outlet {
    /// A zone that a name server serves, under the name the configuration gives it. Touches nothing yet.
    #[must_use]
    pub fn zone(name: &str, limits: Config, zone: ZoneConfig) -> Outlet {
        let gardens = zone.kind == ZoneKind::Rpz;
        let mut outlet = Peering::new(name, limits, zone.live, Reach::Word, Zone::new(zone));
        outlet.scope.gardens = gardens;
        Outlet::Zone(outlet)
    }

    /// Routes that a BGP speaker announces, under the name the configuration gives it. Touches nothing yet.
    #[must_use]
    pub fn bgp(name: &str, limits: Config, bgp: BgpConfig) -> Outlet {
        let reach = match bgp.routes {
            RouteKind::Rtbh => Reach::Line,
            RouteKind::Flowspec => Reach::Port,
        };
        Outlet::Bgp(Peering::new(name, limits, bgp.live, reach, Bgp::new(bgp)))
    }

    /// Sessions that an access server changes, under the name the configuration gives it; `sessions` hears accounting.
    /// Touches nothing yet.
    #[must_use]
    pub fn radius(name: &str, limits: Config, radius: RadiusConfig, sessions: Sessions) -> Outlet {
        let only = radius.only.clone();
        let mut outlet = Peering::new(name, limits, radius.live, Reach::Line, Radius::new(radius, sessions));
        outlet.scope.only = only;
        outlet.scope.gardens = true;
        Outlet::Radius(outlet)
    }

    /// Router text for hands, under the name the configuration gives it. Touches nothing yet.
    #[must_use]
    pub fn hands(limits: Config, hands: HandsConfig) -> Outlet {
        let name = hands.name.clone();
        Outlet::Hands(Peering::new(&name, limits, hands.live, Reach::Word, Hands::new(hands)))
    }

    /// Its name in receipts and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Outlet::Nft(_) => "nftables",
            Outlet::DryRun(_) => "dry-run",
            Outlet::Zone(outlet) => outlet.round.name(),
            Outlet::Bgp(outlet) => outlet.round.name(),
            Outlet::Radius(outlet) => outlet.round.name(),
            Outlet::Hands(outlet) => outlet.round.name(),
        }
    }

    /// What it can hold, and how wide that is.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Outlet::Nft(_) | Outlet::DryRun(_) => Scope {
                name: self.name().to_owned(),
                reach: Reach::Port,
                live: true,
                only: Vec::new(),
                gardens: !matches!(self, Outlet::Nft(nft) if !nft.leads_to_a_garden()),
            },
            Outlet::Zone(outlet) => outlet.scope.clone(),
            Outlet::Bgp(outlet) => outlet.scope.clone(),
            Outlet::Radius(outlet) => outlet.scope.clone(),
            Outlet::Hands(outlet) => outlet.scope.clone(),
        }
    }

    /// Takes it that `plan` stands there, where the edge itself cannot be read: an access server does not list its sessions.
    pub fn remember(&mut self, plan: &Plan) {
        if let Outlet::Radius(outlet) = self {
            outlet.peer.remember(plan);
        }
    }

    /// Who must hear the accounting that proves what this outlet did.
    #[must_use]
    pub fn sessions(&self) -> Option<Sessions> {
        match self {
            Outlet::Radius(outlet) => Some(outlet.peer.sessions()),
            _ => None,
        }
    }

    /// Hears what is planned, before [`Outlet::read`]: where the edge knows lines and no ports, it tells which rules a line
    /// stands for.
    pub fn expect(&mut self, plan: &Plan) {
        match self {
            Outlet::Nft(_) | Outlet::DryRun(_) => {}
            Outlet::Zone(outlet) => outlet.peer.expect(plan),
            Outlet::Bgp(outlet) => outlet.peer.expect(plan),
            Outlet::Radius(outlet) => outlet.peer.expect(plan),
            Outlet::Hands(outlet) => outlet.peer.expect(plan),
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
            Outlet::Zone(outlet) => outlet.read(now).await,
            Outlet::Bgp(outlet) => outlet.read(now).await,
            Outlet::Radius(outlet) => outlet.read(now).await,
            Outlet::Hands(outlet) => outlet.read(now).await,
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
            Outlet::Zone(outlet) => outlet.reconcile(plan, now).await?,
            Outlet::Bgp(outlet) => outlet.reconcile(plan, now).await?,
            Outlet::Radius(outlet) => outlet.reconcile(plan, now).await?,
            Outlet::Hands(outlet) => outlet.reconcile(plan, now).await?,
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
            Outlet::Zone(outlet) => outlet.round.said(),
            Outlet::Bgp(outlet) => outlet.round.said(),
            Outlet::Radius(outlet) => outlet.round.said(),
            Outlet::Hands(outlet) => outlet.round.said(),
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
