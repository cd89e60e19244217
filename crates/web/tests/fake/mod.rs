//! An in-memory night for the tests and the example: it keeps cases as their pages show them and answers like the desk.

#![allow(dead_code, missing_docs, unreachable_pub, missing_debug_implementations)]
#![allow(clippy::unwrap_used, reason = "a night of our own making; the example is no product either")]

pub mod bulk;
mod cases;
pub mod customers;
pub mod duty;
pub mod firewalls;
mod flows;
mod handover;
mod numbers;
pub mod people;
pub mod playbooks;
mod traffic;
mod traps;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use case::{Actor, Asker, CaseId, Command, EvidenceId, Query, Refusal, Stage};
use desk::{
    BulkAction, BulkPreview, BulkView, BulkWish, CaseView, EdgeStatus, EvidenceView, Front, Hour, IntakeView,
    NewSession, QueuePage, ReporterView, Session, TimelineRow, Tone, WhyStep,
};
use jiff::{SignedDuration, Timestamp};
use web::{Office, OfficeError, Soon};

pub const OPERATOR: &str = "robin";
pub const PASSWORD: &str = "correct horse battery";
pub const CSRF: &str = "c5f0c5f0c5f0c5f0c5f0c5f0c5f0c5f0";
pub const TOKEN: &str = "7e57ab1e7e57ab1e7e57ab1e7e57ab1e";
/// What a program sends.
pub const API_TOKEN: &str = "nightdesk_7e57";
/// The code of every device, when one is asked for.
pub const CODE: &str = "287082";
/// How many wrong passwords are looked at.
pub const TRIES: usize = 5;

pub fn now() -> Timestamp {
    "2026-11-23T03:12:00Z".parse().unwrap()
}

#[derive(Clone)]
pub struct Night {
    state: Arc<Mutex<State>>,
}

pub struct State {
    pub cases: Vec<CaseView>,
    pub intake: Vec<IntakeView>,
    pub edge: EdgeStatus,
    pub checks: Vec<desk::CheckView>,
    pub mailboxes: Vec<desk::MailboxView>,
    pub lease_sources: desk::LeaseSourcesView,
    pub traffic: Option<desk::TrafficView>,
    pub traps: Option<desk::TrapsView>,
    pub why: Vec<WhyStep>,
    pub bytes: Vec<u8>,
    pub acted: Vec<(CaseId, Command, Actor)>,
    /// What was asked of many cases.
    pub orders: Vec<desk::BulkView>,
    /// Who handed over with what words.
    pub handed: Vec<(String, String)>,
    /// What was said of the page.
    pub answered: duty::Answers,
    /// Line, hours (none: refused) and by whom.
    pub mail_decided: Vec<(String, Option<i64>, String)>,
    /// What became of people and tokens, in words.
    pub people: people::Deeds,
    /// What whoever is logged in may do.
    pub rights: desk::Rights,
    /// Whether a log-in waits for a code.
    pub asks_for_code: bool,
    pub waits: bool,
    pub enrolling: bool,
    pub tampered: bool,
    /// What others wrote, where it stands in the audit.
    pub foreign: String,
    /// The value of the session's cookie.
    pub token: String,
    /// What is tried, and what was made live by whom and why.
    pub trial: Option<String>,
    pub made_live: Vec<(String, String, String)>,
    /// How often the customer's page was opened, its test asked for, and what was answered there.
    pub opened: usize,
    pub tested: usize,
    pub answers: Vec<String>,
    wrong: usize,
    logged_in: bool,
    pub broken: bool,
    pub stuck: bool,
}

