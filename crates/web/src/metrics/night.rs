//! The night itself for a scraper: cases, clocks, what waits, and whether the edge is as planned.

use desk::{EdgeStatus, Gauges};

use super::Metrics;

/// Metrics of cases and clocks.
pub(super) fn of_cases(metrics: &mut Metrics, gauges: &Gauges) {
    let kinds = gauges.by_kind.iter();
    let kinds =
        kinds.map(|(stage, kind, count)| (vec![("stage", stage.name()), ("kind", kind.name())], count));
    metrics.all(
        "cases_by_kind",
        "gauge",
        "Open cases by stage and kind; a case of several kinds is counted under each.",
        kinds,
    );
    metrics.gauge("cases_overdue", "Open cases whose stage's clock has run out.", gauges.cases_overdue);
    metrics.gauge(
        "cases_unacknowledged",
        "Open cases that people were paged for and nobody has acted on.",
        gauges.unacknowledged,
    );
    of_clocks(metrics, gauges);
    of_blocklists(metrics, gauges);
}

/// Each clock as a histogram over what ended since the start.
fn of_clocks(metrics: &mut Metrics, gauges: &Gauges) {
    metrics.head(
        "clock_seconds",
        "histogram",
        "How long cases took, by clock: to notice, acknowledge, confirm, tell, contain and clean; of what ended since the start.",
    );
    for one in &gauges.clocks {
        let clock = ("clock", one.clock.name());
        for (bound, count) in &one.up_to {
            metrics.value("clock_seconds_bucket", &[clock, ("le", &bound.to_string())], count);
        }
        metrics.value("clock_seconds_bucket", &[clock, ("le", "+Inf")], one.count);
        metrics.value("clock_seconds_sum", &[clock], one.seconds);
        metrics.value("clock_seconds_count", &[clock], one.count);
    }
}

/// What blocklists say today.
fn of_blocklists(metrics: &mut Metrics, gauges: &Gauges) {
    if gauges.blocklists.is_empty() {
        return;
    }
    let works = gauges.blocklists.iter().filter(|one| one.of == "list");
    let works = works.map(|one| (vec![("list", one.zone.as_str())], u8::from(one.listed > 0)));
    metrics.all(
        "blocklist_works",
        "gauge",
        "1 when a blocklist answered today as a list does; otherwise nothing it says is believed.",
        works,
    );
    let addresses = || {
        let of_addresses = gauges.blocklists.iter().filter(|one| one.of != "list");
        of_addresses.map(|one| (vec![("list", one.zone.as_str()), ("of", one.of)], one))
    };
    let asked = addresses().map(|(labels, one)| (labels, one.asked));
    metrics.all(
        "blocklist_asked",
        "gauge",
        "Addresses of ours that a blocklist was asked about today: of open cases, or picked.",
        asked,
    );
    let listed = addresses().map(|(labels, one)| (labels, one.listed));
    metrics.all("blocklist_listed", "gauge", "How many of them it lists.", listed);
}

/// Metrics of what waits.
pub(super) fn of_work(metrics: &mut Metrics, gauges: &Gauges) {
    metrics.gauge("outbox_waiting", "Errands that are not done, due or not.", gauges.outbox.waiting);
    metrics.gauge("outbox_overdue", "Errands that should have been done by now.", gauges.outbox.overdue);
    metrics.gauge(
        "outbox_age_seconds",
        "For how long the oldest errand should have been done; 0 when none is overdue.",
        gauges.outbox_age,
    );
    metrics.gauge("pages_overdue", "Pages that should have gone out by now.", gauges.outbox.pages_overdue);
    metrics.gauge(
        "spool_readable",
        "1 when the spool of accepted mail can be looked at.",
        u8::from(gauges.spool.is_some()),
    );
    if let Some(spool) = gauges.spool {
        metrics.gauge("spool_waiting", "Accepted messages that are not in the log yet.", spool.waiting);
        metrics.gauge("spool_damaged", "Accepted messages that a person must look at.", spool.damaged);
        let free = f64::from(spool.free_percent) / 100.0;
        metrics.gauge(
            "spool_free_ratio",
            "Free share of the spool's file system; below 0.05 nothing is accepted.",
            free,
        );
        metrics.gauge(
            "spool_distrusted",
            "1 when nothing is accepted any more since an earlier write may not be on disk.",
            u8::from(spool.distrusted),
        );
    }
}

/// Metrics of the edge and of the list that guards it.
pub(super) fn of_edge(metrics: &mut Metrics, edge: &EdgeStatus) {
    metrics.gauge("blocks_in_force", "Blocks of ours that the edge shows.", edge.in_force.len());
    metrics.gauge("edge_as_planned", "1 when the edge equals the plan.", u8::from(edge.trouble.is_none()));
    metrics.gauge("blocks_unserved", "Planned blocks that no outlet can hold.", edge.unserved.len());
    metrics.gauge(
        "never_touch_readable",
        "1 when the never-touch list can be read; while it cannot, nothing new is blocked or probed.",
        u8::from(edge.stopped.is_none()),
    );
    let outlets = || edge.outlets.iter().map(|outlet| (vec![("outlet", outlet.name.as_str())], outlet));
    let planned = outlets().map(|(labels, outlet)| (labels, outlet.planned));
    metrics.all("outlet_planned", "gauge", "Rules an outlet is to hold.", planned);
    let refused = outlets().map(|(labels, outlet)| (labels, outlet.refused.len()));
    metrics.all("outlet_refused", "gauge", "Rules an outlet was to hold and does not.", refused);
    let by_hand = outlets().map(|(labels, outlet)| (labels, outlet.by_hand.len()));
    metrics.all("outlet_by_hand", "gauge", "What another hand has done at an outlet.", by_hand);
    let works = outlets().map(|(labels, outlet)| (labels, u8::from(outlet.failing_since.is_none())));
    metrics.all("outlet_works", "gauge", "1 when the last round at an outlet did not fail.", works);
    let read = outlets().filter_map(|(labels, outlet)| Some((labels, outlet.read_at?.as_second())));
    metrics.all(
        "outlet_read_timestamp_seconds",
        "gauge",
        "When an outlet was last read back without an error, since 1970.",
        read,
    );
}
