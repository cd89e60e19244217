//! One look at a mailbox, and what is remembered between looks and connections.

use std::collections::{BTreeSet, HashMap};

use imap_next::imap_types::flag::Flag;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::session::{Session, Trouble};
use super::status::Status;
use super::{Config, Done};
use crate::delivery::{Handover, Parcel};
use crate::{Delivery, Envelope, How, Outcome, Printable, Refusal};

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be more, and all went well.
    AtOnce,
    /// After the usual time: nothing can be taken now.
    Later,
    /// When the server says so.
    WhenTold,
}

/// Why a message stays where it is.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error(
        "it is over the size limit of {limit} bytes; take the report out of it by hand, or raise the limit"
    )]
    TooLarge { limit: u32 },
    #[error("the server lists it but does not give it")]
    NotGiven,
    #[error("the server refused it: {0}")]
    Refused(String),
    #[error("the connection broke three times while it was being fetched")]
    BreaksConnection,
}

/// After so many connections broken by one message the others come first.
const BREAKS: u8 = 3;
/// Messages remembered as left; beyond it the oldest memory is given up, and that message is tried again.
const REMEMBERED: usize = 10_000;

/// Looks at one mailbox again and again, over as many connections as it takes.
#[derive(Debug)]
pub(super) struct Sweeper {
    config: Config,
    handover: Handover,
    status: Status,
    /// What the numbers below hold for.
    uid_validity: u32,
    /// Messages that could not be taken, and since when.
    left: HashMap<u32, Instant>,
    /// Messages that are on our disk and not yet marked on the server; only marking is tried again.
    unmarked: BTreeSet<u32>,
    /// How many connections broke while this message was being fetched.
    breaks: HashMap<u32, u8>,
    /// Whether a look has succeeded since last asked.
    worked: bool,
    /// Whether a mark that is refused has been reported.
    complained: bool,
}

