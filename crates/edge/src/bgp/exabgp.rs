//! ExaBGP, told and asked through its named pipes.
//!
//! Each command is a line; ExaBGP answers `done` or `error` when `exabgp.api.ack` is on, as it is by default. The pipes are
//! opened for every conversation: ExaBGP has one pair for everybody who commands it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

use case::RuleKey;

use super::gobgp::{BLACKHOLE, NO_EXPORT};
use super::mark::Large;
use super::route::Match;
use super::speaker::Listed;
use super::{BgpConfig, Mark, Marker, Route, RouteKind};
use crate::error::{EdgeError, quote};

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Lines of an answer that are read at most.
const LONGEST: usize = 400_000;

/// One ExaBGP.
#[derive(Debug)]
pub(super) struct ExaBgp {
    pipes: PathBuf,
    marker: Marker,
    communities: Vec<(u16, u16)>,
    next_hops: (String, String),
}

impl ExaBgp {
    pub(super) fn new(pipes: &Path, config: &BgpConfig, marker: Marker) -> ExaBgp {
        let next_hops = (config.next_hop.to_string(), config.next_hop6.to_string());
        ExaBgp { pipes: pipes.to_owned(), marker, communities: config.communities.clone(), next_hops }
    }

    /// What it announces to its neighbours, by its own account.
    pub(super) async fn list(&mut self, kind: RouteKind) -> Result<Listed, EdgeError> {
        let said = self.converse("list routes", &["show adj-rib out extensive".to_owned()]).await?;
        Ok(read(&said, kind, self.marker))
    }

    pub(super) async fn tell(
        &mut self,
        announce: &[(Route, Mark)],
        withdraw: &[Route],
    ) -> Result<(), EdgeError> {
        let gone = withdraw.iter().map(|route| format!("withdraw {}", self.route(*route, None)));
        let fresh =
            announce.iter().map(|(route, mark)| format!("announce {}", self.route(*route, Some(*mark))));
        let commands: Vec<String> = gone.chain(fresh).collect();
        self.converse("change routes", &commands).await.map(drop)
    }

    /// A route as ExaBGP's configuration writes one.
    fn route(&self, route: Route, mark: Option<Mark>) -> String {
        let (v4, v6) = &self.next_hops;
        match route {
            Route::Blackhole(address) => {
                let (length, next_hop) = if address.is_ipv4() { (32, v4) } else { (128, v6) };
                let marks = mark.map(|mark| self.communities_of(true, mark)).unwrap_or_default();
                format!("route {address}/{length} next-hop {next_hop}{marks}")
            }
            Route::Discard(key) => {
                let it = Match::from(key);
                let (way, length) = (
                    if it.is_destination { "destination" } else { "source" },
                    if it.host.is_ipv4() { 32 } else { 128 },
                );
                let protocol = if it.host.is_ipv4() { "protocol" } else { "next-header" };
                let name = if it.protocol == 6 { "tcp" } else { "udp" };
                let marks = mark.map(|mark| self.communities_of(false, mark)).unwrap_or_default();
                let marks = marks
                    .replace(" community", "; community")
                    .replace(" large-community", "; large-community");
                format!(
                    "flow route {{ match {{ {way} {}/{length}; {protocol} ={name}; destination-port ={}; }} then {{ discard{marks}; }} }}",
                    it.host, it.port
                )
            }
        }
    }

    fn communities_of(&self, is_blackhole: bool, mark: Mark) -> String {
        let blackhole = is_blackhole.then_some(BLACKHOLE);
        let short: Vec<String> = blackhole
            .into_iter()
            .chain([NO_EXPORT])
            .chain(self.communities.iter().copied())
            .map(|(high, low)| format!("{high}:{low}"))
            .collect();
        let large: Vec<String> = self
            .marker
            .write(mark)
            .into_iter()
            .map(|(asn, number, value)| format!("{asn}:{number}:{value}"))
            .collect();
        format!(" community [ {} ] large-community [ {} ]", short.join(" "), large.join(" "))
    }

