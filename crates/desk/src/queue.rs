//! The queue: one language of searches for page, API and command line.

use case::{Asker, Case, Listed, Narrow, Query, QueryError};
use jiff::Timestamp;
use store::Store;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::view::{QueuePage, QueueRow};

/// Rows on a page: what a browser draws at once and a person reads (the DOM, not the server, is the cost).
pub const PER_PAGE: usize = 50;
/// How far ended cases are counted: beyond, a figure tells nobody anything.
const COUNTED: u32 = 10_000;
/// How many ended cases are looked at one by one for a search that a table cannot answer by itself.
const LOOKED_AT: usize = 50_000;
/// How many are read at a time.
const AT_ONCE: u32 = 1000;
/// How many lines of an older make are made again at a time.
const MADE_AGAIN: u32 = 200;

/// Why a search gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// It was not understood.
    #[error("the search was not understood: {0}")]
    Search(#[from] QueryError),
    /// The desk failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// The lines that fit a search, newest first where ended ones are among them.
struct Lines {
    lines: Vec<Listed>,
    total: usize,
    /// Whether there are more than were counted.
    more: bool,
}

impl Desk {
    /// One page of the queue, most pressing first; `search` narrows it, `by` is whom `me` stands for.
    ///
    /// # Errors
    /// [`SearchError`] when the search is not understood or the store cannot be read.
    pub async fn queue(&self, search: &str, page: usize, by: &str) -> Result<QueuePage, SearchError> {
        let now = self.now();
        let query = Query::read(search, now)?;
        let page = page.max(1);
        let mut found = self.lines(&query, by, (page - 1).saturating_mul(PER_PAGE), PER_PAGE).await?;
        let pages = found.total.div_ceil(PER_PAGE).max(1);
        if page > pages {
            found = self.lines(&query, by, (pages - 1).saturating_mul(PER_PAGE), PER_PAGE).await?;
        }
        let mut rows: Vec<QueueRow> = found.lines.iter().map(|line| QueueRow::of(line, now)).collect();
        self.fill_in_heard(&mut rows).await?;
        Ok(QueuePage { rows, total: found.total, more: found.more, page: page.min(pages), pages })
    }

    /// The lines that fit, from `skip` on, at most `take`.
    async fn lines(&self, query: &Query, by: &str, skip: usize, take: usize) -> Result<Lines, DeskError> {
        let now = self.now();
        if query.wants_ended() {
            return ended(self.store(), query, &Asker { name: Some(by), now }, skip, take).await;
        }
        self.relist_under_another_playbook().await?;
        let (desk, query, by) = (self.clone(), query.clone(), by.to_owned());
        let look = move || desk.listing().find(&query, &Asker { name: Some(&by), now }, skip, take);
        let found = tokio::task::spawn_blocking(look).await;
        let found = found.map_err(|error| DeskError::Unreadable(format!("a search broke off: {error}")))?;
        Ok(Lines { lines: found.lines, total: found.total, more: false })
    }

    /// Every open or ended case that fits, at most `most`; and whether there are more.
    pub(crate) async fn every_line(
        &self,
        query: &Query,
        by: &str,
        most: usize,
    ) -> Result<(Vec<Listed>, bool), DeskError> {
        let found = self.lines(query, by, 0, most).await?;
        Ok((found.lines, found.more || found.total > most))
    }

    /// Clocks and harm follow from the playbook: under another one every line is made again.
    pub(crate) async fn relist_under_another_playbook(&self) -> Result<(), DeskError> {
        let playbook = self.playbook();
        if self.listing().is_of_another(&playbook) {
            let office = self.office().read().await;
            let ended = self.listing().ended();
            self.listing().start(office.cases(), &playbook, ended);
        }
        Ok(())
    }

    /// Makes the lines again that an older nightdesk wrote, until there is none left.
    pub(crate) async fn make_lines_again(&self) -> Result<usize, DeskError> {
        let doing = "look for lines of an older make";
        let cases = self.store().lines_of_older_make(MADE_AGAIN).await.doing(doing)?;
        let records = self.store().records_of(&cases).await.doing("read cases of an older make")?;
        let playbook = self.playbook();
        let of_case = records.chunk_by(|a, b| a.case == b.case).filter_map(Case::replay);
        let lines: Vec<Listed> = of_case.map(|case| Listed::of(&case, &playbook)).collect();
        self.store().write_lines_again(&lines).await.doing("write lines of cases again")?;
        Ok(lines.len())
    }
}

impl QueueRow {
    /// The row of a line.
    pub(crate) fn of(line: &Listed, now: Timestamp) -> QueueRow {
        QueueRow {
            id: line.case,
            subscriber: line.subscriber.clone(),
            stage: line.stage,
            headline: line.more.headline.clone(),
            addresses: line.addresses.clone(),
            kinds: line.more.kinds.iter().copied().collect(),
            opened: line.opened,
            updated: line.updated,
            due: line.due,
            harm: line.harm,
            proxy: line.proxy,
            assignee: line.assignee.clone(),
            mentions: line.more.mentions.iter().cloned().collect(),
            sightings: line.more.sightings,
            reports: 0,
            reporters: 0,
            authenticated_reporters: 0,
            blocks: line.blocks(now),
        }
    }
}

/// The lines of a store that fit, the newest first; needs no running desk. `most` are given, and whether there are more.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn cases_that_fit(
    store: &Store,
    query: &Query,
    asker: &Asker<'_>,
    most: usize,
) -> Result<(Vec<Listed>, bool), DeskError> {
    let mut found = sift(store, query, asker, most.saturating_add(1), usize::MAX).await?.0;
    let more = found.len() > most;
    found.truncate(most);
    let order = query.order();
    found.sort_by_key(|line| (order.key(line, asker.now), line.case));
    Ok((found, more))
}

