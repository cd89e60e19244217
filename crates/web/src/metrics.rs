//! `/metrics` in the Prometheus text format, version 0.0.4 (prometheus.io, Exposition formats).
//!
//! A scraper has no session: it is let in by its address, and only where it connects to us itself. What comes through a
//! proxy says so in a header, and could be anybody.

mod night;

use std::fmt::{Display, Write};
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use desk::{Front, Gauges, LeaseSourcesView, TrafficView, TrapsView};

use crate::App;
use crate::trouble::Trouble;
use crate::visitor::Visitor;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Trouble> {
    if visitor.operator.is_none() && !is_let_in(&app, &request) {
        return Err(Trouble::NotFound("page"));
    }
    let (front, gauges) = tokio::join!(app.office.front(), app.office.gauges());
    Ok(([(header::CONTENT_TYPE, TEXT)], text(&front?, &gauges?)).into_response())
}

fn is_let_in(app: &App, request: &Request) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    if forwarded.iter().any(|name| request.headers().contains_key(*name)) {
        return false;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(peer)| {
        let address = peer.ip().to_canonical();
        app.config.metrics_from.iter().any(|net| net.contains(&address))
    })
}

/// The metrics in the making.
#[derive(Default)]
struct Metrics(String);

impl Metrics {
    /// A metric with one value for each set of labels.
    fn all<'a, V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        values: impl IntoIterator<Item = (Vec<(&'static str, &'a str)>, V)>,
    ) {
        self.head(name, kind, help);
        for (labels, value) in values {
            self.value(name, &labels, value);
        }
    }

    /// What a metric is called, is and means.
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        _ = writeln!(self.0, "# HELP nightdesk_{name} {help}\n# TYPE nightdesk_{name} {kind}");
    }

    /// One value of it.
    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        _ = writeln!(self.0, "nightdesk_{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.all(name, "gauge", help, [(Vec::new(), value)]);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.all(name, "counter", help, [(Vec::new(), value)]);
    }
}

/// A label's value: backslash, quote and line end are escaped, as the format asks.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn text(front: &Front, gauges: &Gauges) -> String {
    let mut metrics = Metrics::default();
    let stages = front.by_stage.iter().map(|(stage, count)| (vec![("stage", stage.name())], count));
    metrics.all("cases", "gauge", "Open cases by stage.", stages);
    metrics.gauge(
        "orphan_reports",
        "Reports on our addresses that no subscriber could be found for, and that nobody has settled.",
        front.orphans,
    );
    metrics.gauge(
        "unreadable_messages",
        "Messages nothing could be made of, and that nobody has settled.",
        front.unreadable,
    );
    let oldest = front.inbox.oldest.map_or(0, |at| front.now.duration_since(at).as_secs().max(0));
    metrics.gauge("inbox_oldest_seconds", "How long the oldest message of the inbox waits.", oldest);
    metrics.gauge("accepted_messages_day", "Messages accepted in the last 24 hours.", front.accepted_today);
    night::of_cases(&mut metrics, gauges);
    night::of_work(&mut metrics, gauges);
    night::of_edge(&mut metrics, &front.edge);
    of_mailboxes(&mut metrics, front);
    let checks =
        front.checks.iter().map(|one| (vec![("subject", one.subject.as_str())], u8::from(one.works)));
    metrics.all("self_check_works", "gauge", "1 when what the desk checks of itself works.", checks);
    let work = front.work.iter().map(|one| (vec![("what", one.what), ("which", one.which)], one.times));
    metrics.all("work_total", "counter", "What the desk has done since its start, by what and which.", work);
    of_lease_sources(&mut metrics, &front.lease_sources);
    if let Some(traffic) = &front.traffic {
        of_traffic(&mut metrics, traffic);
    }
    if let Some(traps) = &front.traps {
        of_traps(&mut metrics, traps);
    }
    metrics.0
}

fn of_mailboxes(metrics: &mut Metrics, front: &Front) {
    let mailboxes = || front.mailboxes.iter().map(|one| (vec![("mailbox", one.name.as_str())], one));
    let works = mailboxes().map(|(labels, one)| (labels, u8::from(one.trouble.is_none())));
    metrics.all(
        "mailbox_works",
        "gauge",
        "1 when a mailbox that mail is picked up from can be looked at.",
        works,
    );
    let messages = mailboxes().map(|(labels, one)| (labels, one.messages));
    metrics.all("mailbox_messages_total", "counter", "Messages taken from a mailbox.", messages);
    let left = mailboxes().map(|(labels, one)| (labels, one.left));
    metrics.all(
        "mailbox_left_total",
        "counter",
        "Messages left in a mailbox: too large, or not to be fetched.",
        left,
    );
    let errors = mailboxes().map(|(labels, one)| (labels, one.errors));
    metrics.all("mailbox_errors_total", "counter", "Connections to a mailbox that failed or broke.", errors);
}

