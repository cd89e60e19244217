//! The running night: a few loops, each woken by the bell and by the clock, each of which may be cut off anywhere.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use case::{Actor, CaseId, Command, SubscriberId};
use edge::Outlet;
use probe::Prober;

use crate::desk::Desk;
use crate::error::DeskError;
use crate::notify::Mailer;

/// How long a loop sleeps when nothing wakes it.
const IDLE: Duration = Duration::from_secs(1);
/// How long a loop waits after a failure below it (a locked or unreachable database).
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// How often old letters are forgotten.
const FORGETS_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// How long a letter is known: far longer than any limit counts (a day), so that a late answer still finds its case. Those
/// of open cases are known as long as the case is open.
const LETTERS_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);

/// What the night works with outside its own walls.
#[derive(Debug)]
pub struct Hands {
    /// Asks the lines.
    pub prober: Arc<Prober>,
    /// Change the edge.
    pub outlets: Vec<Outlet>,
    /// Sends the mail; without it nothing is mailed.
    pub mailer: Option<Mailer>,
}

impl Desk {
    /// Works until `stop` turns true: empties the spool, reads the log, runs errands, keeps the clock and the edge.
    /// Whatever is half done then is taken up again at the next start.
    pub async fn run(&self, hands: Hands, stop: watch::Receiver<bool>) {
        let mut loops = JoinSet::new();
        loops.spawn(until_stopped(stop.clone(), self.clone().fill_the_log()));
        loops.spawn(until_stopped(stop.clone(), self.clone().read_first()));
        loops.spawn(until_stopped(stop.clone(), self.clone().pump()));
        loops.spawn(until_stopped(stop.clone(), self.clone().make_cases_of_signs()));
        loops.spawn(until_stopped(stop.clone(), self.clone().answer_exposure_questions()));
        loops.spawn(until_stopped(stop.clone(), self.clone().make_cases_of_traps()));
        let mailer = hands.mailer.map(Arc::new);
        loops.spawn(until_stopped(stop.clone(), self.clone().run_errands(hands.prober, mailer.clone())));
        loops.spawn(until_stopped(stop.clone(), self.clone().keep_the_clock()));
        loops.spawn(until_stopped(stop.clone(), self.clone().keep_pages(mailer.clone())));
        loops.spawn(until_stopped(stop.clone(), self.clone().keep_heartbeat()));
        loops.spawn(until_stopped(stop.clone(), self.clone().tell_hooks()));
        loops.spawn(until_stopped(stop.clone(), self.clone().insist_on_firewalls(mailer)));
        loops.spawn(until_stopped(stop.clone(), self.clone().settle_garden_tests()));
        loops.spawn(until_stopped(stop.clone(), self.clone().walk_the_log_daily()));
        loops.spawn(until_stopped(stop, self.clone().keep_the_edge(hands.outlets)));
        while let Some(ended) = loops.join_next().await {
            // A night with a loop missing looks alive and is not: the whole desk stops, and a restart takes up the rest.
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }

    /// Moves accepted mail into the log, whether or not reading keeps up.
    async fn fill_the_log(self) {
        let mut bell = self.bell();
        loop {
            let moved = match self.empty_spool().await {
                Ok(moved) => moved,
                Err(error) => self.trouble("accepted mail waits in the spool", &error).await,
            };
            match moved {
                0 => wait(&mut bell).await,
                _ => self.ring(),
            }
        }
    }

    /// Reads what came to the unpublished box ahead of all else (P12).
    async fn read_first(self) {
        let mut bell = self.bell();
        let mut ahead = 0;
        loop {
            let passed = match self.read_urgent(&mut ahead).await {
                Ok(passed) => passed,
                Err(error) => self.trouble("mail of the unpublished box waits in the log", &error).await,
            };
            if passed == 0 {
                wait(&mut bell).await;
            }
        }
    }

    /// Makes cases of what is in the log, in its order.
    async fn pump(self) {
        let mut bell = self.bell();
        let (mut looked_at_orphans, mut orphans_in_turn, mut looked_at_inbox) = (self.now(), 0, self.now());
        loop {
            let read = match self.read_log().await {
                Ok(read) => read,
                Err(error) => self.trouble("accepted mail waits in the log", &error).await,
            };
            if let Err(error) = self.look_at_orphans(&mut looked_at_orphans, &mut orphans_in_turn).await {
                self.trouble("reports without a lease wait", &error).await;
            }
            if let Err(error) = self.watch_inbox(&mut looked_at_inbox).await {
                self.trouble("whether the inbox waits too long is not known", &error).await;
            }
            if read == 0 {
                wait(&mut bell).await;
            }
        }
    }

    /// Makes cases of the signs that the watchers of the traffic put in the log.
    async fn make_cases_of_signs(self) {
        let mut bell = self.bell();
        let (mut ahead, mut looked) = (0, self.now());
        loop {
            let passed = match self.file_signs(&mut ahead).await {
                Ok(passed) => passed,
                Err(error) => self.trouble("signs wait in the log", &error).await,
            };
            if let Err(error) = self.look_at_nobodys_signs(&mut looked).await {
                self.trouble("signs without a lease wait", &error).await;
            }
            if passed == 0 {
                wait(&mut bell).await;
            }
        }
    }

    /// Makes cases of the lines that came to our traps.
    async fn make_cases_of_traps(self) {
        let mut bell = self.bell();
        let (mut ahead, mut looked) = (0, self.now());
        loop {
            let passed = match self.file_traps(&mut ahead).await {
                Ok(passed) => passed,
                Err(error) => self.trouble("visits to traps wait in the log", &error).await,
            };
            if let Err(error) = self.look_at_nobodys_traps(&mut looked).await {
                self.trouble("visits to traps without a lease wait", &error).await;
            }
            if passed == 0 {
                wait(&mut bell).await;
            }
        }
    }

    /// Ticks every case whose time has come. Nothing is remembered here: what is due follows from the case itself.
    async fn keep_the_clock(self) {
        let mut forgot: Option<Timestamp> = None;
        self.make_all_lines_again().await;
        loop {
            let now = self.now();
            if forgot.is_none_or(|forgot| now.duration_since(forgot) >= FORGETS_EVERY) {
                forgot = Some(now);
                self.forget_old_letters(now).await;
            }
            self.tick_those_due().await;
            if let Err(error) = self.do_bulk_due().await {
                self.trouble("orders for many cases wait", &error).await;
            }
            tokio::time::sleep(IDLE).await;
        }
    }

    /// After an upgrade lists show more of a case than was kept of it.
    async fn make_all_lines_again(&self) {
        loop {
            match self.make_lines_again().await {
                Ok(0) => return,
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "older cases cannot be made ready for lists; it is tried at the next start");
                    return;
                }
            }
        }
    }

    pub(crate) async fn tick_those_due(&self) {
        for case in self.cases_due().await {
            if let Err(error) = self.act(case, Command::Tick, Actor::Desk).await {
                tracing::warn!(%case, %error, "what was due on the case could not be done; it is tried again");
            }
        }
    }

    async fn forget_old_letters(&self, now: Timestamp) {
        if let Err(error) = self.store().forget_customer_links(now).await {
            tracing::warn!(error = %chain(&error), "old links could not be forgotten; it is tried again");
        }
        let before = now.saturating_sub(LETTERS_FOR).unwrap_or(Timestamp::MIN);
        if let Err(error) = self.store().forget_letters(before).await {
            tracing::warn!(error = %chain(&error), "old letters could not be forgotten; it is tried again");
        }
    }

    async fn cases_due(&self) -> Vec<CaseId> {
        let now = self.now();
        let playbook = self.playbook();
        let office = self.office().read().await;
        office.cases().filter(|case| case.is_due(&playbook, now)).map(case::Case::id).collect()
    }

    pub(crate) async fn trouble(&self, what: &str, error: &DeskError) -> usize {
        tracing::error!(error = %chain(error), "{what}; nothing is lost, trying again");
        tokio::time::sleep(AFTER_FAILURE).await;
        0
    }
}

/// An error and everything under it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut under = error.source();
    while let Some(error) = under {
        text.push_str(": ");
        text.push_str(&error.to_string());
        under = error.source();
    }
    text
}

/// Waits for the bell, but not longer than [`IDLE`].
pub(crate) async fn wait(bell: &mut watch::Receiver<u64>) {
    // Both ends of the wait mean the same: look again.
    drop(tokio::time::timeout(IDLE, bell.changed()).await);
}

async fn until_stopped(mut stop: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// The mail address of a subscriber, from a template such as `{subscriber}@customers.example.net`.
pub(crate) fn from_template(template: &str, subscriber: &SubscriberId) -> Option<String> {
    let local_ok = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    // A name with anything else in it could write another address than the one meant.
    subscriber.as_str().chars().all(local_ok).then(|| template.replace("{subscriber}", subscriber.as_str()))
}
