//! What a table of cases can tell of a search before the cases are looked at.

use std::net::IpAddr;

use super::{Expr, Query, Scope, State, Word};
use crate::{CaseId, Stage};

/// Conditions that every case which fits meets. Whoever lists cases from a table asks it for these and looks at what
/// comes with [`Query::fits`]: they never leave out a case that fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrow {
    /// Only open, or only ended ones.
    pub open: Option<bool>,
    /// Only those in one of these stages.
    pub stages: Option<Vec<Stage>>,
    /// Only these.
    pub cases: Option<Vec<CaseId>>,
    /// Only those that speak of this address.
    pub address: Option<IpAddr>,
    /// Only those whose [`Listed::sought`](crate::Listed::sought) holds all of these.
    pub texts: Vec<String>,
    /// Whether these conditions are the whole search: whatever meets them fits.
    pub exact: bool,
}

pub(super) fn of(query: &Query) -> Narrow {
    let mut narrow = Narrow { exact: true, ..Narrow::default() };
    if query.scope == Scope::Open {
        narrow.open = Some(true);
    }
    match &query.root {
        Expr::And(all) => all.iter().for_each(|one| narrow.take(one)),
        one => narrow.take(one),
    }
    narrow
}

impl Narrow {
    fn take(&mut self, expr: &Expr) {
        let said = match expr {
            Expr::Word(Word::Is(State::Any)) => true,
            Expr::Word(Word::Is(State::Open)) => self.say_open(true),
            Expr::Word(Word::Is(State::Ended)) => self.say_open(false),
            Expr::Word(Word::Stage(stages)) if self.stages.is_none() => {
                self.stages = Some(stages.clone());
                true
            }
            Expr::Word(Word::Case(cases)) if self.cases.is_none() => {
                self.cases = Some(cases.clone());
                true
            }
            Expr::Word(Word::Address(address)) if self.address.is_none() => {
                self.address = Some(*address);
                // The table also knows addresses a case has forgotten: what it gives is looked at.
                false
            }
            Expr::Word(Word::Text(text)) => {
                self.texts.push(text.clone());
                false
            }
            _ => false,
        };
        self.exact &= said;
    }

    fn say_open(&mut self, open: bool) -> bool {
        let fresh = self.open.is_none_or(|said| said == open);
        if self.open.is_none() {
            self.open = Some(open);
        }
        fresh
    }
}
