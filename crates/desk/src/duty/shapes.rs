//! What a ring says, and in which shape each service takes it.

use std::path::Path;

use ::oncall::{Page, Rang, Severity, Way};
use jiff::Timestamp;
use serde_json::json;
use ureq::http::Request;

use super::answer::Answer;
use crate::wording::shortened;

/// The most letters of a short message: one of GSM 03.38 in seven bits.
const SHORT: usize = 160;
/// How much of the first line a subject shows.
const SUBJECT: usize = 90;
/// How many subjects of a page are listed; the page has the rest.
const LISTED: usize = 20;

/// What a ring says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// What makes it this ring: the same however often it is tried.
    pub(super) key: String,
    /// The page as it is named, such as `P-12`.
    page: String,
    severity: Severity,
    headline: String,
    lines: Vec<String>,
    more: usize,
    answer: Answer,
    why_you: String,
}

impl Text {
    pub(super) fn of_page(page: &Page, rang: &Rang, answer: Answer) -> Text {
        let line = |subject: &::oncall::Subject| match subject.case {
            Some(case) => format!("{case}: {}", subject.what),
            None => subject.what.clone(),
        };
        let step = rang.step.0.saturating_add(1);
        let again = match rang.step.1 {
            0 => String::new(),
            times => format!(", back for the {times}. time since nothing happened after it was acknowledged"),
        };
        Text {
            key: format!("page/{}/{}", page.id, rang.ring.number),
            page: page.id.to_string(),
            severity: page.severity,
            headline: page.headline(),
            lines: page.subjects.iter().take(LISTED).map(line).collect(),
            more: page.count().saturating_sub(LISTED),
            answer,
            why_you: format!("You are rung as {} by step {step} of this page{again}.", rang.ring.person),
        }
    }

    /// When nothing can be read or written.
    pub(super) fn without_the_store(why: &str, now: Timestamp) -> Text {
        Text {
            key: format!("page/store/{}", now.as_second()),
            page: "nightdesk".to_owned(),
            severity: Severity::Urgent,
            headline: "the database of nightdesk cannot be used: nothing is decided and nothing is contained"
                .to_owned(),
            lines: vec![
                format!("It says: {why}"),
                "Mail is still accepted and waits on disk. Look at the database and at the disk it lies on."
                    .to_owned(),
            ],
            more: 0,
            answer: Answer::default(),
            why_you: "Everybody is rung, since who is on duty for what cannot be recorded.".to_owned(),
        }
    }

    pub(super) fn subject(&self) -> String {
        let short = shortened(&self.headline, SUBJECT);
        let tag = self.answer.tag.as_deref().unwrap_or(&self.page);
        format!("[{tag}] {}: {short}", self.severity)
    }

    /// All of it.
    pub(super) fn long(&self) -> String {
        let mut text = format!("{} ({}): {}\n\n", self.page, self.severity, self.headline);
        for line in &self.lines {
            text.push_str(&format!("- {}\n", line.trim_end().replace('\n', "\n  ")));
        }
        if self.more > 0 {
            text.push_str(&format!("- and {} more\n", self.more));
        }
        if let Some(link) = &self.answer.link {
            text.push_str(&format!("\nTo say that you look at it: {link}\n"));
        }
        if self.answer.tag.is_some() {
            text.push_str("Or answer this mail, leaving its subject as it is.\n");
            text.push_str(&format!("Or: nightdesk oncall ack {}\n", self.page));
        }
        text.push_str(&format!("\n{}\n", self.why_you));
        text
    }

    /// One short message.
    pub(super) fn short(&self) -> String {
        let begin = format!("{} {}: ", self.page, self.severity);
        let end =
            self.answer.link.as_deref().map(|link| format!(" {link}")).filter(|link| link.len() < SHORT / 2);
        let end = end.unwrap_or_default();
        let room = SHORT.saturating_sub(begin.len() + end.len());
        // Letters outside ASCII would make it two messages or more.
        let ascii = |c: char| if c.is_ascii() && !c.is_control() { c } else { '?' };
        let headline: String = self.headline.chars().map(ascii).take(room).collect();
        format!("{begin}{headline}{end}")
    }
}

