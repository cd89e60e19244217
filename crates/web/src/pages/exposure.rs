//! Exposure: who in a neighbourhood a scanner touched, as a map of its addresses and as a list.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use desk::{Exposed, ExposedHost, Exposure};
use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::App;
use crate::office::OfficeError;
use crate::pages::{Chrome, draw};
use crate::trouble::Trouble;
use crate::visitor::Visitor;
use crate::words;

/// Rows of the list; a scanner that touched more is looked at with the command.
const LISTED: usize = 512;

/// Minutes before and after the moment that are looked at when nothing is said.
const WINDOW: i64 = 60;

#[derive(Template)]
#[template(path = "exposure.html")]
struct ExposurePage {
    chrome: Chrome,
    asked: Asked,
    problem: Option<String>,
    answer: Option<Answer>,
}

/// `?scanner=…&victim=…&at=…&minutes=…`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    scanner: String,
    #[serde(default)]
    victim: String,
    #[serde(default)]
    at: String,
    #[serde(default)]
    minutes: String,
}

/// The answer as it is drawn.
struct Answer {
    said: String,
    doubts: Vec<String>,
    counts: Vec<(Mark, usize)>,
    map: Option<Map>,
    hosts: Vec<Host>,
    left_off: usize,
}

/// A grade of exposure: its class, the shape that says it without colour, its words.
#[derive(Clone, Copy)]
struct Mark {
    class: &'static str,
    shape: &'static str,
    words: &'static str,
}

/// The addresses of an IPv4 prefix of 256 or fewer, sixteen a row.
struct Map {
    height: usize,
    cells: Vec<Cell>,
}

struct Cell {
    address: Ipv4Addr,
    last: u8,
    x: usize,
    y: usize,
    mark: Mark,
    touched: bool,
}

struct Host {
    address: IpAddr,
    mark: Mark,
    first: Stamp,
    ports: Vec<String>,
    listeners: Vec<String>,
}

/// A moment for people and for machines.
struct Stamp {
    stamp: String,
    machine: String,
}

/// `GET /exposure`: the form and, when it is filled in, the answer.
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Trouble> {
    let chrome = Chrome::of(&visitor, "exposure");
    let empty = asked.scanner.is_empty() && asked.victim.is_empty() && asked.at.is_empty();
    let answered = match read(&asked) {
        _ if empty => Ok(None),
        Err(problem) => Err(problem),
        Ok((scanner, net, at, window)) => match app.office.exposure(scanner, net, at, window).await {
            Ok(exposure) => Ok(Some(answer(&exposure))),
            Err(OfficeError::CannotSay(why)) => Err(words::sentence(&why)),
            Err(other) => return Err(other.into()),
        },
    };
    let (status, answer, problem) = match answered {
        Ok(answer) => (StatusCode::OK, answer, None),
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, None, Some(words::plain(&problem))),
    };
    draw(status, &ExposurePage { chrome, asked, problem, answer })
}

fn read(asked: &Asked) -> Result<(IpAddr, IpNet, Timestamp, SignedDuration), String> {
    let scanner = asked.scanner.trim();
    let scanner = scanner.parse().map_err(|_| format!("{scanner:?} is no address of a scanner."))?;
    let victim = asked.victim.trim();
    let at = asked.at.trim();
    let at = words::moment(at).ok_or("When? Write a moment such as 2026-11-23T02:14:00Z.")?;
    let minutes = asked.minutes.trim();
    let minutes = if minutes.is_empty() { Ok(WINDOW) } else { minutes.parse() };
    let minutes = minutes.ok().filter(|minutes| (1..=7 * 24 * 60).contains(minutes));
    let minutes = minutes.ok_or("Minutes go from 1 to 10080, which is a week.")?;
    Ok((scanner, neighbourhood(victim)?, at, SignedDuration::from_mins(minutes)))
}

/// An address stands for its /24, of IPv6 for its /64.
fn neighbourhood(text: &str) -> Result<IpNet, String> {
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc());
    }
    let address: IpAddr =
        text.parse().map_err(|_| format!("{text:?} is neither an address nor a prefix."))?;
    let length = if address.is_ipv4() { 24 } else { 64 };
    Ok(IpNet::new(address, length).map_or(IpNet::from(address), |net| net.trunc()))
}

