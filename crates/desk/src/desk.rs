//! The desk itself: one handle for everybody who asks, and the verbs.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use tokio::sync::{RwLock, watch};

use case::{Actor, Case, CaseId, Command, Home, Narrow, Plan, Refusal, plan};
use lease::nat::Deterministic;
use lease::{Attribution, Lease, Whose};
use store::{Batch, BulkSettled, CommitError, Spool, Store};

use crate::audit::{self, LastWalk};
use crate::clock::Clock;
use crate::duty::Duty;
use crate::edge_status::EdgeStatus;
use crate::error::{ActError, DeskError, Doing};
use crate::exposure::Quota;
use crate::firewall::Firewalls;
use crate::hooks;
use crate::listing::Listing;
use crate::numbers::Kept;
use crate::office::Office;
use crate::patience::Attempts;
use crate::playbook::{Live, Trials};
use crate::settings::Settings;
use crate::traffic::{ListenerView, Meter};
use crate::traps::Traps;
use crate::view::{LeaseSourcesView, MailboxView};
use crate::work::Work;

/// How often a command beside the running desk tries a case that the desk keeps writing to.
const RELEASE_TRIES: u32 = 20;

/// What became of a command on many cases: those that took it, with their new version and who had them before, and those
/// that did not, with the reason.
pub(crate) type Many = (Vec<(CaseId, u64, Option<String>)>, Vec<(CaseId, String)>);

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
    /// What lists show of them.
    listing: Listing,
    /// Rung after every commit: pumps and the reconcile loop look again. It carries no data, so nothing can be lost.
    bell: watch::Sender<u64>,
    edge: watch::Sender<EdgeStatus>,
    attempts: Attempts,
    last_walk: LastWalk,
    mailboxes: OnceLock<Ask<Vec<MailboxView>>>,
    lease_sources: OnceLock<Ask<LeaseSourcesView>>,
    meter: Arc<Meter>,
    traps: Traps,
    work: Work,
    kept: Kept,
    lake: OnceLock<lake::Lake>,
    allowed: OnceLock<Vec<signs::Allowed>>,
    exposure_quota: Quota,
    firewalls: OnceLock<Firewalls>,
    blocklists: OnceLock<Vec<(String, String)>>,
    playbook: Live,
    trials: Trials,
    duty: Duty,
}

/// Tells how something is at this moment.
struct Ask<T>(Box<dyn Fn() -> T + Send + Sync>);

