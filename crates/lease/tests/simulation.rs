//! A seeded world of churn and shared addresses, told by accounting with lost and repeated records and by a translator's
//! log: of all that happens in it, no event is laid at the wrong door.
//!
//! `NIGHTDESK_EVENTS=1000000` asks as often; by default it is 20,000 times.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};
use lease::{Attribution, Format, Home, Lease, Manner, Reader, Whose, attribute, behind, through};

/// Plain addresses, inside addresses, outside addresses, and blocks of each.
const PLAIN: u32 = 150;
const INSIDE: u32 = 300;
const OUTSIDE: u32 = 30;
const BLOCKS: u16 = 16;
const DAYS: i64 = 10;
const BEGIN: i64 = 1_772_323_200;
/// How far a reporter's clock is off at most, and ours.
const SKEW: i64 = 30;

struct Chance(u64);

impl Chance {
    fn below(&mut self, below: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % below.max(1)
    }
    fn one_in(&mut self, many: i64) -> bool {
        self.below(many) == 0
    }
}

/// Who truly held something, and when.
#[derive(Debug, Clone)]
struct Held {
    from: i64,
    to: i64,
    who: String,
}

type Truth<K> = BTreeMap<K, Vec<Held>>;

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// One after the other, with gaps: some of no length at all.
fn turns(chance: &mut Chance, who: impl Fn(&mut Chance) -> String) -> Vec<Held> {
    let (mut at, mut turns) = (BEGIN + chance.below(3600), Vec::new());
    while at < BEGIN + DAYS * 86_400 {
        let longest = [900, 14_400, 86_400][usize::try_from(chance.below(3)).unwrap()];
        let to = at + 60 + chance.below(longest);
        turns.push(Held { from: at, to, who: who(chance) });
        at = to + if chance.one_in(3) { 0 } else { chance.below(7200) };
    }
    turns
}

/// Accounting of the turns, as a server writes it: some Stops are lost, some records come twice, clocks are a little off.
fn accounting(chance: &mut Chance, truth: &Truth<Ipv4Addr>) -> String {
    let mut records = Vec::new();
    for (address, turns) in truth {
        for (number, turn) in turns.iter().enumerate() {
            let mut record = |status: &str, at: i64, lasted: i64| {
                let text = format!(
                    "Sun Mar  1 00:00:00 2026\n\tAcct-Status-Type = {status}\n\tUser-Name = \"{}\"\n\tAcct-Session-Id = \"{address}-{number}\"\n\tNAS-IP-Address = 192.0.2.1\n\tFramed-IP-Address = {address}\n\tAcct-Session-Time = {lasted}\n\tAcct-Delay-Time = 0\n\tTimestamp = {at}\n\n",
                    turn.who
                );
                records.push((at, text));
            };
            record("Start", turn.from, 0);
            if chance.one_in(50) {
                record("Start", turn.from + 1, 0);
            }
            if turn.to - turn.from > 1800 && chance.one_in(2) {
                record("Interim-Update", turn.from + 1800, 1800);
            }
            if !chance.one_in(25) {
                record("Stop", turn.to, turn.to - turn.from);
            }
        }
    }
    records.sort_by_key(|(at, _)| *at);
    records.into_iter().map(|(_, text)| text).collect()
}

fn log(chance: &mut Chance, truth: &Truth<(Ipv4Addr, u16)>) -> String {
    let mut lines = Vec::new();
    for ((outside, block), turns) in truth {
        let (first, last) = (1024 + block * 512, 1535 + block * 512);
        for turn in turns {
            let mut line = |what: &str, at: i64| {
                let text = format!(
                    "{} nat {what} VRF 0 INT {} EXT {outside}:{first}-{last}\n",
                    second(at),
                    turn.who
                );
                lines.push((at, text));
            };
            line("A", turn.from);
            if !chance.one_in(25) {
                line("D", turn.to);
            }
        }
    }
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, text)| text).collect()
}

fn read(format: Format, text: &str) -> BTreeMap<IpAddr, Vec<Lease>> {
    let manner = Manner { name: "night".to_owned(), zone: None, written: second(BEGIN + DAYS * 86_400) };
    let mut reader = Reader::new(format, &manner, false);
    let mut rows = reader.feed(text.as_bytes(), None);
    rows.extend(reader.finish());
    let mut leases: BTreeMap<IpAddr, Vec<Lease>> = BTreeMap::new();
    for row in rows {
        let lease = row.expect("a good record").lease;
        leases.entry(lease.net.addr()).or_default().push(lease);
    }
    leases
}

