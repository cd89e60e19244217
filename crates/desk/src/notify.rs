//! Outgoing mail: letters, how they look on the wire, and the relay they go through.
//!
//! Every letter says that a machine wrote it (`Auto-Submitted`, RFC 3834 section 5), carries our own loop header and a
//! Message-ID that is the same however often sending is tried. An answer goes out from the null sender. Whom answers may
//! go to is decided in `courtesy`; how many, by the store's count of letters.

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sha2::{Digest, Sha256};

use case::{Case, CaseId, EvidenceId};
use jiff::Timestamp;
use store::{Limit, Posted, Posting};

use crate::courtesy::LOOP_HEADER;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::from_template;
use crate::settings::MailSettings;
use crate::wording::{self, Notice};

/// Sends mail through the configured relay.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why mail cannot be sent at all.
#[derive(Debug, thiserror::Error)]
#[error("the mail relay {relay} cannot be used: {reason}; check [mail] in the configuration")]
pub struct MailerError {
    relay: String,
    reason: String,
}

/// What became of a mail.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The relay took it.
    To(String),
    /// It is not sent, and that is final.
    Not { to: String, why: String },
    /// The relay could not take it now.
    Later { to: String, why: String },
}

impl Mailer {
    /// A mailer for these settings; connects only when there is something to send.
    ///
    /// # Errors
    /// [`MailerError`] when the relay's name cannot carry TLS.
    pub fn new(settings: &MailSettings) -> Result<Mailer, MailerError> {
        let parameters = TlsParameters::new(settings.relay.clone())
            .map_err(|error| MailerError { relay: settings.relay.clone(), reason: error.to_string() })?;
        let tls =
            if settings.require_tls { Tls::Required(parameters) } else { Tls::Opportunistic(parameters) };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.relay)
            .port(settings.port)
            .tls(tls)
            .build();
        Ok(Mailer { transport, from: settings.from.clone() })
    }

    /// Our own sender.
    pub(crate) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Hands a finished mail to the relay; why it was not taken, in the relay's words.
    pub(crate) async fn send_raw(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), String> {
        self.transport.send_raw(envelope, mail).await.map(drop).map_err(|error| error.to_string())
    }

    pub(crate) async fn send(&self, letter: &Letter) -> Sent {
        let to = letter.to.to_string();
        let envelope_from = (!letter.answers).then(|| self.from.email.clone());
        let envelope = Envelope::new(envelope_from, vec![letter.to.clone()]);
        let message = letter.message(&self.from);
        let (envelope, message) = match (envelope, message) {
            (Ok(envelope), Ok(message)) => (envelope, message),
            (Err(error), _) => return Sent::Not { to, why: error.to_string() },
            (_, Err(error)) => return Sent::Not { to, why: error.to_string() },
        };
        match self.transport.send_raw(&envelope, &message.formatted()).await {
            Ok(_) => Sent::To(to),
            Err(error) if error.is_permanent() => Sent::Not { to, why: error.to_string() },
            Err(error) => Sent::Later { to, why: error.to_string() },
        }
    }
}

/// What a notice to a subscriber is counted as.
pub const NOTICE: &str = "notice";

/// One mail before it is put into headers.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: Address,
    pub(crate) subject: String,
    pub(crate) body: String,
    /// What makes it this letter: its Message-ID is made from it.
    pub(crate) key: String,
    /// The report it answers, by Message-ID with brackets; it then goes out from the null sender.
    pub(crate) in_reply_to: Option<String>,
    /// Whether it answers a message, or is one of its own accord (RFC 3834 section 5).
    pub(crate) answers: bool,
    /// A JSON document that goes with it, with its file name.
    pub(crate) json: Option<(&'static str, String)>,
}

impl Letter {
    /// A letter of its own accord.
    pub(crate) fn new(to: Address, key: String, (subject, body): (String, String)) -> Letter {
        Letter { to, subject, body, key, in_reply_to: None, answers: false, json: None }
    }

