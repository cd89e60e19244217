//! The landing as a mail exchanger: it takes the mails that our own relay tests sent out, and no others.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::mails::{Delivery, Mails, nonces_in};
use super::nonces::Nonce;

/// Longest command line that is read (RFC 5321 section 4.5.3.1.4: 512 octets, and extensions may add to it).
const MOST_LINE: usize = 2048;

/// Commands that are answered on one connection.
const MOST_COMMANDS: usize = 64;

/// Longest mail that is read. Ours is under two kilobytes; a bounce of it carries a server's own words beside it.
const MOST_MAIL: usize = 256 * 1024;

/// The local part that our tests name as their sender. Nothing but bounces comes to it.
pub(crate) const SENDER: &str = "nd-probe";

/// What a command is answered with.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Say(&'static str),
    Data,
    Quit,
}

/// One mail's envelope so far.
#[derive(Debug, Default)]
struct Envelope {
    has_sender: bool,
    to: Vec<Nonce>,
    /// A recipient that is no test: our sender, or the mailboxes each mail exchanger has (RFC 5321 section 4.5.1).
    to_us: bool,
}

impl Envelope {
    fn command(&mut self, line: &[u8], mails: &Mails) -> Reply {
        let upper = line.to_ascii_uppercase();
        let verb = upper.split(|byte| *byte == b' ').next().unwrap_or_default();
        match verb {
            b"EHLO" | b"HELO" => Reply::Say("250 nightdesk-landing"),
            b"MAIL" => {
                *self = Envelope { has_sender: true, ..Envelope::default() };
                Reply::Say("250 2.1.0 ok")
            }
            b"RCPT" => Reply::Say(self.recipient(line, &upper, mails)),
            b"DATA" if self.to.is_empty() && !self.to_us => Reply::Say("503 5.5.1 no recipient"),
            b"DATA" => Reply::Data,
            b"RSET" => {
                *self = Envelope::default();
                Reply::Say("250 2.0.0 ok")
            }
            b"NOOP" => Reply::Say("250 2.0.0 ok"),
            b"QUIT" => Reply::Quit,
            _ => Reply::Say("502 5.5.1 not here"),
        }
    }

    fn recipient(&mut self, line: &[u8], upper: &[u8], mails: &Mails) -> &'static str {
        if !self.has_sender {
            return "503 5.5.1 no sender";
        }
        let ours: Vec<Nonce> =
            nonces_in(line).into_iter().filter(|nonce| mails.is_under_way(nonce)).collect();
        let mailboxes = [SENDER, "postmaster", "abuse"].map(str::to_ascii_uppercase);
        let to_us = mailboxes
            .iter()
            .any(|name| upper.windows(name.len() + 1).any(|window| window == format!("{name}@").as_bytes()));
        if ours.is_empty() && !to_us {
            return "550 5.7.1 only mails of our own tests land here";
        }
        self.to.extend(ours.into_iter().take(16));
        self.to_us |= to_us;
        "250 2.1.5 ok"
    }

    /// What a whole mail says of our tests: delivered, where its recipient is the test's and its text too; undeliverable,
    /// where it came to our sender and quotes a test.
    fn received(&self, mail: &[u8], peer: SocketAddr, mails: &Mails) {
        let from = peer.ip().to_canonical();
        for nonce in nonces_in(mail) {
            if self.to.contains(&nonce) {
                tracing::info!(%peer, "a mail of a relay test landed");
                mails.came(&nonce, Delivery::Landed(from));
            } else if self.to_us {
                mails.came(&nonce, Delivery::Bounced(from));
            }
        }
    }
}

/// Holds a dialogue that has begun with `heard`.
pub(super) async fn receive(
    stream: &mut TcpStream,
    peer: SocketAddr,
    mails: &Mails,
    heard: Vec<u8>,
) -> std::io::Result<()> {
    let mut input = Input { stream, heard };
    let mut envelope = Envelope::default();
    for _ in 0..MOST_COMMANDS {
        let Some(line) = input.until(b"\n", MOST_LINE).await? else { return Ok(()) };
        let line = line.trim_ascii_end();
        match envelope.command(line, mails) {
            Reply::Say(text) => input.say(text).await?,
            Reply::Quit => return input.say("221 2.0.0 bye").await,
            Reply::Data => {
                input.say("354 go on").await?;
                let Some(mail) = input.until(b"\r\n.\r\n", MOST_MAIL).await? else { return Ok(()) };
                envelope.received(&mail, peer, mails);
                envelope = Envelope::default();
                input.say("250 2.0.0 taken").await?;
            }
        }
    }
    input.say("421 4.7.0 enough").await
}

