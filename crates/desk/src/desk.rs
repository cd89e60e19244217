//! The desk itself: one handle for everybody who asks, and the verbs.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use tokio::sync::{RwLock, watch};

use case::{Actor, Case, CaseId, Command, Home, Plan, plan};
use lease::{Attribution, Whose};
use store::{Batch, CommitError, Spool, Store};

use crate::clock::Clock;
use crate::error::{ActError, DeskError, Doing};
use crate::login::Attempts;
use crate::office::Office;
use crate::settings::Settings;
use crate::traffic::{ListenerView, Meter};
use crate::view::{EdgeStatus, MailboxView};
use crate::work::Work;

/// The running desk. Cheap to clone; all clones are one desk.
#[derive(Debug, Clone)]
pub struct Desk {
    room: Arc<Room>,
}

#[derive(Debug)]
struct Room {
    settings: Settings,
    store: Store,
    spool: Spool,
    clock: Clock,
    /// Guards the open cases. Writers hold it across the commit on purpose: decisions are made one after the other on
    /// what is on disk, so two can never rest on the same version. Readers are pages and the plan; both are short.
    office: RwLock<Office>,
    /// Rung after every commit: pumps and the reconcile loop look again. It carries no data, so nothing can be lost.
    bell: watch::Sender<u64>,
    edge: watch::Sender<EdgeStatus>,
    attempts: Attempts,
    mailboxes: OnceLock<Ask>,
    meter: Arc<Meter>,
    work: Work,
}

/// Tells how the mailboxes are at this moment.
struct Ask(Box<dyn Fn() -> Vec<MailboxView> + Send + Sync>);

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

