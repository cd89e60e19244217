//! Orders for many cases in the in-memory night.

use desk::{BulkAction, BulkLine, BulkOutcome, BulkPreview, BulkView, BulkWish};
use jiff::SignedDuration;
use web::OfficeError;

use super::{State, now};

/// What stands for the cases of a preview.
pub const MARK: &str = "00112233445566778899aabbccddeeff";

impl State {
    pub fn preview(&self, search: &str, by: &str) -> Result<BulkPreview, OfficeError> {
        let (page, mut rows) = (self.queue(search, 1, by)?, Vec::new());
        for row in page.rows {
            let refused = (row.id.0 % 2 == 1).then(|| format!("it does not take that {}", self.foreign));
            rows.push(BulkLine { row, version: 4, refused });
        }
        let would = rows.iter().filter(|line| line.refused.is_none()).count();
        Ok(BulkPreview { lines: rows, would, too_many: page.total > 1000, mark: MARK.to_owned() })
    }

    pub fn order(&mut self, wish: &BulkWish, mark: &str, by: &str) -> Result<u64, OfficeError> {
        if mark != MARK {
            return Err(OfficeError::CasesChanged);
        }
        let cases = self.preview(&wish.search, by)?.lines.iter().map(|line| line.row.id).collect();
        let id = self.orders.len() as u64 + 1;
        self.orders.push(BulkView {
            id,
            by: by.to_owned(),
            at: now(),
            due: now() + SignedDuration::from_secs(60),
            state: "waiting".to_owned(),
            settled: None,
            wish: wish.clone(),
            cases,
            outcome: BulkOutcome::default(),
            can_undo: true,
        });
        Ok(id)
    }

    pub fn undo(&mut self, id: u64, by: &str) -> Result<BulkView, OfficeError> {
        let order = self.orders.iter_mut().find(|order| order.id == id).ok_or(OfficeError::NoSuchOrder)?;
        order.state = if order.state == "done" { "put-back" } else { "undone" }.to_owned();
        order.settled = Some(now());
        (order.outcome.undone_by, order.can_undo) = (Some(by.to_owned()), false);
        Ok(order.clone())
    }
}

/// One that was done, with `foreign` in what others wrote.
pub fn done(foreign: &str) -> BulkView {
    BulkView {
        id: 1,
        by: foreign.to_owned(),
        at: now(),
        due: now(),
        state: "done".to_owned(),
        settled: Some(now()),
        wish: BulkWish {
            search: foreign.to_owned(),
            action: BulkAction::Assign { to: Some(foreign.to_owned()) },
            reason: foreign.to_owned(),
        },
        cases: vec![case::CaseId(17), case::CaseId(41)],
        outcome: BulkOutcome {
            done: vec![(case::CaseId(17), 13, None)],
            left: vec![(case::CaseId(41), foreign.to_owned())],
            undone_by: None,
        },
        can_undo: true,
    }
}
