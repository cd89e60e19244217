//! What is due on the pages, once a second: steps, what comes back, what needs nobody any more, and the rings.

use std::sync::Arc;
use std::time::Duration;

use ::oncall::{Entry, Next, Page, Reason, Rota, Standing};
use case::{Actor, Event, Stage};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Told;
use super::tell::OVERDUE;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::{chain, wait};
use crate::notify::Mailer;

/// Between two rounds, however often the bell rings: a flood of commits must not have the pages read at each.
const BREATH: Duration = Duration::from_millis(200);
/// After so long without the store everybody is rung directly, since no page can be written.
const WITHOUT_STORE: Duration = Duration::from_secs(120);
/// And again after so long.
const ALARM_AGAIN: Duration = Duration::from_secs(3600);

impl Desk {
    /// Does what is due on the pages, for ever.
    pub(crate) async fn keep_pages(self, mailer: Option<Arc<Mailer>>) {
        let mut bell = self.bell();
        let mut deliveries = JoinSet::new();
        let (mut is_first, mut down, mut alarmed) = (true, None::<Instant>, None::<Instant>);
        loop {
            while deliveries.try_join_next().is_some() {}
            if let Some(rota) = self.duty().rota() {
                match self.round(&rota, mailer.as_ref(), &mut is_first, &mut deliveries).await {
                    Ok(()) => {
                        (down, alarmed) = (None, None);
                        let now = self.now();
                        self.duty().going(|going| going.last_round = Some(now));
                    }
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "the pages could not be looked at; trying again");
                        let since = *down.get_or_insert_with(Instant::now);
                        let is_due = alarmed.is_none_or(|at| at.elapsed() > ALARM_AGAIN);
                        if since.elapsed() > WITHOUT_STORE && is_due {
                            alarmed = Some(Instant::now());
                            self.ring_without_the_store(&rota, mailer.as_ref(), &chain(&error)).await;
                        }
                    }
                }
            }
            tokio::time::sleep(BREATH).await;
            wait(&mut bell).await;
        }
    }

    /// One round.
    pub(crate) async fn round(
        &self,
        rota: &Arc<Rota>,
        mailer: Option<&Arc<Mailer>>,
        is_first: &mut bool,
        deliveries: &mut JoinSet<()>,
    ) -> Result<(), DeskError> {
        let mut pages = self.store().unresolved_pages().await.doing("read the pages")?;
        if *is_first {
            if self.tell_overdue_together(rota, &pages).await? {
                pages = self.store().unresolved_pages().await.doing("read the pages")?;
            }
            *is_first = false;
        }
        for page in pages {
            let page = self.advance(rota, page).await?;
            self.deliver(rota, &page, mailer, deliveries);
        }
        Ok(())
    }

    /// Does what is due on one page; the page as it is then.
    async fn advance(&self, rota: &Rota, page: Page) -> Result<Page, DeskError> {
        let now = self.now();
        if let Some(why) = self.needs_nobody(&page).await? {
            let resolved = |_: &Page| vec![Entry::Resolved { by: None, why: why.clone() }];
            let written = self.write_to_page(page.id, resolved).await?;
            return Ok(written.map_or(page, |(page, _)| page));
        }
        // Records are read only where what they say decides.
        let progress = match page.next(rota, now, None) {
            Next::Now(_, Entry::CameBack { .. }) => self.progress(&page).await?,
            Next::Now(..) => None,
            Next::At(_) | Next::Nothing => return Ok(page),
        };
        let due = |page: &Page| match page.next(rota, now, progress) {
            Next::Now(_, entry) => vec![entry],
            Next::At(_) | Next::Nothing => Vec::new(),
        };
        let written = self.write_to_page(page.id, due).await?;
        Ok(written.map_or(page, |(page, _)| page))
    }

    /// Why a page needs nobody any more: each case of a page of proxies is contained, clean or ended; the inbox was looked
    /// at.
    async fn needs_nobody(&self, page: &Page) -> Result<Option<String>, DeskError> {
        if page.reason == Reason::Inbox {
            let over = !self.inbox().await?.late;
            return Ok(over.then(|| "nothing waits in the inbox for so long any more".to_owned()));
        }
        let all_of_cases = page.more == 0 && page.subjects.iter().all(|subject| subject.case.is_some());
        if page.reason != Reason::Proxy || page.subjects.is_empty() || !all_of_cases {
            return Ok(None);
        }
        let office = self.office().read().await;
        let is_over = |id| match office.case(id) {
            None => true,
            // A dry run calls a case contained too, as it does everywhere else.
            Some(case) => {
                matches!(case.stage(), Stage::Contained | Stage::Cleaned | Stage::Closed | Stage::Dismissed)
            }
        };
        let cases = page.cases();
        Ok(cases.iter().all(|id| is_over(*id)).then(|| match cases.as_slice() {
            [one] => format!("{one} is contained or has ended"),
            many => format!("all {} cases are contained or have ended", many.len()),
        }))
    }

    /// When something last happened on a page's cases by a person's hand, or moved one on.
    async fn progress(&self, page: &Page) -> Result<Option<Timestamp>, DeskError> {
        let mut last = None;
        for case in page.cases() {
            let records = self.store().records(case).await.doing("read a case")?;
            let moved = records.iter().rev().find(|record| {
                matches!(record.actor, Actor::Operator(_)) || matches!(record.event, Event::StageMoved { .. })
            });
            last = last.max(moved.map(|record| record.at));
        }
        Ok(last)
    }

    /// At the start: what was due more than a day ago is told in one page, and rings once. Whether there was any.
    async fn tell_overdue_together(&self, rota: &Rota, pages: &[Page]) -> Result<bool, DeskError> {
        let now = self.now();
        let is_overdue = |page: &&Page| {
            page.standing == Standing::Open
                && page.reason != Reason::Overdue
                && matches!(page.next(rota, now, None), Next::Now(due, _) if now.duration_since(due) > OVERDUE)
        };
        let overdue: Vec<&Page> = pages.iter().filter(is_overdue).collect();
        for page in &overdue {
            let told = Told {
                reason: Reason::Overdue,
                case: page.cases().first().copied(),
                what: format!("{} was due while the desk was not at work: {}", page.id, page.headline()),
                key: format!("page/overdue/{}/{}", page.id, page.version),
            };
            let digest = self.tell_duty(told).await?;
            let why =
                format!("told again in {digest}, with all else that was due while the desk was not at work");
            self.write_to_page(page.id, |_| vec![Entry::Resolved { by: None, why: why.clone() }]).await?;
        }
        Ok(!overdue.is_empty())
    }
}
