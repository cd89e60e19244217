//! What each command does.

use super::body::Body;
use super::command::{Command, Hello};
use super::reply::{self, Reply};
use super::{Begun, Session, State, Step};
use crate::Refusal;
use crate::smtp::Protocol;

impl Session {
    /// Does what a command asks, or says why not.
    pub(super) fn follow(&mut self, command: &Command<'_>, line: &[u8]) {
        match *command {
            Command::Hello { verb, name } => self.hello(verb, name, line),
            Command::Mail { from, size, utf8 } => match self.mail(from, size, utf8) {
                Ok(()) => self.say(reply::SENDER_OK),
                Err(reply::TOO_LARGE) => self.turn_away(Refusal::TooLarge, line, reply::TOO_LARGE),
                Err(reply) => self.refuse(reply, line),
            },
            Command::Rcpt { to } => self.rcpt(to, line),
            Command::Data => self.data(line),
            Command::StartTls => self.starttls(line),
            Command::Rset => {
                self.begun = None;
                self.say(reply::OK);
            }
            Command::Noop => self.say(reply::OK),
            Command::Vrfy => self.say(reply::CANNOT_VERIFY),
            Command::Help => self.say(reply::HELP),
            Command::Quit => self.close(reply::BYE),
        }
    }

    fn hello(&mut self, verb: Hello, name: &str, line: &[u8]) {
        match (self.profile.protocol, verb) {
            (Protocol::Lmtp, Hello::Helo | Hello::Ehlo) => return self.refuse(reply::SAY_LHLO, line),
            (Protocol::Smtp, Hello::Lhlo) => return self.refuse(reply::SAY_EHLO, line),
            (Protocol::Smtp, Hello::Helo | Hello::Ehlo) | (Protocol::Lmtp, Hello::Lhlo) => {}
        }
        self.helo = Some(name.to_owned());
        self.begun = None;
        let host = &self.profile.hostname;
        let lines = if verb == Hello::Helo {
            format!("250 {host}\r\n")
        } else {
            let size = self.profile.message_bytes;
            let starttls = if self.profile.starttls && !self.secure { "250-STARTTLS\r\n" } else { "" };
            format!(
                "250-{host}\r\n250-SIZE {size}\r\n250-8BITMIME\r\n250-PIPELINING\r\n{starttls}250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
            )
        };
        self.steps.push_back(Step::Say(lines.into_bytes()));
    }

    fn mail(&mut self, from: &str, size: Option<u64>, utf8: bool) -> Result<(), Reply> {
        if self.helo.is_none() {
            return Err(reply::HELLO_FIRST);
        }
        if self.begun.is_some() {
            return Err(reply::MAIL_TWICE);
        }
        if !utf8 && !from.is_ascii() {
            return Err(reply::NEEDS_UTF8);
        }
        let limit = u64::try_from(self.profile.message_bytes).unwrap_or(u64::MAX);
        if size.is_some_and(|size| size > limit) {
            return Err(reply::TOO_LARGE);
        }
        self.begun = Some(Begun { from: from.to_owned(), utf8, ..Begun::default() });
        Ok(())
    }

    fn rcpt(&mut self, to: &str, line: &[u8]) {
        let Some(begun) = &mut self.begun else { return self.refuse(reply::MAIL_FIRST, line) };
        if begun.to.len() >= self.profile.max_recipients {
            return self.turn_away(Refusal::TooManyRecipients, line, reply::TOO_MANY_RECIPIENTS);
        }
        if !begun.utf8 && !to.is_ascii() {
            return self.refuse(reply::NEEDS_UTF8, line);
        }
        let Some(accepted) = self.profile.recipients.accept(to) else {
            return self.refuse_as(Refusal::UnknownRecipient, reply::NOT_OURS, line);
        };
        begun.to.push(to.to_owned());
        if let Some(tag) = accepted.tag
            && !begun.tags.iter().any(|known| known == tag)
        {
            begun.tags.push(tag.to_owned());
        }
        self.say(reply::RECIPIENT_OK);
    }

    fn data(&mut self, line: &[u8]) {
        match &self.begun {
            None => self.refuse(reply::MAIL_FIRST, line),
            // RFC 2033 4.2 wants 503 for LMTP; RFC 5321 4.1.1.4 allows it for SMTP.
            Some(begun) if begun.to.is_empty() => self.refuse(reply::RCPT_FIRST, line),
            Some(_) => {
                self.say(reply::GO_AHEAD);
                self.state = State::Body(Body::new(self.profile.message_bytes));
            }
        }
    }

    fn starttls(&mut self, line: &[u8]) {
        if !self.profile.starttls {
            return self.refuse(reply::NOT_OFFERED, line);
        }
        if self.secure {
            return self.refuse(reply::ALREADY_TLS, line);
        }
        self.say(reply::READY_FOR_TLS);
        self.steps.push_back(Step::StartTls);
        self.state = State::Handshake;
        // Whatever came behind the command was not protected by TLS (CVE-2011-0411).
        self.forget_input();
    }
}
