//! What a registry has said, and how often it may be asked.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ipnet::IpNet;

/// How long an answer with a contact is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long "there is none" is kept: a registry's gap may be mended within the day.
const ABSENT_KEPT: Duration = Duration::from_secs(3600);
/// How many answers are kept; each is some hundred bytes.
const ANSWERS: usize = 4096;
/// How many questions a registry is asked within [`SPAN`]. Registries publish no common figure; a desk that asks about
/// scanners one by one stays far below.
const QUESTIONS: u32 = 60;
/// The span they are counted in.
const SPAN: Duration = Duration::from_secs(60);
/// How long a registry that asks for a pause is left alone when it does not say how long.
const PAUSE: Duration = Duration::from_secs(300);
/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

/// Answers, the pause a registry asked for, and how much was asked lately. The time is an argument.
#[derive(Debug, Default)]
pub(super) struct Memory {
    answers: HashMap<IpNet, (Instant, Vec<String>)>,
    quiet_until: Option<Instant>,
    span: Option<(Instant, u32)>,
}

impl Memory {
    /// What is known of `net`.
    pub(super) fn recall(&self, net: IpNet, now: Instant) -> Option<Vec<String>> {
        let (until, mailboxes) = self.answers.get(&net)?;
        (now < *until).then(|| mailboxes.clone())
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, net: IpNet, mailboxes: Vec<String>, now: Instant) {
        if self.answers.len() >= ANSWERS {
            self.answers.retain(|_, (until, _)| now < *until);
        }
        // What is asked a thousand times a day is asked again: the registry is the truth, this only spares it.
        if self.answers.len() >= ANSWERS {
            self.answers.clear();
        }
        let until = now + if mailboxes.is_empty() { ABSENT_KEPT } else { KEPT };
        self.answers.insert(net, (until, mailboxes));
    }

    /// Counts one question; how long to wait where it may not be put now.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.quiet_until.filter(|until| now < *until) {
            return Err(until.duration_since(now));
        }
        let (began, asked) =
            self.span.filter(|(began, _)| now.duration_since(*began) < SPAN).unwrap_or((now, 0));
        if asked >= QUESTIONS {
            return Err(SPAN.saturating_sub(now.duration_since(began)));
        }
        self.span = Some((began, asked.saturating_add(1)));
        Ok(())
    }

    /// The registry wants to be left alone, for so long where it says; how long it will be.
    pub(super) fn pause(&mut self, stated: Option<Duration>, now: Instant) -> Duration {
        let pause = stated.unwrap_or(PAUSE).min(LONGEST_PAUSE);
        self.quiet_until = Some(now + pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().expect("a prefix")
    }

    #[test]
    fn a_contact_is_kept_a_day_and_its_absence_an_hour() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        memory.keep(net("192.0.2.1/32"), vec!["abuse@example.org".to_owned()], now);
        memory.keep(net("192.0.2.2/32"), Vec::new(), now);
        let known = |net: IpNet, after: u64| memory.recall(net, now + Duration::from_secs(after)).is_some();
        assert!(known(net("192.0.2.1/32"), 86_399) && !known(net("192.0.2.1/32"), 86_400));
        assert!(known(net("192.0.2.2/32"), 3599) && !known(net("192.0.2.2/32"), 3600));
        assert!(!known(net("192.0.2.3/32"), 0));
    }

    #[test]
    fn only_so_much_is_kept() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        for number in 0..10_000u32 {
            let address = std::net::Ipv4Addr::from(number);
            memory.keep(IpNet::from(std::net::IpAddr::V4(address)), Vec::new(), now);
        }
        assert!(memory.answers.len() <= ANSWERS);
    }

    #[test]
    fn a_registry_is_asked_so_often_a_minute_and_not_at_all_while_it_wants_peace() {
        let (mut memory, now) = (Memory::default(), Instant::now());
        for _ in 0..QUESTIONS {
            assert_eq!(memory.admit(now), Ok(()));
        }
        assert_eq!(memory.admit(now + Duration::from_secs(20)), Err(Duration::from_secs(40)));
        assert_eq!(memory.admit(now + SPAN), Ok(()));
        assert_eq!(memory.pause(Some(Duration::from_secs(90)), now + SPAN), Duration::from_secs(90));
        assert!(memory.admit(now + SPAN + Duration::from_secs(89)).is_err());
        assert_eq!(memory.admit(now + SPAN + Duration::from_secs(90)), Ok(()));
        assert_eq!(memory.pause(Some(Duration::MAX), now), LONGEST_PAUSE);
    }
}
