//! Carrying out what was ordered, from the outbox: at least once, never twice at the same time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use case::{
    Actor, Answer, CaseId, Command, Errand, EvidenceId, Line, Question, QuestionId, SubscriberId, Verdict,
};
use lease::{Attribution, Whose};
use probe::Prober;
use store::{Claimed, Delivery, Lend};

use crate::answers::Word;
use crate::desk::Desk;
use crate::duty::Told;
use crate::error::{ActError, DeskError, Doing};
use crate::night::{chain, wait};
use crate::notify::{Mailer, Sent};
use crate::proxy_pages;

/// Our name on a claim. One desk works on a store at a time: it holds the open cases.
const WORKER: &str = "desk";
/// How many errands run at the same time; a probe may take its whole deadline.
const AT_ONCE: u32 = 18;
/// How many of those are kept for pages: a page must not wait for sixteen probes to end.
const FOR_PAGES: u32 = 2;
/// A claimed errand that was not finished after this is free again: its runner died. The longest question, 32 ports that
/// take a connection and say nothing, mail servers among them, takes six minutes.
const HOLD: SignedDuration = SignedDuration::from_mins(15);
/// How long a page waits for a relay that is down.
const PAGE_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// After this many failures a mail is given up and the case says so: nearly two days, which is as long as a relay may
/// well be down over a weekend.
const TRIES: u32 = 48;
/// The longest pause between two tries of one mail.
const MAIL_AGAIN_AT_MOST: SignedDuration = SignedDuration::from_hours(1);
/// When a question the prober found too early is put again: its least gap between two probes of an address is ten
/// minutes.
const TOO_EARLY: SignedDuration = SignedDuration::from_mins(11);

/// Where a subscriber's line is.
#[derive(Debug)]
pub(crate) enum LineNow {
    /// It holds this address.
    At(IpAddr),
    /// An address changed hands so short a while ago that nobody can say on which side of it we are.
    Moving(String),
    /// It holds no whole address of this family.
    Nowhere,
}

/// Whether a subscriber holds an address.
enum Holds {
    Yes,
    No,
    /// It changed hands within the clocks' error.
    Changing(String),
}

/// How an errand ended.
enum Ended {
    Done,
    /// Try again after this long, because of this.
    Later(SignedDuration, String),
}

/// How many errands are claimed when so many slots are free, and which: the last slots are for pages.
fn lendable(free: u32) -> (u32, Lend) {
    match free.saturating_sub(FOR_PAGES) {
        0 => (free, Lend::Pages),
        most => (most, Lend::All),
    }
}