    /// Gives commands one after the other, each after the answer to the one before.
    async fn converse(&self, doing: &'static str, commands: &[String]) -> Result<Vec<String>, EdgeError> {
        let fault = |said: String| EdgeError::Peer { doing, peer: self.pipes.display().to_string(), said };
        let pipe = |end: &str| {
            let mut path = self.pipes.as_os_str().to_owned();
            path.push(end);
            path
        };
        let down =
            |error: std::io::Error| fault(format!("{error}; is ExaBGP running, with its pipes there?"));
        // Opened for writing too, for ExaBGP closes its end after each line, which would look like the end of the pipe.
        let answers = pipe::OpenOptions::new().read_write(true).open_receiver(pipe(".out")).map_err(down)?;
        forget_old_answers(&answers);
        let mut orders = pipe::OpenOptions::new().open_sender(pipe(".in")).map_err(down)?;
        let mut answers = BufReader::new(answers).lines();
        let mut said = Vec::new();
        for command in commands {
            let one = async {
                orders.write_all(format!("{command}\n").as_bytes()).await?;
                while let Some(line) = answers.next_line().await? {
                    match line.trim() {
                        "done" => return Ok(()),
                        "error" => {
                            return Err(std::io::Error::other(format!(
                                "error to {}",
                                quote(command.as_bytes())
                            )));
                        }
                        _ if said.len() < LONGEST => said.push(line),
                        _ => {}
                    }
                }
                Err(std::io::Error::other("its pipe ended"))
            };
            match tokio::time::timeout(DEADLINE, one).await {
                Ok(done) => done.map_err(|error| fault(error.to_string()))?,
                Err(_) => return Err(fault(format!("no answer within {} s", DEADLINE.as_secs()))),
            }
        }
        Ok(said)
    }
}

/// What is left in the pipe is the answer to somebody who did not wait for it.
fn forget_old_answers(answers: &pipe::Receiver) {
    let mut old = [0; 4096];
    let mut left = LONGEST;
    while left > 0 && answers.try_read(&mut old).is_ok_and(|read| read > 0) {
        left -= 1;
    }
}

/// Reads `show adj-rib out extensive`; a route stands in it once for each neighbour.
fn read(said: &[String], kind: RouteKind, marker: Marker) -> Listed {
    let mut listed = Listed::default();
    for line in said {
        let Some(route) = (match kind {
            RouteKind::Rtbh => host(line),
            RouteKind::Flowspec => filter(line),
        }) else {
            continue;
        };
        match marker.read(large(line)) {
            Some(mark) if !listed.ours.contains(&(route, mark)) => listed.ours.push((route, mark)),
            Some(_) => {}
            None if kind == RouteKind::Flowspec
                || line.contains("65535:666")
                || line.contains("blackhole") =>
            {
                listed.strangers.push(format!("{route:?} was announced by another hand and is left alone"));
            }
            None => {}
        }
    }
    listed.strangers.dedup();
    listed
}

/// The word after a word.
fn after<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let mut words = line.split_whitespace();
    words.find(|one| *one == word)?;
    words.next()
}

fn host(line: &str) -> Option<Route> {
    if line.contains(" flow ") {
        return None;
    }
    let net =
        line.split_whitespace().find(|word| word.contains('/') && word.parse::<ipnet::IpNet>().is_ok())?;
    let net: ipnet::IpNet = net.parse().ok()?;
    (net.prefix_len() == net.max_prefix_len()).then_some(Route::Blackhole(net.addr()))
}

/// `… flow destination-ipv4 203.0.113.66/32 protocol =tcp destination-port =48613 …`.
fn filter(line: &str) -> Option<Route> {
    let words =
        ["source-ipv4", "source-ipv6", "source", "destination-ipv4", "destination-ipv6", "destination"];
    let (way, net) = words.iter().find_map(|word| Some((*word, after(line, word)?)))?;
    // IPv6 has an offset after the length.
    let net = if net.matches('/').count() > 1 { net.rsplit_once('/')?.0 } else { net };
    let net: ipnet::IpNet = net.parse().ok()?;
    let protocol = after(line, "protocol").or_else(|| after(line, "next-header"))?;
    let protocol = match protocol.trim_start_matches('=').trim_matches(['[', ']']) {
        "tcp" | "TCP" | "6" => 6,
        "udp" | "UDP" | "17" => 17,
        _ => return None,
    };
    let port = after(line, "destination-port")?.trim_start_matches('=').parse().ok()?;
    let is_host = net.prefix_len() == net.max_prefix_len();
    let it = Match { is_destination: way.starts_with("destination"), host: net.addr(), protocol, port };
    let rule: Option<RuleKey> = it.rule().filter(|_| is_host);
    rule.map(Route::Discard)
}

/// Every `a:b:c` of a line.
fn large(line: &str) -> impl Iterator<Item = Large> + '_ {
    line.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | ',')).filter_map(|word| {
        let mut parts = word.split(':').map(|part| part.parse::<u32>().ok());
        let three = (parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(three)
    })
}
