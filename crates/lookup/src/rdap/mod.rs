//! Who takes complaints about an address: asked of a registry by RDAP (RFC 9082, 9083 over RFC 7480).

mod answer;
mod memory;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body};

pub use answer::Network;

use self::memory::Memory;

/// How long one question may take, with all redirects.
const DEADLINE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes; registries send some ten thousand.
const LONGEST: u64 = 1024 * 1024;
/// How often a question may be sent on: from a bootstrap server to a registry, and from there to another (RFC 7480
/// section 5.2).
const REDIRECTS: u32 = 5;

/// Asks one RDAP server, which may send the question on. Cheap to clone; all clones share what they know and the pace.
#[derive(Clone)]
pub struct Rdap {
    base: String,
    agent: Agent,
    memory: Arc<Mutex<Memory>>,
}

/// Why nothing is known of an address; another time may show more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RdapError {
    /// The registry asked us to wait, or was asked enough for now.
    #[error("{base} is not to be asked for the next {} s", wait.as_secs())]
    Wait {
        /// Which server.
        base: String,
        /// How long.
        wait: Duration,
    },
    /// It could not be asked, or its answer makes no sense.
    #[error("{base} {why}")]
    Failed {
        /// Which server.
        base: String,
        /// What happened, in words that go on from its name.
        why: String,
    },
}

/// What came back.
enum Heard {
    Network(Network),
    Nothing,
    Busy(Option<Duration>),
}

impl std::fmt::Debug for Rdap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rdap").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Rdap {
    /// Asks the server whose queries begin with `base`, such as `https://rdap.example.net`. Asks nothing yet. A server
    /// that is asked by https may send questions on by https only.
    #[must_use]
    pub fn new(base: &str) -> Rdap {
        let base = base.trim().trim_end_matches('/').to_owned();
        let config = Agent::config_builder()
            .timeout_global(Some(DEADLINE))
            .http_status_as_error(false)
            .max_redirects(REDIRECTS)
            .https_only(base.starts_with("https://"))
            .user_agent(concat!("nightdesk/", env!("CARGO_PKG_VERSION")))
            // RFC 7480 section 4.2.
            .accept("application/rdap+json")
            .build();
        Rdap { base, agent: Agent::new_with_config(config), memory: Arc::default() }
    }

    /// Where complaints about `net` go (an address is a prefix of full length), the preferred first; empty where the
    /// registry names nobody. What was asked lately is not asked again: a contact is kept for a day.
    ///
    /// # Errors
    /// [`RdapError`] when nothing could be learnt now. Takes at most ten seconds.
    pub async fn abuse_mailboxes(&self, net: IpNet) -> Result<Vec<String>, RdapError> {
        let known = self.memory().recall(net.trunc(), Instant::now());
        match known {
            Some(mailboxes) => Ok(mailboxes),
            None => self.abuse_mailboxes_anew(net).await,
        }
    }

    /// The same without regard to what was known.
    ///
    /// # Errors
    /// As [`Rdap::abuse_mailboxes`].
    pub async fn abuse_mailboxes_anew(&self, net: IpNet) -> Result<Vec<String>, RdapError> {
        let net = net.trunc();
        self.memory().admit(Instant::now()).map_err(|wait| self.wait(wait))?;
        let (agent, url) = (self.agent.clone(), self.query(net));
        let heard = tokio::task::spawn_blocking(move || ask(&agent, &url)).await;
        let heard = heard.map_err(|_| self.failed("was not asked"))?.map_err(|why| self.failed(&why))?;
        let mailboxes = match heard {
            Heard::Network(network) if network.covers(net) => network.mailboxes,
            Heard::Network(_) => return Err(self.failed(&format!("speaks of another network than {net}"))),
            Heard::Nothing => Vec::new(),
            Heard::Busy(stated) => {
                let wait = self.memory().pause(stated, Instant::now());
                return Err(self.wait(wait));
            }
        };
        self.memory().keep(net, mailboxes.clone(), Instant::now());
        Ok(mailboxes)
    }

    /// RFC 9082 section 3.1.1.
    fn query(&self, net: IpNet) -> String {
        if net.prefix_len() == net.max_prefix_len() {
            format!("{}/ip/{}", self.base, net.addr())
        } else {
            format!("{}/ip/{net}", self.base)
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, wait: Duration) -> RdapError {
        RdapError::Wait { base: self.base.clone(), wait }
    }

    fn failed(&self, why: &str) -> RdapError {
        RdapError::Failed { base: self.base.clone(), why: why.to_owned() }
    }
}

/// One question, blocking; what went wrong goes on from the name of the server.
fn ask(agent: &Agent, url: &str) -> Result<Heard, String> {
    let mut answer = agent.get(url).call().map_err(|error| format!("cannot be asked: {error}"))?;
    match answer.status() {
        StatusCode::NOT_FOUND => return Ok(Heard::Nothing),
        // RFC 7480 section 5.5.
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            return Ok(Heard::Busy(retry_after(&answer)));
        }
        status if status != StatusCode::OK => return Err(format!("answered {status}")),
        _ => {}
    }
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
    let body = body.map_err(|error| format!("broke off: {error}"))?;
    Network::read(&body)
        .map(Heard::Network)
        .ok_or_else(|| "answered with something that is no network".to_owned())
}

/// Retry-After in seconds (RFC 9110 section 10.2.3). Where it is a date, the usual pause is made: our clock and theirs
/// need not agree.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let value = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
