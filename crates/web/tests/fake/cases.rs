//! The cases of the in-memory night; every address and word is our own invention.

use case::{
    Actor, CaseId, Command, EvidenceId, InForce, Kind, Listed, Measure, More, Refusal, RuleKey, Stage,
    SubscriberId, Transport,
};
use desk::{
    BlockView, CaseView, EdgeStatus, EvidenceView, IntakeView, Piece, QueueRow, TimelineRow, Tone, WhyStep,
};
use jiff::{SignedDuration, Timestamp};
use web::OfficeError;

use super::{State, ended, now};

pub const REPORT: &str = "From: reporter@example.net\nSubject: [#4711] open proxy at 203.0.113.7\n\
    Date: Sun, 22 Nov 2026 23:58:12 +0000\n\nHello,\n\nthe host below relayed spam for strangers through an open proxy:\n\n\
    203.0.113.7 port 1080/tcp, 2026-11-22 23:41:07 UTC\n\nPlease close it.\n-- \nThe list at example.net\n";

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub fn evidence_id(number: u8) -> EvidenceId {
    let mut bytes = [number; 32];
    for (at, byte) in (0u8..).zip(bytes.iter_mut()) {
        *byte = byte.wrapping_mul(31).wrapping_add(at.wrapping_mul(73));
    }
    EvidenceId(bytes)
}

fn block(last: u8, measure: Measure) -> RuleKey {
    RuleKey { address: [203, 0, 113, last].into(), measure }
}

const MAIL_OUT: Measure = Measure::Out { protocol: Transport::Tcp, port: 25 };
const PROXY_IN: Measure = Measure::In { protocol: Transport::Tcp, port: 1080 };

pub fn edge() -> EdgeStatus {
    let until = now() + SignedDuration::from_hours(23);
    EdgeStatus {
        outlet: "nftables".to_owned(),
        read_at: Some(now() - SignedDuration::from_secs(19)),
        in_force: [MAIL_OUT, PROXY_IN].map(|measure| InForce { key: block(7, measure), until }).to_vec(),
        trouble: None,
        outlets: Vec::new(),
        unserved: Vec::new(),
        stopped: None,
    }
}

/// ND-17 first, then a hundred and twenty-six more open ones, and two that have ended.
pub fn all() -> Vec<CaseView> {
    let mut cases =
        vec![plain(41, Stage::Suspected, Some(-130)), hero(), plain(44, Stage::Suspected, Some(12))];
    let stages = [Stage::Watching, Stage::Suspected, Stage::HeadsUp, Stage::Cleaned, Stage::Watching];
    for (number, stage) in (100..224).zip(stages.into_iter().cycle()) {
        let due = (stage != Stage::HeadsUp).then_some(41 + i64::try_from(number).unwrap() * 7 - 700);
        cases.push(plain(number, stage, due));
    }
    cases.push(plain(3, Stage::Closed, None));
    cases.push(plain(4, Stage::Dismissed, None));
    cases
}

fn subscriber(text: &str) -> SubscriberId {
    serde_json::from_value(serde_json::Value::from(text)).unwrap()
}

