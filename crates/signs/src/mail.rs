//! smtp-fanout and mail-phone-home: what a line sends by mail.

use flow::Millis;

use crate::contact::Contact;
use crate::line::View;
use crate::proof::Proof;
use crate::sketch;
use crate::{Sign, SignKind, ports};

/// The window and the number of mail servers of NEMEA's smtp_spam_detector (CESNET): more than ten in 300 s.
const WINDOW: i64 = 300_000;
const MANY: usize = 10;
/// Servers remembered within the window.
const KEPT: usize = 64;
/// A line that receives mail from so many outside is a mail server.
const SENDERS: u32 = 2;
/// A mail of up to this many bytes is small: a report of an address and a port fits into one.
const SMALL: u64 = 20_000;
/// So long before or after a port began to answer, a mail belongs to it.
const SOON: i64 = 30 * 60_000;

/// The mail a line sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    recent: Vec<(u64, Millis)>,
    most: usize,
    first: Millis,
    last: Millis,
    connections: u64,
    answered: u64,
    /// Connections that carried a mail of any size, and the first few small ones.
    mails: u32,
    small: Vec<flow::Flow>,
    proof: Proof,
}

impl Mail {
    /// Looks at a connection of the line to somebody's mail port.
    pub(crate) fn see(&mut self, contact: &Contact) {
        if contact.new {
            self.count(contact);
        }
        self.answered += u64::from(contact.just_answered());
        if contact.just_answered() {
            self.mails = self.mails.saturating_add(1);
            if self.small.len() < 4 && contact.sent().bytes <= SMALL {
                self.small.push(*contact.flow);
            }
        }
    }

    fn count(&mut self, contact: &Contact) {
        if self.connections == 0 {
            self.first = contact.first();
        }
        self.connections += 1;
        self.last = self.last.max(contact.last());
        let now = contact.first();
        let mark = contact.mark;
        self.recent.retain(|&(one, at)| one != mark && now.since(at).abs() <= WINDOW);
        if self.recent.len() >= KEPT {
            self.recent.remove(0);
        }
        self.recent.push((mark, now));
        if self.recent.len() > self.most {
            self.most = self.recent.len();
            self.proof.add(contact.flow);
        }
    }

    pub(crate) fn signs(&self, view: &View<'_>, out: &mut Vec<Sign>) {
        if view.receives_mail(SENDERS) || view.allows_port(25) {
            return;
        }
        if self.most > MANY {
            out.push(self.fanout(view));
        }
        out.extend(self.phone_home(view));
    }

    /// From .7 for eleven servers to .9 for forty and more.
    fn fanout(&self, view: &View<'_>) -> Sign {
        let most = f64::from(u32::try_from(self.most).unwrap_or(u32::MAX));
        Sign {
            sign: SignKind::SmtpFanout,
            address: view.address,
            score: sketch::score(1.0 - 3.3 / most),
            peer: None,
            port: Some(25),
            first: self.first,
            last: self.last,
            flows: self.connections,
            why: format!(
                "{}{} mail servers were called within five minutes, {} connections in all, {} of them answered; nobody \
                 sends mail to this line.",
                self.most,
                if self.most >= KEPT { " or more" } else { "" },
                self.connections,
                self.answered,
            ),
            proof: self.proof.flows(),
        }
    }

    fn phone_home(&self, view: &View<'_>) -> Option<Sign> {
        // Who mails all day has mailed at any moment one looks at.
        if self.mails > 3 {
            return None;
        }
        let (mail, listener) = view.new_listeners().find_map(|listener| {
            let near = |mail: &&flow::Flow| listener.first.since(mail.first).abs() <= SOON;
            Some((self.small.iter().find(near)?, listener))
        })?;
        Some(Sign {
            sign: SignKind::MailPhoneHome,
            address: view.address,
            score: 0.35,
            peer: Some(mail.destination),
            port: Some(mail.destination_port),
            first: mail.first,
            last: mail.last,
            flows: 1,
            why: format!(
                "One small mail ({} bytes) went to {} at {}, and tcp port {} answers strangers since {}.",
                mail.forward.bytes, mail.destination, mail.first, listener.port, listener.first,
            ),
            proof: vec![*mail],
        })
    }
}

/// Whether a connection is mail that a line sends.
pub(crate) fn is_outgoing(contact: &Contact) -> bool {
    !contact.inward && contact.is_tcp() && ports::is_mail(contact.service())
}
