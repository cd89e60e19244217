//! What a DHCP client is called: by the line it is on where a relay agent says so, else by its device.

use crate::SubscriberId;

/// What an entry says of its client.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    /// What the relay agent calls the far end of the line (RFC 3046 section 3.2, RFC 4649).
    pub(super) remote_id: Vec<u8>,
    /// What the relay agent calls its own end of it (RFC 3046 section 3.1).
    pub(super) circuit_id: Vec<u8>,
    /// The link-layer address.
    pub(super) hardware: Vec<u8>,
    /// The client identifier (RFC 2132 section 9.14).
    pub(super) client_id: Vec<u8>,
    /// The DHCP unique identifier of an IPv6 client (RFC 8415 section 11).
    pub(super) duid: Vec<u8>,
}

impl Client {
    /// The name of its line; `None` where the entry names no client.
    ///
    /// Both identifiers of a relay agent stand in it where both are there: switches commonly send their own address as
    /// the remote id, which all their lines share, and the two together always tell the lines apart.
    pub(super) fn name(&self) -> Option<SubscriberId> {
        let agent: Vec<String> = [&self.remote_id, &self.circuit_id]
            .into_iter()
            .filter(|id| !id.is_empty())
            .map(|id| readable(id))
            .collect();
        let name = if !agent.is_empty() {
            agent.join("/")
        } else if !self.hardware.is_empty() {
            octets(&self.hardware)
        } else if !self.client_id.is_empty() {
            format!("client-id:{}", octets(&self.client_id))
        } else if !self.duid.is_empty() {
            format!("duid:{}", octets(&self.duid))
        } else {
            return None;
        };
        name.parse().ok()
    }
}

/// Identifiers are octets that are commonly text: as text where they are printable, else in hexadecimal.
fn readable(id: &[u8]) -> String {
    match std::str::from_utf8(id) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') => {
            text.trim().to_owned()
        }
        _ => octets(id),
    }
}

fn octets(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// `0:1b:2` or `001b02` as octets; `None` when it is neither.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix("0x").unwrap_or(text);
    let octet = |part: &str| u8::from_str_radix(part, 16).ok();
    if text.contains([':', '-']) {
        return text.split([':', '-']).map(octet).collect();
    }
    if text.len() == 1 {
        return octet(text).map(|byte| vec![byte]);
    }
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if pair.len() == 2 { octet(std::str::from_utf8(pair).ok()?) } else { None }).collect()
}
