//! What we write to people, in plain words.

use jiff::Timestamp;

use case::{
    Answered, Case, CaseId, Event, EvidenceId, Measure, Playbook, Record, RuleKey, RuleState, Sighting,
    SignFamily, Source, SpamcopAnswer, Stage, Verdict,
};
use report::{Reading, xarf_out};

use crate::letters::{Basis, BlockFact, BlockKind, Fact, Found, NoticeFacts};
use crate::timeline::short;

/// What a subscriber is told: facts of the case alone. No operator's or reporter's words, and no reason that was put
/// together from them, has a place in it.
#[derive(Debug)]
pub(crate) struct Notice<'a> {
    case: CaseId,
    ground: Ground<'a>,
    /// Blocks the edge was seen to show, with their ends there.
    in_force: Vec<(RuleKey, Timestamp)>,
    /// Blocks the edge was not seen to show yet.
    coming: Vec<RuleKey>,
}

/// What the notice rests on.
#[derive(Debug)]
enum Ground<'a> {
    /// A probe of ours.
    Probe(&'a Answered),
    /// The word of our staff; who and why stays with us.
    Staff,
    /// Our own flow records, with the sign of relaying that the proof rests on.
    Flows(&'a Sighting),
}

impl<'a> Notice<'a> {
    /// The notice of `case` as it stands at `now`, with `outlet` at the edge; `None` when nothing is proved that a
    /// subscriber could be told.
    pub(crate) fn of(
        case: &'a Case,
        records: &[Record],
        evidence: Option<EvidenceId>,
        outlet: &str,
        now: Timestamp,
    ) -> Option<Notice<'a>> {
        let mut notice = Notice {
            case: case.id(),
            ground: ground(case, records, evidence)?,
            in_force: Vec::new(),
            coming: Vec::new(),
        };
        // A dry run blocks nothing whatever it shows, and before the first reading it is not known what stands there.
        let rules = if matches!(outlet, "" | "dry-run") { Vec::new() } else { case.standing_rules(now) };
        for block in case.blocks().filter(|block| rules.contains(&block.rule)) {
            match &block.state {
                RuleState::Verified(until) => notice.in_force.push((block.rule.key, *until)),
                RuleState::Ordered => notice.coming.push(block.rule.key),
                RuleState::Held | RuleState::Refused(_) | RuleState::Lifted(_) => {}
            }
        }
        Some(notice)
    }

    /// What it says, for the texts of a language.
    pub(crate) fn facts(&self, link: Option<(String, String)>) -> NoticeFacts {
        let (found, basis) = match self.ground {
            Ground::Probe(answer) => (found(answer.verdict), Basis::Probe(tested(answer))),
            Ground::Staff => (Found::Either, Basis::Staff),
            Ground::Flows(seen) => (Found::Either, Basis::Flows(relayed(seen))),
        };
        let in_force = self.in_force.iter().map(|(key, until)| dropped(key, Some(*until))).collect();
        let coming = self.coming.iter().map(|key| dropped(key, None)).collect();
        NoticeFacts { case: self.case.to_string(), found, basis, in_force, coming, link }
    }
}

/// The probe the notice was ordered for, else the newest that counts; our staff's word where that is newer.
fn ground<'a>(case: &'a Case, records: &[Record], evidence: Option<EvidenceId>) -> Option<Ground<'a>> {
    let proofs = || case.answers().iter().filter(|answer| answer.counts && answer.verdict.is_proof());
    let ordered_for = proofs().rfind(|answer| Some(answer.evidence) == evidence);
    if let Some(answer) = ordered_for {
        return Some(Ground::Probe(answer));
    }
    let by_hand = records.iter().rfind(|record| matches!(record.event, Event::ConfirmedByHand { .. }));
    let newest = proofs().next_back();
    match (by_hand, newest) {
        (Some(word), Some(answer)) if answer.started > word.at => Some(Ground::Probe(answer)),
        (Some(_), _) => Some(Ground::Staff),
        (None, Some(answer)) => Some(Ground::Probe(answer)),
        // Only a case that is proved by nothing else was confirmed by what flows show.
        (None, None) => by_flows(case, evidence).map(Ground::Flows),
    }
}

/// The sign of relaying that confirmed a case.
fn by_flows(case: &Case, evidence: Option<EvidenceId>) -> Option<&Sighting> {
    let relaying = |one: &&Sighting| match &one.source {
        Source::Sign { sign, .. } => sign.family() == SignFamily::Relaying,
        Source::Report { .. } => false,
    };
    let confirmed = matches!(case.stage(), Stage::Confirmed | Stage::Contained);
    let mut signs = case.signs().filter(relaying);
    let ordered_for = signs.find(|seen| Some(seen.evidence) == evidence);
    ordered_for.or_else(|| case.signs().filter(relaying).last()).filter(|_| confirmed)
}

