//! One question in, one answer out.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use case::{Answer, Question, Verdict};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::attempt::Means;
use crate::config::MAX_PORTS;
use crate::door::Door;
use crate::manners::Manners;
use crate::method::Method;
use crate::port::{self, Finding};
use crate::transcript::{Transcript, plain};
use crate::{Config, ConfigError, Landing};

/// Ports of one question in progress at once: at most 28 connections to one line.
const PORTS_OF_ONE: usize = 4;

/// Asks our own lines whether they are open proxies. Share it behind an `Arc`; it keeps the manners for all
/// questions together.
#[derive(Debug)]
pub struct Prober {
    means: Arc<Means>,
    manners: Arc<Manners>,
}

/// What is found over all ports, in the words of the answer.
struct Outcome {
    verdict: Verdict,
    proof: Option<(u16, Method, std::net::IpAddr)>,
    why: String,
}

impl Outcome {
    fn without_proof(verdict: Verdict, why: impl Into<String>) -> Self {
        Outcome { verdict, proof: None, why: why.into() }
    }
}

impl Prober {
    /// A prober whose relayed connections land at `landing`.
    ///
    /// # Errors
    /// [`ConfigError`] when targets cannot be told where to connect to.
    pub fn new(config: Config, landing: Landing) -> Result<Prober, ConfigError> {
        let told = if config.landing.is_empty() { landing.addresses().to_vec() } else { config.landing };
        for address in &told {
            if address.ip().to_canonical().is_unspecified() {
                return Err(ConfigError::Wildcard(*address));
            }
            if address.port() == 0 {
                return Err(ConfigError::NoPort(*address));
            }
        }
        if let Some(name) = config.landing_name.as_ref().filter(|name| !is_host_name(name)) {
            return Err(ConfigError::Name(name.clone()));
        }
        let manners = Manners::new(config.min_gap, config.ports_per_second, config.ports_at_once);
        let leave_from = told.iter().map(SocketAddr::ip).collect();
        let means = Means {
            door: Door::new(config.territory, leave_from),
            landing,
            told,
            name: config.landing_name,
            agent: plain(&config.name),
            deadline: config.deadline,
        };
        Ok(Prober { means: Arc::new(means), manners: Arc::new(manners) })
    }

    /// Asks one question. Never fails: what went wrong is a verdict with a transcript. `asked_by_operator` lifts the
    /// least gap between two probes of one address and nothing else. Dropping the future ends all its connections.
    pub async fn ask(&self, question: &Question, asked_by_operator: bool) -> Answer {
        let started = Timestamp::now();
        let transcript = Transcript::begin();
        let outcome = self.find(question, asked_by_operator, &transcript).await;
        transcript.voice("verdict").say(format!("{}: {}", outcome.verdict, outcome.why));
        Answer {
            question: question.clone(),
            verdict: outcome.verdict,
            port: outcome.proof.map(|(port, ..)| port),
            protocol: outcome.proof.map(|(_, method, _)| method.protocol().to_owned()),
            exit: outcome.proof.map(|(.., exit)| exit),
            started,
            seconds: transcript.seconds(),
            transcript: transcript.lines(),
        }
    }

    async fn find(&self, question: &Question, asked_by_operator: bool, transcript: &Transcript) -> Outcome {
        let refused = |why: String| Outcome::without_proof(Verdict::RefusedByPolicy, why);
        let address = question.address.to_canonical();
        if let Err(refusal) = self.means.door.admit(SocketAddr::new(address, 0)) {
            return refused(refusal.to_string());
        }
        let ports = ports(question, transcript);
        if ports.is_empty() {
            return refused("the question names no port".to_owned());
        }
        if let Err(too_soon) = self.manners.begin(address, asked_by_operator) {
            return refused(too_soon.to_string());
        }
        let targets = ports.into_iter().map(|port| SocketAddr::new(address, port)).collect();
        self.over_ports(targets, transcript).await
    }

    /// Asks the ports in their order, a few at once, to the first proof.
    async fn over_ports(&self, targets: Vec<SocketAddr>, transcript: &Transcript) -> Outcome {
        let mut waiting = targets.into_iter();
        let mut asking = JoinSet::new();
        let mut untold = Vec::new();
        loop {
            while asking.len() < PORTS_OF_ONE
                && let Some(target) = waiting.next()
            {
                let (means, manners, transcript) =
                    (Arc::clone(&self.means), Arc::clone(&self.manners), transcript.clone());
                asking.spawn(async move {
                    let _seat = manners.turn().await;
                    (target.port(), port::ask(&means, target, &transcript).await)
                });
            }
            match asking.join_next().await {
                None => break,
                Some(Ok((port, Finding::Proved { method, exit }))) => {
                    return proved(port, method, exit, transcript);
                }
                Some(Ok((_, Finding::Nothing))) => {}
                Some(Ok((port, Finding::Untold(why)))) => untold.push(format!("port {port}: {why}")),
                Some(Ok((port, Finding::Untouchable))) => {
                    untold.push(format!("port {port}: not ours to touch"));
                }
                Some(Err(error)) => untold.push(format!("an attempt of ours failed ({error})")),
            }
        }
        self.without_proof(&untold, transcript).await
    }

    /// Nothing was proved. "Closed" is said only when every port gave its answer and our own landing works.
    async fn without_proof(&self, untold: &[String], transcript: &Transcript) -> Outcome {
        let voice = transcript.voice("landing");
        for told in self.means.told.iter().collect::<BTreeSet<_>>() {
            if let Err(fault) = self.means.landing.test(*told).await {
                tracing::warn!(landing = %told, %fault, "the landing self-test failed: probes cannot tell closed from open");
                voice.say(&fault);
                let why = format!("could not tell, and the fault is ours: {fault}");
                return Outcome::without_proof(Verdict::Unreachable, why);
            }
            voice.say(format!("self-test: {told} answers"));
        }
        if untold.is_empty() {
            let why = "every port refused us, or answered and relayed nothing, and our landing works";
            return Outcome::without_proof(Verdict::Closed, why);
        }
        Outcome::without_proof(Verdict::Unreachable, format!("could not tell: {}", untold.join("; ")))
    }
}

fn proved(port: u16, method: Method, exit: std::net::IpAddr, transcript: &Transcript) -> Outcome {
    transcript.voice("landing").say(format!("the nonce of {port} {} landed from {exit}", method.label()));
    let why = format!(
        "port {port} relayed our nonce by {} to our landing, where it came from {exit}, and brought its secret back",
        method.protocol()
    );
    Outcome { verdict: Verdict::OpenProxy, proof: Some((port, method, exit)), why }
}

/// The ports to ask: without zero and repeats, in their order, at most [`MAX_PORTS`].
fn ports(question: &Question, transcript: &Transcript) -> Vec<u16> {
    let mut seen = BTreeSet::new();
    let mut ports: Vec<u16> =
        question.ports.iter().copied().filter(|port| *port != 0 && seen.insert(*port)).collect();
    if ports.len() > MAX_PORTS {
        let left_out = ports.len() - MAX_PORTS;
        transcript.voice("ports").say(format!("asking the first {MAX_PORTS}; {left_out} are left out"));
        ports.truncate(MAX_PORTS);
    }
    ports
}

/// Letters, digits, hyphens and dots, as host names are (RFC 1123 section 2.1), at most 253 characters.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}