/// The file that holds a way's secret, for those that have one.
pub(super) fn secret_file(way: &Way) -> Option<&Path> {
    match way {
        Way::Matrix { token_file, .. } | Way::PagerDuty { token_file, .. } => Some(token_file),
        Way::Ntfy { token_file, .. } | Way::Webhook { token_file, .. } => token_file.as_deref(),
        _ => None,
    }
}

/// The request that brings a text to a service:
/// [Slack](https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/) and those that take the same,
/// [Matrix](https://spec.matrix.org/v1.11/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid),
/// [PagerDuty](https://developer.pagerduty.com/docs/events-api-v2/trigger-events/), [ntfy](https://docs.ntfy.sh/publish/).
pub(super) fn request(way: &Way, text: &Text, secret: Option<&str>) -> Result<Request<Vec<u8>>, String> {
    let bearer = secret.map(|secret| format!("Bearer {secret}"));
    let json = |body: serde_json::Value| body.to_string().into_bytes();
    let (builder, body) = match way {
        Way::Slack { url } => (Request::post(url), json(json!({ "text": text.long() }))),
        Way::Matrix { url, room, .. } => {
            // The same transaction id at every try: the homeserver takes it once.
            let of = format!(
                "{}/_matrix/client/v3/rooms/{}/send/m.room.message/{}",
                url.trim_end_matches('/'),
                escaped(room),
                escaped(&text.key)
            );
            (Request::put(of), json(json!({ "msgtype": "m.text", "body": text.long() })))
        }
        Way::PagerDuty { url, .. } => {
            let severity = match text.severity {
                Severity::Urgent => "critical",
                Severity::Normal => "warning",
                Severity::Low => "info",
            };
            let mut event = json!({
                "routing_key": secret.unwrap_or_default(),
                "event_action": "trigger",
                // All rings of one page are one incident there.
                "dedup_key": format!("nightdesk-{}", text.page),
                "payload": {
                    "summary": text.headline.chars().take(1000).collect::<String>(),
                    "source": "nightdesk",
                    "severity": severity,
                    "custom_details": { "text": text.long() },
                },
            });
            if let (Some(link), Some(event)) = (&text.answer.link, event.as_object_mut()) {
                event.insert("links".to_owned(), json!([{ "href": link, "text": text.page }]));
            }
            (Request::post(url), json(event))
        }
        Way::Ntfy { url, .. } => {
            let priority = match text.severity {
                Severity::Urgent => "5",
                Severity::Normal => "4",
                Severity::Low => "3",
            };
            let mut builder = Request::post(url).header("Title", format!("{} {}", text.page, text.severity));
            builder = builder.header("Priority", priority);
            if let Some(link) = &text.answer.link {
                builder = builder.header("Click", link);
            }
            (builder, text.long().into_bytes())
        }
        Way::Webhook { url, .. } => {
            let body = json!({
                "text": text.long(), "page": text.page, "severity": text.severity.name(),
                "headline": text.headline, "lines": text.lines, "more": text.more, "link": text.answer.link,
            });
            (Request::post(url), json(body))
        }
        Way::Mail { .. } | Way::Sms { .. } | Way::Command { .. } => {
            return Err(format!("{way} takes no request"));
        }
    };
    let is_text = matches!(way, Way::Ntfy { .. });
    let kind = if is_text { "text/plain; charset=utf-8" } else { "application/json" };
    let builder = builder.header("Content-Type", kind);
    let builder = match bearer.filter(|_| !matches!(way, Way::PagerDuty { .. })) {
        Some(bearer) => builder.header("Authorization", bearer),
        None => builder,
    };
    builder.body(body).map_err(|error| format!("{way} cannot be written to: {error}"))
}

/// Text as one part of a URL's path (RFC 3986 section 2.1).
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