fn of_lease_sources(metrics: &mut Metrics, sources: &LeaseSourcesView) {
    if let Some(accounting) = &sources.accounting {
        let outcomes = [
            ("answered", accounting.answered),
            ("unanswered", accounting.unanswered),
            ("forged", accounting.forged),
            ("malformed", accounting.malformed),
            ("stranger", accounting.strangers),
        ];
        let outcomes = outcomes.into_iter().map(|(outcome, count)| (vec![("outcome", outcome)], count));
        metrics.all(
            "accounting_requests_total",
            "counter",
            "Datagrams to the RADIUS accounting socket, by what became of them.",
            outcomes,
        );
    }
    if let Some(translators) = &sources.translators {
        metrics.gauge(
            "port_blocks_held",
            "Port blocks that translators exported and hold.",
            translators.held,
        );
        let events = [
            ("taken", translators.events),
            ("passed-over", translators.passed_over),
            ("unusable", translators.unusable),
        ];
        let events = events.into_iter().map(|(outcome, count)| (vec![("outcome", outcome)], count));
        metrics.all(
            "nat_events_total",
            "counter",
            "NAT events of translators, by what became of them.",
            events,
        );
        metrics.counter(
            "nat_gaps_total",
            "Times something a translator told was lost, and its port blocks with it.",
            translators.gaps,
        );
    }
}

fn of_traffic(metrics: &mut Metrics, traffic: &TrafficView) {
    let listener = &traffic.listener;
    metrics.counter("flows_total", "Flow records taken.", traffic.flows);
    metrics.gauge("flow_lines", "Home addresses that are watched.", traffic.lines);
    metrics.counter("flow_datagrams_total", "Datagrams of exporters read.", listener.datagrams);
    let lost = [
        ("kernel", listener.kernel_drops),
        ("desk", listener.flows_dropped),
        ("watcher", traffic.flows_dropped),
        ("disk", listener.flows_not_kept),
        ("stranger", listener.strangers),
        ("exporters-refused", listener.exporters_refused),
        ("out-of-time", traffic.flows_out_of_time),
        ("foreign", traffic.flows_foreign),
        ("lines-given-up", traffic.lines_given_up),
    ];
    let lost = lost.into_iter().map(|(where_, count)| (vec![("where", where_)], count));
    metrics.all(
        "flow_losses_total",
        "counter",
        "Datagrams, flows or lines not watched or not kept, by where they went.",
        lost,
    );
    let signs = traffic.signs.iter().map(|one| (vec![("sign", one.sign)], one.today));
    metrics.all("signs_day", "gauge", "Signs put in the log in the last 24 hours, by kind.", signs);
    metrics.counter("signs_total", "Signs put in the log.", traffic.signs_kept);
    metrics.counter(
        "signs_held_back_total",
        "Signs not kept because their line had enough.",
        traffic.signs_held_back,
    );
    metrics.counter(
        "signs_unattributed_total",
        "Signs on addresses that no lease names.",
        traffic.signs_unattributed,
    );
    of_exporters(metrics, traffic);
}

fn of_traps(metrics: &mut Metrics, traps: &TrapsView) {
    let counts = &traps.counts;
    metrics.counter(
        "trap_connections_total",
        "Connections to traps that were completed.",
        counts.connections,
    );
    metrics.counter(
        "trap_refused_total",
        "Connections to traps let go at once, for too many.",
        counts.refused,
    );
    metrics.counter("trap_datagrams_total", "Datagrams to traps.", counts.datagrams);
    metrics.counter("trap_answered_total", "Datagrams to traps that were answered.", counts.answered);
    metrics.counter("trap_pings_total", "ICMP messages to traps.", counts.pings);
    metrics.counter(
        "trap_lost_total",
        "Datagrams and pings to traps that nobody took fast enough.",
        counts.lost,
    );
    metrics.counter("trap_evidence_total", "Minutes of visits to traps put in the log.", traps.kept);
    let wanted =
        traps.wanted.iter().map(|one| (vec![("wanted", one.what), ("family", one.family)], one.hour));
    metrics.all("trap_wanted_hour", "gauge", "Visits to traps in the last hour, by what was wanted.", wanted);
}

fn of_exporters(metrics: &mut Metrics, traffic: &TrafficView) {
    let exporters: Vec<_> =
        traffic.listener.exporters.iter().map(|one| (one.address.to_string(), one)).collect();
    let heard = exporters.iter().map(|(address, one)| {
        let seconds = one.last_heard.timestamp().map_or(0, jiff::Timestamp::as_second);
        (vec![("exporter", address.as_str())], seconds)
    });
    metrics.all(
        "exporter_last_heard_seconds",
        "gauge",
        "When an exporter was last heard, since 1970.",
        heard,
    );
    let flows = exporters.iter().map(|(address, one)| (vec![("exporter", address.as_str())], one.flows));
    metrics.all("exporter_flows_total", "counter", "Flow records of an exporter.", flows);
    let losses = exporters.iter().flat_map(|(address, one)| {
        let lost = &one.losses;
        let named = [
            ("sequence", lost.sequence_lost),
            ("no-template", lost.no_template),
            ("unknown-sampling", lost.unknown_sampling),
            ("malformed", lost.malformed),
            ("unknown-version", lost.unknown_version),
            ("bad-times", lost.bad_times),
        ];
        named.map(|(what, count)| (vec![("exporter", address.as_str()), ("what", what)], count))
    });
    metrics.all("exporter_losses_total", "counter", "What an exporter's flows lost, by what.", losses);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_itself() {
        let mut metrics = Metrics::default();
        metrics.all("x", "gauge", "X.", [(vec![("subject", "a\"} 1\n\\")], 1)]);
        assert!(metrics.0.ends_with("nightdesk_x{subject=\"a\\\"} 1\\n\\\\\"} 1\n"), "{}", metrics.0);
    }
}
