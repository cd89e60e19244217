//! Runbooks: for every stage, sign and kind, in plain words, what it is, what to look at next and what to do.
//!
//! They are text in `data/runbooks`, one file each: a title (`# `), headings (`## `), items (`- `, `1. `), paragraphs, and
//! commands between backquotes. They are read into pieces here, so that a page and a terminal show them each in their way.

use std::sync::LazyLock;

use serde::Serialize;

use crate::{Kind, SignKind};

/// What a runbook is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A stage of a case.
    Stage,
    /// A sign of our own.
    Sign,
    /// A kind of what is alleged.
    Kind,
    /// The desk itself.
    Desk,
}

impl About {
    /// All of them, in the order they are listed.
    pub const ALL: [About; 4] = [About::Stage, About::Sign, About::Kind, About::Desk];

    /// The heading of those about it.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            About::Stage => "Stages",
            About::Sign => "Signs",
            About::Kind => "Kinds of reports",
            About::Desk => "The desk itself",
        }
    }
}

/// One runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Runbook {
    /// What it is about.
    pub about: About,
    /// Its name: that of the stage, sign or kind.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it says, in order.
    pub blocks: Vec<Block>,
}

/// One block of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "block", content = "says", rename_all = "kebab-case")]
pub enum Block {
    /// A heading.
    Heading(&'static str),
    /// A paragraph.
    Paragraph(Vec<Words>),
    /// Things to look at, in no order.
    List(Vec<Vec<Words>>),
    /// Things to do, one after the other.
    Steps(Vec<Vec<Words>>),
}

/// Words of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "as", content = "words", rename_all = "kebab-case")]
pub enum Words {
    /// Plain.
    Plain(&'static str),
    /// What is typed, or shown, exactly so.
    Exact(&'static str),
}

const TEXTS: &[(About, &str, &str)] = &[
    (About::Stage, "heads-up", include_str!("../data/runbooks/heads-up.md")),
    (About::Stage, "watching", include_str!("../data/runbooks/watching.md")),
    (About::Stage, "suspected", include_str!("../data/runbooks/suspected.md")),
    (About::Stage, "confirmed", include_str!("../data/runbooks/confirmed.md")),
    (About::Stage, "contained", include_str!("../data/runbooks/contained.md")),
    (About::Stage, "cleaned", include_str!("../data/runbooks/cleaned.md")),
    (About::Sign, "relay-shape", include_str!("../data/runbooks/relay-shape.md")),
    (About::Sign, "call-then-served", include_str!("../data/runbooks/call-then-served.md")),
    (About::Sign, "back-connect", include_str!("../data/runbooks/back-connect.md")),
    (About::Sign, "answered-stranger", include_str!("../data/runbooks/answered-stranger.md")),
    (About::Sign, "smtp-fanout", include_str!("../data/runbooks/smtp-fanout.md")),
    (About::Sign, "mail-phone-home", include_str!("../data/runbooks/mail-phone-home.md")),
    (About::Sign, "beacon", include_str!("../data/runbooks/beacon.md")),
    (About::Sign, "new-listener", include_str!("../data/runbooks/new-listener.md")),
    (About::Sign, "trojan-scan-in", include_str!("../data/runbooks/trojan-scan-in.md")),
    (About::Sign, "scan-out", include_str!("../data/runbooks/scan-out.md")),
    (About::Sign, "trap-touched", include_str!("../data/runbooks/trap-touched.md")),
    (About::Kind, "open-proxy", include_str!("../data/runbooks/open-proxy.md")),
    (About::Kind, "open-relay", include_str!("../data/runbooks/open-relay.md")),
    (About::Kind, "malware", include_str!("../data/runbooks/malware.md")),
    (About::Kind, "spam-source", include_str!("../data/runbooks/spam-source.md")),
    (About::Kind, "phone-home", include_str!("../data/runbooks/phone-home.md")),
    (About::Kind, "trojan-scan", include_str!("../data/runbooks/trojan-scan.md")),
    (About::Kind, "scan", include_str!("../data/runbooks/scan.md")),
    (About::Kind, "listener", include_str!("../data/runbooks/listener.md")),
    (About::Kind, "other", include_str!("../data/runbooks/other.md")),
    (About::Desk, "block-not-in-force", include_str!("../data/runbooks/block-not-in-force.md")),
    (About::Desk, "mail-lost", include_str!("../data/runbooks/mail-lost.md")),
];

static ALL: LazyLock<Vec<Runbook>> =
    LazyLock::new(|| TEXTS.iter().map(|(about, name, text)| read(*about, name, text)).collect());

/// All runbooks: stages, signs, kinds, the desk itself.
#[must_use]
pub fn runbooks() -> &'static [Runbook] {
    &ALL
}

/// The runbook of that name.
#[must_use]
pub fn runbook(name: &str) -> Option<&'static Runbook> {
    ALL.iter().find(|one| one.name == name)
}

/// The runbook of a sign; every sign has one.
#[must_use]
pub fn runbook_of_sign(sign: SignKind) -> Option<&'static Runbook> {
    runbook(sign.name())
}

