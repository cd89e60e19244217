//! Carrying out what was ordered, from the outbox: at least once, never twice at the same time.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::{Actor, Answer, CaseId, Command, Errand, EvidenceId, Line, Question, QuestionId, Verdict};
use lease::{Attribution, Whose};
use probe::Prober;
use store::{Claimed, Delivery};

use crate::desk::Desk;
use crate::error::{ActError, DeskError, Doing};
use crate::night::{chain, wait};
use crate::notify::{Mailer, Sent};

/// How many errands run at the same time; a probe may take its whole deadline.
const AT_ONCE: u32 = 16;
/// A claimed errand that was not finished after this is free again: its runner died.
const HOLD: SignedDuration = SignedDuration::from_mins(5);
/// How long a page waits for a relay that is down.
const PAGE_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// After this many failures a mail is given up and the case says so.
const TRIES: u32 = 8;

/// How an errand ended.
enum Ended {
    Done,
    /// Try again after this long, because of this.
    Later(SignedDuration, String),
}

impl Desk {
    /// Claims and runs errands as they fall due.
    pub(crate) async fn run_errands(self, prober: Arc<Prober>, mailer: Option<Mailer>) {
        let mut bell = self.bell();
        let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
        let mailer = mailer.map(Arc::new);
        let mut running = JoinSet::new();
        loop {
            while let Some(ended) = running.try_join_next() {
                if let Err(error) = ended {
                    tracing::error!(%error, "an errand broke off; it is free again when its claim runs out");
                }
            }
            let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
            let claimed = match self.store().claim_errands(self.now(), "desk", HOLD, free).await {
                Ok(claimed) => claimed,
                Err(error) => {
                    tracing::error!(error = %chain(&error), "the outbox could not be read; trying again");
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    continue;
                }
            };
            for errand in claimed {
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                let (desk, prober, mailer) = (self.clone(), prober.clone(), mailer.clone());
                running.spawn(async move {
                    desk.run_errand(&errand, &prober, mailer.as_deref()).await;
                    drop(slot);
                    desk.ring();
                });
            }
            wait(&mut bell).await;
        }
    }

    async fn run_errand(&self, claimed: &Claimed, prober: &Prober, mailer: Option<&Mailer>) {
        let ended = match &claimed.errand {
            Errand::Ask { id, question } => self.ask(claimed.case, *id, question, prober).await,
            Errand::TellSubscriber { evidence } => self.tell(claimed, *evidence, mailer).await,
            Errand::AnswerReporter { evidence } => self.answer(claimed, *evidence, mailer).await,
            Errand::PageOperators { what } => self.page(claimed, what, mailer).await,
        };
        let ended = ended.unwrap_or_else(|error| Ended::Later(SignedDuration::from_secs(10), chain(&error)));
        let stored = match ended {
            Ended::Done => self.store().finish_errand(&claimed.key).await,
            Ended::Later(after, why) => {
                tracing::warn!(case = %claimed.case, errand = %claimed.key, %why, "will be tried again");
                let at = self.now().saturating_add(after).unwrap_or(self.now());
                self.store().retry_errand(&claimed.key, at, &why).await
            }
        };
        if let Err(error) = stored {
            // The claim runs out and the errand is done once more: at least once is the promise.
            tracing::error!(errand = %claimed.key, error = %chain(&error), "the end of an errand could not be recorded");
        }
    }

    /// Probes, keeps the whole answer as evidence, and tells the case.
    async fn ask(
        &self,
        id: CaseId,
        number: QuestionId,
        question: &Question,
        prober: &Prober,
    ) -> Result<Ended, DeskError> {
        // Answered before a crash, overtaken by a more pressing question, or the case has ended.
        if !self.office().read().await.case(id).is_some_and(|case| case.waits_for(number)) {
            return Ok(Ended::Done);
        }
        let answer = match self.follow_the_line(id, question).await? {
            Some(question) => prober.ask(&question, false).await,
            None => self.nowhere_to_ask(question),
        };
        let bytes = serde_json::to_vec_pretty(&answer)
            .map_err(|error| DeskError::Unreadable(format!("an answer of our own: {error}")))?;
        let delivery = Delivery {
            id: format!("probe-{id}-{}-{}", number.0, answer.started.as_microsecond()),
            source: "probe".to_owned(),
            envelope: serde_json::json!({ "case": id, "question": number }),
            received: self.now(),
            bytes,
        };
        let appended = self.store().append(&[delivery]).await.doing("keep a probe's answer")?;
        let Some(kept) = appended.first() else {
            return Err(DeskError::Unreadable("the log took an answer and named no entry".to_owned()));
        };
        let command = Command::Answered { question: number, answer, evidence: kept.entry.id };
        self.tell_case(id, command).await
    }

