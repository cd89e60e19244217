//! A night whose clock is moved by hand: the work of [`Desk::run`], done one thing after the other.
//!
//! The loops of a running night wait for the bell and for the machine's clock. Where a day is to pass in minutes, and the same
//! day twice, nothing may wait for real time: [`ByHand::settle`] does all that is due at this moment by the desk's clock,
//! with the very functions the loops call, and comes back when nothing more follows. Then the clock may be moved on. Nothing is
//! kept here that a killed desk would miss: a new one on the same folder goes on where the old one was.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use edge::Outlet;
use flow::Flow;
use jiff::{SignedDuration, Timestamp};
use probe::Prober;
use signs::Detector;
use tokio::task::JoinSet;

use crate::desk::Desk;
use crate::error::DeskError;
use crate::exposure::Name;
use crate::night::Hands;
use crate::notify::Mailer;
use crate::traffic::{Ledger, Memory, recall};
use crate::traps::{Gathering, TrapHit};

/// How often the outlets are read when nothing was decided, as in a running night.
const EDGE_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// How often a watcher is asked what is new. A second in a running night; by then a flow was exported a minute ago.
const SIGNS_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// How often what the watcher has learnt is kept, as in a running night.
const LEARNT_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// So many times everything is looked at in one moment before something is taken to go round in a circle.
const ROUNDS: usize = 200;

/// A night that stands still until [`ByHand::settle`] is called.
#[derive(Debug)]
pub struct ByHand {
    desk: Desk,
    prober: Arc<Prober>,
    mailer: Option<Arc<Mailer>>,
    outlets: Vec<Outlet>,
    watcher: Option<Watcher>,
    gathering: Gathering,
    place: Place,
    asked: HashSet<Name>,
    edge_at: Option<(u64, Timestamp)>,
}

/// How far each lane has looked; only in memory, as in a running night.
#[derive(Debug)]
struct Place {
    urgent: u64,
    signs: u64,
    traps: u64,
    orphans_at: Timestamp,
    orphans_in_turn: u32,
    inbox_at: Timestamp,
    signs_at: Timestamp,
    traps_at: Timestamp,
    is_first_round: bool,
}

/// The one watcher of the flows.
#[derive(Debug)]
struct Watcher {
    detector: Detector,
    ledger: Ledger,
    memory: Memory,
    asked: Timestamp,
    kept: Timestamp,
}

impl ByHand {
    /// Takes the desk's work in hand. Claims of an earlier life are free again. With a folder for what is learnt of the lines,
    /// flows are watched.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn new(desk: Desk, hands: Hands, learnt: Option<&Path>) -> Result<ByHand, DeskError> {
        let now = desk.now();
        desk.free_claims().await?;
        let place = Place {
            urgent: 0,
            signs: 0,
            traps: 0,
            orphans_at: now,
            orphans_in_turn: 0,
            inbox_at: now,
            signs_at: now,
            traps_at: now,
            is_first_round: true,
        };
        let home = desk.settings().territory.home.clone();
        let watcher = learnt.map(|folder| {
            let mut detector = Detector::new(signs::Config::new(home.prefixes().to_vec()));
            detector.recall(recall(folder, 1));
            let memory = Memory::of(folder, 0);
            Watcher { detector, ledger: Ledger::default(), memory, asked: now, kept: now }
        });
        desk.begin_edge(&hands.outlets);
        Ok(ByHand {
            gathering: Gathering::new(home),
            prober: hands.prober,
            mailer: hands.mailer.map(Arc::new),
            outlets: hands.outlets,
            desk,
            watcher,
            place,
            asked: HashSet::new(),
            edge_at: None,
        })
    }

    /// The desk.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Takes flow records, in the order of their ends.
    pub fn see(&mut self, flows: &[Flow]) {
        if let Some(watcher) = &mut self.watcher {
            flows.iter().for_each(|flow| watcher.detector.see(flow));
        }
    }

    /// Takes visits to traps.
    pub fn visited(&mut self, mut hits: Vec<TrapHit>) {
        self.desk.take_hits(&mut hits, &mut self.gathering);
    }

    /// Does all that is due at this moment by the desk's clock, and what follows from it.
    ///
    /// # Errors
    /// [`DeskError`] when the store fails, or when at one moment there is no end of work.
    pub async fn settle(&mut self) -> Result<(), DeskError> {
        self.take_signs().await;
        self.desk.keep_gathered(&mut self.gathering, false).await;
        for _ in 0..ROUNDS {
            let rung = *self.desk.bell().borrow();
            let errands = self.turn().await?;
            if errands == 0 && *self.desk.bell().borrow() == rung {
                return Ok(());
            }
        }
        let now = self.desk.now();
        Err(DeskError::Unreadable(format!(
            "a night by hand: at {now} everything was looked at {ROUNDS} times"
        )))
    }

    /// Everything once. Says how many errands were run.
    async fn turn(&mut self) -> Result<usize, DeskError> {
        let (desk, place) = (&self.desk, &mut self.place);
        while desk.empty_spool().await? > 0 {}
        while desk.read_urgent(&mut place.urgent).await? > 0 {}
        while desk.read_log().await? > 0 {}
        desk.look_at_orphans(&mut place.orphans_at, &mut place.orphans_in_turn).await?;
        desk.watch_inbox(&mut place.inbox_at).await?;
        while desk.file_signs(&mut place.signs).await? > 0 {}
        desk.look_at_nobodys_signs(&mut place.signs_at).await?;
        while desk.file_traps(&mut place.traps).await? > 0 {}
        desk.look_at_nobodys_traps(&mut place.traps_at).await?;
        desk.tick_those_due().await;
        let mut run = desk.run_errands_due(&self.prober, self.mailer.as_ref()).await?;
        run += desk.answer_questions_due(&mut self.asked).await?;
        self.keep_edge().await;
        self.ring_for_pages().await?;
        Ok(run)
    }

    /// One round at each outlet, when something was decided since the last one or it is time.
    async fn keep_edge(&mut self) {
        let (rung, now) = (*self.desk.bell().borrow(), self.desk.now());
        let is_known =
            self.edge_at.is_some_and(|(seen, at)| seen == rung && now.duration_since(at) < EDGE_EVERY);
        if !is_known {
            self.desk.edge_round(&mut self.outlets).await;
            self.edge_at = Some((rung, now));
        }
    }

    /// Rounds over the pages until nobody is to be rung any more at this moment.
    async fn ring_for_pages(&mut self) -> Result<(), DeskError> {
        let Some(rota) = self.desk.duty().rota() else { return Ok(()) };
        // What comes back is written in one round and rings in the next.
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let mut deliveries = JoinSet::new();
            let is_first = &mut self.place.is_first_round;
            self.desk.round(&rota, self.mailer.as_ref(), is_first, &mut deliveries).await?;
            quiet = if deliveries.is_empty() { quiet + 1 } else { 0 };
            if quiet == 2 {
                break;
            }
            deliveries.join_all().await;
        }
        Ok(())
    }

    async fn take_signs(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let now = self.desk.now();
        if now.duration_since(watcher.asked) < SIGNS_EVERY {
            return;
        }
        watcher.asked = now;
        let found = watcher.detector.new_signs();
        self.desk.keep_signs(&mut watcher.ledger, found).await;
        if now.duration_since(watcher.kept) >= LEARNT_EVERY {
            watcher.kept = now;
            watcher.memory.keep(watcher.detector.learnt());
        }
    }
}
