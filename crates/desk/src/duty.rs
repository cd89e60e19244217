//! Who is rung, and until somebody answers (P10): the running side of the crate `oncall`.
//!
//! What needs a person becomes an entry of a *page* in the store ([`tell`]); a *round* each second does what is due on every
//! page ([`rounds`]) and *delivers* the rings ([`deliver`], in the [`shapes`] that services take). An answer comes by a
//! *link*, by mail, on the page or by command ([`answer`]). Nothing of it is remembered beside the entries but how often
//! one delivery was tried, so that a restart rings at most once more and never once less.
//!
//! Without `oncall.file` nobody is on duty, and pages go by mail to `mail.operators` as they always did.

mod answer;
mod deliver;
mod heartbeat;
mod rota_file;
mod rounds;
mod shapes;
mod tell;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use ::oncall::{Name, PageId, Rota};
use jiff::{SignedDuration, Timestamp};

pub use answer::Acknowledged;
pub use rota_file::{RotaFileError, read_rota};
pub(crate) use tell::Told;
pub use view::{DutyView, OnDutyView, PageView, TurnView};

use crate::desk::Desk;

/// How paging is set up, beside what the file of people says.
#[derive(Debug, Clone, Default)]
pub struct DutySettings {
    /// Where operators reach the pages, such as `https://desk.example.net`; without it a page carries no link.
    pub link: Option<String>,
    /// A URL that is asked for as long as the desk is well.
    pub heartbeat: Option<String>,
    /// How often.
    pub heartbeat_every: SignedDuration,
}

/// What of paging is held in memory: the file as it was last read, and how deliveries go.
#[derive(Debug, Default)]
pub(crate) struct Duty {
    settings: OnceLock<DutySettings>,
    rota: RwLock<Option<Arc<Rota>>>,
    /// Why the file as it is now cannot be used.
    wrong: Mutex<Option<String>>,
    going: Mutex<Deliveries>,
    /// Held from reading a page to writing to it, so that no two writers of this desk meet.
    writing: tokio::sync::Mutex<()>,
}

/// How deliveries go.
#[derive(Debug, Default)]
struct Deliveries {
    under_way: HashSet<(PageId, u32)>,
    tried: HashMap<(PageId, u32), Tried>,
    /// What did not reach somebody when it was last tried, and why.
    broken: BTreeMap<(Name, String), String>,
    last_round: Option<Timestamp>,
    beat: Option<(Timestamp, Result<(), String>)>,
}

/// How often one ring was tried.
#[derive(Debug, Clone, Copy)]
struct Tried {
    times: u32,
    again: Timestamp,
}

impl Duty {
    /// The people and their turns, where somebody is on duty.
    pub(crate) fn rota(&self) -> Option<Arc<Rota>> {
        self.rota.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settings(&self) -> DutySettings {
        self.settings.get().cloned().unwrap_or_default()
    }

    fn wrong(&self) -> Option<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn going<T>(&self, work: impl FnOnce(&mut Deliveries) -> T) -> T {
        work(&mut self.going.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Desk {
    /// Says who is on duty, and how paging is set up; the settings first said hold, the people are replaced.
    pub fn provide_duty(&self, rota: Rota, settings: DutySettings) {
        _ = self.duty().settings.set(settings);
        *self.duty().rota.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rota));
    }
}
