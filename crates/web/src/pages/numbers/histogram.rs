//! One clock: bars from a minute to a month, and its percentiles in words.

use case::{BOUNDS, ClockFigures};
use jiff::SignedDuration;

use crate::words;

/// The height of the highest bar, and the width of one with its gap, in units of the drawing.
const HEIGHT: u64 = 70;
const WIDTH: usize = 40;

/// The picture of a clock.
pub(crate) struct Histogram {
    pub(crate) name: &'static str,
    pub(crate) measures: String,
    pub(crate) ended: usize,
    pub(crate) waiting: usize,
    pub(crate) p50: String,
    pub(crate) p95: String,
    pub(crate) p99: String,
    /// The 95th without pauses, where that is another one.
    pub(crate) unpaused: Option<String>,
    pub(crate) bars: Vec<Bar>,
}

/// One bar.
pub(crate) struct Bar {
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) height: u64,
    pub(crate) label: String,
    pub(crate) count: u64,
    /// Up to how long, in words.
    pub(crate) words: String,
}

impl Histogram {
    pub(crate) fn of(clock: &ClockFigures) -> Histogram {
        let most = clock.bars.iter().copied().max().unwrap_or(0);
        let bars = clock.bars.iter().enumerate().map(|(place, count)| bar(place, *count, most)).collect();
        let paused = clock.p95_unpaused != clock.p95;
        Histogram {
            name: title(clock.clock),
            measures: words::sentence(clock.measures),
            ended: clock.ended,
            waiting: clock.waiting,
            p50: took(clock.p50),
            p95: took(clock.p95),
            p99: took(clock.p99),
            unpaused: paused.then(|| took(clock.p95_unpaused)),
            bars,
        }
    }
}

fn bar(place: usize, count: u64, most: u64) -> Bar {
    let height = match count.saturating_mul(HEIGHT).checked_div(most) {
        Some(0) if count > 0 => 1,
        Some(height) => height,
        None => 0,
    };
    let bound = BOUNDS.get(place).map(|seconds| words::span(SignedDuration::from_secs(*seconds)));
    Bar {
        x: place * WIDTH,
        y: HEIGHT.saturating_sub(height) + 14,
        height,
        label: bound.clone().unwrap_or_else(|| "more".to_owned()),
        count,
        words: bound.map_or_else(|| "more than 30 d".to_owned(), |bound| format!("up to {bound}")),
    }
}

fn title(clock: case::Interval) -> &'static str {
    match clock {
        case::Interval::Notice => "To notice",
        case::Interval::Acknowledge => "To acknowledge",
        case::Interval::Confirm => "To prove",
        case::Interval::Tell => "To tell",
        case::Interval::Contain => "To contain",
        case::Interval::Clean => "To clean",
    }
}

fn took(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |seconds| words::span(SignedDuration::from_secs(seconds)))
}