impl Desk {
    /// Opens the desk on its store and spool, with all open cases rebuilt from their records.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn open(
        settings: Settings,
        store: Store,
        spool: Spool,
        clock: Clock,
    ) -> Result<Desk, DeskError> {
        let records = store.open_case_records().await.doing("read the open cases")?;
        let last = store.highest_case_id().await.doing("read the highest case number")?;
        let office = Office::rebuild(&records, last);
        let room = Room {
            settings,
            store,
            spool,
            clock,
            office: RwLock::new(office),
            bell: watch::Sender::new(0),
            edge: watch::Sender::new(EdgeStatus::default()),
            attempts: Attempts::default(),
            mailboxes: OnceLock::new(),
            meter: Arc::default(),
            work: Work::default(),
        };
        Ok(Desk { room: Arc::new(room) })
    }

    /// Puts mail on disk; `Ok` at a position means that one is there and may be acknowledged. Blocks on the disk: call
    /// it from a blocking thread.
    #[must_use]
    pub fn accept(&self, deliveries: Vec<store::Delivery>) -> Vec<Result<(), store::SpoolError>> {
        let results = self.room.spool.accept(deliveries);
        self.ring();
        results
    }

    /// Follows `command` on a case. An ended one takes notes and word of mails, and refuses the rest.
    ///
    /// # Errors
    /// [`ActError`]: no such case, the case refuses, or a room below failed.
    pub async fn act(&self, case: CaseId, command: Command, actor: Actor) -> Result<(), ActError> {
        self.act_on(case, None, command, actor).await
    }

    /// Follows `command` on a case if it still is as the asker saw it.
    ///
    /// # Errors
    /// As [`Desk::act`], and [`ActError::Changed`] when it moved on.
    pub async fn act_expecting(
        &self,
        case: CaseId,
        version: u64,
        command: Command,
        actor: Actor,
    ) -> Result<(), ActError> {
        self.act_on(case, Some(version), command, actor).await
    }

    async fn act_on(
        &self,
        id: CaseId,
        version: Option<u64>,
        command: Command,
        actor: Actor,
    ) -> Result<(), ActError> {
        let mut office = self.room.office.write().await;
        let ended = match office.case(id) {
            Some(_) => None,
            None => Some(self.ended_case(id).await?),
        };
        let seen = ended.as_ref().or_else(|| office.case(id)).map(Case::version);
        if version.is_some() && version != seen {
            return Err(ActError::Changed);
        }
        let (batch, changed) = {
            let mut draft = office.draft(&self.room.settings.playbook, self.now());
            if let Some(ended) = ended {
                draft.bring(ended);
            }
            draft.act(id, &command, &actor)?;
            draft.finish()
        };
        // Most ticks and edge readings change nothing; those are not written.
        if !batch.records.is_empty() {
            self.commit(&mut office, batch, changed).await?;
        }
        Ok(())
    }

    /// A case that is not open, from its records: it still takes notes and word of mails that went out.
    async fn ended_case(&self, id: CaseId) -> Result<Case, ActError> {
        let records = self.room.store.records(id).await.doing("read a case")?;
        Case::replay(&records).ok_or(ActError::NoSuchCase(id))
    }

    /// Writes a finished draft to disk, then takes it over, then rings.
    pub(crate) async fn commit(
        &self,
        office: &mut Office,
        batch: Batch,
        changed: Vec<Case>,
    ) -> Result<(), DeskError> {
        match self.room.store.commit(&batch).await {
            Ok(()) => {}
            Err(CommitError::Conflict { case }) => {
                // Somebody else wrote to our store. What we hold is stale: start over from what is on disk.
                let records = self.room.store.open_case_records().await.doing("read the open cases")?;
                let last = self.room.store.highest_case_id().await.doing("read the highest case number")?;
                *office = Office::rebuild(&records, last);
                return Err(DeskError::Conflict(case));
            }
            Err(CommitError::Store(source)) => {
                return Err(DeskError::Store { doing: "record what was decided", source });
            }
        }
        self.room.work.note(&batch);
        office.install(changed);
        office.note_pages(&batch.records);
        if !batch.records.is_empty() {
            self.ring();
        }
        Ok(())
    }

    /// Who held the address then, by the leases we know.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn whose(&self, question: &Whose) -> Result<Attribution, DeskError> {
        whose(&self.room.store, &self.room.settings.territory.home, question).await
    }

    /// The whole intended state of the edge now.
    pub async fn plan(&self) -> Plan {
        plan(self.room.office.read().await.cases(), self.now())
    }

    /// The time by the desk's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.room.clock.now()
    }

    /// What the desk was told at the start.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.room.settings
    }

    pub(crate) fn store(&self) -> &Store {
        &self.room.store
    }

    pub(crate) fn spool(&self) -> &Spool {
        &self.room.spool
    }

    pub(crate) fn office(&self) -> &RwLock<Office> {
        &self.room.office
    }

    pub(crate) fn edge_status(&self) -> &watch::Sender<EdgeStatus> {
        &self.room.edge
    }

    /// Says whom the pages ask how the mailboxes are; the first to say so is asked.
    pub fn show_mailboxes(&self, ask: impl Fn() -> Vec<MailboxView> + Send + Sync + 'static) {
        _ = self.room.mailboxes.set(Ask(Box::new(ask)));
    }

    /// How the mailboxes are.
    pub(crate) fn mailboxes(&self) -> Vec<MailboxView> {
        self.room.mailboxes.get().map(|ask| (ask.0)()).unwrap_or_default()
    }

    /// Says whom the pages ask what the flow sockets have heard; the first to say so is asked.
    pub fn show_listener(&self, ask: impl Fn() -> ListenerView + Send + Sync + 'static) {
        self.room.meter.ask(ask);
    }

    /// What is counted of the traffic.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.room.meter
    }

    /// What was done since the start.
    pub(crate) fn work(&self) -> &Work {
        &self.room.work
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.room.attempts
    }

    /// Everybody look again.
    pub(crate) fn ring(&self) {
        self.room.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    pub(crate) fn bell(&self) -> watch::Receiver<u64> {
        self.room.bell.subscribe()
    }
}

/// Who held the address then, by the leases a store knows; needs no running desk.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn whose(store: &Store, home: &Home, question: &Whose) -> Result<Attribution, DeskError> {
    if !home.contains(question.address) {
        return Ok(Attribution::Foreign);
    }
    let from = question.at.saturating_sub(question.uncertainty).unwrap_or(Timestamp::MIN);
    let to = question.at.saturating_add(question.uncertainty).unwrap_or(Timestamp::MAX);
    let leases = store.leases_near(question.address, from, to).await.doing("look up leases")?;
    Ok(lease::attribute(home, &leases, question))
}
