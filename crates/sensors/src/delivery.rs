//! One message on its way in, and the answer the sensor waits for.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::{Refusal, Tally};

/// One message as it was sent, waiting to be written to disk.
///
/// Whoever takes it off the channel owes an answer on [`ack`](Delivery::ack): the sender is still on the line.
/// Dropping `ack` counts as [`Acceptance::Failed`].
#[derive(Debug)]
pub struct Delivery {
    /// Unique, and safe as a file name (`[0-9a-z-]`). Random for what came over a socket; for what was picked up (Maildir,
    /// folder, IMAP) it follows from its place and bytes, so that a pick-up repeated after a crash has the same id.
    pub id: String,
    /// The way it came in.
    pub how: How,
    /// What was said around the message.
    pub envelope: Envelope,
    /// When its last byte arrived.
    pub received: Timestamp,
    /// Exactly what was sent (for SMTP after removing the transparency dots of RFC 5321 4.5.2); nothing is prepended.
    pub bytes: Vec<u8>,
    /// To be answered once the bytes are on disk, or cannot be.
    pub ack: oneshot::Sender<Acceptance>,
}

/// The way a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
    /// Picked up from a Maildir's `new/`.
    Maildir,
    /// `POST /api/v1/reports`.
    Http,
    /// Picked up from a mailbox over IMAP (RFC 3501, RFC 9051).
    Imap,
    /// Picked up from a folder where feeds put their files.
    Folder,
}

impl How {
    /// Every way there is, in a fixed order.
    pub const ALL: [How; 6] = [How::Smtp, How::Lmtp, How::Maildir, How::Http, How::Imap, How::Folder];

    /// The word used in the log and the evidence: `smtp`, `lmtp`, `maildir`, `http`, `imap` or `folder`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            How::Smtp => "smtp",
            How::Lmtp => "lmtp",
            How::Maildir => "maildir",
            How::Http => "http",
            How::Imap => "imap",
            How::Folder => "folder",
        }
    }
}

/// What was said around a message. All text in it is the sender's word: show it only through [`Printable`](crate::Printable).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// The address the connection came from; `None` for a Unix socket or a file.
    pub peer: Option<IpAddr>,
    /// The name given in EHLO, HELO or LHLO.
    pub helo: Option<String>,
    /// The reverse path without its angle brackets; `Some("")` is the null sender of a bounce (RFC 5321 4.5.5),
    /// `None` means there was no MAIL command.
    pub mail_from: Option<String>,
    /// The accepted recipients as they were given.
    pub rcpt_to: Vec<String>,
    /// The intake tags: those of the recipients (see [`smtp::Recipient`](crate::smtp::Recipient)), or those of the
    /// mailbox, Maildir or folder it was picked up from. Each once.
    pub tags: Vec<String>,
    /// The name of the bearer token an HTTP report came with.
    pub authenticated_as: Option<String>,
    /// The media type, as given with an HTTP report or told by a file's name; `None` for a mail.
    pub content_type: Option<String>,
    /// The name of a file that is no mail: as given with an HTTP report, or as it stood in the folder. Some feeds say in
    /// it alone what they report.
    pub file_name: Option<String>,
    /// Whether the message came over TLS that this server ended.
    pub tls: bool,
}

/// What became of a [`Delivery`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// File and directory are fsynced: 250, 202, moved to `cur/`.
    OnDisk,
    /// No room: SMTP 452 4.3.1, HTTP 503, the file stays in `new/`.
    Full,
    /// It could not be written: SMTP 451 4.3.0, HTTP 503, the file stays in `new/`.
    Failed,
}

/// What became of a message, as the sensor answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk.
    OnDisk,
    /// There is no room on the disk.
    Full,
    /// It could not be written, or nobody said so in time.
    Failed,
    /// It was not taken: the channel stayed full, or nobody reads it any more.
    Busy,
}

impl Outcome {
    /// The count this outcome goes to, unless it is the good one.
    fn refusal(self) -> Option<Refusal> {
        match self {
            Outcome::OnDisk => None,
            Outcome::Full => Some(Refusal::DiskFull),
            Outcome::Failed => Some(Refusal::NotWritten),
            Outcome::Busy => Some(Refusal::Busy),
        }
    }
}

/// A message that no answer is waited for yet.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) id: String,
    pub(crate) how: How,
    pub(crate) envelope: Envelope,
    pub(crate) received: Timestamp,
    pub(crate) bytes: Vec<u8>,
}

/// The way from a sensor to whoever writes to disk.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    pub(crate) deliveries: mpsc::Sender<Delivery>,
    pub(crate) patience: Duration,
    pub(crate) answer: Duration,
    pub(crate) tally: std::sync::Arc<Tally>,
}

impl Handover {
    /// Hands a message on, waits for the answer, and counts it.
    pub(crate) async fn give(&self, parcel: Parcel) -> Outcome {
        let (how, length) = (parcel.how, parcel.bytes.len());
        let outcome = self.wait(parcel).await;
        match outcome.refusal() {
            None => self.tally.count_accepted(how, length),
            Some(reason) => self.tally.count_refused(reason),
        }
        outcome
    }

    async fn wait(&self, parcel: Parcel) -> Outcome {
        let Ok(Ok(room)) = timeout(self.patience, self.deliveries.reserve()).await else {
            return Outcome::Busy;
        };
        let Parcel { id, how, envelope, received, bytes } = parcel;
        let (ack, answer) = oneshot::channel();
        room.send(Delivery { id, how, envelope, received, bytes, ack });
        match timeout(self.answer, answer).await {
            Ok(Ok(Acceptance::OnDisk)) => Outcome::OnDisk,
            Ok(Ok(Acceptance::Full)) => Outcome::Full,
            Ok(Ok(Acceptance::Failed) | Err(_)) | Err(_) => Outcome::Failed,
        }
    }
}

/// A delivery id that nobody else has: the time, so that a folder of them sorts by age, and 64 random bits.
/// `None` when the system has no randomness to give.
pub(crate) fn fresh_id(received: Timestamp) -> Option<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).ok()?;
    Some(format!("{:012x}-{}", received.as_millisecond(), hex::encode(random)))
}
