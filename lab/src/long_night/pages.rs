//! What the people on duty heard, and when.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

use super::people;

/// What is meant to be on time may be so late.
pub(super) const ON_TIME: SignedDuration = SignedDuration::from_secs(5);

/// What comes so soon after a page is told together with others.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);

/// Somebody was rung.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) at: Timestamp,
    pub(super) person: &'static str,
    pub(super) page: String,
    /// Page, ring and mark, as the link has them.
    pub(super) link: String,
}

/// The two telephones.
#[derive(Debug)]
pub(super) struct Telephones {
    files: Vec<(&'static str, PathBuf, u64)>,
    pub(super) heard: Vec<Heard>,
    /// When each page was answered.
    pub(super) answered: BTreeMap<String, Timestamp>,
}

impl Telephones {
    pub(super) fn new(folder: &std::path::Path) -> Telephones {
        let files = ["anna", "ben"].map(|person| (person, people::heard(folder, person), 0)).to_vec();
        Telephones { files, heard: Vec::new(), answered: BTreeMap::new() }
    }

    /// Listens for what rang since the last time, by `now`; what is new.
    pub(super) fn listen(&mut self, now: Timestamp) -> Result<Vec<Heard>> {
        let mut new = Vec::new();
        for (person, file, offset) in &mut self.files {
            let Ok(mut open) = std::fs::File::open(&*file) else { continue };
            open.seek(SeekFrom::Start(*offset))?;
            let mut text = String::new();
            open.read_to_string(&mut text).with_context(|| format!("cannot read {}", file.display()))?;
            *offset += u64::try_from(text.len())?;
            for part in text.split("/ack/").skip(1) {
                let link = part.split_whitespace().next().unwrap_or_default().to_owned();
                let page = link.split('/').next().unwrap_or_default().to_owned();
                new.push(Heard { at: now, person, page, link });
            }
        }
        self.heard.extend(new.iter().cloned());
        Ok(new)
    }

    /// When each page first rang.
    pub(super) fn first_rings(&self) -> BTreeMap<&str, Timestamp> {
        let mut first = BTreeMap::new();
        for heard in &self.heard {
            let at = first.entry(heard.page.as_str()).or_insert(heard.at);
            *at = heard.at.min(*at);
        }
        first
    }

    /// Pages that nobody answered in time, and that did not ring the second one when they should have, in words.
    pub(super) fn not_escalated(&self, until: Timestamp) -> Vec<String> {
        let after = SignedDuration::from_mins(people::SECOND_AFTER);
        let mut wrong = Vec::new();
        for (page, first) in self.first_rings() {
            let due = first.saturating_add(after).unwrap_or(until);
            let answered = self.answered.get(page).is_some_and(|at| *at <= due);
            if answered || due.saturating_add(ON_TIME).unwrap_or(until) > until {
                continue;
            }
            let bens = self.heard.iter().filter(|heard| heard.page == page && heard.person == "ben");
            let late = bens.map(|heard| heard.at.duration_since(due).abs()).min();
            match late {
                Some(late) if late <= ON_TIME => {}
                Some(late) => wrong.push(format!("{page}: Ben was rung {late:#} off")),
                None => wrong.push(format!("{page}: Ben was never rung; it first rang at {first}")),
            }
        }
        wrong
    }

    /// How often somebody was rung twice for one page within a step.
    pub(super) fn duplicates(&self) -> usize {
        let mut last: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
        let mut twice = 0;
        for heard in &self.heard {
            let before = last.insert((&heard.page, heard.person), heard.at);
            let soon = SignedDuration::from_mins(1);
            twice += usize::from(before.is_some_and(|before| heard.at.duration_since(before) < soon));
        }
        twice
    }

    /// Whether somebody was rung in time for what was proved then: within [`ON_TIME`]; or a page stood open already; or one had
    /// rung so shortly before that this is told together with others at the end of a quarter of an hour, unless it is contained
    /// by then.
    pub(super) fn knew(&self, proved: Timestamp, contained: Option<Timestamp>) -> bool {
        let after = |at: Timestamp, long: SignedDuration| at.saturating_add(long).unwrap_or(Timestamp::MAX);
        let rings = self.first_rings();
        let rung = |from: Timestamp, until: Timestamp| rings.values().any(|at| *at >= from && *at <= until);
        let is_open = rings.iter().any(|(page, first)| {
            *first < proved && self.answered.get(*page).is_none_or(|answered| *answered >= proved)
        });
        // After a quarter of an hour in which more came, the next is told together too.
        let begins = proved.saturating_sub(TOGETHER.saturating_mul(2)).unwrap_or(proved);
        let told_by = after(after(proved, TOGETHER), ON_TIME);
        let is_told_together =
            rung(begins, proved) && (rung(proved, told_by) || contained.is_some_and(|at| at <= told_by));
        rung(proved, after(proved, ON_TIME)) || is_open || is_told_together
    }
}
