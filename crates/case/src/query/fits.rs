//! Whether a case fits a word.

use jiff::{SignedDuration, Timestamp};

use super::{Compare, Expr, Figure, Moment, Person, State, Stretch, Word};
use crate::Listed;

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The login name `me` stands for; with none, nothing is anybody's.
    pub name: Option<&'a str>,
    /// The moment that lengths of time are measured from.
    pub now: Timestamp,
}

pub(super) fn expr(expr: &Expr, listed: &Listed, asker: &Asker<'_>) -> bool {
    match expr {
        Expr::And(all) => all.iter().all(|one| self::expr(one, listed, asker)),
        Expr::Or(any) => any.iter().any(|one| self::expr(one, listed, asker)),
        Expr::Not(one) => !self::expr(one, listed, asker),
        Expr::Word(word) => fits(word, listed, asker),
    }
}

fn fits(word: &Word, listed: &Listed, asker: &Asker<'_>) -> bool {
    let now = asker.now;
    match word {
        Word::Stage(stages) => stages.contains(&listed.stage),
        Word::Kind(kinds) => kinds.iter().any(|kind| listed.more.kinds.contains(kind)),
        Word::Is(state) => is(*state, listed, now),
        Word::Line(names) => {
            let line = listed.subscriber.as_str().to_lowercase();
            names.iter().any(|name| match name.strip_suffix('*') {
                Some(beginning) => line.starts_with(beginning),
                None => line == *name,
            })
        }
        Word::Net(nets) => listed
            .addresses
            .iter()
            .any(|address| nets.iter().any(|net| net.contains(&address.to_canonical()))),
        Word::Port(ports) => ports.iter().any(|port| listed.more.ports.contains(port)),
        Word::Case(cases) => cases.contains(&listed.case),
        Word::Family(names) => {
            listed.more.families.iter().any(|family| names.iter().any(|name| family.contains(name)))
        }
        Word::Reporter(domains) => {
            listed.more.reporters.iter().any(|reporter| domains.iter().any(|domain| is_of(reporter, domain)))
        }
        Word::Assigned(people) => people.iter().any(|person| match person {
            Person::Me => asker.name.is_some() && listed.assignee.as_deref() == asker.name,
            Person::Nobody => listed.assignee.is_none(),
            Person::Named(name) => listed.assignee.as_ref() == Some(name),
        }),
        Word::Mentions(people) => people.iter().any(|person| match person {
            Person::Me => asker.name.is_some_and(|name| listed.more.mentions.contains(name)),
            Person::Nobody => listed.more.mentions.is_empty(),
            Person::Named(name) => listed.more.mentions.contains(name),
        }),
        Word::Number(figure, compare, number) => {
            let is = match figure {
                Figure::Harm => i64::from(listed.harm),
                Figure::Sightings => i64::try_from(listed.more.sightings).unwrap_or(i64::MAX),
                Figure::Blocks => i64::try_from(listed.blocks(now)).unwrap_or(i64::MAX),
            };
            compare.holds(is.cmp(number))
        }
        Word::Length(stretch, compare, length) => {
            stretch_of(*stretch, listed, now).is_some_and(|is| Compare::holds(*compare, is.cmp(length)))
        }
        Word::Between(moment, from, to) => {
            moment_of(*moment, listed).is_some_and(|at| *from <= at && at < *to)
        }
        Word::When(moment, compare, at) => {
            moment_of(*moment, listed).is_some_and(|is| compare.holds(is.cmp(at)))
        }
        Word::Address(address) => listed.addresses.iter().any(|one| one.to_canonical() == *address),
        Word::Text(text) => {
            listed.subscriber.as_str().to_lowercase().contains(text)
                || listed.addresses.iter().any(|address| address.to_string().contains(text))
                || listed.more.headline.to_lowercase().contains(text)
        }
    }
}

fn is(state: State, listed: &Listed, now: Timestamp) -> bool {
    match state {
        State::Open => listed.stage.is_open(),
        State::Ended => !listed.stage.is_open(),
        State::Any => true,
        State::Proxy => listed.proxy,
        State::Overdue => listed.due.is_some_and(|due| due <= now),
        State::Assigned => listed.assignee.is_some(),
        State::Blocked => listed.blocks(now) > 0,
        State::Waiting => listed.waits_for_second_person(now),
        State::Paged => listed.more.paged,
        State::Mentioned => !listed.more.mentions.is_empty(),
    }
}

fn stretch_of(stretch: Stretch, listed: &Listed, now: Timestamp) -> Option<SignedDuration> {
    Some(match stretch {
        Stretch::Age => now.duration_since(listed.opened),
        Stretch::Quiet => now.duration_since(listed.updated),
        Stretch::Left => listed.due?.duration_since(now),
    })
}

fn moment_of(moment: Moment, listed: &Listed) -> Option<Timestamp> {
    match moment {
        Moment::Opened => Some(listed.opened),
        Moment::Updated => Some(listed.updated),
        Moment::Due => listed.due,
    }
}

/// Whether a domain is the other or lies below it.
fn is_of(reporter: &str, domain: &str) -> bool {
    reporter.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
