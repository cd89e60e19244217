//! From what a report says to what we hold: one small function per word.

use jiff::{SignedDuration, Timestamp};

use case::{Kind, Sighting, Span, Transport};
use lease::Whose;
use report::{Claim, Place, Reading, Role, TimeBasis};

use crate::message::Message;

/// The widest offset between two civil times is 26 hours (UTC-12 to UTC+14); half of it either way covers a zone that
/// was assumed and not stated.
const ASSUMED_ZONE: SignedDuration = SignedDuration::from_hours(13);
/// A mail's own Date follows the event by minutes to an hour in every feed we hold samples of.
const MAIL_DATE: SignedDuration = SignedDuration::from_hours(1);
/// With no time at all, the report speaks of the day before it came.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(12);
/// Added to the configured skew at a lease boundary.
const BOUNDARY: SignedDuration = SignedDuration::from_secs(5);

/// Whether a claim accuses its address; victims and bystanders make no case.
pub(crate) fn accuses(claim: &Claim) -> bool {
    match claim.role {
        Role::Offender | Role::Relay | Role::WebHost => true,
        Role::Victim | Role::Mentioned => false,
    }
}

/// The question to the leases that a claim amounts to.
pub(crate) fn whose(claim: &Claim, received: Timestamp, skew: SignedDuration) -> Whose {
    // A time ahead of our own clock is wrong, whoever stated it.
    let time = claim.time.filter(|time| *time <= received.saturating_add(skew).unwrap_or(received));
    let (at, uncertainty) = match (time, claim.time_basis) {
        (Some(time), TimeBasis::Stated) => (time, skew + BOUNDARY),
        (Some(time), TimeBasis::MailDate) => (time, MAIL_DATE),
        (Some(time), TimeBasis::AssumedZone) => (time, ASSUMED_ZONE),
        (_, _) => (received.saturating_sub(UNKNOWN).unwrap_or(received), UNKNOWN),
    };
    Whose { address: claim.address, port: claim.port, at, uncertainty }
}

/// A claim as a sighting of the case it was attributed to.
pub(crate) fn sighting(message: &Message, claim: &Claim, number: u32, attributed: String) -> Sighting {
    let kind = kind(claim.kind);
    // A firewall line's port on the offender is the port it called from; only a proxy or relay report names a service.
    let port = claim.port.filter(|_| kind.is_proxy_or_relay());
    Sighting {
        evidence: message.evidence,
        claim: number,
        span: Some(Span { start: offset(claim.span.start), end: offset(claim.span.end) }),
        source: message.source.clone(),
        kind,
        address: claim.address,
        port,
        protocol: port.map(|_| Transport::Tcp),
        happened: claim.time,
        received: message.received,
        attributed,
        report: message.reading.report_id.as_deref().map(number_of),
        spotted: speaks_of_proxy(&message.reading),
        malware: claim.malware.as_deref().map(plain),
    }
}

/// The longest number of a report that is kept; a Message-ID is longer only in forgeries.
const NUMBER_AT_MOST: usize = 200;

fn number_of(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(NUMBER_AT_MOST).collect()
}

/// Whether the reporter's own words, not what is quoted, speak of a proxy or relay.
fn speaks_of_proxy(reading: &Reading) -> bool {
    let own = |hit: &&report::Hit| matches!(hit.place, Place::Subject | Place::Own);
    reading.spotted.iter().filter(own).any(|hit| kind(hit.kind).is_proxy_or_relay())
}

/// A foreign name, shortened to what a name needs.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn offset(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}

fn kind(kind: report::Kind) -> Kind {
    match kind {
        report::Kind::OpenProxy => Kind::OpenProxy,
        report::Kind::OpenRelay => Kind::OpenRelay,
        report::Kind::Malware => Kind::Malware,
        report::Kind::SpamSource => Kind::SpamSource,
        report::Kind::PhoneHome => Kind::PhoneHome,
        report::Kind::TrojanScan => Kind::TrojanScan,
        report::Kind::Scan | report::Kind::LoginAttack | report::Kind::Ddos => Kind::Scan,
        report::Kind::Spamvertised
        | report::Kind::Phishing
        | report::Kind::Copyright
        | report::Kind::Other => Kind::Other,
    }
}
