//! A mailbox, picked up over IMAP4rev1 (RFC 3501) or rev2 (RFC 9051): each unseen message becomes a [`Delivery`] and,
//! once that is on disk, is marked `\Seen` or moved. Never before: after a crash in between it is picked up again, with
//! the same id and the same bytes.
//!
//! Between looks the server is asked to tell us of new mail (IDLE, RFC 2177), renewed well before the 29 minutes after
//! which servers may hang up; a server without IDLE is asked again every minute. A connection that breaks is made again,
//! later and later, up to a quarter of an hour, never at the same moment as all others.
//!
//! A message that is too large or cannot be fetched stays where it is, is flagged, and is reported once in the log; the
//! others proceed. What a server sends is bounded in size and time for each command, so one that lies, dribbles or floods
//! costs its own mailbox only: each has its own connection and its own task.
//!
//! The protocol itself is read and written by imap-next, which does no I/O of its own and does not print secrets.

mod config;
mod connection;
mod credentials;
mod login;
mod oauth;
mod session;
mod status;
mod sweep;
mod tls;
mod wire;

use std::time::Duration;

use tokio::sync::{mpsc::Sender, watch};
use tokio::time::{Instant, sleep, sleep_until};

pub use config::{Config, Done, Limits, Security};
pub use credentials::{Credentials, CredentialsError, Refresh, Secret, Token};
pub use status::{Mailbox, Mailboxes};
pub use tls::{Roots, RootsError};

use self::session::{Session, Trouble};
use self::sweep::{Next, Sweeper};
use crate::stop::stopped;
use crate::{Delivery, Printable};

/// Picks up mail until `stop` turns true (or its sender is gone).
pub async fn watch(config: Config, deliveries: Sender<Delivery>, mut stop: watch::Receiver<bool>) {
    // Stopping anywhere is safe: what was not marked is picked up again with the same id.
    tokio::select! {
        biased;
        () = stopped(&mut stop) => {}
        () = for_ever(config, deliveries) => {}
    }
}

async fn for_ever(config: Config, deliveries: Sender<Delivery>) {
    let status = config.mailboxes.enter(&config.name, &config.tags);
    let limits = config.limits.clone();
    let name = config.name.clone();
    let mut wait = limits.retry;
    let mut login = login::Login::new(config.credentials.clone());
    let mut sweeper = Sweeper::new(config, deliveries, status.clone());
    loop {
        let trouble = connected(&mut sweeper, &mut login).await;
        // A connection that worked for a while starts the waiting anew; one that only ever fails does not.
        if sweeper.take_worked() {
            wait = limits.retry;
        }
        let pause = match trouble {
            Trouble::Refused(_) => wait.max(limits.retry_refused),
            _ => wait,
        };
        status.failed(&trouble);
        tracing::warn!(
            mailbox = %Printable::from(name.as_str()),
            why = %Printable::from(trouble.to_string().as_str()),
            again_in = ?pause,
            "the mailbox cannot be looked at; the mail waits there"
        );
        sleep(with_jitter(pause)).await;
        wait = wait.saturating_mul(2).min(limits.retry_longest);
    }
}

/// One connection from greeting to its end, which is always some trouble.
async fn connected(sweeper: &mut Sweeper, login: &mut login::Login) -> Trouble {
    match look_again_and_again(sweeper, login).await {
        Ok(never) => match never {},
        Err(trouble) => trouble,
    }
}

async fn look_again_and_again(
    sweeper: &mut Sweeper,
    login: &mut login::Login,
) -> Result<std::convert::Infallible, Trouble> {
    let limits = sweeper.config().limits.clone();
    let mut session = Session::open(sweeper.config(), login).await?;
    loop {
        let began = Instant::now();
        match sweeper.sweep(&mut session).await? {
            Next::AtOnce => continue,
            // The disk or the desk cannot take more: asking the server would not help.
            Next::Later => sleep(limits.every).await,
            Next::WhenTold => session.wait_for_mail(&limits).await?,
        }
        // A server that reports news without end is looked at once a second, not as fast as it talks.
        sleep_until(began + limits.gap).await;
    }
}

/// Between half of it and all of it, so that many mailboxes on one server do not come back at the same moment.
fn with_jitter(pause: Duration) -> Duration {
    let mut random = [0u8; 1];
    // Without randomness everybody waits the whole time: later, but right.
    let share = getrandom::fill(&mut random).map_or(255, |()| u32::from(random[0]));
    (pause / 2).saturating_add((pause / 510).saturating_mul(share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_between_half_and_all() {
        let pause = Duration::from_secs(510);
        for _ in 0..200 {
            let jittered = with_jitter(pause);
            assert!(jittered >= pause / 2 && jittered <= pause, "{jittered:?}");
        }
        assert!((0..50).any(|_| with_jitter(pause) != with_jitter(pause)), "it is always the same");
    }
}
