//! The steps of a playbook: at which moment what is done.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::playbook::{Playbook, Restriction};
use crate::{Kind, Stage};

/// When a step is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// A reporter with a record, or the unpublished address, names a proxy or relay. Hearsay: nothing is contained or told.
    Report,
    /// Our own probe has proved the line.
    Probe,
    /// Our own flow records prove the line.
    Flows,
    /// An operator has confirmed the case.
    Hand,
    /// The case comes into one of the step's stages, or has been in it for long.
    Stage,
}

impl Moment {
    /// All of them, in the order a case goes through them.
    pub const ALL: [Moment; 5] = [Moment::Report, Moment::Probe, Moment::Flows, Moment::Hand, Moment::Stage];

    /// The name as it stands in the file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Moment::Report => "report",
            Moment::Probe => "probe",
            Moment::Flows => "flows",
            Moment::Hand => "hand",
            Moment::Stage => "stage",
        }
    }

    /// What it is, as a sentence goes on with it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Moment::Report => "a reporter with a record names a proxy or relay",
            Moment::Probe => "our own probe proves the line",
            Moment::Flows => "our own flow records prove the line",
            Moment::Hand => "an operator confirms the case",
            Moment::Stage => "the case comes into the stage",
        }
    }
}

/// What is done at one moment, under which conditions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What people call it; no two of a playbook have one name.
    pub name: String,
    /// When.
    pub when: Moment,
    /// In which stages; in any where empty.
    pub stages: Vec<Stage>,
    /// Where the case has evidence of one of these kinds; any where empty.
    pub kinds: Vec<Kind>,
    /// Not at the moment itself, but when the case has been in its stage for so long.
    pub after: Option<SignedDuration>,
    /// Whether the operators are paged.
    pub page: bool,
    /// Whether the subscriber is told.
    pub tell: bool,
    /// What the line loses.
    pub contain: Vec<Restriction>,
    /// For how long from the newest proof.
    pub block_for: SignedDuration,
    /// The runbook that goes with it, in place of the stage's.
    pub runbook: Option<String>,
}

impl Step {
    /// How long a block lasts where a step does not say.
    pub const BLOCK_FOR: SignedDuration = SignedDuration::from_hours(24);

    /// One that does nothing yet.
    #[must_use]
    pub fn new(name: &str, when: Moment) -> Step {
        Step {
            name: name.to_owned(),
            when,
            stages: Vec::new(),
            kinds: Vec::new(),
            after: None,
            page: false,
            tell: false,
            contain: Vec::new(),
            block_for: Step::BLOCK_FOR,
            runbook: None,
        }
    }

    /// Whether it is for a case of these kinds in this stage.
    pub(crate) fn fits(&self, stage: Stage, kinds: &BTreeSet<Kind>) -> bool {
        (self.stages.is_empty() || self.stages.contains(&stage))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kinds.contains(kind)))
    }

    /// What it does, in words.
    #[must_use]
    pub fn does(&self) -> String {
        let mut parts = Vec::new();
        if self.page {
            parts.push("page the operators".to_owned());
        }
        if self.tell {
            parts.push("tell the customer".to_owned());
        }
        if !self.contain.is_empty() {
            let what: Vec<&str> = self.contain.iter().map(|one| one.name()).collect();
            let length = super::Length(self.block_for);
            parts.push(format!("contain {} for {length}", what.join(" and ")));
        }
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

impl Playbook {
    /// The first step of this moment that fits. What waits is not meant: see [`Playbook::waiting`].
    pub(crate) fn step(&self, moment: Moment, stage: Stage, kinds: &BTreeSet<Kind>) -> Option<&Step> {
        let at_once = self.steps.iter().filter(|step| step.when == moment && step.after.is_none());
        at_once.into_iter().find(|step| step.fits(stage, kinds))
    }

    /// The steps that wait in this stage, each with how long.
    pub(crate) fn waiting<'a>(
        &'a self,
        stage: Stage,
        kinds: &'a BTreeSet<Kind>,
    ) -> impl Iterator<Item = (SignedDuration, &'a Step)> {
        let waiting = self.steps.iter().filter(|step| step.when == Moment::Stage);
        let of_stage = waiting.filter(move |step| !step.stages.is_empty() && step.fits(stage, kinds));
        of_stage.filter_map(|step| Some((step.after?, step)))
    }
}

/// What the settings of the configuration say of the steps, for those who need no file.
#[derive(Debug, Clone, PartialEq)]
pub struct Choices {
    /// Whether a proved line is contained without waiting for an operator.
    pub contain_automatically: bool,
    /// Whether a line is contained that only our own flow records prove, before a probe has relayed anything. Off: the
    /// odd port is asked at once and that answer contains; what cannot be asked, since no port listens, waits for an
    /// operator. Nobody is ever contained for flows that only a report bears out.
    pub contain_on_flow_proof: bool,
    /// What a proved line loses.
    pub restrict: Vec<Restriction>,
    /// How long a block lasts from the newest proof.
    pub block_for: SignedDuration,
    /// Whether the subscriber gets a notice when the case is confirmed.
    pub tell_subscriber: bool,
    /// Whether the desk's people are paged for a proxy or relay that a trusted reporter names or our probe proves.
    pub page_proxy_reports: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Choices {
            contain_automatically: true,
            contain_on_flow_proof: false,
            restrict: vec![Restriction::MailOut, Restriction::ProvedPortIn],
            block_for: Step::BLOCK_FOR,
            tell_subscriber: true,
            page_proxy_reports: true,
        }
    }
}

impl Choices {
    /// The steps they come to: those of the built-in playbook, changed where a choice is another.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let page = self.page_proxy_reports;
        let contain = |wanted: bool| if wanted { self.restrict.clone() } else { Vec::new() };
        let with = |name: &str, when, page, contained: bool| Step {
            page,
            contain: contain(contained),
            block_for: if contained { self.block_for } else { Step::BLOCK_FOR },
            ..Step::new(name, when)
        };
        let flows = self.contain_automatically && self.contain_on_flow_proof;
        let told = Step {
            stages: vec![Stage::Confirmed, Stage::Contained],
            tell: self.tell_subscriber,
            ..Step::new("tell the customer", Moment::Stage)
        };
        vec![
            with("a trusted reporter names a proxy", Moment::Report, page, false),
            with("proved by our probe", Moment::Probe, page, self.contain_automatically),
            with("proved by our flow records", Moment::Flows, page, flows),
            with("confirmed by an operator", Moment::Hand, false, true),
            told,
        ]
    }
}