fn plain(number: u64, stage: Stage, due: Option<i64>) -> CaseView {
    let last = u8::try_from(number % 250).unwrap() + 1;
    let (kinds, headline) = match number % 4 {
        0 => (vec![Kind::SpamSource], format!("spam from 198.51.100.{last}, 4 reports from 2 domains")),
        1 => (
            vec![Kind::OpenProxy, Kind::SpamSource],
            format!("open proxy alleged on 198.51.100.{last} port 8080"),
        ),
        2 => (vec![Kind::Malware], format!("malware on 198.51.100.{last}: a proxy may follow")),
        _ => (vec![Kind::TrojanScan], format!("198.51.100.{last} scans for trojans")),
    };
    let proxy = kinds.contains(&Kind::OpenProxy) && stage.is_open();
    let row = QueueRow {
        id: CaseId(number),
        subscriber: subscriber(&format!("line-{:05}", number * 37 % 99_999)),
        stage,
        headline,
        addresses: vec![[198, 51, 100, last].into()],
        kinds,
        opened: ago(60 + i64::try_from(number).unwrap() * 3),
        updated: ago(14),
        due: due.map(|minutes| now() + SignedDuration::from_mins(minutes)),
        harm: u8::try_from(number % 7).unwrap() + 2,
        proxy,
        assignee: None,
        mentions: Vec::new(),
        sightings: usize::try_from(number % 5).unwrap() + 1,
        reports: number % 5 + 1,
        reporters: number % 3 + 1,
        authenticated_reporters: number % 2,
        blocks: 0,
    };
    CaseView {
        row,
        version: 4,
        why: "two reporters of different domains, log-odds 1.9 of 4.0; hearsay ends here".to_owned(),
        timeline: vec![event(
            60,
            Tone::Heard,
            "Report filed",
            "spam-source, by abuse@example.net",
            Some(evidence_id(9)),
        )],
        signs: Vec::new(),
        evidence: Vec::new(),
        blocks: Vec::new(),
        next_probe: Some(now() + SignedDuration::from_mins(11)),
        may_claim_innocence: false,
        runbook: Vec::new(),
        now: now(),
    }
}

/// A case as searches see it.
pub fn listed(view: &CaseView) -> Listed {
    let row = &view.row;
    Listed {
        case: row.id,
        subscriber: row.subscriber.clone(),
        stage: row.stage,
        opened: row.opened,
        updated: row.updated,
        version: view.version,
        due: row.due,
        harm: row.harm,
        proxy: row.proxy,
        addresses: row.addresses.clone(),
        assignee: row.assignee.clone(),
        more: More {
            headline: row.headline.clone(),
            kinds: row.kinds.iter().copied().collect(),
            mentions: row.mentions.iter().cloned().collect(),
            sightings: row.sightings,
            ..More::default()
        },
    }
}

fn event(minutes: i64, tone: Tone, title: &str, text: &str, evidence: Option<EvidenceId>) -> TimelineRow {
    TimelineRow {
        at: ago(minutes),
        actor: Actor::Desk,
        tone,
        title: title.to_owned(),
        text: text.to_owned(),
        evidence,
    }
}

/// A proved proxy, contained.
fn hero() -> CaseView {
    let mut view = plain(17, Stage::Contained, Some(41));
    view.row.subscriber = subscriber("line-20417");
    view.row.headline = "open proxy on 203.0.113.7 port 1080, proved by our own probe".to_owned();
    view.row.kinds = vec![Kind::OpenProxy, Kind::SpamSource, Kind::Malware];
    view.row.addresses =
        vec![[203, 0, 113, 7].into(), [203, 0, 113, 19].into(), "2001:db8:17::7".parse().unwrap()];
    (view.row.harm, view.row.proxy, view.row.sightings, view.row.blocks) = (9, false, 3, 2);
    view.version = 12;
    view.why = "our canary came back through 203.0.113.7 port 1080 (socks5) at 02:31, and both blocks were read back in force"
        .to_owned();
    view.signs =
        vec![super::traffic::sign("44 times what came in on port 48613 went out again within a second")];
    view.timeline = vec![
        event(
            193,
            Tone::Heard,
            "Report filed",
            "open-proxy on port 1080, by abuse@example.net, weight 1.2",
            Some(evidence_id(1)),
        ),
        event(
            193,
            Tone::Moved,
            "heads-up → suspected",
            "log-odds 2.1 of 2.0: one report and a virus sign of the same line",
            None,
        ),
        event(190, Tone::Asked, "Probe asked", "is port 1080 of 203.0.113.7 an open proxy?", None),
        event(
            41,
            Tone::Proved,
            "Open proxy proved",
            "socks5 on port 1080 relayed our canary; it came from 203.0.113.7",
            Some(evidence_id(2)),
        ),
        event(41, Tone::Moved, "suspected → confirmed", "first-party proof", None),
        event(41, Tone::Edge, "Two blocks ordered", "tcp/25 out and tcp/1080 in, for 24 h", None),
        event(40, Tone::Edge, "Two blocks in force", "read back from nftables", None),
        event(40, Tone::Moved, "confirmed → contained", "every block the playbook lists is in force", None),
        event(38, Tone::Told, "Subscriber told", "mail to the contact of line-20417", None),
    ];
    view.evidence = vec![report(), probe()];
    let until = now() + SignedDuration::from_hours(23);
    view.blocks = [MAIL_OUT, PROXY_IN]
        .map(|measure| BlockView {
            key: block(7, measure),
            until,
            state: "in force".to_owned(),
            standing: true,
            awaits_second: false,
        })
        .to_vec();
    view.next_probe = Some(now() + SignedDuration::from_mins(49));
    view.runbook = vec!["Sobig installs a SOCKS proxy. Look for: <b>udp</b> port 8998 outward.".to_owned()];
    view
}

