//! From text to a search. Bounded: so much text, so many words, parentheses so deep.

use jiff::Timestamp;

use super::order::{By, Order};
use super::words::{SEARCH_WORDS, SORTS};
use super::{Expr, Query, Scope, State, Word, value};
use crate::Stage;

/// The longest search, in bytes.
const LONGEST: usize = 1000;
/// The most words of one.
const WORDS: usize = 64;
/// How deep parentheses may stand.
const DEPTH: usize = 16;

/// Why a search was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct QueryError {
    /// What is wrong there and what is known, as a sentence without its end.
    pub what: String,
    /// Which bytes of the search it is about.
    pub at: (usize, usize),
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    /// A word as written, without its quotation marks where all of it stood in them.
    Word {
        text: &'a str,
        quoted: bool,
    },
    Minus,
}

struct Reader<'a> {
    tokens: Vec<Placed<'a>>,
    next: usize,
    now: Timestamp,
    order: Option<Order>,
}

pub(super) fn query(text: &str, now: Timestamp) -> Result<Query, QueryError> {
    if text.len() > LONGEST {
        let what = format!("a search is at most {LONGEST} bytes long");
        return Err(QueryError { what, at: (LONGEST, text.len()) });
    }
    if let Some(at) = text.find(|c: char| c.is_control() && !c.is_whitespace()) {
        return Err(wrong((at, text.len()), "a search holds no control characters"));
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens, next: 0, now, order: None };
    let root = reader.either(0)?;
    if let Some((_, at)) = reader.tokens.get(reader.next) {
        return Err(wrong(*at, "this parenthesis closes none"));
    }
    let scope = if speaks_of_ended(&root) { Scope::All } else { Scope::Open };
    let order = reader.order.unwrap_or_default();
    let query = Query { root, order, scope };
    let order = if query.wants_ended() { order.with_ended() } else { order };
    Ok(Query { order, ..query })
}

fn wrong(at: (usize, usize), what: impl Into<String>) -> QueryError {
    QueryError { what: what.into(), at }
}

/// Whether some word asks for cases that may have ended: then no other is meant than the words say.
fn speaks_of_ended(expr: &Expr) -> bool {
    match expr {
        Expr::And(all) | Expr::Or(all) => all.iter().any(speaks_of_ended),
        Expr::Not(one) => speaks_of_ended(one),
        Expr::Word(Word::Is(State::Ended | State::Any) | Word::Case(_)) => true,
        Expr::Word(Word::Stage(stages)) => stages.iter().any(|stage: &Stage| !stage.is_open()),
        Expr::Word(_) => false,
    }
}

/// A token and which bytes it stands on.
type Placed<'a> = (Token<'a>, (usize, usize));

fn tokens(text: &str) -> Result<Vec<Placed<'_>>, QueryError> {
    let mut tokens = Vec::new();
    let mut rest = 0;
    while let Some(c) = text.get(rest..).and_then(|left| left.chars().next()) {
        let (token, end) = match c {
            _ if c.is_whitespace() => {
                rest += c.len_utf8();
                continue;
            }
            '(' => (Token::Open, rest + 1),
            ')' => (Token::Close, rest + 1),
            '-' => (Token::Minus, rest + 1),
            _ => word(text, rest)?,
        };
        tokens.push((token, (rest, end)));
        rest = end;
        if tokens.len() > WORDS {
            return Err(wrong((rest, text.len()), format!("a search has at most {WORDS} words")));
        }
    }
    Ok(tokens)
}

