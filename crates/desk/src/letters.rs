//! What customers are written, in their language: templates that can do nothing but write.
//!
//! The texts are `data/letters/LANG.toml`; an operator may put others beside them, whole languages or single texts. A
//! template reads no file and calls nothing, what it has not is an error and no blank, and it runs so long and no longer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use minijinja::{Environment, UndefinedBehavior, context};
use serde::{Deserialize, Serialize};

/// How many instructions one template may take: a letter takes a few hundred.
const FUEL: u64 = 50_000;
/// The longest letter, in bytes.
const LETTER_AT_MOST: usize = 64 * 1024;
/// The longest file of texts.
const FILE_AT_MOST: u64 = 256 * 1024;

/// The texts of one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    tag: String,
    subject: String,
    body: String,
    what: What,
    ground: Ground,
    seen: Seen,
    block: Blocked,
    record: Seen,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct What {
    open_proxy: String,
    open_relay: String,
    either: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ground {
    probe: String,
    flows: String,
    staff: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    probe: String,
    flows: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Blocked {
    mail_out: String,
    port_out: String,
    port_in: String,
    walled_garden: String,
}

/// What a notice says is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// An open proxy.
    Proxy,
    /// An open relay.
    Relay,
    /// One of the two.
    Either,
}

/// What it rests on, with the facts a customer is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Basis {
    /// A probe of ours.
    Probe(Fact),
    /// Our own flow records.
    Flows(Fact),
    /// The word of our staff.
    Staff,
}

/// One thing that was seen of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fact {
    pub(crate) at: String,
    pub(crate) address: String,
    pub(crate) port: Option<u16>,
    pub(crate) how: Option<String>,
    /// The beginning of the evidence's hash.
    pub(crate) evidence: String,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BlockFact {
    #[serde(skip)]
    pub(crate) kind: BlockKind,
    pub(crate) address: String,
    pub(crate) protocol: String,
    pub(crate) port: u16,
    /// Its end, where it is in force.
    pub(crate) until: Option<String>,
}

/// What it blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    MailOut,
    PortOut,
    PortIn,
    /// The line as a whole is led into the walled garden.
    Garden,
}

/// Everything a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoticeFacts {
    pub(crate) case: String,
    pub(crate) found: Found,
    pub(crate) basis: Basis,
    /// In force, each with its end.
    pub(crate) in_force: Vec<BlockFact>,
    /// Ordered, and not seen at the edge yet.
    pub(crate) coming: Vec<BlockFact>,
    /// The customer's own page, and until when it is there.
    pub(crate) link: Option<(String, String)>,
}

/// The texts of all languages.
#[derive(Debug, Clone)]
pub struct Letters {
    languages: Arc<BTreeMap<String, Texts>>,
    usual: String,
    contact: String,
}

/// What is wrong with an operator's texts.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The folder or a file of it cannot be read.
    #[error("cannot read {0}: {1}")]
    Unreadable(String, String),
    /// A file is no TOML, or has a text that there is not.
    #[error("{0}: {1}")]
    Malformed(String, String),
    /// A text of it cannot be written.
    #[error("the letter in {language:?} cannot be written: {why}")]
    Unwritable {
        /// The language.
        language: String,
        /// Why, with the line.
        why: String,
    },
    /// There is no such language.
    #[error("there are no letters in {0:?}; there are: {1}")]
    NoLanguage(String, String),
}

static BUILT_IN: LazyLock<BTreeMap<String, Texts>> = LazyLock::new(|| {
    // That each can be read is held by a test.
    FILES.iter().filter_map(|(tag, text)| Some(((*tag).to_owned(), toml::from_str(text).ok()?))).collect()
});

const FILES: [(&str, &str); 6] = [
    ("en", include_str!("../data/letters/en.toml")),
    ("de", include_str!("../data/letters/de.toml")),
    ("es", include_str!("../data/letters/es.toml")),
    ("fr", include_str!("../data/letters/fr.toml")),
    ("nl", include_str!("../data/letters/nl.toml")),
    ("tr", include_str!("../data/letters/tr.toml")),
];

impl Default for Letters {
    fn default() -> Self {
        Letters { languages: Arc::new(BUILT_IN.clone()), usual: "en".to_owned(), contact: String::new() }
    }
}

impl Letters {
    /// The built-in texts with those of a folder over them: `LANG.toml`, whole or in part. `usual` is the language of whoever
    /// is not known to want another; `contact` how customers reach a person.
    ///
    /// # Errors
    /// [`LettersError`] names the file, or the text with its line. Every text is tried with every kind of letter.
    pub fn new(folder: Option<&Path>, usual: &str, contact: &str) -> Result<Letters, LettersError> {
        let mut languages = BUILT_IN.clone();
        if let Some(folder) = folder {
            own_texts(folder, &mut languages)?;
        }
        if !languages.contains_key(usual) {
            let known = languages.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(LettersError::NoLanguage(usual.to_owned(), known));
        }
        let letters =
            Letters { languages: Arc::new(languages), usual: usual.to_owned(), contact: contact.to_owned() };
        letters.try_all()?;
        Ok(letters)
    }

