//! `nightdesk check`.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result};
use case::{Line, LookFor, Question, Verdict};
use indicatif::ProgressBar;
use probe::{Landing, Pace, Prober, Swept};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::net::TcpListener;

use super::Answer;
use crate::cli::Check;
use crate::config::Config;
use crate::{output, startup};

/// Ports that are asked after a sweep, at most: eight questions.
const MOST_ASKED: usize = 256;

/// Probes one address because an operator asked; says yes when it is open.
pub(crate) async fn run(config: &Config, options: &Check) -> Result<Answer> {
    let (address, port) = options.target;
    let territory = startup::territory(config)?;
    let prober = prober(config, territory).await?;
    let (swept, answer) = match options.sweep {
        true => sweep(&prober, address, options.rate, config).await,
        false => {
            let ports = port.map_or_else(|| usual_ports(config), |port| vec![port]);
            (None, ask(&prober, address, ports).await)
        }
    };
    if options.json.json {
        output::json(&json!({
            "address": address,
            "port": answer.port.or(port),
            "verdict": answer.verdict,
            "protocol": answer.protocol,
            "exit": answer.exit,
            "transcript": answer.transcript,
            "seconds": answer.seconds,
            "open": swept.as_ref().map(|swept| &swept.open),
        }))?;
    } else {
        for line in &answer.transcript {
            output::line(format!("{:>6} ms  {:<22} {}", line.at_ms, line.on, line.text));
        }
        output::line(format!("{address}: {} ({:.2} s)", answer.verdict, answer.seconds));
    }
    Ok(match answer.verdict {
        Verdict::OpenProxy | Verdict::OpenRelay => Answer::Yes,
        Verdict::Closed | Verdict::Unreachable | Verdict::RefusedByPolicy => Answer::No,
    })
}

async fn ask(prober: &Prober, address: IpAddr, ports: Vec<u16>) -> case::Answer {
    prober.ask(&Question { address, ports, look_for: LookFor::ProxyOrRelay }, true).await
}

/// Sweeps the line, and then asks the ports that took a connection, to the first proof.
async fn sweep(
    prober: &Prober,
    address: IpAddr,
    rate: u32,
    config: &Config,
) -> (Option<Swept>, case::Answer) {
    let began = std::time::Instant::now();
    let bar = ProgressBar::new(u64::from(u16::MAX));
    let pace = Pace { per_second: rate, descriptors: many_descriptors() };
    let tell = |swept: &Swept| bar.set_position(u64::from(swept.done()));
    let swept = prober.sweep(address, pace, tell).await;
    bar.finish_and_clear();
    let Ok(swept) = swept else {
        // The question is refused for the same reason, and says it.
        return (None, ask(prober, address, usual_ports(config)).await);
    };
    let ports = worth_asking(&swept.open, &usual_ports(config));
    let found = Line {
        at_ms: 0,
        on: "sweep".to_owned(),
        text: format!(
            "{} ports took a connection, {} are closed, {} said nothing, {} were not tried ({:.1} s, at most {rate}/s): \
             asking {} of them",
            swept.open.len(),
            swept.closed,
            swept.silent,
            swept.untried,
            began.elapsed().as_secs_f64(),
            ports.len(),
        ),
    };
    let mut asked = ports.chunks(probe::MAX_PORTS).map(<[u16]>::to_vec);
    let mut answer = match asked.next() {
        Some(first) => ask(prober, address, first).await,
        None => nothing_open(address, &swept),
    };
    for more in asked {
        if answer.verdict.is_proof() {
            break;
        }
        answer = together(answer, ask(prober, address, more).await);
    }
    answer.transcript.insert(0, found);
    answer.seconds = began.elapsed().as_secs_f64();
    (Some(swept), answer)
}

/// The answer of a line that took no connection on any port: closed, where every port said so.
fn nothing_open(address: IpAddr, swept: &Swept) -> case::Answer {
    let verdict = if swept.silent + swept.untried == 0 { Verdict::Closed } else { Verdict::Unreachable };
    let text = format!("{verdict}: no port takes a connection");
    case::Answer {
        question: Question { address, ports: Vec::new(), look_for: LookFor::ProxyOrRelay },
        verdict,
        port: None,
        protocol: None,
        exit: None,
        started: jiff::Timestamp::now(),
        seconds: 0.0,
        transcript: vec![Line { at_ms: 0, on: "verdict".to_owned(), text }],
    }
}

/// Of two answers about different ports the one that proves more, or says less; the transcript of both.
fn together(one: case::Answer, other: case::Answer) -> case::Answer {
    let weight = |answer: &case::Answer| match answer.verdict {
        Verdict::OpenProxy | Verdict::OpenRelay => 3,
        Verdict::Unreachable => 2,
        Verdict::RefusedByPolicy => 1,
        Verdict::Closed => 0,
    };
    let transcript = [one.transcript.as_slice(), &other.transcript].concat();
    let kept = if weight(&one) >= weight(&other) { one } else { other };
    case::Answer { transcript, ..kept }
}

/// The ports to ask of those that are open: the usual ones first, then the odd ones, and not thousands of a host that
/// takes a connection on any port.
fn worth_asking(open: &[u16], usual: &[u16]) -> Vec<u16> {
    let mut ports: Vec<u16> = open.to_vec();
    ports.sort_by_key(|port| (!usual.contains(port), *port < 1024, *port));
    ports.truncate(MOST_ASKED);
    ports
}

/// As many file descriptors as this process may have at all.
fn many_descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::debug!(%error, "the number of open files cannot be raised");
    }
    getrlimit(Resource::Nofile).current.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}

/// The usual ports of proxies, and those of mail servers.
fn usual_ports(config: &Config) -> Vec<u16> {
    config.playbook.usual_ports.iter().copied().chain(case::MAIL_PORTS).collect()
}

/// A prober for one question. The desk may be running and hold some of the configured landing ports; then any free port
/// of the same address serves, which every proxy without a port list can reach.
async fn prober(config: &Config, territory: case::Territory) -> Result<Prober> {
    let mut listeners = Vec::new();
    for &address in &config.probe.landing {
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(%address, %error, "using another port to land on");
                let any = SocketAddr::new(address.ip(), 0);
                TcpListener::bind(any).await.with_context(|| format!("probe.landing: {any}"))?
            }
        };
        listeners.push(listener);
    }
    let landing = Landing::over(listeners, &startup::prober_is(config)).context("probe.landing")?;
    Prober::new(startup::probing(config, territory), landing).context("probe")
}
