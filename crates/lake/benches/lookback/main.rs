//! How long the lake takes to look back at a day of more than 20 million flows, beside `nfdump` on the same flows and DuckDB
//! on the same Parquet, all in one run.
//!
//! `cargo xtask bench flow/lookback` makes the day with `lab generate` from a fixed seed, as a file of IPFIX messages, and
//! names it in `NIGHTDESK_DAY`; `NIGHTDESK_DUCKDB` is a folder of Python modules with DuckDB. What is made of the day, the lake's folder
//! and nfcapd's files of an hour each, stays beside it, so that a second run only asks.
//!
//! Every question is asked three times of everybody and the quickest counts: all files are in the page cache by then. Each
//! must find as many flows as the others do. `nfdump` is asked for no more than to print what its filter finds; what is
//! built from that (who, which port, since when) the lake does within its time.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod day;
mod duckdb;
mod error;
mod nfdump;
mod ours;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use error::{Outcome, wrong};

/// Rounds, of which the quickest counts.
const ROUNDS: usize = 3;

/// A question's answer is checked by one number that everybody must find, and told with how long it took.
#[derive(Debug, Clone, Copy)]
struct Asked {
    took: Duration,
    found: u64,
}

/// Asks so often and keeps the quickest.
fn quickest(mut ask: impl FnMut() -> Outcome<u64>) -> Outcome<Asked> {
    let mut best: Option<Asked> = None;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let found = ask()?;
        let asked = Asked { took: begun.elapsed(), found };
        best = Some(best.map_or(asked, |best| if asked.took < best.took { asked } else { best }));
    }
    best.ok_or_else(|| wrong("nothing was asked"))
}

fn main() -> Outcome<()> {
    let Some(day) = std::env::var_os("NIGHTDESK_DAY").map(PathBuf::from) else {
        println!("lookback: `cargo xtask bench flow/lookback` makes the day that is looked back at");
        return Ok(());
    };
    let modules = std::env::var_os("NIGHTDESK_DUCKDB").ok_or_else(|| wrong("NIGHTDESK_DUCKDB is not set"))?;
    let stock = day::Stock::of(&day)?;
    stock.describe();
    let mut ours = ours::Ours::open(stock.lake())?;
    let questions = ours.questions()?;
    let mut duckdb = duckdb::DuckDb::start(&modules, stock.lake())?;
    println!(
        "{:<34}{:>10}{:>13}{:>11}{:>11}{:>11}{:>11}",
        "seconds, the quickest of three", "found", "nightdesk", "nfdump", "DuckDB", "nfdump", "DuckDB"
    );
    for question in &questions {
        let mine = quickest(|| ours.ask(question))?;
        let nfdump = quickest(|| nfdump::ask(stock.nfdump(), question))?;
        let duck = duckdb.ask(question)?;
        if mine.found != nfdump.found || mine.found != duck.found {
            return Err(wrong(format!(
                "{}: the lake finds {}, nfdump {} and DuckDB {}",
                question.name, mine.found, nfdump.found, duck.found
            )));
        }
        let ratio = |other: Asked| format!("{:.1} x", other.took.as_secs_f64() / mine.took.as_secs_f64());
        println!(
            "{:<34}{:>10}{:>13.4}{:>11.3}{:>11.4}{:>11}{:>11}",
            question.name,
            mine.found,
            mine.took.as_secs_f64(),
            nfdump.took.as_secs_f64(),
            duck.took.as_secs_f64(),
            ratio(nfdump),
            ratio(duck)
        );
    }
    Ok(())
}