    /// The built-in file of a language.
    #[must_use]
    pub fn built_in_text(tag: &str) -> Option<&'static str> {
        FILES.iter().find(|(known, _)| *known == tag).map(|(_, text)| *text)
    }

    /// A notice with made-up figures, as customers get it: subject and text.
    ///
    /// # Errors
    /// [`LettersError`] as for any letter.
    pub fn sample(&self, language: Option<&str>) -> Result<(String, String), LettersError> {
        let fullest = samples().into_iter().find(|facts| facts.link.is_some());
        let none = || LettersError::NoLanguage(self.usual.clone(), String::new());
        self.notice(language, &fullest.ok_or_else(none)?)
    }

    /// The languages there are, by tag.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    /// How customers reach a person.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// Subject and text of a notice in a language; in the usual one where there is none of that.
    pub(crate) fn notice(
        &self,
        language: Option<&str>,
        facts: &NoticeFacts,
    ) -> Result<(String, String), LettersError> {
        let texts =
            language.and_then(|tag| self.languages.get(tag)).or_else(|| self.languages.get(&self.usual));
        let none = || LettersError::NoLanguage(self.usual.clone(), String::new());
        let texts = texts.ok_or_else(none)?;
        let unwritable = |why| LettersError::Unwritable { language: texts.tag.clone(), why };
        texts.notice(facts, &self.contact).map_err(unwritable)
    }

    /// Writes every kind of letter in every language.
    fn try_all(&self) -> Result<(), LettersError> {
        for tag in self.languages.keys() {
            for facts in samples() {
                self.notice(Some(tag), &facts)?;
            }
        }
        Ok(())
    }
}

