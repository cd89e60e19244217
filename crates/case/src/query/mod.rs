//! The language of searches: one for the page, the API and the command line.
//!
//! Words that stand beside each other must all fit: `stage:confirmed kind:open-relay left<1h -assigned:me`. A word is a
//! field with values (`stage:suspected,confirmed`: any of them), a comparison (`harm>=7`), an address or prefix, a case
//! number, or text that is looked for in the line's name, the addresses and the headline. `-` or `not` before a word
//! turns it round, `or` between two takes either, parentheses group, quotation marks make one text of several words.
//!
//! Where nothing else is said only open cases are meant. What is not understood is an error that names the place: a
//! search also says which cases a bulk action is for, so a slip of the pen must never widen it.

mod fits;
mod narrow;
mod order;
mod read;
mod value;
mod words;

pub use fits::Asker;
pub use narrow::Narrow;
pub use order::Order;
pub use read::QueryError;
pub use words::SEARCH_WORDS;

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::{CaseId, Kind, Listed, Stage};

/// A search that was understood. See the module for the language; [`SEARCH_WORDS`] is the same as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    root: Expr,
    order: Order,
    scope: Scope,
}

/// Which cases are meant where no word says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Only open ones.
    Open,
    /// All: the words themselves say which.
    All,
}

/// A tree of words.
#[derive(Debug, Clone, PartialEq)]
enum Expr {
    /// All fit; none fits everything.
    And(Vec<Expr>),
    /// One of them fits.
    Or(Vec<Expr>),
    /// It does not fit.
    Not(Box<Expr>),
    /// One word.
    Word(Word),
}

/// What one word asks.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    Stage(Vec<Stage>),
    Kind(Vec<Kind>),
    Is(State),
    /// In lower case; `*` at the end takes any ending.
    Line(Vec<String>),
    Net(Vec<IpNet>),
    Port(Vec<u16>),
    Case(Vec<CaseId>),
    /// In lower case.
    Family(Vec<String>),
    /// In lower case; subdomains fit too.
    Reporter(Vec<String>),
    Assigned(Vec<Person>),
    Mentions(Vec<Person>),
    Number(Figure, Compare, i64),
    /// How long since or until something.
    Length(Stretch, Compare, SignedDuration),
    /// A moment between two others; the first counts, the last does not.
    Between(Moment, Timestamp, Timestamp),
    When(Moment, Compare, Timestamp),
    Address(IpAddr),
    /// In lower case.
    Text(String),
}

/// What a case is or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
    Any,
    Proxy,
    Overdue,
    Assigned,
    Blocked,
    Waiting,
    Paged,
    Mentioned,
}

/// A person a word names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Person {
    Me,
    Nobody,
    Named(String),
}

/// A figure of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Figure {
    Harm,
    Sightings,
    Blocks,
}

/// A length of time of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stretch {
    /// Since it was opened.
    Age,
    /// Since something was last recorded.
    Quiet,
    /// Until its clock runs out; below nothing when it has.
    Left,
}

/// A moment of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Opened,
    Updated,
    Due,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl Compare {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Compare::Less => ordering.is_lt(),
            Compare::AtMost => ordering.is_le(),
            Compare::Equal => ordering.is_eq(),
            Compare::AtLeast => ordering.is_ge(),
            Compare::More => ordering.is_gt(),
        }
    }
}

impl Query {
    /// Reads a search; an empty one is all open cases. `now` is what `today` and dates without a year are read by.
    ///
    /// # Errors
    /// [`QueryError`] with the place and what is known there.
    pub fn read(text: &str, now: Timestamp) -> Result<Query, QueryError> {
        read::query(text, now)
    }

    /// Whether the case of that line fits.
    #[must_use]
    pub fn fits(&self, listed: &Listed, asker: &Asker<'_>) -> bool {
        (self.scope == Scope::All || listed.stage.is_open()) && fits::expr(&self.root, listed, asker)
    }

    /// Whether ended cases may fit at all.
    #[must_use]
    pub fn wants_ended(&self) -> bool {
        self.scope == Scope::All && self.narrowed().open != Some(true)
    }

    /// Whether it is all open cases, as they are when nothing is asked.
    #[must_use]
    pub fn is_everything_open(&self) -> bool {
        self.scope == Scope::Open && self.root == Expr::And(Vec::new())
    }

    /// In which order what fits is listed.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// What must hold of every case that fits, as far as a table of cases can tell.
    #[must_use]
    pub fn narrowed(&self) -> Narrow {
        narrow::of(self)
    }
}
