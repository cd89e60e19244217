//! The provider's own customer system, asked whose an address was: the last resort, where no lease source says it.
//!
//! A GET of one configured URL, with the question in its path or query. What comes back is a JSON object with a
//! `subscriber`, and perhaps a `contact`; 404 or 204 is nobody. Nothing else is followed: no redirects, no other host.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::Agent;
use ureq::http::StatusCode;

/// How long one question may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 * 1024;
/// After a failure it is left alone for so long.
const PAUSE: Duration = Duration::from_secs(60);
/// What was answered is not asked again for so long: reports that nobody's lease fits are looked at every minute.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// The most answers remembered.
const ANSWERS_AT_MOST: usize = 10_000;

/// Who held an address, by the customer system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Customer {
    /// The name of the line.
    pub subscriber: String,
    /// The mail address, where it has one.
    #[serde(default)]
    pub contact: Option<String>,
}

/// Why the customer system did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CustomersError {
    /// The URL cannot be asked.
    #[error(
        "{0:?} is no URL to ask; write it like https://crm.example.net/whose?ip={{address}}&port={{port}}&at={{time}}"
    )]
    Url(String),
    /// It failed a moment ago, and is left alone.
    #[error("the customer system failed a moment ago and is left alone for a minute")]
    Paused,
    /// It could not be asked, or its answer makes no sense.
    #[error("the customer system {0}")]
    Failed(String),
}

/// Asks the customer system. Cheap to clone; all clones share what they know.
#[derive(Clone)]
pub struct Customers {
    template: Arc<str>,
    agent: Agent,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    paused_until: Option<Instant>,
    known: HashMap<String, (Instant, Option<Customer>)>,
}

impl std::fmt::Debug for Customers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customers")
    }
}

impl Customers {
    /// `template` is a URL in which `{address}`, `{port}` and `{time}` (RFC 3339, UTC) are put in, none of them in its host.
    /// Only a system on this machine may be asked without TLS.
    ///
    /// # Errors
    /// [`CustomersError::Url`].
    pub fn new(template: &str) -> Result<Customers, CustomersError> {
        let wrong = || CustomersError::Url(template.to_owned());
        let (scheme, rest) = template.split_once("://").ok_or_else(wrong)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let here = host.starts_with("127.") || host.starts_with("[::1]") || host.starts_with("localhost");
        let fits = scheme == "https" || (scheme == "http" && here);
        if !fits
            || host.is_empty()
            || host.contains(['{', '}'])
            || !rest.contains("{address}")
            || !rest.contains("{time}")
        {
            return Err(wrong());
        }
        let config = Agent::config_builder()
            .timeout_global(Some(DEADLINE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(scheme == "https")
            .user_agent(concat!("nightdesk/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .build();
        Ok(Customers {
            template: template.into(),
            agent: Agent::new_with_config(config),
            state: Arc::default(),
        })
    }

    /// Who held `address` (and `port` of it) at `time`, RFC 3339 in UTC; `None` for nobody.
    ///
    /// # Errors
    /// [`CustomersError`] when it did not answer; takes at most five seconds.
    pub async fn whose(
        &self,
        address: IpAddr,
        port: Option<u16>,
        time: &str,
    ) -> Result<Option<Customer>, CustomersError> {
        let port = port.map_or_else(String::new, |port| port.to_string());
        // Of what is put in, only the colon and the plus need care in a query, and our times end in Z.
        let address = address.to_canonical().to_string().replace(':', "%3A");
        let url = self.template.replace("{address}", &address).replace("{port}", &port);
        let url = url.replace("{time}", &time.replace(':', "%3A"));
        {
            let state = self.state();
            if let Some((at, answer)) = state.known.get(&url).filter(|(at, _)| at.elapsed() < REMEMBERED) {
                tracing::trace!(age = ?at.elapsed(), "the customer system answered this before");
                return Ok(answer.clone());
            }
            if state.paused_until.is_some_and(|until| Instant::now() < until) {
                return Err(CustomersError::Paused);
            }
        }
        let (agent, asked) = (self.agent.clone(), url.clone());
        let answer = tokio::task::spawn_blocking(move || ask(&agent, &asked)).await;
        let answer = answer.unwrap_or_else(|_| Err("was not asked".to_owned()));
        let mut state = self.state();
        match answer {
            Ok(answer) => {
                if state.known.len() >= ANSWERS_AT_MOST {
                    state.known.clear();
                }
                state.known.insert(url, (Instant::now(), answer.clone()));
                Ok(answer)
            }
            Err(why) => {
                state.paused_until = Instant::now().checked_add(PAUSE);
                Err(CustomersError::Failed(why))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One question, blocking; what went wrong goes on from "the customer system". The URL is not told: it may hold a key.
fn ask(agent: &Agent, url: &str) -> Result<Option<Customer>, String> {
    let mut answer = agent.get(url).call().map_err(|error| format!("cannot be asked: {error}"))?;
    match answer.status() {
        StatusCode::NOT_FOUND | StatusCode::NO_CONTENT => return Ok(None),
        StatusCode::OK => {}
        status => return Err(format!("answered {status}")),
    }
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
    let body = body.map_err(|error| format!("broke off: {error}"))?;
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|_| "answered with something else than a subscriber".to_owned())
}