/// The runbook of a kind; every kind has one.
#[must_use]
pub fn runbook_of_kind(kind: Kind) -> Option<&'static Runbook> {
    runbook(kind.name())
}

fn read(about: About, name: &'static str, text: &'static str) -> Runbook {
    let mut book = Runbook { about, name, title: name, blocks: Vec::new() };
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            book.title = title;
        } else if let Some(heading) = line.strip_prefix("## ") {
            book.blocks.push(Block::Heading(heading));
        } else if let Some(item) = line.strip_prefix("- ") {
            match book.blocks.last_mut() {
                Some(Block::List(items)) => items.push(words(item)),
                _ => book.blocks.push(Block::List(vec![words(item)])),
            }
        } else if let Some(step) = numbered(line) {
            match book.blocks.last_mut() {
                Some(Block::Steps(steps)) => steps.push(words(step)),
                _ => book.blocks.push(Block::Steps(vec![words(step)])),
            }
        } else {
            book.blocks.push(Block::Paragraph(words(line)));
        }
    }
    book
}

/// What stands behind `1. `.
fn numbered(line: &'static str) -> Option<&'static str> {
    let (number, rest) = line.split_once(". ")?;
    (number.len() <= 2 && number.chars().all(|c| c.is_ascii_digit())).then_some(rest)
}

fn words(line: &'static str) -> Vec<Words> {
    let parts = line.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(n, part)| if n % 2 == 1 { Words::Exact(part) } else { Words::Plain(part) }).collect()
}

impl Runbook {
    /// Its text for a terminal, at most `width` characters wide where words allow.
    #[must_use]
    pub fn to_text(&self, width: usize) -> String {
        let mut text = format!("{}\n", self.title);
        for block in &self.blocks {
            match block {
                Block::Heading(heading) => text.push_str(&format!("\n{heading}\n")),
                Block::Paragraph(said) => text.push_str(&format!("\n{}", wrapped("", said, width))),
                Block::List(items) => {
                    text.push('\n');
                    items.iter().for_each(|item| text.push_str(&wrapped("  - ", item, width)));
                }
                Block::Steps(steps) => {
                    text.push('\n');
                    for (number, step) in (1..).zip(steps) {
                        text.push_str(&wrapped(&format!("  {number}. "), step, width));
                    }
                }
            }
        }
        text
    }
}

/// One item with its mark before it, further lines below its first word.
fn wrapped(mark: &str, said: &[Words], width: usize) -> String {
    let whole: String = said
        .iter()
        .map(|part| match part {
            Words::Plain(words) | Words::Exact(words) => *words,
        })
        .collect();
    let indent = " ".repeat(mark.chars().count());
    let (mut text, mut line) = (String::new(), mark.to_owned());
    for word in whole.split_whitespace() {
        let used = line.chars().count();
        if used.saturating_add(word.chars().count()) > width && line.trim_end() != mark.trim_end() {
            text.push_str(line.trim_end());
            text.push('\n');
            line.clone_from(&indent);
        }
        line.push_str(word);
        line.push(' ');
    }
    text.push_str(line.trim_end());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Playbook, Stage};

    #[test]
    fn every_stage_sign_and_kind_has_a_runbook_that_says_what_to_look_at_and_do() {
        let kinds = [
            Kind::OpenProxy,
            Kind::OpenRelay,
            Kind::Malware,
            Kind::SpamSource,
            Kind::PhoneHome,
            Kind::TrojanScan,
            Kind::Scan,
            Kind::Listener,
            Kind::Other,
        ];
        let names = SignKind::ALL.into_iter().map(SignKind::name).chain(kinds.into_iter().map(Kind::name));
        let stages = Stage::ALL.into_iter().filter(|stage| stage.is_open());
        for name in names.chain(stages.map(|stage| Playbook::built_in().runbook(stage))) {
            let book = runbook(name).unwrap_or_else(|| panic!("no runbook for {name}"));
            assert_ne!(book.title, book.name, "{name} has no title");
            assert!(book.blocks.contains(&Block::Heading("Do")), "{name} says nothing to do");
            assert!(book.blocks.iter().any(|block| matches!(block, Block::Steps(_))), "{name}");
        }
    }

    #[test]
    fn a_runbook_fits_a_terminal() {
        for book in runbooks() {
            let text = book.to_text(80);
            let long = text.lines().find(|line| line.chars().count() > 81);
            assert!(long.is_none() || long == Some(book.title), "{}: {long:?}", book.name);
            assert!(!text.contains('`') && !text.contains("##"), "{text}");
        }
    }
}
