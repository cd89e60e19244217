//! Outgoing mail: one notice to the subscriber, one acknowledgement to an authenticated reporter.
//!
//! The loop rules of RFC 3834 are kept here: what we send says `Auto-Submitted`, an answer goes out from the null
//! sender, and nothing is answered that is automatic itself, comes from a list, or was not shown to be from whom it
//! says. At most one acknowledgement goes to one address per case; the order for it is given once.

use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use mail_parser::{HeaderValue as Parsed, MessageParser};

use case::{Case, CaseId, EvidenceId};

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

    /// Who writes.
    pub(crate) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Hands a finished mail to the relay; why it was not taken, in the relay's words.
    pub(crate) async fn send_raw(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), String> {
        self.transport.send_raw(envelope, mail).await.map(drop).map_err(|error| error.to_string())
    }

    async fn send(&self, letter: &Letter) -> Sent {
        let to = letter.to.to_string();
        let envelope_from = (!letter.from_nobody).then(|| self.from.email.clone());
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

/// One mail before it is put into headers.
struct Letter {
    to: Address,
    subject: String,
    body: String,
    /// The value of Auto-Submitted (RFC 3834 section 5).
    automatic: &'static str,
    in_reply_to: Option<String>,
    from_nobody: bool,
}

impl Letter {
    fn message(&self, from: &Mailbox) -> Result<Message, lettre::error::Error> {
        let mut builder = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, self.to.clone()))
            .subject(one_line(&self.subject))
            .header(ContentType::TEXT_PLAIN);
        if let Some(id) = &self.in_reply_to {
            builder = builder.in_reply_to(one_line(id));
        }
        let mut message = builder.body(self.body.clone())?;
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, self.automatic.to_owned()));
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
        let (subject, body) = notice.write();
        let letter =
            Letter { to, subject, body, automatic: "auto-generated", in_reply_to: None, from_nobody: false };
        Ok(mailer.send(&letter).await)
    }

    /// Tells the desk's own people that something needs a person.
    pub(crate) async fn send_page(&self, id: CaseId, what: &str, mailer: Option<&Mailer>) -> Sent {
        let operators = self.settings().mail.as_ref().and_then(|mail| mail.operators.clone());
        let (Some(mailer), Some(operators)) = (mailer, operators) else {
            let why = "nobody could be paged: [mail] relay and operators are not both configured".to_owned();
            return Sent::Not { to: "operators".to_owned(), why };
        };
        let (subject, body) = wording::page(id, what);
        let letter = Letter {
            to: operators.email,
            subject,
            body,
            automatic: "auto-generated",
            in_reply_to: None,
            from_nobody: false,
        };
        mailer.send(&letter).await
    }

    /// Answers a reporter: their report is read and has a case. Says nothing about the customer.
    pub(crate) async fn send_acknowledgement(
        &self,
        id: CaseId,
        evidence: EvidenceId,
        mailer: Option<&Mailer>,
    ) -> Result<Sent, DeskError> {
        let bytes = self.store().bytes(&evidence).await.doing("fetch a report")?.unwrap_or_default();
        let entry = self.store().entry(&evidence).await.doing("fetch a report's envelope")?;
        let reading = report::read(&bytes);
        let Some(to) = reading.reporter.as_ref().and_then(|who| who.address.parse::<Address>().ok()) else {
            return Ok(Sent::Not {
                to: "reporter".to_owned(),
                why: "the report names no address to answer".to_owned(),
            });
        };
        let sender =
            entry.as_ref().and_then(|entry| entry.envelope.get("mail_from")).and_then(|from| from.as_str());
        if let Some(why) = must_not_answer(&bytes, sender) {
            return Ok(Sent::Not { to: to.to_string(), why: why.to_owned() });
        }
        let Some(mailer) = mailer else { return Ok(no_mailer(&to)) };
        let (subject, body) = wording::acknowledgement(id, &reading);
        let in_reply_to = MessageParser::new()
            .parse_headers(bytes.as_slice())
            .and_then(|message| message.message_id().map(|id| format!("<{id}>")));
        let letter = Letter { to, subject, body, automatic: "auto-replied", in_reply_to, from_nobody: true };
        Ok(mailer.send(&letter).await)
    }
}

fn no_mailer(to: &Address) -> Sent {
    Sent::Not { to: to.to_string(), why: "no mail relay is configured ([mail] relay)".to_owned() }
}

/// Why a message must not be answered automatically (RFC 3834 section 2).
fn must_not_answer(bytes: &[u8], envelope_sender: Option<&str>) -> Option<&'static str> {
    if envelope_sender.is_some_and(|sender| sender.is_empty() || sender == "<>") {
        return Some("not answered: it came from the null sender (a bounce)");
    }
    let message = MessageParser::new().parse_headers(bytes)?;
    let text = |name: &str| message.header(name).and_then(Parsed::as_text).map(str::to_ascii_lowercase);
    if text("Auto-Submitted").is_some_and(|value| !value.trim_start().starts_with("no")) {
        return Some("not answered: it says itself that it was sent automatically");
    }
    if text("Precedence").is_some_and(|value| matches!(value.trim(), "bulk" | "junk" | "list")) {
        return Some("not answered: it is bulk mail");
    }
    let listed =
        message.headers().iter().any(|header| header.name.as_str().to_ascii_lowercase().starts_with("list-"));
    listed.then_some("not answered: it came through a mailing list")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &str, sender: &str) -> bool {
        must_not_answer(format!("{headers}From: a@example.org\r\n\r\nx").as_bytes(), Some(sender)).is_some()
    }

    #[test]
    fn machines_lists_and_bounces_are_not_answered() {
        assert!(refused("Auto-Submitted: auto-replied\r\n", "a@example.org"));
        assert!(refused("Precedence: bulk\r\n", "a@example.org"));
        assert!(refused("List-Id: <x.example.org>\r\n", "a@example.org"));
        assert!(refused("", ""));
    }

    #[test]
    fn people_are() {
        assert!(!refused("", "a@example.org"));
        assert!(!refused("Auto-Submitted: no\r\n", "a@example.org"));
    }

    #[test]
    fn foreign_text_cannot_add_a_header() {
        let letter = Letter {
            to: "a@example.org".parse().expect("an address"),
            subject: "hello\r\nBcc: victim@example.com".to_owned(),
            body: "x".to_owned(),
            automatic: "auto-replied",
            in_reply_to: Some("<a@b>\r\nX-Evil: 1".to_owned()),
            from_nobody: true,
        };
        let from = "Desk <abuse@example.net>".parse().expect("a mailbox");
        let text = String::from_utf8(letter.message(&from).expect("a message").formatted()).expect("ASCII");
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
}
