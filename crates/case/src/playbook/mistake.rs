//! What is wrong with a playbook, and where.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// The most edits between a word and the one that was meant.
const FAR: usize = 3;

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong, and what was meant.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for Mistake {}

impl Mistake {
    /// A mistake at a place of the text, in bytes.
    pub(super) fn at(text: &str, place: usize, what: impl Into<String>) -> Mistake {
        let before: &str = text.get(..place).unwrap_or(text);
        let line_starts = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let column = before.get(line_starts..).unwrap_or_default().chars().count();
        let line = before.matches('\n').count();
        Mistake { line: line.saturating_add(1), column: column.saturating_add(1), what: what.into() }
    }

    /// What the reader of TOML found.
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Mistake {
        let place = error.span().unwrap_or(Range { start: 0, end: 0 });
        Mistake::at(text, place.start, meant(error.message()))
    }
}

/// The words of an unknown name with the one that was probably meant, in our words.
fn meant(message: &str) -> String {
    let what = message.strip_prefix("unknown field ").map(|rest| ("there is no setting", rest));
    let what = what.or_else(|| message.strip_prefix("unknown variant ").map(|rest| ("there is no", rest)));
    let Some((words, rest)) = what else { return message.replace('\n', " ") };
    let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let Some((wrong, known)) = names.split_first() else { return message.to_owned() };
    match nearest(wrong, known.iter().copied()) {
        Some(near) => format!("{words} {wrong:?}; did you mean {near:?}?"),
        None => format!("{words} {wrong:?}; there are {}", known.join(", ")),
    }
}

/// The known name nearest to a wrong one, where one is near.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = FAR.min(wrong.chars().count() / 2);
    let near = known.map(|one| (strsim::damerau_levenshtein(one, wrong), one));
    near.filter(|(distance, _)| *distance <= far).min().map(|(_, one)| one)
}
