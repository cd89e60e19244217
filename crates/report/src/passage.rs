//! What a mail says in words: its subject and the texts it carries, as characters, line by line with whose words they are,
//! and folded with what the lists of words find in them.

use std::cell::OnceCell;
use std::ops::Range;

use memchr::memchr_iter;

use crate::lexicon::{self, Found};
use crate::mail::Mail;
use crate::mapped::Mapped;
use crate::mime::{Part, PartKind};
use crate::reading::Place;
use crate::text::Text;
use crate::{charset, fold, html};

/// Of one text for people this much is looked at; the rest of a longer one is no longer words.
const OWN: usize = 96 << 10;
/// Of all enclosed texts together this much; they are the evidence and not the reporter's words.
const ENCLOSED: usize = 16 << 10;
/// What is looked at of one line.
const LONGEST_LINE: usize = 4096;
/// A text with fewer letters than this only says that there is another one.
const STUB: usize = 60;

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

/// One text.
#[derive(Debug)]
pub(crate) struct Passage {
    pub(crate) place: Place,
    /// The characters; their source are bytes of the part as decoded, or characters of `markup`.
    pub(crate) prose: Mapped,
    pub(crate) lines: Vec<Line>,
    /// The characters folded; their source is `prose`.
    pub(crate) folded: Mapped,
    pub(crate) found: Vec<Found>,
    markup: Option<Mapped>,
    origin: Origin,
}

/// How places in the decoded part lead back to the message.
#[derive(Debug)]
enum Origin {
    /// A part, and its text with the way back, once it is asked for.
    Part(usize, OnceCell<Text>),
    /// A part that was enclosed in encoded form: its searchable text knows what is known.
    Enclosed(usize),
    Subject,
}

/// The subject first, then the texts for people, then the beginning of what is enclosed.
pub(crate) fn all(mail: &Mail<'_>) -> Vec<Passage> {
    let mut passages = Vec::with_capacity(mail.parts.len() + 1);
    passages.push(subject(mail));
    let is = |part: &Part, kind| part.depth == 0 && part.kind == kind;
    let indexed = || mail.parts.iter().enumerate();
    for (at, part) in indexed().filter(|(_, part)| is(part, PartKind::Words)) {
        passages.push(of_part(mail, at, part, Place::Own, OWN));
    }
    let letters =
        |passage: &Passage| passage.folded.as_str().chars().filter(|c| c.is_alphabetic()).take(STUB).count();
    if passages.iter().skip(1).map(letters).sum::<usize>() < STUB {
        for (at, part) in indexed().filter(|(_, part)| is(part, PartKind::Html)) {
            passages.push(of_part(mail, at, part, Place::Own, OWN));
        }
    }
    let mut left = ENCLOSED;
    for (at, part) in indexed().filter(|(_, part)| part.depth > 0 && part.kind != PartKind::Headers) {
        if left == 0 {
            break;
        }
        let passage = of_part(mail, at, part, Place::Quoted, left);
        left = left.saturating_sub(passage.prose.len());
        passages.push(passage);
    }
    passages
}

fn subject(mail: &Mail<'_>) -> Passage {
    let prose = charset::decode(mail.subject.as_bytes(), Some("utf-8"));
    made(prose, None, Origin::Subject, Place::Subject)
}

fn of_part(mail: &Mail<'_>, at: usize, part: &Part, place: Place, most: usize) -> Passage {
    let bytes = part.origin.bytes(&mail.raw, most);
    let (decoded, origin) = if bytes.is_empty() {
        let text = part.text.as_str();
        let text = text.get(..text.len().min(most)).unwrap_or_default();
        let mut decoded = Mapped::with_capacity(text.len());
        decoded.copy(text, 0);
        return made(decoded, None, Origin::Enclosed(at), place);
    } else {
        (charset::decode(&bytes, part.charset.as_deref()), Origin::Part(at, OnceCell::new()))
    };
    if part.kind == PartKind::Html {
        return made(html::prose(decoded.as_str()), Some(decoded), origin, place);
    }
    made(decoded, None, origin, place)
}

fn made(prose: Mapped, markup: Option<Mapped>, origin: Origin, place: Place) -> Passage {
    let lines = lines(prose.as_str(), place);
    let folded = fold::words(prose.as_str());
    let found = lexicon::find(folded.as_str());
    Passage { place, prose, lines, folded, found, markup, origin }
}

impl Passage {
    /// The bytes of the message that a range of the characters was read from.
    pub(crate) fn span(&self, mail: &Mail<'_>, range: Range<usize>) -> Range<usize> {
        let source = self.prose.source(range.clone());
        let source = self.markup.as_ref().map_or(source.clone(), |markup| markup.source(source));
        match &self.origin {
            Origin::Enclosed(at) => mail.parts.get(*at).map_or(0..0, |part| part.text.span(source)),
            Origin::Subject => self.subject_span(mail, range),
            Origin::Part(at, text) => {
                let Some(part) = mail.parts.get(*at) else { return 0..0 };
                text.get_or_init(|| part.origin.words(&mail.raw)).span(source)
            }
        }
    }

    /// Where the subject field has the same letters; the whole field where it is encoded.
    fn subject_span(&self, mail: &Mail<'_>, range: Range<usize>) -> Range<usize> {
        let Some(field) = &mail.subject_text else { return 0..0 };
        let words = self.prose.as_str().get(range).unwrap_or_default();
        let at = field.as_str().find(words).filter(|_| words.is_ascii() && !words.is_empty());
        field.span(at.map_or(0..field.as_str().len(), |at| at..at + words.len()))
    }

    /// The characters of a line; of one that nobody writes by hand, the beginning.
    pub(crate) fn words(&self, line: &Line) -> &str {
        let words = self.prose.as_str().get(line.range.clone()).unwrap_or_default();
        words.get(..words.floor_char_boundary(LONGEST_LINE)).unwrap_or(words)
    }

    /// The part of `range` of the prose that lies within `far` bytes of its end, or of its beginning.
    pub(crate) fn near(&self, range: Range<usize>, far: usize, at_end: bool) -> Range<usize> {
        let prose = self.prose.as_str();
        if at_end {
            prose.ceil_char_boundary(range.end.saturating_sub(far)).max(range.start)..range.end
        } else {
            range.start..prose.floor_char_boundary(range.start + far).min(range.end).max(range.start)
        }
    }

    /// Whose words the place in the folded text is.
    pub(crate) fn whose(&self, folded: usize) -> Whose {
        let at = self.folded.source(folded..folded + 1).start;
        let behind = self.lines.partition_point(|line| line.range.start <= at);
        self.lines.get(behind.saturating_sub(1)).map_or(Whose::Own, |line| line.whose)
    }

    /// Whether a place in the folded text lies within a link or an address of mail.
    pub(crate) fn is_in_link(&self, folded: &Range<usize>) -> bool {
        let at = self.folded.source(folded.clone());
        let prose = self.prose.as_str();
        let head = prose.get(self.near(0..at.start, 2048, true)).unwrap_or_default();
        let head = head.rsplit(char::is_whitespace).next().unwrap_or_default();
        let tail = prose.get(at.end..).unwrap_or_default();
        let tail = tail.split(char::is_whitespace).next().unwrap_or_default();
        head.contains("://") || head.starts_with("www.") || head.contains('@') || tail.starts_with('@')
    }
}

/// The lines with whose they are. What follows a signature or the head of a forwarded message is nobody's own.
fn lines(prose: &str, place: Place) -> Vec<Line> {
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
