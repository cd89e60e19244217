//! The customer's own page: what was seen of their line, whether it is blocked, a test when they are done, and their answer.
//!
//! It is reached by a link that nobody can guess: 256 bits made from a key that never leaves the store, of which only the
//! SHA-256 is kept. A link is for one case and ends after a while. It shows what a letter may say and nothing else: nobody
//! else's address, no reporter, no words of either.

use case::{Actor, Case, CaseId, Command, Stage, SubscriberId};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use store::CustomerLink;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::garden::{GardenAnswer, GardenGuest, seen};

/// The name of the key that tokens are made with.
const KEY: &str = "customer-links";
/// How long a link is there.
const VALID: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many answers one link takes.
const ANSWERS: u32 = 20;
/// The longest answer that is kept, in characters.
const ANSWER_AT_MOST: usize = 2000;
/// Hexadecimal digits of a token: 256 bits.
const TOKEN: usize = 64;

/// How things stand for a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerView {
    /// The line as the walled garden shows it too.
    pub guest: GardenGuest,
    /// The case of the link.
    pub case: CaseId,
    /// Whether it has ended, or was found clean.
    pub is_over: bool,
    /// The language they were written in; empty for the usual one.
    pub language: String,
    /// When the link ends.
    pub expires: Timestamp,
    /// How many answers it has taken, and whether it takes more.
    pub answers: u64,
    /// Whether it takes more answers.
    pub takes_answers: bool,
    /// How a person is reached.
    pub contact: String,
}

/// What came of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerAnswer {
    /// It stands on the case.
    Kept,
    /// It was blank.
    Blank,
    /// The link has taken as many as it takes.
    Enough,
    /// There is no such link, or not any more.
    NoLink,
}

impl Desk {
    /// The link that goes with a letter, and its end; none where no address of ours is configured. The same letter has the
    /// same link however often it is tried.
    pub(crate) async fn customer_link(
        &self,
        case: CaseId,
        subscriber: &SubscriberId,
        language: Option<&str>,
        letter: &str,
    ) -> Result<Option<(String, Timestamp)>, DeskError> {
        let Some(base) = self.settings().customer_pages.clone() else { return Ok(None) };
        let mut fresh = [0u8; 32];
        getrandom::fill(&mut fresh).map_err(|error| DeskError::Random(error.to_string()))?;
        let key = self.store().own_key(KEY, &fresh).await.doing("read the key of customers' links")?;
        let Some(token) = token(&key, letter) else { return Ok(None) };
        let now = self.now();
        let link = CustomerLink {
            token_hash: Sha256::digest(token.as_bytes()).into(),
            case,
            subscriber: subscriber.clone(),
            language: language.unwrap_or_default().to_owned(),
            made: now,
            expires: now.saturating_add(VALID).unwrap_or(Timestamp::MAX),
            opened: None,
            opens: 0,
            answers: 0,
        };
        self.store().put_customer_link(&link).await.doing("record the link to a customer's page")?;
        Ok(Some((format!("{}/c/{token}", base.trim_end_matches('/')), link.expires)))
    }

    /// The page behind a token; none where there is no such link, or not any more. `opened` counts it as looked at.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn customer(&self, token: &str, opened: bool) -> Result<Option<CustomerView>, DeskError> {
        let Some(link) = self.link_of(token).await? else { return Ok(None) };
        if opened {
            self.store().customer_opened(&link.token_hash, self.now()).await.doing("count an opened page")?;
        }
        let mut guest = self.guest_of(Some(link.subscriber.clone())).await?;
        let is_over = self.of_link(&link, &mut guest).await;
        Ok(Some(CustomerView {
            guest,
            case: link.case,
            is_over,
            language: link.language,
            expires: link.expires,
            answers: link.answers,
            takes_answers: link.answers < u64::from(ANSWERS),
            contact: self.settings().letters.contact().to_owned(),
        }))
    }

    /// Narrows what is known of the line to the case of the link; whether that is over.
    async fn of_link(&self, link: &CustomerLink, guest: &mut GardenGuest) -> bool {
        let office = self.office().read().await;
        let proved = |case: &&Case| matches!(case.stage(), Stage::Confirmed | Stage::Contained);
        let case = office.case(link.case);
        match case.filter(proved) {
            // What is proved may be tested and answered, whether or not anything is blocked.
            Some(case) => {
                guest.seen = seen(case);
                guest.contained = Some(case.id());
                false
            }
            None => {
                (guest.contained, guest.until, guest.seen) = (None, None, Vec::new());
                true
            }
        }
    }

    /// The customer wants the line tested now.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn customer_tests(&self, token: &str) -> Result<Option<GardenAnswer>, DeskError> {
        let Some(link) = self.link_of(token).await? else { return Ok(None) };
        let mut guest = self.guest_of(Some(link.subscriber.clone())).await?;
        self.of_link(&link, &mut guest).await;
        self.test_of(&guest).await.map(Some)
    }

    /// The customer answers: a note on the case, in their name.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn customer_says(&self, token: &str, text: &str) -> Result<CustomerAnswer, DeskError> {
        let Some(link) = self.link_of(token).await? else { return Ok(CustomerAnswer::NoLink) };
        let text: String = text.trim().chars().take(ANSWER_AT_MOST).collect();
        if text.is_empty() {
            return Ok(CustomerAnswer::Blank);
        }
        if !self
            .store()
            .customer_answers(&link.token_hash, ANSWERS)
            .await
            .doing("count a customer's answer")?
        {
            return Ok(CustomerAnswer::Enough);
        }
        let note = Command::Note { text: format!("the customer answers: {text}") };
        match self.act(link.case, note, Actor::Desk).await {
            Ok(()) => Ok(CustomerAnswer::Kept),
            Err(crate::ActError::Desk(error)) => Err(error),
            Err(error) => {
                tracing::warn!(case = %link.case, %error, "a customer's answer could not be noted");
                Ok(CustomerAnswer::NoLink)
            }
        }
    }

    async fn link_of(&self, token: &str) -> Result<Option<CustomerLink>, DeskError> {
        if token.len() != TOKEN || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.store().customer_link(&hash, self.now()).await.doing("look up a customer's link")
    }
}

/// The token of a letter: HMAC-SHA-256 (RFC 2104), so that nobody can tell one from another.
fn token(key: &[u8], letter: &str) -> Option<String> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(b"customer-link ");
    mac.update(letter.as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_one_token_and_another_letter_another() {
        let of = |key: &[u8], letter: &str| token(key, letter).expect("a token");
        assert_eq!(of(b"key", "ND-1/tell"), of(b"key", "ND-1/tell"));
        assert_eq!(of(b"key", "ND-1/tell").len(), TOKEN);
        assert_ne!(of(b"key", "ND-1/tell"), of(b"key", "ND-2/tell"));
        assert_ne!(of(b"key", "ND-1/tell"), of(b"other", "ND-1/tell"));
    }
}
