//! From records to leases: which session held what, since when, and what ended it.
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::record::{Record, SERVER, Share, Slot, Status};
use crate::{Lease, LeaseSource, Row, RowError, SubscriberId};

/// The most sessions followed at one time; those beyond are given as open at once and not followed. Ten million lines
/// over a handful of servers stay below it for each.
const SESSIONS_AT_MOST: usize = 4_000_000;

/// One net a session holds, or ports of one.
#[derive(Debug, Clone)]
struct Held {
    slot: Slot,
    share: Share,
    from: Timestamp,
}

/// A session that has not ended.
#[derive(Debug, Clone)]
struct Session {
    user: SubscriberId,
    nas: String,
    port: Option<String>,
    started: Timestamp,
    held: Vec<Held>,
}

/// All sessions that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: BTreeMap<String, Session>,
    by_net: BTreeMap<Share, String>,
    by_port: BTreeMap<(String, String), String>,
    /// Where leases are given when they begin: as what.
    live: Option<LeaseSource>,
}

/// A Start of a session that is open already tells of it again where it began no later than this after it; later, the
/// access server has used the name again for another.
const SAME_START: SignedDuration = SignedDuration::from_mins(2);

type Rows = Vec<Result<Row, RowError>>;

impl Sessions {
    /// Sessions whose leases are given when they begin, and again when they end.
    pub(crate) fn live(source: LeaseSource) -> Sessions {
        Sessions { live: Some(source), ..Sessions::default() }
    }

    /// Takes one record in; the leases it ends go to `rows`.
    pub(crate) fn take(&mut self, record: &Record, rows: &mut Rows) {
        match (record.status, &record.user) {
            (Status::Reset, _) => self.reset(record, rows),
            (_, None) if !self.open.contains_key(&record.session) => {
                rows.push(Err(wrong(record, "the record has no User-Name", "send User-Name in accounting")));
            }
            (Status::Stop, _) => self.stop(record, rows),
            (Status::Start | Status::Interim, _) => self.go_on(record, rows),
        }
    }

    /// Gives the leases still open.
    pub(super) fn finish(self, rows: &mut Rows) {
        if self.live.is_some() {
            return;
        }
        let source = self.source();
        for (name, session) in self.open {
            let rest = session.held.iter().map(|held| Ok(row(source, &name, &session.user, held, None)));
            rows.extend(rest);
        }
    }

    /// A Start or an Interim-Update.
    fn go_on(&mut self, record: &Record, rows: &mut Rows) {
        let at = record.when.at;
        let began = record.when.session_time.map_or(at, |lasted| earlier(at, lasted));
        if record.status == Status::Start && self.names_another(record, began) {
            self.end_session(record, &record.session, began, rows);
        }
        let known = self.open.contains_key(&record.session);
        if !known {
            let Some(user) = record.user.clone() else { return };
            let session = Session {
                user,
                nas: record.nas.clone(),
                port: record.port.clone(),
                started: began,
                held: Vec::new(),
            };
            self.settle_port(record, began, rows);
            self.open.insert(record.session.clone(), session);
        }
        let from = if known && record.status == Status::Interim { at } else { began };
        self.hold(record, from, rows);
        if self.open.len() > SESSIONS_AT_MOST
            && let Some(session) = self.forget(&record.session)
        {
            let source = self.source();
            rows.extend(
                session.held.iter().map(|held| Ok(row(source, &record.session, &session.user, held, None))),
            );
        }
    }

    fn source(&self) -> LeaseSource {
        self.live.unwrap_or(LeaseSource::RadiusDetail)
    }

    /// Whether an open session of the name is another than the one that starts.
    fn names_another(&self, record: &Record, began: Timestamp) -> bool {
        let Some(open) = self.open.get(&record.session) else { return false };
        let same_user = record.user.as_ref().is_none_or(|user| *user == open.user);
        began > open.started && !(same_user && began.duration_since(open.started) <= SAME_START)
    }

    /// Enters the nets a record names for its session, from `from` where they are new to it.
    fn hold(&mut self, record: &Record, from: Timestamp, rows: &mut Rows) {
        for (_, share) in &record.shares {
            self.settle_net(record, *share, from, rows);
        }
        let source = self.source();
        let Some(session) = self.open.get_mut(&record.session) else { return };
        let named = |slot: Slot| {
            record.shares.iter().any(|(other, _)| *other == slot)
                || (slot == Slot::Ports && record.ports_released)
        };
        let still = |held: &Held| !named(held.slot) || record.shares.contains(&(held.slot, held.share));
        let (kept, gone): (Vec<Held>, Vec<Held>) =
            std::mem::take(&mut session.held).into_iter().partition(still);
        session.held = kept;
        for (slot, share) in &record.shares {
            if !session.held.iter().any(|held| held.share == *share) {
                let held = Held { slot: *slot, share: *share, from };
                if self.live.is_some() {
                    rows.push(Ok(row(source, &record.session, &session.user, &held, None)));
                }
                session.held.push(held);
            }
            self.by_net.insert(*share, record.session.clone());
        }
        let user = session.user.clone();
        for held in gone {
            self.by_net.remove(&held.share);
            end(source, record, &record.session, &user, &held, record.when.at, rows);
        }
    }

