//! A case's records as rows a person reads, and its blocks as they stand.

use jiff::Timestamp;

use case::{Block, Case, Event, Record, RuleState, Sighting, SignKind, Source, Standing};

use crate::marked::harmless;
use crate::view::{BlockView, TimelineRow, Tone};

/// Every record as a row, oldest first.
#[must_use]
pub fn rows(records: &[Record]) -> Vec<TimelineRow> {
    records.iter().map(row).collect()
}

fn row(record: &Record) -> TimelineRow {
    let (tone, title, text, evidence) = match &record.event {
        Event::Opened { subscriber, playbook } => {
            let under = playbook.as_ref().map(|version| format!(", under playbook {version}"));
            let text = format!("for {subscriber}{}", under.unwrap_or_default());
            (Tone::Moved, "case opened".to_owned(), text, None)
        }
        Event::Playbook { version } => {
            let text = "what follows is decided under it".to_owned();
            (Tone::Moved, format!("playbook {version}"), text, None)
        }
        Event::StepTaken { step, why } => {
            (Tone::Moved, format!("step of the playbook: {step}"), why.clone(), None)
        }
        Event::Filed { sighting, weight } => (
            Tone::Heard,
            heard(sighting),
            format!("{}; weight {weight:+.1}", sighting.attributed),
            Some(sighting.evidence),
        ),
        Event::StageMoved { from, to, why } => (Tone::Moved, format!("{from} → {to}"), why.clone(), None),
        Event::WatchSet { until, why } => {
            (Tone::Moved, format!("watched until {}", short(*until)), why.clone(), None)
        }
        Event::Asked { question, due, why, .. } => {
            let ports: Vec<String> = question.ports.iter().map(u16::to_string).collect();
            let title = format!("probe of {} ordered", question.address);
            (
                Tone::Asked,
                title,
                format!("ports {}; not before {}; {why}", ports.join(", "), short(*due)),
                None,
            )
        }
        Event::Answered { address, verdict, port, protocol, exit, evidence, .. } => {
            let tone = if verdict.is_proof() { Tone::Proved } else { Tone::Asked };
            let text = match (port, protocol, exit) {
                (Some(port), Some(protocol), Some(exit)) => {
                    format!(
                        "our own request went through {address}:{port} by {protocol} and came out at {exit}"
                    )
                }
                _ => format!("{address}; the transcript says why"),
            };
            (tone, format!("probe says {verdict}"), text, Some(*evidence))
        }
        Event::ConfirmedByHand { reason } => {
            (Tone::Operator, "confirmed by hand".to_owned(), reason.clone(), None)
        }
        Event::BlockOrdered { rule, why } => (
            Tone::Edge,
            format!("block ordered: {}", rule.key),
            format!("until {}; {why}", short(rule.until)),
            None,
        ),
        Event::BlockHeld { key } => {
            let text = "it goes to the edge once somebody approves it who did not order it".to_owned();
            (Tone::Edge, format!("waits for a second person: {key}"), text, None)
        }
        Event::BlockApproved { key, by } => {
            (Tone::Operator, format!("approved: {key}"), format!("by {by}"), None)
        }
        Event::BlockVerified { key, until } => (
            Tone::Edge,
            format!("in force: {key}"),
            format!("the edge shows it, until {}", short(*until)),
            None,
        ),
        Event::BlockRefused { key, reason } => {
            (Tone::Edge, format!("not in force: {key}"), reason.clone(), None)
        }
        Event::BlockLifted { key, reason } => (Tone::Edge, format!("lifted: {key}"), reason.in_words(), None),
        Event::Released { reason } => (Tone::Operator, "released by hand".to_owned(), reason.clone(), None),
        Event::Dismissed { reason } => (Tone::Operator, "dismissed".to_owned(), reason.clone(), None),
        Event::Merged { into, reason } => {
            (Tone::Operator, format!("merged into {into}"), reason.clone(), None)
        }
        Event::Split { to, reason } => {
            (Tone::Operator, format!("split: part of it is {to}"), reason.clone(), None)
        }
        Event::Reopened { reason } => (Tone::Operator, "reopened".to_owned(), reason.clone(), None),
        Event::Assigned { to: Some(name) } => {
            (Tone::Operator, format!("taken on by {name}"), String::new(), None)
        }
        Event::Assigned { to: None } => (Tone::Operator, "anybody's again".to_owned(), String::new(), None),
        Event::NoticeOrdered { evidence } => {
            (Tone::Told, "subscriber is to be told".to_owned(), String::new(), *evidence)
        }
        Event::AcknowledgementOrdered { evidence, .. } => {
            (Tone::Told, "reporter is to be answered".to_owned(), String::new(), Some(*evidence))
        }
        Event::ReporterNamed { correspondent } => {
            let number = correspondent.spamcop.map(|report| format!("; SpamCop's number {}", report.id));
            let text = format!("can be answered at {}{}", correspondent.address, number.unwrap_or_default());
            (Tone::Heard, "reporter known".to_owned(), text, Some(correspondent.evidence))
        }
        Event::OutcomeOrdered { evidence, reporter } => (
            Tone::Told,
            "reporter is to be told of the outcome".to_owned(),
            reporter.clone(),
            Some(*evidence),
        ),
        Event::SpamcopOrdered { evidence, report, answer, why } => (
            Tone::Told,
            format!("SpamCop is to be told: {} {report}", answer.name()),
            why.clone(),
            Some(*evidence),
        ),
        Event::Told { to } => (Tone::Told, format!("mail to {to}"), "the relay took it".to_owned(), None),
        Event::TellingFailed { to, reason } => (Tone::Told, format!("no mail to {to}"), reason.clone(), None),
        Event::Noted { text } => (Tone::Operator, "note".to_owned(), text.clone(), None),
        Event::Counted { reports, copies, .. } => {
            (Tone::Heard, counted(*reports, *copies), String::new(), None)
        }
        Event::SignWithdrawn { evidence, reason, .. } => {
            (Tone::Moved, "a sign no longer counts".to_owned(), reason.clone(), Some(*evidence))
        }
        Event::PageOrdered { what } => (Tone::Told, "the operators are paged".to_owned(), what.clone(), None),
        Event::ReporterJudged { domain, evidence, confirmed } => {
            let title = if *confirmed { "a reporter was right" } else { "a reporter was wrong" };
            (Tone::Moved, title.to_owned(), domain.clone(), Some(*evidence))
        }
        Event::BlockLost { key } => {
            let text = "the edge no longer shows it; it is put back at once".to_owned();
            (Tone::Edge, format!("not in force: {key}"), text, None)
        }
        Event::AddressLost { address, reason } => {
            (Tone::Moved, format!("{address} changed hands"), reason.clone(), None)
        }
    };
    TimelineRow { at: record.at, actor: record.actor.clone(), tone, title, text, evidence }
}

