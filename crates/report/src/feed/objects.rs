//! JSON: an array of objects, an object with such an array in it, or one object a line.

use std::net::IpAddr;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::claims::Draft;
use crate::document::{Document, Found};
use crate::json::{self, Object};
use crate::kept::Kept;
use crate::reading::{Format, Protocol};

use super::{Entry, found, names};

/// Entries of one document.
const MOST: usize = 250_000;

/// Reads `document`; None when it is not one, or accuses nobody.
pub(super) fn read(document: &Document<'_>) -> Option<Found> {
    let first = document.bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace() && *byte < 0x80)?;
    if first != b'{' && first != b'[' {
        return None;
    }
    let whole = json::text(document.bytes);
    let entries = entries(&whole)?;
    let mut draft = Draft::default();
    let mut kept = Kept::with_room_for(entries.len());
    kept.make_room(entries.len(), document.bytes.len(), &mut draft);
    draft.doubt("a list that was read by the names of its fields");
    for entry in entries.iter().take(MOST) {
        let Some(object) = Object::of(&whole, entry) else { continue };
        if !names::accuse(object.keys()) {
            continue;
        }
        if let Some(claim) = read_entry(&object).claim(document, &mut kept, &mut draft) {
            kept.claim(claim, &mut draft);
        }
    }
    found(Format::Feed, draft, kept)
}

/// The objects of the list, whichever way it is written.
fn entries(whole: &str) -> Option<Vec<&RawValue>> {
    let (value, mut at) = json::value(whole, 0)?;
    if let Some(items) = json::items(value) {
        return Some(items);
    }
    let object = Object::of(whole, value)?;
    let mut entries = vec![value];
    // One object a line, or an object around the list.
    while let Some((next, end)) = json::value(whole, at).filter(|_| entries.len() < MOST) {
        entries.push(next);
        at = end;
    }
    if entries.len() == 1 && !names::accuse(object.keys()) {
        let keys: Vec<&str> = object.keys().take(64).collect();
        return keys.iter().filter_map(|key| object.items(key)).max_by_key(Vec::len);
    }
    Some(entries)
}

fn read_entry(object: &Object<'_>) -> Entry {
    let text = |keys: &[&str]| object.string(keys).filter(|text| !text.trim().is_empty());
    let inner = || names::INNER.iter().find_map(|key| address(&object.object(key)?, &names::INNER_ADDRESSES));
    let source = address(object, &names::SOURCES).or_else(inner);
    let hosts = source.is_none();
    let protocol = text(&names::PROTOCOLS);
    Entry {
        address: source.or_else(|| address(object, &names::HOSTS)),
        hosts,
        port: names::ports(hosts).iter().find_map(|key| object.port(&[key])),
        protocol: protocol.and_then(|name| transport(&name)),
        time: names::TIMES.iter().find_map(|key| object.word(&[key])).map(|word| word.text),
        kinds: names::KINDS.iter().filter_map(|key| text(&[key])).collect(),
        malware: names::MALWARE.iter().find_map(|key| text(&[key])),
        url: text(&names::URLS),
    }
}

/// The first of `keys` that holds an address, with the place of it.
fn address(object: &Object<'_>, keys: &[&str]) -> Option<(IpAddr, Range<usize>)> {
    keys.iter().find_map(|key| {
        let word = object.word(&[key])?;
        let host = json::host(&word.text)?;
        // Escapes move the address within the text; then the whole value stands for it.
        let exact = word.range.len() == word.text.len();
        let start = word.range.start;
        let within = start + host.range.start..start + host.range.end;
        Some((host.address, if exact { within } else { word.range }))
    })
}

pub(super) fn transport(name: &str) -> Option<Protocol> {
    [Protocol::Tcp, Protocol::Udp, Protocol::Icmp]
        .into_iter()
        .find(|protocol| name.trim().eq_ignore_ascii_case(protocol.name()))
}
