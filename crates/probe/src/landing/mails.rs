//! The mails under way: which were handed to whom, and what became of them. They are kept for hours, since a mail
//! server may hold a mail back, and so that a server that greylists sees the same sender and recipient again.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::nonces::{NoNonce, Nonce};
use crate::relay::form_named;

/// Most mails under way: a server is asked in under fifty forms, so this is room for more than six hundred of them.
const MOST: usize = 32_768;

/// How long a mail is waited for. Postfix and Exim try again within the hour (`maximal_backoff_time`, 4000 s).
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// What stands before a nonce in an address.
const MARK: &str = "ndr";

/// What became of a mail so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Nothing.
    NotYet,
    /// It was delivered to our landing, from this address.
    Landed(IpAddr),
    /// It came back as undeliverable, from this address: it was taken, and not relayed.
    Bounced(IpAddr),
}

#[derive(Debug)]
struct Mail {
    target: SocketAddr,
    form: &'static str,
    expires: Instant,
    taken: Option<Instant>,
    delivery: Delivery,
}

/// One mail as the landing knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posted {
    pub(crate) nonce: Nonce,
    pub(crate) form: &'static str,
    pub(crate) delivery: Delivery,
    /// How long ago the target took it, if it did.
    pub(crate) taken: Option<Duration>,
}

impl Posted {
    /// The local part that stands for it.
    pub(crate) fn local_part(&self) -> String {
        local_part(&self.nonce)
    }
}

fn local_part(nonce: &Nonce) -> String {
    format!("{MARK}{}", hex::encode(nonce))
}

/// A mail under way, as it is written down so that a restart does not forget it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMail {
    /// Its number.
    pub nonce: [u8; 16],
    /// Which mail server it was handed to.
    pub target: SocketAddr,
    /// In which form of addressing.
    pub form: String,
    /// Until when it is waited for.
    pub expires: Timestamp,
    /// When the server took it, if it did.
    pub taken: Option<Timestamp>,
    /// From where it was delivered to our landing.
    pub landed: Option<IpAddr>,
    /// From where it came back as undeliverable.
    pub bounced: Option<IpAddr>,
}

/// What has changed among the mails under way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailsChanged {
    /// Mails that are new, or of which more is known.
    pub kept: Vec<WaitingMail>,
    /// Mails that are no longer waited for.
    pub over: Vec<[u8; 16]>,
}

/// All mails under way.
#[derive(Debug, Default)]
pub(super) struct Mails {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    mails: HashMap<Nonce, Mail>,
    /// What nobody has written down yet.
    changed: HashSet<Nonce>,
}

impl Table {
    fn changed(&mut self, nonce: &Nonce) {
        // Where nobody writes anything down they are not gathered without end.
        if self.changed.len() < 2 * MOST {
            self.changed.insert(*nonce);
        }
    }

    fn forget(&mut self, which: impl Fn(&Mail) -> bool) {
        let over: Vec<Nonce> = self.mails.extract_if(|_, mail| which(mail)).map(|(nonce, _)| nonce).collect();
        over.iter().for_each(|nonce| self.changed(nonce));
    }
}