/// What was counted and not filed.
fn counted(reports: u32, copies: u32) -> String {
    let reports = match reports {
        0 => None,
        1 => Some("1 more report counted".to_owned()),
        more => Some(format!("{more} more reports counted")),
    };
    let copies = match copies {
        0 => None,
        1 => Some("1 copy of a filed report came by another way".to_owned()),
        more => Some(format!("{more} copies of filed reports came by another way")),
    };
    reports.into_iter().chain(copies).collect::<Vec<String>>().join("; ")
}

/// What a sighting says, in one line.
pub(crate) fn heard(sighting: &Sighting) -> String {
    let port = sighting.port.map(|port| format!(":{port}")).unwrap_or_default();
    if let Source::Sign { sign, why, .. } = &sighting.source {
        return format!("{sign} seen at {}{port}: {}", sighting.address, harmless(why.as_bytes()));
    }
    format!("{} alleged of {}{port} by {}", sighting.kind, sighting.address, who(&sighting.source))
}

/// Who says so.
pub(crate) fn who(source: &Source) -> String {
    match source {
        Source::Report { domain, standing: Standing::UnpublishedBox, .. } => {
            format!("{domain} (to the unpublished address)")
        }
        Source::Report { domain, authenticated: true, .. } => format!("{domain} (authenticated)"),
        Source::Report { domain, authenticated: false, .. } => format!("{domain} (not authenticated)"),
        Source::Sign { sign: SignKind::TrapTouched, .. } => "our own traps".to_owned(),
        Source::Sign { .. } => "our own flow records".to_owned(),
    }
}

/// A time to the minute, for running text.
pub(crate) fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The blocks of a case as they stand at `now`, by address and measure.
pub(crate) fn blocks(case: &Case, now: Timestamp) -> Vec<BlockView> {
    let view = |block: &Block| {
        let (state, standing) = match &block.state {
            RuleState::Ordered => ("ordered".to_owned(), true),
            RuleState::Held => ("waits for a second person".to_owned(), false),
            RuleState::Verified(_) => ("in force".to_owned(), true),
            RuleState::Refused(reason) => (format!("refused: {reason}"), true),
            RuleState::Lifted(reason) => (format!("lifted: {}", reason.in_words()), false),
        };
        BlockView {
            key: block.rule.key,
            until: block.rule.until,
            state,
            standing: standing && block.rule.until > now,
            awaits_second: block.state == RuleState::Held && block.rule.until > now,
        }
    };
    case.blocks().map(view).collect()
}
