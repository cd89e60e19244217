//! What needs a person becomes a page, or joins one that nobody has acknowledged yet.

use ::oncall::{Entry, Page, PageId, Reason, Standing};
use case::CaseId;
use jiff::{SignedDuration, Timestamp};
use store::{Claimed, PageEntries, PageWritten};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// The longest text of one thing that is told, in characters; the case has the rest.
const LONGEST: usize = 4000;
/// What was due for longer than this when it is told is told with all else that was, in one page.
pub(super) const OVERDUE: SignedDuration = SignedDuration::from_hours(24);
/// How often a write is tried that another writer of the store (a command) may have overtaken.
const TRIES: u32 = 20;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) reason: Reason,
    pub(crate) case: Option<CaseId>,
    pub(crate) what: String,
    /// What makes it the same as told before.
    pub(crate) key: String,
}

impl Told {
    /// What an errand to page says, at `now`. Its key says what it is about.
    pub(crate) fn of(claimed: &Claimed, what: &str, now: Timestamp) -> Told {
        let reason = if now.duration_since(claimed.due) > OVERDUE {
            Reason::Overdue
        } else if claimed.key.starts_with("page/prox") {
            Reason::Proxy
        } else if claimed.key.starts_with("page/refused/") {
            Reason::Block
        } else {
            Reason::Edge
        };
        let case = (claimed.case != CaseId::NONE).then_some(claimed.case);
        // A page of many cases is told of by its first, and is none of that case's.
        let case = case.filter(|_| !claimed.key.starts_with("page/proxies/"));
        Told { reason, case, what: what.chars().take(LONGEST).collect(), key: claimed.key.clone() }
    }
}

impl Desk {
    /// Opens a page, or adds to the one of its kind that nobody has acknowledged; told twice by one key is told once.
    pub(crate) async fn tell_duty(&self, told: Told) -> Result<PageId, DeskError> {
        let Told { reason, case, what, key } = told;
        let rota = self.duty().rota();
        let severity = rota.map_or(::oncall::Severity::Urgent, |rota| rota.severity(reason));
        let joined = Entry::Joined { case, what };
        let bundle = reason.name().to_owned();
        let _writing = self.duty().writing.lock().await;
        for _ in 0..TRIES {
            let pages = self.store().unresolved_pages().await.doing("read the pages")?;
            let open =
                pages.iter().rev().find(|page| page.standing == Standing::Open && page.bundle == bundle);
            let entries = match open {
                Some(_) => vec![joined.clone()],
                None => vec![Entry::Opened { reason, severity, bundle: bundle.clone() }, joined.clone()],
            };
            let to = open.map(|page| (page.id, page.version));
            let new = PageEntries { to, entries, at: self.now(), key: Some(key.clone()) };
            match self.store().write_page(&new).await.doing("write a page")? {
                PageWritten::Yes(page) => {
                    tracing::warn!(page = %page.id, what = page.headline(), "somebody on duty is needed");
                    self.ring();
                    return Ok(page.id);
                }
                PageWritten::Before(id) => return Ok(id),
                PageWritten::Changed => {}
            }
        }
        Err(DeskError::Unreadable("a page that changes whenever it is written to".to_owned()))
    }

    /// Adds to a page what `say` makes of it as it is at this moment; the page as it is then, and whether anything was
    /// added. None when there is no such page.
    pub(super) async fn write_to_page(
        &self,
        id: PageId,
        say: impl Fn(&Page) -> Vec<Entry>,
    ) -> Result<Option<(Page, bool)>, DeskError> {
        let _writing = self.duty().writing.lock().await;
        for _ in 0..TRIES {
            let entries = self.store().page_entries(id).await.doing("read a page")?;
            let Some(page) = Page::replay(id, &entries) else { return Ok(None) };
            let entries = say(&page);
            if entries.is_empty() {
                return Ok(Some((page, false)));
            }
            let new = PageEntries { to: Some((id, page.version)), entries, at: self.now(), key: None };
            match self.store().write_page(&new).await.doing("write to a page")? {
                PageWritten::Yes(page) => {
                    self.ring();
                    return Ok(Some((*page, true)));
                }
                PageWritten::Before(_) | PageWritten::Changed => {}
            }
        }
        Err(DeskError::Unreadable("a page that changes whenever it is written to".to_owned()))
    }
}