impl Night {
    /// A usual bad night: 127 open cases, ND-17 the one to look at.
    pub fn usual() -> Night {
        Night {
            state: Arc::new(Mutex::new(State {
                cases: cases::all(),
                intake: cases::intake(),
                edge: cases::edge(),
                checks: Vec::new(),
                mailboxes: Vec::new(),
                lease_sources: desk::LeaseSourcesView::default(),
                traffic: Some(traffic::usual()),
                traps: Some(traps::usual()),
                why: cases::why(),
                bytes: cases::REPORT.as_bytes().to_vec(),
                acted: Vec::new(),
                handed: Vec::new(),
                orders: vec![bulk::done("lines of the old building")],
                answered: Vec::new(),
                mail_decided: Vec::new(),
                people: Vec::new(),
                rights: desk::Rights { role: desk::Role::Admin, cuts_off: true },
                asks_for_code: false,
                waits: false,
                enrolling: false,
                tampered: false,
                foreign: "owner called".to_owned(),
                token: TOKEN.to_owned(),
                trial: Some(playbooks::tried()),
                made_live: Vec::new(),
                opened: 0,
                tested: 0,
                answers: Vec::new(),
                wrong: 0,
                logged_in: false,
                broken: false,
                stuck: false,
            })),
        }
    }

    /// The same night with `text` in every field that others write.
    pub fn hostile(text: &str) -> Night {
        let night = Night::usual();
        cases::poison(&mut night.state(), text);
        night
    }

    /// What happens inside, to be changed or looked at.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets the session be there without a login.
    pub fn with_session(self) -> Night {
        self.state().logged_in = true;
        self
    }

    /// Lets whoever is logged in, and the token, have these rights.
    pub fn with_rights(self, rights: desk::Rights) -> Night {
        self.state().rights = rights;
        self
    }
}

fn soon<'a, T: Send + 'a>(value: Result<T, OfficeError>) -> Soon<'a, T> {
    Box::pin(async move { value })
}

impl State {
    fn whole(&self) -> Result<(), OfficeError> {
        if self.broken { Err(OfficeError::Unavailable("the store is on fire".to_owned())) } else { Ok(()) }
    }

    fn queue(&self, search: &str, page: usize, by: &str) -> Result<QueuePage, OfficeError> {
        let query = Query::read(search, now())?;
        let asker = Asker { name: Some(by), now: now() };
        let mut found: Vec<&CaseView> =
            self.cases.iter().filter(|view| query.fits(&cases::listed(view), &asker)).collect();
        if query.order() != Query::read("", now())?.order() {
            found.sort_by_key(|view| query.order().key(&cases::listed(view), now()));
        }
        let total = found.len();
        let pages = total.div_ceil(50).max(1);
        let page = page.clamp(1, pages);
        let rows = found.into_iter().skip((page - 1) * 50).take(50).map(|view| view.row.clone()).collect();
        Ok(QueuePage { rows, total, more: false, page, pages })
    }

    fn front(&self) -> Front {
        let hour = |back: i64| {
            let from = now() - SignedDuration::from_hours(back) - SignedDuration::from_mins(12);
            let wave = (back * 37 % 23 + back % 5 * 9).unsigned_abs();
            Hour {
                from,
                accepted: wave + if back < 6 { 60 - 9 * back.unsigned_abs() } else { 0 },
                opened: wave / 7,
            }
        };
        let by_stage = Stage::ALL
            .into_iter()
            .filter(|stage| stage.is_open())
            .map(|stage| (stage, self.cases.iter().filter(|view| view.row.stage == stage).count()))
            .collect();
        Front {
            by_stage,
            ended: self.cases.iter().filter(|view| !view.row.stage.is_open()).count() as u64,
            orphans: 3,
            unreadable: 1,
            inbox: desk::InboxView {
                waiting: 4,
                oldest: Some(now() - SignedDuration::from_hours(3)),
                late: true,
            },
            accepted_today: 612,
            edge: self.edge.clone(),
            checks: self.checks.clone(),
            mailboxes: self.mailboxes.clone(),
            lease_sources: self.lease_sources.clone(),
            hours: (0..48).rev().map(hour).collect(),
            work: vec![desk::WorkCount { what: "probes", which: "open-proxy", times: 3 }],
            traffic: self.traffic.clone(),
            traps: self.traps.clone(),
            now: now(),
        }
    }

