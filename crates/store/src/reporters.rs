//! The trust ledger: who reported on which case, and what became of each reporter's reports.

use std::collections::BTreeMap;

use case::{CaseId, EvidenceId, Trust};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::batch::DOING;
use crate::sql::{Tx, args};
use crate::{Store, StoreError, codec};

/// How many confirmed reports of one domain count on one day (UTC): one lucky night makes no record.
const CONFIRMED_A_DAY: u32 = 3;
/// How many refuted ones: one broken night of a feed does not ruin it.
const REFUTED_A_DAY: u32 = 10;
/// How many of either count in all, so that a record can still change.
const IN_ALL: u32 = 50;

/// How many reporters of one case are kept by name: so many that were shown to be who they say, and so many that were not.
/// A name costs a forger nothing. The reports of all others are counted together.
pub const NAMED: u32 = 500;
/// What all others go by.
const OTHERS: &str = "";

/// Reports of one reporter on one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which case.
    pub case: CaseId,
    /// The reporter's domain.
    pub reporter: String,
    /// Whether the reports were shown to come from there.
    pub authenticated: bool,
    /// How many more.
    pub reports: u32,
    /// When the last of them came.
    pub at: Timestamp,
}

/// What became of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The reporter's domain.
    pub domain: String,
    /// The report.
    pub evidence: EvidenceId,
    /// The case that shows it.
    pub case: CaseId,
    /// Whether it was borne out; refuted otherwise.
    pub confirmed: bool,
    /// When that was clear.
    pub at: Timestamp,
}

/// How much was heard of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeardOf {
    /// Reports in all.
    pub reports: u64,
    /// Different reporters, by the names they give; beyond [`NAMED`] all others are one.
    pub reporters: u64,
    /// How many of those were shown to be who they say.
    pub authenticated: u64,
}

/// One reporter that was shown to be who it says, over all cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReporterRow {
    /// Its domain.
    pub domain: String,
    /// Its reports in all.
    pub reports: u64,
    /// The cases it reported on.
    pub cases: u64,
    /// When its last report came; `None` when only verdicts are left of it.
    pub last: Option<Timestamp>,
    /// What its record counts with.
    pub trust: Trust,
}

impl Store {
    /// What became of the reports of `domain` so far, as far as it counts: at most three confirmed and ten refuted of
    /// one day, and fifty of either.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn trust(&self, domain: &str) -> Result<Trust, StoreError> {
        let sql = "SELECT domain, at / 86400000000,
                     COUNT(CASE WHEN confirmed THEN 1 END), COUNT(CASE WHEN NOT confirmed THEN 1 END)
                   FROM verdicts WHERE domain = $1 GROUP BY domain, at / 86400000000";
        let domain = domain.to_ascii_lowercase();
        let rows: Vec<DayRow> =
            self.rows("reading the trust in a reporter", sql, args![domain.as_str()]).await?;
        Ok(records(rows).remove(&domain).unwrap_or_default())
    }

    /// Counts the report `evidence` of `domain` as borne out or refuted. Each report counts once: a later verdict on
    /// the same one takes the place of the earlier.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn judge_reporter(&self, verdict: &Verdict) -> Result<(), StoreError> {
        const DOING: &str = "judging a reporter";
        let mut tx = self.begin(DOING).await?;
        write_verdicts(&mut tx, std::slice::from_ref(verdict)).await?;
        tx.commit(DOING).await
    }

    /// How much was heard of each of these cases; one that nobody reported on is left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn heard_of(&self, cases: &[CaseId]) -> Result<BTreeMap<CaseId, HeardOf>, StoreError> {
        if cases.is_empty() {
            return Ok(BTreeMap::new());
        }
        let places: Vec<String> = (1..=cases.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT case_id, CAST(SUM(reports) AS BIGINT), COUNT(*), COUNT(CASE WHEN authenticated = 1 THEN 1 END)
             FROM case_reporters WHERE case_id IN ({}) GROUP BY case_id",
            places.join(", ")
        );
        let numbers = cases.iter().map(|case| codec::number(case.0, "a case number").map(Into::into));
        let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<(i64, i64, i64, i64)> =
            self.rows("counting who reported on a case", AssertSqlSafe(sql), numbers).await?;
        let heard = |(case, reports, reporters, authenticated)| {
            let count = |number| codec::count(number, "number of reports");
            let (reports, reporters, authenticated) =
                (count(reports)?, count(reporters)?, count(authenticated)?);
            Ok((CaseId(codec::count(case, "case number")?), HeardOf { reports, reporters, authenticated }))
        };
        rows.into_iter().map(heard).collect()
    }

    /// Every reporter that was shown to be who it says or has a record, the best borne out first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn reporters(&self, limit: usize) -> Result<Vec<ReporterRow>, StoreError> {
        const DOING: &str = "listing reporters";
        let sql = "SELECT domain, at / 86400000000,
                     COUNT(CASE WHEN confirmed THEN 1 END), COUNT(CASE WHEN NOT confirmed THEN 1 END)
                   FROM verdicts GROUP BY domain, at / 86400000000";
        let mut trust = records(self.rows(DOING, sql, args![]).await?);
        let sql = "SELECT reporter, CAST(SUM(reports) AS BIGINT), COUNT(*), MAX(last)
                   FROM case_reporters WHERE authenticated = 1 AND reporter <> '' GROUP BY reporter";
        let heard: Vec<(String, i64, i64, i64)> = self.rows(DOING, sql, args![]).await?;
        let mut rows = Vec::with_capacity(heard.len());
        for (domain, reports, cases, last) in heard {
            rows.push(ReporterRow {
                reports: codec::count(reports, "number of reports")?,
                cases: codec::count(cases, "number of cases")?,
                last: Some(codec::moment(last, "time of a report")?),
                trust: trust.remove(&domain).unwrap_or_default(),
                domain,
            });
        }
        let silent = |(domain, trust)| ReporterRow { domain, reports: 0, cases: 0, last: None, trust };
        rows.extend(trust.into_iter().map(silent));
        let order = |row: &ReporterRow| (row.trust.confirmed, row.reports);
        rows.sort_by(|a, b| order(b).cmp(&order(a)).then_with(|| a.domain.cmp(&b.domain)));
        rows.truncate(limit);
        Ok(rows)
    }
}

