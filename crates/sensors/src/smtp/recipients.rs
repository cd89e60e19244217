//! Who we accept mail for. There is no way to say "everybody".

use std::fmt;
use std::str::FromStr;

/// One configured recipient: a full address, or a domain with every local part in it; optionally with an intake tag
/// that is passed on in [`Envelope::tags`](crate::Envelope::tags), for example to mark an unpublished address that
/// only a trusted feed knows.
///
/// Parsed from text: `abuse@example.net` is an address, `example.net` or `@example.net` a domain, and a word after it is
/// the tag: `sc-4711@example.net trusted`. Letter case does not matter, in the local part neither: it is our mailbox, so
/// RFC 5321 2.4 leaves that to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    local: Option<String>,
    domain: String,
    tag: Option<String>,
}

impl Recipient {
    /// The same recipient with an intake tag.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Recipient {
        self.tag = Some(tag.into());
        self
    }

    fn matches(&self, local: &str, domain: &str) -> bool {
        self.domain == domain && self.local.as_deref().is_none_or(|ours| ours == local)
    }
}

/// Enough for a word; it is kept with every message.
const LONGEST_TAG: usize = 32;

impl FromStr for Recipient {
    type Err = RecipientError;

    fn from_str(text: &str) -> Result<Recipient, RecipientError> {
        let wrong = || RecipientError::Malformed(text.to_owned());
        let lower = text.trim().to_lowercase();
        let (lower, tag) = match lower.split_once(char::is_whitespace) {
            Some((address, tag)) => (address.to_owned(), Some(tag.trim().to_owned())),
            None => (lower, None),
        };
        let tag_fits = tag.as_deref().is_none_or(|tag| {
            tag.len() <= LONGEST_TAG && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let (local, domain) = match lower.rsplit_once('@') {
            None => (None, lower.as_str()),
            Some(("", domain)) => (None, domain),
            Some((local, domain)) => (Some(local.to_owned()), domain),
        };
        let local_fits = local
            .as_deref()
            .is_none_or(|local| !local.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@'));
        if !tag_fits || !local_fits || !is_domain(domain) {
            return Err(wrong());
        }
        Ok(Recipient { local, domain: domain.to_owned(), tag })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local.as_deref().unwrap_or_default(), self.domain)
    }
}

/// A domain name, or an address literal such as `[192.0.2.1]`.
fn is_domain(text: &str) -> bool {
    let literal = text.starts_with('[') && text.ends_with(']') && text.len() > 2;
    let named = text
        .split('.')
        .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'));
    literal && !text.contains(|c: char| c.is_whitespace() || c.is_control()) || named
}

/// Why a list of recipients is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecipientError {
    /// Nobody is configured. Accepting everything is not offered.
    #[error(
        "no recipients are configured; name at least one address or domain that mail is accepted for, such as abuse@example.net"
    )]
    Nobody,
    /// Neither an address nor a domain.
    #[error(
        "{0:?} is neither an address such as abuse@example.net nor a domain such as example.net, alone or with one word for a tag after it"
    )]
    Malformed(String),
}

/// Everybody we accept mail for; at least one.
///
/// Besides those named, `postmaster` without a domain, and `postmaster@` and `abuse@` of every domain named, are
/// always accepted (RFC 5321 4.5.1, RFC 2142).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipients(Vec<Recipient>);

impl Recipients {
    /// The recipients, if there is at least one.
    ///
    /// # Errors
    /// [`RecipientError::Nobody`] for an empty list.
    pub fn new(list: impl IntoIterator<Item = Recipient>) -> Result<Recipients, RecipientError> {
        let list: Vec<Recipient> = list.into_iter().collect();
        if list.is_empty() { Err(RecipientError::Nobody) } else { Ok(Recipients(list)) }
    }

    /// The recipients from text, one each: `abuse@example.net`, `example.net`, `sc-4711@example.net trusted`.
    ///
    /// # Errors
    /// [`RecipientError`] for an empty list or a malformed entry.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Recipients, RecipientError> {
        Recipients::new(list.into_iter().map(str::parse).collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether mail for this address (without angle brackets) is accepted, and with which tag.
    #[must_use]
    pub fn accept(&self, address: &str) -> Option<Accepted<'_>> {
        let lower = address.to_lowercase();
        let Some((local, domain)) = lower.rsplit_once('@') else {
            return (lower == "postmaster").then_some(Accepted { tag: None });
        };
        let local = local.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(local);
        let full = self.0.iter().find(|one| one.local.is_some() && one.matches(local, domain));
        let named = full.or_else(|| self.0.iter().find(|one| one.matches(local, domain)));
        let duty =
            || matches!(local, "postmaster" | "abuse") && self.0.iter().any(|one| one.domain == domain);
        match named {
            Some(one) => Some(Accepted { tag: one.tag.as_deref() }),
            None => duty().then_some(Accepted { tag: None }),
        }
    }
}

/// A recipient that is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted<'a> {
    /// The intake tag it was configured with.
    pub tag: Option<&'a str>,
}
