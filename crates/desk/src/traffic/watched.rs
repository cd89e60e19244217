//! Lines that are watched since somebody reported a virus on them: the detectors look at them more closely (P6), wherever
//! their leases move.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use case::{Case, Stage, SubscriberId};
use ipnet::IpNet;
use tokio::sync::watch;

use crate::desk::Desk;
use crate::night::chain;

/// How often it is looked where the watched lines are now.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Lines watched more closely at once; the longest watched give way.
const LINES: usize = 10_000;

/// The prefixes of the watched lines.
pub(super) type Watched = Arc<BTreeSet<IpNet>>;

impl Desk {
    /// Tells the watchers which lines are watched, whenever that changes.
    pub(super) async fn hand_over_watched(&self, to: &watch::Sender<Watched>) {
        loop {
            let now = self.watched_lines().await;
            to.send_if_modified(|known| {
                let changed = **known != now;
                if changed {
                    *known = Arc::new(now.clone());
                }
                changed
            });
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Where the watched lines are now, as far as they hold whole addresses of their own.
    async fn watched_lines(&self) -> BTreeSet<IpNet> {
        let subscribers: Vec<SubscriberId> = {
            let office = self.office().read().await;
            let mut cases: Vec<&Case> =
                office.cases().filter(|case| case.stage() == Stage::Watching).collect();
            cases.sort_by_key(|case| std::cmp::Reverse(case.stage_since()));
            cases.into_iter().take(LINES).map(|case| case.subscriber().clone()).collect()
        };
        let mut nets = BTreeSet::new();
        for subscriber in subscribers {
            match self.store().held_now(&subscriber, self.now()).await {
                Ok(held) => {
                    nets.extend(held.iter().filter(|lease| lease.ports.is_none()).map(|lease| lease.net));
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "where a watched line is now is not known");
                }
            }
        }
        nets
    }
}
