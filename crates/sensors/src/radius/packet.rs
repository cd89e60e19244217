//! One datagram: its parts, whether it is signed with the secret, and the answer to it.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::Secret;

/// Codes (RFC 2865 section 3, RFC 5997 section 3).
const ACCOUNTING_REQUEST: u8 = 4;
const ACCOUNTING_RESPONSE: u8 = 5;
const STATUS_SERVER: u8 = 12;
/// Message-Authenticator (RFC 2869 section 5.14).
const MESSAGE_AUTHENTICATOR: u8 = 80;
/// Code, identifier, length and authenticator.
const HEAD: usize = 20;
/// The longest packet (RFC 2865 section 3).
const LONGEST: usize = 4096;

/// A request whose signature fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    identifier: u8,
    authenticator: [u8; 16],
    /// Asks only whether we are there (Status-Server); else it is accounting.
    pub is_status: bool,
    /// Its attributes.
    pub attributes: Vec<u8>,
}

/// Why a datagram is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no packet, or of a kind that is not taken here.
    #[error("the datagram is no accounting request")]
    Malformed,
    /// Its authenticator was not made with the secret.
    #[error("the authenticator does not fit the secret; is it the same on both sides?")]
    Forged,
}

/// Reads one datagram. What lies beyond the stated length is padding (RFC 2865 section 3).
///
/// # Errors
/// [`Refused`], and then the sender gets no answer (RFC 2866 section 4.1).
pub fn read(datagram: &[u8], secret: &Secret) -> Result<Request, Refused> {
    let [code, identifier, high, low, ..] = datagram else { return Err(Refused::Malformed) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let packet = datagram.get(..length).filter(|_| (HEAD..=LONGEST).contains(&length));
    let packet = packet.ok_or(Refused::Malformed)?;
    let (head, attributes) = packet.split_at_checked(HEAD).ok_or(Refused::Malformed)?;
    let authenticator: [u8; 16] =
        head.get(4..).and_then(|octets| octets.try_into().ok()).ok_or(Refused::Malformed)?;
    let signature = message_authenticator(attributes)?;
    let is_status = match *code {
        ACCOUNTING_REQUEST => false,
        STATUS_SERVER => true,
        _ => return Err(Refused::Malformed),
    };
    // An accounting request is signed over zeros in place of its authenticator (RFC 2866 section 3), and so is its
    // Message-Authenticator; Status-Server has a random one, and must have a Message-Authenticator (RFC 5997 section 3).
    let signed_as = if is_status { authenticator } else { [0; 16] };
    let fits = if is_status {
        signature.is_some()
    } else {
        let head = head.get(..4).unwrap_or_default();
        bool::from(md5(&[head, &[0; 16], attributes, &secret.0]).ct_eq(&authenticator))
    };
    let fits = fits && signature.is_none_or(|at| signature_fits(packet, at, signed_as, secret));
    if !fits {
        return Err(Refused::Forged);
    }
    Ok(Request { identifier: *identifier, authenticator, is_status, attributes: attributes.to_vec() })
}

/// The answer (RFC 2866 section 4.2). Only one to Status-Server has a Message-Authenticator (RFC 5997 section 4.2): in one
/// to accounting no RFC says what it is made over, and implementations differ.
#[must_use]
pub fn respond(request: &Request, secret: &Secret) -> Vec<u8> {
    let signed = request.is_status;
    let length: u8 = if signed { 38 } else { 20 };
    let mut packet = vec![ACCOUNTING_RESPONSE, request.identifier, 0, length];
    packet.extend(request.authenticator);
    if signed {
        packet.extend([MESSAGE_AUTHENTICATOR, 18]);
        let mut unsigned = packet.clone();
        unsigned.extend([0; 16]);
        packet.extend(hmac(&unsigned, secret));
    }
    let (head, attributes) = packet.split_at_checked(HEAD).unwrap_or_default();
    let head = head.get(..4).unwrap_or_default();
    let digest = md5(&[head, &request.authenticator, attributes, &secret.0]);
    [head, &digest, attributes].concat()
}

/// Where in the attributes the value of the Message-Authenticator stands; the attributes must fill the packet.
fn message_authenticator(attributes: &[u8]) -> Result<Option<usize>, Refused> {
    let (mut found, mut at) = (None, 0_usize);
    while let Some([kind, length, ..]) = attributes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = usize::from(*length);
        if length < 2 {
            return Err(Refused::Malformed);
        }
        if *kind == MESSAGE_AUTHENTICATOR {
            if length != 18 || found.is_some() {
                return Err(Refused::Malformed);
            }
            found = Some(at.saturating_add(2));
        }
        at = at.saturating_add(length);
    }
    if at == attributes.len() { Ok(found) } else { Err(Refused::Malformed) }
}

fn signature_fits(packet: &[u8], at: usize, authenticator: [u8; 16], secret: &Secret) -> bool {
    let at = HEAD.saturating_add(at);
    let mut unsigned = packet.to_vec();
    let Some(stated) = packet.get(at..at.saturating_add(16)) else { return false };
    for (place, octet) in unsigned.iter_mut().skip(4).zip(authenticator) {
        *place = octet;
    }
    unsigned.iter_mut().skip(at).take(16).for_each(|octet| *octet = 0);
    bool::from(hmac(&unsigned, secret).as_slice().ct_eq(stated))
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn hmac(bytes: &[u8], secret: &Secret) -> Vec<u8> {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(&secret.0) else { return Vec::new() };
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