    fn stop(&mut self, record: &Record, rows: &mut Rows) {
        let to = record.when.at;
        let began = record.when.session_time.map(|lasted| earlier(to, lasted));
        let known = self.forget(&record.session);
        let started = known.as_ref().map(|session| session.started).or(began);
        let user = known.as_ref().map(|session| session.user.clone()).or_else(|| record.user.clone());
        let (Some(started), Some(user)) = (started, user) else {
            let what =
                "a Stop without a Start and without Acct-Session-Time does not say when the session began";
            return rows.push(Err(wrong(record, what, "send Acct-Session-Time (RFC 2866 section 5.7)")));
        };
        let mut held = known.map_or_else(Vec::new, |session| session.held);
        for (slot, share) in &record.shares {
            if !held.iter().any(|held| held.share == *share) {
                held.push(Held { slot: *slot, share: *share, from: started });
            }
        }
        let source = self.source();
        for held in held {
            end(source, record, &record.session, &user, &held, to, rows);
        }
    }

    /// Accounting-On or -Off: no session of that access server goes on.
    fn reset(&mut self, record: &Record, rows: &mut Rows) {
        let at = record.when.at;
        let ends = |session: &Session| session.nas == record.nas && session.started <= at;
        let over: Vec<String> =
            self.open.iter().filter(|(_, session)| ends(session)).map(|(name, _)| name.clone()).collect();
        for name in over {
            self.end_session(record, &name, at, rows);
        }
    }

    /// A new session on a port ends the one that was there and whose Stop was lost.
    fn settle_port(&mut self, record: &Record, began: Timestamp, rows: &mut Rows) {
        let Some(port) = record.port.clone() else { return };
        let before = self.by_port.insert((record.nas.clone(), port), record.session.clone());
        let before = before.filter(|name| *name != record.session);
        if let Some(name) = before.filter(|name| self.open.get(name).is_some_and(|old| old.started < began)) {
            self.end_session(record, &name, began, rows);
        }
    }

    /// A session that names a net ends another's hold on it whose Stop was lost.
    fn settle_net(&mut self, record: &Record, share: Share, from: Timestamp, rows: &mut Rows) {
        let Some(name) = self.by_net.get(&share).filter(|name| **name != record.session).cloned() else {
            return;
        };
        let Some(session) = self.open.get_mut(&name) else { return };
        // One that began earlier does not end what began later: both stand, and attribution says so.
        let Some(index) = session.held.iter().position(|held| held.share == share && held.from < from) else {
            return;
        };
        let held = session.held.remove(index);
        let user = session.user.clone();
        let source = self.source();
        end(source, record, &name, &user, &held, from, rows);
    }

    fn end_session(&mut self, record: &Record, name: &str, to: Timestamp, rows: &mut Rows) {
        if let Some(session) = self.forget(name) {
            let source = self.source();
            for held in &session.held {
                end(source, record, name, &session.user, held, to, rows);
            }
        }
    }

    fn forget(&mut self, name: &str) -> Option<Session> {
        let session = self.open.remove(name)?;
        for held in &session.held {
            if self.by_net.get(&held.share).is_some_and(|holder| holder == name) {
                self.by_net.remove(&held.share);
            }
        }
        if let Some(port) = session.port.clone() {
            let key = (session.nas.clone(), port);
            if self.by_port.get(&key).is_some_and(|holder| holder == name) {
                self.by_port.remove(&key);
            }
        }
        Some(session)
    }
}

/// Gives a lease that ended; one that lasted no time is none.
fn end(
    source: LeaseSource,
    record: &Record,
    session: &str,
    user: &SubscriberId,
    held: &Held,
    to: Timestamp,
    rows: &mut Rows,
) {
    if to > held.from {
        rows.push(Ok(row(source, session, user, held, Some(to))));
    } else if to < held.from {
        let what =
            format!("it ends the lease of {} at {to}, before it began at {}", held.share.net, held.from);
        rows.push(Err(wrong(record, &what, "set the clocks")));
    }
}

fn row(source: LeaseSource, session: &str, user: &SubscriberId, held: &Held, to: Option<Timestamp>) -> Row {
    let lease = Lease {
        net: held.share.net,
        ports: held.share.ports,
        from: held.from,
        to,
        subscriber: user.clone(),
        source,
        record: session.to_owned(),
    };
    Row { lease, contact: None }
}

fn wrong(record: &Record, what: &str, remedy: &str) -> RowError {
    RowError { line: record.line, what: what.to_owned(), remedy: format!("{SERVER} {remedy}") }
}

fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}
