//! User names and passwords that are said to a proxy or mail server which asks for one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Factory settings that stay as they are: each name as its own password, and the three commonest for `admin`
/// (the default accounts of nmap's `http-default-accounts` are of these two kinds). Tried only where an operator has
/// switched it on: a login that was not meant for us is not ours to use without being told to.
const KNOWN: [(&str, &str); 9] = [
    ("admin", "admin"),
    ("admin", "password"),
    ("admin", "1234"),
    ("root", "root"),
    ("user", "user"),
    ("proxy", "proxy"),
    ("test", "test"),
    ("guest", "guest"),
    ("socks", "socks"),
];

/// What a Cisco router's telnet was long shipped with: libopm's ROUTER test says it.
pub(crate) const CISCO: &str = "cisco";

/// One name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Login {
    /// A name and a password that nobody has: whoever takes it takes anything.
    pub(crate) fn nobodys() -> Option<Login> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).ok()?;
        Some(Login { user: "nightdesk".to_owned(), password: hex::encode(random) })
    }

    /// The known ones.
    pub(crate) fn known() -> impl Iterator<Item = Login> {
        KNOWN
            .iter()
            .map(|(user, password)| Login { user: (*user).to_owned(), password: (*password).to_owned() })
    }

    /// As `Authorization: Basic` has it (RFC 7617 section 2).
    pub(crate) fn basic(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.user, self.password))
    }

    /// As SASL PLAIN has it (RFC 4616 section 2).
    pub(crate) fn plain(&self) -> String {
        STANDARD.encode(format!("\0{}\0{}", self.user, self.password))
    }

    /// As SOCKS5 has it (RFC 1929 section 2).
    pub(crate) fn socks5(&self) -> Vec<u8> {
        let part = |text: &str| {
            let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
            [&[length][..], text.as_bytes().get(..usize::from(length)).unwrap_or_default()].concat()
        };
        [&[1][..], &part(&self.user), &part(&self.password)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_as_each_protocol_writes_it() {
        let login = Login { user: "test".to_owned(), password: "secret".to_owned() };
        assert_eq!(login.basic(), "dGVzdDpzZWNyZXQ=");
        assert_eq!(login.plain(), "AHRlc3QAc2VjcmV0");
        assert_eq!(login.socks5(), b"\x01\x04test\x06secret");
    }
}
