//! How much is going on in the traffic: the front page's part of it.

use desk::{ListenerView, TrafficView};
use jiff::{SignedDuration, Timestamp};

use crate::pages::rows::When;
use crate::words;

/// The height of the drawing in its own units.
const PLOT_HEIGHT: u64 = 40;
/// An exporter that was not heard for so long is taken to be silent: the usual active timeouts are below half of it.
const SILENT: SignedDuration = SignedDuration::from_mins(10);

/// The traffic in words and figures.
pub(crate) struct TrafficPart {
    pub(crate) per_second: String,
    pub(crate) lines: String,
    pub(crate) since: When,
    pub(crate) learning: Option<When>,
    pub(crate) signs: Vec<(&'static str, u64)>,
    pub(crate) signs_from: When,
    /// What is wrong and what it means, each a sentence.
    pub(crate) troubles: Vec<String>,
    pub(crate) listen: String,
    pub(crate) exporters: Vec<ExporterLine>,
    pub(crate) losses: Vec<(&'static str, u64)>,
    pub(crate) lost: u64,
    pub(crate) minutes: Vec<MinuteBar>,
    pub(crate) busiest: u64,
}

/// An exporter.
pub(crate) struct ExporterLine {
    pub(crate) address: String,
    pub(crate) flows: String,
    pub(crate) last: When,
    pub(crate) silent: bool,
    pub(crate) losses: String,
}

/// Minutes that the picture has room for; after a start most of it is empty.
const MINUTES: usize = 120;

/// A minute as a bar.
pub(crate) struct MinuteBar {
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) height: u64,
    pub(crate) sign_height: u64,
    pub(crate) at: String,
    pub(crate) machine: String,
    pub(crate) flows: u64,
    pub(crate) signs: u64,
}

impl TrafficPart {
    pub(crate) fn new(view: &TrafficView, now: Timestamp) -> TrafficPart {
        let before = MINUTES.saturating_sub(view.minutes.len());
        let busiest = view.minutes.iter().map(|minute| minute.flows).max().unwrap_or(0);
        let listener = &view.listener;
        TrafficPart {
            per_second: grouped(view.per_second),
            lines: grouped(view.lines),
            since: When::new(now, view.since),
            learning: view.learning_until.map(|until| When::new(now, until)),
            signs: view.signs.iter().filter(|one| one.today > 0).map(|one| (one.sign, one.today)).collect(),
            signs_from: When::new(now, view.today_from),
            troubles: troubles(view),
            listen: listener.listen.iter().map(|at| words::plain(at)).collect::<Vec<_>>().join(", "),
            exporters: exporters(listener, now),
            losses: losses(view).into_iter().filter(|(_, count)| *count > 0).collect(),
            lost: listener
                .losses()
                .saturating_add(view.flows_dropped)
                .saturating_add(listener.flows_not_kept),
            minutes: (before..).zip(&view.minutes).map(|(x, one)| bar(x, one, busiest)).collect(),
            busiest,
        }
    }
}

fn bar(x: usize, minute: &desk::TrafficMinute, busiest: u64) -> MinuteBar {
    let height = match minute.flows.saturating_mul(PLOT_HEIGHT).checked_div(busiest) {
        Some(0) if minute.flows > 0 => 1,
        Some(height) => height,
        None => 0,
    };
    MinuteBar {
        x,
        y: PLOT_HEIGHT.saturating_sub(height),
        height,
        sign_height: if minute.signs > 0 { PLOT_HEIGHT } else { 0 },
        at: words::stamp(minute.from),
        machine: words::machine(minute.from),
        flows: minute.flows,
        signs: minute.signs,
    }
}

/// What must be seen at once: a watcher that is gone, and flows that never reach one.
fn troubles(view: &TrafficView) -> Vec<String> {
    let mut found = Vec::new();
    if view.broken {
        found.push(
            "A watcher of the traffic broke off: its lines are not watched until nightdesk is started again."
                .to_owned(),
        );
    }
    if view.listener.kernel_drops > 0 {
        let count = grouped(view.listener.kernel_drops);
        found.push(format!("The kernel dropped {count} datagrams of exporters because the receive buffer was full: raise net.core.rmem_max."));
    }
    if view.flows_dropped > 0 {
        let count = grouped(view.flows_dropped);
        found.push(format!(
            "{count} flows were dropped because the watchers could not keep up: raise flows.threads."
        ));
    }
    if view.listener.flows_not_kept > 0 {
        let count = grouped(view.listener.flows_not_kept);
        found.push(format!(
            "{count} flows were watched and not kept because the disk is too slow or full: looking back will miss them."
        ));
    }
    found
}

/// Every loss by its name.
fn losses(view: &TrafficView) -> Vec<(&'static str, u64)> {
    let listener = &view.listener;
    vec![
        ("datagrams dropped by the kernel", listener.kernel_drops),
        ("flows without room in the desk", listener.flows_dropped),
        ("flows no watcher had room for", view.flows_dropped),
        ("flows watched and not kept on disk", listener.flows_not_kept),
        ("datagrams of exporters that are not configured", listener.strangers),
        ("datagrams of exporters beyond the limit", listener.exporters_refused),
        ("flows a day and more from the present", view.flows_out_of_time),
        ("flows that touch no home address", view.flows_foreign),
        ("lines given up for want of room", view.lines_given_up),
        ("signs not kept because their line had enough", view.signs_held_back),
        ("signs on addresses that no lease names", view.signs_unattributed),
    ]
}

fn exporters(listener: &ListenerView, now: Timestamp) -> Vec<ExporterLine> {
    let mut lines: Vec<ExporterLine> = Vec::new();
    for one in &listener.exporters {
        let last = one.last_heard.timestamp().unwrap_or(now);
        let lost = &one.losses;
        let named = [
            ("lost on the way", lost.sequence_lost),
            ("sets without a template", lost.no_template),
            ("sets that wait for a template", lost.waiting),
            ("flows of unknown sampling", lost.unknown_sampling),
            ("malformed sets", lost.malformed),
            ("datagrams of unknown version", lost.unknown_version),
            ("flows with wrong times", lost.bad_times),
            ("restarts", lost.restarts),
        ];
        let named = named.into_iter().filter(|(_, count)| *count > 0);
        let losses: Vec<String> = named.map(|(what, count)| format!("{} {what}", grouped(count))).collect();
        lines.push(ExporterLine {
            address: one.address.to_string(),
            flows: grouped(one.flows),
            silent: now.duration_since(last) > SILENT,
            last: When::new(now, last),
            losses: if losses.is_empty() { "none".to_owned() } else { losses.join(", ") },
        });
    }
    lines
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn figures_are_grouped_by_thousands() {
        let shown: Vec<String> = [0, 999, 1_000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
