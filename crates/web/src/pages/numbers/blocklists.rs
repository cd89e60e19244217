//! How our prefixes stand with blocklists, as a trend of each list.

use desk::{BlocklistView, ListDay};

use crate::words;

/// The drawing: how many days, a step for each, and the height of the highest share.
const DAYS: usize = 90;
const STEP: usize = 6;
const HEIGHT: u64 = 60;

/// One list.
pub(crate) struct ListPlot {
    pub(crate) zone: String,
    pub(crate) note: String,
    /// In words, whether it works and how we stand with it.
    pub(crate) said: String,
    pub(crate) bad: bool,
    pub(crate) width: usize,
    pub(crate) days: Vec<Day>,
    /// The highest share drawn, in words.
    pub(crate) most: String,
    pub(crate) listed: Vec<(String, bool, String)>,
}

/// One day.
pub(crate) struct Day {
    pub(crate) x: usize,
    pub(crate) sample_y: u64,
    pub(crate) sample_height: u64,
    pub(crate) cases_y: u64,
    pub(crate) cases_height: u64,
    pub(crate) name: String,
    pub(crate) figures: ListDay,
}

impl ListPlot {
    pub(crate) fn of(list: &BlocklistView) -> ListPlot {
        let drawn = list.days.get(list.days.len().saturating_sub(DAYS)..).unwrap_or_default();
        let ratio = |day: &ListDay| {
            permille(day.sample_listed, day.sample).max(permille(day.cases_listed, day.cases))
        };
        // At least a tenth, so that one address of thousands does not look like all of them.
        let most = drawn.iter().map(ratio).max().unwrap_or(0).max(100);
        ListPlot {
            zone: words::plain(&list.zone),
            note: words::plain(&list.note),
            said: said(list),
            bad: list.works == Some(false),
            width: DAYS * STEP,
            days: drawn.iter().enumerate().map(|(place, day)| bar(place, day, most)).collect(),
            most: format!("{} %", most / 10),
            listed: list
                .listed
                .iter()
                .map(|one| (one.address.to_string(), one.of_case, words::plain(&one.said)))
                .collect(),
        }
    }
}

fn permille(part: u64, of: u64) -> u64 {
    part.saturating_mul(1000).checked_div(of).unwrap_or(0)
}

fn bar(place: usize, day: &ListDay, most: u64) -> Day {
    let height = |listed: u64, asked: u64| match permille(listed, asked) * HEIGHT / most {
        0 if listed > 0 => 1,
        height => height,
    };
    let sample_height = height(day.sample_listed, day.sample);
    let cases_height = height(day.cases_listed, day.cases);
    Day {
        x: place * STEP,
        sample_y: HEIGHT - sample_height,
        sample_height,
        cases_y: HEIGHT - cases_height,
        cases_height,
        name: day.day.strftime("%Y-%m-%d").to_string(),
        figures: *day,
    }
}

fn said(list: &BlocklistView) -> String {
    if list.works == Some(false) {
        return format!("Not believed today: {}", words::sentence(&words::plain(&list.trouble)));
    }
    let Some(day) = list.days.last() else { return "Not asked yet.".to_owned() };
    format!(
        "On {} it lists {} of {} addresses picked of our prefixes, and {} of {} of open cases.",
        day.day.strftime("%Y-%m-%d"),
        day.sample_listed,
        day.sample,
        day.cases_listed,
        day.cases
    )
}
