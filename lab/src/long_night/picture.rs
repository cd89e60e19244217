//! Two nights in one picture: complaints by the hour in which they came, of a desk that answers in minutes and of one that
//! answers in hours.

use std::fmt::Write as _;

use super::world::Passed;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 44.0;
const TOP: f64 = 64.0;

/// Complaints that had come by the end of each hour.
fn so_far(night: &Passed) -> Vec<usize> {
    let hours = usize::try_from(night.plan.hours).unwrap_or(0);
    let mut by_hour = vec![0; hours];
    let of_all = night.infections.iter().filter(|one| one.spams()).flat_map(|one| &one.complaints);
    for spam in of_all {
        let hour = spam.duration_since(night.begin).as_secs().div_euclid(3600);
        if let Some(count) = usize::try_from(hour).ok().and_then(|hour| by_hour.get_mut(hour)) {
            *count += 1;
        }
    }
    by_hour
        .iter()
        .scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        })
        .collect()
}

/// The picture, for light and dark pages.
pub(super) fn draw(quick: &Passed, slow: &Passed) -> String {
    let (of_quick, of_slow) = (so_far(quick), so_far(slow));
    let most = of_slow.iter().chain(&of_quick).copied().max().unwrap_or(1).max(1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"t\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <title id=\"t\">Complaints drawn in one night: {:.1} per line where blocks wait ten minutes for a person, {:.1} where they wait ten hours</title>\n\
         <style>text{{fill:#222}}.grid{{stroke:#ccc}}@media(prefers-color-scheme:dark){{text{{fill:#ddd}}.grid{{stroke:#444}}}}</style>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"16\">Complaints that one night of spam drew, by the hour of the spam</text>\n",
        quick.complaints_per_incident(),
        slow.complaints_per_incident(),
    );
    let hours = of_quick.len().max(2);
    let x = |hour: usize| LEFT + (WIDTH - LEFT - 150.0) * ratio(hour, hours - 1);
    let y = |count: usize| HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * ratio(count, most);
    for quarter in 0..=4 {
        let count = most * quarter / 4;
        let at = y(count);
        let (right, label) = (x(hours - 1), LEFT - 8.0);
        _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{label}\" y=\"{:.1}\" text-anchor=\"end\">{count}</text>",
            at + 4.0
        );
    }
    for hour in (0..hours).step_by(4) {
        _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{hour:02}:00</text>",
            x(hour),
            HEIGHT - BOTTOM + 20.0
        );
    }
    let ends = [(&of_slow, "#b3261e", "10 hours", slow), (&of_quick, "#1f7a3d", "10 minutes", quick)];
    for (counts, colour, name, night) in ends {
        let points: Vec<String> = counts
            .iter()
            .enumerate()
            .map(|(hour, count)| format!("{:.1},{:.1}", x(hour), y(*count)))
            .collect();
        let last = counts.last().copied().unwrap_or(0);
        _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" points=\"{}\"/>",
            points.join(" ")
        );
        _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{name}: {last}</text>", x(hours - 1) + 8.0, y(last));
        _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{:.1} per line</text>",
            x(hours - 1) + 8.0,
            y(last) + 16.0,
            night.complaints_per_incident()
        );
    }
    _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"44\">{} infected lines of {}, the same in both; a block waits for a person who answers after</text>\n</svg>",
        quick.plan.infections, quick.plan.lines
    );
    svg
}

fn ratio(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap_or(u32::MAX))
        / f64::from(u32::try_from(whole.max(1)).unwrap_or(u32::MAX))
}