impl<T> std::fmt::Debug for Ask<T> {
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
        let ended = ended(&store).await?;
        let kept = Kept::default();
        kept.take_up(&records);
        let playbook = Live::take_up(&store, &settings.playbook, clock.now()).await?;
        let listing = Listing::default();
        listing.start(office.cases(), &playbook.get(), ended);
        let room = Room {
            settings,
            store,
            spool,
            clock,
            office: RwLock::new(office),
            listing,
            bell: watch::Sender::new(0),
            edge: watch::Sender::new(EdgeStatus::default()),
            attempts: Attempts::default(),
            last_walk: LastWalk::default(),
            mailboxes: OnceLock::new(),
            lease_sources: OnceLock::new(),
            meter: Arc::default(),
            traps: Traps::default(),
            work: Work::default(),
            kept,
            lake: OnceLock::new(),
            allowed: OnceLock::new(),
            exposure_quota: Quota::default(),
            firewalls: OnceLock::new(),
            blocklists: OnceLock::new(),
            playbook,
            trials: Trials::default(),
            duty: Duty::default(),
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

    /// Follows what a person or a program asks, if it may: [`crate::VERBS`] says what each command takes, and the store
    /// what whoever asks has.
    ///
    /// # Errors
    /// As [`Desk::act_expecting`], and [`ActError::Forbidden`].
    pub async fn act_asked(
        &self,
        case: CaseId,
        version: Option<u64>,
        command: Command,
        actor: Actor,
    ) -> Result<(), ActError> {
        self.permit_command(&actor, &command).await?;
        self.check_assignee(&command).await?;
        self.act_on(case, version, command, actor).await
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
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            if let Some(ended) = ended {
                draft.bring(ended);
            }
            if let Some(other) = draft.reopens_beside_another(id, &command) {
                return Err(ActError::Refused(Refusal::AnotherIsOpen(other)));
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

    /// Follows a command on each of these cases that still is at its version, and writes with it what `settled` makes of
    /// what came of it: all in one commit.
    pub(crate) async fn act_on_many(
        &self,
        orders: &[(CaseId, u64, Command)],
        actor: &Actor,
        settled: impl FnOnce(Many) -> BulkSettled,
    ) -> Result<(), DeskError> {
        let (mut done, mut left) = (Vec::new(), Vec::new());
        let mut office = self.room.office.write().await;
        let mut ended = Vec::new();
        for (id, _, _) in orders.iter().filter(|(id, _, _)| office.case(*id).is_none()) {
            let records = self.room.store.records(*id).await.doing("read a case")?;
            ended.extend(Case::replay(&records));
        }
        let (batch, changed) = {
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            ended.into_iter().for_each(|case| draft.bring(case));
            for (id, version, command) in orders {
                match draft.act_at(*id, *version, command, actor) {
                    Ok((version, before)) => done.push((*id, version, before)),
                    Err(why) => left.push((*id, why)),
                }
            }
            draft.finish()
        };
        let batch = Batch { bulk: Some(settled((done, left))), ..batch };
        self.commit(&mut office, batch, changed).await
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
        mut batch: Batch,
        changed: Vec<Case>,
    ) -> Result<(), DeskError> {
        batch.deeds.extend(audit::of_records(&batch.records));
        batch.hooks = hooks::messages(&self.settings().hooks, &batch.records, &batch.summaries, self.now());
        match self.room.store.commit(&batch).await {
            Ok(()) => {}
            Err(CommitError::Conflict { case }) => {
                // Somebody else wrote to our store. What we hold is stale: start over from what is on disk.
                self.rebuild(office).await?;
                return Err(DeskError::Conflict(case));
            }
            Err(CommitError::Store(source)) => {
                return Err(DeskError::Store { doing: "record what was decided", source });
            }
        }
        self.room.work.note(&batch);
        self.room.kept.note(&batch.records);
        self.room.listing.take(changed.iter(), &batch.records, &self.playbook());
        office.install(changed);
        office.note_pages(&batch.records);
        if !batch.records.is_empty() {
            self.ring();
        }
        Ok(())
    }

    async fn rebuild(&self, office: &mut Office) -> Result<(), DeskError> {
        let records = self.room.store.open_case_records().await.doing("read the open cases")?;
        let last = self.room.store.highest_case_id().await.doing("read the highest case number")?;
        *office = Office::rebuild(&records, last);
        self.room.listing.start(office.cases(), &self.playbook(), ended(&self.room.store).await?);
        self.room.kept.take_up(&records);
        Ok(())
    }

    /// Starts over from what is on disk.
    pub(crate) async fn read_anew(&self) -> Result<(), DeskError> {
        let mut office = self.room.office.write().await;
        self.rebuild(&mut office).await
    }

    /// Lifts every block of every open case in the operator's name; gives the cases. The edge lets go with its next round.
    ///
    /// # Errors
    /// [`ActError`] when one could not be recorded; those before it are.
    pub async fn release_all(&self, reason: &str, operator: &str) -> Result<Vec<CaseId>, ActError> {
        let now = self.now();
        let has_blocks =
            |case: &&Case| !case.standing_rules(now).is_empty() || case.waits_for_second_person(now);
        let cases: Vec<CaseId> =
            self.office().read().await.cases().filter(has_blocks).map(Case::id).collect();
        for case in &cases {
            self.release_beside(*case, reason, operator).await?;
        }
        Ok(cases)
    }

    /// Releases a case that a running desk may write to at the same time: after each of its writes ours has been read anew.
    async fn release_beside(&self, case: CaseId, reason: &str, operator: &str) -> Result<(), ActError> {
        let mut tries = 1;
        loop {
            let command = Command::Release { reason: reason.to_owned() };
            match self.act(case, command, Actor::Operator(operator.to_owned())).await {
                Err(ActError::Desk(DeskError::Conflict(_))) if tries < RELEASE_TRIES => tries += 1,
                // What held it has gone by itself in between.
                Err(ActError::Refused(Refusal::NothingToRelease | Refusal::Ended(_))) => return Ok(()),
                other => return other,
            }
        }
    }

    /// Who held the address then, by the leases we know.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn whose(&self, question: &Whose) -> Result<Attribution, DeskError> {
        let settings = &self.room.settings;
        let answer = whose(&self.room.store, &settings.territory.home, &settings.mappings, question).await?;
        Ok(match (&answer, &settings.customers) {
            (Attribution::Nobody { .. }, Some(customers)) => {
                crate::last_resort::ask(customers, &settings.territory.home, question).await.unwrap_or(answer)
            }
            _ => answer,
        })
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

    pub(crate) fn live(&self) -> &Live {
        &self.room.playbook
    }

    pub(crate) fn trials(&self) -> &Trials {
        &self.room.trials
    }

    pub(crate) fn duty(&self) -> &Duty {
        &self.room.duty
    }

    pub(crate) fn store(&self) -> &Store {
        &self.room.store
    }

    pub(crate) fn spool(&self) -> &Spool {
        &self.room.spool
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.room.listing
    }

    pub(crate) fn office(&self) -> &RwLock<Office> {
        &self.room.office
    }

    /// What the edge showed when it was last read.
    #[must_use]
    pub fn edge_now(&self) -> EdgeStatus {
        self.room.edge.borrow().clone()
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

    /// Says whom the pages ask how the sources of leases are; the first to say so is asked.
    pub fn show_lease_sources(&self, ask: impl Fn() -> LeaseSourcesView + Send + Sync + 'static) {
        _ = self.room.lease_sources.set(Ask(Box::new(ask)));
    }

    /// How the sources of leases are.
    pub(crate) fn lease_sources(&self) -> LeaseSourcesView {
        self.room.lease_sources.get().map(|ask| (ask.0)()).unwrap_or_default()
    }

    /// Says whom the pages ask what the flow sockets have heard; the first to say so is asked.
    pub fn show_listener(&self, ask: impl Fn() -> ListenerView + Send + Sync + 'static) {
        self.room.meter.ask(ask);
    }

    /// What is counted of the traffic.
    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.room.meter
    }

    /// What is kept of the traps.
    pub(crate) fn traps(&self) -> &Traps {
        &self.room.traps
    }

    /// What was done since the start.
    pub(crate) fn work(&self) -> &Work {
        &self.room.work
    }

    /// What was read of cases' logs.
    pub(crate) fn kept(&self) -> &Kept {
        &self.room.kept
    }

    /// Says where flows are looked back at; the first said is asked.
    pub fn show_lake(&self, lake: lake::Lake) {
        _ = self.room.lake.set(lake);
    }

    pub(crate) fn lake(&self) -> Option<&lake::Lake> {
        self.room.lake.get()
    }

    /// Says what is meant to be as it is; the first said holds.
    pub(crate) fn allow(&self, allowed: Vec<signs::Allowed>) {
        _ = self.room.allowed.set(allowed);
    }

    /// What is meant to be as it is.
    pub(crate) fn allowed(&self) -> &[signs::Allowed] {
        self.room.allowed.get().map_or(&[], Vec::as_slice)
    }

    /// Says which firewalls are provided, and how far they are insisted on; the first said holds. Before the traffic is
    /// watched, or it is not noticed when one is not in force.
    pub fn provide_firewalls(&self, settings: crate::FirewallSettings) {
        _ = self.room.firewalls.set(Firewalls::new(settings));
    }

    pub(crate) fn firewalls(&self) -> Option<&Firewalls> {
        self.room.firewalls.get()
    }

    /// Says which blocklists are asked how we stand, each by its domain and with a note; the first said holds.
    pub fn show_blocklists(&self, lists: Vec<(String, String)>) {
        _ = self.room.blocklists.set(lists);
    }

    /// Which blocklists are asked.
    pub(crate) fn blocklists(&self) -> &[(String, String)] {
        self.room.blocklists.get().map_or(&[], Vec::as_slice)
    }

    /// How many questions about scanners were taken.
    pub(crate) fn exposure_quota(&self) -> &Quota {
        &self.room.exposure_quota
    }

    pub(crate) fn last_walk(&self) -> &LastWalk {
        &self.room.last_walk
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.room.attempts
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.room.clock
    }

    /// Everybody look again.
    pub(crate) fn ring(&self) {
        self.room.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    pub(crate) fn bell(&self) -> watch::Receiver<u64> {
        self.room.bell.subscribe()
    }
}

/// How many cases have ended.
async fn ended(store: &Store) -> Result<u64, DeskError> {
    let narrow = Narrow { open: Some(false), ..Narrow::default() };
    store.count_lines(&narrow, u32::MAX).await.doing("count the ended cases")
}

/// Who held the address then, by the leases a store knows; needs no running desk.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn whose(
    store: &Store,
    home: &Home,
    mappings: &[Deterministic],
    question: &Whose,
) -> Result<Attribution, DeskError> {
    if !home.contains(question.address) {
        return Ok(Attribution::Foreign);
    }
    let mut leases = near(store, question).await?;
    leases.extend(mappings.iter().flat_map(|mapping| mapping.leases(question.address, question.port)));
    let outer = lease::attribute(home, &leases, question);
    // Behind a translator the lease is an inside address's, and that one's holder is meant.
    match lease::behind(&outer, question) {
        Some(inside) => Ok(lease::through(outer, &near(store, &inside).await?, question)),
        None => Ok(outer),
    }
}

async fn near(store: &Store, question: &Whose) -> Result<Vec<Lease>, DeskError> {
    let from = question.at.saturating_sub(question.uncertainty).unwrap_or(Timestamp::MIN);
    let to = question.at.saturating_add(question.uncertainty).unwrap_or(Timestamp::MAX);
    store.leases_near(question.address, from, to).await.doing("look up leases")
}