fn mark(exposed: Exposed) -> Mark {
    let (class, shape, words) = match exposed {
        Exposed::Touched => ("touched", "○", "touched, and nothing answered"),
        Exposed::Refused => ("refused", "×", "said that the port is closed"),
        Exposed::Opened => ("opened", "◐", "let it connect"),
        Exposed::Answered => ("answered", "●", "answered it"),
        Exposed::NewListener => ("new", "▲", "has a new listener since"),
    };
    Mark { class, shape, words }
}

const UNTOUCHED: Mark = Mark { class: "untouched", shape: "", words: "not touched" };

fn answer(exposure: &Exposure) -> Answer {
    let asked = &exposure.question;
    let grades =
        [Exposed::NewListener, Exposed::Answered, Exposed::Opened, Exposed::Refused, Exposed::Touched];
    let many = |grade: Exposed| exposure.hosts.iter().filter(|host| host.exposed == grade).count();
    let mut hosts: Vec<&ExposedHost> = exposure.hosts.iter().collect();
    hosts.sort_by_key(|host| (std::cmp::Reverse(host.exposed), host.address));
    Answer {
        said: format!(
            "{} came to {} of {}.",
            asked.scanner,
            words::count(exposure.hosts.len(), "address", "addresses"),
            asked.net
        ),
        doubts: doubts(exposure),
        counts: grades.into_iter().map(|grade| (mark(grade), many(grade))).collect(),
        map: map(asked.net, &exposure.hosts),
        left_off: hosts.len().saturating_sub(LISTED),
        hosts: hosts.into_iter().take(LISTED).map(host).collect(),
    }
}

/// What the answer does not know.
fn doubts(exposure: &Exposure) -> Vec<String> {
    let (during, before) = (exposure.coverage, exposure.coverage_before);
    let mut doubts = Vec::new();
    if during.held < during.hours {
        doubts.push(format!(
            "Flows are kept of {} of the {} hours in question: an address not marked may have been touched all the same.",
            during.held, during.hours
        ));
    }
    if before.held < before.hours {
        doubts.push(format!(
            "Of the {} hours before, {} are known. A listener is called new when it was silent in those, and never when they are fewer than 24.",
            before.hours, before.held
        ));
    }
    match exposure.sampling {
        0 => {
            doubts.push("Whether every packet was looked at is not known: silence proves little.".to_owned());
        }
        1 => {}
        one_in => doubts.push(format!("One packet in {one_in} was looked at: silence proves little.")),
    }
    if exposure.left_out > 0 {
        doubts.push(format!("{} records more were too many to look at.", exposure.left_out));
    }
    doubts
}

fn map(net: IpNet, hosts: &[ExposedHost]) -> Option<Map> {
    let IpNet::V4(net) = net else { return None };
    if net.prefix_len() < 24 {
        return None;
    }
    let marks: HashMap<IpAddr, Mark> = hosts.iter().map(|host| (host.address, mark(host.exposed))).collect();
    let cells: Vec<Cell> = every_address(net)
        .enumerate()
        .map(|(at, address)| {
            let mark = marks.get(&IpAddr::V4(address)).copied();
            let [.., last] = address.octets();
            Cell {
                address,
                last,
                x: at % 16 * 34,
                y: at / 16 * 34,
                mark: mark.unwrap_or(UNTOUCHED),
                touched: mark.is_some(),
            }
        })
        .collect();
    Some(Map { height: cells.len().div_ceil(16) * 34, cells })
}

fn every_address(net: Ipv4Net) -> impl Iterator<Item = Ipv4Addr> {
    (net.network().to_bits()..=net.broadcast().to_bits()).map(Ipv4Addr::from_bits)
}

fn host(host: &ExposedHost) -> Host {
    let at = host.first.timestamp().unwrap_or_default();
    let listens = |one: &desk::Listener| {
        let port = words::port(one.port, one.protocol);
        format!("{port}, answered {}", words::count(one.peers, "other", "others"))
    };
    Host {
        address: host.address,
        mark: mark(host.exposed),
        first: Stamp { stamp: words::stamp(at), machine: words::machine(at) },
        ports: host.ports.iter().take(12).map(|one| words::port(one.port, one.protocol)).collect(),
        listeners: host.new_listeners.iter().map(listens).collect(),
    }
}
