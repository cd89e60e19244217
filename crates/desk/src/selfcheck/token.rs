//! The mark on a self-check: a number nobody can guess, signed with a key that never leaves the store.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that carries it.
pub(super) const HEADER: &str = "X-Nightdesk-Self-Check";

/// Hexadecimal digits of the number: 128 bits.
const NONCE: usize = 32;

/// A fresh number; `None` when the system has no randomness to give.
pub(super) fn fresh() -> Option<String> {
    let mut random = [0u8; NONCE / 2];
    getrandom::fill(&mut random).ok()?;
    Some(hex::encode(random))
}

/// The number with its signature: HMAC-SHA-256 (RFC 2104).
pub(super) fn sign(key: &[u8], nonce: &str) -> Option<String> {
    let signature = mac(key, nonce)?.finalize().into_bytes();
    Some(format!("{nonce}.{}", hex::encode(signature)))
}

/// The number in a mark that we have signed; `None` for any other text.
pub(super) fn verify(key: &[u8], mark: &str) -> Option<String> {
    let (nonce, signature) = mark.trim().split_once('.')?;
    if nonce.len() != NONCE || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let signature = hex::decode(signature).ok()?;
    // In constant time, so that how long it takes tells nothing of the signature.
    mac(key, nonce)?.verify_slice(&signature).ok()?;
    Some(nonce.to_owned())
}

fn mac(key: &[u8], nonce: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(b"self-check ");
    mac.update(nonce.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn our_mark_is_known_and_one_of_another_key_is_not() {
        let nonce = fresh().expect("randomness");
        assert_ne!(Some(&nonce), fresh().as_ref());
        let mark = sign(&[1; 32], &nonce).expect("a mark");
        assert_eq!(verify(&[1; 32], &format!(" {mark}\r\n")), Some(nonce));
        assert_eq!(verify(&[2; 32], &mark), None);
        let (_, signature) = mark.split_once('.').expect("two parts");
        assert_eq!(verify(&[1; 32], &format!("{}.{signature}", "0".repeat(32))), None);
    }

    proptest! {
        #[test]
        fn no_text_is_a_mark_by_chance(text in ".{0,120}") {
            prop_assert_eq!(verify(&[1; 32], &text), None);
        }
    }
}
