//! Complaints in words, with headers or log lines pasted in.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::tz::Offset;
use regex::Regex;

use crate::address::{self, Found};
use crate::claims::{Draft, When, bare};
use crate::firewall::{self, Packet};
use crate::mail::Mail;
use crate::mime::{Part, PartKind};
use crate::quirk::Quirk;
use crate::reading::{Format, Kind, Protocol, Role};
use crate::received::{self, Hop};
use crate::text::Line;
use crate::time::{self, Stamp};
use crate::{accused, records, told, words, zone};

/// Lines of one mail that are looked at.
pub(crate) const LINES: usize = 2000;
/// How many lines a time above an address still belongs to it (rows broken by a mail client).
const REACH: usize = 2;

static HOSTILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:deny|denied|drop(?:ped)?|block(?:ed)?|reject(?:ed)?|fail(?:ed|ure)?|invalid|refused|illegal|attack|scan|worm|virus|abuse)\b").ok()
});
static PEER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\bfrom|\brhost|\bclient|\bsource|\bsrc|\bpeer|\bremote|\battacker|\bhost)\s*[=:]?\s*(?:ip\s*)?[\[(<:]?$").ok()
});
/// Where complaints are sent (RFC 2142), in the languages they are seen in.
static DESK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:abuse|abuso|abus|security|cert|noc|fraud|spam)@").ok());

/// Reads a complaint; None when nothing says that it is one.
pub(crate) fn read(mail: &Mail<'_>, quirk: Option<&Quirk>) -> Option<(Format, Draft)> {
    let to_desk = DESK.as_ref().is_some_and(|desk| mail.recipients.iter().any(|to| desk.is_match(to)));
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
    draft.claim(bare(*address, kind, role, part.text.span(range.clone())).at(when));
}

/// Log lines. Returns whether there were any.
fn lines(mail: &Mail<'_>, kind: Option<Kind>, alleges: bool, accused: &[IpAddr], draft: &mut Draft) -> bool {
    let logs = mail.parts.iter().filter(|part| part.depth == 0 && part.kind == PartKind::Data);
    let mut any = false;
    for part in mail.words().chain(logs) {
        let zone = zone::in_prose(part.text.as_str());
        let mut above: Option<(usize, Stamp)> = None;
        for (at, line) in part.text.lines().take(LINES).enumerate() {
            let stamp = time::first(line.words, mail.sent);
            if let Some(stamp) = &stamp {
                above = Some((at, stamp.clone()));
            }
            let near =
                stamp.or_else(|| above.clone().filter(|(row, _)| at - row <= REACH).map(|(_, stamp)| stamp));
            let row = Row { mail, part, line, stamp: near, zone, kind };
            any |= row.read(alleges, accused, draft);
        }
        if !draft.claims.is_empty() {
            break;
        }
    }
    settle(draft);
    any
}

/// One line of a log with what is known around it.
struct Row<'m> {
    mail: &'m Mail<'m>,
    part: &'m Part,
    line: Line<'m>,
    stamp: Option<Stamp>,
    zone: Option<Offset>,
    kind: Option<Kind>,
}

impl Row<'_> {
    fn read(&self, alleges: bool, accused: &[IpAddr], draft: &mut Draft) -> bool {
        if let Some(packet) = firewall::packet(self.line.words) {
            self.packet(&packet, draft);
            return true;
        }
        let hostile = HOSTILE.as_ref().is_some_and(|hostile| hostile.is_match(self.line.words));
        if self.stamp.is_none() || !(alleges || hostile) {
            return false;
        }
        let Some(found) = peer(self.line.words, accused) else { return false };
        let when = draft.when(self.stamp.as_ref(), self.zone, self.mail);
        let span = self.part.text.span(self.line.range(found.range.clone()));
        let kind = self.kind.unwrap_or(Kind::Scan);
        let port = if is_open(kind) { found.port.or(address::spoken_port(self.line.words)) } else { None };
        let protocol = port.map(|_| Protocol::Tcp);
        draft.claim(bare(found.address, kind, Role::Offender, span).at(when).on(port, protocol));
        true
    }

    fn packet(&self, packet: &Packet, draft: &mut Draft) {
        let when = draft.when(self.stamp.as_ref(), self.zone, self.mail);
        let target = packet.destination.as_ref().and_then(|end| end.port);
        let sought =
            target.is_some_and(firewall::is_trojan_or_proxy) && packet.protocol != Some(Protocol::Udp);
        let kind = match self.kind {
            None | Some(Kind::Scan | Kind::TrojanScan) if sought => Kind::TrojanScan,
            // Words of a proxy beside a packet that sought one accuse the seeker of a scan.
            Some(Kind::OpenProxy | Kind::OpenRelay) if sought => Kind::TrojanScan,
            Some(kind) => kind,
            None => Kind::Scan,
        };
        let span = |range: &Range<usize>| self.part.text.span(self.line.range(range.clone()));
        let source = &packet.source;
        draft.claim(
            bare(source.address, kind, Role::Offender, span(&source.range))
                .at(when)
                .on(source.port, packet.protocol),
        );
        if let Some(end) = &packet.destination {
            draft.claim(
                bare(end.address, kind, Role::Victim, span(&end.range))
                    .at(when)
                    .on(end.port, packet.protocol),
            );
        }
    }
}

/// The peer in a service's line: the one that a word like `from` or `rhost=` points at, else the first. When the reporter
/// accuses somebody by name, only of those.
fn peer(line: &str, accused: &[IpAddr]) -> Option<Found> {
    let accused = |found: &&Found| {
        address::is_possible(found.address) && (accused.is_empty() || accused.contains(&found.address))
    };
    let pointed = |found: &&Found| {
        let before = line.get(..found.range.start).unwrap_or_default();
        PEER.as_ref().is_some_and(|peer| peer.is_match(before))
    };
    let found = address::all(line);
    found.iter().filter(accused).find(pointed).or_else(|| found.iter().find(accused)).cloned()
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