/// What our flow records show, without anybody else's address.
fn relayed(seen: &Sighting) -> Fact {
    Fact {
        at: short(seen.happened.unwrap_or(seen.received)),
        address: seen.address.to_string(),
        port: seen.port,
        how: None,
        evidence: seen.evidence.short(),
    }
}

fn found(verdict: Verdict) -> Found {
    match verdict {
        Verdict::OpenRelay => Found::Relay,
        _ => Found::Proxy,
    }
}

fn tested(answer: &Answered) -> Fact {
    Fact {
        at: short(answer.started),
        address: answer.address.to_string(),
        port: answer.port,
        how: answer.protocol.clone(),
        evidence: answer.evidence.short(),
    }
}

fn dropped(key: &RuleKey, until: Option<Timestamp>) -> BlockFact {
    let (kind, protocol, port) = match key.measure {
        Measure::Out { protocol, port: 25 } => (BlockKind::MailOut, protocol, 25),
        Measure::Out { protocol, port } => (BlockKind::PortOut, protocol, port),
        Measure::In { protocol, port } => (BlockKind::PortIn, protocol, port),
        Measure::Garden => (BlockKind::Garden, Playbook::TRANSPORT, 0),
    };
    let (address, protocol) = (key.address.to_string(), protocol.to_string());
    BlockFact { kind, address, protocol, port, until: until.map(short) }
}

/// Subject and text of the reminder that a line's firewall is not in force.
pub(crate) fn firewall_reminder(verdict: &firewall::Verdict, link: Option<&str>) -> (String, String) {
    let ports: Vec<String> =
        verdict.ports.iter().take(8).map(|(protocol, port)| format!("{protocol} {port}")).collect();
    let since = verdict.since.map_or_else(String::new, |since| format!(" since {}", short(since)));
    let where_from = link.map_or_else(
        || "Please switch the firewall of your router on again.".to_owned(),
        |link| {
            format!("Please switch the firewall of your router on again. Its settings are here:\n\n  {link}")
        },
    );
    let body = format!(
        "Dear customer,\n\n\
         the firewall that belongs to your line is not in force{since}: strangers on the Internet reach\n\
         machines in your network, at these ports:\n\n  {}\n\n\
         Such machines are found within minutes and misused. {where_from}\n\n\
         If you opened these ports on purpose, answer this mail and say so. We look again by ourselves.\n",
        ports.join(", ")
    );
    ("The firewall of your line is not in force".to_owned(), body)
}

/// Subject and text of the acknowledgement to a reporter. Of what they wrote only their own number comes back: whoever
/// forged a report in another's name shall not have his words delivered by us.
pub(crate) fn acknowledgement(id: CaseId, reading: &Reading) -> (String, String) {
    let body = format!(
        "Thank you. Your report{} was read and has the number {id}.\n\n\
         The line is being checked now. We act on our own proof, so you need not send the same report again;\n\
         new evidence is always welcome under the same number.\n\n\
         This is an automatic answer, and the only one to this report.\n",
        number(reading),
    );
    (format!("[{id}] Your report was read"), body)
}

/// Subject and text of the word to a reporter that the line was found clean. Whose line it is, and what was done to it,
/// is between us and the subscriber.
pub(crate) fn outcome(id: CaseId, reading: &Reading) -> (String, String) {
    let body = format!(
        "You reported a line of our network{}; it has the number {id}.\n\n\
         What you reported was followed up, and our own tests have found the line clean since then. Should it go on,\n\
         please report it again.\n\n\
         This is an automatic message, and the last one about this number.\n",
        number(reading),
    );
    (format!("[{id}] The line you reported was found clean"), body)
}

/// The reporter's own number, where it is one: letters, digits and the signs numbers are written with.
fn number(reading: &Reading) -> String {
    let plain = |number: &&str| {
        number.len() <= 64 && number.chars().all(|c| c.is_ascii_alphanumeric() || "-_.#".contains(c))
    };
    let number = reading.report_id.as_deref().filter(plain);
    number.map(|number| format!(" (your number {number})")).unwrap_or_default()
}

/// Subject and text of an answer to SpamCop. Nobody reads it: the address says all.
pub(crate) fn spamcop(id: CaseId, report: u64, answer: SpamcopAnswer) -> (String, String) {
    let what = match answer {
        SpamcopAnswer::Resolved => {
            "The cause of this report is gone: our own tests have found the line clean."
        }
        SpamcopAnswer::Innocent => "Our staff have looked at this report and found that it is mistaken.",
    };
    (format!("[{id}] {} {report}", answer.name()), format!("{what}\n"))
}