fn report() -> EvidenceView {
    let claim = "203.0.113.7 port 1080/tcp, 2026-11-22 23:41:07 UTC";
    let (before, after) = REPORT.split_once(claim).unwrap();
    let piece =
        |text: &str, claim: Option<&str>| Piece { text: text.to_owned(), claim: claim.map(str::to_owned) };
    EvidenceView {
        id: evidence_id(1),
        source: "smtp".to_owned(),
        received: ago(193),
        format: Some("plain prose".to_owned()),
        doubts: vec!["the clock of the reporter is not known; its time was taken as written".to_owned()],
        pieces: vec![piece(before, None), piece(claim, Some("open-proxy, offender")), piece(after, None)],
        left_off: 0,
    }
}

fn probe() -> EvidenceView {
    let text = "asked 203.0.113.7:1080, looking for an open proxy\n-> 05 01 00\n<- 05 00\n-> 05 01 00 01 c6 33 64 0a 1f 90\n\
        <- 05 00 00 01 cb 00 71 07 c3 52\n-> nonce 5f1c…\n";
    EvidenceView {
        id: evidence_id(2),
        source: "probe".to_owned(),
        received: ago(41),
        format: None,
        doubts: Vec::new(),
        pieces: vec![
            Piece { text: text.to_owned(), claim: None },
            Piece {
                text: "<- nonce 5f1c… arrived from 203.0.113.7".to_owned(),
                claim: Some("open-proxy, proved".to_owned()),
            },
        ],
        left_off: 128,
    }
}

pub fn why() -> Vec<WhyStep> {
    let step = |step, text: &str, evidence| WhyStep {
        step,
        text: text.to_owned(),
        evidence,
        span: None,
        quote: None,
    };
    vec![
        step("rule", "203.0.113.7 tcp/1080 in is dropped at nftables until 2026-11-24 02:31 UTC", None),
        step("case", "ND-17 of line-20417 is contained: its playbook blocks the proved port and mail", None),
        step("answer", "socks5 on port 1080 relayed our canary at 02:31", Some(evidence_id(2))),
        step(
            "claim",
            "a report alleged an open proxy on 203.0.113.7 port 1080; line-20417 held the address then",
            Some(evidence_id(1)),
        ),
        WhyStep {
            step: "bytes",
            text: "as it was written".to_owned(),
            evidence: Some(evidence_id(1)),
            span: Some((212, 262)),
            quote: Some("203.0.113.7 port 1080/tcp, 2026-11-22 23:41:07 UTC".to_owned()),
        },
    ]
}

pub fn intake() -> Vec<IntakeView> {
    let rows = [
        (
            "orphan",
            "two lines held 203.0.113.90 in the minute of the claim: line-00331 until 01:14:20, line-20002 after",
            Some("Spam from 203.0.113.90"),
        ),
        ("case", "", Some("[#4711] open proxy at 203.0.113.7")),
        ("unreadable", "the message has no header and no text", None),
        ("orphan", "no lease is known for 203.0.113.201 at that time", Some("AW: Beschwerde, Port-Scan")),
        ("not-a-report", "an automatic answer (Auto-Submitted: auto-replied)", Some("Out of office")),
        ("foreign", "192.0.2.80 is not ours", Some("Abuse from your network")),
        ("orphan", "no lease is known for 2001:db8:99::1 at that time", Some("[SPAM] 2001:db8:99::1")),
    ];
    (1..)
        .zip(rows)
        .map(|(number, (outcome, note, subject))| IntakeView {
            id: evidence_id(number),
            received: ago(i64::from(number) * 17),
            source: "smtp".to_owned(),
            outcome: outcome.to_owned(),
            note: note.to_owned(),
            settled: None,
            subject: subject.map(str::to_owned),
            cases: if outcome == "case" { vec![CaseId(17)] } else { Vec::new() },
        })
        .collect()
}

