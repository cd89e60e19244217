//! The loop that answers the questions of the outbox, one after the other.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use flow::{Flow, Millis};
use jiff::{SignedDuration, Timestamp};
use lake::{Exposure, ExposureQuestion};

use case::{CaseId, Errand, SignKind, Source};
use signs::{Allowed, Sign};
use store::{Batch, Claimed, Lend, NewErrand};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::exposure::found::{SECOND_LOOK, Told, signs};
use crate::night::{chain, wait};
use crate::traffic::evidence;

/// Our name on a claim.
const WORKER: &str = "exposure";
/// A question that was not answered after this is free again: whoever asked died.
const HOLD: SignedDuration = SignedDuration::from_mins(5);
/// When a question that could not be answered is put again, and how often.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
const TRIES: u32 = 6;
/// After a failure of the store.
const TROUBLE: Duration = Duration::from_secs(2);
/// Flows of a line that are looked through for those that prove a sign, and those that are kept.
const LOOKED_THROUGH: usize = 4000;
const PROVING: usize = 8;
/// Signs remembered so that none is told twice, until their cases say so.
const REMEMBERED: usize = 50_000;

/// What makes a sign the same as another of the same day.
pub(crate) type Name = (Option<IpAddr>, IpAddr, SignKind, Option<u16>, i64);

