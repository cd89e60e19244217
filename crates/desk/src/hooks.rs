//! Other programs are told what happens to cases: a signed POST for each event, sent until it is taken.
//!
//! The messages are written in the transaction of the events they tell of, so none is lost and none tells of what was not
//! recorded; each goes out at least once, with the same identity each time. They are signed as *Standard Webhooks* 1.0.0 says
//! (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, and `webhook-signature: v1,` with the HMAC-SHA256 of
//! `id.timestamp.body`. What is inside the house is sent to only where `outbound.allow` names it ([`crate::Outbound`]).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use case::{Actor, Asker, CaseId, Event, Listed, Query, Record};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::Sha256;
use store::HookMessage;
use tokio::task::JoinSet;

use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::{chain, wait};
use crate::outbound::Outbound;
use crate::view::CheckView;

/// The pauses between tries, as the specification's reference has them: given up after about three days.
const PAUSES: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];
/// How many messages of one hook are under way at once: a slow one holds up none of the others.
const AT_ONCE: u32 = 4;
/// How long what was taken or given up is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What an answer is quoted with, in characters.
const QUOTED: usize = 200;
/// Before the key, so that it is seen for what it is.
const PREFIX: &str = "whsec_";
/// How long a key is, in bytes (Standard Webhooks: 24 to 64).
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What can be told.
pub const HOOK_EVENTS: [&str; 14] = [
    "case.opened",
    "case.watching",
    "case.suspected",
    "case.confirmed",
    "case.contained",
    "case.cleaned",
    "case.closed",
    "case.dismissed",
    "case.released",
    "case.reopened",
    "case.assigned",
    "case.noted",
    "case.paged",
    "block.refused",
];

/// Where what is told goes.
#[derive(Clone)]
pub struct Hook {
    /// Its name.
    pub name: String,
    /// Where it is posted.
    pub url: String,
    /// Only these events; all, where it is empty.
    pub events: Vec<String>,
    /// Only of cases that fit this search.
    pub search: String,
    key: Vec<u8>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Hook {
    /// A hook, if it can be one: `secret` is `whsec_` with 24 to 64 bytes in base64.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(name: &str, url: &str, secret: &str, events: &[String], search: &str) -> Result<Hook, String> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err("its name is of letters, digits and hyphens".to_owned());
        }
        Outbound::check(url).map_err(|error| error.to_string())?;
        let key = secret.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let key = key.filter(|key| KEY_LENGTHS.contains(&key.len()));
        let key = key.ok_or("its secret is whsec_ and 24 to 64 bytes in base64, such as: echo whsec_$(openssl rand -base64 32)")?;
        if let Some(unknown) = events.iter().find(|event| !HOOK_EVENTS.contains(&event.as_str())) {
            return Err(format!("{unknown:?} is no event; there are {}", HOOK_EVENTS.join(", ")));
        }
        Query::read(search, Timestamp::UNIX_EPOCH).map_err(|error| format!("its search: {error}"))?;
        Ok(Hook {
            name: name.to_owned(),
            url: url.to_owned(),
            events: events.to_vec(),
            search: search.to_owned(),
            key,
        })
    }

    fn wants(&self, event: &str, line: &Listed, now: Timestamp) -> bool {
        if !self.events.is_empty() && !self.events.iter().any(|one| one == event) {
            return false;
        }
        // An event may be what ends a case: which stage it came to is for the search to say, that it is open is not.
        let fits = |query: Query| {
            let open = Listed { stage: case::Stage::HeadsUp, ..line.clone() };
            let asker = Asker { name: None, now };
            query.fits(line, &asker) || (!line.stage.is_open() && query.fits(&open, &asker))
        };
        self.search.trim().is_empty() || Query::read(&self.search, now).is_ok_and(fits)
    }

    /// The headers that prove who sent this, and that it was now.
    fn signed(&self, id: &str, body: &str, now: Timestamp) -> Option<[(&'static str, String); 3]> {
        let seconds = now.as_second().to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        Some([
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds),
            ("webhook-signature", format!("v1,{signature}")),
        ])
    }
}

/// The messages that these records call for.
pub(crate) fn messages(
    hooks: &[Hook],
    records: &[Record],
    lines: &[Listed],
    now: Timestamp,
) -> Vec<HookMessage> {
    if hooks.is_empty() {
        return Vec::new();
    }
    let lines: BTreeMap<CaseId, &Listed> = lines.iter().map(|line| (line.case, line)).collect();
    let mut messages = Vec::new();
    for record in records {
        let (Some((event, why)), Some(line)) = (told(record), lines.get(&record.case)) else { continue };
        for hook in hooks.iter().filter(|hook| hook.wants(&event, line, now)) {
            messages.push(HookMessage {
                id: format!("{}-{}-{}", record.case, record.version, hook.name),
                hook: hook.name.clone(),
                body: body(&event, &why, record, line),
                made: now,
                due: now,
                attempts: 0,
                state: "waiting".to_owned(),
                note: String::new(),
            });
        }
    }
    messages
}

/// What an event is called outside, and why it happened.
fn told(record: &Record) -> Option<(String, String)> {
    let (event, why) = match &record.event {
        Event::Opened { .. } => ("case.opened".to_owned(), ""),
        Event::StageMoved { to: case::Stage::HeadsUp, .. } => return None,
        Event::StageMoved { to, why, .. } => (format!("case.{to}"), why.as_str()),
        Event::Released { reason } => ("case.released".to_owned(), reason.as_str()),
        Event::Reopened { reason } => ("case.reopened".to_owned(), reason.as_str()),
        Event::Assigned { to } => ("case.assigned".to_owned(), to.as_deref().unwrap_or("nobody")),
        Event::Noted { text } if matches!(record.actor, Actor::Operator(_)) => {
            ("case.noted".to_owned(), text.as_str())
        }
        Event::PageOrdered { what } => ("case.paged".to_owned(), what.as_str()),
        Event::BlockRefused { reason, .. } => ("block.refused".to_owned(), reason.as_str()),
        _ => return None,
    };
    Some((event, why.to_owned()))
}

