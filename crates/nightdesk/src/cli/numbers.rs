//! How much, how fast.

use clap::Args;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::Shown;

#[derive(Debug, Args)]
pub(crate) struct Numbers {
    /// Which table, as --csv or --json want it; all of them in words, or as one JSON object, when not given.
    #[arg(value_name = "TABLE", value_parser = clap::builder::PossibleValuesParser::new(desk::TABLES))]
    pub(crate) table: Option<String>,
    /// Cases opened from this day or moment on, such as 2026-11-01; thirty days before the end when not given.
    #[arg(long, value_name = "TIME", value_parser = beginning)]
    pub(crate) from: Option<Timestamp>,
    /// Cases opened up to the end of this day, or before this moment; now when not given.
    #[arg(long, value_name = "TIME", value_parser = end)]
    pub(crate) to: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

fn beginning(text: &str) -> Result<Timestamp, String> {
    day(text).map_or_else(|| moment(text), Ok)
}

fn end(text: &str) -> Result<Timestamp, String> {
    match day(text) {
        Some(day) => Ok(day.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX)),
        None => moment(text),
    }
}

/// The beginning of a day, UTC.
fn day(text: &str) -> Option<Timestamp> {
    format!("{}T00:00:00Z", text.parse::<Date>().ok().filter(|_| text.len() == 10)?).parse().ok()
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is no day such as 2026-11-26 and no moment such as 2026-11-26T03:00:00Z")
    })
}