/// Domain, day, confirmed and refuted on it.
type DayRow = (String, i64, i64, i64);

/// The days of each domain summed, each within its bounds.
fn records(rows: Vec<DayRow>) -> BTreeMap<String, Trust> {
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let mut records: BTreeMap<String, Trust> = BTreeMap::new();
    for (domain, _, confirmed, refuted) in rows {
        let record = records.entry(domain).or_default();
        record.confirmed = (record.confirmed + number(confirmed).min(CONFIRMED_A_DAY)).min(IN_ALL);
        record.refuted = (record.refuted + number(refuted).min(REFUTED_A_DAY)).min(IN_ALL);
    }
    records
}

/// Adds to what was heard of cases.
pub(crate) async fn write_heard(tx: &mut Tx, heard: &[Heard]) -> Result<(), StoreError> {
    let known = "SELECT COUNT(*), COUNT(CASE WHEN reporter = $3 THEN 1 END)
                 FROM case_reporters WHERE case_id = $1 AND authenticated = $2";
    let sql = "INSERT INTO case_reporters (case_id, reporter, authenticated, reports, first, last)
               VALUES ($1, $2, $3, $4, $5, $5)
               ON CONFLICT (case_id, reporter, authenticated) DO UPDATE SET
                 reports = case_reporters.reports + excluded.reports,
                 last = CASE WHEN excluded.last > case_reporters.last THEN excluded.last ELSE case_reporters.last END";
    for one in heard {
        let case = codec::number(one.case.0, "a case number")?;
        let authenticated = i64::from(one.authenticated);
        let values = args![case, authenticated, one.reporter.as_str()];
        let (names, own): (i64, i64) = tx.row(DOING, known, values).await?.unwrap_or_default();
        let has_room = own > 0 || names < i64::from(NAMED);
        let values = args![
            case,
            if has_room { one.reporter.as_str() } else { OTHERS },
            authenticated,
            i64::from(one.reports),
            one.at.as_microsecond(),
        ];
        tx.execute(DOING, sql, values).await?;
    }
    Ok(())
}

/// Writes what became of reports; each has one verdict, the last.
pub(crate) async fn write_verdicts(tx: &mut Tx, verdicts: &[Verdict]) -> Result<(), StoreError> {
    let sql = "INSERT INTO verdicts (domain, evidence, confirmed, case_id, at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (domain, evidence) DO UPDATE SET
                 confirmed = excluded.confirmed, case_id = excluded.case_id, at = excluded.at";
    for verdict in verdicts {
        let values = args![
            verdict.domain.to_ascii_lowercase(),
            &verdict.evidence.0,
            verdict.confirmed,
            codec::number(verdict.case.0, "a case number")?,
            verdict.at.as_microsecond(),
        ];
        tx.execute(DOING, sql, values).await?;
    }
    Ok(())
}
