//! Who is on duty from when to when.

use jiff::Timestamp;
use serde::Serialize;

use crate::Name;

/// Somebody on duty, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OnDuty {
    /// Who.
    pub person: Name,
    /// The layer that says so, from 1; `None` for an override.
    pub layer: Option<usize>,
}

/// A stretch of time in which one person, or nobody, is on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// From when.
    pub from: Timestamp,
    /// Until when, not included.
    pub to: Timestamp,
    /// Who; `None` when nobody is.
    pub on_duty: Option<OnDuty>,
}
