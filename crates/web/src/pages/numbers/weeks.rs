//! Complaints per proved line, week by week: what a quick desk makes small.

use case::{Figures, Incidents};

/// The most weeks that are drawn, newest last.
const WEEKS: usize = 26;
/// The foot of the bars, how high the highest is, and the width of a week with its gap.
const FOOT: i64 = 104;
const HEIGHT: i64 = 90;
const WIDTH: usize = 24;

/// The picture.
pub(crate) struct WeekPlot {
    pub(crate) all: Share,
    pub(crate) width: usize,
    pub(crate) weeks: Vec<Week>,
}

/// Proved lines of a time and their complaints.
pub(crate) struct Share {
    pub(crate) cases: usize,
    pub(crate) incidents: usize,
    pub(crate) complaints: u64,
    pub(crate) after: u64,
    pub(crate) unreported: usize,
    pub(crate) reopened: usize,
    pub(crate) p50: String,
    pub(crate) p95: String,
    pub(crate) p99: String,
}

/// One week.
pub(crate) struct Week {
    pub(crate) from: String,
    pub(crate) label: Option<String>,
    pub(crate) x: usize,
    pub(crate) y95: i64,
    pub(crate) height95: i64,
    pub(crate) y50: i64,
    pub(crate) height50: i64,
    pub(crate) share: Share,
}

impl WeekPlot {
    pub(crate) fn of(figures: &Figures) -> WeekPlot {
        let first = figures.weeks.len().saturating_sub(WEEKS);
        let drawn = figures.weeks.get(first..).unwrap_or_default();
        let most = drawn.iter().filter_map(|week| week.incidents.p95).max().unwrap_or(0);
        let height = |count: Option<i64>| match (count.unwrap_or(0) * HEIGHT).checked_div(most) {
            Some(0) if count > Some(0) => 1,
            Some(height) => height,
            None => 0,
        };
        let week = |(place, week): (usize, &case::WeekFigures)| {
            let (height50, height95) = (height(week.incidents.p50), height(week.incidents.p95));
            Week {
                from: week.from.strftime("%Y-%m-%d").to_string(),
                // Every other name, or they would run into each other.
                label: (place % 2 == 0).then(|| week.from.strftime("%m-%d").to_string()),
                x: place * WIDTH,
                y95: FOOT - height95,
                height95,
                y50: FOOT - height50,
                height50,
                share: share(week.cases, &week.incidents),
            }
        };
        WeekPlot {
            all: share(figures.cases, &figures.incidents),
            width: WEEKS * WIDTH,
            weeks: drawn.iter().enumerate().map(week).collect(),
        }
    }
}

fn share(cases: usize, of: &Incidents) -> Share {
    let figure = |figure: Option<i64>| figure.map_or_else(|| "–".to_owned(), |figure| figure.to_string());
    Share {
        cases,
        incidents: of.incidents,
        complaints: of.complaints,
        after: of.after_containment,
        unreported: of.unreported,
        reopened: of.reopened,
        p50: figure(of.p50),
        p95: figure(of.p95),
        p99: figure(of.p99),
    }
}
