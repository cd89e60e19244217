//! A page: what its entries say, and what is due on it.

use std::fmt;
use std::str::FromStr;

use case::CaseId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Entry, Logged, Policy, Reason, Ring, Rota, Severity, Via};

/// How far behind the newest entry the clock may be before it counts as put back: what NTP may step without notice.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// How many subjects of a page are kept with their words; the rest are counted.
const SUBJECTS_KEPT: usize = 200;

/// The number of a page, given by the store; shown as `P-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageId(pub u64);

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("P-{}", self.0))
    }
}

impl FromStr for PageId {
    type Err = String;
    fn from_str(text: &str) -> Result<PageId, String> {
        let digits = text.strip_prefix("P-").or_else(|| text.strip_prefix("p-")).unwrap_or(text);
        let number = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        number.map(PageId).ok_or_else(|| format!("{text:?} is no page number such as P-12"))
    }
}

/// Something a page is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The case, where it is of one.
    pub case: Option<CaseId>,
    /// What, in words.
    pub what: String,
    /// When it was told.
    pub at: Timestamp,
}

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum Standing {
    /// Nobody has acknowledged it.
    Open,
    /// Somebody looks at it.
    Acknowledged {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// How they said so.
        via: Via,
    },
    /// It needs nobody any more.
    Resolved {
        /// Who said so, where somebody did.
        by: Option<String>,
        /// When.
        at: Timestamp,
        /// Why.
        why: String,
    },
}

impl Standing {
    /// The name as it stands in the store and in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Acknowledged { .. } => "acknowledged",
            Standing::Resolved { .. } => "resolved",
        }
    }
}

/// What is due on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing, ever.
    Nothing,
    /// Nothing before that moment.
    At(Timestamp),
    /// This entry, which was due then.
    Now(Timestamp, Entry),
}

/// A page as its entries make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page {
    /// Its number.
    pub id: PageId,
    /// Why it was opened.
    pub reason: Reason,
    /// How pressing it is.
    pub severity: Severity,
    /// What is told together with it while nobody has acknowledged.
    pub bundle: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// What it is about; of a flood the first.
    pub subjects: Vec<Subject>,
    /// How many more there are.
    pub more: u32,
    /// Where it stands.
    pub standing: Standing,
    /// The number of its newest entry.
    pub version: u32,
    /// How often it came back.
    pub came_back: u32,
    /// Every ring, with what became of it.
    pub rings: Vec<Rang>,
    /// The next step of the policy.
    step: u32,
    /// Since when it waits for what is next.
    since: Timestamp,
}

/// A ring, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rang {
    /// Whom, by which way.
    pub ring: Ring,
    /// When it was ordered.
    pub ordered: Timestamp,
    /// The step that ordered it, and how often the page had come back by then.
    pub step: (u32, u32),
    /// When it was delivered or given up; `None` while it is under way.
    pub ended: Option<Timestamp>,
    /// Why it was not delivered.
    pub failure: Option<String>,
}

impl Page {
    /// Replays entries, in order, from the first. `None` when that is no [`Entry::Opened`].
    #[must_use]
    pub fn replay(id: PageId, entries: &[Logged]) -> Option<Page> {
        let (first, rest) = entries.split_first()?;
        let Entry::Opened { reason, severity, bundle } = &first.entry else { return None };
        let mut page = Page {
            id,
            reason: *reason,
            severity: *severity,
            bundle: bundle.clone(),
            opened: first.at,
            subjects: Vec::new(),
            more: 0,
            standing: Standing::Open,
            version: first.version,
            came_back: 0,
            rings: Vec::new(),
            step: 0,
            since: first.at,
        };
        rest.iter().for_each(|logged| page.apply(logged));
        Some(page)
    }

    /// Takes one entry in; cannot fail.
    pub fn apply(&mut self, Logged { version, at, entry }: &Logged) {
        self.version = *version;
        match entry {
            // Twice would be a mistake of whoever wrote it; the page is open already.
            Entry::Opened { .. } => {}
            Entry::Joined { case, what } => {
                if self.subjects.len() < SUBJECTS_KEPT {
                    self.subjects.push(Subject { case: *case, what: what.clone(), at: *at });
                } else {
                    self.more = self.more.saturating_add(1);
                }
            }
            Entry::Stepped { step, rings, .. } => {
                let rang = |ring: &Ring| Rang {
                    ring: ring.clone(),
                    ordered: *at,
                    step: (*step, self.came_back),
                    ended: None,
                    failure: None,
                };
                let rings: Vec<Rang> = rings.iter().map(rang).collect();
                self.rings.extend(rings);
                self.step = step.saturating_add(1);
                self.since = *at;
            }
            Entry::Rung { ring, failure } => {
                if let Some(rang) = self.rings.iter_mut().find(|rang| rang.ring.number == *ring) {
                    rang.ended = Some(*at);
                    rang.failure.clone_from(failure);
                }
            }
            Entry::Acknowledged { by, via, .. } => {
                self.standing = Standing::Acknowledged { by: by.clone(), at: *at, via: *via };
                self.since = *at;
            }
            Entry::CameBack { .. } => {
                self.standing = Standing::Open;
                self.came_back = self.came_back.saturating_add(1);
                self.step = 0;
                self.since = *at;
            }
            Entry::ClockWentBack => self.since = *at,
            Entry::Resolved { by, why } => {
                self.standing = Standing::Resolved { by: by.clone(), at: *at, why: why.clone() };
            }
        }
    }