/// What a command does to a case as its page shows it.
pub fn follow(view: &mut CaseView, command: &Command) -> Result<(String, String), OfficeError> {
    let said = |title: &str, text: &str| Ok((title.to_owned(), text.to_owned()));
    match command {
        Command::Release { reason } => {
            if !view.blocks.iter().any(|block| block.standing) {
                return Err(OfficeError::Refused(Refusal::NothingToRelease));
            }
            for block in &mut view.blocks {
                (block.standing, block.state) = (false, "lifted: released".to_owned());
            }
            view.row.stage = Stage::Confirmed;
            said("Released", reason)
        }
        Command::Note { text } => said("Note", text),
        Command::Assign { to } => {
            view.row.assignee.clone_from(to);
            said("Given", to.as_deref().unwrap_or("back"))
        }
        Command::Reopen { reason } => {
            if view.row.stage.is_open() {
                return Err(OfficeError::Refused(Refusal::NotEnded(view.row.stage)));
            }
            view.row.stage = Stage::HeadsUp;
            said("Reopened", reason)
        }
        Command::Confirm { reason } => {
            ended(view)?;
            view.row.stage = Stage::Confirmed;
            said("Confirmed by hand", reason)
        }
        Command::Dismiss { reason } => {
            ended(view)?;
            view.row.stage = Stage::Dismissed;
            said("Dismissed", reason)
        }
        Command::Recheck { ports } => {
            ended(view)?;
            said("Recheck asked", &format!("ports {ports:?}"))
        }
        Command::Approve { by } => said("Approved", by),
        Command::Innocent { reason } => said("SpamCop is told", reason),
        Command::Merge { reason, .. } => said("Merged", reason),
        Command::Split { reason, .. } => said("Split", reason),
        _ => Err(OfficeError::Unavailable("the pages never send this".to_owned())),
    }
}

/// Puts `text` into every field that others write.
pub fn poison(state: &mut State, text: &str) {
    let evil = || text.to_owned();
    state.foreign = evil();
    state.orders = vec![super::bulk::done(text)];
    state.edge.trouble = Some(evil());
    state.traffic.as_mut().unwrap().listener.listen = vec![evil()];
    state.checks = vec![desk::CheckView {
        subject: evil(),
        works: false,
        since: super::now(),
        checked: super::now(),
        note: evil(),
    }];
    state.mailboxes = vec![desk::MailboxView {
        name: evil(),
        tags: vec![evil()],
        last_look: None,
        messages: 0,
        left: 0,
        errors: 1,
        trouble: Some(evil()),
    }];
    state.lease_sources.accounting =
        Some(desk::AccountingView { listen: evil(), ..desk::AccountingView::default() });
    state.edge.outlet = evil();
    for view in &mut state.cases {
        view.row.headline = evil();
        view.row.subscriber = text.parse().unwrap_or_else(|_| subscriber("line-1"));
        view.why = evil();
        (view.row.assignee, view.row.mentions) = (Some(evil()), vec![evil()]);
        for row in &mut view.timeline {
            (row.title, row.text, row.actor) = (evil(), evil(), Actor::Operator(evil()));
        }
        for item in &mut view.evidence {
            (item.source, item.format, item.doubts) = (evil(), Some(evil()), vec![evil()]);
            for piece in &mut item.pieces {
                (piece.text, piece.claim) = (evil(), piece.claim.as_ref().map(|_| evil()));
            }
        }
        for block in &mut view.blocks {
            block.state = evil();
        }
    }
    for row in &mut state.intake {
        (row.source, row.note, row.subject) = (evil(), evil(), Some(evil()));
    }
    for step in &mut state.why {
        (step.text, step.quote) = (evil(), Some(evil()));
    }
    state.bytes = text.as_bytes().to_vec();
}
