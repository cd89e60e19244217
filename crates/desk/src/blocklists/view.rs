//! How we stand, as pages and tables show it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use store::{AskedFor, Look, LookDay, Store};

use crate::error::{DeskError, Doing};

/// The days of the trend.
const DAYS: i64 = 90;
/// How many listed addresses of one list are shown.
const LISTED: usize = 500;
/// The most rows of one day that are read.
const ROWS: u32 = 200_000;

/// How we stand with one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlocklistView {
    /// The list's domain.
    pub zone: String,
    /// What the configuration says of it.
    pub note: String,
    /// Whether it works as a list today; none while that is not known.
    pub works: Option<bool>,
    /// Why not.
    pub trouble: String,
    /// The last days, oldest first; days on which nothing was asked are missing.
    pub days: Vec<ListDay>,
    /// Whom it lists today, the addresses of open cases first.
    pub listed: Vec<Listed>,
}

/// One day of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListDay {
    /// Its beginning, UTC.
    pub day: Timestamp,
    /// Addresses picked of our prefixes that it was asked about.
    pub sample: u64,
    /// How many of them it lists.
    pub sample_listed: u64,
    /// Addresses of open cases.
    pub cases: u64,
    /// How many of them it lists.
    pub cases_listed: u64,
}

/// An address of ours that a list has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Which.
    pub address: IpAddr,
    /// Whether an open case speaks of it.
    pub of_case: bool,
    /// The list's codes and words.
    pub said: String,
}

/// How we stand with these lists, each with its note, at `now`.
pub(crate) async fn blocklists(
    store: &Store,
    lists: &[(String, String)],
    now: Timestamp,
) -> Result<Vec<BlocklistView>, DeskError> {
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let from = now.saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MIN);
    let days = store.look_days(from).await.doing("read what blocklists said")?;
    let today = store.looks_of_day(now, ROWS).await.doing("read what blocklists say")?;
    Ok(lists.iter().map(|(zone, note)| view(zone, note, &days, &today)).collect())
}

fn view(zone: &str, note: &str, days: &[LookDay], today: &[Look]) -> BlocklistView {
    let ours = || today.iter().filter(|look| look.zone == zone);
    let list = ours().find(|look| look.asked_for == AskedFor::List);
    let mut listed: Vec<Listed> = ours()
        .filter(|look| look.listed)
        .filter_map(|look| {
            let of_case = look.asked_for == AskedFor::Case;
            Some(Listed { address: look.address?, of_case, said: look.said.clone() })
        })
        .collect();
    listed.sort_by_key(|one| (!one.of_case, one.address));
    listed.truncate(LISTED);
    BlocklistView {
        zone: zone.to_owned(),
        note: note.to_owned(),
        works: list.map(|look| look.listed),
        trouble: list.filter(|look| !look.listed).map(|look| look.said.clone()).unwrap_or_default(),
        days: by_day(days.iter().filter(|day| day.zone == zone)),
        listed,
    }
}

fn by_day<'a>(rows: impl Iterator<Item = &'a LookDay>) -> Vec<ListDay> {
    let mut days: Vec<ListDay> = Vec::new();
    for row in rows.filter(|row| row.asked_for != AskedFor::List) {
        if days.last().is_none_or(|last| last.day != row.day) {
            days.push(ListDay { day: row.day, sample: 0, sample_listed: 0, cases: 0, cases_listed: 0 });
        }
        let Some(day) = days.last_mut() else { continue };
        match row.asked_for {
            AskedFor::Sample => (day.sample, day.sample_listed) = (row.asked, row.listed),
            AskedFor::Case => (day.cases, day.cases_listed) = (row.asked, row.listed),
            AskedFor::List => {}
        }
    }
    days
}
