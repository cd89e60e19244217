//! Bringing a ring to somebody, by the way they wish, until it is there or given up.

use std::path::Path;
use std::sync::Arc;

use ::oncall::{Contact, Entry, Page, Rang, Rota, Standing, Way};
use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::Tried;
use super::shapes::{self, Text};
use crate::desk::Desk;
use crate::night::chain;
use crate::notify::{Letter, Mailer, Sent};

/// How often one ring is tried, and how long after the last try the next is: together about eight minutes. Meanwhile the
/// policy goes on to the next person by itself.
const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(45),
    SignedDuration::from_secs(120),
    SignedDuration::from_secs(300),
];
/// How many rings are under way at once.
const AT_ONCE: usize = 32;
/// The longest secret that is read from a file, in bytes.
const LONGEST_SECRET: u64 = 4096;

/// Why a ring is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotThere {
    /// Trying again may help.
    Later(String),
    /// It does not.
    Never(String),
}

impl Desk {
    /// Begins whatever of a page is to be brought to somebody and is not under way.
    pub(super) fn deliver(
        &self,
        rota: &Arc<Rota>,
        page: &Page,
        mailer: Option<&Arc<Mailer>>,
        deliveries: &mut JoinSet<()>,
    ) {
        let now = self.now();
        for rang in page.rings.iter().filter(|rang| rang.ended.is_none()) {
            let key = (page.id, rang.ring.number);
            let begins = self.duty().going(|going| {
                let waits = going.tried.get(&key).is_some_and(|tried| tried.again > now);
                !waits && going.under_way.len() < AT_ONCE && going.under_way.insert(key)
            });
            if begins {
                let (desk, rota, page, rang) = (self.clone(), rota.clone(), page.clone(), rang.clone());
                let mailer = mailer.cloned();
                deliveries.spawn(async move { desk.bring(&rota, &page, &rang, mailer.as_deref()).await });
            }
        }
    }

    async fn bring(&self, rota: &Rota, page: &Page, rang: &Rang, mailer: Option<&Mailer>) {
        let key = (page.id, rang.ring.number);
        let outcome = if page.standing == Standing::Open {
            self.ring_once(rota, page, rang, mailer).await
        } else {
            Err(NotThere::Never("not needed any more: somebody looks at it".to_owned()))
        };
        let failure = match outcome {
            Ok(()) => None,
            Err(NotThere::Never(why)) => Some(why),
            Err(NotThere::Later(why)) => {
                let now = self.now();
                let again = self.duty().going(|going| {
                    let tried = going.tried.entry(key).or_insert(Tried { times: 0, again: now });
                    let pause = PAUSES.get(tried.times as usize);
                    tried.times = tried.times.saturating_add(1);
                    tried.again = pause.and_then(|pause| now.checked_add(*pause).ok()).unwrap_or(now);
                    pause.is_some()
                });
                if again {
                    tracing::warn!(page = %page.id, to = %rang.ring.person, way = rang.ring.way, %why, "not reached; tried again");
                    self.duty().going(|going| going.under_way.remove(&key));
                    return;
                }
                Some(format!("given up after {} tries: {why}", PAUSES.len() + 1))
            }
        };
        self.ended(page, rang, failure).await;
    }

    /// Writes down what became of a ring.
    async fn ended(&self, page: &Page, rang: &Rang, failure: Option<String>) {
        let number = rang.ring.number;
        let entry = Entry::Rung { ring: number, failure: failure.clone() };
        let is_open =
            |page: &Page| page.rings.iter().any(|one| one.ring.number == number && one.ended.is_none());
        let say = |page: &Page| if is_open(page) { vec![entry.clone()] } else { Vec::new() };
        if let Err(error) = self.write_to_page(page.id, say).await {
            // It rings once more: better twice than never.
            tracing::error!(page = %page.id, error = %chain(&error), "what became of a ring could not be recorded");
        }
        let contact = (rang.ring.person.clone(), rang.ring.way.clone());
        let is_needed = page.standing == Standing::Open;
        self.duty().going(|going| {
            going.under_way.remove(&(page.id, number));
            going.tried.remove(&(page.id, number));
            match failure {
                None => _ = going.broken.remove(&contact),
                Some(why) if is_needed => _ = going.broken.insert(contact, why),
                Some(_) => {}
            }
        });
    }

