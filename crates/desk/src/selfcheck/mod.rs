//! Whether our own addresses work: each gets a mail from us, through the relay and the whole way round, and if it does
//! not come back in time the operators hear of it, once, and once more when it works again.
//!
//! A working and trusted abuse address is half the battle: one that silently loses mail is worse than none. A mail that
//! comes back by any way in is recognised by its signed mark before anything else is made of it, and is no report.
//!
//! What the world is told of us is looked at too, where configured: the mail exchangers of our domains, and whom the
//! registry names for our prefixes.
//!
//! Nothing is remembered here: what was sent, what came back and who was told are rows, so a restart goes on.

mod alarm;
mod checked;
mod outside;
mod standing;
mod token;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{Address, address::Envelope};
use lookup::{Exchangers, Rdap};
use mail_parser::{HeaderValue as Parsed, MessageParser};
use store::{Entry, ReadingRow, Standing};
use tokio::sync::watch;

pub use alarm::Alarm;
pub use checked::Checked;

use self::checked::advice;
use self::outside::Looks;
use self::standing::{Terms, next};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::chain;
use crate::notify::Mailer;

/// How often we look whether anything is due, lost or back.
const LOOK: Duration = Duration::from_secs(2);
/// How often we look whether anything is due of what the world is told of us.
const LOOK_OUTSIDE: Duration = Duration::from_secs(30);
/// Self-checks looked at per address: a day of failures every minute must not hide the last success for long.
const LOOKED_AT: u32 = 50;
/// How long self-checks are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the operators wait for word that could not be brought to them before it is tried again.
const TELL_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// The name of the key that marks are signed with.
const KEY: &str = "self-check";

/// What is checked, how often, and who hears of it.
#[derive(Debug)]
pub struct SelfCheck {
    /// Everything that is checked.
    pub checked: Vec<Checked>,
    /// Our own addresses and whole domains that reports come to; the registry must name one of them.
    pub intake: Vec<String>,
    /// Knows whom the registry names.
    pub rdap: Option<Rdap>,
    /// Knocks at our mail exchangers.
    pub exchangers: Option<Exchangers>,
    /// How often each gets a mail.
    pub every: SignedDuration,
    /// How long one may take.
    pub limit: SignedDuration,
    /// Sends the mails, and the page to the operators.
    pub mailer: Option<Mailer>,
    /// The operators' address.
    pub operators: Option<Mailbox>,
    /// How else they hear of it.
    pub alarm: Alarm,
}

