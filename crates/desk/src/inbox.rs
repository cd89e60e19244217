//! The inbox of what no case could take: reports of our addresses that nobody's line explains, and what cannot be read. Each
//! waits until somebody settles it with a reason or files it on a line by hand; what waits too long pages.

use case::{EvidenceId, SubscriberId};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use ::oncall::Reason;

use crate::audit;
use crate::desk::Desk;
use crate::duty::Told;
use crate::error::{DeskError, Doing};

/// How long something may wait here before somebody is told: RFC 2142 wants a person behind the address, and a report
/// that was read an hour late is as good as the next morning's.
pub const INBOX_MAY_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// How often that is looked at.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// The most that is settled at once.
const SETTLED_AT_MOST: u32 = 5000;
/// The longest reason, in bytes.
const REASON_AT_MOST: usize = 4000;

/// What waits in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InboxView {
    /// How many messages.
    pub waiting: u64,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// Whether that is too long ago.
    pub late: bool,
}

/// Why something in the inbox was not settled or filed.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// No reason, or too long a one.
    #[error("say why, in at most {REASON_AT_MOST} bytes; it is kept")]
    Reason,
    /// No such message waits.
    #[error("no such message waits in the inbox; it was settled or found its case meanwhile")]
    NotThere,
    /// It accuses no address of ours.
    #[error(
        "it names no address of ours that could be filed; settle it with a reason, or write a note on the line's case"
    )]
    NothingToFile,
    /// No lease ever named the line.
    #[error("no lease names a line {0:?}; look at its spelling")]
    NoSuchLine(String),
    /// The desk failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

fn reason(why: &str) -> Result<&str, InboxError> {
    let why = why.trim();
    if why.is_empty() || why.len() > REASON_AT_MOST { Err(InboxError::Reason) } else { Ok(why) }
}

impl Desk {
    /// What waits in the inbox.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn inbox(&self) -> Result<InboxView, DeskError> {
        let (waiting, oldest) = self.store().inbox().await.doing("look what waits in the inbox")?;
        let late = oldest.is_some_and(|oldest| self.now().duration_since(oldest) >= INBOX_MAY_WAIT);
        Ok(InboxView { waiting, oldest, late })
    }

    /// Somebody looked at these, and nothing is to be done; without any, at all that waits. How many were settled.
    ///
    /// # Errors
    /// [`InboxError`] says why not.
    pub async fn settle_inbox(
        &self,
        which: Option<&[EvidenceId]>,
        by: &str,
        why: &str,
    ) -> Result<u64, InboxError> {
        let why = reason(why)?;
        let all;
        let which = match which {
            Some(which) => which,
            None => {
                let waiting = self.store().waiting_in_inbox(SETTLED_AT_MOST).await;
                all = waiting.doing("list what waits in the inbox")?;
                &all
            }
        };
        let now = self.now();
        let names: Vec<String> = which.iter().take(50).map(ToString::to_string).collect();
        let deed = store::Deed {
            why: why.to_owned(),
            detail: json!({"messages": which.len(), "evidence": names}),
            ..audit::deed(now, by, "inbox-settled", "the inbox")
        };
        let settled =
            self.store().settle_readings(which, &deed).await.doing("settle what waits in the inbox")?;
        if settled == 0 { Err(InboxError::NotThere) } else { Ok(settled) }
    }

    /// Files a report that no lease explains on a line somebody names: its claims on our addresses, as hearsay like any other.
    ///
    /// # Errors
    /// [`InboxError`] says why not.
    pub async fn file_by_hand(
        &self,
        evidence: EvidenceId,
        line: &str,
        by: &str,
        why: &str,
    ) -> Result<(), InboxError> {
        let why = reason(why)?;
        let no_line = || InboxError::NoSuchLine(line.trim().to_owned());
        let line: SubscriberId = line.trim().parse().map_err(|_| no_line())?;
        if !self.store().has_held(&line).await.doing("look for a line")? {
            return Err(no_line());
        }
        if !self.store().waits_in_inbox(&evidence).await.doing("look what waits in the inbox")? {
            return Err(InboxError::NotThere);
        }
        let entry = self.store().entry(&evidence).await.doing("find a message in the log")?;
        let fetched = self.fetch(entry.ok_or(InboxError::NotThere)?).await?;
        let mut message = self.read_entries(vec![fetched]).await?.pop().ok_or(InboxError::NotThere)?;
        if message.home.is_empty() {
            return Err(InboxError::NothingToFile);
        }
        // It was filed as what it is, an orphan.
        message.once = false;
        message.held_by = Some((line.clone(), format!("{by} says so: {why}")));
        self.file_whole(&message).await?;
        let deed = store::Deed {
            why: why.to_owned(),
            detail: json!({"evidence": evidence.to_string()}),
            ..audit::deed(self.now(), by, "filed-by-hand", line.as_str())
        };
        Ok(self.record_deed(deed).await?)
    }

    /// Tells whoever is on duty when something waits too long; once for each that is the oldest.
    pub(crate) async fn watch_inbox(&self, since: &mut Timestamp) -> Result<(), DeskError> {
        let now = self.now();
        if now.duration_since(*since) < LOOKED_EVERY {
            return Ok(());
        }
        *since = now;
        let view = self.inbox().await?;
        let Some(oldest) = view.oldest.filter(|_| view.late) else { return Ok(()) };
        let told = Told {
            reason: Reason::Inbox,
            case: None,
            what: format!(
                "{} report(s) that no case could take wait for somebody, the oldest since {}: /intake?outcome=inbox",
                view.waiting,
                oldest.strftime("%Y-%m-%d %H:%M UTC")
            ),
            key: format!("page/inbox/{}", oldest.as_microsecond()),
        };
        self.tell_duty(told).await.map(drop)
    }
}
