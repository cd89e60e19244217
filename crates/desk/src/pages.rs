//! What the pages and the JSON twins ask for.

use case::{Case, CaseId, EvidenceId, Kind, Record, Stage};
use jiff::{SignedDuration, Timestamp};
use report::Reading;
use store::{Filter, IntakeFilter, IntakeRow};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::marked::{pieces, word};
use crate::search::Search;
use crate::timeline;
use crate::traffic::signs_of;
use crate::view::{CaseView, CheckView, EvidenceView, Front, Hour, IntakeView, QueuePage, QueueRow};

/// Rows on a page: what a browser draws at once and a person reads (the DOM, not the server, is the cost).
pub const PER_PAGE: usize = 50;
/// Evidence shown whole on a case's page; more is a link.
const EVIDENCE_SHOWN: usize = 20;

impl Desk {
    /// One page of the queue, most pressing first; `search` narrows it.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn queue(&self, search: &str, page: usize) -> Result<QueuePage, DeskError> {
        let search = Search::parse(search);
        let now = self.now();
        let playbook = self.playbook();
        let mut rows = if search.wants_ended() {
            self.ended_rows(&search).await?
        } else {
            let office = self.office().read().await;
            let mut cases: Vec<&Case> = office.cases().filter(|case| search.fits(case)).collect();
            cases.sort_by_cached_key(|case| (case.urgency(&playbook).key(now), case.id()));
            cases.into_iter().map(|case| self.queue_row(case, now)).collect()
        };
        let total = rows.len();
        let pages = total.div_ceil(PER_PAGE).max(1);
        let page = page.clamp(1, pages);
        let mut rows: Vec<QueueRow> = rows.drain(..).skip((page - 1) * PER_PAGE).take(PER_PAGE).collect();
        self.fill_in_heard(&mut rows).await?;
        Ok(QueuePage { rows, total, page, pages })
    }

    /// The newest ended cases that fit; at most a thousand are looked at.
    async fn ended_rows(&self, search: &Search) -> Result<Vec<QueueRow>, DeskError> {
        let filter = Filter { open: Some(false), ..Filter::default() };
        let summaries = self.store().summaries(&filter, 1000, 0).await.doing("list ended cases")?;
        let mut rows = Vec::new();
        for summary in summaries {
            let records = self.store().records(summary.case).await.doing("read a case")?;
            let Some(case) = Case::replay(&records) else { continue };
            if search.fits(&case) {
                rows.push(QueueRow { updated: summary.updated, ..self.queue_row(&case, self.now()) });
            }
        }
        Ok(rows)
    }

    fn queue_row(&self, case: &Case, now: Timestamp) -> QueueRow {
        let urgency = case.urgency(&self.playbook());
        let mut kinds: Vec<Kind> = case.sightings().iter().map(|sighting| sighting.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        QueueRow {
            id: case.id(),
            subscriber: case.subscriber().clone(),
            stage: case.stage(),
            headline: headline(case, &kinds),
            addresses: case.addresses().into_iter().collect(),
            kinds,
            opened: case.opened(),
            updated: updated(case),
            due: urgency.due,
            harm: urgency.harm,
            proxy: urgency.proxy,
            sightings: case.sightings().len(),
            reports: 0,
            reporters: 0,
            authenticated_reporters: 0,
            blocks: case.standing_rules(now).len(),
        }
    }

    /// The counts of the front page.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn front(&self) -> Result<Front, DeskError> {
        let now = self.now();
        let by_stage = {
            let office = self.office().read().await;
            let count = |stage: Stage| office.cases().filter(|case| case.stage() == stage).count();
            Stage::ALL
                .into_iter()
                .filter(|stage| stage.is_open())
                .map(|stage| (stage, count(stage)))
                .collect()
        };
        let count =
            |outcome: &str| IntakeFilter { outcomes: vec![outcome.to_owned()], ..IntakeFilter::default() };
        let orphans = self.store().count_intake(&count("orphan")).await.doing("count orphans")?;
        let unreadable =
            self.store().count_intake(&count("unreadable")).await.doing("count unreadable mail")?;
        let hours = self.hours(now).await?;
        let accepted_today = hours.iter().rev().take(24).map(|hour| hour.accepted).sum();
        let edge = self.edge_status().borrow().clone();
        let checks = self.checks().await?;
        Ok(Front {
            by_stage,
            orphans,
            unreadable,
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
        Ok(standings.into_iter().map(view).collect())
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
        let mut row = self.queue_row(&case, now);
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
        let filter = IntakeFilter {
            outcomes: outcome.map(str::to_owned).into_iter().collect(),
            ..IntakeFilter::default()
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
            subject,
            cases: cases.unwrap_or_default(),
        })
    }
}

/// What matters most about a case, in one line.
fn headline(case: &Case, kinds: &[Kind]) -> String {
    if let Some(proof) = case.answers().iter().rev().find(|answer| answer.verdict.is_proof()) {
        let port = proof.port.map(|port| format!(":{port}")).unwrap_or_default();
        let by = proof.protocol.as_deref().map(|protocol| format!(" by {protocol}")).unwrap_or_default();
        return format!("{} proved on {}{port}{by}", proof.verdict, proof.address);
    }
    let relaying = case.signs().filter(|seen| seen.kind.is_proxy_or_relay()).last();
    if let Some(seen) = relaying.filter(|_| matches!(case.stage(), Stage::Confirmed | Stage::Contained)) {
        let port = seen.port.map(|port| format!(":{port}")).unwrap_or_default();
        return format!("relaying seen on {}{port} in our own flow records", seen.address);
    }
    let what: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let (all, seen) = (case.sightings().len(), case.signs().count());
    let counted = |count: usize, name: &str| match count {
        0 => None,
        1 => Some(format!("1 {name}")),
        more => Some(format!("{more} {name}s")),
    };
    let held: Vec<String> =
        [counted(all - seen, "claim"), counted(seen, "sign")].into_iter().flatten().collect();
    let verb = if all == seen { "seen" } else { "alleged" };
    format!("{} {verb}, {}, not proved", what.join(", "), held.join(" and "))
}

/// When something was last heard of or moved on a case.
fn updated(case: &Case) -> Timestamp {
    let heard = case.sightings().iter().map(|sighting| sighting.received);
    let answered = case.answers().iter().map(|answer| answer.started);
    heard.chain(answered).chain([case.opened(), case.stage_since()]).max().unwrap_or(case.opened())
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
