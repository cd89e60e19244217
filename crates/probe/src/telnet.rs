//! Reading a telnet prompt: WinGate and its kin take a host and a port, a router's shell takes `telnet HOST PORT`.
//! Pure and total, as [`crate::replies`] is.

use crate::replies::Reply;

/// Longest greeting that is waited for.
pub const MOST_GREETING: usize = 4 * 1024;

/// What the other side waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// No prompt yet.
    More,
    /// A telnet proxy's: it takes `host:port`.
    Proxy,
    /// A shell's or router's: it takes a command.
    Shell,
    /// It wants a user name first.
    User,
    /// It wants a password.
    Password,
    /// Some other protocol's greeting.
    Foreign,
}

/// What some other servers that speak first begin with.
const GREETINGS: [&str; 7] = ["SSH-", "220", "+OK", "* OK", "RFB ", "HTTP/", "421 "];

/// Reads what came so far as a prompt.
#[must_use]
pub fn prompt(bytes: &[u8]) -> Prompt {
    let text = plain(bytes).to_ascii_lowercase();
    if GREETINGS.iter().any(|greeting| text.starts_with(&greeting.to_ascii_lowercase())) {
        return Prompt::Foreign;
    }
    let line = text.trim_end().rsplit(['\r', '\n']).next().unwrap_or_default();
    match line.chars().next_back() {
        Some('>') if line.contains("gate") || line.contains("proxy") => Prompt::Proxy,
        Some('>' | '#' | '$') => Prompt::Shell,
        Some(':') if line.contains("password") => Prompt::Password,
        Some(':') if ["login", "user", "name"].iter().any(|word| line.contains(word)) => Prompt::User,
        _ if bytes.len() >= MOST_GREETING => Prompt::Foreign,
        _ => Prompt::More,
    }
}

/// Reads what a prompt answered to the order to connect: `Connected` (WinGate), `Trying 192.0.2.1, 80 ... Open`
/// (Cisco IOS). The echo of the order says neither.
#[must_use]
pub fn connected(bytes: &[u8]) -> Reply {
    const REFUSALS: [&str; 9] = [
        "refused",
        "unknown",
        "not found",
        "denied",
        "failed",
        "too many",
        "timed out",
        "unreachable",
        "incorrect",
    ];
    let text = plain(bytes).to_ascii_lowercase();
    for line in text.split(['\r', '\n']) {
        if REFUSALS.iter().any(|refusal| line.contains(refusal)) {
            return Reply::Refused(0);
        }
        if line.contains("connected") || line.trim_end().ends_with(" open") {
            return Reply::Granted(bytes.len());
        }
    }
    if bytes.len() >= MOST_GREETING { Reply::Foreign } else { Reply::More }
}

/// The text without telnet's own commands (RFC 854: 255, a command, and for 251 to 254 an option).
fn plain(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            255 => {
                if rest.next().is_some_and(|command| (251..=254).contains(&command)) {
                    let _option = rest.next();
                }
            }
            0 => {}
            byte if byte.is_ascii() => text.push(char::from(byte)),
            _ => text.push('?'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_as_they_are_written() {
        assert_eq!(prompt(b"WinGate>"), Prompt::Proxy);
        assert_eq!(prompt(b"\xff\xfb\x01\xff\xfb\x03WinGate>"), Prompt::Proxy);
        assert_eq!(prompt(b"\r\nUser Access Verification\r\n\r\nPassword: "), Prompt::Password);
        assert_eq!(prompt(b"\r\nUser Access Verification\r\n\r\n"), Prompt::More);
        assert_eq!(prompt(b"\r\nRouter>"), Prompt::Shell);
        assert_eq!(prompt(b"router#"), Prompt::Shell);
        assert_eq!(prompt(b"dslam login: "), Prompt::User);
        assert_eq!(prompt(b"220 mail.example.net ESMTP\r\n"), Prompt::Foreign);
        assert_eq!(prompt(&[b'x'; MOST_GREETING]), Prompt::Foreign);
    }

    #[test]
    fn what_a_prompt_says_of_the_way() {
        assert!(matches!(connected(b"Connecting to host 192.0.2.1...Connected\r\n"), Reply::Granted(_)));
        assert!(matches!(connected(b"Trying 192.0.2.1, 80 ... Open\r\n"), Reply::Granted(_)));
        assert_eq!(connected(b"telnet 192.0.2.1 80\r\n"), Reply::More, "the echo of our order");
        assert_eq!(connected(b"% Connection refused by remote host\r\n"), Reply::Refused(0));
        assert_eq!(connected(b"Too many connected users - try again later\r\n"), Reply::Refused(0));
        assert_eq!(connected(b"Host not found\r\n"), Reply::Refused(0));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _prompt = prompt(&bytes);
            if let Reply::Granted(length) = connected(&bytes) {
                proptest::prop_assert!(length <= bytes.len());
            }
        }
    }
}
