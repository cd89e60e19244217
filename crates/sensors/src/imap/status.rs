//! How each mailbox is, for whoever wants to see.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::session::Trouble;

/// How one mailbox is. Counts are since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Its configured name.
    pub name: String,
    /// The intake tags of its mail.
    pub tags: Vec<String>,
    /// When the folder was last looked at with success.
    pub last_look: Option<Timestamp>,
    /// Messages taken: on our disk.
    pub messages: u64,
    /// Messages left where they are: too large, or not to be fetched.
    pub left: u64,
    /// Connections that failed or broke.
    pub errors: u64,
    /// Why the last connection failed; `None` while the present one works.
    pub trouble: Option<String>,
}

/// All mailboxes, shared: make one, put clones into each configuration, read it anywhere.
#[derive(Debug, Clone, Default)]
pub struct Mailboxes(Arc<Mutex<Vec<Mailbox>>>);

impl Mailboxes {
    /// How they are at this moment, in the order in which they were started.
    #[must_use]
    pub fn read(&self) -> Vec<Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One more mailbox.
    pub(super) fn enter(&self, name: &str, tags: &[String]) -> Status {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Mailbox { name: name.to_owned(), tags: tags.to_vec(), ..Mailbox::default() });
        Status { all: self.clone(), place: all.len().saturating_sub(1) }
    }
}

/// The place of one mailbox among all.
#[derive(Debug, Clone)]
pub(super) struct Status {
    all: Mailboxes,
    place: usize,
}

impl Status {
    fn change(&self, change: impl FnOnce(&mut Mailbox)) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = all.get_mut(self.place) {
            change(one);
        }
    }

    pub(super) fn looked(&self) {
        self.change(|one| {
            one.last_look = Some(Timestamp::now());
            one.trouble = None;
        });
    }

    pub(super) fn took(&self) {
        self.change(|one| one.messages = one.messages.saturating_add(1));
    }

    pub(super) fn left(&self) {
        self.change(|one| one.left = one.left.saturating_add(1));
    }

    pub(super) fn failed(&self, trouble: &Trouble) {
        self.change(|one| {
            one.errors = one.errors.saturating_add(1);
            one.trouble = Some(trouble.to_string());
        });
    }
}
