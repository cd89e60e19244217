//! One accepted delivery as a file: a line of JSON, then the bytes as they were heard.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Delivery;

#[derive(Serialize, Deserialize)]
struct Header {
    id: String,
    source: String,
    envelope: serde_json::Value,
    /// Microseconds UTC.
    received: i64,
    len: u64,
    sha256: String,
}

/// The file's name: the time first, so that names sort by age, then the id. A `+` before the time of what goes first.
pub(super) fn name(delivery: &Delivery) -> Result<String, &'static str> {
    let id = &delivery.id;
    if id.is_empty() || id.len() > 128 {
        return Err("its id is empty or longer than 128 characters");
    }
    if id.starts_with('.') || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err("its id holds other characters than letters, digits, '-', '_' and '.'");
    }
    let first = if delivery.is_urgent() { "+" } else { "" };
    Ok(format!("{first}{:020},{id}", delivery.received.as_microsecond().max(0)))
}

/// The id in a file's name.
pub(super) fn id_in_name(name: &str) -> Option<&str> {
    name.split_once(',').map(|(_, id)| id)
}

/// The file's contents.
pub(super) fn seal(delivery: &Delivery) -> Vec<u8> {
    let header = serde_json::json!({
        "id": delivery.id,
        "source": delivery.source,
        "envelope": delivery.envelope,
        "received": delivery.received.as_microsecond(),
        "len": delivery.bytes.len(),
        "sha256": hex::encode(Sha256::digest(&delivery.bytes)),
    });
    let mut letter = header.to_string().into_bytes();
    letter.push(b'\n');
    letter.extend_from_slice(&delivery.bytes);
    letter
}

/// Reads a file's contents back, or says why they are not what was written.
pub(super) fn open(letter: &[u8]) -> Result<Delivery, String> {
    let end = letter.iter().position(|byte| *byte == b'\n').ok_or("the header line has no end")?;
    let (header, rest) = letter.split_at_checked(end).ok_or("the header line has no end")?;
    let bytes = rest.get(1..).unwrap_or_default();
    let header: Header =
        serde_json::from_slice(header).map_err(|error| format!("the header line: {error}"))?;
    if u64::try_from(bytes.len()).ok() != Some(header.len) {
        return Err(format!("{} bytes are missing or too many: it should have {}", bytes.len(), header.len));
    }
    if hex::encode(Sha256::digest(bytes)) != header.sha256 {
        return Err("its bytes are not those that were accepted".to_owned());
    }
    let received = Timestamp::from_microsecond(header.received).map_err(|error| error.to_string())?;
    Ok(Delivery {
        id: header.id,
        source: header.source,
        envelope: header.envelope,
        received,
        bytes: bytes.to_vec(),
    })
}
