//! What a mail says in words: its subject and the texts it carries, as characters, line by line with whose words they are,
//! and folded with what the lists of words find in them.

use std::cell::OnceCell;
use std::ops::Range;

use crate::lexicon::{self, Found};
use crate::mail::Mail;
use crate::mapped::Mapped;
use crate::mime::{Part, PartKind};
use crate::reading::Place;
use crate::text::Text;
pub(crate) use crate::voices::{Line, Whose};
use crate::{charset, fold, html, voices};

/// Of one text for people this much is looked at; the rest of a longer one is no longer words.
const OWN: usize = 96 << 10;
/// Of all enclosed texts together this much; they are the evidence and not the reporter's words.
const ENCLOSED: usize = 16 << 10;
/// What is looked at of one line.
const LONGEST_LINE: usize = 4096;
/// A text with fewer letters than this only says that there is another one.
const STUB: usize = 60;

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
    let bytes = part.bytes(&mail.raw, most);
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
    let lines = voices::lines(prose.as_str(), place);
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

    /// Whether a place in the folded text is part of an identifier, whose words underscores set apart.
    pub(crate) fn is_in_identifier(&self, folded: &Range<usize>) -> bool {
        let at = self.folded.source(folded.clone());
        let prose = self.prose.as_str().as_bytes();
        let before = at.start.checked_sub(1).and_then(|before| prose.get(before));
        before == Some(&b'_') || prose.get(at.end) == Some(&b'_')
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