/// One word: up to the next blank or parenthesis that stands in no quotation marks.
fn word(text: &str, start: usize) -> Result<(Token<'_>, usize), QueryError> {
    let left = text.get(start..).unwrap_or_default();
    let mut within = false;
    let mut end = left.len();
    for (at, c) in left.char_indices() {
        match c {
            '"' => within = !within,
            _ if !within && (c.is_whitespace() || c == ')' || c == '(') => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let all = left.get(..end).unwrap_or_default();
    if within {
        return Err(wrong((start, start + end), "a quotation mark is missing at the end"));
    }
    let quoted =
        all.len() >= 2 && all.starts_with('"') && all.find('"') != all.rfind('"') && all.ends_with('"');
    let text = if quoted { all.trim_matches('"') } else { all };
    Ok((Token::Word { text, quoted }, start + end))
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Placed<'a>> {
        self.tokens.get(self.next).copied()
    }

    /// `a b or c d`: either `a b` or `c d`.
    fn either(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut any = vec![self.all(depth)?];
        while let Some((token, at)) = self.peek().filter(|(token, _)| is_bare(*token, "or")) {
            debug_assert!(is_bare(token, "or"));
            self.next += 1;
            let before_is_empty = matches!(any.last(), Some(Expr::And(all)) if all.is_empty());
            let after = self.all(depth)?;
            if before_is_empty || matches!(&after, Expr::And(all) if all.is_empty()) {
                return Err(wrong(at, "\"or\" stands between two words"));
            }
            any.push(after);
        }
        Ok(match any.len() {
            1 => any.pop().unwrap_or(Expr::And(Vec::new())),
            _ => Expr::Or(any),
        })
    }

    fn all(&mut self, depth: usize) -> Result<Expr, QueryError> {
        let mut all = Vec::new();
        while let Some((token, _)) = self.peek() {
            if token == Token::Close || is_bare(token, "or") {
                break;
            }
            if is_bare(token, "and") {
                self.next += 1;
                continue;
            }
            all.extend(self.one(depth)?);
        }
        Ok(Expr::And(all))
    }

    /// One word, or what stands in parentheses. None where it only says how to sort.
    fn one(&mut self, depth: usize) -> Result<Option<Expr>, QueryError> {
        let Some((token, at)) = self.peek() else { return Err(wrong((0, 0), "a word is missing")) };
        self.next += 1;
        let turned = token == Token::Minus || is_bare(token, "not");
        if depth >= DEPTH && (turned || token == Token::Open) {
            return Err(wrong(at, format!("parentheses and \"not\" stand at most {DEPTH} deep")));
        }
        match token {
            _ if turned => {
                let stands =
                    self.peek().is_some_and(|(next, _)| next != Token::Close && !is_bare(next, "or"));
                let inner = if stands { self.one(depth + 1)? } else { None };
                let inner = inner.ok_or_else(|| wrong(at, "\"not\" and \"-\" stand before a word"))?;
                Ok(Some(Expr::Not(Box::new(inner))))
            }
            Token::Open => {
                let inner = self.either(depth + 1)?;
                match self.peek() {
                    Some((Token::Close, _)) => self.next += 1,
                    _ => return Err(wrong(at, "this parenthesis is never closed")),
                }
                if inner == Expr::And(Vec::new()) {
                    return Err(wrong(at, "there is nothing in these parentheses"));
                }
                Ok(Some(inner))
            }
            Token::Word { text, quoted: true } => Ok(Some(Expr::Word(Word::Text(text.to_lowercase())))),
            Token::Word { text, .. } => self.word(text, at),
            Token::Close | Token::Minus => Err(wrong(at, "a word is missing here")),
        }
    }

    fn word(&mut self, text: &str, at: (usize, usize)) -> Result<Option<Expr>, QueryError> {
        if let Some(word) = value::address_or_case(text) {
            return Ok(Some(Expr::Word(word)));
        }
        let Some((name, sign, value)) = split(text) else {
            return Ok(Some(Expr::Word(Word::Text(text.replace('"', "").to_lowercase()))));
        };
        let value = value.replace('"', "");
        if name == "sort" {
            if self.order.is_some() {
                return Err(wrong(at, "a list is sorted one way: \"sort\" stands once"));
            }
            self.order = Some(sort(&value).map_err(|what| wrong(at, what))?);
            return Ok(None);
        }
        if value.is_empty() {
            return Err(wrong(at, format!("{name}: what is looked for is missing after it")));
        }
        value::word(name, sign, &value, self.now)
            .map(|word| Some(Expr::Word(word)))
            .map_err(|what| wrong(at, what))
    }
}

fn is_bare(token: Token<'_>, name: &str) -> bool {
    matches!(token, Token::Word { text, quoted: false } if text.eq_ignore_ascii_case(name))
}

/// `harm>=7` in three: a field's name, the sign behind it, the rest. None where no name stands before a sign.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.find([':', '<', '>', '='])?;
    let (name, rest) = text.split_at_checked(end)?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return None;
    }
    let sign = ["<=", ">=", ":", "<", ">", "="].into_iter().find(|sign| rest.starts_with(sign))?;
    Some((name, sign, rest.strip_prefix(sign)?))
}

fn sort(value: &str) -> Result<Order, String> {
    let (reverse, name) = match value.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, value),
    };
    let by = match name {
        "clock" => By::Clock,
        "opened" => By::Opened,
        "updated" => By::Updated,
        "harm" => By::Harm,
        "sightings" => By::Sightings,
        _ => return Err(unknown("nothing to sort by", name, SORTS)),
    };
    Ok(Order { by, reverse })
}

/// `"stge" is no field of a search; did you mean "stage"?`, or what there is.
pub(super) fn unknown<'n>(is: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known.iter().map(|one| (strsim::damerau_levenshtein(one, name), *one)).min();
    let shown: String = name.chars().take(40).collect();
    match near {
        Some((far, near)) if far <= 2 && far < near.len() => {
            format!("{shown:?} is {is}; did you mean {near:?}?")
        }
        _ => format!("{shown:?} is {is}; there are {}", known.join(", ")),
    }
}

/// The names of all fields.
pub(super) fn fields() -> impl Iterator<Item = &'static str> {
    SEARCH_WORDS.iter().map(|(name, _, _)| *name).chain(["sort"])
}
