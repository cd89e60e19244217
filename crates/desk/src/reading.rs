//! From a message of the log to one that can be filed: what it says, who sent it, and, piece by piece, whose each accused
//! address was.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::Source;
use lease::{Attribution, Whose};
use lookup::Authentication;
use report::{Hint, Quirks, Reading};
use store::Entry;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::exposure::tells_of_scanners;
use crate::message::{Attributed, Message};
use crate::sender::Sender;
use crate::translate;

/// How many messages are read at the same time.
const READERS: usize = 4;
/// How many claims of one message against one address are filed; one host scanned a thousand times is one case, not a
/// thousand rows.
const CLAIMS: u8 = 64;

/// A message of the log with its bytes; as many at once as `desk::intake` allows.
pub(crate) struct Fetched {
    pub(crate) entry: Entry,
    pub(crate) bytes: Arc<[u8]>,
}

impl Desk {
    /// Fetches the bytes of a message of the log.
    pub(crate) async fn fetch(&self, entry: Entry) -> Result<Fetched, DeskError> {
        let bytes = self.store().bytes(&entry.id).await.doing("fetch a message from the log")?;
        Ok(Fetched { bytes: bytes.unwrap_or_default().into(), entry })
    }

    /// Reads messages, a few at a time, and finds who sent each.
    pub(crate) async fn read_entries(&self, entries: Vec<Fetched>) -> Result<Vec<Message>, DeskError> {
        let readers = Arc::new(Semaphore::new(READERS));
        let mut reading = JoinSet::new();
        for fetched in entries {
            let (desk, readers) = (self.clone(), readers.clone());
            reading.spawn(async move { desk.read_entry(fetched, &readers).await });
        }
        let mut messages = Vec::with_capacity(reading.len());
        while let Some(read) = reading.join_next().await {
            let read =
                read.map_err(|error| DeskError::Unreadable(format!("reading mail was cut off: {error}")))?;
            messages.push(read?);
        }
        messages.sort_unstable_by_key(|message| message.seq);
        Ok(messages)
    }

    /// Reads one message and finds who sent it.
    async fn read_entry(&self, fetched: Fetched, readers: &Semaphore) -> Result<Message, DeskError> {
        let Fetched { ref entry, bytes } = fetched;
        let reading = {
            let _turn = readers.acquire().await;
            let quirks = self.settings().quirks.clone();
            read_apart(bytes.clone(), move |bytes, entry| read_as_handed(bytes, entry, &quirks), entry).await
        };
        let answer = self.answer_to_ours(&bytes).await?;
        let alleges = answer.as_ref().is_none_or(|answer| answer.may_allege);
        let (home, foreign) = if alleges { self.against_home(&reading) } else { (Vec::new(), 0) };
        let scanners = if alleges { self.scanner_errands(entry.id, &reading, true) } else { Vec::new() };
        // Who sent what accuses nobody of ours is not worth a question, unless the one it accuses is to be told on.
        let worth_asking = !home.is_empty() || !scanners.is_empty() || alleges && tells_of_scanners(&reading);
        let shown = if !worth_asking {
            Authentication::none("not checked: it alleges nothing of our own addresses")
        } else {
            match self.shown_before(entry).await? {
                Some(shown) => shown,
                None => self.authenticate(&reading, &bytes, entry).await,
            }
        };
        let source = self.source_of(&reading, &shown, entry).await?;
        let sender = if answer.is_none() { Sender::of(&reading, &source, &bytes) } else { None };
        let authenticated = matches!(source, Source::Report { authenticated: true, .. });
        let mut scanners = if authenticated { scanners } else { Vec::new() };
        if alleges {
            scanners.extend(self.exposure_errands(entry, &reading, &source));
        }
        let (seq, evidence, received) = (entry.seq, entry.id, entry.received);
        Ok(Message {
            seq,
            evidence,
            received,
            reading,
            shown,
            source,
            home,
            foreign,
            once: entry.is_urgent(),
            sender,
            answer,
            held_by: None,
            scanners,
        })
    }