/// A moment of a turn, drawn near its ends as often as anywhere.
fn moment(chance: &mut Chance, turn: &Held) -> i64 {
    let length = turn.to - turn.from;
    match chance.below(4) {
        0 => turn.from + chance.below(90.min(length)),
        1 => turn.to - 1 - chance.below(90.min(length)),
        _ => turn.from + chance.below(length),
    }
}

#[derive(Debug, Default)]
struct Score {
    right: u64,
    doubtful: u64,
}

#[test]
fn nobody_is_accused_of_what_another_did() {
    let events: u64 = std::env::var("NIGHTDESK_EVENTS").map_or(20_000, |events| events.parse().unwrap());
    let mut chance = Chance(2003);
    let line = |chance: &mut Chance| format!("line-{}", chance.below(2000));
    let mut holders: Truth<Ipv4Addr> = BTreeMap::new();
    for number in 0..PLAIN {
        holders.insert(Ipv4Addr::from_bits(0xC633_6400 + number), turns(&mut chance, line));
    }
    for number in 0..INSIDE {
        holders.insert(Ipv4Addr::from_bits(0x6440_0000 + number), turns(&mut chance, line));
    }
    let inside = |chance: &mut Chance| {
        Ipv4Addr::from_bits(0x6440_0000 + u32::try_from(chance.below(INSIDE.into())).unwrap()).to_string()
    };
    let mut blocks: Truth<(Ipv4Addr, u16)> = BTreeMap::new();
    for number in 0..OUTSIDE {
        for block in 0..BLOCKS {
            blocks.insert((Ipv4Addr::from_bits(0xCB00_7100 + number), block), turns(&mut chance, inside));
        }
    }
    let mut leases = read(Format::RadiusDetail, &accounting(&mut chance, &holders));
    leases.extend(read(Format::NatLog, &log(&mut chance, &blocks)));
    let none = Vec::new();
    let of = |address: IpAddr| leases.get(&address).unwrap_or(&none);
    let home = Home::new(["198.51.100.0/24", "203.0.113.0/24"].map(|net| net.parse().unwrap())).unwrap();
    let (plain, shared): (Vec<_>, Vec<_>) =
        (holders.iter().filter(|(address, _)| address.octets()[0] == 198).collect(), blocks.iter().collect());
    let pick = |chance: &mut Chance, many: usize| {
        usize::try_from(chance.below(i64::try_from(many).unwrap())).unwrap()
    };
    let mut score = Score::default();
    let mut happened = 0;
    while happened < events {
        let (address, port, at, truth) = if chance.one_in(2) {
            let (address, turns) = plain[pick(&mut chance, plain.len())];
            let turn = &turns[pick(&mut chance, turns.len())];
            (*address, None, moment(&mut chance, turn), turn.who.clone())
        } else {
            let ((outside, block), turns) = shared[pick(&mut chance, shared.len())];
            let turn = &turns[pick(&mut chance, turns.len())];
            let at = moment(&mut chance, turn);
            let behind: Ipv4Addr = turn.who.parse().unwrap();
            let holder = holders[&behind].iter().find(|held| held.from <= at && at < held.to);
            // Nobody was on the inside address then: nothing happened.
            let Some(holder) = holder else { continue };
            let port = 1024 + block * 512 + u16::try_from(chance.below(512)).unwrap();
            (*outside, (!chance.one_in(10)).then_some(port), at, holder.who.clone())
        };
        happened += 1;
        let stated = at + chance.below(2 * SKEW + 1) - SKEW;
        let uncertainty = SignedDuration::from_secs(SKEW + 5);
        let whose = Whose { address: address.into(), port, at: second(stated), uncertainty };
        let outer = attribute(&home, of(whose.address), &whose);
        let answer = match behind(&outer, &whose) {
            Some(question) => through(outer, of(question.address), &whose),
            None => outer,
        };
        match answer {
            Attribution::One { subscriber, reason, .. } => {
                assert_eq!(subscriber.as_str(), truth, "{whose:?}: {reason}");
                assert!(port.is_some() || address.octets()[0] == 198, "without a port: {reason}");
                score.right += 1;
            }
            Attribution::Several { candidates, reason } => {
                let named =
                    candidates.iter().any(|one| one.as_str() == truth || one.as_str().starts_with("100.64."));
                assert!(named, "{truth} is not among {candidates:?}: {reason}");
                score.doubtful += 1;
            }
            Attribution::Nobody { reason } => panic!("{truth} was there: {reason}"),
            Attribution::Foreign => panic!("{address} is ours"),
        }
    }
    eprintln!(
        "{happened} events: {} laid at the right door, {} left to a person, 0 at a wrong one",
        score.right, score.doubtful
    );
    assert!(score.right * 2 > happened, "too timid to be of use: {score:?}");
}
