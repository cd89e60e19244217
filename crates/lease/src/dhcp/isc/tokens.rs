//! A declaration as a list of statements; inner blocks are opened, their heads being statements too.

use super::super::names::hex;

/// The most statements of one declaration.
const STATEMENTS_AT_MOST: usize = 4096;

/// One statement: its words, quoted ones told apart.
#[derive(Debug, Default)]
pub(super) struct Statement {
    words: Vec<Word>,
}

#[derive(Debug)]
enum Word {
    Bare(String),
    /// What stood between quotes, with its escapes.
    Quoted(String),
}

impl Statement {
    /// The words, quotes left out.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|word| match word {
            Word::Bare(text) | Word::Quoted(text) => text.as_str(),
        })
    }

    /// The word at `index`, from 0.
    pub(super) fn word(&self, index: usize) -> Option<&str> {
        self.words().nth(index)
    }

    /// The octets that the word at `index` stands for: `"\001\000!"`, or `0:1b:2`. Empty when it stands for none.
    pub(super) fn octets(&self, index: usize) -> Vec<u8> {
        match self.words.get(index) {
            Some(Word::Quoted(text)) => unescape(text),
            Some(Word::Bare(text)) => hex(text).unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// Reads a whole declaration.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let (mut all, mut now) = (Vec::new(), Statement::default());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match first {
            '{' | '}' | ';' => {
                rest = rest.get(1..).unwrap_or_default();
                if !now.words.is_empty() && all.len() < STATEMENTS_AT_MOST {
                    all.push(std::mem::take(&mut now));
                }
            }
            '"' => {
                let (quoted, after) = quoted(rest.get(1..).unwrap_or_default());
                now.words.push(Word::Quoted(quoted.to_owned()));
                rest = after;
            }
            white if white.is_whitespace() => rest = rest.trim_start(),
            _ => {
                let stops = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '"');
                let (word, after) = rest.split_at(rest.find(stops).unwrap_or(rest.len()));
                now.words.push(Word::Bare(word.to_owned()));
                rest = after;
            }
        }
    }
    if !now.words.is_empty() {
        all.push(now);
    }
    all
}

/// Up to the closing quote, and what follows it.
fn quoted(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => {
                return (
                    text.get(..at).unwrap_or_default(),
                    text.get(at.saturating_add(1)..).unwrap_or_default(),
                );
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

/// `\001` is an octet in octal, `\x` for any other x is x.
fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            octets.push(*first);
            continue;
        }
        let octal = after.get(..3).and_then(|three| std::str::from_utf8(three).ok());
        match octal.and_then(|three| u8::from_str_radix(three, 8).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                octets.extend(after.first());
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    octets
}