    fn act(
        &mut self,
        case: CaseId,
        version: Option<u64>,
        command: Command,
        actor: Actor,
    ) -> Result<(), OfficeError> {
        self.whole()?;
        let view = self.cases.iter_mut().find(|view| view.row.id == case).ok_or(OfficeError::NoSuchCase)?;
        if version.is_some_and(|version| version != view.version) {
            return Err(OfficeError::Changed);
        }
        let (title, text) = cases::follow(view, &command)?;
        view.version += 1;
        let row = TimelineRow {
            at: now(),
            actor: actor.clone(),
            tone: Tone::Operator,
            title,
            text,
            evidence: None,
        };
        view.timeline.push(row);
        self.acted.push((case, command, actor));
        Ok(())
    }

    fn log_in(&mut self, name: &str, password: &str) -> Result<NewSession, OfficeError> {
        self.whole()?;
        if self.wrong >= TRIES {
            return Err(OfficeError::TooManyTries { retry_after: SignedDuration::from_mins(14) });
        }
        if name != OPERATOR || password != PASSWORD {
            self.wrong += 1;
            return Err(OfficeError::WrongPassword);
        }
        self.waits = self.asks_for_code;
        self.logged_in = !self.waits;
        let expires = "2099-01-01T00:00:00Z".parse().unwrap();
        Ok(NewSession { token: TOKEN.to_owned(), csrf: CSRF.to_owned(), expires, waits: self.waits })
    }
}

