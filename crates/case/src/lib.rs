//! Our words, and all judgement.
//!
//! A [`Case`] is all that is known of one subscriber's suspected proxy or relay. It changes in one way only:
//! [`Case::decide`] looks at a [`Command`] and the time and returns [`Event`]s or a [`Refusal`]; [`Case::apply`] takes
//! an event and cannot fail. Time is an argument, randomness is not used, nothing here does I/O: any night can be
//! replayed in a unit test, and any stage explained.
//!
//! Two rules of the house are kept here and nowhere else:
//!
//! * **Hearsay stops at `suspected`.** Only first-party proof (a probe that relayed our own canary, or relaying seen in
//!   our own flow records and borne out by a second, independent sign) or an operator's hand reaches
//!   [`Stage::Confirmed`].
//! * **Blocks are a consequence, not a command.** [`plan`] gives the whole intended state of the edge from all cases
//!   and the time; an expired or released [`Rule`] simply is not in it. There is no unblock code.
//!
//! What goes out of the house, and its words: [`Question`] and [`Answer`] (probe), [`Plan`] and [`Receipt`] (edge),
//! [`Errand`] (what the desk must carry out after an event is on disk). [`Territory`] is the last door's own check.

mod ask;
mod case;
mod claimants;
mod command;
mod correspondence;
mod decide;
mod draft;
mod errand;
mod event;
mod exposure;
mod facts;
mod families;
mod filing;
mod flow_proof;
mod follows;
mod hearsay;
mod id;
mod invariants;
mod judge;
mod kind;
mod listed;
mod measured;
mod moment;
mod never_touch;
mod observed;
mod plan;
mod playbook;
mod proof;
mod query;
mod question;
mod rehearsal;
mod runbook;
mod sighting;
mod sign;
mod stage;
mod territory;
mod tested;
mod timer;
mod urgency;
mod weights;

pub use case::Case;
pub use command::{Command, Refusal};
pub use correspondence::{Correspondent, SpamcopAnswer, SpamcopReport};
pub use errand::Errand;
pub use event::{Event, LiftReason, Record};
pub use exposure::{Let, ScannerHeard, exposed};
pub use facts::{Answered, Asking, Block, Note, RuleState};
pub use families::{Family, Installs, Manner, Reference, families, family};
pub use filing::Filing;
pub use id::{Actor, CaseId, EvidenceId, IdError, QuestionId};
pub use invariants::{Violation, invariants};
pub use judge::{Judgement, judge, judge_alone};
pub use kind::{Kind, LookFor};
pub use listed::{Listed, More};
pub use measured::{
    BOUNDS, ClockFigures, Curve, Figures, Incidents, Interval, Milestones, NATURAL, NetworkFigures, Observed,
    Pause, Published, Spread, WeekFigures, network_of,
};
pub use never_touch::{NeverTouch, NeverTouchError};
pub use plan::{InForce, Measure, Plan, Receipt, Refused, Rule, RuleKey, Transport, plan};
pub use playbook::{
    Changed, Choices, Clocks, Length, Mistake, Moment, Playbook, PlaybookVersion, Restriction, Step,
};
pub use query::{Asker, Narrow, Order, Query, QueryError, SEARCH_WORDS};
pub use question::{Answer, Line, MAIL_PORTS, Question, Verdict};
pub use rehearsal::{Difference, Outcome, Shift, Totals, Wrong, happened, rehearse};
pub use runbook::{
    About, Block as RunbookBlock, Runbook, Words, runbook, runbook_of_kind, runbook_of_sign, runbooks,
};
pub use sighting::{Sighting, Source, Span, Standing, Trust, Voice};
pub use sign::{SignFamily, SignKind};
pub use stage::Stage;
pub use territory::{Territory, Untouchable};
pub use tested::Tested;
pub use urgency::Urgency;
pub use weights::sure_of_trap;

pub use lease::{Home, SubscriberId};
