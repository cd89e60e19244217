//! Signs into the log, and from the log to cases.
//!
//! What is in the log is filed once, whatever is cut off in between: the log is read behind a cursor that moves in the
//! same transaction as what was made of the entries before it.

use jiff::{SignedDuration, Timestamp};

use case::{Actor, Case, CaseId, Command, EvidenceId, Stage, SubscriberId};
use lease::{Attribution, Whose};
use signs::{Allowed, Sign};
use store::{Entry, IntakeFilter, ReadingRow};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::exposure::ScannerSeen;
use crate::night::chain;
use crate::traffic::evidence::{self, Kept, SOURCE};
use crate::traffic::ledger::Ledger;

/// The name of the cursor on the log.
const CURSOR: &str = "signs";
/// How many entries of the log are looked at together.
const TOGETHER: u32 = 1024;
/// How long an operator's word that it was nothing holds for the same sign on the same port.
const DISMISSED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many ended cases of an address are looked at for such a word.
const CASES_LOOKED_AT: usize = 4;
/// What became of a sign: it went to a case, or no lease names its line.
const FILED: &str = "sign";
const NOBODYS: &str = "unattributed";
/// How often signs that are nobody's are looked at again, for how long, and how many at once: leases are imported by the
/// hour or the day.
const NOBODYS_EVERY: SignedDuration = SignedDuration::from_mins(1);
const NOBODYS_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
const NOBODYS_AT_ONCE: u32 = 200;
/// How long the clock of an exporter may be off beyond what the configuration says of leases.
const EXPORTER_CLOCK: SignedDuration = SignedDuration::from_secs(5);

/// A sign of the log with whose address it was.
struct Attributed {
    entry: Entry,
    bytes: Vec<u8>,
    sign: Sign,
    subscriber: SubscriberId,
    reason: String,
}

impl Desk {
    /// Puts the signs worth keeping in the log. One that cannot be put there now comes again when it is stronger, or goes
    /// on.
    pub(crate) async fn keep_signs(&self, ledger: &mut Ledger, found: Vec<Sign>) {
        let now = self.now();
        let on_a_case = self.addresses_on_cases().await;
        let mut kept: Vec<Sign> = Vec::new();
        for sign in found {
            let known = on_a_case.contains(&sign.address);
            kept.extend(ledger.admit(sign, known, now));
        }
        kept.extend(ledger.released(|address| on_a_case.contains(address), now));
        self.meter().held_back(ledger.held_back);
        let deliveries: Vec<_> = kept.iter().filter_map(|sign| evidence::delivery(sign, now)).collect();
        if deliveries.is_empty() {
            return;
        }
        match self.store().append(&deliveries).await {
            Ok(_) => kept.iter().for_each(|sign| self.meter().kept(now, sign.sign)),
            Err(error) => {
                tracing::error!(error = %chain(&error), signs = kept.len(), "signs could not be put in the log");
            }
        }
        self.ring();
    }

    /// Has it asked whom the scanners touched that the watchers saw.
    pub(super) async fn take_scanners(&self, found: Vec<ScannerSeen>) {
        for seen in found {
            if let Err(error) = self.scanner_seen(seen).await {
                tracing::error!(scanner = %seen.scanner, error = %chain(&error), "whom a scanner touched is not asked");
            }
        }
    }

    async fn addresses_on_cases(&self) -> std::collections::HashSet<std::net::IpAddr> {
        let office = self.office().read().await;
        office.cases().flat_map(Case::addresses).collect()
    }

    /// Files the signs that lie in the log after the cursor; `ahead` is how far it was looked before, for entries that are
    /// none do not move the cursor. Says how many entries were passed.
    pub(crate) async fn file_signs(&self, ahead: &mut u64) -> Result<usize, DeskError> {
        let read = self.store().cursor(CURSOR).await.doing("find where reading signs stopped")?;
        let from = read.max(*ahead);
        let entries = self.store().entries_after(from, TOGETHER).await.doing("read the log")?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
        let passed = entries.len();
        let signs: Vec<Entry> = entries.into_iter().filter(|entry| entry.source == SOURCE).collect();
        // A desk that hears much mail and no signs still moves on, now and then.
        if !signs.is_empty() || last.saturating_sub(read) > 16 * u64::from(TOGETHER) {
            let (placed, nobodys) = self.attribute_signs(signs).await?;
            self.meter().unattributed(nobodys.len());
            self.file_attributed(placed, nobodys, Some((CURSOR.to_owned(), last))).await?;
        }
        *ahead = last;
        Ok(passed)
    }

    /// Looks again at signs that were nobody's, when the last look (`since`) is long enough ago: their lease may have been
    /// imported meanwhile.
    pub(crate) async fn look_at_nobodys_signs(&self, since: &mut Timestamp) -> Result<(), DeskError> {
        let now = self.now();
        if now.duration_since(*since) < NOBODYS_EVERY {
            return Ok(());
        }
        *since = now;
        let filter = IntakeFilter { outcomes: vec![NOBODYS.to_owned()], ..IntakeFilter::default() };
        let rows =
            self.store().intake(&filter, NOBODYS_AT_ONCE, 0).await.doing("list signs that are nobody's")?;
        let mut entries = Vec::new();
        for row in rows.iter().filter(|row| now.duration_since(row.received) < NOBODYS_FOR) {
            entries.extend(self.store().entry(&row.id).await.doing("find a sign in the log")?);
        }
        let (placed, _) = self.attribute_signs(entries).await?;
        if placed.is_empty() {
            return Ok(());
        }
        self.file_attributed(placed, Vec::new(), None).await
    }

