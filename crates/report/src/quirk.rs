//! Quirks: what is known of one reporter's notices beyond the general rules, as data (`data/quirks.toml` and a file of the
//! operator's own).

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use toml::Spanned;

use crate::mail::Mail;
use crate::reading::{Kind, Role};
use crate::zone;

/// What a compiled expression may take, in bytes.
const REGEX: usize = 1 << 20;
/// Entries of one file are at most this many.
const ENTRIES: usize = 500;
/// Expressions of one entry are at most this many.
const READS: usize = 20;

/// What is wrong with a file of quirks: the entry, the line, and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuirkError {
    /// It is no TOML of this form; the message has line and column.
    #[error("the quirks cannot be read: {0}")]
    Form(String),
    /// An entry says something that cannot be.
    #[error("quirk `{entry}`, line {line}: {what}")]
    Entry {
        /// The name of the entry.
        entry: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

/// The quirks to read with: those compiled in, and those of a file, which are asked first.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    entries: Vec<Quirk>,
}

/// One reporter's quirk.
#[derive(Debug, Clone)]
pub(crate) struct Quirk {
    pub(crate) name: String,
    from: Vec<String>,
    subject: Option<Regex>,
    header: Option<(String, Regex)>,
    body: Option<String>,
    pub(crate) read: Vec<Regex>,
    pub(crate) kind: Option<Kind>,
    pub(crate) role: Option<Role>,
    pub(crate) zone: Option<jiff::tz::Offset>,
    pub(crate) list: bool,
    pub(crate) not_a_report: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    quirk: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    name: Spanned<String>,
    #[serde(default)]
    from: Vec<String>,
    subject: Option<Spanned<String>>,
    header: Option<Header>,
    body: Option<String>,
    #[serde(default)]
    read: Vec<Spanned<String>>,
    kind: Option<Spanned<String>>,
    role: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    #[serde(default)]
    list: bool,
    not_a_report: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    matches: Spanned<String>,
}

static BUILT_IN: LazyLock<Quirks> =
    LazyLock::new(|| Quirks::parse(include_str!("../data/quirks.toml")).unwrap_or_default());

impl Quirks {
    /// Those that are compiled in.
    #[must_use]
    pub fn built_in() -> &'static Quirks {
        &BUILT_IN
    }

    /// Reads a file's text, without those compiled in.
    ///
    /// # Errors
    /// Where the text is no TOML of this form, or an entry names nothing to know it by, an unknown kind, role or zone, or
    /// an expression that cannot be compiled in bounds.
    pub fn parse(text: &str) -> Result<Quirks, QuirkError> {
        let file: File = toml::from_str(text).map_err(|error| QuirkError::Form(error.to_string()))?;
        if file.quirk.len() > ENTRIES {
            return Err(QuirkError::Form(format!("{} entries, more than {ENTRIES}", file.quirk.len())));
        }
        let entries = file.quirk.into_iter().map(|written| compile(text, written));
        Ok(Quirks { entries: entries.collect::<Result<_, _>>()? })
    }

    /// These, then those of `other`.
    #[must_use]
    pub fn before(mut self, other: &Quirks) -> Quirks {
        self.entries.extend(other.entries.iter().cloned());
        self
    }

    /// The first entry that a mail fits.
    pub(crate) fn of(&self, mail: &Mail<'_>) -> Option<&Quirk> {
        self.entries.iter().find(|quirk| quirk.fits(mail))
    }
}

impl Quirk {
    fn fits(&self, mail: &Mail<'_>) -> bool {
        let domain = mail.from.as_ref().map_or("", |from| from.domain.as_str());
        let is_from = |known: &String| {
            domain.strip_suffix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        (self.from.is_empty() || self.from.iter().any(is_from))
            && self.subject.as_ref().is_none_or(|subject| subject.is_match(&mail.subject))
            && self
                .header
                .as_ref()
                .is_none_or(|(name, value)| mail.field(name).is_some_and(|field| value.is_match(field)))
            && self.body.as_ref().is_none_or(|body| {
                mail.passages().iter().any(|passage| passage.prose.as_str().contains(body))
            })
    }
}

fn compile(text: &str, written: Written) -> Result<Quirk, QuirkError> {
    let entry = written.name.get_ref().clone();
    let wrong = |span: Range<usize>, what: String| QuirkError::Entry {
        entry: entry.clone(),
        line: text.get(..span.start).unwrap_or_default().matches('\n').count() + 1,
        what,
    };
    let regex = |pattern: &Spanned<String>| {
        let built = RegexBuilder::new(pattern.get_ref())
            .size_limit(REGEX)
            .dfa_size_limit(REGEX)
            .multi_line(true)
            .build();
        built.map_err(|error| wrong(pattern.span(), format!("the regular expression: {error}")))
    };
    if written.from.is_empty()
        && written.subject.is_none()
        && written.header.is_none()
        && written.body.is_none()
    {
        return Err(wrong(
            written.name.span(),
            "nothing to know the reporter by: from, subject, header or body".to_owned(),
        ));
    }
    if written.read.len() > READS {
        return Err(wrong(written.name.span(), format!("more than {READS} expressions to read by")));
    }
    let header = match &written.header {
        Some(header) => Some((header.name.to_ascii_lowercase(), regex(&header.matches)?)),
        None => None,
    };
    Ok(Quirk {
        from: written.from.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        subject: written.subject.as_ref().map(regex).transpose()?,
        header,
        body: written.body,
        read: written.read.iter().map(regex).collect::<Result<_, _>>()?,
        kind: word(written.kind.as_ref(), Kind::named, "kind", &wrong)?,
        role: word(written.role.as_ref(), Role::named, "role", &wrong)?,
        zone: word(written.zone.as_ref(), zone::offset, "zone", &wrong)?,
        list: written.list,
        not_a_report: written.not_a_report,
        name: entry.clone(),
    })
}

fn word<T>(
    written: Option<&Spanned<String>>,
    read: impl Fn(&str) -> Option<T>,
    what: &str,
    wrong: &impl Fn(Range<usize>, String) -> QuirkError,
) -> Result<Option<T>, QuirkError> {
    let Some(written) = written else { return Ok(None) };
    match read(written.get_ref()) {
        Some(read) => Ok(Some(read)),
        None => Err(wrong(written.span(), format!("there is no {what} `{}`", written.get_ref()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Quirks::parse(text).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn what_is_compiled_in_is_sound() {
        assert_eq!(error(include_str!("../data/quirks.toml")), "");
        assert!(Quirks::built_in().entries.len() > 3);
    }

    #[test]
    fn an_error_names_the_entry_the_line_and_what_is_wrong() {
        let head = "\n[[quirk]]\nname = \"x\"\nfrom = [\"a.example\"]\n";
        assert_eq!(
            error(&format!("{head}kind = \"opne-proxy\"\n")),
            "quirk `x`, line 5: there is no kind `opne-proxy`"
        );
        assert!(
            error(&format!("{head}read = ['(']\n")).starts_with("quirk `x`, line 5: the regular expression:")
        );
        assert!(
            error(&format!("{head}read = ['(a{{500}}){{500}}']\n")).contains("size limit"),
            "it is bounded"
        );
        assert!(error("[[quirk]]\nname = \"x\"\n").contains("line 2: nothing to know the reporter by"));
        assert!(error(&format!("{head}knid = \"x\"\n")).contains("line 5"));
        assert!(error(&head.repeat(501)).contains("501 entries"), "none is left out in silence");
    }
}
