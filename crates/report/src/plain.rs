//! Complaints in words, with headers or log lines pasted in.

use std::cell::RefCell;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::address;
use crate::claims::{Draft, When, bare};
use crate::firewall::{self, End, Packet};
use crate::logs::gather::{Gathered, Seen};
use crate::logs::stance::{self, Stance};
use crate::logs::{FROM, TO, addresses, kinds, service};
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::quirk::Quirk;
use crate::reading::{Format, Kind, Protocol, Role};
use crate::received::{self, Hop};
use crate::text::Line;
use crate::time::{self, Habits, Stamp};
use crate::{accused, explain, records, told, words, zone};

/// How many lines a time above an address still belongs to it (rows broken by a mail client).
const REACH: usize = 2;

/// Words of a field's name that say it holds whom it was done to, or what it was done through.
const OTHERS: [&str; 10] =
    ["target", "targeted", "victim", "destination", "dest", "dst", "dstip", "attacked", "abused", "honeypot"];

/// Where complaints are sent (RFC 2142), in the languages they are seen in.
static DESK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:abuse|abuso|abus|security|cert|noc|fraud|spam)@").ok());

/// Whether a mail is addressed to a desk.
pub(crate) fn is_to_desk(mail: &Mail<'_>) -> bool {
    DESK.as_ref().is_some_and(|desk| mail.recipients.iter().any(|to| desk.is_match(to)))
}

/// Reads a complaint; None when nothing says that it is one.
pub(crate) fn read(mail: &Mail<'_>, quirk: Option<&Quirk>) -> Option<(Format, Draft)> {
    let to_desk = is_to_desk(mail);
    let subject_alleges = words::subject_alleges(mail);
    let alleges = subject_alleges || words::own_alleges(mail);
    let kind = quirk.and_then(|quirk| quirk.kind).or_else(|| words::kind_of(mail));
    // A reporter that is known writes nothing else.
    let (to_desk, alleges) = (to_desk || quirk.is_some(), alleges || quirk.is_some());
    let mut draft = Draft::default();
    if to_desk || alleges {
        chains(mail, kind, alleges, &mut draft);
        if !draft.claims.is_empty() {
            return Some((Format::PlainReceived, draft));
        }
    }
    let sheets = records::read(mail);
    let accuses = (to_desk && alleges || subject_alleges) && kind.is_some();
    if accuses && let Some(draft) = told::sheets(mail, kind, &sheets, true) {
        return Some((Format::PlainComplaint, draft));
    }
    let named = accused::named(mail);
    let stated = accused::stated(&sheets);
    let accused: Vec<IpAddr> = named
        .iter()
        .filter(|named| named.role.is_alleged())
        .map(|named| named.address)
        .chain(stated)
        .collect();
    let logged = lines(mail, kind, alleges, &accused, &mut draft);
    if !draft.claims.is_empty() && logged && (alleges || to_desk) {
        return Some((Format::PlainLog, draft));
    }
    // Words alone are weak: they count when they are sent to a desk or the subject already accuses.
    if !accuses {
        return None;
    }
    let draft =
        told::sheets(mail, kind, &sheets, false).or_else(|| told::words(mail, kind, &named, to_desk))?;
    Some((Format::PlainComplaint, draft))
}

/// Pasted or enclosed Received chains.
fn chains(mail: &Mail<'_>, kind: Option<Kind>, alleges: bool, draft: &mut Draft) {
    let kind = match kind {
        Some(kind @ (Kind::OpenProxy | Kind::OpenRelay | Kind::Malware | Kind::Phishing)) => kind,
        _ => Kind::SpamSource,
    };
    let pasted = mail.words().filter(|part| part.text.as_str().contains("eceived:"));
    let enclosed =
        mail.parts.iter().filter(|part| alleges && part.depth <= 1 && part.kind == PartKind::Headers);
    for part in pasted.chain(enclosed) {
        let hops = received::chain(&part.text, mail.sent);
        let Some(entry) = received::entry(&hops) else { continue };
        for (at, hop) in hops.iter().enumerate().skip(entry) {
            let role = if at == entry { Role::Offender } else { Role::Mentioned };
            hop_claim(mail, part, hop, kind, role, draft);
        }
        if !draft.claims.is_empty() {
            return;
        }
    }
}

fn hop_claim(mail: &Mail<'_>, part: &Part, hop: &Hop, kind: Kind, role: Role, draft: &mut Draft) {
    let Some((address, range)) = &hop.from else { return };
    if role == Role::Mentioned && !address::is_public(*address) {
        return;
    }
    let when =
        if role == Role::Mentioned { When::UNKNOWN } else { draft.when(hop.stamp.as_ref(), None, mail) };
    let as_what = if role == Role::Offender {
        "the host that gave the mail to the complainant's side, by the Received fields"
    } else {
        "a host further down in the Received fields, which may be forged"
    };
    mail.note(
        || explain::because(*address, (role, as_what), (kind, "the reporter's words")),
        || Some(part.text.span(range.clone())),
    );
    draft.claim(bare(*address, kind, role, part.text.span(range.clone())).at(when));
}

/// Log lines. Returns whether there were any.
fn lines(mail: &Mail<'_>, kind: Option<Kind>, alleges: bool, accused: &[IpAddr], draft: &mut Draft) -> bool {
    let logs = mail.parts.iter().filter(|part| part.depth == 0 && part.kind == PartKind::Data);
    let mut pasted = Pasted { mail, kind, alleges, accused, gathered: Gathered::default(), any: false };
    let doubts = RefCell::new(std::mem::take(draft));
    for part in mail.words().chain(logs) {
        pasted.part(part, &doubts);
        if pasted.gathered.accuses() {
            break;
        }
    }
    *draft = doubts.into_inner();
    let Draft { claims, doubts, .. } = pasted.gathered.draft();
    draft.claims.extend(claims);
    draft.doubts.extend(doubts);
    settle(draft);
    pasted.any
}

