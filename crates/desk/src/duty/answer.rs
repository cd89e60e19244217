//! Somebody says that they look at a page: by its link, by answering its mail, on the pages or by command.
//!
//! A link and a mail's subject carry a mark that nobody can guess: 80 bits of an HMAC over the page and the ring. It is
//! good for that ring until somebody has answered, and not again when the page comes back.

use ::oncall::{Entry, Page, PageId, Standing, Via};
use hmac::{Hmac, KeyInit, Mac};
use mail_parser::MessageParser;
use sha2::Sha256;
use store::{Batch, CommitError, ReadingRow};

use crate::audit::deed;
use crate::courtesy::must_not_answer;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// The name of the key that marks are made with.
const KEY: &str = "page-answers";
/// Hexadecimal digits of a mark.
const MARK: usize = 20;

/// How a ring is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The address to open.
    pub(super) link: Option<String>,
    /// What a mail's subject begins with, in brackets.
    pub(super) tag: Option<String>,
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// It is theirs now.
    Yes {
        /// Whose.
        by: String,
    },
    /// Somebody was quicker.
    Before {
        /// Who.
        by: String,
    },
    /// It needs nobody any more.
    Over {
        /// Why.
        why: String,
    },
    /// The page came back since that ring; a newer one is to be answered.
    Late,
    /// There is no such page or link.
    NoSuchPage,
}

impl Desk {
    /// How a ring is answered.
    pub(super) async fn answer_of(&self, page: PageId, ring: u32) -> Result<Answer, DeskError> {
        let signed = hex::encode(self.signer_of(page, ring).await?.finalize().into_bytes());
        let mark: String = signed.chars().take(MARK).collect();
        let base = self.duty().settings().link;
        let link = base.map(|base| format!("{}/ack/{page}/{ring}/{mark}", base.trim_end_matches('/')));
        Ok(Answer { link, tag: Some(format!("{page}.{ring}.{mark}")) })
    }