    /// The line may have another address by now: the question goes to the subscriber, never to whoever came after.
    /// `None` when the subscriber holds no address that could be asked.
    async fn follow_the_line(&self, id: CaseId, question: &Question) -> Result<Option<Question>, DeskError> {
        let Some(subscriber) = self.office().read().await.case(id).map(|case| case.subscriber().clone())
        else {
            return Ok(None);
        };
        let now = self.now();
        let whose =
            Whose { address: question.address, port: None, at: now, uncertainty: SignedDuration::ZERO };
        if matches!(self.whose(&whose).await?, Attribution::One { subscriber: holder, .. } if holder == subscriber)
        {
            return Ok(Some(question.clone()));
        }
        let held = self.store().held_now(&subscriber, now).await.doing("find where a subscriber is now")?;
        let moved = held
            .iter()
            .filter(|lease| lease.ports.is_none() && lease.net.prefix_len() == lease.net.max_prefix_len())
            .map(|lease| lease.net.addr())
            .find(|address| address.is_ipv4() == question.address.is_ipv4());
        Ok(moved.map(|address| Question { address, ..question.clone() }))
    }

    /// The answer to a question that was not put to anybody.
    fn nowhere_to_ask(&self, question: &Question) -> Answer {
        let text = "not asked: by the leases, the subscriber holds no address of this kind now".to_owned();
        Answer {
            question: question.clone(),
            verdict: Verdict::Unreachable,
            port: None,
            protocol: None,
            exit: None,
            started: self.now(),
            seconds: 0.0,
            transcript: vec![Line { at_ms: 0, on: "desk".to_owned(), text }],
        }
    }

    /// A page is never given up while the relay only refuses for now.
    async fn page(&self, claimed: &Claimed, what: &str, mailer: Option<&Mailer>) -> Result<Ended, DeskError> {
        tracing::error!(case = %claimed.case, what, "the operators are paged");
        match self.send_page(claimed.case, what, mailer).await {
            Sent::Later { why, .. } => Ok(Ended::Later(PAGE_AGAIN, why)),
            sent => self.record_sent(claimed, sent).await,
        }
    }

    /// Gives the case a command; an ended case has no more use for it.
    async fn tell_case(&self, id: CaseId, command: Command) -> Result<Ended, DeskError> {
        match self.act(id, command, Actor::Desk).await {
            Ok(()) | Err(ActError::Refused(_) | ActError::NoSuchCase(_) | ActError::Changed) => {
                Ok(Ended::Done)
            }
            Err(ActError::Desk(error)) => Err(error),
        }
    }

    async fn tell(
        &self,
        claimed: &Claimed,
        evidence: Option<EvidenceId>,
        mailer: Option<&Mailer>,
    ) -> Result<Ended, DeskError> {
        let sent = self.send_notice(claimed.case, evidence, mailer).await?;
        self.record_sent(claimed, sent).await
    }

    async fn answer(
        &self,
        claimed: &Claimed,
        evidence: EvidenceId,
        mailer: Option<&Mailer>,
    ) -> Result<Ended, DeskError> {
        let sent = self.send_acknowledgement(claimed.case, evidence, mailer).await?;
        self.record_sent(claimed, sent).await
    }

    async fn record_sent(&self, claimed: &Claimed, sent: Sent) -> Result<Ended, DeskError> {
        let command = match sent {
            Sent::To(to) => Command::Told { to, failure: None },
            Sent::Not { to, why } => Command::Told { to, failure: Some(why) },
            Sent::Later { why, .. } if claimed.attempts < TRIES => {
                let wait = SignedDuration::from_secs(30).saturating_mul(1 << claimed.attempts.min(8));
                return Ok(Ended::Later(wait, why));
            }
            Sent::Later { to, why } => {
                Command::Told { to, failure: Some(format!("given up after {TRIES} tries: {why}")) }
            }
        };
        self.tell_case(claimed.case, command).await
    }
}
