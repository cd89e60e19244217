//! Everything that `oncall.toml` says.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Contact, Hours, Name, NameError, OnDuty, Policy, Schedule, Severity, Target};

/// A file that works, with every setting explained: the manual of `oncall.toml`.
pub const DEFAULT: &str = include_str!("../data/oncall.toml");

/// Why a page is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A proxy or relay was proved or reported by somebody trusted.
    Proxy,
    /// A block that was ordered is not in force.
    Block,
    /// An outlet cannot be made equal to the plan.
    Edge,
    /// Mail to one of our own addresses does not come back, or the world is told wrongly of us.
    Mail,
    /// A report that no case could take waits for somebody for too long.
    Inbox,
    /// Pages that were due while the desk was not at work.
    Overdue,
    /// An operator wanted to see whether paging works.
    Test,
}

impl Reason {
    /// All.
    pub const ALL: [Reason; 7] = [
        Reason::Proxy,
        Reason::Block,
        Reason::Edge,
        Reason::Mail,
        Reason::Inbox,
        Reason::Overdue,
        Reason::Test,
    ];

    /// The name as it stands in files and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Reason::Proxy => "proxy",
            Reason::Block => "block",
            Reason::Edge => "edge",
            Reason::Mail => "mail",
            Reason::Inbox => "inbox",
            Reason::Overdue => "overdue",
            Reason::Test => "test",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Somebody who can be rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name in the file.
    pub name: Name,
    /// The name they log in by, where it is another.
    pub operator: Option<String>,
    /// How they are reached; all that fit a page's severity ring together.
    pub contacts: Vec<Contact>,
}

impl Person {
    /// The contacts that ring for a page as pressing as that.
    pub fn contacts_for(&self, severity: Severity) -> impl Iterator<Item = &Contact> {
        self.contacts.iter().filter(move |contact| contact.least <= severity)
    }
}

/// Hours in which pages of some severity wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quiet {
    /// The most pressing that waits.
    pub(crate) severity: Severity,
    pub(crate) hours: Hours,
    pub(crate) zone: TimeZone,
}

/// People, schedules, policies: everything that `oncall.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    pub(crate) people: BTreeMap<Name, Person>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) quiet: Vec<Quiet>,
    pub(crate) reasons: BTreeMap<Reason, (Severity, Name)>,
    pub(crate) webhook_allow: Vec<IpNet>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RotaError {
    /// It is no TOML, or a setting is unknown or of the wrong kind; with the place.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What it says does not fit together.
    #[error("{0}")]
    Wrong(String),
}

impl Rota {
    /// Everybody, by name.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Somebody by name.
    #[must_use]
    pub fn person(&self, name: &Name) -> Option<&Person> {
        self.people.get(name)
    }

    /// The schedules in the order of the file.
    #[must_use]
    pub fn schedules(&self) -> &[Schedule] {
        &self.schedules
    }

    /// The policies in the order of the file.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// Networks that webhooks may reach besides the public ones.
    #[must_use]
    pub fn webhook_allow(&self) -> &[IpNet] {
        &self.webhook_allow
    }

    /// How pressing a page for that reason is.
    #[must_use]
    pub fn severity(&self, reason: Reason) -> Severity {
        self.reasons.get(&reason).map_or(Severity::Urgent, |(severity, _)| *severity)
    }

    /// Whom a page for that reason rings. A file has at least one policy.
    #[must_use]
    pub fn policy(&self, reason: Reason) -> Option<&Policy> {
        let named = self.reasons.get(&reason).map(|(_, policy)| policy);
        self.policies.iter().find(|policy| Some(&policy.name) == named).or_else(|| self.policies.first())
    }

    /// Who is on duty in each schedule at a moment.
    pub fn on_duty(&self, at: Timestamp) -> impl Iterator<Item = (&Schedule, Option<OnDuty>)> {
        self.schedules.iter().map(move |schedule| (schedule, schedule.who(at)))
    }

    /// The people behind a target at a moment; a schedule without anybody on duty has none.
    #[must_use]
    pub fn behind(&self, target: &Target, at: Timestamp) -> Vec<&Person> {
        match target {
            Target::Everybody => self.people.values().collect(),
            Target::Person(name) => self.people.get(name).into_iter().collect(),
            Target::Schedule(name) => {
                let schedule = self.schedules.iter().find(|one| one.name == *name);
                let on_duty = schedule.and_then(|schedule| schedule.who(at));
                on_duty.and_then(|on_duty| self.people.get(&on_duty.person)).into_iter().collect()
            }
        }
    }

    /// When the quiet hours end that a page as pressing as that would ring in; `None` when it may ring now.
    #[must_use]
    pub fn quiet_until(&self, severity: Severity, now: Timestamp) -> Option<Timestamp> {
        self.quiet
            .iter()
            .filter(|quiet| severity <= quiet.severity)
            .filter_map(|quiet| quiet.hours.end_after(&quiet.zone, now))
            .max()
    }
}
