//! Who is woken when blocks that were ordered cannot be brought to the edge, or are too many.

use std::time::Duration;

use tokio::time::Instant;

use case::{Errand, Plan, Receipt};
use edge::{Again, is_unverified};
use store::{Batch, NewErrand};

use crate::desk::Desk;
use crate::night::chain;

/// How long an outlet may fail before the operators are paged; what an operator must mend is paged at once.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// What is wrong with a round.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nothing.
    No,
    /// It failed.
    Failed(String, Again),
    /// The peer acknowledged what the network does not show.
    Unverified(String),
    /// The budget of new blocks is used up.
    Cap(String),
}

impl Trouble {
    pub(super) fn of_receipt(receipt: &Receipt, is_capped: bool) -> Trouble {
        let unverified = receipt.refused.iter().filter(|refused| is_unverified(refused)).count();
        let first = |test: &dyn Fn(&str) -> bool| {
            let found = receipt.refused.iter().find(|refused| test(&refused.reason));
            found.map(|refused| format!("{}: {}", refused.key, refused.reason)).unwrap_or_default()
        };
        if is_capped {
            return Trouble::Cap(first(&|reason| reason.starts_with("cap of ")));
        }
        match receipt.refused.iter().find(|refused| is_unverified(refused)) {
            Some(one) => {
                Trouble::Unverified(format!("{}: {} ({unverified} such blocks)", one.key, one.reason))
            }
            None => Trouble::No,
        }
    }
}

/// When the operators were last paged about an outlet.
#[derive(Debug)]
pub(super) struct Alarms {
    name: String,
    since: Option<Instant>,
    /// The hour they were last paged in.
    paged: Option<i64>,
}

impl Alarms {
    pub(super) fn new(name: &str) -> Alarms {
        Alarms { name: name.to_owned(), since: None, paged: None }
    }
}

impl Desk {
    /// Pages the operators, at most once an hour for each outlet.
    pub(super) async fn page_of_trouble(&self, alarms: &mut Alarms, trouble: Trouble, plan: &Plan) {
        let (text, is_pressing) = match trouble {
            Trouble::No => {
                alarms.since = None;
                return;
            }
            Trouble::Cap(text) => (text, true),
            Trouble::Failed(text, again) => (text, again == Again::Never),
            Trouble::Unverified(text) => (text, false),
        };
        let since = *alarms.since.get_or_insert_with(Instant::now);
        let hour = self.now().as_second().div_euclid(3600);
        let is_due = is_pressing || since.elapsed() > PATIENCE;
        let Some(rule) = plan.rules().first().filter(|_| is_due && alarms.paged != Some(hour)) else {
            return;
        };
        let what = format!(
            "the edge could not be made equal to the plan of {} blocks at {}: {text}\n\n\
             The plan is kept and tried again by itself; this page comes at most once an hour.",
            plan.rules().len(),
            alarms.name
        );
        let page = NewErrand {
            case: rule.case,
            due: self.now(),
            key: format!("page/edge/{}/{hour}", alarms.name),
            errand: Errand::PageOperators { what },
        };
        let batch = Batch { errands: vec![page], ..Batch::default() };
        match self.store().commit(&batch).await {
            Ok(()) => alarms.paged = Some(hour),
            Err(error) => tracing::error!(error = %chain(&error), "the operators could not be paged"),
        }
    }
}