impl SelfCheck {
    /// Checks until `stop` turns true.
    pub async fn run(self, desk: Desk, mut stop: watch::Receiver<bool>) {
        let work = async {
            let terms = Terms { limit: self.limit, every: self.every, started: desk.now() };
            let mut tried: Option<Timestamp> = None;
            loop {
                if let Err(error) = self.look(&desk, terms, &mut tried).await {
                    tracing::error!(error = %chain(&error), "the self-check could not be made; trying again");
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let outside = async {
            let mut looks = Looks::default();
            loop {
                if let Err(error) = self.look_outside(&desk, &mut looks).await {
                    tracing::error!(error = %chain(&error), "the self-check could not be made; trying again");
                }
                tokio::time::sleep(LOOK_OUTSIDE).await;
            }
        };
        tokio::select! {
            () = work => {}
            () = outside => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// One look at everything. `tried` is when telling people last failed.
    async fn look(&self, desk: &Desk, terms: Terms, tried: &mut Option<Timestamp>) -> Result<(), DeskError> {
        let store = desk.store();
        let known = store.standings().await.doing("read how self-checks stand")?;
        let now = desk.now();
        for address in self.addresses() {
            let checks = store.self_checks(address.as_ref(), LOOKED_AT).await.doing("list self-checks")?;
            if let Some(seen) = terms.see(&checks, now) {
                let subject = Checked::Mail(address.clone()).to_string();
                let before = known.iter().find(|one| one.subject == subject);
                let after = next(before, &subject, seen);
                if before.is_none_or(|before| before.works != after.works || after.works && *before != after)
                {
                    store.set_standing(&after).await.doing("record how a self-check stands")?;
                }
            }
            if terms.is_due(&checks, now) {
                self.send(desk, address).await?;
            }
        }
        let ours: Vec<String> = self.checked.iter().map(ToString::to_string).collect();
        for gone in known.iter().filter(|one| !ours.contains(&one.subject)) {
            store.forget_standing(&gone.subject).await.doing("forget a self-check")?;
        }
        let old = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        store.forget_self_checks(old).await.doing("forget old self-checks")?;
        self.tell(desk, tried).await
    }

    /// Those that mail goes to.
    fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.checked
            .iter()
            .filter_map(|one| if let Checked::Mail(address) = one { Some(address) } else { None })
    }

    /// Tells people of every change they do not know of yet.
    async fn tell(&self, desk: &Desk, tried: &mut Option<Timestamp>) -> Result<(), DeskError> {
        if tried.is_some_and(|tried| desk.now().duration_since(tried) < TELL_AGAIN) {
            return Ok(());
        }
        let known = desk.store().standings().await.doing("read how self-checks stand")?;
        for standing in known.into_iter().filter(|standing| !standing.told) {
            if self.alarm(&standing).await {
                *tried = None;
                let told = Standing { told: true, ..standing };
                desk.store().set_standing(&told).await.doing("record that people were told")?;
            } else {
                *tried = Some(desk.now());
            }
        }
        Ok(())
    }

    /// Brings one piece of news to people by every way there is. Says whether any of them got it.
    async fn alarm(&self, standing: &Standing) -> bool {
        let (subject, text) = words(standing);
        if standing.works {
            tracing::info!(subject = standing.subject, note = standing.note, "a self-check works again");
        } else {
            tracing::error!(subject = standing.subject, note = standing.note, "a self-check fails");
        }
        let mut outcomes = self.alarm.sound(&text).await;
        if let Some(operators) = &self.operators {
            outcomes.push(self.post(&operators.email, &subject, &text, None).await);
        }
        for why in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            tracing::error!(why, "people could not be told of a self-check by one of the ways");
        }
        // With no way to tell anybody, the log and the front page are all there is.
        outcomes.is_empty() || outcomes.iter().any(Result::is_ok)
    }

    async fn send(&self, desk: &Desk, address: &Address) -> Result<(), DeskError> {
        let random = || DeskError::Random("for the mark of a self-check".to_owned());
        let key = desk.self_check_key().await?;
        let nonce = token::fresh().ok_or_else(random)?;
        let mark = token::sign(&key, &nonce).ok_or_else(random)?;
        let store = desk.store();
        store.begin_self_check(&nonce, address.as_ref(), desk.now()).await.doing("record a self-check")?;
        let text = "This mail was sent by nightdesk to itself, to see whether mail to this address arrives.\n\
                    Nobody needs to do anything with it. Should a person read it: mail to this address does not\n\
                    reach nightdesk, and it should.\n";
        if let Err(why) = self.post(address, "nightdesk self-check", text, Some((&nonce, &mark))).await {
            tracing::warn!(%address, why, "the relay did not take a self-check; trying again");
            store.fail_self_check(&nonce, &why).await.doing("record a self-check")?;
        }
        Ok(())
    }

    async fn post(
        &self,
        to: &Address,
        subject: &str,
        text: &str,
        mark: Option<(&str, &str)>,
    ) -> Result<(), String> {
        let Some(mailer) = &self.mailer else { return Err("no mail relay is configured".to_owned()) };
        let from = mailer.from();
        let mut builder = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN);
        if let Some((nonce, _)) = mark {
            builder = builder.message_id(Some(format!("<self-check.{nonce}@{}>", from.email.domain())));
        }
        let mut message = builder.body(text.to_owned()).map_err(|error| error.to_string())?;
        let mut header = |name, value: &str| {
            let name = HeaderName::new_from_ascii_str(name);
            message.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        };
        // RFC 3834 section 5: nobody's machine should answer it.
        header("Auto-Submitted", "auto-generated");
        if let Some((_, mark)) = mark {
            header(token::HEADER, mark);
        }
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()]);
        let envelope = envelope.map_err(|error| error.to_string())?;
        mailer.send_raw(&envelope, &message.formatted()).await
    }
}

/// Subject and text of the news.
fn words(standing: &Standing) -> (String, String) {
    let Standing { subject, since, note, .. } = standing;
    if standing.works {
        (
            format!("nightdesk: {subject} works again"),
            format!("{subject} works again since {since}: {note}.\n"),
        )
    } else {
        (
            format!("nightdesk: {subject} does not work"),
            format!(
                "{subject} does not work since {since}: {note}.\n{}\n\
                 You will hear of it once more when it works again.\n",
                advice(subject)
            ),
        )
    }
}

impl Desk {
    /// The key that marks are signed with; made when it is first asked for.
    async fn self_check_key(&self) -> Result<Vec<u8>, DeskError> {
        let mut fresh = [0u8; 32];
        getrandom::fill(&mut fresh).map_err(|error| DeskError::Random(error.to_string()))?;
        self.store().own_key(KEY, &fresh).await.doing("read the key of the self-check")
    }

    /// Whether a message of the log is a self-check of ours that came back; it is recorded then, and nothing else is to be
    /// made of it. The mark must stand in the message's own header: one in a bounce or a quotation has not come back.
    pub(crate) async fn self_check_came_back(&self, entry: &Entry, bytes: &[u8]) -> Result<bool, DeskError> {
        let Some(mark) = mark_in(bytes) else { return Ok(false) };
        let Some(nonce) = token::verify(&self.self_check_key().await?, &mark) else { return Ok(false) };
        let row = |check: &store::SelfCheck| {
            let took = entry.received.duration_since(check.sent).as_secs_f64();
            ReadingRow {
                evidence: entry.id,
                outcome: "self-check".to_owned(),
                note: format!("our own mail to {} came back in {took:.1} s", check.address),
                case: None,
                reading: serde_json::json!({ "self_check": check.nonce, "seconds": took }),
            }
        };
        let back = (entry.received, entry.source.as_str());
        let ended = self.store().end_self_check(&nonce, back, row).await;
        Ok(ended.doing("record that a self-check came back")?.is_some())
    }
}

fn mark_in(bytes: &[u8]) -> Option<String> {
    let message = MessageParser::new().parse_headers(bytes)?;
    message.header(token::HEADER).and_then(Parsed::as_text).map(str::to_owned)
}

#[cfg(test)]
mod tests;
