//! What can be asked of a case.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::{
    Answer, CaseId, Correspondent, EvidenceId, InForce, QuestionId, Refused, Sighting, Stage, SubscriberId,
};

/// A wish; [`crate::Case::decide`] says what, if anything, follows from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// File an attributed observation. Filing the same sighting twice changes nothing.
    File(Sighting),
    /// Reports that [`crate::Case::filing`] said are to be counted.
    Count {
        /// How many.
        reports: u32,
        /// How many besides were copies of reports that are filed.
        copies: u32,
        /// When the last of them came.
        last: Timestamp,
    },
    /// A sign of ours that was filed is none: it counts no longer, and a case of nothing else closes. Nothing follows where
    /// the case has no such sign.
    Withdraw {
        /// The evidence it was read from.
        evidence: EvidenceId,
        /// Which claim of it.
        claim: u32,
        /// Why, in words.
        reason: String,
    },
    /// The sender of a report that was filed can be written to. Naming the sender of one report twice changes nothing.
    Correspond(Correspondent),
    /// A probe answered a question of this case; the whole answer is kept as `evidence`.
    Answered {
        /// Which question.
        question: QuestionId,
        /// What came of it.
        answer: Answer,
        /// Where it is kept.
        evidence: EvidenceId,
    },
    /// The edge was read back: what of this case's rules is in force, and what was refused.
    EdgeRead {
        /// All of ours in force, of any case; a case picks its own.
        in_force: Vec<InForce>,
        /// What was refused, of any case.
        refused: Vec<Refused>,
    },
    /// An address of this case is no longer held by its subscriber: its rules must go at once.
    HolderChanged {
        /// The address.
        address: IpAddr,
        /// Who or what holds it now, in words.
        reason: String,
    },
    /// The subscriber holds this address now, though all that was known of the line may have gone to others: the line
    /// is asked there at once for what was said and proved of it elsewhere. Nothing follows where the case already
    /// takes the address for the line's own.
    LineMoved {
        /// The address.
        to: IpAddr,
        /// How that is known, in words.
        reason: String,
    },
    /// A notice or acknowledgement went out, or finally failed.
    Told {
        /// To whom, as written on the envelope.
        to: String,
        /// Why it failed; `None` when the relay accepted it.
        failure: Option<String>,
    },
    /// Time has passed: whatever is due, decays or expires.
    Tick,
    /// An operator says it is a proxy or relay. The reason is required and kept.
    Confirm {
        /// Why.
        reason: String,
    },
    /// An operator says it is nothing.
    Dismiss {
        /// Why.
        reason: String,
    },
    /// An operator lifts every block of the case now.
    Release {
        /// Why.
        reason: String,
    },
    /// An operator approves every block of the case that waits for a second person.
    Approve {
        /// Who: not whoever ordered them.
        by: String,
    },
    /// An operator says that SpamCop's reports of a web host on this line are wrong. The reason is required and kept;
    /// SpamCop is told so of each such report that has no answer yet.
    Innocent {
        /// Why.
        reason: String,
    },
    /// An operator wants the line probed again now, on these ports (the case's own when empty).
    Recheck {
        /// Ports to ask first.
        ports: Vec<u16>,
    },
    /// The customer says that the line is clean and wants it asked now.
    TestByCustomer,
    /// A test that the customer asked for found the line clean: every block of the case is lifted now.
    ReleaseByTest {
        /// What was tested, in words.
        reason: String,
    },
    /// An operator takes an ended case up again: what is known of it is judged anew.
    Reopen {
        /// Why.
        reason: String,
    },
    /// An operator says that it is the same as another case: what was said of it is filed there, and it ends.
    Merge {
        /// The other.
        into: CaseId,
        /// Why.
        reason: String,
    },
    /// An operator says that part of it is another line's: it ends, and what was said of it is filed anew on both.
    Split {
        /// The other line.
        to: SubscriberId,
        /// Why.
        reason: String,
    },
    /// Somebody takes the case on; or, with nobody named, it is anybody's again.
    Assign {
        /// Who, by login name.
        to: Option<String>,
    },
    /// An operator writes something down.
    Note {
        /// What.
        text: String,
    },
}

/// Why a command was not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The case has ended.
    #[error("the case is {0}: it takes no more of this; a new sighting opens a new case")]
    Ended(Stage),
    /// The case has not ended.
    #[error("the case is {0}, so there is nothing to reopen")]
    NotEnded(Stage),
    /// Its line has another open case.
    #[error("the line has another open case by now, {0}: go on there")]
    AnotherIsOpen(crate::CaseId),
    /// What was proved of a line is that line's.
    #[error(
        "this case is {0}: what our own probe or an operator's hand said of the line stays its own, and is not merged or split"
    )]
    Proved(Stage),
    /// Blocks stand.
    #[error("blocks of this case stand: release the line first")]
    BlocksStand,
    /// A case is merged into another.
    #[error("a case is merged into another one, not into itself")]
    IntoItself,
    /// It is in those hands already.
    #[error("{}", match .0 { Some(name) => format!("{name} has this case already"), None => "nobody has this case".to_owned() })]
    AssignedAlready(Option<String>),
    /// What a case is given to is nobody's login name.
    #[error("{0:?} is nobody who can log in here")]
    NotAName(String),
    /// A reason is required and was blank.
    #[error("say why: the reason is kept with the case")]
    NoReason,
    /// No block of the case is standing.
    #[error("no block of this case is standing: there is nothing to release")]
    NothingToRelease,
    /// No block of the case waits for a second person.
    #[error("no block of this case waits for a second person: there is nothing to approve")]
    NothingToApprove,
    /// Who ordered the blocks cannot approve them.
    #[error("you ordered these blocks yourself: a second person must approve them")]
    SamePerson,
    /// No report of the case can be answered that way.
    #[error(
        "no SpamCop report of this case can be answered with innocence: SpamCop hears that of an advertised web host alone, never of a mail's source, and once for each report"
    )]
    NothingToDeny,
    /// The line is proved.
    #[error(
        "our own probe has proved this line: it is not innocent; close it, and SpamCop is told when it is clean"
    )]
    NotInnocent,
    /// The question is unknown or was answered before.
    #[error("this case waits for no answer to question {0}")]
    NotAsked(u32),
    /// Nothing is left to ask.
    #[error("no address of this case is still held by its subscriber: there is nothing to probe")]
    NoAddress,
}
