//! SMTP (RFC 5321): everything is accepted, kept, and goes nowhere.

use super::words::Words;
use super::{Say, has_room};
use crate::bytes::shown;
use crate::hit::Mail;

pub(super) const GREETING: &str = "220 mail ESMTP\r\n";
/// As much of a mail as is kept. Relay tests have less than two thousand bytes; with the first bytes and the rest of a
/// held connection this stays within the ten kilobytes one may take.
const MAIL: usize = 5 * 1024;
/// As much of an address as is kept: a path has at most 256 octets (RFC 5321 4.5.3.1.3).
const PATH: usize = 256;

/// What the next line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Awaits {
    #[default]
    Command,
    /// Of AUTH LOGIN.
    User,
    Password,
    /// Of AUTH PLAIN.
    Token,
    /// The line feed of DATA itself, which is none of the message.
    Feed,
    Message,
}

/// One session.
#[derive(Debug, Default)]
pub(super) struct Smtp {
    words: Words,
    awaits: Awaits,
    mail: Mail,
    user: String,
    /// The last bytes of the message, to find its end.
    tail: [u8; 5],
    pub(super) logins: Vec<(String, String)>,
}

impl Smtp {
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Say {
        let mut say = Say::default();
        for byte in bytes {
            let reply = match self.awaits {
                Awaits::Feed | Awaits::Message => self.message(*byte),
                _ => self
                    .words
                    .take(*byte)
                    .filter(|line| !line.is_empty())
                    .map(|line| self.line(&line, &mut say.last)),
            };
            say.bytes.extend_from_slice(reply.unwrap_or_default().as_bytes());
        }
        say
    }

    /// A mail, once somebody was named for it.
    pub(super) fn mail(&self) -> Option<Mail> {
        (!self.mail.to.is_empty() || self.mail.bytes > 0).then(|| self.mail.clone())
    }

    fn message(&mut self, byte: u8) -> Option<&'static str> {
        let before = std::mem::replace(&mut self.awaits, Awaits::Message);
        if before == Awaits::Feed && byte == b'\n' {
            return None;
        }
        self.mail.bytes = self.mail.bytes.saturating_add(1);
        if self.mail.text.len() < MAIL {
            self.mail.text.push(byte);
        }
        self.tail.rotate_left(1);
        if let Some(last) = self.tail.last_mut() {
            *last = byte;
        }
        // A client that ends its lines with a line feed alone has no other end than a dot between two of them.
        let ended = self.tail == *b"\r\n.\r\n" || self.tail.ends_with(b"\n.\n");
        if !ended {
            return None;
        }
        self.awaits = Awaits::Command;
        Some("250 queued\r\n")
    }

    fn line(&mut self, line: &[u8], last: &mut bool) -> &'static str {
        match self.awaits {
            Awaits::User => {
                self.user = shown(line, PATH);
                self.awaits = Awaits::Password;
                // "Password:"
                "334 UGFzc3dvcmQ6\r\n"
            }
            Awaits::Password | Awaits::Token => {
                self.login(line);
                self.awaits = Awaits::Command;
                "235 ok\r\n"
            }
            Awaits::Command | Awaits::Feed | Awaits::Message => self.command(line, last),
        }
    }

    fn command(&mut self, line: &[u8], last: &mut bool) -> &'static str {
        let upper = line.get(..10.min(line.len())).unwrap_or_default().to_ascii_uppercase();
        let is = |verb: &[u8]| upper.starts_with(verb);
        if is(b"EHLO") {
            return "250-mail\r\n250-SIZE 10240000\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n";
        }
        if is(b"MAIL FROM:") {
            // A new envelope; the mail of the last one stays, for one is what a test is known by.
            self.mail.from = path(line, b"MAIL FROM:".len());
            return "250 ok\r\n";
        }
        if is(b"RCPT TO:") {
            if has_room(self.mail.to.iter()) {
                self.mail.to.push(path(line, b"RCPT TO:".len()));
            }
            return "250 ok\r\n";
        }
        if is(b"DATA") {
            self.awaits = Awaits::Feed;
            self.tail = *b"...\r\n";
            return "354 go on\r\n";
        }
        if is(b"AUTH LOGIN") {
            self.awaits = Awaits::User;
            // "Username:"
            return "334 VXNlcm5hbWU6\r\n";
        }
        if is(b"AUTH PLAIN") {
            return self.plain(line.get(11..).unwrap_or_default());
        }
        if is(b"QUIT") {
            *last = true;
            return "221 bye\r\n";
        }
        if is(b"STARTTLS") { "454 not now\r\n" } else { "250 ok\r\n" }
    }

    fn plain(&mut self, token: &[u8]) -> &'static str {
        if token.is_empty() {
            self.awaits = Awaits::Token;
            return "334 \r\n";
        }
        self.login(token);
        "235 ok\r\n"
    }

    /// As they were sent, in base64: whoever wants to read them can.
    fn login(&mut self, secret: &[u8]) {
        let user = std::mem::take(&mut self.user);
        if has_room(self.logins.iter().map(|(_, password)| password)) {
            self.logins.push((user, shown(secret, PATH)));
        }
    }
}

/// The path of a MAIL or RCPT, with whatever brackets it has.
fn path(line: &[u8], after: usize) -> String {
    shown(line.get(after..).unwrap_or_default().trim_ascii(), PATH)
}
