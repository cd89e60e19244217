//! What is being scanned right now, as our traps hear it.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use desk::{TrapVisit, TrapsView};
use jiff::Timestamp;

use crate::App;
use crate::pages::rows::When;
use crate::pages::traffic::grouped;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

#[derive(Template)]
#[template(path = "traps.html")]
struct TrapsPage {
    chrome: Chrome,
    traps: Option<Traps>,
}

/// The traps in words and figures.
struct Traps {
    prefixes: String,
    since: When,
    figures: Vec<(&'static str, String)>,
    tables: [Table; 3],
    recent: Vec<Visit>,
    crowded_out: String,
    has_crowd: bool,
}

/// Things of one sort.
struct Table {
    id: &'static str,
    title: &'static str,
    /// What its rows name.
    what: &'static str,
    rows: Vec<Row>,
}

/// A thing with its counts.
struct Row {
    name: String,
    note: String,
    hour: String,
    day: String,
    new: bool,
    /// Whether it should not be: what wants proxies or relays, or comes from a line of ours.
    hot: bool,
}

/// One visit.
struct Visit {
    when: When,
    source: String,
    trap: String,
    port: String,
    what: &'static str,
    told_by: &'static str,
    real: bool,
    hex: String,
    text: String,
}

impl Traps {
    fn new(view: &TrapsView) -> Traps {
        let counts = &view.counts;
        let hot = |family: &str| matches!(family, "proxy" | "relay" | "trojan");
        let row = |name: String, note: &str, hour, day, new, hot| Row {
            name,
            note: note.to_owned(),
            hour: grouped(hour),
            day: grouped(day),
            new,
            hot,
        };
        let ours = |ours: bool| if ours { "one of our lines" } else { "" };
        let wanted = view.wanted.iter();
        let wanted = wanted
            .map(|one| row(one.what.to_owned(), one.family, one.hour, one.day, one.new, hot(one.family)));
        let ports = view.ports.iter();
        let ports =
            ports.map(|one| row(port(one.port, one.transport), "", one.hour, one.day, one.new, false));
        let networks = view.networks.iter();
        let networks = networks
            .map(|one| row(one.network.clone(), ours(one.ours), one.hour, one.day, one.new, one.ours));
        Traps {
            prefixes: counts.prefixes.iter().map(|net| words::plain(net)).collect::<Vec<_>>().join(", "),
            since: When::new(view.now, view.since),
            figures: vec![
                ("connections", grouped(counts.connections)),
                ("datagrams", grouped(counts.datagrams)),
                ("pings", grouped(counts.pings)),
                ("let go at once", grouped(counts.refused)),
                ("not told of", grouped(counts.lost)),
                ("pieces of evidence", grouped(view.kept)),
            ],
            tables: [
                Table { id: "wanted-title", title: "Wanted", what: "What", rows: wanted.collect() },
                Table { id: "ports-title", title: "Ports", what: "Port", rows: ports.collect() },
                Table { id: "networks-title", title: "Networks", what: "From", rows: networks.collect() },
            ],
            recent: view.recent.iter().map(|one| visit(one, view.now)).collect(),
            crowded_out: grouped(view.crowded_out),
            has_crowd: view.crowded_out > 0,
        }
    }
}

fn visit(one: &TrapVisit, now: Timestamp) -> Visit {
    Visit {
        when: When::new(now, one.at),
        source: one.source.to_string(),
        trap: one.trap.to_string(),
        port: port(one.port, one.transport),
        what: one.what,
        told_by: if one.said { "said so" } else { "by the port" },
        real: one.handshake,
        hex: one.hex.clone(),
        text: words::plain(&one.text),
    }
}

/// `23/tcp`; a ping by its type and code.
fn port(port: u16, transport: &str) -> String {
    let [kind, code] = port.to_be_bytes();
    match transport {
        "icmp" => format!("icmp {kind}/{code}"),
        _ => format!("{port}/{transport}"),
    }
}

/// `GET /traps`.
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Trouble> {
    let traps = app.office.trapped().await?;
    let traps = traps.as_ref().map(Traps::new);
    draw(StatusCode::OK, &TrapsPage { chrome: Chrome::of(&visitor, "traps"), traps })
}