/// Takes the operator's files over the built-in texts.
fn own_texts(folder: &Path, languages: &mut BTreeMap<String, Texts>) -> Result<(), LettersError> {
    let unreadable = |path: &Path, why: std::io::Error| {
        LettersError::Unreadable(path.display().to_string(), why.to_string())
    };
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let name = path.display().to_string();
        let malformed = |why: String| LettersError::Malformed(name.clone(), why);
        let length = std::fs::metadata(&path).map_err(|error| unreadable(&path, error))?.len();
        if length > FILE_AT_MOST {
            return Err(malformed(format!("it is longer than {FILE_AT_MOST} bytes")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        let over: toml::Table =
            text.parse().map_err(|error: toml::de::Error| malformed(error.to_string()))?;
        let tag = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        let under = FILES.iter().find(|(known, _)| *known == tag).or_else(|| FILES.first());
        let mut whole: toml::Table = under.and_then(|(_, text)| text.parse().ok()).unwrap_or_default();
        whole.insert("tag".to_owned(), toml::Value::String(tag.clone()));
        lay_over(&mut whole, over);
        let texts: Texts = whole.try_into().map_err(|error: toml::de::Error| malformed(error.to_string()))?;
        languages.insert(tag, texts);
    }
    Ok(())
}

fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

impl Texts {
    fn notice(&self, facts: &NoticeFacts, contact: &str) -> Result<(String, String), String> {
        let what = match facts.found {
            Found::Proxy => &self.what.open_proxy,
            Found::Relay => &self.what.open_relay,
            Found::Either => &self.what.either,
        };
        let (ground, seen, record) = match &facts.basis {
            Basis::Probe(fact) => {
                (&self.ground.probe, write(&self.seen.probe, fact)?, write(&self.record.probe, fact)?)
            }
            Basis::Flows(fact) => {
                (&self.ground.flows, write(&self.seen.flows, fact)?, write(&self.record.flows, fact)?)
            }
            Basis::Staff => (&self.ground.staff, String::new(), String::new()),
        };
        let (link, link_until) = facts.link.clone().unwrap_or_default();
        let garden = facts.in_force.iter().chain(&facts.coming).any(|block| block.kind == BlockKind::Garden);
        let whole = context! {
            case => facts.case, what, ground, seen, record, contact, link, link_until, garden,
            in_force => self.blocks(&facts.in_force)?, coming => self.blocks(&facts.coming)?,
        };
        Ok((write(&self.subject, &whole)?.replace(['\r', '\n'], " "), write(&self.body, &whole)?))
    }

    fn blocks(&self, blocks: &[BlockFact]) -> Result<Vec<minijinja::Value>, String> {
        let one = |block: &BlockFact| {
            let text = match block.kind {
                BlockKind::MailOut => &self.block.mail_out,
                BlockKind::PortOut => &self.block.port_out,
                BlockKind::PortIn => &self.block.port_in,
                BlockKind::Garden => &self.block.walled_garden,
            };
            let what = write(text, block)?;
            Ok(context! { what, until => block.until.clone().unwrap_or_default() })
        };
        blocks.iter().map(one).collect()
    }
}

/// One template with what stands in it.
fn write(template: &str, facts: &impl Serialize) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    // A letter is plain text: nothing in it is markup.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let written = environment.render_str(template, facts).map_err(|error| format!("{error:#}"))?;
    if written.len() > LETTER_AT_MOST {
        return Err(format!("it comes to more than {LETTER_AT_MOST} bytes"));
    }
    Ok(written)
}

/// One letter of each kind: every text is used in some.
fn samples() -> Vec<NoticeFacts> {
    let fact = || Fact {
        at: "2026-03-01 20:00 UTC".to_owned(),
        address: "192.0.2.7".to_owned(),
        port: Some(8080),
        how: Some("http-connect".to_owned()),
        evidence: "0123456789ab".to_owned(),
    };
    let bare = || Fact { port: None, how: None, ..fact() };
    let block = |kind, until: Option<&str>| BlockFact {
        kind,
        address: "192.0.2.7".to_owned(),
        protocol: "tcp".to_owned(),
        port: 25,
        until: until.map(str::to_owned),
    };
    let kinds = [BlockKind::MailOut, BlockKind::PortOut, BlockKind::PortIn, BlockKind::Garden];
    let bases = [
        Basis::Probe(fact()),
        Basis::Probe(bare()),
        Basis::Flows(fact()),
        Basis::Flows(bare()),
        Basis::Staff,
    ];
    let mut samples = Vec::new();
    for basis in bases {
        for found in [Found::Proxy, Found::Relay, Found::Either] {
            for (in_force, coming) in [(false, false), (true, false), (false, true), (true, true)] {
                let of = |wanted: bool, until| {
                    if wanted { kinds.map(|kind| block(kind, until)).to_vec() } else { Vec::new() }
                };
                samples.push(NoticeFacts {
                    case: "ND-9".to_owned(),
                    found,
                    basis: basis.clone(),
                    in_force: of(in_force, Some("2026-03-02 20:00 UTC")),
                    coming: of(coming, None),
                    link: in_force
                        .then(|| ("https://desk.example.net/c/0".to_owned(), "2026-04-01".to_owned())),
                });
            }
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_can_be_written_in_six_languages_and_none_has_a_gap() {
        let letters = Letters::new(None, "de", "0800 000").expect("the built-in letters");
        assert_eq!(letters.languages().collect::<Vec<_>>(), ["de", "en", "es", "fr", "nl", "tr"]);
        for tag in ["de", "en", "es", "fr", "nl", "tr"] {
            for facts in samples() {
                let (subject, body) = letters.notice(Some(tag), &facts).expect("a letter");
                assert!(subject.contains("ND-9") && subject.lines().count() == 1, "{tag}: {subject}");
                assert!(!body.contains("{{") && !body.contains("{%"), "{tag}: {body}");
                assert!(!body.contains("\n\n\n"), "{tag}: a gap in\n{body}");
                assert!(body.contains("0800 000") && body.contains("ND-9"), "{tag}: {body}");
                assert_eq!(body.contains("/c/0"), facts.link.is_some(), "{tag}: {body}");
                let long = body.lines().find(|line| line.chars().count() > 140);
                assert_eq!(long, None, "{tag}");
            }
        }
        let (german, other) =
            (letters.notice(None, &samples()[0]), letters.notice(Some("pl"), &samples()[0]));
        assert_eq!(german.expect("a letter"), other.expect("the usual language"));
    }

    #[test]
    fn an_operators_texts_go_over_ours_and_a_wrong_one_stops_the_start() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        put(
            "en.toml",
            "subject = \"{{ case }}: please clean your machine\"\n[what]\neither = \"something open\"\n",
        );
        put("pl.toml", "subject = \"{{ case }}: prosimy\"\n");
        put("notes.txt", "not for us");
        let letters = Letters::new(Some(folder.path()), "pl", "").expect("letters");
        let facts = samples().into_iter().next_back().expect("a sample");
        let (subject, body) = letters.notice(Some("en"), &facts).expect("a letter");
        assert_eq!(subject, "ND-9: please clean your machine");
        assert!(body.contains("it is something open."), "{body}");
        assert_eq!(letters.notice(None, &facts).expect("a letter").0, "ND-9: prosimy");
        for (wrong, why) in [
            ("subject = \"{{ customer }}\"", "undefined"),
            ("subject = \"{{ case\"", "syntax error"),
            ("subjct = \"x\"", "subjct"),
            (
                "subject = \"{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}\"",
                "fuel",
            ),
            ("subject = \"{% include 'en.toml' %}\"", ""),
        ] {
            put("en.toml", wrong);
            let error = Letters::new(Some(folder.path()), "en", "").expect_err(wrong).to_string();
            assert!(error.contains(why), "{wrong}: {error}");
        }
        assert!(Letters::new(None, "xx", "").is_err());
    }
}