impl Mails {
    /// The mail to this port in this form that is under way already, or a fresh one.
    pub(super) fn post(&self, target: SocketAddr, form: &'static str) -> Result<Posted, NoNonce> {
        let now = Instant::now();
        let mut table = self.lock();
        let known = table.mails.iter().find(|(_, mail)| {
            mail.target == target
                && mail.form == form
                && mail.expires > now
                && mail.delivery == Delivery::NotYet
        });
        if let Some((nonce, mail)) = known {
            return Ok(posted(nonce, mail, now));
        }
        if table.mails.len() >= MOST {
            table.forget(|mail| mail.expires <= now);
        }
        if table.mails.len() >= MOST {
            return Err(NoNonce::Full);
        }
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| NoNonce::NoRandom)?;
        let mail = Mail { target, form, expires: now + LIFE, taken: None, delivery: Delivery::NotYet };
        let fresh = posted(&nonce, &mail, now);
        table.mails.insert(nonce, mail);
        table.changed(&nonce);
        Ok(fresh)
    }

    /// The target has taken it.
    pub(super) fn taken(&self, nonce: &Nonce) {
        let mut table = self.lock();
        if let Some(mail) = table.mails.get_mut(nonce) {
            mail.taken.get_or_insert_with(Instant::now);
            table.changed(nonce);
        }
    }

    /// All mails to this port that it took or that came here, the first that was taken first.
    pub(super) fn of(&self, target: SocketAddr) -> Vec<Posted> {
        let now = Instant::now();
        let table = self.lock();
        let known = table.mails.iter().filter(|(_, mail)| mail.target == target && mail.expires > now);
        let gone = known.filter(|(_, mail)| mail.taken.is_some() || mail.delivery != Delivery::NotYet);
        let mut gone: Vec<Posted> = gone.map(|(nonce, mail)| posted(nonce, mail, now)).collect();
        gone.sort_by_key(|mail| std::cmp::Reverse(mail.taken));
        gone
    }

    /// Forgets all mails to this port: what was to be learnt of them is.
    pub(super) fn forget(&self, target: SocketAddr) {
        self.lock().forget(|mail| mail.target == target);
    }

    /// Whether a mail with this nonce is under way.
    pub(super) fn is_under_way(&self, nonce: &Nonce) -> bool {
        self.lock().mails.get(nonce).is_some_and(|mail| mail.expires > Instant::now())
    }

    /// A mail came in. The first thing that is known of it stays, but a delivery is more than a bounce.
    pub(super) fn came(&self, nonce: &Nonce, delivery: Delivery) {
        let mut table = self.lock();
        if let Some(mail) = table.mails.get_mut(nonce)
            && !matches!(mail.delivery, Delivery::Landed(_))
        {
            mail.delivery = delivery;
            table.changed(nonce);
        }
    }

    /// What has changed since this was asked the last time.
    pub(super) fn changed(&self) -> MailsChanged {
        let (now, mut told) = (Instant::now(), MailsChanged::default());
        let mut table = self.lock();
        table.forget(|mail| mail.expires <= now);
        for nonce in std::mem::take(&mut table.changed) {
            match table.mails.get(&nonce) {
                Some(mail) => told.kept.push(waiting(nonce, mail, now)),
                None => told.over.push(nonce),
            }
        }
        told
    }

    /// Takes up what was written down in an earlier life.
    pub(super) fn take_up(&self, mails: Vec<WaitingMail>) {
        let (now, at) = (Instant::now(), Timestamp::now());
        let mut table = self.lock();
        for kept in mails {
            let left = Duration::try_from(kept.expires.duration_since(at)).unwrap_or_default().min(LIFE);
            // A form that is not asked any more can prove nothing.
            let Some(form) = form_named(&kept.form).filter(|_| !left.is_zero()) else { continue };
            let ago = |then: Timestamp| Duration::try_from(at.duration_since(then)).unwrap_or_default();
            // A machine that has just started has no moment before its start: then it was taken just now.
            let taken = kept.taken.map(|then| now.checked_sub(ago(then)).unwrap_or(now));
            let delivery = match (kept.landed, kept.bounced) {
                (Some(from), _) => Delivery::Landed(from),
                (None, Some(from)) => Delivery::Bounced(from),
                (None, None) => Delivery::NotYet,
            };
            let mail = Mail { target: kept.target, form, expires: now + left, taken, delivery };
            if table.mails.len() < MOST {
                table.mails.entry(kept.nonce).or_insert(mail);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn posted(nonce: &Nonce, mail: &Mail, now: Instant) -> Posted {
    let taken = mail.taken.map(|taken| now.duration_since(taken));
    Posted { nonce: *nonce, form: mail.form, delivery: mail.delivery, taken }
}

fn waiting(nonce: Nonce, mail: &Mail, now: Instant) -> WaitingMail {
    let at = Timestamp::now();
    let later = |by: Duration| SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok());
    let earlier = |by: Duration| SignedDuration::try_from(by).ok().and_then(|by| at.checked_sub(by).ok());
    WaitingMail {
        nonce,
        target: mail.target,
        form: mail.form.to_owned(),
        expires: later(mail.expires.saturating_duration_since(now)).unwrap_or(at),
        taken: mail.taken.map(|taken| earlier(now.duration_since(taken)).unwrap_or(at)),
        landed: match mail.delivery {
            Delivery::Landed(from) => Some(from),
            Delivery::NotYet | Delivery::Bounced(_) => None,
        },
        bounced: match mail.delivery {
            Delivery::Bounced(from) => Some(from),
            Delivery::NotYet | Delivery::Landed(_) => None,
        },
    }
}

/// Every nonce that is written in a text as the local part of an address of ours, each once, at most sixteen.
pub(super) fn nonces_in(text: &[u8]) -> Vec<Nonce> {
    let mut found = Vec::new();
    for (at, window) in text.windows(MARK.len() + 32).enumerate() {
        let Some((mark, digits)) = window.split_at_checked(MARK.len()) else { continue };
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if !mark.eq_ignore_ascii_case(MARK.as_bytes()) || before.is_some_and(u8::is_ascii_alphanumeric) {
            continue;
        }
        let mut nonce = [0; 16];
        if hex::decode_to_slice(digits, &mut nonce).is_ok() && !found.contains(&nonce) && found.len() < 16 {
            found.push(nonce);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_found_in_every_form_of_address_and_nowhere_else() {
        let nonce = [0xab; 16];
        let local = local_part(&nonce);
        for form in [
            format!("RCPT TO:<{local}@landing.example.net>"),
            format!("<{local}%landing.example.net@mail.example.net>"),
            format!("landing.example.net!{}", local.to_ascii_uppercase()),
            format!("<\"{local}@landing.example.net\">"),
        ] {
            assert_eq!(nonces_in(form.as_bytes()), [nonce], "{form}");
        }
        assert!(nonces_in(format!("x{local}").as_bytes()).is_empty());
        assert!(nonces_in(&local.as_bytes()[..30]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_greylisting_server_sees_the_same_recipient_again_and_a_delivered_one_never() {
        let mails = Mails::default();
        let target = SocketAddr::from(([192, 0, 2, 25], 25));
        let first = mails.post(target, "a").unwrap();
        assert_eq!(mails.post(target, "a").unwrap().nonce, first.nonce);
        assert_ne!(mails.post(target, "b").unwrap().nonce, first.nonce);
        mails.taken(&first.nonce);
        mails.came(&first.nonce, Delivery::Landed(target.ip()));
        assert_eq!(mails.of(target).len(), 1, "the one that was not taken says nothing");
        assert_ne!(mails.post(target, "a").unwrap().nonce, first.nonce);
        tokio::time::advance(LIFE).await;
        assert!(mails.of(target).is_empty() && !mails.is_under_way(&first.nonce));
    }
    #[tokio::test(start_paused = true)]
    async fn what_was_written_down_is_waited_for_after_a_restart() {
        let form = crate::relay::PLAIN_FORM.name;
        let (before, after) = (Mails::default(), Mails::default());
        let target = SocketAddr::from(([192, 0, 2, 25], 25));
        let other = SocketAddr::from(([192, 0, 2, 26], 25));
        let (first, second) = (before.post(target, form).unwrap(), before.post(other, form).unwrap());
        before.taken(&first.nonce);
        assert_eq!(before.changed().kept.len(), 2);
        assert_eq!(before.changed(), MailsChanged::default(), "each change is told once");
        before.came(&first.nonce, Delivery::Landed(other.ip()));
        before.forget(other);
        let changed = before.changed();
        assert_eq!(changed.over, [second.nonce]);
        let old = WaitingMail { nonce: [7; 16], expires: Timestamp::UNIX_EPOCH, ..changed.kept[0].clone() };
        after.take_up([changed.kept.clone(), vec![old]].concat());
        let known = after.of(target);
        assert_eq!(
            (known.len(), known[0].nonce, known[0].delivery),
            (1, first.nonce, Delivery::Landed(other.ip()))
        );
        assert!(known[0].taken.is_some());
        tokio::time::advance(LIFE).await;
        assert!(after.of(target).is_empty(), "it is not waited for anew");
    }
}