    /// What is due at `now`. `progress` is when something last happened on its cases by a person's hand, or moved them on.
    ///
    /// A wait is counted from the entry before it, never from the page's beginning: a clock that jumps ahead brings one
    /// step too early and not all of them, and a clock that is put back makes a wait begin anew and not last a day.
    #[must_use]
    pub fn next(&self, rota: &Rota, now: Timestamp, progress: Option<Timestamp>) -> Next {
        if matches!(self.standing, Standing::Resolved { .. }) {
            return Next::Nothing;
        }
        if now < self.since.saturating_sub(SKEW).unwrap_or(self.since) {
            return Next::Now(now, Entry::ClockWentBack);
        }
        let Some(policy) = rota.policy(self.reason) else { return Next::Nothing };
        match &self.standing {
            Standing::Acknowledged { by, .. } => {
                let since = progress.filter(|at| *at <= now).map_or(self.since, |at| at.max(self.since));
                let due = after(since, policy.comes_back);
                if now < due {
                    return Next::At(due);
                }
                let length = crate::stretch::in_words(policy.comes_back);
                let why = format!("{by} acknowledged it and nothing has happened for {length}");
                Next::Now(due, Entry::CameBack { why })
            }
            _ => self.next_step(rota, policy, now),
        }
    }

    fn next_step(&self, rota: &Rota, policy: &Policy, now: Timestamp) -> Next {
        let wait = if self.is_unheard() && !policy.begins_again(self.step) {
            SignedDuration::ZERO
        } else {
            policy.wait(self.step)
        };
        let due = after(self.since, wait);
        if now < due {
            return Next::At(due);
        }
        if let Some(end) = rota.quiet_until(self.severity, now) {
            return Next::At(end);
        }
        Next::Now(due, self.stepped(rota, policy, now))
    }

    /// Whether the last step reached nobody: then the next one does not wait.
    fn is_unheard(&self) -> bool {
        let last = self.step.checked_sub(1).map(|step| (step, self.came_back));
        last.is_some()
            && self.rings.iter().filter(|rang| Some(rang.step) == last).all(|rang| rang.failure.is_some())
    }

    fn stepped(&self, rota: &Rota, policy: &Policy, now: Timestamp) -> Entry {
        let targets = policy.step(self.step).map(|step| step.ring.as_slice()).unwrap_or_default();
        let (mut rings, mut nobody, mut people) = (Vec::new(), Vec::new(), Vec::new());
        let mut number = self.rings.last().map_or(0, |rang| rang.ring.number);
        for target in targets {
            let behind = rota.behind(target, now);
            if behind.is_empty() {
                nobody.push(format!("nobody is on duty: {}", in_words(target)));
            }
            for person in behind {
                if people.contains(&&person.name) {
                    continue;
                }
                people.push(&person.name);
                let before = rings.len();
                for contact in person.contacts_for(self.severity) {
                    number = number.saturating_add(1);
                    rings.push(Ring { number, person: person.name.clone(), way: contact.way.to_string() });
                }
                if rings.len() == before {
                    nobody.push(format!("{} has no contact for {} pages", person.name, self.severity));
                }
            }
        }
        Entry::Stepped { step: self.step, rings, nobody }
    }

    /// Whether a link or a mail that answers this ring still acknowledges: those of before it came back do not.
    #[must_use]
    pub fn is_answered_by(&self, ring: u32) -> bool {
        let found = self.rings.iter().find(|rang| rang.ring.number == ring);
        self.standing == Standing::Open && found.is_some_and(|rang| rang.step.1 == self.came_back)
    }

    /// Its cases, each once.
    #[must_use]
    pub fn cases(&self) -> Vec<CaseId> {
        let mut cases: Vec<CaseId> = self.subjects.iter().filter_map(|subject| subject.case).collect();
        cases.sort_unstable();
        cases.dedup();
        cases
    }

    /// How many things it is about.
    #[must_use]
    pub fn count(&self) -> usize {
        self.subjects.len().saturating_add(usize::try_from(self.more).unwrap_or(usize::MAX))
    }

    /// What it is about, on one line.
    #[must_use]
    pub fn headline(&self) -> String {
        let first = self.subjects.first().map_or("", |subject| subject.what.as_str());
        let line = first.lines().next().unwrap_or_default();
        match self.count() {
            0 | 1 => line.to_owned(),
            many => format!("{line} (and {} more)", many - 1),
        }
    }
}

fn in_words(target: &crate::Target) -> String {
    match target {
        crate::Target::Schedule(name) => format!("schedule {name}"),
        crate::Target::Person(name) => name.to_string(),
        crate::Target::Everybody => "everybody".to_owned(),
    }
}

/// `at` and `by` later; the last moment there is when that is out of reach.
fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
