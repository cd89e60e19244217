//! One question in, one answer out.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use case::{Answer, LookFor, Question, Untouchable, Verdict};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::attempt::Means;
use crate::config::MAX_PORTS;
use crate::door::Door;
use crate::manners::Manners;
use crate::port::{self, Finding, Proof};
use crate::relay;
use crate::sweep::{self, Pace, Swept};
use crate::transcript::{Transcript, plain};
use crate::{Config, ConfigError, Landing, MailsChanged, WaitingMail};

/// Ports of one question in progress at once: at most 56 connections to one line at first.
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
    proof: Option<(u16, Proof)>,
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
        let names = [&config.landing_name, &config.landing_domain];
        if let Some(name) = names.into_iter().flatten().find(|name| !is_host_name(name)) {
            return Err(ConfigError::Name(name.clone()));
        }
        let manners = Manners::new(config.min_gap, config.ports_per_second, config.ports_at_once);
        let leave_from = told.iter().map(SocketAddr::ip).collect();
        let means = Means {
            door: Arc::new(Door::new(config.territory, leave_from)),
            landing,
            told,
            name: config.landing_name,
            agent: plain(&config.name),
            deadline: config.deadline,
            relay_deadline: config.relay_deadline,
            domain: config.landing_domain,
            known_logins: config.known_logins,
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
            port: outcome.proof.as_ref().map(|(port, _)| *port),
            exit: outcome.proof.as_ref().map(|(_, proof)| proof.exit),
            protocol: outcome.proof.map(|(_, proof)| proof.protocol),
            started,
            seconds: transcript.seconds(),
            transcript: transcript.lines(),
        }
    }

    /// Finds which ports of an address take a connection, because an operator asked: every port, once. It counts as a
    /// probe of that address; `tell` hears of the progress.
    ///
    /// # Errors
    /// When the address is not ours to touch; nothing was sent then.
    pub async fn sweep(
        &self,
        address: IpAddr,
        pace: Pace,
        tell: impl Fn(&Swept),
    ) -> Result<Swept, Untouchable> {
        let address = address.to_canonical();
        let admitted = self.means.door.admit(SocketAddr::new(address, 0));
        admitted.inspect(|()| drop(self.manners.begin(address, true)))?;
        sweep::sweep(Arc::clone(&self.means.door), address, pace, tell).await
    }

    /// What has changed among the mails of relay tests under way since this was asked the last time: to be written down,
    /// for a mail server may hold one for hours.
    #[must_use]
    pub fn mails_changed(&self) -> MailsChanged {
        self.means.landing.mails_changed()
    }

    /// Waits for mails that were written down in an earlier life, before anything is asked in this one.
    pub fn take_up_mails(&self, mails: Vec<WaitingMail>) {
        self.means.landing.take_up_mails(mails);
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
        self.over_ports(targets, question.look_for, transcript).await
    }

    /// Asks the ports in their order, a few at once, to the first proof.
    async fn over_ports(
        &self,
        targets: Vec<SocketAddr>,
        look_for: LookFor,
        transcript: &Transcript,
    ) -> Outcome {
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
                    (target.port(), ask_port(&means, target, look_for, &transcript).await)
                });
            }
            match asking.join_next().await {
                None => break,
                Some(Ok((port, Finding::Proved(proof)))) => return proved(port, proof),
                Some(Ok((_, Finding::Nothing | Finding::MailServer))) => {}
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

fn proved(port: u16, proof: Proof) -> Outcome {
    let why = format!("port {port} {}, where it came from {}", proof.how, proof.exit);
    Outcome { verdict: proof.verdict, proof: Some((port, proof)), why }
}

/// Ports that mail servers listen on (RFC 5321, 6409, 8314), and the two that stand in for a blocked 25.
const MAIL_PORTS: [u16; 5] = [25, 465, 587, 2525, 26];

/// Asks one port for what is looked for. Where that may be either, a port of mail's own is asked as a mail server and,
/// if it is none, as a proxy; any other the other way round.
async fn ask_port(
    means: &Arc<Means>,
    target: SocketAddr,
    look_for: LookFor,
    transcript: &Transcript,
) -> Finding {
    let no_mail = || Finding::Nothing;
    match look_for {
        LookFor::OpenProxy => port::ask(means, target, transcript).await,
        LookFor::OpenRelay => relay::ask(means, target, transcript).await.unwrap_or_else(no_mail),
        LookFor::ProxyOrRelay if MAIL_PORTS.contains(&target.port()) => {
            match relay::ask(means, target, transcript).await {
                Some(finding) => finding,
                None => port::ask(means, target, transcript).await,
            }
        }
        LookFor::ProxyOrRelay => match port::ask(means, target, transcript).await {
            Finding::MailServer => relay::ask(means, target, transcript).await.unwrap_or_else(no_mail),
            finding => finding,
        },
    }
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
