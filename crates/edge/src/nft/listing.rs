//! Reading what `nft -j list table inet nightdesk` prints.
//!
//! The text comes from a foreign program about a table other hands can write to: nothing in it may stop us, and what we
//! do not understand is counted, not guessed at.

use std::net::IpAddr;

use case::{Measure, RuleKey, Transport};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::garden;
use super::script::{SETS, set_of};

/// Why a listing cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The JSON is not a listing.
    #[error("it has no list named \"nftables\"")]
    NoList,
}

/// Our table as listed.
#[derive(Debug, PartialEq)]
pub struct Listing {
    /// Everything but elements, handles and counters: how the table is built.
    pub(crate) shape: Value,
    /// The comments of all rules.
    pub(crate) marks: Vec<String>,
    /// What our sets hold, as far as it is of our kind.
    pub(crate) elements: Vec<Element>,
    /// How many elements of our sets are of no kind we ever write.
    pub(crate) strangers: usize,
}

/// One element of one of our sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) key: RuleKey,
    /// What it has left, in whole seconds rounded down; `None` when it has no end.
    pub(crate) left: Option<SignedDuration>,
    /// When it was first put in force, by its comment.
    pub(crate) since: Option<Timestamp>,
}

/// Reads a listing.
///
/// # Errors
/// [`ListingError`] when it is no listing; anything odd within one is counted, not an error.
pub fn read_listing(json: &[u8]) -> Result<Listing, ListingError> {
    let Value::Object(mut top) = serde_json::from_slice(json)? else { return Err(ListingError::NoList) };
    let Some(Value::Array(mut objects)) = top.remove("nftables") else { return Err(ListingError::NoList) };
    objects.retain(|object| object.get("metainfo").is_none());
    let mut listing = Listing { shape: Value::Null, marks: Vec::new(), elements: Vec::new(), strangers: 0 };
    for object in &objects {
        if let Some(set) = object.get("set") {
            listing.take_set(set);
        }
        if let Some(rule) = object.get("rule") {
            listing.marks.push(rule.get("comment").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
    listing.shape = Value::Array(objects);
    strip(&mut listing.shape);
    Ok(listing)
}

impl Listing {
    fn take_set(&mut self, set: &Value) {
        let name = set.get("name").and_then(Value::as_str).unwrap_or_default();
        let all = SETS.into_iter().chain(garden::SETS.map(|(set, _, _)| set));
        let Some(name) = all.into_iter().find(|ours| *ours == name) else { return };
        for entry in set.get("elem").and_then(Value::as_array).into_iter().flatten() {
            match element(name, entry) {
                Some(element) => self.elements.push(element),
                None => self.strangers += 1,
            }
        }
    }
}

/// Takes out what changes without anybody changing the table.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["handle", "elem", "packets", "bytes"] {
                fields.remove(name);
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// `{"concat": […]}`, or `{"elem": {"val": {"concat": […]}, "timeout": …, "expires": …, "comment": …}}`; a line in the
/// garden is an address alone.
fn element(set: &'static str, entry: &Value) -> Option<Element> {
    let nothing = Map::new();
    let details = entry.get("elem").and_then(Value::as_object).unwrap_or(&nothing);
    let value = details.get("val").unwrap_or(entry);
    let key = match value.as_str() {
        Some(address) => led(set, address)?,
        None => key(set, value.get("concat")?.as_array()?)?,
    };
    let left = details.get("timeout").map(|timeout| {
        // An element about to lapse is listed without `expires` by some versions.
        let expires = details.get("expires").and_then(Value::as_i64).unwrap_or(0);
        SignedDuration::from_secs(expires.min(timeout.as_i64().unwrap_or(expires)).max(0))
    });
    let since = details.get("comment").and_then(Value::as_str).and_then(since);
    Some(Element { key, left, since })
}

fn led(set: &'static str, address: &str) -> Option<RuleKey> {
    let key = RuleKey { address: address.parse().ok()?, measure: Measure::Garden };
    (set_of(&key) == set).then_some(key)
}

fn key(set: &'static str, parts: &[Value]) -> Option<RuleKey> {
    let [address, protocol, port] = parts else { return None };
    let address: IpAddr = address.as_str()?.parse().ok()?;
    let protocol = match (protocol.as_str(), protocol.as_u64()) {
        (Some("tcp"), _) | (_, Some(6)) => Transport::Tcp,
        (Some("udp"), _) | (_, Some(17)) => Transport::Udp,
        _ => return None,
    };
    let port = u16::try_from(port.as_u64()?).ok()?;
    let measure = if set.starts_with("nd_in") {
        Measure::In { protocol, port }
    } else {
        Measure::Out { protocol, port }
    };
    let key = RuleKey { address, measure };
    (set_of(&key) == set).then_some(key)
}

/// The time in a comment of ours, `ND-17 since 1764000000`.
fn since(comment: &str) -> Option<Timestamp> {
    let (_, seconds) = comment.split_once(" since ")?;
    Timestamp::from_second(seconds.parse().ok()?).ok()
}

#[cfg(test)]
mod tests;
