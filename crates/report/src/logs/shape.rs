//! What a log looks like, and what a mail does.

use std::sync::LazyLock;

use regex::Regex;

use crate::time;

/// Fields that no log's line begins with (RFC 5322 section 3.6, RFC 2045).
const FIELDS: [&str; 14] = [
    "from:",
    "to:",
    "subject:",
    "date:",
    "received:",
    "return-path:",
    "message-id:",
    "mime-version:",
    "delivered-to:",
    "content-type:",
    "reply-to:",
    "sender:",
    "x-mailer:",
    "dkim-signature:",
];
/// How far into a file a header field is looked for.
const HEAD: usize = 4096;

/// Whether `bytes` begin with the header fields of a mail, or the `From ` of a mailbox in front of them.
pub(crate) fn is_mail(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let mut lines = Lines(head).map(<[u8]>::trim_ascii_end).skip_while(|line| line.is_empty()).peekable();
    let field = |line: &[u8]| {
        FIELDS.iter().any(|field| {
            line.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field.as_bytes()))
        })
    };
    lines.peek().is_some_and(|line| line.starts_with(b"From "))
        || lines.take_while(|line| !line.is_empty()).any(field)
}

/// The lines of some bytes, without what ends them.
struct Lines<'b>(&'b [u8]);

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.0).unwrap_or(self.0.len());
        let line = self.0.get(..end)?;
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line)
    }
}

/// Whether `bytes` begin with the names of columns, as a list of hosts does and no log.
pub(crate) fn is_table(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let first = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
    let first = first.unwrap_or_default();
    let marks = first.iter().filter(|byte| matches!(byte, b',' | b';' | b'\t' | b'|')).count();
    let named = first.iter().all(|byte| byte.is_ascii_alphanumeric() || b",;\t|_-\". ()/#".contains(byte));
    marks >= 2 && named && !first.iter().any(u8::is_ascii_digit)
}

/// Whether `bytes` are no text at all.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes.get(..HEAD).unwrap_or(bytes)).is_some()
}

/// Whether a file's name is that of a log.
pub(crate) fn is_log_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".log") || name.contains(".log.") || name.ends_with("-logs") || name.ends_with("_log")
}

static TAGGED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?:\S+ ){0,3}[A-Za-z][A-Za-z0-9_./-]{1,40}(?:\[[0-9]+\])?: |^%[A-Z]+-|^<[0-9]{1,3}>").ok()
});

/// Whether a line looks like a log's: it has a time, is JSON, or names the program that wrote it.
pub(crate) fn is_logged(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("{\"")
        || time::has_clock(line)
        || time::epoch(line).is_some()
        || (line.starts_with(['%', '<']) || line.contains(": "))
            && TAGGED.as_ref().is_some_and(|tag| tag.is_match(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_and_a_table_are_no_logs() {
        assert!(is_mail(b"Received: from x\n by y\n\nhello"));
        assert!(is_mail(b"From a@example.net Fri Mar 6\n"));
        assert!(!is_mail(b"Mar 18 04:00:01 host sshd[1]: Failed password\n"));
        assert!(is_table(b"\"timestamp\",\"ip\",\"port\"\n1,2,3\n"));
        assert!(!is_table(b"192.0.2.1,2,3\n"));
    }

    #[test]
    fn a_line_of_a_log_is_told_from_prose() {
        for line in [
            "2026-03-18T04:00:01Z x",
            "{\"a\":1}",
            "%ASA-4-106023: Deny",
            "1773810002 a b",
            "sshd[1]: Failed",
        ] {
            assert!(is_logged(line), "{line}");
        }
        assert!(!is_logged("please look at what your customer does"));
    }
}
