//! Reading what a mail server says to us. Pure and total, as [`crate::replies`] is.

/// Longest reply that is waited for: an EHLO answer has some twenty lines of under eighty bytes.
pub const MOST_REPLY: usize = 8 * 1024;

/// What a mail server has said so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The reply is not complete.
    More,
    /// A whole reply (RFC 5321 section 4.2).
    Reply(Reply),
    /// It is no mail server's.
    Foreign,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of its lines, without the digits; bytes outside ASCII are question marks.
    pub lines: Vec<String>,
    /// Bytes it took.
    pub length: usize,
}

impl Reply {
    /// The first word of the first line: the server's own name in a greeting and in the answer to EHLO.
    #[must_use]
    pub fn first_word(&self) -> &str {
        self.lines.first().and_then(|line| line.split_ascii_whitespace().next()).unwrap_or_default()
    }

    /// The words after this keyword in an answer to EHLO, in upper case; nothing, when it is not offered.
    #[must_use]
    pub fn offers(&self, keyword: &str) -> Option<String> {
        self.lines.iter().skip(1).find_map(|line| {
            // Some servers write `AUTH=` for the sake of old clients.
            let upper = line.to_ascii_uppercase().replacen('=', " ", 1);
            let rest = upper.trim().strip_prefix(keyword)?.to_owned();
            (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim().to_owned())
        })
    }
}

/// Reads one reply from the beginning of `bytes`.
#[must_use]
pub fn read(bytes: &[u8]) -> Said {
    let mut lines = Vec::new();
    let mut length = 0;
    let mut first = None;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !may_be_reply(line) || length > MOST_REPLY {
            return Said::Foreign;
        }
        if !line.ends_with(b"\n") {
            return if bytes.len() < MOST_REPLY { Said::More } else { Said::Foreign };
        }
        length += line.len();
        let text = line.trim_ascii_end();
        let Some((digits, rest)) = text.split_at_checked(3) else { return Said::Foreign };
        let code = digits.iter().fold(0_u16, |code, digit| code * 10 + u16::from(digit - b'0'));
        if *first.get_or_insert(code) != code {
            return Said::Foreign;
        }
        lines.push(plain(rest.get(1..).unwrap_or_default()));
        if rest.first() != Some(&b'-') {
            return Said::Reply(Reply { code, lines, length });
        }
    }
    if bytes.len() < MOST_REPLY { Said::More } else { Said::Foreign }
}

/// Whether a line, perhaps not whole yet, begins as a reply's does: a digit of 2 to 5, two more digits, then a space, a
/// hyphen or the end.
fn may_be_reply(line: &[u8]) -> bool {
    line.iter().take(4).enumerate().all(|(at, byte)| match at {
        0 => (b'2'..=b'5').contains(byte),
        1 | 2 => byte.is_ascii_digit(),
        _ => matches!(byte, b' ' | b'-' | b'\r' | b'\n'),
    })
}

fn plain(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(bytes: &[u8]) -> Reply {
        match read(bytes) {
            Said::Reply(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_as_servers_write_them() {
        let greeting = reply(b"220 mail.example.net ESMTP\r\n250 later");
        assert_eq!((greeting.code, greeting.length, greeting.first_word()), (220, 28, "mail.example.net"));
        let ehlo = reply(b"250-mail.example.net\r\n250-STARTTLS\r\n250-AUTH=LOGIN PLAIN\r\n250 SIZE 100\r\n");
        assert_eq!(ehlo.offers("STARTTLS").as_deref(), Some(""));
        assert_eq!(ehlo.offers("AUTH").as_deref(), Some("LOGIN PLAIN"));
        assert_eq!(ehlo.offers("SIZ"), None);
        assert_eq!(reply(b"250\n").lines, [""]);
        assert_eq!(read(b"250-a\r\n25"), Said::More);
        for foreign in
            [&b"SSH-2.0-x\r\n"[..], b"HTTP/1.1 200 OK\r\n", b"250-a\r\n251 b\r\n", b"22\r\n", b"999 x\r\n"]
        {
            assert_eq!(read(foreign), Said::Foreign, "{}", String::from_utf8_lossy(foreign));
        }
        assert_eq!(read(&b"250-x\r\n".repeat(2000)), Said::Foreign, "it goes on and on");
    }

    proptest::proptest! {
        /// What has been read is not read differently when more arrives.
        #[test]
        fn a_reply_read_stays_read(text in "[2-5]{0,3}[- ]?[a-zA-Z\r\n -]{0,40}", more: Vec<u8>) {
            let first = read(text.as_bytes());
            if first != Said::More {
                proptest::prop_assert_eq!(read(&[text.as_bytes(), &more].concat()), first);
            }
        }
    }
}