impl Desk {
    /// Answers questions as they fall due, one at a time: each may take many seconds, and nothing else waits for them.
    pub(crate) async fn answer_exposure_questions(self) {
        let mut bell = self.bell();
        let mut told = HashSet::new();
        if let Err(error) = self.store().free_errands_of(WORKER).await {
            tracing::warn!(error = %chain(&error), "questions of an earlier life wait until their claims run out");
        }
        loop {
            let claimed = self.store().claim_errands(self.now(), WORKER, HOLD, 1, Lend::Exposures).await;
            let claimed = match claimed {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(error = %chain(&error), "the outbox could not be read; trying again");
                    tokio::time::sleep(TROUBLE).await;
                    continue;
                }
            };
            if claimed.is_empty() {
                wait(&mut bell).await;
            }
            for errand in claimed {
                self.answer_question(&errand, &mut told).await;
            }
        }
    }

    /// Answers the questions that are due now, and says how many.
    pub(crate) async fn answer_questions_due(&self, told: &mut HashSet<Name>) -> Result<usize, DeskError> {
        let mut answered = 0;
        loop {
            let claimed = self.store().claim_errands(self.now(), WORKER, HOLD, 1, Lend::Exposures).await;
            let claimed = claimed.doing("read the outbox")?;
            let Some(errand) = claimed.first() else { return Ok(answered) };
            self.answer_question(errand, told).await;
            answered += 1;
        }
    }

    /// Frees what was claimed when an earlier life ended.
    pub(crate) async fn free_questions(&self) -> Result<(), DeskError> {
        self.store().free_errands_of(WORKER).await.doing("free questions of an earlier life")?;
        Ok(())
    }

    async fn answer_question(&self, claimed: &Claimed, told: &mut HashSet<Name>) {
        let stored = match self.look(claimed, told).await {
            Ok(()) => self.store().finish_errand(&claimed.key).await,
            Err(why) if claimed.attempts < TRIES => {
                let at = self.now().saturating_add(AGAIN).unwrap_or(self.now());
                self.store().retry_errand(&claimed.key, at, &why).await
            }
            Err(why) => {
                tracing::error!(question = %claimed.key, %why, "whom a scanner touched is not found out");
                self.store().finish_errand(&claimed.key).await
            }
        };
        if let Err(error) = stored {
            tracing::error!(question = %claimed.key, error = %chain(&error), "the end of a question could not be recorded");
        }
    }

    /// Asks the flows on disk, and puts the signs that follow in the log. An error says why it is to be tried again.
    async fn look(&self, claimed: &Claimed, told: &mut HashSet<Name>) -> Result<(), String> {
        let Errand::FindExposed { scanner, net, at, within, heard, again, .. } = &claimed.errand else {
            return Ok(());
        };
        let lake = self.lake().ok_or("no flows are kept")?;
        let usual =
            ExposureQuestion::around(*scanner, net.addr(), Millis::from(*at), Millis::from(self.now()));
        let window = i64::try_from(within.as_millis()).unwrap_or(usual.window);
        let question = ExposureQuestion { net: *net, window, ..usual };
        let answer = lake.exposure(question).await.map_err(|error| chain(&error))?;
        if answer.coverage.held == 0 && !*again {
            return Err("there are no flows of that time yet".to_owned());
        }
        // A trap lets everybody in, and is nobody's line.
        let allowed: Vec<Allowed> = self.allowed().iter().copied().chain(self.trap_prefixes()).collect();
        let told_of = Told { heard: *heard, again: *again, allowed: &allowed };
        let found = self.news(signs(&answer, told_of), told).await;
        tracing::info!(
            %scanner, %net, %heard, touched = answer.hosts.len(), signs = found.len(),
            "whom a scanner touched was looked up"
        );
        let kept = self.keep_exposed(&answer, found).await.map_err(|error| chain(&error))?;
        told.extend(kept);
        if !*again && !answer.hosts.is_empty() {
            self.look_again(claimed, *at).await.map_err(|error| chain(&error))?;
        }
        Ok(())
    }

    /// Those that no open case has of the same scanner, line and day.
    async fn news(&self, found: Vec<Sign>, told: &mut HashSet<Name>) -> Vec<Sign> {
        if told.len() > REMEMBERED {
            told.clear();
        }
        let office = self.office().read().await;
        let known = |sign: &Sign| {
            let (kind, address) = (evidence::kind(sign.sign), sign.address.to_canonical());
            let same = |seen: &case::Sighting| match &seen.source {
                Source::Sign { sign: of, peer, .. } => {
                    let at = seen.happened.unwrap_or(seen.received);
                    *of == kind
                        && seen.address.to_canonical() == address
                        && *peer == sign.peer
                        && (sign.peer.is_some() || seen.port == sign.port)
                        && sign.last.timestamp().is_some_and(|last| day(last) == day(at))
                }
                Source::Report { .. } => false,
            };
            office.cases().any(|case| case.addresses().contains(&address) && case.signs().any(same))
        };
        found.into_iter().filter(|sign| !told.contains(&name(sign)) && !known(sign)).collect()
    }

    /// Puts the signs in the log, each with the flows that prove it; from there they go the way of all signs.
    async fn keep_exposed(&self, answer: &Exposure, found: Vec<Sign>) -> Result<Vec<Name>, DeskError> {
        let (now, mut names, mut deliveries) = (self.now(), Vec::new(), Vec::new());
        for sign in found {
            let proof = self.proving(answer.question.scanner, &sign).await;
            let sign = Sign { proof, ..sign };
            names.push(name(&sign));
            deliveries.extend(evidence::delivery(&sign, now));
            self.meter().kept(now, sign.sign);
        }
        if !deliveries.is_empty() {
            self.store().append(&deliveries).await.doing("write signs to the log")?;
            self.ring();
        }
        Ok(names)
    }

    /// Some of the flows a sign was read from. Without them it still says what was seen, in figures.
    async fn proving(&self, scanner: IpAddr, sign: &Sign) -> Vec<Flow> {
        let Some(lake) = self.lake() else { return Vec::new() };
        let flows = lake.flows(sign.address, sign.first, sign.last, LOOKED_THROUGH).await;
        let mut flows = flows.unwrap_or_else(|error| {
            tracing::warn!(line = %sign.address, error = %chain(&error), "a sign is kept without its flows");
            Vec::new()
        });
        flows.retain(|flow| {
            let ends = [
                (flow.source, flow.source_port, flow.destination),
                (flow.destination, flow.destination_port, flow.source),
            ];
            let ours =
                ends.iter().find(|(address, port, _)| *address == sign.address && Some(*port) == sign.port);
            ours.is_some_and(|(.., other)| sign.peer.is_none() || *other == scanner)
        });
        flows.truncate(PROVING);
        flows
    }

    /// Puts the question once more, for what listens a day later.
    async fn look_again(&self, claimed: &Claimed, at: Timestamp) -> Result<(), DeskError> {
        let mut errand = claimed.errand.clone();
        if let Errand::FindExposed { again, .. } = &mut errand {
            *again = true;
        }
        let due = at.saturating_add(SECOND_LOOK).unwrap_or(at).max(self.now());
        let errand = NewErrand { case: CaseId::NONE, due, key: format!("{}/again", claimed.key), errand };
        self.commit_errand(errand).await
    }

    /// Puts an errand that follows from no case in the outbox.
    pub(super) async fn commit_errand(&self, errand: NewErrand) -> Result<(), DeskError> {
        let batch = Batch { errands: vec![errand], ..Batch::default() };
        match self.store().commit(&batch).await {
            Ok(()) => {
                self.ring();
                Ok(())
            }
            Err(store::CommitError::Conflict { case }) => Err(DeskError::Conflict(case)),
            Err(store::CommitError::Store(source)) => {
                Err(DeskError::Store { doing: "keep a question about a scanner", source })
            }
        }
    }
}

fn name(sign: &Sign) -> Name {
    let at = sign.last.timestamp().map_or(0, day);
    let port = sign.port.filter(|_| sign.peer.is_none());
    (sign.peer, sign.address, evidence::kind(sign.sign), port, at)
}

fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(86_400)
}