    /// Those that belong to exactly one line, and what is noted of those that do not.
    async fn attribute_signs(
        &self,
        entries: Vec<Entry>,
    ) -> Result<(Vec<Attributed>, Vec<ReadingRow>), DeskError> {
        let (mut placed, mut nobodys) = (Vec::new(), Vec::new());
        for entry in entries {
            let bytes = self.store().bytes(&entry.id).await.doing("fetch a sign from the log")?;
            let bytes = bytes.unwrap_or_default();
            let Some(sign) = evidence::read(&bytes) else {
                tracing::error!(evidence = %entry.id, "a sign in the log cannot be read; it is passed over");
                continue;
            };
            match self.whose_sign(&entry, &sign).await? {
                Attribution::One { subscriber, reason, .. } => {
                    placed.push(Attributed { entry, bytes, sign, subscriber, reason });
                }
                Attribution::Several { reason, .. } | Attribution::Nobody { reason } => {
                    let note = format!("{} on {}: {reason}", sign.sign, sign.address);
                    nobodys.push(row(entry.id, NOBODYS, note, None));
                }
                Attribution::Foreign => {}
            }
        }
        Ok((placed, nobodys))
    }

    /// Whose the address of a sign was when its flows ended.
    async fn whose_sign(&self, entry: &Entry, sign: &Sign) -> Result<Attribution, DeskError> {
        let at = sign.last.timestamp().map_or(entry.received, |at| at.min(entry.received));
        let uncertainty = self.settings().clock_skew + EXPORTER_CLOCK;
        self.whose(&Whose { address: sign.address, port: evidence::our_port(sign), at, uncertainty }).await
    }

    async fn file_attributed(
        &self,
        signs: Vec<Attributed>,
        mut rows: Vec<ReadingRow>,
        cursor: Option<(String, u64)>,
    ) -> Result<(), DeskError> {
        let mut wanted = Vec::with_capacity(signs.len());
        for one in signs {
            if self.was_dismissed(&one).await? {
                let note = "an operator dismissed the same before".to_owned();
                rows.push(row(one.entry.id, FILED, note, None));
            } else {
                wanted.push(one);
            }
        }
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let playbook = self.playbook();
            let mut draft = office.draft(&playbook, self.now());
            for one in wanted {
                let sighting =
                    evidence::sighting(Kept::in_the_log(&one.entry, &one.bytes), &one.sign, one.reason);
                let note = format!("{} on {}", one.sign.sign, one.sign.address);
                let (case, _) = draft.file(&one.subscriber, sighting);
                rows.push(row(one.entry.id, FILED, note, Some(case)));
            }
            let (mut batch, changed) = draft.finish();
            (batch.cursor, batch.readings) = (cursor, rows);
            (batch, changed)
        };
        self.commit(&mut office, batch, changed).await
    }

    /// Whether an operator said of the same sign, on the same address and port, that it is nothing, and no case of the
    /// line is open.
    async fn was_dismissed(&self, one: &Attributed) -> Result<bool, DeskError> {
        let open = |case: &Case| *case.subscriber() == one.subscriber;
        if self.office().read().await.cases().any(open) {
            return Ok(false);
        }
        let cases = self.store().find_cases(one.sign.address).await.doing("find the cases of an address")?;
        for id in cases.into_iter().take(CASES_LOOKED_AT) {
            let records = self.store().records(id).await.doing("read a case")?;
            let Some(case) = Case::replay(&records) else { continue };
            if dismissed(&case, one, self.now()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Withdraws the signs of open cases that are allowed now.
    pub(super) async fn withdraw_what_is_allowed(&self, allowed: &[Allowed]) {
        for (case, evidence, claim, what) in self.allowed_signs(allowed).await {
            let reason = format!("{what} is allowed by the configuration");
            let command = Command::Withdraw { evidence, claim, reason };
            if let Err(error) = self.act(case, command, Actor::Desk).await {
                tracing::warn!(%case, %error, "a sign of what is allowed could not be withdrawn");
            }
        }
    }

    async fn allowed_signs(&self, allowed: &[Allowed]) -> Vec<(CaseId, EvidenceId, u32, Allowed)> {
        let office = self.office().read().await;
        let mut found = Vec::new();
        for case in office.cases() {
            for seen in case.signs() {
                let covers = |one: &&Allowed| one.covers(seen.address, seen.port);
                let entry = allowed.iter().find(covers);
                found.extend(entry.map(|entry| (case.id(), seen.evidence, seen.claim, *entry)));
            }
        }
        found
    }
}

/// Whether a case was dismissed lately, and had this very sign.
fn dismissed(case: &Case, one: &Attributed, now: Timestamp) -> bool {
    let kind = evidence::kind(one.sign.sign);
    let (address, port) = (one.sign.address.to_canonical(), evidence::our_port(&one.sign));
    let same = |seen: &case::Sighting| {
        let is_kind = matches!(&seen.source, case::Source::Sign { sign, .. } if *sign == kind);
        is_kind && seen.address.to_canonical() == address && seen.port == port
    };
    case.stage() == Stage::Dismissed
        && *case.subscriber() == one.subscriber
        && now.duration_since(case.stage_since()) < DISMISSED_FOR
        && case.signs().any(same)
}

/// What was made of a sign, in one row.
fn row(evidence: EvidenceId, outcome: &str, note: String, case: Option<CaseId>) -> ReadingRow {
    let reading = serde_json::json!({ "cases": case.into_iter().collect::<Vec<CaseId>>() });
    ReadingRow { evidence, outcome: outcome.to_owned(), note, case, reading }
}
