//! Reading cases back.

use std::net::IpAddr;

use case::{CaseId, Record, Stage, SubscriberId};

use crate::{Store, StoreError, Summary};

/// Which cases to list. The default lists all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only open (`true`) or only ended (`false`) ones.
    pub open: Option<bool>,
    /// Only those in this stage.
    pub stage: Option<Stage>,
    /// Only those of this subscriber.
    pub subscriber: Option<SubscriberId>,
    /// Only those that go above all else, or only the others.
    pub proxy: Option<bool>,
}

impl Store {
    /// The highest case number ever given; 0 when there is none. The next case takes the number after it; two who
    /// take the same number meet in a [`crate::CommitError::Conflict`].
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn highest_case_id(&self) -> Result<u64, StoreError> {
        todo!()
    }

    /// All records of a case, by version.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a record is damaged.
    pub async fn records(&self, case: CaseId) -> Result<Vec<Record>, StoreError> {
        let _ = case;
        todo!()
    }

    /// All records of all open cases, by case and version.
    ///
    /// # Errors
    /// As [`Store::records`].
    pub async fn open_case_records(&self) -> Result<Vec<Record>, StoreError> {
        todo!()
    }

    /// The summary of one case.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or the row is damaged.
    pub async fn summary(&self, case: CaseId) -> Result<Option<Summary>, StoreError> {
        let _ = case;
        todo!()
    }

    /// Summaries of open and ended cases, the newest case first.
    ///
    /// # Errors
    /// As [`Store::summary`].
    pub async fn summaries(
        &self,
        filter: &Filter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Summary>, StoreError> {
        let _ = (filter, limit, offset);
        todo!()
    }

    /// How many cases [`Store::summaries`] would list without a limit.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn count_cases(&self, filter: &Filter) -> Result<u64, StoreError> {
        let _ = filter;
        todo!()
    }

    /// Every case that ever spoke of `address`, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn find_cases(&self, address: IpAddr) -> Result<Vec<CaseId>, StoreError> {
        let _ = address;
        todo!()
    }

    /// Where the reader called `name` stands in the log; 0 when it never moved.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn cursor(&self, name: &str) -> Result<u64, StoreError> {
        let _ = name;
        todo!()
    }
}
