//! One customer line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of one customer line, as the provider's own systems write it (a RADIUS User-Name, a circuit id).
///
/// 1 to 128 bytes, no control characters, no leading or trailing white space: it is shown, logged and put in mails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubscriberId(String);

/// Why a text cannot name a subscriber.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscriberIdError {
    /// Nothing but white space.
    #[error("the subscriber name is empty")]
    Empty,
    /// Longer than 128 bytes.
    #[error("the subscriber name is longer than 128 bytes")]
    TooLong,
    /// Holds a control character.
    #[error("the subscriber name holds a control character")]
    Control,
}

impl SubscriberId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriberId {
    type Err = SubscriberIdError;
    fn from_str(text: &str) -> Result<Self, SubscriberIdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SubscriberIdError::Empty);
        }
        if text.len() > 128 {
            return Err(SubscriberIdError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(SubscriberIdError::Control);
        }
        Ok(SubscriberId(text.to_owned()))
    }
}

impl TryFrom<String> for SubscriberId {
    type Error = SubscriberIdError;
    fn try_from(text: String) -> Result<Self, SubscriberIdError> {
        text.parse()
    }
}

impl From<SubscriberId> for String {
    fn from(id: SubscriberId) -> Self {
        id.0
    }
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