impl Desk {
    /// Claims and runs errands as they fall due.
    pub(crate) async fn run_errands(self, prober: Arc<Prober>, mailer: Option<Arc<Mailer>>) {
        let mut bell = self.bell();
        let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
        // Whatever was claimed when an earlier life ended was not finished, and is not waited for.
        if let Err(error) = self.store().free_errands_of(WORKER).await {
            tracing::warn!(error = %chain(&error), "errands of an earlier life wait until their claims run out");
        }
        self.take_up_relay_mails(&prober).await;
        let mut running = JoinSet::new();
        loop {
            self.keep_relay_mails(&prober).await;
            while let Some(ended) = running.try_join_next() {
                if let Err(error) = ended {
                    tracing::error!(%error, "an errand broke off; it is free again when its claim runs out");
                }
            }
            let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
            let (most, which) = lendable(free);
            let claimed = match self.store().claim_errands(self.now(), WORKER, HOLD, most, which).await {
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

    /// Frees what was claimed when an earlier life ended.
    pub(crate) async fn free_claims(&self) -> Result<(), DeskError> {
        self.store().free_errands_of(WORKER).await.doing("free errands of an earlier life")?;
        self.free_questions().await
    }

    /// Runs the errands that are due now, to their ends, and says how many.
    pub(crate) async fn run_errands_due(
        &self,
        prober: &Arc<Prober>,
        mailer: Option<&Arc<Mailer>>,
    ) -> Result<usize, DeskError> {
        let claimed = self.store().claim_errands(self.now(), WORKER, HOLD, AT_ONCE, Lend::All).await;
        let claimed = claimed.doing("read the outbox")?;
        let mut running = JoinSet::new();
        for errand in &claimed {
            let (desk, prober, mailer, errand) =
                (self.clone(), prober.clone(), mailer.cloned(), errand.clone());
            running.spawn(async move { desk.run_errand(&errand, &prober, mailer.as_deref()).await });
        }
        running.join_all().await;
        Ok(claimed.len())
    }

    async fn run_errand(&self, claimed: &Claimed, prober: &Prober, mailer: Option<&Mailer>) {
        let ended = match &claimed.errand {
            Errand::Ask { id, question, by_operator } => {
                self.ask(claimed.case, *id, question, *by_operator, prober).await
            }
            Errand::TellSubscriber { evidence } => self.tell(claimed, *evidence, mailer).await,
            Errand::AnswerReporter { evidence } => {
                self.answer(claimed, *evidence, Word::Thanks, mailer).await
            }
            Errand::TellReporter { evidence } => self.answer(claimed, *evidence, Word::Outcome, mailer).await,
            Errand::AnswerSpamcop { report, answer } => {
                let sent = self.send_to_spamcop(claimed.case, *report, *answer, mailer).await;
                self.record(claimed, sent).await
            }
            Errand::ReportScanner { evidence, claim } => {
                let sent = self.send_scanner_report(*evidence, *claim, mailer).await;
                self.record(claimed, sent).await
            }
            // Lent to the loop of those questions alone.
            Errand::FindExposed { .. } => Ok(Ended::Done),
            Errand::PageOperators { what } => self.page(claimed, what, mailer).await,
            Errand::PageProxies { from, told } => self.page_proxies(claimed, (*from, *told), mailer).await,
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
        by_operator: bool,
        prober: &Prober,
    ) -> Result<Ended, DeskError> {
        // Answered before a crash, overtaken by a more pressing question, or the case has ended.
        if !self.office().read().await.case(id).is_some_and(|case| case.waits_for(number)) {
            return Ok(Ended::Done);
        }
        let answer = match self.follow_the_line(id, question).await? {
            LineNow::At(address) => {
                let answer = prober.ask(&Question { address, ..question.clone() }, by_operator).await;
                // The prober knows the machine's clock alone; where ours is moved by hand, it is asked now by ours.
                if self.clock().is_set() { Answer { started: self.now(), ..answer } } else { answer }
            }
            LineNow::Nowhere => self.nowhere_to_ask(question),
            // Asked now, a proof might be credited to the wrong side of the change. This passes by itself.
            LineNow::Moving(why) => {
                let skew = self.settings().clock_skew;
                return Ok(Ended::Later(
                    skew.saturating_mul(2).saturating_add(SignedDuration::from_secs(5)),
                    why,
                ));
            }
        };
        if answer.verdict == Verdict::RefusedByPolicy && self.may_ask(&answer.question) {
            // No policy forbids it but the least gap between two probes, and that is no answer to the case.
            let why = format!("{} was asked too recently", answer.question.address);
            return Ok(Ended::Later(TOO_EARLY, why));
        }
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

    fn may_ask(&self, question: &Question) -> bool {
        self.settings().territory.admit(question.address).is_ok()
            && question.ports.iter().any(|port| *port != 0)
    }

    /// The line may have another address by now: the question goes to the subscriber, never to whoever came after.
    async fn follow_the_line(&self, id: CaseId, question: &Question) -> Result<LineNow, DeskError> {
        let Some(subscriber) = self.office().read().await.case(id).map(|case| case.subscriber().clone())
        else {
            return Ok(LineNow::Nowhere);
        };
        match self.holds(&subscriber, question.address).await? {
            Holds::Yes => Ok(LineNow::At(question.address)),
            Holds::Changing(why) => Ok(LineNow::Moving(why)),
            Holds::No => self.line_now(&subscriber, question.address.is_ipv4()).await,
        }
    }

    /// The address `subscriber` holds alone and whole now, of one family.
    pub(crate) async fn line_now(&self, subscriber: &SubscriberId, ipv4: bool) -> Result<LineNow, DeskError> {
        let held =
            self.store().held_now(subscriber, self.now()).await.doing("find where a subscriber is now")?;
        let whole = held
            .iter()
            .filter(|lease| lease.ports.is_none() && lease.net.prefix_len() == lease.net.max_prefix_len())
            .map(|lease| lease.net.addr())
            .filter(|address| address.is_ipv4() == ipv4);
        let mut found = LineNow::Nowhere;
        for address in whole {
            match self.holds(subscriber, address).await? {
                Holds::Yes => return Ok(LineNow::At(address)),
                Holds::Changing(why) => found = LineNow::Moving(why),
                Holds::No => {}
            }
        }
        Ok(found)
    }

    async fn holds(&self, subscriber: &SubscriberId, address: IpAddr) -> Result<Holds, DeskError> {
        let sure = Whose { address, port: None, at: self.now(), uncertainty: self.settings().clock_skew };
        let reason = match self.whose(&sure).await? {
            Attribution::One { subscriber: holder, .. } if holder == *subscriber => return Ok(Holds::Yes),
            Attribution::Several { reason, .. } => reason,
            _ => return Ok(Holds::No),
        };
        // An address that several hold at this very moment is shared, or the leases contradict each other: waiting
        // would not help.
        let exact = Whose { uncertainty: SignedDuration::ZERO, ..sure };
        match self.whose(&exact).await? {
            Attribution::Several { .. } => Ok(Holds::No),
            _ => Ok(Holds::Changing(reason)),
        }
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
        if self.duty().rota().is_some() {
            let page = self.tell_duty(Told::of(claimed, what, self.now())).await?;
            return self.record_sent(claimed, Sent::To(format!("the people on duty, as {page}"))).await;
        }
        match self.send_page(claimed.case, what, &claimed.key, mailer).await {
            Sent::Later { why, .. } => Ok(Ended::Later(PAGE_AGAIN, why)),
            sent => self.record_sent(claimed, sent).await,
        }
    }

    /// Tells of all cases that paged in a stretch of time: each of them to the people on duty, or all in one mail.
    async fn page_proxies(
        &self,
        claimed: &Claimed,
        (from, told): (Timestamp, Option<CaseId>),
        mailer: Option<&Mailer>,
    ) -> Result<Ended, DeskError> {
        let paged = self.proxies_paged(claimed, from, told).await;
        if self.duty().rota().is_none() {
            return match proxy_pages::in_words(&paged, from) {
                Some(what) => self.page(claimed, &what, mailer).await,
                None => Ok(Ended::Done),
            };
        }
        for (case, line) in paged {
            let key = format!("{}/{case}", claimed.key);
            let told = Told { case: Some(case), key, ..Told::of(claimed, &line, self.now()) };
            self.tell_duty(told).await?;
        }
        Ok(Ended::Done)
    }

    /// Gives the case a command; an ended case has no more use for it.
    async fn tell_case(&self, id: CaseId, command: Command) -> Result<Ended, DeskError> {
        match self.act(id, command, Actor::Desk).await {
            Ok(())
            | Err(
                ActError::Refused(_) | ActError::NoSuchCase(_) | ActError::Changed | ActError::Forbidden(_),
            ) => Ok(Ended::Done),
            Err(ActError::Desk(error)) => Err(error),
        }
    }

    async fn tell(
        &self,
        claimed: &Claimed,
        evidence: Option<EvidenceId>,
        mailer: Option<&Mailer>,
    ) -> Result<Ended, DeskError> {
        let sent = self.send_notice(claimed.case, evidence, &claimed.key, mailer).await;
        self.record(claimed, sent).await
    }

    async fn answer(
        &self,
        claimed: &Claimed,
        evidence: EvidenceId,
        word: Word,
        mailer: Option<&Mailer>,
    ) -> Result<Ended, DeskError> {
        let sent = self.send_answer(claimed.case, evidence, word, mailer).await;
        self.record(claimed, sent).await
    }

    async fn record(&self, claimed: &Claimed, sent: Result<Sent, DeskError>) -> Result<Ended, DeskError> {
        self.record_sent(claimed, sent?).await
    }

    async fn record_sent(&self, claimed: &Claimed, sent: Sent) -> Result<Ended, DeskError> {
        let command = match sent {
            Sent::To(to) => Command::Told { to, failure: None },
            Sent::Not { to, why } => Command::Told { to, failure: Some(why) },
            Sent::Later { why, .. } if claimed.attempts < TRIES => {
                let wait = SignedDuration::from_secs(30).saturating_mul(1 << claimed.attempts.min(8));
                return Ok(Ended::Later(wait.min(MAIL_AGAIN_AT_MOST), why));
            }
            Sent::Later { to, why } => {
                Command::Told { to, failure: Some(format!("given up after {TRIES} tries: {why}")) }
            }
        };
        if claimed.case == CaseId::NONE {
            tracing::info!(errand = %claimed.key, ?command, "a letter that belongs to no case");
            return Ok(Ended::Done);
        }
        self.tell_case(claimed.case, command).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_slots_are_for_pages() {
        assert_eq!(lendable(AT_ONCE), (16, Lend::All));
        assert_eq!(lendable(3), (1, Lend::All));
        assert_eq!(lendable(2), (2, Lend::Pages), "sixteen probes at work leave room for two pages");
        assert_eq!(lendable(1), (1, Lend::Pages));
    }
}