fn body(event: &str, why: &str, record: &Record, line: &Listed) -> String {
    json!({
        "type": event,
        "timestamp": record.at,
        "data": {
            "case": record.case.to_string(), "version": record.version, "by": record.actor.to_string(), "why": why,
            "subscriber": line.subscriber, "stage": line.stage, "headline": line.more.headline, "harm": line.harm,
            "kinds": line.more.kinds, "addresses": line.addresses, "due": line.due, "assignee": line.assignee,
        },
    })
    .to_string()
}

impl Desk {
    /// Sends what waits, until the desk ends.
    pub(crate) async fn tell_hooks(self) {
        if self.settings().hooks.is_empty() {
            return std::future::pending().await;
        }
        let mut bell = self.bell();
        loop {
            match self.tell_hooks_now().await {
                Ok(0) => wait(&mut bell).await,
                Ok(_) => {}
                Err(error) => _ = self.trouble("messages to other programs wait", &error).await,
            }
        }
    }

    /// Sends what is due now; how many messages were tried.
    pub(crate) async fn tell_hooks_now(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut running = JoinSet::new();
        for hook in self.settings().hooks.iter() {
            let due = self.store().hook_messages_due(&hook.name, now, AT_ONCE).await;
            for message in due.doing("read what other programs are to be told")? {
                let (outbound, hook) = (self.settings().outbound.clone(), hook.clone());
                running.spawn(async move { send(&outbound, &hook, message, now).await });
            }
        }
        let tried = running.join_all().await;
        for message in &tried {
            self.store().tried_hook_message(message).await.doing("record what another program was told")?;
        }
        if !tried.is_empty() {
            let before = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
            self.store().forget_hook_messages(before).await.doing("forget old messages")?;
        }
        Ok(tried.len())
    }

    /// Hooks that do not take what they are sent, as the front page says it.
    pub(crate) async fn failing_hooks(&self) -> Result<Vec<CheckView>, DeskError> {
        if self.settings().hooks.is_empty() {
            return Ok(Vec::new());
        }
        let failing = self.store().failing_hooks().await.doing("look how other programs are told")?;
        let view = |one: store::HookHealth| CheckView {
            subject: format!("webhook {}", one.hook),
            works: false,
            since: one.since,
            checked: self.now(),
            note: format!("{} message(s) were not taken: {}", one.failing, one.note),
        };
        let configured =
            |one: &store::HookHealth| self.settings().hooks.iter().any(|hook| hook.name == one.hook);
        Ok(failing.into_iter().filter(configured).map(view).collect())
    }
}

/// Tries a message once; what became of it.
async fn send(outbound: &Outbound, hook: &Hook, mut message: HookMessage, now: Timestamp) -> HookMessage {
    let answer = match hook.signed(&message.id, &message.body, now) {
        Some(headers) => outbound
            .post_json(&hook.url, &headers, message.body.clone().into_bytes())
            .await
            .map_err(|error| chain(&error)),
        None => Err("its secret is no key".to_owned()),
    };
    let tried = usize::try_from(message.attempts).unwrap_or(usize::MAX);
    message.attempts = message.attempts.saturating_add(1);
    let failed = match answer {
        Ok(answer) if answer.status().is_success() => None,
        Ok(answer) => {
            let said: String = String::from_utf8_lossy(answer.body()).chars().take(QUOTED).collect();
            Some(format!("it answered {}: {}", answer.status().as_u16(), said.trim()))
        }
        Err(why) => Some(why),
    };
    match (failed, PAUSES.get(tried)) {
        (None, _) => (message.state, message.note) = ("taken".to_owned(), String::new()),
        (Some(why), Some(pause)) => {
            tracing::warn!(
                hook = hook.name,
                id = message.id,
                why,
                "a webhook was not taken and is tried again"
            );
            (message.note, message.due) = (why, now.saturating_add(*pause).unwrap_or(now));
        }
        (Some(why), None) => {
            tracing::error!(
                hook = hook.name,
                id = message.id,
                why,
                "a webhook was not taken for three days and is given up"
            );
            (message.note, message.state) = (why, "given-up".to_owned());
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The specification's own example of a signature.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let hook = Hook::new("x", "https://desk.example.net/", secret, &[], "").expect("a hook");
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        let [_, _, (_, signature)] =
            hook.signed("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#, at).expect("signed");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_cannot_be_a_hook_says_why() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let url = "https://tickets.example.net/in";
        let wrong = |name, url, secret, events: &[&str], search| {
            let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
            Hook::new(name, url, secret, &events, search).expect_err("it is none")
        };
        assert!(wrong("two words", url, secret, &[], "").contains("letters"));
        assert!(wrong("x", "ftp://tickets.example.net", secret, &[], "").contains("https"));
        assert!(wrong("x", url, "hunter2", &[], "").contains("whsec_"));
        assert!(wrong("x", url, "whsec_c2hvcnQ=", &[], "").contains("24 to 64"));
        assert!(wrong("x", url, secret, &["case.sung"], "").contains("case.contained"));
        assert!(wrong("x", url, secret, &[], "stage:nonsense").contains("nonsense"));
        assert!(!format!("{:?}", Hook::new("x", url, secret, &[], "").expect("a hook")).contains("MfKQ"));
    }
}
