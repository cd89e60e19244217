//! Bearer tokens (RFC 6750), known to us only by their hash.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// One token that may send reports: a name for the envelope and the SHA-256 of the secret.
///
/// The secret should be random (at least 128 bits, for example `openssl rand -hex 32`); then a plain hash is enough to
/// keep it from whoever reads the configuration. To make the hash: `printf %s "$SECRET" | sha256sum`.
#[derive(Clone)]
pub struct Token {
    name: String,
    hash: [u8; 32],
}

impl Token {
    /// A token from its name and the 64 hexadecimal digits of its SHA-256.
    ///
    /// # Errors
    /// [`TokenError`] when the name is empty or the hash is no SHA-256 in hexadecimal.
    pub fn new(name: impl Into<String>, sha256: &str) -> Result<Token, TokenError> {
        let name = name.into();
        if name.is_empty() {
            return Err(TokenError::Nameless);
        }
        let mut hash = [0; 32];
        hex::decode_to_slice(sha256.trim(), &mut hash).map_err(|_| TokenError::NotAHash(name.clone()))?;
        Ok(Token { name, hash })
    }

    /// Who this token belongs to; goes into [`Envelope::authenticated_as`](crate::Envelope::authenticated_as).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Token {
    /// The name only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Token").field(&self.name).finish()
    }
}

/// Why a token cannot be configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It has no name.
    #[error("an HTTP token has no name; name it after who sends with it")]
    Nameless,
    /// Its hash is wrong. The text is not shown: it may be the secret itself.
    #[error(
        "the sha256 of HTTP token {0:?} is not 64 hexadecimal digits; make it with: printf %s \"$SECRET\" | sha256sum"
    )]
    NotAHash(String),
}

/// The token whose secret this is. Every token is compared, and each in constant time, so the time taken tells nothing
/// about which hash was nearly right.
pub(super) fn find<'a>(tokens: &'a [Token], secret: &str) -> Option<&'a Token> {
    let hash = Sha256::digest(secret.as_bytes());
    tokens.iter().fold(None, |found, token| {
        let same = bool::from(token.hash.as_slice().ct_eq(hash.as_slice()));
        if same { Some(token) } else { found }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc", FIPS 180-2 appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_token_is_found_by_its_secret_alone() {
        let zero = Token::new("zero", &"0".repeat(64)).unwrap();
        let tokens = [zero.clone(), Token::new("feed", &ABC.to_uppercase()).unwrap(), zero];
        assert_eq!(find(&tokens, "abc").map(Token::name), Some("feed"));
        for wrong in ["", "ab", "abcd", "ABC", ABC] {
            assert!(find(&tokens, wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_put_where_its_hash_belongs_is_refused_and_not_repeated() {
        let error = Token::new("feed", "hunter2").unwrap_err();
        assert_eq!(error, TokenError::NotAHash("feed".into()));
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(format!("{:?}", Token::new("feed", ABC).unwrap()), "Token(\"feed\")");
        assert!(Token::new("", ABC).is_err());
    }
}