/// Subject and text around a report of a scanner to the desk that answers for it.
pub(crate) fn scanner(attack: &xarf_out::Attack) -> (String, String) {
    let body = format!(
        "Dear abuse desk,\n\n\
         an address of your network has attacked ours:\n\n  {}\n\n\
         The same is attached for machines, in XARF version 4. Please look after the host; no answer is needed.\n",
        xarf_out::in_words(attack)
    );
    (format!("Attack from {}", attack.source), body)
}

/// Subject and text of a page to the desk's own people, with the runbook that goes with it.
pub(crate) fn page(id: CaseId, what: &str, runbook: Option<&str>) -> (String, String) {
    let runbook = runbook.map(|name| format!("What to look at and do: nightdesk runbook {name}\n"));
    let body = format!(
        "nightdesk needs a person.\n\n{what}\n\n\
         Look at {id} on the page or with: nightdesk case show {id}\n{}",
        runbook.unwrap_or_default(),
    );
    let short = shortened(what.lines().next().unwrap_or_default(), SUBJECT_AT_MOST);
    (format!("[{id}] nightdesk: {short}"), body)
}

/// The beginning of a text, with a mark where more follows.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// What of a page stands in its subject, in characters: a telephone shows about as much.
const SUBJECT_AT_MOST: usize = 100;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use case::{Actor, Answer, Command, InForce, Kind, Question, Sighting, Source, Trust};
    use jiff::SignedDuration;

    use super::*;

    /// A case of one line, step by step, with all that must not reach its subscriber.
    struct Story {
        records: Vec<Record>,
        case: Case,
        now: Timestamp,
    }

    const EVIDENCE: EvidenceId = EvidenceId([7; 32]);

    fn line() -> IpAddr {
        "203.0.113.7".parse().expect("an address")
    }

    impl Story {
        fn new() -> Story {
            let now = "2026-03-01T20:00:00Z".parse().expect("a time");
            let source = Source::Report {
                domain: "reporter.example".to_owned(),
                authenticated: true,
                trust: Trust::default(),
                standing: case::Standing::Unknown,
                network: None,
            };
            let sighting = Sighting {
                evidence: EvidenceId([1; 32]),
                claim: 0,
                span: None,
                source,
                kind: Kind::OpenProxy,
                address: line(),
                port: Some(8080),
                protocol: None,
                happened: Some(now),
                received: now,
                attributed: "lease of line-secret".to_owned(),
                report: None,
                spotted: false,
                malware: None,
            };
            let subscriber = "line-secret".parse().expect("a subscriber");
            let events = Case::open(CaseId(9), &subscriber, sighting, &Playbook::default(), now);
            let records = numbered(1, events, &Actor::Desk, now);
            let case = Case::replay(&records).expect("a case");
            Story { records, case, now }
        }

        fn does(&mut self, command: &Command, actor: &Actor) {
            self.now += SignedDuration::from_secs(60);
            let events = self.case.decide(command, &Playbook::default(), self.now).expect("a decision");
            let records = numbered(self.case.version() + 1, events, actor, self.now);
            records.iter().for_each(|record| self.case.apply(record));
            self.records.extend(records);
        }

        fn proved() -> Story {
            let mut story = Story::new();
            let asking = story.case.outstanding().expect("a question").clone();
            let answer = Answer {
                question: Question { address: line(), ..asking.question },
                verdict: Verdict::OpenProxy,
                port: Some(8080),
                protocol: Some("http-connect".to_owned()),
                exit: None,
                started: story.now,
                seconds: 1.0,
                transcript: Vec::new(),
            };
            story.does(&Command::Answered { question: asking.id, answer, evidence: EVIDENCE }, &Actor::Desk);
            story
        }

        fn confirmed() -> Story {
            let mut story = Story::new();
            let reason = "line-other called, seen on reporter.example".to_owned();
            story.does(&Command::Confirm { reason }, &Actor::Operator("olga".to_owned()));
            story
        }

        fn shown_at_the_edge(mut self, shown: impl Fn(&Measure) -> bool) -> Story {
            let rules = self.case.standing_rules(self.now).into_iter();
            let in_force = rules
                .filter(|rule| shown(&rule.key.measure))
                .map(|rule| InForce { key: rule.key, until: rule.until })
                .collect();
            self.does(&Command::EdgeRead { in_force, refused: Vec::new() }, &Actor::Desk);
            self
        }

        fn notice(&self, evidence: Option<EvidenceId>, outlet: &str) -> (String, String) {
            let notice = Notice::of(&self.case, &self.records, evidence, outlet, self.now);
            let facts = notice.expect("a notice").facts(None);
            let letters = crate::letters::Letters::default();
            let (subject, body) = letters.notice(None, &facts).expect("a letter");
            for secret in ["line-", "reporter.example", "olga", "called"] {
                assert!(!body.contains(secret) && !subject.contains(secret), "{secret}: {subject}\n{body}");
            }
            (subject, body)
        }
    }

    fn numbered(first: u64, events: Vec<Event>, actor: &Actor, at: Timestamp) -> Vec<Record> {
        let record = |(version, event)| Record { case: CaseId(9), version, at, actor: actor.clone(), event };
        (first..).zip(events).map(record).collect()
    }

    #[test]
    fn a_proved_and_contained_line_is_told_what_was_found_and_what_is_blocked() {
        let story = Story::proved().shown_at_the_edge(|_| true);
        let (subject, body) = story.notice(Some(EVIDENCE), "nftables");
        assert_eq!(subject, "[ND-9] A machine on your line is an open proxy");
        assert_eq!(
            body,
            "Dear customer,\n\
             \n\
             a machine on your line lets strangers from the whole Internet send their traffic through it:\n\
             it is an open proxy. We have tested this ourselves:\n\
             \n\
             \x20 - 2026-03-01 20:00 UTC: what we sent to 203.0.113.7, port 8080, by http-connect came out again\n\
             \n\
             To stop the abuse without cutting you off, this is blocked:\n\
             \n\
             \x20 - mail that 203.0.113.7 sends straight to other servers (tcp port 25), until 2026-03-02 20:01 UTC\n\
             \x20 - connections from outside to 203.0.113.7, tcp port 8080, until 2026-03-02 20:01 UTC\n\
             \n\
             Everything else on your line goes on working.\n\
             \n\
             What to do:\n\
             \x20 1. Disconnect the machine from the network and run a full virus scan with up-to-date software.\n\
             \x20 2. Remove any proxy, VPN-sharing or \"bandwidth sharing\" program you did not set up on purpose.\n\
             \x20 3. If you run a proxy on purpose, limit it to your own network and require a password.\n\
             \x20 4. Switch on the firewall of your router, and change its password.\n\
             \n\
             We test again by ourselves and lift the block when the machine is clean.\n\
             If you need help, answer this mail and keep ND-9 in the subject.\n\
             \n\
             Our record of the test: 070707070707\n"
        );
    }

    #[test]
    fn a_block_the_edge_does_not_show_yet_is_not_said_to_stand() {
        let story = Story::proved();
        let (_, body) = story.notice(Some(EVIDENCE), "nftables");
        assert!(body.contains("this is being blocked:\n"), "{body}");
        assert!(!body.contains("this is blocked") && !body.contains("until"), "{body}");

        let story = story.shown_at_the_edge(|measure| matches!(measure, Measure::Out { .. }));
        let (_, body) = story.notice(Some(EVIDENCE), "nftables");
        assert!(body.contains("this is blocked:\n\n  - mail that 203.0.113.7 sends"), "{body}");
        assert!(body.contains("this is being blocked:\n\n  - connections from outside"), "{body}");
    }

    #[test]
    fn nothing_is_said_of_blocks_where_nothing_is_blocked() {
        let shown = Story::proved().shown_at_the_edge(|_| true);
        for outlet in ["dry-run", ""] {
            let (_, body) = shown.notice(Some(EVIDENCE), outlet);
            assert!(!body.contains("block"), "{outlet:?}: {body}");
        }
        let mut released = shown;
        released.does(
            &Command::Release { reason: "line-other called".to_owned() },
            &Actor::Operator("olga".to_owned()),
        );
        let (_, body) = released.notice(Some(EVIDENCE), "nftables");
        assert!(!body.contains("block"), "{body}");
    }

    #[test]
    fn our_staffs_word_is_told_as_such_without_name_or_reason() {
        let story = Story::confirmed().shown_at_the_edge(|_| true);
        let (subject, body) = story.notice(None, "nftables");
        assert_eq!(subject, "[ND-9] A machine on your line is an open proxy or relay");
        assert!(
            body.contains("it is an open proxy or relay. Our staff have found this.\n\nTo stop"),
            "{body}"
        );
        assert!(!body.contains("tested this") && !body.contains("Our record"), "{body}");
    }

    #[test]
    fn hearsay_is_no_ground_for_a_notice() {
        let story = Story::new();
        assert!(Notice::of(&story.case, &story.records, None, "nftables", story.now).is_none());
    }

    #[test]
    fn a_page_says_in_its_subject_what_it_is_about() {
        let (subject, body) =
            page(CaseId(3), "an open-proxy is reported at 203.0.113.7\nand more", Some("suspected"));
        assert_eq!(subject, "[ND-3] nightdesk: an open-proxy is reported at 203.0.113.7");
        assert!(body.contains("and more") && body.contains("nightdesk case show ND-3"), "{body}");
        assert!(body.contains("nightdesk runbook suspected"), "{body}");
        let (long, _) = page(CaseId(3), &"ü".repeat(500), None);
        assert_eq!(long.chars().filter(|c| *c == 'ü').count(), SUBJECT_AT_MOST);
        assert!(long.ends_with('…'));
    }
}