impl Sweeper {
    pub(super) fn new(config: Config, deliveries: Sender<Delivery>, status: Status) -> Sweeper {
        let handover = Handover {
            deliveries,
            patience: config.limits.patience,
            answer: config.limits.answer,
            tally: config.tally.clone(),
        };
        Sweeper {
            config,
            handover,
            status,
            uid_validity: 0,
            left: HashMap::new(),
            unmarked: BTreeSet::new(),
            breaks: HashMap::new(),
            worked: false,
            complained: false,
        }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a look has succeeded since this was last asked.
    pub(super) fn take_worked(&mut self) -> bool {
        std::mem::take(&mut self.worked)
    }

    pub(super) async fn sweep(&mut self, session: &mut Session) -> Result<Next, Trouble> {
        self.forget_other_life(session.uid_validity());
        self.mark_again(session).await?;
        let again = self.config.limits.again;
        self.left.retain(|_, since| since.elapsed() < again);
        let most = self.config.limits.per_sweep.max(1);
        let (left, unmarked) = (&self.left, &self.unmarked);
        let wanted = |uid: u32| !left.contains_key(&uid) && !unmarked.contains(&uid);
        let (uids, more) = session.unseen(most, wanted).await?;
        self.status.looked();
        self.worked = true;
        if uids.is_empty() {
            return Ok(Next::WhenTold);
        }
        let sizes = session.sizes(&uids).await?;
        for uid in uids {
            let size = sizes.get(&uid).copied().unwrap_or(0);
            let outcome = self.take(session, uid, size).await?;
            if let Some(outcome) = outcome.filter(|outcome| *outcome != Outcome::OnDisk) {
                // Not this message's fault: the others would fare no better now.
                tracing::warn!(mailbox = %self.shown(), ?outcome, "mailbox pick-up pauses; the mail waits there");
                return Ok(Next::Later);
            }
        }
        Ok(if more { Next::AtOnce } else { Next::WhenTold })
    }

    /// Takes one message; `None` when it is left.
    async fn take(&mut self, session: &mut Session, uid: u32, size: u32) -> Result<Option<Outcome>, Trouble> {
        let limit = self.config.limits.message_bytes;
        if size > limit {
            return self.leave(session, uid, &Left::TooLarge { limit }).await;
        }
        let bytes = match session.bytes(uid).await {
            Ok(Some(bytes)) if bytes.len() > usize::try_from(limit).unwrap_or(usize::MAX) => {
                return self.leave(session, uid, &Left::TooLarge { limit }).await;
            }
            Ok(Some(bytes)) => bytes,
            Ok(None) => return self.leave(session, uid, &Left::NotGiven).await,
            Err(Trouble::No { said, .. }) => return self.leave(session, uid, &Left::Refused(said)).await,
            Err(trouble) => {
                self.count_break(uid);
                return Err(trouble);
            }
        };
        self.breaks.remove(&uid);
        let id = self.id(uid, &bytes);
        let length = bytes.len();
        let envelope = Envelope { tags: self.config.tags.clone(), ..Envelope::default() };
        let parcel = Parcel { id: id.clone(), how: How::Imap, envelope, received: Timestamp::now(), bytes };
        let outcome = self.handover.give(parcel).await;
        if outcome == Outcome::OnDisk {
            tracing::info!(id, mailbox = %self.shown(), uid, length, "mail picked up");
            self.status.took();
            self.unmarked.insert(uid);
            self.mark(session, uid).await?;
        }
        Ok(Some(outcome))
    }

    /// Marks a message that is on our disk. A refusal is reported once and tried again at every look.
    async fn mark(&mut self, session: &mut Session, uid: u32) -> Result<(), Trouble> {
        let marked = match &self.config.done {
            Done::Seen => session.flag(uid, vec![Flag::Seen]).await,
            Done::Move(folder) => session.move_to(uid, folder).await,
        };
        match marked {
            Ok(()) => {
                self.unmarked.remove(&uid);
                self.complained = false;
                Ok(())
            }
            Err(Trouble::No { doing, said, .. }) => {
                if !std::mem::replace(&mut self.complained, true) {
                    let said = Printable::from(said.as_str());
                    tracing::error!(mailbox = %self.shown(), uid, doing, %said, "a message is safe, but could not be marked as done; trying again");
                }
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn mark_again(&mut self, session: &mut Session) -> Result<(), Trouble> {
        for uid in self.unmarked.clone() {
            self.mark(session, uid).await?;
        }
        Ok(())
    }

    /// Reports a message that stays where it is, flags it for whoever looks there, and remembers having done so.
    async fn leave(
        &mut self,
        session: &mut Session,
        uid: u32,
        left: &Left,
    ) -> Result<Option<Outcome>, Trouble> {
        self.remember(uid, left);
        match session.flag(uid, vec![Flag::Flagged]).await {
            // The flag is a courtesy; the log has it.
            Ok(()) | Err(Trouble::No { .. }) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    fn remember(&mut self, uid: u32, left: &Left) {
        let reason = match left {
            Left::TooLarge { .. } => Refusal::TooLarge,
            Left::NotGiven | Left::Refused(_) | Left::BreaksConnection => Refusal::Unreadable,
        };
        self.config.tally.count_refused(reason);
        self.status.left();
        let why = left.to_string();
        let why = Printable::from(why.as_str());
        tracing::error!(mailbox = %self.shown(), uid, %why, "a message is left in the mailbox");
        if self.left.len() >= REMEMBERED {
            let oldest = self.left.iter().min_by_key(|(_, since)| **since).map(|(uid, _)| *uid);
            oldest.map(|uid| self.left.remove(&uid));
        }
        self.left.insert(uid, Instant::now());
    }

    fn count_break(&mut self, uid: u32) {
        let breaks = self.breaks.entry(uid).or_default();
        *breaks = breaks.saturating_add(1);
        if *breaks >= BREAKS {
            self.breaks.remove(&uid);
            self.remember(uid, &Left::BreaksConnection);
        }
    }

    /// Numbers of another UIDVALIDITY mean other messages (RFC 3501 section 2.3.1.1): what was remembered is void.
    fn forget_other_life(&mut self, uid_validity: u32) {
        if self.uid_validity == uid_validity {
            return;
        }
        if self.uid_validity != 0 {
            tracing::warn!(mailbox = %self.shown(), "the server has numbered the mailbox anew; all that is unseen is looked at again");
        }
        self.uid_validity = uid_validity;
        self.left.clear();
        self.unmarked.clear();
        self.breaks.clear();
    }

    /// The delivery id of a message: it follows from its mailbox, its number and its bytes.
    fn id(&self, uid: u32, bytes: &[u8]) -> String {
        let mut hash = Sha256::new();
        for part in [&self.config.host, &self.config.name, &self.config.folder] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.update(bytes);
        let digest = hex::encode(hash.finalize());
        format!("imap-{}-{uid}-{}", self.uid_validity, digest.get(..32).unwrap_or(&digest))
    }

    fn shown(&self) -> Printable<'_> {
        Printable::from(self.config.name.as_str())
    }
}
