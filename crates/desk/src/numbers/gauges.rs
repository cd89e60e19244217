//! What a scraper is told beside the front page: how much of what, and how long it took what ended since the start.

use std::collections::BTreeMap;

use case::{BOUNDS, Case, Interval, Kind, Stage};
use serde::Serialize;
use store::{AskedFor, Outbox, SpoolDepth};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// One clock over what ended since the start, as cumulative counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockCounts {
    /// Which.
    pub clock: Interval,
    /// For each of [`BOUNDS`], in seconds, how many took no longer.
    pub up_to: Vec<(i64, u64)>,
    /// How many there are.
    pub count: u64,
    /// All of them summed, in seconds.
    pub seconds: u64,
}

/// What a blocklist said today of our addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListCounts {
    /// The list's domain.
    pub zone: String,
    /// `case`: addresses of open cases; `sample`: picked ones of our prefixes; `list`: the list itself, listed when it works.
    pub of: &'static str,
    /// How many it was asked about.
    pub asked: u64,
    /// How many of them it lists.
    pub listed: u64,
}

/// Figures of this moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gauges {
    /// Open cases by stage and kind; one that has several kinds is counted under each.
    pub by_kind: Vec<(Stage, Kind, u64)>,
    /// Open cases whose stage's clock has run out.
    pub cases_overdue: u64,
    /// Open cases that people were paged for and nobody has acted on.
    pub unacknowledged: u64,
    /// Each clock.
    pub clocks: Vec<ClockCounts>,
    /// What blocklists said today, where they are asked.
    pub blocklists: Vec<ListCounts>,
    /// What is still to be done.
    #[serde(skip)]
    pub outbox: Outbox,
    /// For how many seconds the oldest of it should have been done.
    pub outbox_age: u64,
    /// What lies in the spool; none when it could not be read.
    #[serde(skip)]
    pub spool: Option<SpoolDepth>,
}

impl Desk {
    /// Figures of this moment, for a scraper.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn gauges(&self) -> Result<Gauges, DeskError> {
        let now = self.now();
        let outbox = self.store().outbox(now).await.doing("count what is to be done")?;
        let spool = self.spool().clone();
        let depth = tokio::task::spawn_blocking(move || spool.depth());
        let (by_kind, cases_overdue) = {
            let playbook = self.playbook();
            let office = self.office().read().await;
            let overdue = |case: &&Case| case.urgency(&playbook).due.is_some_and(|due| due < now);
            (by_kind(office.cases()), office.cases().filter(overdue).count())
        };
        let age = |due: jiff::Timestamp| u64::try_from(now.duration_since(due).as_secs()).unwrap_or(0);
        Ok(Gauges {
            by_kind,
            cases_overdue: u64::try_from(cases_overdue).unwrap_or(u64::MAX),
            unacknowledged: self.kept().unacknowledged(),
            clocks: Interval::ALL.into_iter().map(|clock| self.clock_counts(clock)).collect(),
            blocklists: self.list_counts().await?,
            outbox_age: outbox.oldest.map_or(0, age),
            outbox,
            spool: depth.await.ok().and_then(|depth| match depth {
                Ok(depth) => Some(depth),
                Err(error) => {
                    tracing::error!(%error, "how much lies in the spool is not known");
                    None
                }
            }),
        })
    }

    async fn list_counts(&self) -> Result<Vec<ListCounts>, DeskError> {
        let lists = self.blocklists();
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        let today = self.store().look_days(self.now()).await.doing("read what blocklists said")?;
        let of = |why: AskedFor| match why {
            AskedFor::Case => "case",
            AskedFor::Sample => "sample",
            AskedFor::List => "list",
        };
        let asked = today.into_iter().filter(|row| lists.iter().any(|(zone, _)| *zone == row.zone));
        let counts = |row: store::LookDay| ListCounts {
            of: of(row.asked_for),
            zone: row.zone,
            asked: row.asked,
            listed: row.listed,
        };
        Ok(asked.map(counts).collect())
    }

    fn clock_counts(&self, clock: Interval) -> ClockCounts {
        let ended = self.kept().ended(clock);
        ClockCounts {
            clock,
            up_to: BOUNDS.into_iter().zip(ended.up_to).collect(),
            count: ended.count,
            seconds: ended.seconds,
        }
    }
}

fn by_kind<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<(Stage, Kind, u64)> {
    let mut counts: BTreeMap<(Stage, Kind), u64> = BTreeMap::new();
    for case in cases {
        for kind in case.kinds() {
            let count = counts.entry((case.stage(), *kind)).or_default();
            *count = count.saturating_add(1);
        }
    }
    counts.into_iter().map(|((stage, kind), count)| (stage, kind, count)).collect()
}
