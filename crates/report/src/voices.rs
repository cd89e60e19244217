//! Whose words each line of a text is: the reporter's, a program's, or somebody else's.

use std::ops::Range;

use memchr::memchr_iter;

use crate::reading::Place;

/// Whose words a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The reporter's.
    Own,
    /// A program's: a line of a log.
    Logged,
    /// Somebody else's: quoted, below a signature, pasted header fields.
    Quoted,
}

/// A line of a passage, without its marks of a quote.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) range: Range<usize>,
    pub(crate) whose: Whose,
}

/// The lines with whose they are. What follows a signature or the head of a forwarded message is nobody's own.
pub(crate) fn lines(prose: &str, place: Place) -> Vec<Line> {
    let mut lines = Vec::with_capacity(prose.len() / 32 + 1);
    let (mut start, mut ended, mut in_headers) = (0, place == Place::Quoted, false);
    let ends = memchr_iter(b'\n', prose.as_bytes()).chain(std::iter::once(prose.len()));
    for end in ends {
        let raw = prose.get(start..end).unwrap_or_default();
        let quoted = raw.trim_start_matches(' ').starts_with('>');
        let words = if quoted { raw.trim_start_matches(['>', ' ', '|']) } else { raw };
        let begin = end - words.len();
        let shown = words.trim_end();
        ended |= is_end(shown);
        in_headers = is_header(shown, in_headers);
        let whose = match () {
            () if ended || quoted || in_headers => Whose::Quoted,
            () if is_logged(shown) => Whose::Logged,
            () => Whose::Own,
        };
        lines.push(Line { range: begin..begin + shown.len(), whose });
        start = end + 1;
    }
    lines
}

/// A line behind which the reporter no longer speaks.
fn is_end(line: &str) -> bool {
    if line == "--" {
        return true;
    }
    let marked = line.starts_with(['-', '[', '_', 'O', ' ', 'B', '=', '*', 'o']);
    marked && line.len() < 120 && {
        let lower = line.to_ascii_lowercase();
        lower.contains("original message")
            || lower.trim_start_matches(['[', ' ']).starts_with("offending message")
            || lower.contains("begin forwarded message")
            || lower.contains("begin pgp signature")
    }
}

/// A line of pasted header fields: a Received field and what follows it.
fn is_header(line: &str, within: bool) -> bool {
    if line.starts_with("Received:") {
        return true;
    }
    within && {
        let name = line.split([' ', ':']).next().unwrap_or_default();
        line.starts_with([' ', '\t'])
            || name.len() > 2
                && line.get(name.len()..).is_some_and(|rest| rest.starts_with(':'))
                && name.contains(|c: char| c.is_ascii_uppercase())
    }
}

/// A line that a program wrote: it opens with a time, or is made of keys and values.
fn is_logged(line: &str) -> bool {
    let head = line.get(..line.len().min(48)).unwrap_or(line);
    let opens = head.trim_start_matches(['[', '<', '"', ' ']).starts_with(|c: char| c.is_ascii_digit())
        || head.starts_with(['J', 'F', 'M', 'A', 'S', 'O', 'N', 'D'])
            && ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .iter()
                .any(|month| head.starts_with(month));
    let clock = || {
        memchr_iter(b':', head.as_bytes()).any(|at| {
            let around =
                (at.checked_sub(1).and_then(|at| head.as_bytes().get(at)), head.as_bytes().get(at + 1));
            matches!(around, (Some(left), Some(right)) if left.is_ascii_digit() && right.is_ascii_digit())
        })
    };
    opens && clock() || memchr_iter(b'=', line.as_bytes()).take(4).count() > 3
}
