//! One request and its answer (RFC 5176 section 2.3), signed with the shared secret.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::Action;
use super::sessions::{FRAMED_IPV6_ADDRESS, Name};

/// Codes (RFC 5176 section 2.3).
const DISCONNECT: [u8; 3] = [40, 41, 42];
const COA: [u8; 3] = [43, 44, 45];

/// Attributes (RFC 2865 section 5, RFC 2869 section 5.14, RFC 5176 section 3.5).
const FILTER_ID: u8 = 11;
const MESSAGE_AUTHENTICATOR: u8 = 80;
const ERROR_CAUSE: u8 = 101;

/// Code, identifier, length and authenticator.
const HEAD: usize = 20;
/// The longest packet (RFC 2865 section 3).
pub(super) const LONGEST: usize = 4096;

/// A request, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    codes: [u8; 3],
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It will.
    Ack,
    /// It will not, for this reason.
    Nak(String),
}

impl Request {
    /// Asks for the session of that name. A Disconnect names nothing but the session (RFC 5176 section 3.1).
    pub(super) fn new(identifier: u8, action: Action, name: Name, filter: &str, secret: &[u8]) -> Request {
        let codes = if action == Action::Coa { COA } else { DISCONNECT };
        let mut attributes = Vec::new();
        attribute(&mut attributes, name.attribute, &named(name));
        if action == Action::Coa {
            attribute(&mut attributes, FILTER_ID, filter.as_bytes());
        }
        let unsigned = attributes.len();
        attribute(&mut attributes, MESSAGE_AUTHENTICATOR, &[0; 16]);
        let length = u16::try_from(HEAD.saturating_add(attributes.len())).unwrap_or(u16::MAX);
        let [high, low] = length.to_be_bytes();
        let [code, _, _] = codes;
        let head = [code, identifier, high, low];
        // Signed over zeros in place of both authenticators (RFC 5176 sections 2.3 and 3.4).
        let mac = hmac(&[&head, &[0; 16], &attributes], secret);
        attributes.truncate(unsigned);
        attribute(&mut attributes, MESSAGE_AUTHENTICATOR, &mac);
        let authenticator = md5(&[&head, &[0; 16], &attributes, secret]);
        Request { bytes: [&head[..], &authenticator, &attributes].concat(), codes }
    }

    /// The answer, when this datagram is one to this request and is signed.
    pub(super) fn answer(&self, datagram: &[u8], secret: &[u8]) -> Option<Answer> {
        let [code, identifier, high, low, ..] = datagram else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let packet = datagram.get(..length).filter(|_| (HEAD..=LONGEST).contains(&length))?;
        let (head, attributes) = packet.split_at_checked(HEAD)?;
        let (head, signed) = head.split_at_checked(4)?;
        let digest = md5(&[head, self.bytes.get(4..HEAD)?, attributes, secret]);
        if self.bytes.get(1) != Some(identifier) || !bool::from(digest.ct_eq(signed)) {
            return None;
        }
        let [_, ack, nak] = self.codes;
        match *code {
            code if code == ack => Some(Answer::Ack),
            code if code == nak => Some(Answer::Nak(cause(attributes))),
            _ => None,
        }
    }
}

/// The value of a session's name: an address, or a reserved octet, a length and a prefix (RFC 3162 section 2.3).
fn named(name: Name) -> Vec<u8> {
    match name.net.addr() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) if name.attribute == FRAMED_IPV6_ADDRESS => v6.octets().to_vec(),
        IpAddr::V6(v6) => [&[0, name.net.prefix_len()][..], &v6.octets()].concat(),
    }
}

fn attribute(attributes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    // Values are at most 253 octets (RFC 2865 section 5); what is longer was refused with the configuration.
    let length = u8::try_from(value.len().saturating_add(2)).unwrap_or(2);
    attributes.extend([kind, length]);
    attributes.extend(value.iter().take(usize::from(length).saturating_sub(2)));
}

/// Walks attributes.
pub(super) fn each(mut attributes: &[u8], mut take: impl FnMut(u8, &[u8])) {
    while let [kind, length, after @ ..] = attributes {
        let value = usize::from(*length).checked_sub(2).and_then(|length| after.split_at_checked(length));
        let Some((value, next)) = value else { return };
        take(*kind, value);
        attributes = next;
    }
}

/// Error-Cause in words (RFC 5176 section 3.5).
fn cause(attributes: &[u8]) -> String {
    let mut number = None;
    each(attributes, |kind, value| {
        if kind == ERROR_CAUSE
            && let Ok(value) = <[u8; 4]>::try_from(value)
        {
            number = Some(u32::from_be_bytes(value));
        }
    });
    match number {
        Some(401) => "it does not know the attribute (401); is Filter-Id how it takes a filter?".to_owned(),
        Some(402) => {
            "an attribute is missing (402): it does not name sessions by their address or prefix".to_owned()
        }
        Some(403) => "the NAS identification does not fit (403)".to_owned(),
        Some(404) => "the request is invalid (404)".to_owned(),
        Some(406) => "it does not know such requests (406)".to_owned(),
        Some(501) => "it is administratively prohibited (501)".to_owned(),
        Some(503) => "no session of that address is up (503)".to_owned(),
        Some(504) => "the session cannot be ended (504)".to_owned(),
        Some(506) => "it has no resources for it (506)".to_owned(),
        Some(508) => "several sessions have that address (508)".to_owned(),
        Some(number) => format!("error cause {number}"),
        None => "without a cause".to_owned(),
    }
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}

fn hmac(parts: &[&[u8]], secret: &[u8]) -> [u8; 16] {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(secret) else { return [0; 16] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::{Action, Answer, Name, Request, md5};

    const SECRET: &[u8] = b"a secret";

    fn answered(request: &Request, code: u8, attributes: &[u8], secret: &[u8]) -> Option<Answer> {
        let length = u8::try_from(20 + attributes.len()).unwrap();
        let head = [code, request.bytes[1], 0, length];
        let signed = md5(&[&head, &request.bytes[4..20], attributes, secret]);
        request.answer(&[&head[..], &signed, attributes].concat(), SECRET)
    }

    #[test]
    fn only_a_signed_answer_to_this_request_counts() {
        let name = Name::of_v4("203.0.113.66".parse().unwrap());
        let request = Request::new(7, Action::Coa, name, "garden", SECRET);
        assert_eq!(answered(&request, 44, &[], SECRET), Some(Answer::Ack));
        assert_eq!(answered(&request, 44, &[], b"another"), None);
        assert_eq!(answered(&request, 41, &[], SECRET), None, "an answer to a Disconnect");
        let nak = answered(&request, 45, &[101, 6, 0, 0, 1, 247], SECRET);
        assert!(matches!(nak, Some(Answer::Nak(why)) if why.contains("503")));
        let other = Request::new(8, Action::Coa, name, "garden", SECRET);
        assert_eq!(other.answer(&request.bytes, SECRET), None);
        for length in 0..64 {
            assert_eq!(request.answer(&vec![44; length], SECRET), None);
        }
    }
}
