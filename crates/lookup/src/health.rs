//! Whether asking DNS is worth the wait just now.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After so many checks in a row that DNS failed, it is taken to be down. More than one batch of mail from one sender
/// with dead name servers.
const FAILURES: u32 = 32;
/// How long a DNS that is down, or a domain that does not answer, is left alone.
const PAUSE: Duration = Duration::from_secs(10);
/// How many domains without an answer are remembered.
const DOMAINS: usize = 4096;

/// What came of the last checks.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    last_failure: Option<Instant>,
    silent: HashMap<String, Instant>,
}

impl Health {
    /// Whether a question about `domain` may find an answer.
    pub(crate) fn worth_asking(&self, domain: &str) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |at: &Instant| at.elapsed() < PAUSE;
        let down = state.failures >= FAILURES && state.last_failure.as_ref().is_some_and(recent);
        !down && !state.silent.get(domain).is_some_and(recent)
    }

    /// Takes in whether DNS answered for `domain`.
    pub(crate) fn note(&self, domain: &str, answered: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if answered {
            state.failures = 0;
            state.silent.remove(domain);
            return;
        }
        state.failures = state.failures.saturating_add(1);
        state.last_failure = Some(Instant::now());
        if state.silent.len() >= DOMAINS {
            state.silent.retain(|_, at| at.elapsed() < PAUSE);
        }
        if state.silent.len() < DOMAINS {
            state.silent.insert(domain.to_owned(), Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_domain_is_left_alone_and_a_dead_dns_too() {
        let health = Health::default();
        health.note("silent.example", false);
        assert!(!health.worth_asking("silent.example"));
        assert!(health.worth_asking("other.example"));
        for n in 0..FAILURES {
            health.note(&format!("d{n}.example"), false);
        }
        assert!(!health.worth_asking("other.example"), "everything failed");
        health.note("other.example", true);
        assert!(health.worth_asking("third.example"), "one answer, and DNS is alive");
        assert!(!health.worth_asking("silent.example"));
    }
}