/// The log lines of one mail, with what is known around them.
struct Pasted<'m> {
    mail: &'m Mail<'m>,
    kind: Option<Kind>,
    alleges: bool,
    accused: &'m [IpAddr],
    gathered: Gathered,
    any: bool,
}

/// One line of a log and its time.
struct Row<'r> {
    part: &'r Part,
    line: Line<'r>,
    stamp: Option<&'r Stamp>,
    when: &'r dyn Fn() -> When,
}

impl Row<'_> {
    fn seen(&self, address: IpAddr, range: &Range<usize>, kind: Kind) -> Seen {
        let span = self.part.text.span(self.line.range(range.clone()));
        Seen { address, port: None, protocol: None, kind, span }
    }
}

impl Pasted<'_> {
    /// A part is as long as [`crate::limits::PART_TEXT`] at most, so that its lines need no bound of their own.
    fn part(&mut self, part: &Part, doubts: &RefCell<Draft>) {
        let mail = self.mail;
        let zone = zone::in_prose(part.text.as_str());
        let habits = Habits::of(part.text.as_str(), mail.sent);
        let mut above: Option<(usize, Stamp)> = None;
        for (at, line) in part.text.lines().enumerate() {
            let stamp = time::first_by(line.words, &habits);
            if let Some(stamp) = stamp {
                above = Some((at, stamp));
            }
            if !addresses::any(line.words) {
                continue;
            }
            let near = above.as_ref().filter(|(row, _)| at - row <= REACH).map(|(_, stamp)| stamp);
            let when = || doubts.borrow_mut().when(near, zone, mail);
            self.row(&Row { part, line, stamp: near, when: &when });
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        let words = row.line.words;
        if let Some(packet) = firewall::packet(words) {
            self.any = true;
            self.packet(&packet, row);
            return;
        }
        if names_another(words) {
            return;
        }
        if row.stamp.is_none() || !(self.alleges || stance::of(words) == Stance::Hostile) {
            return;
        }
        let accused = |address: IpAddr| {
            address::is_possible(address) && (self.accused.is_empty() || self.accused.contains(&address))
        };
        let Some(peer) = service::peer_among(words, accused) else { return };
        self.any = true;
        let kind = self.kind.unwrap_or_else(|| kinds::of_service(words));
        let mut seen = row.seen(peer.spot.address, &peer.spot.range, kind);
        if is_open(kind) {
            seen.port = peer.spot.port.or_else(|| address::spoken_port(words));
            seen.protocol = seen.port.map(|_| Protocol::Tcp);
        }
        let as_what = "the peer of a line of a log";
        self.note(row, (peer.spot.address, Role::Offender, as_what), kind);
        self.gathered.offender(seen, row.when);
    }

    /// Notes why a line is read so, the first time it names somebody.
    fn note(&self, row: &Row<'_>, (address, role, as_what): (IpAddr, Role, &str), kind: Kind) {
        if self.mail.notes.is_some() && self.gathered.is_new(address, role, kind) {
            let by = if self.kind.is_some() { "the reporter's words" } else { "the words of the line" };
            self.mail.note(
                || explain::because(address, (role, as_what), (kind, by)),
                || Some(row.part.text.span(row.line.range(0..row.line.words.len()))),
            );
        }
    }

    fn packet(&mut self, packet: &Packet, row: &Row<'_>) {
        // What was let through, or left the reporter's own host, counts only against whom the reporter names.
        let told = |end: &End| self.accused.contains(&end.address);
        if packet.allowed
            && !told(&packet.source)
            && !(self.alleges && self.accused.is_empty() && !packet.outgoing)
        {
            return;
        }
        let kind = kinds::of_packet(packet, self.kind);
        let seen = |end: &End| Seen {
            port: end.port,
            protocol: packet.protocol,
            ..row.seen(end.address, &end.range, kind)
        };
        let (source, destination) = (seen(&packet.source), packet.destination.as_ref().map(seen));
        self.note(row, (source.address, Role::Offender, FROM), kind);
        self.gathered.offender(source, row.when);
        if let Some(destination) = destination {
            self.note(row, (destination.address, Role::Victim, TO), kind);
            self.gathered.victim(destination, row.when);
        }
    }
}

/// Whether a line is a field such as `attack_target: 192.0.2.1`, whose name says that it is not who did it.
fn names_another(line: &str) -> bool {
    let Some((name, _)) = line.split_once(':').filter(|(name, _)| name.len() <= 40) else { return false };
    let name = name.to_ascii_lowercase();
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| OTHERS.contains(&word))
}

/// Whether a port named beside it is the one that is open, and not one that was knocked at.
fn is_open(kind: Kind) -> bool {
    matches!(kind, Kind::OpenProxy | Kind::OpenRelay)
}

/// Private addresses accuse nobody where a public one is accused.
fn settle(draft: &mut Draft) {
    let public =
        draft.claims.iter().any(|claim| claim.role == Role::Offender && address::is_public(claim.address));
    for claim in &mut draft.claims {
        if public && claim.role == Role::Offender && !address::is_public(claim.address) {
            claim.role = Role::Mentioned;
        }
    }
}