struct Input<'a> {
    stream: &'a mut TcpStream,
    heard: Vec<u8>,
}

impl Input<'_> {
    /// What comes up to and with `end`; nothing, when the other side closes or goes on for too long.
    async fn until(&mut self, end: &[u8], most: usize) -> std::io::Result<Option<Vec<u8>>> {
        let mut looked = 0;
        loop {
            let tail = self.heard.get(looked..).unwrap_or_default();
            if let Some(at) = tail.windows(end.len()).position(|window| window == end) {
                let rest = self.heard.split_off(looked + at + end.len());
                return Ok(Some(std::mem::replace(&mut self.heard, rest)));
            }
            looked = self.heard.len().saturating_sub(end.len());
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).await?;
            self.heard.extend_from_slice(chunk.get(..count).unwrap_or_default());
            if count == 0 || self.heard.len() > most {
                return Ok(None);
            }
        }
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: ([u8; 4], u16) = ([198, 51, 100, 25], 40_000);

    fn held(mails: &Mails, commands: &[&str]) -> Vec<String> {
        let mut envelope = Envelope::default();
        let mut said = Vec::new();
        for command in commands {
            match envelope.command(command.as_bytes(), mails) {
                Reply::Say(text) => said.push(text[..3].to_owned()),
                Reply::Data => {
                    said.push("354".to_owned());
                    envelope.received(b"Subject: x\r\n\r\n", PEER.into(), mails);
                }
                Reply::Quit => said.push("221".to_owned()),
            }
        }
        said
    }

    proptest::proptest! {
        /// Whatever is said, a mail is taken only for a recipient of ours, and nothing falls over.
        #[test]
        fn any_dialogue_is_held(lines: Vec<Vec<u8>>, text: Vec<u8>) {
            let mails = Mails::default();
            let mut envelope = Envelope::default();
            for line in lines {
                let reply = envelope.command(&line, &mails);
                proptest::prop_assert!(reply != Reply::Data || envelope.to_us || !envelope.to.is_empty());
                envelope.received(&text, PEER.into(), &mails);
            }
        }
    }

    #[test]
    fn nobody_elses_mail_is_taken() {
        let mails = Mails::default();
        let said =
            held(&mails, &["EHLO x", "RCPT TO:<a@b>", "MAIL FROM:<>", "RCPT TO:<a@example.org>", "DATA"]);
        assert_eq!(said, ["250", "503", "250", "550", "503"]);
    }

    #[tokio::test]
    async fn a_mail_lands_only_at_its_own_recipient_and_a_bounce_is_no_delivery() {
        let mails = Mails::default();
        let target = SocketAddr::from(([192, 0, 2, 25], 25));
        let posted = mails.post(target, "a").unwrap();
        mails.taken(&posted.nonce);
        let local = posted.local_part();
        let text = format!("To: {local}@landing.example.net\r\n\r\n.\r\n");
        let mut bounce = Envelope::default();
        bounce.command(b"MAIL FROM:<>", &mails);
        bounce.command(b"RCPT TO:<nd-probe@landing.example.net>", &mails);
        bounce.received(text.as_bytes(), PEER.into(), &mails);
        assert!(matches!(mails.of(target)[0].delivery, Delivery::Bounced(_)));
        let mut relayed = Envelope::default();
        relayed.command(b"mail from:<x@y>", &mails);
        relayed.command(format!("rcpt to:<{local}@landing.example.net>").as_bytes(), &mails);
        assert!(matches!(mails.of(target)[0].delivery, Delivery::Bounced(_)), "no text, no delivery");
        relayed.received(text.as_bytes(), PEER.into(), &mails);
        assert_eq!(mails.of(target)[0].delivery, Delivery::Landed([198, 51, 100, 25].into()));
    }
}
