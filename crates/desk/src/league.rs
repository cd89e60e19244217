//! The reporters by their record: who was borne out, who was refuted, and how far each is believed now.

use std::collections::BTreeMap;

use case::{CaseId, Source, Standing};
use store::{HeardOf, ReporterRow, Store};

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::view::{QueueRow, ReporterView};

/// How many reporters a list shows.
const SHOWN: usize = 500;

impl Desk {
    /// Every reporter that was shown to be who it says, the best borne out first; at most five hundred.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn reporters(&self) -> Result<Vec<ReporterView>, DeskError> {
        reporters(self.store(), &self.settings().reporters.named).await
    }

    /// Fills in how much was heard of the cases of these rows.
    pub(crate) async fn fill_in_heard(&self, rows: &mut [QueueRow]) -> Result<(), DeskError> {
        let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
        let heard: BTreeMap<CaseId, HeardOf> =
            self.store().heard_of(&ids).await.doing("count who reported on cases")?;
        for row in rows {
            let of_case = heard.get(&row.id).copied().unwrap_or_default();
            (row.reports, row.reporters) = (of_case.reports, of_case.reporters);
            row.authenticated_reporters = of_case.authenticated;
        }
        Ok(())
    }
}

/// The same from a store; needs no running desk. `named` are the feeds that are believed from the first report on.
///
/// # Errors
/// [`DeskError`] when the store cannot be read.
pub async fn reporters(store: &Store, named: &[String]) -> Result<Vec<ReporterView>, DeskError> {
    let rows = store.reporters(SHOWN).await.doing("list the reporters")?;
    Ok(rows.into_iter().map(|row| view(row, named)).collect())
}

fn view(row: ReporterRow, named: &[String]) -> ReporterView {
    let is_named = named.contains(&row.domain);
    let source = Source::Report {
        domain: row.domain.clone(),
        authenticated: true,
        trust: row.trust,
        standing: if is_named { Standing::NamedFeed } else { Standing::Unknown },
        network: None,
    };
    ReporterView {
        domain: row.domain,
        named: is_named,
        trust: (source.trust() * 1000.0).round() / 1000.0,
        confirmed: row.trust.confirmed,
        refuted: row.trust.refuted,
        reports: row.reports,
        cases: row.cases,
        last: row.last,
    }
}
