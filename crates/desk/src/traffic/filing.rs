//! Signs into the log, and from the log to cases.
//!
//! What is in the log is filed once, whatever is cut off in between: the log is read behind a cursor that moves in the
//! same transaction as what was made of the entries before it.

use jiff::{SignedDuration, Timestamp};

use case::{Actor, Case, CaseId, Command, EvidenceId, Stage, SubscriberId};
use lease::{Attribution, Whose};
use signs::{Allowed, Sign};
use store::Entry;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::chain;
use crate::traffic::evidence::{self, SOURCE};
use crate::traffic::ledger::Ledger;

/// The name of the cursor on the log.
const CURSOR: &str = "signs";
/// How many entries of the log are looked at together.
const TOGETHER: u32 = 1024;
/// How long an operator's word that it was nothing holds for the same sign on the same port.
const DISMISSED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many ended cases of an address are looked at for such a word.
const CASES_LOOKED_AT: usize = 4;
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
    pub(super) async fn keep_signs(&self, ledger: &mut Ledger, found: Vec<Sign>) {
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
        let mut attributed = Vec::new();
        let mut signs = 0;
        for entry in entries.into_iter().filter(|entry| entry.source == SOURCE) {
            signs += 1;
            attributed.extend(self.attribute_sign(entry).await?);
        }
        // A desk that hears much mail and no signs still moves on, now and then.
        if signs > 0 || last.saturating_sub(read) > 16 * u64::from(TOGETHER) {
            self.meter().unattributed(signs - attributed.len());
            self.file_attributed(attributed, last).await?;
        }
        *ahead = last;
        Ok(passed)
    }

    /// Whose the address of a sign was when its flows ended; `None` where that is nobody, or not one.
    async fn attribute_sign(&self, entry: Entry) -> Result<Option<Attributed>, DeskError> {
        let bytes =
            self.store().bytes(&entry.id).await.doing("fetch a sign from the log")?.unwrap_or_default();
        let Some(sign) = evidence::read(&bytes) else {
            tracing::error!(evidence = %entry.id, "a sign in the log cannot be read; it is passed over");
            return Ok(None);
        };
        let at = sign.last.timestamp().map_or(entry.received, |at| at.min(entry.received));
        let uncertainty = self.settings().clock_skew + EXPORTER_CLOCK;
        let whose = Whose { address: sign.address, port: evidence::our_port(&sign), at, uncertainty };
        Ok(match self.whose(&whose).await? {
            Attribution::One { subscriber, reason, .. } => {
                Some(Attributed { entry, bytes, sign, subscriber, reason })
            }
            Attribution::Several { reason, .. } | Attribution::Nobody { reason } => {
                tracing::info!(address = %sign.address, sign = %sign.sign, %reason, "a sign is nobody's");
                None
            }
            Attribution::Foreign => None,
        })
    }

    async fn file_attributed(&self, signs: Vec<Attributed>, last: u64) -> Result<(), DeskError> {
        let mut wanted = Vec::with_capacity(signs.len());
        for one in signs {
            if !self.was_dismissed(&one).await? {
                wanted.push(one);
            }
        }
        let mut office = self.office().write().await;
        let (batch, changed) = {
            let mut draft = office.draft(&self.settings().playbook, self.now());
            for one in wanted {
                let sighting = evidence::sighting(&one.entry, &one.bytes, &one.sign, one.reason);
                draft.file(&one.subscriber, sighting);
            }
            let (mut batch, changed) = draft.finish();
            batch.cursor = Some((CURSOR.to_owned(), last));
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