    async fn ring_once(
        &self,
        rota: &Rota,
        page: &Page,
        rang: &Rang,
        mailer: Option<&Mailer>,
    ) -> Result<(), NotThere> {
        let person = rota.person(&rang.ring.person);
        let contact = person
            .and_then(|person| person.contacts.iter().find(|one| one.way.to_string() == rang.ring.way))
            .ok_or_else(|| {
                NotThere::Never("the file of people on duty names no such contact any more".to_owned())
            })?;
        let answer = self.answer_of(page.id, rang.ring.number).await;
        let answer = answer.map_err(|error| NotThere::Later(chain(&error)))?;
        let text = Text::of_page(page, rang, answer);
        self.send_ring(rota, contact, &text, mailer).await
    }

    /// Sends a text to somebody.
    pub(super) async fn send_ring(
        &self,
        rota: &Rota,
        contact: &Contact,
        text: &Text,
        mailer: Option<&Mailer>,
    ) -> Result<(), NotThere> {
        match &contact.way {
            Way::Mail { address } => mail(mailer, address, &text.key, (text.subject(), text.long())).await,
            Way::Sms { address } => mail(mailer, address, &text.key, (String::new(), text.short())).await,
            Way::Command { command } => {
                let Some((program, arguments)) = command.split_first() else {
                    return Err(NotThere::Never("the contact's command is empty".to_owned()));
                };
                crate::program::run(program, arguments, &text.long()).await.map_err(NotThere::Later)
            }
            Way::Slack { .. }
            | Way::Matrix { .. }
            | Way::PagerDuty { .. }
            | Way::Ntfy { .. }
            | Way::Webhook { .. } => self.post_ring(rota, &contact.way, text).await,
        }
    }

    async fn post_ring(&self, rota: &Rota, way: &Way, text: &Text) -> Result<(), NotThere> {
        let secret = match shapes::secret_file(way) {
            Some(path) => Some(secret(path).await.map_err(NotThere::Later)?),
            None => None,
        };
        let request = shapes::request(way, text, secret.as_deref()).map_err(NotThere::Never)?;
        let outbound = self.settings().outbound.also(rota.webhook_allow());
        let answer = outbound.send(request).await.map_err(|error| match error {
            crate::OutboundError::Failed(why) => NotThere::Later(why),
            // A name may lead elsewhere by the next try, but a person must look at it.
            other => NotThere::Never(other.to_string()),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body: String =
            String::from_utf8_lossy(answer.body()).chars().filter(|c| !c.is_control()).take(120).collect();
        let why = format!("{way} answered {status}: {body}");
        // 4xx but "later" ones do not pass by waiting (RFC 9110 section 15.5).
        let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Err(if passes { NotThere::Later(why) } else { NotThere::Never(why) })
    }

    /// Rings everybody directly, once: nothing can be read or written, so nobody knows who was told what.
    pub(super) async fn ring_without_the_store(&self, rota: &Rota, mailer: Option<&Arc<Mailer>>, why: &str) {
        tracing::error!(%why, "everybody is rung: the store cannot be used");
        let text = Text::without_the_store(why, self.now());
        for person in rota.people() {
            for contact in &person.contacts {
                if let Err(failed) = self.send_ring(rota, contact, &text, mailer.map(AsRef::as_ref)).await {
                    tracing::error!(person = %person.name, way = %contact.way, ?failed, "not reached");
                }
            }
        }
    }
}

async fn mail(
    mailer: Option<&Mailer>,
    address: &str,
    key: &str,
    words: (String, String),
) -> Result<(), NotThere> {
    let Some(mailer) = mailer else {
        return Err(NotThere::Never("no mail relay is configured ([mail] relay)".to_owned()));
    };
    let to = address.parse().map_err(|_| NotThere::Never(format!("{address} is no mail address")))?;
    match mailer.send(&Letter::new(to, key.to_owned(), words)).await {
        Sent::To(_) => Ok(()),
        Sent::Not { why, .. } => Err(NotThere::Never(why)),
        Sent::Later { why, .. } => Err(NotThere::Later(why)),
    }
}

/// A secret that stands in a file of its own, without the end of its line.
async fn secret(path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    if tokio::fs::metadata(path).await.map_err(told)?.len() > LONGEST_SECRET {
        return Err(format!("{} is too long for a secret", path.display()));
    }
    Ok(tokio::fs::read_to_string(path).await.map_err(told)?.trim().to_owned())
}