    /// What was shown of the sender when it was first read: DNS is not asked twice about one message.
    async fn shown_before(&self, entry: &Entry) -> Result<Option<Authentication>, DeskError> {
        let stored = self.store().reading(&entry.id).await.doing("find what was read")?;
        let shown = stored.and_then(|mut stored| Some(stored.get_mut("authentication")?.take()));
        Ok(shown.and_then(|shown| serde_json::from_value(shown).ok()))
    }

    /// The claims that accuse home addresses, by their numbers, and how many accuse others.
    fn against_home(&self, reading: &Reading) -> (Vec<u32>, usize) {
        let home = &self.settings().territory.home;
        let mut of_address: HashMap<IpAddr, u8> = HashMap::new();
        let (mut ours, mut foreign) = (Vec::new(), 0usize);
        if !reading.is_report {
            return (ours, foreign);
        }
        for (number, claim) in (0u32..).zip(&reading.claims).filter(|(_, claim)| translate::accuses(claim)) {
            if !home.contains(claim.address) {
                foreign += 1;
                continue;
            }
            let times = of_address.entry(claim.address).or_default();
            if *times < CLAIMS {
                *times += 1;
                ours.push(number);
            }
        }
        (ours, foreign)
    }

    /// Whose each accused address of a piece of a message was. Claims that ask the same of the leases are asked once.
    pub(crate) async fn attribute(
        &self,
        message: &Message,
        piece: &Range<usize>,
    ) -> Result<Vec<Attributed>, DeskError> {
        let mut known: HashMap<(IpAddr, Option<u16>, Timestamp), Attribution> = HashMap::new();
        let mut attributed = Vec::with_capacity(piece.len());
        for (number, claim) in message.claims(piece) {
            let whose: Whose = translate::whose(claim, message.received, self.settings().clock_skew);
            let key = (whose.address, whose.port, whose.at);
            let answer = match known.get(&key) {
                Some(answer) => answer.clone(),
                None => {
                    let answer = self.whose(&whose).await?;
                    known.insert(key, answer.clone());
                    answer
                }
            };
            attributed.push(Attributed { number, answer });
        }
        Ok(attributed)
    }

    /// Whether any claim of a message belongs to exactly one subscriber.
    pub(crate) async fn has_an_owner(&self, message: &Message) -> Result<bool, DeskError> {
        for piece in message.pieces(0) {
            let attributed = self.attribute(message, &piece).await?;
            if attributed.iter().any(|one| matches!(one.answer, Attribution::One { .. })) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Reads a message with what its envelope says of it: a file's name, the type HTTP stated.
fn read_as_handed(bytes: &[u8], entry: &Entry, quirks: &Quirks) -> Reading {
    let text = |key: &str| entry.envelope.get(key).and_then(|value| value.as_str());
    let hint = Hint { name: text("file_name"), content_type: text("content_type") };
    report::read_with(bytes, &hint, quirks)
}

/// Reads a message on a thread of its own. One that breaks the reader is unreadable, and all others are read.
async fn read_apart(
    bytes: Arc<[u8]>,
    read: impl FnOnce(&[u8], &Entry) -> Reading + Send + 'static,
    entry: &Entry,
) -> Reading {
    let (of, id) = (entry.clone(), entry.id);
    tokio::task::spawn_blocking(move || read(&bytes, &of)).await.unwrap_or_else(|error| {
        tracing::error!(evidence = %id, %error, "reading a message broke off; it is kept and shown as unreadable");
        Reading::unreadable("reading it broke off; the bytes are kept")
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use case::EvidenceId;
    use report::Format;

    use super::*;

    /// An entry of the log, as mail from this machine.
    pub(crate) fn entry() -> Entry {
        Entry {
            seq: 1,
            id: EvidenceId([1; 32]),
            delivery: "m1".to_owned(),
            source: "smtp".to_owned(),
            envelope: serde_json::json!({ "peer": "127.0.0.1" }),
            received: Timestamp::UNIX_EPOCH,
            len: 1,
            hash: [0; 32],
        }
    }

    #[tokio::test]
    async fn a_message_that_breaks_the_reader_is_unreadable() {
        let reading = read_apart(Arc::from(*b"x"), |_, _| panic!("on purpose"), &entry()).await;
        assert_eq!(reading.format, Format::Unreadable);
    }
}