    /// Its Message-ID, without brackets: told by nobody who has not seen the letter's key, and the same at every try.
    pub(crate) fn message_id(&self, from: &Mailbox) -> String {
        let sum =
            Sha256::new().chain_update(from.email.to_string()).chain_update([0]).chain_update(&self.key);
        let hex = hex::encode(sum.finalize());
        format!("nd-{}@{}", hex.get(..32).unwrap_or(&hex), from.email.domain())
    }

    fn message(&self, from: &Mailbox) -> Result<Message, lettre::error::Error> {
        let mut builder = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, self.to.clone()))
            .subject(one_line(&self.subject))
            .message_id(Some(format!("<{}>", self.message_id(from))));
        if let Some(id) = &self.in_reply_to {
            builder = builder.in_reply_to(one_line(id)).references(one_line(id));
        }
        let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(self.body.clone());
        let mut message = match &self.json {
            None => builder.singlepart(text)?,
            Some((name, json)) => {
                let kind = ContentType::parse("application/json").unwrap_or(ContentType::TEXT_PLAIN);
                let json = Attachment::new((*name).to_owned()).body(json.clone(), kind);
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(json))?
            }
        };
        let automatic = if self.answers { "auto-replied" } else { "auto-generated" };
        let own = [("Auto-Submitted", automatic.to_owned()), (LOOP_HEADER, from.email.to_string())];
        for (name, value) in own {
            let name = HeaderName::new_from_ascii_str(name);
            message.headers_mut().insert_raw(HeaderValue::new(name, value));
        }
        Ok(message)
    }
}

/// Foreign text in a header may not end it.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Desk {
    /// Tells the subscriber of a confirmed case what was proved and what to do.
    pub(crate) async fn send_notice(
        &self,
        id: CaseId,
        evidence: Option<EvidenceId>,
        key: &str,
        mailer: Option<&Mailer>,
    ) -> Result<Sent, DeskError> {
        let records = self.store().records(id).await.doing("read a case")?;
        let Some(case) = Case::replay(&records).filter(|case| case.stage().is_open()) else {
            return Ok(Sent::Not { to: "subscriber".to_owned(), why: "the case has ended".to_owned() });
        };
        let subscriber = case.subscriber().clone();
        let known = self.store().contact(&subscriber).await.doing("look up a subscriber's mail address")?;
        let template = self.settings().subscriber_mail.as_deref();
        let contact = known.or_else(|| template.and_then(|template| from_template(template, &subscriber)));
        let Some(to) = contact.as_deref().and_then(|text| text.parse::<Address>().ok()) else {
            let why = "no mail address is known for this subscriber; call them".to_owned();
            return Ok(Sent::Not { to: subscriber.to_string(), why });
        };
        let Some(mailer) = mailer else { return Ok(no_mailer(&to)) };
        let outlet = self.edge_status().borrow().outlet.clone();
        let Some(notice) = Notice::of(&case, &records, evidence, &outlet, self.now()) else {
            let why = "nothing is proved of the line any more".to_owned();
            return Ok(Sent::Not { to: to.to_string(), why });
        };
        // The errand has one key for all tries, and so the letter has one link.
        let link = self.customer_link(id, &subscriber, None, key).await?;
        let link = link.map(|(link, until)| (link, until.strftime("%Y-%m-%d").to_string()));
        let words = match self.settings().letters.notice(None, &notice.facts(link)) {
            Ok(words) => words,
            Err(error) => return Ok(Sent::Not { to: to.to_string(), why: error.to_string() }),
        };
        let letter = Letter::new(to, key.to_owned(), words);
        let posting = Posting { purpose: NOTICE.to_owned(), ..posting(id, &letter, mailer, self.now()) };
        self.post(&posting, &[]).await?;
        let sent = mailer.send(&letter).await;
        if matches!(sent, Sent::To(_)) {
            self.store().letter_taken(key, self.now()).await.doing("record that a letter was taken")?;
        }
        Ok(sent)
    }

    /// Tells the desk's own people that something needs a person.
    pub(crate) async fn send_page(&self, id: CaseId, what: &str, key: &str, mailer: Option<&Mailer>) -> Sent {
        let operators = self.settings().mail.as_ref().and_then(|mail| mail.operators.clone());
        let (Some(mailer), Some(operators)) = (mailer, operators) else {
            let why = "nobody could be paged: [mail] relay and operators are not both configured".to_owned();
            return Sent::Not { to: "operators".to_owned(), why };
        };
        let runbook = {
            let office = self.office().read().await;
            office.case(id).map(|case| self.playbook().runbook(case.stage()).to_owned())
        };
        let words = wording::page(id, what, runbook.as_deref());
        mailer.send(&Letter::new(operators.email, key.to_owned(), words)).await
    }

    /// Counts a letter; why it may not go out, where a limit is reached or another took its place.
    pub(crate) async fn post(&self, letter: &Posting, limits: &[Limit]) -> Result<Option<String>, DeskError> {
        Ok(match self.store().post_letter(letter, limits).await.doing("count a letter")? {
            Posted::Yes => None,
            Posted::Before => Some("not sent: a letter like it went out before".to_owned()),
            Posted::TooMany(limit) => {
                let (count, hours) = (limit.at_most, limit.within.as_hours());
                Some(format!(
                    "not sent: {count} such letters went that way in the last {hours} h, and that is the most"
                ))
            }
        })
    }
}

