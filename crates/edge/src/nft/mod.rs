//! The packet filter of a Linux router, driven through the real `nft` program.
//!
//! All we touch is our own table `inet nightdesk`. It holds sets of elements with timeouts, six rules that drop what the
//! sets name (see `script`), and where there is a walled garden those that lead lines there (see `garden`). The kernel takes each element away at the end of its block by itself, so a
//! block lapses on time when nightdesk is stopped, dead, or cannot reach the router.
//!
//! A change is one transaction: the kernel takes all of it or none. What counts as in force is only what the table
//! shows when it is read again afterwards. Whatever another hand did to the table (an element more or less, another
//! timeout, a rule changed, the table gone) is found and put right by the next round.

mod garden;
mod listing;
mod script;

use std::net::IpAddr;
use std::time::Duration;

use case::{InForce, Measure, Plan, Receipt, Refused, Rule, RuleKey};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use garden::{GardenRest, NftGarden};
pub use listing::{Listing, ListingError, read_listing};

use crate::diff::{self, Change, Edge, Standing};
use crate::error::EdgeError;
use crate::guard::{Config, Guard, Judged};
use crate::program::Program;
use script::Shape;

/// `nft` lists whole seconds in JSON, so ends this close are the same end.
const COARSENESS: SignedDuration = SignedDuration::from_secs(2);

/// Which traffic passes our rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guards {
    /// What the router forwards. The router's own traffic is no line's: a mistake in the home prefixes cannot cut it
    /// off from its peers, and a probe sent from the router itself still reaches a contained line and can find it clean.
    #[default]
    Forwarded,
    /// Also what local programs send and receive: for a host that contains its own services, and for a demo.
    ForwardedAndLocal,
}

/// How to reach the packet filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NftConfig {
    /// The program with what must stand before its arguments: `["nft"]`, or
    /// `["ip", "netns", "exec", "router", "nft"]` for another network namespace.
    pub command: Vec<String>,
    /// Which traffic passes our rules.
    pub guards: Guards,
    /// The addresses our own probes come from; they reach contained lines as ever. Never a subscriber's.
    pub probers: Vec<IpAddr>,
    /// Where lines in the walled garden are led.
    pub garden: NftGarden,
    /// How long one run of the program may take. Listing 100,000 blocks takes under 8 s on a busy small machine.
    pub deadline: Duration,
}

impl Default for NftConfig {
    fn default() -> Self {
        NftConfig {
            command: vec!["nft".to_owned()],
            guards: Guards::default(),
            probers: Vec::new(),
            garden: NftGarden::default(),
            deadline: Duration::from_secs(20),
        }
    }
}

/// Drives one packet filter.
#[derive(Debug)]
pub struct Nft {
    guard: Guard,
    shape: Shape,
    program: Program,
    /// How the table looks, elements aside, right after we have written it. `None` until then: the first round of a
    /// process writes the table anew, elements included, in one transaction.
    known: Option<Value>,
    said: Vec<String>,
}

/// What one look at the table showed.
#[derive(Debug)]
struct Seen {
    edge: Edge,
    listing: Listing,
    /// How far the ends in `edge` may be off.
    slack: SignedDuration,
}

/// The caller's time, moving on while we work: elements are given what is left when they are written.
#[derive(Debug, Clone, Copy)]
struct Clock {
    base: Timestamp,
    started: tokio::time::Instant,
}

impl Clock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.base.checked_add(passed).unwrap_or(self.base)
    }
}

impl Nft {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(config: Config, nft: NftConfig) -> Self {
        Nft {
            guard: Guard::new(config),
            shape: Shape { guards: nft.guards, probers: nft.probers, garden: nft.garden },
            program: Program::new(nft.command, nft.deadline),
            known: None,
            said: Vec::new(),
        }
    }

    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    pub(crate) fn leads_to_a_garden(&self) -> bool {
        self.shape.garden.leads()
    }

    pub(crate) async fn read(&self, now: Timestamp) -> Result<Vec<InForce>, EdgeError> {
        let clock = Clock { base: now, started: tokio::time::Instant::now() };
        let seen = self.look(clock).await?;
        // Elements without the rules that use them block nothing.
        Ok(seen.filter(|seen| self.is_guarded(seen)).map_or_else(Vec::new, |seen| diff::in_force(&seen.edge)))
    }

