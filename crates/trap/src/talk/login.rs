//! Logins: telnet with a shell behind it, FTP and POP3. The first login is believed, so that what was to follow is seen.

use super::words::Words;
use super::{Say, has_room};
use crate::bytes::shown;

pub(super) const PROMPT: &str = "login: ";
pub(super) const FTP: &str = "220 ready\r\n";
pub(super) const POP3: &str = "+OK ready\r\n";
const SHELL: &str = "# ";
/// As much of a name, password or command as is kept.
const LONGEST: usize = 160;

/// How the login speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Telnet,
    Ftp,
    Pop3,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    User,
    Password,
    Command,
}

/// A login, and what follows it.
#[derive(Debug)]
pub(super) struct Login {
    way: Way,
    awaits: Awaits,
    user: String,
    words: Words,
    /// Bytes of a telnet command (RFC 854) that are still to come.
    skip: u8,
    pub(super) logins: Vec<(String, String)>,
    pub(super) commands: Vec<String>,
}

impl Login {
    fn new(way: Way, awaits: Awaits) -> Login {
        let (user, words, skip) = (String::new(), Words::default(), 0);
        Login { way, awaits, user, words, skip, logins: Vec::new(), commands: Vec::new() }
    }

    pub(super) fn telnet() -> Login {
        Login::new(Way::Telnet, Awaits::User)
    }

    pub(super) fn shell() -> Login {
        Login::new(Way::Telnet, Awaits::Command)
    }

    pub(super) fn ftp() -> Login {
        Login::new(Way::Ftp, Awaits::User)
    }

    pub(super) fn pop3() -> Login {
        Login::new(Way::Pop3, Awaits::User)
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) -> Say {
        let mut say = Say::default();
        for byte in bytes {
            if self.way == Way::Telnet && self.is_negotiation(*byte) {
                continue;
            }
            if let Some(line) = self.words.take(*byte) {
                say.bytes.extend_from_slice(self.line(&line).as_bytes());
            }
        }
        say
    }

    /// IAC, a verb and an option are three bytes; sub-negotiations pass as text and are cut with it.
    fn is_negotiation(&mut self, byte: u8) -> bool {
        match (self.skip, byte) {
            (0, 0xff) => self.skip = 2,
            (0, 0) => {}
            (0, _) => return false,
            _ => self.skip = self.skip.saturating_sub(1),
        }
        true
    }

    fn line(&mut self, line: &[u8]) -> String {
        match self.way {
            Way::Telnet => self.telnet_line(line),
            Way::Ftp => self.verb(line, "331 password required\r\n", "230 logged in\r\n", "200 ok\r\n"),
            Way::Pop3 => self.verb(line, "+OK\r\n", "+OK 0 messages\r\n", "-ERR\r\n"),
        }
    }

    fn telnet_line(&mut self, line: &[u8]) -> String {
        match self.awaits {
            Awaits::User if line.is_empty() => PROMPT.to_owned(),
            Awaits::User => {
                self.user = shown(line, LONGEST);
                self.awaits = Awaits::Password;
                "Password: ".to_owned()
            }
            Awaits::Password => {
                self.keep(line);
                self.awaits = Awaits::Command;
                format!("\r\n{SHELL}")
            }
            Awaits::Command => self.command(line),
        }
    }

    /// `/bin/busybox WORD` is how a loader of Mirai tells a real shell from a fake: it waits for these very words.
    fn command(&mut self, line: &[u8]) -> String {
        if has_room(self.commands.iter()) && !line.is_empty() {
            self.commands.push(shown(line, LONGEST));
        }
        let last =
            line.split(|byte| matches!(byte, b' ' | b';')).rfind(|word| !word.is_empty()).unwrap_or_default();
        let busybox =
            line.windows(13).any(|window| window == b"/bin/busybox") || line.starts_with(b"/bin/busybox");
        match busybox && last.len() <= 32 && last.iter().all(u8::is_ascii_alphanumeric) {
            true => format!("{}: applet not found\r\n{SHELL}", shown(last, 32)),
            false => SHELL.to_owned(),
        }
    }

    /// FTP (RFC 959 4.1.1) and POP3 (RFC 1939 7): USER, then PASS.
    fn verb(&mut self, line: &[u8], more: &str, yes: &str, other: &str) -> String {
        let (verb, argument) = line.split_at(line.len().min(5));
        if verb.eq_ignore_ascii_case(b"USER ") {
            self.user = shown(argument, LONGEST);
            return more.to_owned();
        }
        if verb.eq_ignore_ascii_case(b"PASS ") {
            self.keep(argument);
            return yes.to_owned();
        }
        if has_room(self.commands.iter()) {
            self.commands.push(shown(line, LONGEST));
        }
        other.to_owned()
    }

    fn keep(&mut self, password: &[u8]) {
        let user = std::mem::take(&mut self.user);
        if has_room(self.logins.iter().map(|(_, password)| password)) {
            self.logins.push((user, shown(password, LONGEST)));
        }
    }
}