    /// What a ring is signed with, with the ring in it.
    async fn signer_of(&self, page: PageId, ring: u32) -> Result<Hmac<Sha256>, DeskError> {
        let mut fresh = [0u8; 32];
        getrandom::fill(&mut fresh).map_err(|error| DeskError::Random(error.to_string()))?;
        let key = self.store().own_key(KEY, &fresh).await.doing("read the key of pages' links")?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key)
            .map_err(|_| DeskError::Unreadable("the key of pages' links".to_owned()))?;
        mac.update(format!("page {page} ring {ring}").as_bytes());
        Ok(mac)
    }

    /// Whether a mark is that of a ring; looking changes nothing.
    async fn is_marked(&self, page: PageId, ring: u32, mark: &str) -> Result<bool, DeskError> {
        let signer = self.signer_of(page, ring).await?;
        let decoded = hex::decode(mark).ok().filter(|_| mark.len() == MARK);
        // In constant time, so that how long it takes tells nothing of the mark.
        Ok(decoded.is_some_and(|mark| signer.verify_truncated_left(&mark).is_ok()))
    }

    /// The page behind a link, and who the link was sent to; none for a link that nobody was sent.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn page_of_link(
        &self,
        id: PageId,
        ring: u32,
        mark: &str,
    ) -> Result<Option<(Page, String)>, DeskError> {
        if !self.is_marked(id, ring, mark).await? {
            return Ok(None);
        }
        let entries = self.store().page_entries(id).await.doing("read a page")?;
        let page = Page::replay(id, &entries);
        Ok(page.and_then(|page| {
            let person = page.rings.iter().find(|rang| rang.ring.number == ring)?.ring.person.to_string();
            Some((page, person))
        }))
    }

    /// Whoever was sent a link says that they look at the page.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn acknowledge_by_link(
        &self,
        id: PageId,
        ring: u32,
        mark: &str,
    ) -> Result<Acknowledged, DeskError> {
        match self.page_of_link(id, ring, mark).await? {
            Some((_, person)) => self.answered(id, &person, Via::Link, Some(ring)).await,
            None => Ok(Acknowledged::NoSuchPage),
        }
    }

    /// Somebody who is let in, or has the machine, says that they look at a page.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn acknowledge(&self, id: PageId, by: &str, via: Via) -> Result<Acknowledged, DeskError> {
        self.answered(id, by, via, None).await
    }

    async fn answered(
        &self,
        id: PageId,
        by: &str,
        via: Via,
        ring: Option<u32>,
    ) -> Result<Acknowledged, DeskError> {
        let may = |page: &Page| match ring {
            Some(ring) => page.is_answered_by(ring),
            None => page.standing == Standing::Open,
        };
        let entry = Entry::Acknowledged { by: by.to_owned(), via, ring };
        let say = |page: &Page| if may(page) { vec![entry.clone()] } else { Vec::new() };
        let Some((page, written)) = self.write_to_page(id, say).await? else {
            return Ok(Acknowledged::NoSuchPage);
        };
        if written {
            let deed = deed(self.now(), by, "page-acknowledged", &id.to_string());
            self.store().record_deed(&deed).await.doing("record who looks at a page")?;
        }
        Ok(match page.standing {
            Standing::Acknowledged { by, .. } if written => Acknowledged::Yes { by },
            Standing::Acknowledged { by, .. } => Acknowledged::Before { by },
            Standing::Resolved { why, .. } => Acknowledged::Over { why },
            Standing::Open => Acknowledged::Late,
        })
    }

    /// Somebody says that a page needs nobody any more. Whether it was open until then.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn resolve_page(&self, id: PageId, by: &str, why: &str) -> Result<bool, DeskError> {
        let entry = Entry::Resolved { by: Some(by.to_owned()), why: why.to_owned() };
        let is_over = |page: &Page| matches!(page.standing, Standing::Resolved { .. });
        let say = |page: &Page| if is_over(page) { Vec::new() } else { vec![entry.clone()] };
        let written = self.write_to_page(id, say).await?.is_some_and(|(_, written)| written);
        if written {
            let mut deed = deed(self.now(), by, "page-resolved", &id.to_string());
            deed.why = why.to_owned();
            self.store().record_deed(&deed).await.doing("record who resolved a page")?;
        }
        Ok(written)
    }

    /// Whether a message of the log answers a page; it is recorded then, and nothing else is to be made of it. What a machine
    /// answered by itself, a holiday notice or a bounce, acknowledges nothing.
    pub(crate) async fn answers_a_page(&self, entry: &store::Entry, bytes: &[u8]) -> Result<bool, DeskError> {
        let Some((id, ring, mark)) = tag_in(bytes) else { return Ok(false) };
        let Some((_, person)) = self.page_of_link(id, ring, &mark).await? else { return Ok(false) };
        let sender = entry.envelope.get("mail_from").and_then(|value| value.as_str());
        let note = match must_not_answer(bytes, sender) {
            Some(_) => format!("a machine answered {id} for {person}; that acknowledges nothing"),
            None => match self.answered(id, &person, Via::Mail, Some(ring)).await? {
                Acknowledged::Yes { by } => format!("{by} looks at {id}"),
                Acknowledged::Before { by } => format!("{person} answered {id}, which {by} looks at"),
                Acknowledged::Over { why } => format!("{person} answered {id}, which is over: {why}"),
                Acknowledged::Late | Acknowledged::NoSuchPage => {
                    format!("{person} answered an old ring of {id}; it has come back since")
                }
            },
        };
        let reading = ReadingRow {
            evidence: entry.id,
            outcome: "page-answer".to_owned(),
            note,
            case: None,
            reading: serde_json::json!({ "page": id.to_string(), "ring": ring }),
        };
        let batch = Batch { readings: vec![reading], ..Batch::default() };
        match self.store().commit(&batch).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict { case }) => Err(DeskError::Conflict(case)),
            Err(CommitError::Store(source)) => {
                Err(DeskError::Store { doing: "record an answer to a page", source })
            }
        }
    }
}

/// The tag of a page in a message's own subject: `[P-12.3.0123456789abcdef0123]`.
pub(super) fn tag_in(bytes: &[u8]) -> Option<(PageId, u32, String)> {
    let message = MessageParser::new().parse_headers(bytes)?;
    let subject = message.subject()?;
    let mut tags =
        subject.split('[').skip(1).take(8).filter_map(|rest| rest.split_once(']')).map(|(tag, _)| tag);
    tags.find_map(|tag| {
        let mut parts = tag.split('.');
        let (page, ring, mark) = (parts.next()?, parts.next()?, parts.next()?);
        let fits = parts.next().is_none() && mark.len() == MARK && page.starts_with("P-");
        fits.then_some(())?;
        Some((page.parse().ok()?, ring.parse().ok()?, mark.to_ascii_lowercase()))
    })
}
