//! How values look in a row.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// A number as it is kept; both databases know only signed 64 bits.
pub(crate) fn number(value: u64, what: &'static str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Unfit { what, reason: format!("{value} is too large") })
}

/// A number that was kept.
pub(crate) fn count(value: i64, what: &str) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| damaged(what, format!("{value} is negative")))
}

/// A moment that was kept.
pub(crate) fn moment(micros: i64, what: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| damaged(what, error.to_string()))
}

/// 32 bytes that were kept.
pub(crate) fn hash(bytes: &[u8], what: &str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| damaged(what, format!("a hash of {} bytes", bytes.len())))
}

/// A value as JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unfit { what, reason: error.to_string() })
}

/// A value from JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(what, error.to_string()))
}

/// The word serde writes for a plain enum, without its quotes.
pub(crate) fn to_word<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(StoreError::Unfit { what, reason: format!("{other} is no word") }),
        Err(error) => Err(StoreError::Unfit { what, reason: error.to_string() }),
    }
}

/// The plain enum a word stands for.
pub(crate) fn from_word<T: DeserializeOwned>(word: String, what: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|error| damaged(what, error.to_string()))
}

/// The subscriber a row names.
pub(crate) fn subscriber(text: &str) -> Result<case::SubscriberId, StoreError> {
    text.parse().map_err(|_| damaged("a subscriber", format!("{text:?} cannot be a name")))
}

pub(crate) fn damaged(what: &str, reason: String) -> StoreError {
    StoreError::Damaged { what: what.to_owned(), reason }
}