/// A letter as it is counted.
pub(crate) fn posting(case: CaseId, letter: &Letter, mailer: &Mailer, at: Timestamp) -> Posting {
    Posting {
        key: letter.key.clone(),
        purpose: String::new(),
        address: letter.to.to_string().to_ascii_lowercase(),
        about: String::new(),
        case,
        message_id: letter.message_id(mailer.from()),
        at,
    }
}

pub(crate) fn no_mailer(to: &Address) -> Sent {
    Sent::Not { to: to.to_string(), why: "no mail relay is configured ([mail] relay)".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_add_a_header() {
        let to = "a@example.org".parse().expect("an address");
        let words = ("hello\r\nBcc: victim@example.com".to_owned(), "x".to_owned());
        let in_reply_to = Some("<a@b>\r\nX-Evil: 1".to_owned());
        let letter = Letter { in_reply_to, answers: true, ..Letter::new(to, "k".to_owned(), words) };
        let text = on_the_wire(&letter);
        let names: Vec<&str> = text
            .split("\r\n\r\n")
            .next()
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        assert!(!names.contains(&"Bcc"), "{text}");
        assert!(!names.contains(&"X-Evil"), "{text}");
        assert!(names.contains(&"Auto-Submitted"), "{text}");
    }

    fn on_the_wire(letter: &Letter) -> String {
        let from = "Desk <abuse@example.net>".parse().expect("a mailbox");
        String::from_utf8(letter.message(&from).expect("a message").formatted()).expect("ASCII")
    }

    #[test]
    fn every_letter_says_that_a_machine_wrote_it_and_keeps_its_name() {
        let to = || "a@example.org".parse().expect("an address");
        let words = || ("hello".to_owned(), "x".to_owned());
        let answer = Letter { answers: true, ..Letter::new(to(), "ND-1/answer".to_owned(), words()) };
        let news = Letter::new(to(), "ND-1/tell".to_owned(), words());
        let (first, again, other) = (on_the_wire(&answer), on_the_wire(&answer), on_the_wire(&news));
        let id = |text: &str| {
            text.lines().find(|line| line.starts_with("Message-ID: <nd-")).map(str::to_owned).expect("an id")
        };
        assert_eq!(id(&first), id(&again));
        assert_ne!(id(&first), id(&other));
        assert!(first.contains("Auto-Submitted: auto-replied\r\n"), "{first}");
        assert!(other.contains("Auto-Submitted: auto-generated\r\n"), "{other}");
        assert!([first, other].iter().all(|text| text.contains("X-Nightdesk-Loop: abuse@example.net\r\n")));
    }
}