/// One page of a search in which ended cases may be. In any other order than the newest first, the newest ten thousand
/// that fit are sorted.
async fn ended(
    store: &Store,
    query: &Query,
    asker: &Asker<'_>,
    skip: usize,
    take: usize,
) -> Result<Lines, DeskError> {
    let narrow = query.narrowed();
    let counted = usize::try_from(COUNTED).unwrap_or(usize::MAX);
    if narrow.exact && query.order().is_newest_first() {
        let total = store.count_lines(&narrow, COUNTED + 1).await.doing("count cases")?;
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        let (offset, limit) =
            (u64::try_from(skip).unwrap_or(u64::MAX), u32::try_from(take).unwrap_or(AT_ONCE));
        let lines = store.lines(&narrow, None, limit, offset).await.doing("list cases")?;
        return Ok(Lines { lines, total: total.min(counted), more: total > counted });
    }
    let (mut found, all) = sift(store, query, asker, counted, LOOKED_AT).await?;
    if !query.order().is_newest_first() {
        found.sort_by_key(|line| (query.order().key(line, asker.now), line.case));
    }
    let total = found.len();
    Ok(Lines { lines: found.into_iter().skip(skip).take(take).collect(), total, more: !all })
}

/// Reads lines, the newest first, until `most` fit or `looks` were looked at; and whether that was all there is.
async fn sift(
    store: &Store,
    query: &Query,
    asker: &Asker<'_>,
    most: usize,
    looks: usize,
) -> Result<(Vec<Listed>, bool), DeskError> {
    let narrow: Narrow = query.narrowed();
    let (mut found, mut looked, mut before) = (Vec::new(), 0, None);
    loop {
        let some = store.lines(&narrow, before, AT_ONCE, 0).await.doing("list cases")?;
        let Some(last) = some.last() else { return Ok((found, true)) };
        before = Some(last.case);
        looked += some.len();
        for line in some.into_iter().filter(|line| query.fits(line, asker)) {
            if found.len() == most {
                return Ok((found, false));
            }
            found.push(line);
        }
        if looked >= looks {
            return Ok((found, false));
        }
    }
}
