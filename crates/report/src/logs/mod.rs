//! Log files by themselves: lines of a firewall or of any service, without a mail around them.
//!
//! Nobody says in such a file who is accused, so each line has to say it: of a firewall, the source of what it did not let
//! through; of a web server, the client; of any other service, the peer of a line that speaks of a refusal or an attack.

pub(crate) mod addresses;
pub(crate) mod gather;
pub(crate) mod kinds;
pub(crate) mod part;
pub(crate) mod service;
mod session;
pub(crate) mod shape;
pub(crate) mod stance;
mod w3c;

use std::net::IpAddr;

use jiff::tz::Offset;

use crate::claims::When;
use crate::document::{Document, Found};
use crate::firewall::{self, End};
use crate::reading::{Format, Kind, Role, TimeBasis};
use crate::text::{Line, Text};
use crate::time::Habits;
use crate::{explain, limits};
use gather::{Gathered, Seen};
use service::Peer;
use session::Sessions;
use stance::Stance;

/// What the ends of a packet are that a firewall's line tells of.
pub(crate) const FROM: &str = "the source of the packet that a firewall's line tells of";
pub(crate) const TO: &str = "the destination of the packet that a firewall's line tells of";

/// Reads `document`; None when it is not one.
pub(crate) fn read(document: &Document<'_>) -> Option<Found> {
    let bytes = document.bytes.get(..limits::ALL_TEXT).unwrap_or(document.bytes);
    if shape::is_mail(bytes) || shape::is_binary(bytes) || shape::is_table(bytes) {
        return None;
    }
    let text = Text::identity(bytes, 0);
    let log = Log::read(&text, document);
    log.found(document, bytes.len() < document.bytes.len())
}

/// What a file's lines come to.
#[derive(Debug, Default)]
struct Log<'t> {
    gathered: Gathered,
    /// Lines with anything on them.
    lines: usize,
    /// Lines that look like those of a log.
    logged: usize,
    packets: usize,
    /// Lines that name a peer, whatever they say of it.
    spoken: usize,
    columns: w3c::Columns,
    sessions: Sessions<'t>,
    /// Whether a web server's lines say who was refused a log-in.
    refuses: bool,
}

