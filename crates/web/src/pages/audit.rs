//! Who did what, why and until when, with what the log's hash chain says.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use desk::{ChainView, DEEDS_PER_PAGE, DeedFilter, DeedView};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::App;
use crate::pages::rows::When;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::{Operator, Visitor};
use crate::words;

/// The most rows a CSV holds; `nightdesk audit` prints them all.
const CSV_ROWS: usize = 50_000;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    chrome: Chrome,
    asked: Asked,
    chain: Option<Chain>,
    rows: Vec<Row>,
    older: Option<String>,
    csv: String,
}

/// What the last walk found.
struct Chain {
    at: When,
    entries: u64,
    head: String,
    broken: Option<String>,
}

/// One deed.
struct Row {
    seq: u64,
    at: When,
    who: String,
    deed: String,
    about: String,
    case: Option<String>,
    title: String,
    why: String,
    until: Option<When>,
    sound: bool,
}

/// What is asked for; empty is any.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    who: String,
    #[serde(default)]
    deed: String,
    #[serde(default)]
    about: String,
    /// A day, or a moment.
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    before: String,
}

impl Asked {
    /// As the desk takes it.
    pub(crate) fn filter(&self) -> Result<DeedFilter, Trouble> {
        let word = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(DeedFilter {
            who: word(&self.who),
            deed: word(&self.deed),
            about: word(&self.about),
            since: moment(&self.since)?,
            until: moment(&self.until)?,
        })
    }

    /// Below which entry.
    pub(crate) fn before(&self) -> Result<Option<u64>, Trouble> {
        let text = self.before.trim();
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| Trouble::Misread(format!("{text:?} is no number of an entry")))
    }

    fn query(&self, before: Option<u64>) -> String {
        let fields = [
            ("who", &self.who),
            ("deed", &self.deed),
            ("about", &self.about),
            ("since", &self.since),
            ("until", &self.until),
        ];
        let mut parts: Vec<String> = fields
            .iter()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(name, text)| format!("{name}={}", words::for_query(text.trim())))
            .collect();
        parts.extend(before.map(|seq| format!("before={seq}")));
        parts.join("&")
    }
}

/// A moment as people write it: a day is its beginning, UTC.
pub(crate) fn moment(text: &str) -> Result<Option<Timestamp>, Trouble> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = || format!("{}T00:00:00Z", text.parse::<Date>().ok()?).parse().ok();
    let read = text.parse().ok().or_else(day);
    read.map(Some).ok_or_else(|| {
        Trouble::Misread(format!("{text:?} is no day (2026-11-26) and no moment (2026-11-26T03:00:00Z)"))
    })
}

/// `GET /audit`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Operator(operator): Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let now = app.office.now();
    let deeds = app.doorkeeper.deeds(&asked.filter()?, asked.before()?, &operator).await?;
    let full = deeds.len() >= DEEDS_PER_PAGE as usize;
    let last = deeds.last().map(|deed| deed.seq).filter(|_| full);
    let page = AuditPage {
        chrome: Chrome::of(&visitor, "audit"),
        chain: app.doorkeeper.chain().map(|chain| chain_row(&chain, now)),
        rows: deeds.iter().map(|deed| row(deed, now)).collect(),
        older: last.map(|seq| format!("/audit?{}", asked.query(Some(seq)))),
        csv: format!("/audit.csv?{}", asked.query(None)),
        asked,
    };
    draw(StatusCode::OK, &page)
}

fn chain_row(chain: &ChainView, now: Timestamp) -> Chain {
    Chain {
        at: When::new(now, chain.at),
        entries: chain.entries,
        head: chain.head.clone(),
        broken: chain.broken.as_deref().map(words::plain),
    }
}

fn row(deed: &DeedView, now: Timestamp) -> Row {
    let title = deed.detail.get("title").and_then(|title| title.as_str()).unwrap_or_default();
    Row {
        seq: deed.seq,
        at: When::new(now, deed.at),
        who: words::plain(&deed.who),
        deed: words::plain(&deed.deed),
        case: deed.about.parse::<case::CaseId>().ok().map(|id| id.to_string()),
        about: words::plain(&deed.about),
        title: words::plain(title),
        why: words::plain(&deed.why),
        until: deed.until.map(|at| When::new(now, at)),
        sound: deed.sound,
    }
}

/// `POST /audit/walk`.
pub(crate) async fn walk(State(app): State<App>, Operator(operator): Operator) -> Result<Response, Trouble> {
    app.doorkeeper.walk_log(&operator).await?;
    Ok(Redirect::to("/audit").into_response())
}

/// `GET /audit.csv`: the same as a table for other programs.
pub(crate) async fn csv(
    State(app): State<App>,
    Operator(operator): Operator,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let filter = asked.filter()?;
    let mut before = asked.before()?;
    let mut text = String::from("entry,at,who,deed,about,why,until,sound\r\n");
    let mut rows = 0;
    loop {
        let deeds = app.doorkeeper.deeds(&filter, before, &operator).await?;
        deeds.iter().for_each(|deed| text.push_str(&line(deed)));
        rows += deeds.len();
        before = deeds.last().map(|deed| deed.seq);
        if deeds.len() < DEEDS_PER_PAGE as usize || rows >= CSV_ROWS {
            break;
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, text).into_response())
}

fn line(deed: &DeedView) -> String {
    let until = deed.until.map(words::machine).unwrap_or_default();
    let cells = [
        deed.seq.to_string(),
        words::machine(deed.at),
        cell(&deed.who),
        cell(&deed.deed),
        cell(&deed.about),
        cell(&deed.why),
        until,
        deed.sound.to_string(),
    ];
    format!("{}\r\n", cells.join(","))
}

/// A cell as text, whatever a spreadsheet would make of its beginning (OWASP, *CSV Injection*); quoted as of RFC 4180.
fn cell(text: &str) -> String {
    let text = words::plain(text);
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if runs { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_a_quote_stays_inside() {
        assert_eq!(cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
        assert_eq!(cell("owner called, line ok"), "\"owner called, line ok\"");
        for start in ["+1", "-1", "@x"] {
            assert!(cell(start).starts_with("\"'"), "{start}");
        }
    }

    #[test]
    fn a_day_and_a_moment_are_read_and_anything_else_says_so() {
        assert_eq!(moment("2026-11-26").unwrap(), "2026-11-26T00:00:00Z".parse().ok());
        assert_eq!(moment("2026-11-26T03:00:00Z").unwrap(), "2026-11-26T03:00:00Z".parse().ok());
        assert_eq!(moment("").unwrap(), None);
        assert!(moment("yesterday").unwrap_err().to_string().contains("2026-11-26"));
    }
}