impl Office for Night {
    fn queue<'a>(&'a self, search: &'a str, page: usize, by: &'a str) -> Soon<'a, QueuePage> {
        let state = self.state();
        soon(state.whole().and_then(|()| state.queue(search, page, by)))
    }

    fn preview_bulk<'a>(&'a self, search: &'a str, _: &'a BulkAction, by: &'a str) -> Soon<'a, BulkPreview> {
        let state = self.state();
        soon(state.whole().and_then(|()| state.preview(search, by)))
    }

    fn order_bulk<'a>(&'a self, wish: &'a BulkWish, mark: &'a str, by: &'a str) -> Soon<'a, u64> {
        let mut state = self.state();
        soon(state.whole().and_then(|()| state.order(wish, mark, by)))
    }

    fn undo_bulk<'a>(&'a self, id: u64, by: &'a str) -> Soon<'a, BulkView> {
        let mut state = self.state();
        soon(state.whole().and_then(|()| state.undo(id, by)))
    }

    fn bulk(&self, id: u64) -> Soon<'_, Option<BulkView>> {
        let state = self.state();
        soon(state.whole().map(|()| state.orders.iter().find(|order| order.id == id).cloned()))
    }

    fn bulks(&self) -> Soon<'_, Vec<BulkView>> {
        let state = self.state();
        soon(state.whole().map(|()| state.orders.clone()))
    }

    fn handover<'a>(&'a self, since: Option<Timestamp>, by: &'a str) -> Soon<'a, desk::Handover> {
        let state = self.state();
        soon(state.whole().and_then(|()| state.handover(since, by)))
    }

    fn hand_over<'a>(&'a self, note: &'a str, by: &'a str) -> Soon<'a, ()> {
        if note.len() > 4000 {
            return soon(Err(OfficeError::CannotSay("a note has at most 4000 bytes".to_owned())));
        }
        let mut state = self.state();
        state.handed.push((by.to_owned(), note.to_owned()));
        soon(state.whole())
    }

    fn settle_inbox<'a>(
        &'a self,
        which: Option<&'a [EvidenceId]>,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, u64> {
        if why.trim().is_empty() || why.len() > 4000 {
            return soon(Err(OfficeError::CannotSay("say why".to_owned())));
        }
        let mut settled = 0;
        for row in &mut self.state().intake {
            let waits = row.settled.is_none() && matches!(row.outcome.as_str(), "orphan" | "unreadable");
            if waits && which.is_none_or(|which| which.contains(&row.id)) {
                row.settled = Some((now(), by.to_owned(), why.to_owned()));
                settled += 1;
            }
        }
        soon(Ok(settled))
    }

    fn file_by_hand<'a>(
        &'a self,
        evidence: EvidenceId,
        line: &'a str,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, ()> {
        if line != "dsl-1042" {
            return soon(Err(OfficeError::CannotSay(format!("no lease names a line {line:?}"))));
        }
        if let Some(row) = self.state().intake.iter_mut().find(|row| row.id == evidence) {
            row.outcome = "case".to_owned();
            row.note = format!("{by} says so: {why}");
        }
        soon(Ok(()))
    }

    fn merge<'a>(
        &'a self,
        from: CaseId,
        version: u64,
        into: CaseId,
        reason: &'a str,
        by: &'a str,
    ) -> Soon<'a, ()> {
        let command = Command::Merge { into, reason: reason.to_owned() };
        soon(self.state().act(from, Some(version), command, Actor::Operator(by.to_owned())))
    }

    fn split<'a>(&'a self, wish: &'a web::Splitting, by: &'a str) -> Soon<'a, ()> {
        let Ok(to) = wish.line.parse() else {
            return soon(Err(OfficeError::CannotSay("no lease names that line".to_owned())));
        };
        let command = Command::Split { to, reason: format!("{} pieces: {}", wish.chosen.len(), wish.reason) };
        soon(self.state().act(wish.from, Some(wish.version), command, Actor::Operator(by.to_owned())))
    }

    fn front(&self) -> Soon<'_, Front> {
        let state = self.state();
        soon(state.whole().map(|()| state.front()))
    }

    fn case(&self, id: CaseId) -> Soon<'_, Option<CaseView>> {
        soon(Ok(self.state().cases.iter().find(|view| view.row.id == id).cloned()))
    }

    fn intake<'a>(&'a self, outcome: Option<&'a str>, page: usize) -> Soon<'a, Vec<IntakeView>> {
        let fits = |row: &&IntakeView| match outcome {
            Some("inbox") => row.settled.is_none() && matches!(row.outcome.as_str(), "orphan" | "unreadable"),
            outcome => outcome.is_none_or(|outcome| row.outcome == outcome),
        };
        soon(Ok(self.state().intake.iter().filter(fits).skip((page - 1) * 50).take(50).cloned().collect()))
    }

    fn reporters(&self) -> Soon<'_, Vec<ReporterView>> {
        let row = |domain: &str, named, trust, confirmed, refuted| ReporterView {
            domain: domain.to_owned(),
            named,
            trust,
            confirmed,
            refuted,
            reports: 40,
            cases: 7,
            last: Some(now() - SignedDuration::from_mins(9)),
        };
        let league = vec![row("spamcop.net", true, 0.9, 11, 0), row("wolf<b>.example", false, 0.1, 0, 5)];
        soon(self.state().whole().map(|()| league))
    }

    fn numbers(&self, from: Timestamp, to: Timestamp) -> Soon<'_, desk::NumbersView> {
        let state = self.state();
        soon(state.whole().map(|()| numbers::view(from, to, &state.foreign)))
    }

    fn gauges(&self) -> Soon<'_, desk::Gauges> {
        soon(self.state().whole().map(|()| numbers::gauges()))
    }

    fn evidence<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<EvidenceView>> {
        let state = self.state();
        soon(Ok(state.cases.iter().flat_map(|view| &view.evidence).find(|item| item.id == *id).cloned()))
    }

    fn evidence_bytes<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<Vec<u8>>> {
        let state = self.state();
        let known = state.cases.iter().flat_map(|view| &view.evidence).any(|item| item.id == *id);
        soon(Ok(known.then(|| state.bytes.clone())))
    }

    fn why_case(&self, id: CaseId) -> Soon<'_, Option<Vec<WhyStep>>> {
        let state = self.state();
        soon(Ok(state.cases.iter().any(|view| view.row.id == id).then(|| state.why.clone())))
    }

    fn why_address(&self, address: IpAddr) -> Soon<'_, Vec<WhyStep>> {
        let state = self.state();
        let known = state.cases.iter().any(|view| view.row.addresses.contains(&address));
        soon(Ok(if known { state.why.clone() } else { Vec::new() }))
    }

    fn exposure(
        &self,
        scanner: IpAddr,
        net: ipnet::IpNet,
        at: Timestamp,
        _: SignedDuration,
    ) -> Soon<'_, desk::Exposure> {
        soon(self.state().whole().and_then(|()| flows::exposure(scanner, net, at)))
    }

    fn host_timeline(&self, address: IpAddr, since: Timestamp, until: Timestamp) -> Soon<'_, desk::Timeline> {
        soon(self.state().whole().and_then(|()| flows::timeline(address, since, until)))
    }

    fn trapped(&self) -> Soon<'_, Option<desk::TrapsView>> {
        let state = self.state();
        soon(state.whole().map(|()| state.traps.clone()))
    }

    fn firewalls(&self) -> Soon<'_, desk::FirewallView> {
        soon(self.state().whole().map(|()| firewalls::view()))
    }

    fn firewall_file<'a>(
        &'a self,
        token: &'a str,
        dialect: desk::Dialect,
    ) -> Soon<'a, Option<desk::Configuration>> {
        let known = token == firewalls::TOKEN;
        let file =
            || desk::Configuration { dialect, version: "3-abc".to_owned(), text: "# rules\n".to_owned() };
        soon(self.state().whole().map(|()| known.then(file)))
    }

    fn mail_port(&self) -> Soon<'_, desk::MailPortView> {
        let state = self.state();
        soon(state.whole().map(|()| firewalls::mail_port(&state.mail_decided)))
    }

    fn duty(&self) -> Soon<'_, desk::DutyView> {
        let state = self.state();
        soon(state.whole().map(|()| duty::view(&state.foreign, &state.answered)))
    }

    fn page(&self, id: desk::PageId) -> Soon<'_, Option<(desk::PageView, Vec<desk::PageLogged>)>> {
        let state = self.state();
        let (page, entries) = duty::page(&state.foreign, &state.answered);
        let view = desk::PageView { page, next: None };
        soon(state.whole().map(|()| (id.0 == 3).then_some((view, entries))))
    }

    fn acknowledge<'a>(&'a self, _: desk::PageId, by: &'a str) -> Soon<'a, desk::Acknowledged> {
        soon(Ok(duty::acknowledged(&mut self.state().answered, by)))
    }

    fn resolve_page<'a>(&'a self, _: desk::PageId, by: &'a str, why: &'a str) -> Soon<'a, bool> {
        self.state().answered.push(format!("resolved by {by}: {why}"));
        soon(Ok(true))
    }

    fn ring_a_test<'a>(&'a self, by: &'a str) -> Soon<'a, desk::PageId> {
        self.state().answered.push(format!("test by {by}"));
        soon(Ok(desk::PageId(3)))
    }

    fn page_of_link<'a>(
        &'a self,
        id: desk::PageId,
        ring: u32,
        mark: &'a str,
    ) -> Soon<'a, Option<(desk::Page, String)>> {
        let state = self.state();
        let known = (id.0, ring, mark) == (3, 1, duty::MARK);
        let found = || (duty::page(&state.foreign, &state.answered).0, "anna".to_owned());
        soon(state.whole().map(|()| known.then(found)))
    }

    fn acknowledge_by_link<'a>(
        &'a self,
        id: desk::PageId,
        ring: u32,
        mark: &'a str,
    ) -> Soon<'a, desk::Acknowledged> {
        if (id.0, ring, mark) != (3, 1, duty::MARK) {
            return soon(Ok(desk::Acknowledged::NoSuchPage));
        }
        soon(Ok(duty::acknowledged(&mut self.state().answered, "anna")))
    }

    fn decide_mail<'a>(
        &'a self,
        subscriber: &'a case::SubscriberId,
        granted_for: Option<SignedDuration>,
        by: &'a str,
    ) -> Soon<'a, ()> {
        let hours = granted_for.map(|long| long.as_hours());
        self.state().mail_decided.push((subscriber.to_string(), hours, by.to_owned()));
        soon(Ok(()))
    }

    fn playbook(&self) -> Soon<'_, desk::PlaybookView> {
        let state = self.state();
        soon(state.whole().map(|()| playbooks::view(state.trial.as_deref(), &state.made_live)))
    }

    fn try_playbook<'a>(&'a self, text: &'a str, _days: u32, _by: &'a str) -> Soon<'a, web::TrialBegun> {
        soon(Ok(match case::Playbook::read(text) {
            Ok(_) => {
                self.state().trial = Some(text.to_owned());
                web::TrialBegun::Yes
            }
            Err(mistakes) => web::TrialBegun::Wrong(mistakes),
        }))
    }

    fn make_playbook_live<'a>(&'a self, text: &'a str, by: &'a str, reason: &'a str) -> Soon<'a, ()> {
        self.state().made_live.push((text.to_owned(), by.to_owned(), reason.to_owned()));
        soon(Ok(()))
    }

    fn customer<'a>(&'a self, token: &'a str, opened: bool) -> Soon<'a, Option<desk::CustomerView>> {
        let mut state = self.state();
        state.opened += usize::from(opened && token == customers::TOKEN);
        let answers = state.answers.len();
        soon(Ok((token == customers::TOKEN).then(|| customers::view(answers))))
    }

    fn customer_tests<'a>(&'a self, token: &'a str) -> Soon<'a, Option<desk::GardenAnswer>> {
        self.state().tested += usize::from(token == customers::TOKEN);
        soon(Ok((token == customers::TOKEN).then_some(desk::GardenAnswer::Begun)))
    }

    fn customer_says<'a>(&'a self, token: &'a str, text: &'a str) -> Soon<'a, desk::CustomerAnswer> {
        if token != customers::TOKEN {
            return soon(Ok(desk::CustomerAnswer::NoLink));
        }
        self.state().answers.push(text.to_owned());
        soon(Ok(desk::CustomerAnswer::Kept))
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn act(&self, case: CaseId, command: Command, actor: Actor) -> Soon<'_, ()> {
        soon(self.state().act(case, None, command, actor))
    }

    fn act_expecting(&self, case: CaseId, version: u64, command: Command, actor: Actor) -> Soon<'_, ()> {
        soon(self.state().act(case, Some(version), command, actor))
    }

    fn log_in<'a>(&'a self, name: &'a str, password: &'a str, _: IpAddr) -> Soon<'a, NewSession> {
        soon(self.state().log_in(name, password))
    }

    fn session<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>> {
        let state = self.state();
        if state.stuck {
            return Box::pin(std::future::pending());
        }
        let known = state.logged_in && token == state.token;
        let rights = state.rights;
        soon(state.whole().map(|()| {
            known.then(|| Session { operator: OPERATOR.to_owned(), csrf: CSRF.to_owned(), rights })
        }))
    }

    fn log_out<'a>(&'a self, _: &'a str) -> Soon<'a, ()> {
        self.state().logged_in = false;
        soon(Ok(()))
    }
}

/// Refused because the case has ended, unless the command is one it still takes.
pub(crate) fn ended(view: &CaseView) -> Result<(), OfficeError> {
    if view.row.stage.is_open() { Ok(()) } else { Err(OfficeError::Refused(Refusal::Ended(view.row.stage))) }
}