impl<'t> Log<'t> {
    fn read(text: &'t Text, document: &Document<'_>) -> Log<'t> {
        let habits = Habits::of(text.as_str(), document.sent);
        let zone = crate::zone::in_prose(text.as_str());
        let refuses = memchr::memmem::find(text.as_str().as_bytes(), b"\" 401 ").is_some();
        let mut log = Log { sessions: Sessions::of(text), refuses, ..Log::default() };
        for line in text.lines().filter(|line| !line.words.trim().is_empty()) {
            // The comments of a W3C log say what its columns are, all others are somebody's remarks.
            if line.words.starts_with('#') {
                log.columns.header(line.words);
                continue;
            }
            log.lines += 1;
            let stated = zone.or(log.columns.is_known().then_some(Offset::UTC));
            let when = || habits.when(line.words, stated.or(document.offset), stated.is_none());
            log.line(line, document, &when);
        }
        log
    }

    fn line(&mut self, line: Line<'t>, document: &Document<'_>, when: &dyn Fn() -> When) {
        let words = line.words;
        let logged = shape::is_logged(words);
        self.logged += usize::from(logged);
        if let Some(packet) = firewall::packet(words) {
            self.packets += 1;
            self.logged += usize::from(!logged);
            self.spoken += 1;
            if packet.allowed {
                return;
            }
            let kind = kinds::of_packet(&packet, None);
            let seen = |end: &End| Seen {
                address: end.address,
                port: end.port,
                protocol: packet.protocol,
                kind,
                span: document.span(line.range(end.range.clone())),
            };
            let by = "what the packet knocked at";
            let why = |end: &End, role, as_what| explain::because(end.address, (role, as_what), (kind, by));
            let whole = || line.range(0..words.len());
            if document.notes.is_some() && self.gathered.is_new(packet.source.address, Role::Offender, kind) {
                document.note(|| why(&packet.source, Role::Offender, FROM), whole);
            }
            self.gathered.offender(seen(&packet.source), when);
            if let Some(end) = &packet.destination {
                if document.notes.is_some() && self.gathered.is_new(end.address, Role::Victim, kind) {
                    document.note(|| why(end, Role::Victim, TO), whole);
                }
                self.gathered.victim(seen(end), when);
            }
            return;
        }
        if !addresses::any(words) {
            if let Some(address) = self.sessions.accused(words) {
                let span = document.span(line.range(0..words.len()));
                let kind = kinds::of_service(words);
                self.note(document, &line, (address, "the peer of the session the line belongs to"), kind);
                self.gathered.offender(Seen { address, port: None, protocol: None, kind, span }, when);
            }
            return;
        }
        let client = self.columns.client(words).map(|spot| Peer { spot, stance: Stance::Access });
        let Some(peer) = client.or_else(|| service::peer(words)) else { return };
        self.spoken += 1;
        self.sessions.begin(words, peer.spot.address);
        // Where a log shows who was refused a log-in, those who were served are everybody else.
        let served = self.refuses && peer.stance == Stance::Access && is_served(words);
        if !matches!(peer.stance, Stance::Hostile | Stance::Access)
            || served
            || self.sessions.is_let_in(words, peer.spot.address)
        {
            return;
        }
        let kind = kinds::of_service(words);
        let span = document.span(line.range(peer.spot.range.clone()));
        let seen = Seen { address: peer.spot.address, port: peer.spot.port, protocol: None, kind, span };
        let as_what = if peer.stance == Stance::Hostile {
            "the peer of a line that speaks of a refusal or an attack"
        } else {
            "the client of a web server that was asked"
        };
        self.note(document, &line, (peer.spot.address, as_what), kind);
        self.gathered.offender(seen, when);
    }

    /// Notes why a line accuses, the first time it does.
    fn note(&self, document: &Document<'_>, line: &Line<'_>, (address, as_what): (IpAddr, &str), kind: Kind) {
        if document.notes.is_some() && self.gathered.is_new(address, Role::Offender, kind) {
            let why =
                || explain::because(address, (Role::Offender, as_what), (kind, "the words of the line"));
            document.note(why, || line.range(0..line.words.len()));
        }
    }

    fn found(self, document: &Document<'_>, cut: bool) -> Option<Found> {
        let named = document.name.is_some_and(shape::is_log_name);
        // Prose has an address here and there; of a log most lines are its own.
        let mostly = self.logged * 5 >= self.lines * 2 && self.logged > 0;
        let is_log = self.spoken > 0 && (mostly || named) || mostly && named;
        if !is_log {
            return None;
        }
        let format = if self.packets > 0 && self.packets * 2 >= self.spoken {
            Format::FirewallLog
        } else {
            Format::ServiceLog
        };
        let mut draft = self.gathered.draft();
        if cut {
            draft.doubt("the log is larger than 1 MB; only the beginning was read");
        }
        if draft.claims.is_empty() {
            draft.doubt("no line of the log speaks against the address it names");
        } else if draft.claims.iter().any(|claim| claim.time_basis == TimeBasis::Unknown) {
            draft.doubt("a time states no zone or no year, and there is no mail to lend them; it is not known when that was");
        } else if draft.claims.iter().any(|claim| claim.time_basis == TimeBasis::AssumedZone) {
            draft.doubt("a time states no zone; that of the mail's Date was assumed");
        }
        let is_report = draft.claims.iter().any(|claim| claim.role.is_alleged());
        Some(Found { format, is_report, draft, reporter: None, report_id: None })
    }
}

/// Whether a web server's line says that it gave what was asked for (RFC 9110 sections 15.3.1 and 15.4.5).
fn is_served(line: &str) -> bool {
    line.contains("\" 200 ") || line.contains("\" 304 ")
}