    pub(crate) async fn reconcile(&mut self, plan: &Plan, now: Timestamp) -> Result<Receipt, EdgeError> {
        let clock = Clock { base: now, started: tokio::time::Instant::now() };
        let before = self.look(clock).await?;
        let (edge, slack) =
            before.as_ref().map_or_else(Default::default, |seen| (seen.edge.clone(), seen.slack));
        let (plan, unfit) = self.fitting(plan);
        let mut judged = self.guard.judge(&plan, &diff::since(&edge), clock.now());
        judged.refused.extend(unfit);
        let change = Change::between(&judged.admitted, &edge, slack);
        let rebuild = self.why_rebuild(before.as_ref());
        let was_known = self.known.is_some();
        self.said = rebuild.iter().map(|why| format!("write table inet nightdesk anew: {why}")).collect();
        self.said.extend(change.lines(""));

        let after = match before {
            Some(seen) if rebuild.is_none() && change.is_empty() => seen,
            _ => self.apply(&judged.admitted, &change, &edge, rebuild.is_some(), clock).await?,
        };
        let new: Vec<RuleKey> = change.add.iter().map(|rule| rule.key).collect();
        self.guard.note(&diff::since(&after.edge), &new, clock.now());
        let by_hand =
            rebuild.filter(|_| was_known).map(|why| format!("table inet nightdesk: {why}; written anew"));
        Ok(receipt(judged, change, &after.edge, by_hand, clock.now()))
    }

    /// The plan less what this table was not made for.
    fn fitting(&self, plan: &Plan) -> (Plan, Vec<Refused>) {
        let fits = |rule: &Rule| rule.key.measure != Measure::Garden || self.leads_to_a_garden();
        let (fit, unfit): (Vec<Rule>, Vec<Rule>) = plan.rules().iter().copied().partition(fits);
        let reason = "this packet filter leads no line into the walled garden: set garden.lead_to";
        let refuse = |rule: &Rule| Refused { key: rule.key, reason: reason.to_owned() };
        (Plan::new(fit), unfit.iter().map(refuse).collect())
    }

    /// Writes the change, or the whole table, and reads it again.
    async fn apply(
        &mut self,
        admitted: &[Rule],
        change: &Change,
        edge: &Edge,
        rebuild: bool,
        clock: Clock,
    ) -> Result<Seen, EdgeError> {
        let now = clock.now();
        let since = |key: &RuleKey| {
            edge.get(key).and_then(|standing| standing.since).or_else(|| self.guard.since(key)).unwrap_or(now)
        };
        let script = match rebuild {
            true => script::table(&self.shape) + &script::additions(admitted, now, &since),
            false => script::update(change, now, &since),
        };
        self.program.run("change table inet nightdesk", &["-f", "-"], Some(script)).await?;
        let missing = || EdgeError::NotInForce("the table is not there".to_owned());
        let seen = self.look(clock).await?.ok_or_else(missing)?;
        if !self.is_guarded(&seen) {
            self.known = None;
            return Err(EdgeError::NotInForce("its rules are not as we wrote them".to_owned()));
        }
        if rebuild {
            self.known = Some(seen.listing.shape.clone());
        }
        Ok(seen)
    }

    async fn look(&self, clock: Clock) -> Result<Option<Seen>, EdgeError> {
        let asked = clock.now();
        let arguments = ["-j", "list", "table", "inet", script::TABLE];
        let Some(json) = self.program.list("read table inet nightdesk", &arguments).await? else {
            return Ok(None);
        };
        let took = clock.now().duration_since(asked);
        let listing = read_listing(&json)?;
        let standing = |element: &listing::Element| Standing {
            until: element.left.and_then(|left| asked.checked_add(left).ok()),
            since: element.since,
        };
        let edge = listing.elements.iter().map(|element| (element.key, standing(element))).collect();
        Ok(Some(Seen { edge, listing, slack: COARSENESS.saturating_add(took) }))
    }

    /// Why the table must be written anew; `None` when it is as we left it.
    fn why_rebuild(&self, before: Option<&Seen>) -> Option<&'static str> {
        let Some(seen) = before else { return Some("it is not there") };
        match &self.known {
            None => Some("first round of this process"),
            Some(known) if *known != seen.listing.shape => Some("another hand has changed it"),
            Some(_) if seen.listing.strangers > 0 => {
                Some("another hand has put elements in that we never write")
            }
            Some(_) => None,
        }
    }

    /// Whether all our rules are in the table, in order.
    fn is_guarded(&self, seen: &Seen) -> bool {
        script::is_guarded(&self.shape, &seen.listing)
    }
}

fn receipt(judged: Judged, change: Change, edge: &Edge, by_hand: Option<String>, at: Timestamp) -> Receipt {
    let mut refused = judged.refused;
    for rule in judged.admitted {
        let lapsed = rule.until.duration_since(at) <= COARSENESS;
        if !lapsed && edge.get(&rule.key).is_none_or(|standing| standing.until.is_none()) {
            let reason = "the packet filter took it and the read-back does not show it: another hand or a full set; \
                          look at `nft list table inet nightdesk`";
            refused.push(Refused { key: rule.key, reason: reason.to_owned() });
        }
    }
    refused.sort_by_key(|refused| refused.key);
    let outlet = "nftables".to_owned();
    Receipt {
        outlet,
        at,
        added: change.touched(),
        removed: change.remove,
        in_force: diff::in_force(edge),
        refused,
        by_hand: by_hand.into_iter().collect(),
    }
}
