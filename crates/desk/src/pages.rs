//! What the pages and the JSON twins ask for.

use case::{Case, CaseId, EvidenceId, Listed, Record};
use jiff::{SignedDuration, Timestamp};
use report::Reading;
use store::{IntakeFilter, IntakeRow};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::marked::{pieces, word};
use crate::queue::PER_PAGE;
use crate::timeline;
use crate::traffic::signs_of;
use crate::view::{CaseView, CheckView, EvidenceView, Front, Hour, IntakeView, QueueRow};

/// Evidence shown whole on a case's page; more is a link.
const EVIDENCE_SHOWN: usize = 20;

impl Desk {
    /// The counts of the front page.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn front(&self) -> Result<Front, DeskError> {
        let now = self.now();
        let (by_stage, ended) = (self.listing().by_stage(), self.listing().ended());
        let count =
            |outcome: &str| IntakeFilter { outcomes: vec![outcome.to_owned()], waiting: true, source: None };
        let orphans = self.store().count_intake(&count("orphan")).await.doing("count orphans")?;
        let unreadable =
            self.store().count_intake(&count("unreadable")).await.doing("count unreadable mail")?;
        let hours = self.hours(now).await?;
        let accepted_today = hours.iter().rev().take(24).map(|hour| hour.accepted).sum();
        let edge = self.edge_status().borrow().clone();
        let checks = self.checks().await?;
        Ok(Front {
            by_stage,
            ended,
            orphans,
            unreadable,
            inbox: self.inbox().await?,
            accepted_today,
            edge,
            checks,
            mailboxes: self.mailboxes(),
            lease_sources: self.lease_sources(),
            hours,
            work: self.work().counts(),
            traffic: self.meter().view(now),
            traps: self.trapped(),
            now,
        })
    }

    async fn checks(&self) -> Result<Vec<CheckView>, DeskError> {
        let standings = self.store().standings().await.doing("read how self-checks stand")?;
        let view = |one: store::Standing| CheckView {
            subject: one.subject,
            works: one.works,
            since: one.since,
            checked: one.checked,
            note: one.note,
        };
        let mut checks: Vec<CheckView> = standings.into_iter().map(view).collect();
        checks.extend(self.failing_hooks().await?);
        Ok(checks)
    }

    async fn hours(&self, now: Timestamp) -> Result<Vec<Hour>, DeskError> {
        let hour = SignedDuration::from_hours(1);
        let this = now.as_second().div_euclid(3600) * 3600;
        let this = Timestamp::from_second(this).unwrap_or(now);
        let first = this.saturating_sub(hour.saturating_mul(47)).unwrap_or(this);
        let counts = self.store().activity(first, 48).await.doing("count the last two days")?;
        let hours = counts.into_iter().zip(0i32..).map(|((accepted, opened), number)| {
            let from = first.saturating_add(hour.saturating_mul(number)).unwrap_or(first);
            Hour { from, accepted, opened }
        });
        Ok(hours.collect())
    }

    /// Everything about one case; `None` when there is no such case.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn case(&self, id: CaseId) -> Result<Option<CaseView>, DeskError> {
        let records = self.store().records(id).await.doing("read a case")?;
        let Some(case) = Case::replay(&records) else { return Ok(None) };
        let now = self.now();
        let mut evidence = Vec::new();
        for id in evidence_of(&records).into_iter().rev().take(EVIDENCE_SHOWN) {
            evidence.extend(self.evidence(&id).await?);
        }
        evidence.reverse();
        let mut row = QueueRow::of(&Listed::of(&case, &self.playbook()), now);
        self.fill_in_heard(std::slice::from_mut(&mut row)).await?;
        Ok(Some(CaseView {
            row,
            version: case.version(),
            why: case.judgement(&self.playbook(), now).why,
            timeline: timeline::rows(&records),
            signs: signs_of(self.store(), &case).await?,
            evidence,
            blocks: timeline::blocks(&case, now),
            next_probe: case.outstanding().map(|asking| asking.due),
            may_claim_innocence: case.may_claim_innocence(),
            runbook: case.families().iter().map(|family| family.runbook()).collect(),
            now,
        }))
    }

    /// One piece of evidence as text with its claims marked.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn evidence(&self, id: &EvidenceId) -> Result<Option<EvidenceView>, DeskError> {
        let Some(entry) = self.store().entry(id).await.doing("find evidence")? else { return Ok(None) };
        let bytes = self.evidence_bytes(id).await?.unwrap_or_default();
        let stored = self.store().reading(id).await.doing("find what was read")?;
        let reading =
            stored.and_then(|value| serde_json::from_value::<Reading>(value.get("reading")?.clone()).ok());
        let (pieces, left_off) = pieces(&bytes, reading.as_ref());
        Ok(Some(EvidenceView {
            id: *id,
            source: entry.source,
            received: entry.received,
            format: reading.as_ref().map(|reading| word(&reading.format)),
            doubts: reading
                .map(|reading| reading.doubts.into_iter().map(|doubt| doubt.text).collect())
                .unwrap_or_default(),
            pieces,
            left_off,
        }))
    }

    /// The bytes of one piece of evidence as they were accepted.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn evidence_bytes(&self, id: &EvidenceId) -> Result<Option<Vec<u8>>, DeskError> {
        self.store().bytes(id).await.doing("fetch evidence")
    }

    /// One page of what came in, newest first; `outcome` narrows it to `orphan`, `unreadable`, …
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn intake(&self, outcome: Option<&str>, page: usize) -> Result<Vec<IntakeView>, DeskError> {
        let filter = match outcome {
            Some("inbox") => IntakeFilter {
                outcomes: vec!["orphan".to_owned(), "unreadable".to_owned()],
                waiting: true,
                source: None,
            },
            other => IntakeFilter {
                outcomes: other.map(str::to_owned).into_iter().collect(),
                ..IntakeFilter::default()
            },
        };
        let limit = u32::try_from(PER_PAGE).unwrap_or(u32::MAX);
        let offset = u32::try_from(page.saturating_sub(1)).unwrap_or(0).saturating_mul(limit);
        let rows = self.store().intake(&filter, limit, offset).await.doing("list the intake")?;
        let mut views = Vec::new();
        for row in rows {
            views.push(self.intake_view(row).await?);
        }
        Ok(views)
    }

    async fn intake_view(&self, row: IntakeRow) -> Result<IntakeView, DeskError> {
        let stored = self.store().reading(&row.id).await.doing("find what was read")?;
        let subject =
            stored.as_ref().and_then(|value| value.pointer("/reading/subject")?.as_str().map(str::to_owned));
        let cases = stored.and_then(|value| serde_json::from_value(value.get("cases")?.clone()).ok());
        Ok(IntakeView {
            id: row.id,
            received: row.received,
            source: row.source,
            outcome: row.outcome,
            note: row.note,
            settled: row.settled,
            subject,
            cases: cases.unwrap_or_default(),
        })
    }
}

/// The evidence a case's records speak of, in order, each once.
fn evidence_of(records: &[Record]) -> Vec<EvidenceId> {
    let mut seen = Vec::new();
    for row in timeline::rows(records) {
        if let Some(id) = row.evidence.filter(|id| !seen.contains(id)) {
            seen.push(id);
        }
    }
    seen
}
