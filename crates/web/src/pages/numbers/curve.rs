//! Which share of proved lines is clean after how many days, with natural clean-up beside it.

use case::Curve;
use desk::NumbersView;

/// The days that are drawn, and the drawing's units for a day and for a hundredth.
const DAYS: i64 = 30;
const DAY: f64 = 20.0;
const PERCENT: f64 = 1.6;
/// The top of the drawing: room for a line of text.
const TOP: f64 = 10.0;
const DAY_SECONDS: f64 = 86_400.0;
/// The days that stand in the table.
const ROWS: [i64; 8] = [1, 2, 3, 5, 7, 14, 21, 30];

/// The picture.
pub(crate) struct CurvePlot {
    pub(crate) watched: usize,
    pub(crate) cleaned: usize,
    pub(crate) left_alone: usize,
    pub(crate) left_alone_cleaned: usize,
    /// The path of an SVG; empty where nobody was watched.
    pub(crate) ours: String,
    pub(crate) alone: String,
    pub(crate) published: Vec<Mark>,
    /// Day, ours, left alone.
    pub(crate) rows: Vec<(i64, String, String)>,
}

/// What others found.
pub(crate) struct Mark {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) height: f64,
    pub(crate) share: String,
    pub(crate) days: u32,
    pub(crate) of: &'static str,
    pub(crate) source: &'static str,
}

impl CurvePlot {
    pub(crate) fn of(view: &NumbersView) -> CurvePlot {
        let (ours, alone) = (&view.figures.clean, &view.figures.left_alone);
        let share = |curve: &Curve, day: i64| match curve.watched {
            0 => "–".to_owned(),
            _ => format!("{:.0} %", curve.at(day.saturating_mul(86_400)) * 100.0),
        };
        CurvePlot {
            watched: ours.watched,
            cleaned: ours.cleaned,
            left_alone: alone.watched,
            left_alone_cleaned: alone.cleaned,
            ours: path(ours),
            alone: path(alone),
            published: view.natural.iter().map(mark).collect(),
            rows: ROWS.into_iter().map(|day| (day, share(ours, day), share(alone, day))).collect(),
        }
    }
}

fn height(share: f64) -> f64 {
    TOP + (1.0 - share) * 100.0 * PERCENT
}

/// A stair from nobody to whoever is clean at the last day drawn.
fn path(curve: &Curve) -> String {
    if curve.watched == 0 {
        return String::new();
    }
    let mut path = format!("M0 {:.1}", height(0.0));
    for (seconds, share) in curve.steps.iter().filter(|(seconds, _)| *seconds <= DAYS * 86_400) {
        let x = *seconds as f64 / DAY_SECONDS * DAY;
        path.push_str(&format!("H{x:.1}V{:.1}", height(*share)));
    }
    path.push_str(&format!("H{:.1}", DAYS as f64 * DAY));
    path
}

fn mark(one: &case::Published) -> Mark {
    let share = match one.least == one.most {
        true => format!("{} %", one.least),
        false => format!("{} to {} %", one.least, one.most),
    };
    let (top, foot) = (height(f64::from(one.most) / 100.0), height(f64::from(one.least) / 100.0));
    Mark {
        x: f64::from(one.days) * DAY - 3.0,
        y: top - 2.0,
        height: foot - top + 4.0,
        share,
        days: one.days,
        of: one.of,
        source: one.source,
    }
}

#[cfg(test)]
mod tests {
    use case::Observed;

    use super::*;

    #[test]
    fn the_line_climbs_where_somebody_became_clean_and_goes_on_to_the_edge() {
        let day = |day: i64, cleaned| Observed { seconds: day * 86_400, cleaned };
        let curve: Curve = [day(2, true), day(4, false), day(40, true)].into_iter().collect();
        let at_third = height(1.0 / 3.0);
        assert_eq!(path(&curve), format!("M0 {:.1}H40.0V{at_third:.1}H600.0", height(0.0)));
        assert_eq!(path(&Curve::default()), "");
    }
}
