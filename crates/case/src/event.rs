//! What happened to a case: the only thing that changes it, and the only thing that is kept of it.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, CaseId, Correspondent, EvidenceId, PlaybookVersion, Question, QuestionId, Rule, RuleKey, Sighting,
    SpamcopAnswer, Stage, SubscriberId, Verdict,
};

/// Why a rule left the plan before or at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", content = "detail", rename_all = "kebab-case")]
pub enum LiftReason {
    /// Its end came.
    Expired,
    /// An operator released it; the reason stands in the `Released` event.
    Released,
    /// The customer had the line tested and it was clean; what was tested stands in the `Released` event.
    Tested,
    /// The address went to somebody else.
    HolderChanged(String),
    /// The case was cleaned, closed or dismissed.
    CaseEnded,
}

impl LiftReason {
    /// The reason as a sentence goes on with it.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            LiftReason::Expired => "its end came".to_owned(),
            LiftReason::Released => "an operator released the line".to_owned(),
            LiftReason::Tested => "the customer had the line tested and it was clean".to_owned(),
            LiftReason::HolderChanged(holder) => format!("the address went to somebody else ({holder})"),
            LiftReason::CaseEnded => "the case no longer calls for it".to_owned(),
        }
    }
}

/// One thing that happened. Old events are read for ever: fields may be added with a default, never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The case began.
    Opened {
        /// Whose line.
        subscriber: SubscriberId,
        /// The playbook it is decided under. Not said in old records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        playbook: Option<PlaybookVersion>,
    },
    /// From here on the case is decided under another playbook.
    Playbook {
        /// Which.
        version: PlaybookVersion,
    },
    /// A step of the playbook that waits was taken: what it does follows.
    StepTaken {
        /// Its name.
        step: String,
        /// Why now.
        why: String,
    },
    /// An observation was filed.
    Filed {
        /// The observation.
        sighting: Sighting,
        /// Its log-odds weight when fresh.
        weight: f64,
    },
    /// The case moved.
    StageMoved {
        /// From.
        from: Stage,
        /// To.
        to: Stage,
        /// Why, in words, with the figures.
        why: String,
    },
    /// A watch was opened or prolonged.
    WatchSet {
        /// Its end.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// A question is to be asked of the line.
    Asked {
        /// Its number in the case.
        id: QuestionId,
        /// The question.
        question: Question,
        /// Not before.
        due: Timestamp,
        /// Why now.
        why: String,
        /// Whether an operator wants it: the prober's least gap between two probes does not hold him up.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_operator: bool,
        /// Whether the line was found to hold the question's address by now: that address is the line's own from here
        /// on, whatever became of it or of the others before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        line_moved: bool,
    },
    /// A question was answered.
    Answered {
        /// Which.
        id: QuestionId,
        /// The address asked.
        address: IpAddr,
        /// The finding.
        verdict: Verdict,
        /// The proved port.
        port: Option<u16>,
        /// The proving method.
        protocol: Option<String>,
        /// Where the relayed connection came from.
        exit: Option<IpAddr>,
        /// The whole answer with its transcript.
        evidence: EvidenceId,
        /// When the probe began; when it was recorded, where this is not known.
        #[serde(default)]
        started: Option<Timestamp>,
    },
    /// An operator confirmed the case by hand.
    ConfirmedByHand {
        /// Why.
        reason: String,
    },
    /// A block was ordered, or the end of a standing one moved.
    BlockOrdered {
        /// The rule.
        rule: Rule,
        /// Why.
        why: String,
    },
    /// An ordered block waits for a second person: it is not in the plan.
    BlockHeld {
        /// Which.
        key: RuleKey,
    },
    /// A second person approved the block: it is in the plan from here on.
    BlockApproved {
        /// Which.
        key: RuleKey,
        /// Who.
        by: String,
    },
    /// The edge was read back and shows the rule.
    BlockVerified {
        /// Which.
        key: RuleKey,
        /// When the edge will drop it by itself.
        until: Timestamp,
    },
    /// The edge, or a guard rail before it, refused the rule.
    BlockRefused {
        /// Which.
        key: RuleKey,
        /// Why.
        reason: String,
    },
    /// The edge was read back and no longer shows a rule that still stands.
    BlockLost {
        /// Which.
        key: RuleKey,
    },
    /// A rule left the plan.
    BlockLifted {
        /// Which.
        key: RuleKey,
        /// Why.
        reason: LiftReason,
    },
    /// The subscriber no longer holds an address of the case; it is not asked or contained again unless they get it back.
    AddressLost {
        /// The address.
        address: IpAddr,
        /// Who or what holds it now, in words.
        reason: String,
    },
    /// An operator released the line.
    Released {
        /// Why.
        reason: String,
    },
    /// An operator dismissed the case.
    Dismissed {
        /// Why.
        reason: String,
    },
    /// An operator took an ended case up again.
    Reopened {
        /// Why.
        reason: String,
    },
    /// An operator said that it is the same as another case: what was said of it is filed there.
    Merged {
        /// The other.
        into: CaseId,
        /// Why.
        reason: String,
    },
    /// An operator said that part of it is another line's: what was said of it is filed anew on cases of both lines.
    Split {
        /// The other line.
        to: SubscriberId,
        /// Why.
        reason: String,
    },
    /// Somebody takes the case on, or nobody does any longer.
    Assigned {
        /// Who, by login name.
        to: Option<String>,
    },
    /// The subscriber is to be told.
    NoticeOrdered {
        /// Which evidence proves it.
        evidence: Option<EvidenceId>,
    },
    /// The reporter of this evidence is to be answered.
    AcknowledgementOrdered {
        /// Their report.
        evidence: EvidenceId,
        /// Who: an address, or a domain whose every report has an address of its own. Not said in old records.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<String>,
    },
    /// The sender of a report can be written to.
    ReporterNamed {
        /// Who, and of which report.
        correspondent: Correspondent,
    },
    /// A reporter is to be told that the line was found clean.
    OutcomeOrdered {
        /// Their newest report.
        evidence: EvidenceId,
        /// Who, as in the acknowledgement.
        reporter: String,
    },
    /// SpamCop is to be answered.
    SpamcopOrdered {
        /// The evidence that is SpamCop's report.
        evidence: EvidenceId,
        /// SpamCop's number of it.
        report: u64,
        /// What it is told.
        answer: SpamcopAnswer,
        /// Why.
        why: String,
    },
    /// A mail went out.
    Told {
        /// To whom.
        to: String,
    },
    /// A mail could not be sent and will not be tried again.
    TellingFailed {
        /// To whom.
        to: String,
        /// Why.
        reason: String,
    },
    /// Something was written down.
    Noted {
        /// What.
        text: String,
    },
    /// More reports came that say what enough others have said: they are counted and not filed one by one.
    Counted {
        /// How many.
        reports: u32,
        /// How many besides were copies, by another way, of reports that are filed.
        #[serde(default)]
        copies: u32,
        /// When the last of them came.
        last: Timestamp,
    },
    /// A sign of ours is none after all, such as that of a proxy which is allowed now: it no longer counts.
    SignWithdrawn {
        /// The evidence it was read from.
        evidence: EvidenceId,
        /// Which claim of it, as it was filed.
        claim: u32,
        /// Why.
        reason: String,
    },
    /// The desk's people are to be told of a proxy or relay at once.
    PageOrdered {
        /// What of, in words.
        what: String,
    },
    /// Our own answers, or an operator, say whether a reporter was right.
    ReporterJudged {
        /// Which.
        domain: String,
        /// By which report.
        evidence: EvidenceId,
        /// Whether it was borne out; refuted otherwise.
        confirmed: bool,
    },
}

/// An event with its place in the case's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Of which case.
    pub case: CaseId,
    /// Its number within the case, from 1 without gaps.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// What.
    pub event: Event,
}
