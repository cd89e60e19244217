//! What Kea keeps of relay agents in `user_context`.
//!
//! `{"ISC": {"relay-agent-info": {"sub-options": "0x0104…", "remote-id": "0x…"}}}` of an IPv4 lease; older versions
//! have the sub-options in place of the inner object. `{"ISC": {"relay-info": [{"options": "0x…", "remote-id": "…"}]}}`
//! of an IPv6 lease, the relay nearest to the server first.

use super::super::names::{Client, hex};

/// The longest context that is looked at, in bytes: option 82 has at most 255.
const CONTEXT_AT_MOST: usize = 8 * 1024;
/// Sub-options of option 82 (RFC 3046 section 2.0).
const CIRCUIT_ID: u8 = 1;
const REMOTE_ID: u8 = 2;

/// Adds what it says of the client. What cannot be read says nothing: the lease stands without it.
pub(super) fn read(text: &str, client: &mut Client) {
    if text.len() > CONTEXT_AT_MOST || !text.contains("relay") {
        return;
    }
    let text = text.replace("&#x2c", ",");
    if let Some(options) = value(&text, "sub-options").or_else(|| value(&text, "relay-agent-info")) {
        sub_options(&options, client);
    }
    if client.remote_id.is_empty()
        && let Some(remote) = value(&text, "remote-id")
    {
        client.remote_id = remote;
    }
}

/// The octets of the string value of `key`, wherever in the object it stands.
fn value(text: &str, key: &str) -> Option<Vec<u8>> {
    let (_, after) = text.split_once(&format!("\"{key}\""))?;
    let quoted = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (octets, _) = quoted.split_once('"')?;
    hex(octets.trim())
}

fn sub_options(mut options: &[u8], client: &mut Client) {
    while let [code, length, rest @ ..] = options {
        let Some((value, after)) = rest.split_at_checked(usize::from(*length)) else { return };
        match *code {
            CIRCUIT_ID => client.circuit_id = value.to_vec(),
            REMOTE_ID => client.remote_id = value.to_vec(),
            _ => {}
        }
        options = after;
    }
}
