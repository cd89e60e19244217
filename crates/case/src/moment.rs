//! Adding to a moment without falling off the end of time.
use jiff::{SignedDuration, Timestamp};

/// `at` and `by` later; the last moment there is when that is out of reach.
pub(crate) fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    let limit = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    at.saturating_add(by).unwrap_or(limit)
}

/// A moment as reasons name it, to the second.
pub(crate) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
