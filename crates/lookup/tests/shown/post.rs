//! Mails, and keys to sign them with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;

/// A key of one domain under the selector `s`.
pub(crate) struct Key {
    pkcs8: Vec<u8>,
    domain: String,
}

impl Key {
    pub(crate) fn of(domain: &str) -> Key {
        Key { pkcs8: Ed25519Key::generate_pkcs8().expect("a key"), domain: domain.to_owned() }
    }

    pub(crate) fn key(&self) -> Ed25519Key {
        Ed25519Key::from_pkcs8_der(&self.pkcs8).expect("a key")
    }

    /// Where its public half is published.
    pub(crate) fn name(&self) -> String {
        format!("s._domainkey.{}", self.domain)
    }

    pub(crate) fn record(&self) -> String {
        format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(self.key().public_key()))
    }

    /// `mail` with a signature over these fields on top.
    pub(crate) fn sign_fields(&self, mail: &str, fields: &[&str], expires_in: u64) -> String {
        let signer = DkimSigner::from_key(self.key()).domain(&self.domain).selector("s");
        let signer = signer.headers(fields.iter().copied()).expiration(expires_in);
        format!("{}{mail}", signer.sign(mail.as_bytes()).expect("a signature").to_header())
    }

    pub(crate) fn sign(&self, mail: &str) -> String {
        self.sign_fields(mail, &["From", "To", "Subject", "Date"], 0)
    }
}

pub(crate) fn mail(from: &str) -> String {
    format!(
        "From: {from}\r\nTo: abuse@example.net\r\nSubject: Open proxy at 198.51.100.7\r\n\
         Date: Sun, 01 Mar 2026 21:58:00 +0000\r\n\r\n198.51.100.7 answers on port 3128.\r\n"
    )
}
