//! Translators that export which inside address has which block of ports: from datagrams to who it was.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};

use jiff::{SignedDuration, Timestamp};

use crate::{Stand, until};

/// The outside address, 203.0.113.77, and the inside network, 10.77.0.0/16, of the translator of this test.
const OUTSIDE: [u8; 4] = [203, 0, 113, 77];
const INSIDE: [u8; 2] = [10, 77];
/// Ports of a block, and blocks.
const WIDTH: u16 = 512;
const BLOCKS: u16 = 40;
const FIRST: u16 = 1024;
/// Changes of hands that are drawn, and how far apart they are.
const EVENTS: i64 = 480;
const SECONDS_APART: i64 = 3;
/// `natEvent` of blocks (IANA).
const GIVEN: u8 = 16;
const TAKEN: u8 = 17;

/// An exporter of IPFIX (RFC 7011) with one template: the block of RFC 8158 section 5.6.9.
struct Translator {
    socket: UdpSocket,
    to: SocketAddr,
    sequence: u32,
}

impl Translator {
    fn new(to: SocketAddr) -> Translator {
        Translator { socket: UdpSocket::bind("127.0.0.1:0").expect("a port"), to, sequence: 0 }
    }

    /// One message of events: what happened, when, to which inside host, and which block.
    fn tell(&mut self, events: &[(u8, Timestamp, u8, u16)]) {
        let template: Vec<u16> = vec![2, 36, 256, 7, 323, 8, 8, 4, 225, 4, 361, 2, 362, 2, 230, 1, 4, 1];
        let mut body: Vec<u8> = template.iter().flat_map(|word| word.to_be_bytes()).collect();
        let length = u16::try_from(4 + events.len() * 22).expect("short");
        body.extend([256, length].map(u16::to_be_bytes).as_flattened());
        for (event, at, host, block) in events {
            body.extend(u64::try_from(at.as_millisecond()).expect("after 1970").to_be_bytes());
            body.extend([INSIDE[0], INSIDE[1], 0, *host]);
            body.extend(OUTSIDE);
            let first = FIRST + block * WIDTH;
            body.extend([first, first + WIDTH - 1].map(u16::to_be_bytes).as_flattened());
            body.extend([*event, 0]);
        }
        let length = u16::try_from(16 + body.len()).expect("short");
        let seconds = u32::try_from(Timestamp::now().as_second()).expect("before 2106");
        let mut message = [10, length].map(u16::to_be_bytes).concat();
        message.extend([seconds, self.sequence, 1].map(u32::to_be_bytes).as_flattened());
        message.extend(body);
        self.sequence += u32::try_from(events.len()).expect("few");
        self.socket.send_to(&message, self.to).expect("sent");
    }

    /// So many records are never heard of.
    fn lose(&mut self, records: u32) {
        self.sequence += records;
    }
}

/// Who had a port of that block then: an inside address, since no lease says whose that is.
fn holder(stand: &Stand, block: u16, at: Timestamp) -> Option<String> {
    let port = (FIRST + block * WIDTH + 7).to_string();
    let answer = stand.who("203.0.113.77", &["--port", &port, "--at", &at.to_string()]);
    // Nobody's yet, and the reason names the inside address; or several, or nobody's.
    let reason = answer["reason"].as_str().unwrap_or_default().to_owned();
    let host = reason.split_once(" held 203.0.113.77")?.0.rsplit(' ').next()?.to_owned();
    (answer["answer"] == "nobody").then_some(host)
}

fn inside(host: u8) -> String {
    format!("{}.{}.0.{host}", INSIDE[0], INSIDE[1])
}

#[test]
fn a_block_is_known_as_soon_as_it_is_given_and_forgotten_when_something_was_lost() {
    let stand = Stand::new();
    let serve = stand.serve();
    let mut translator = Translator::new(stand.flows);
    let now = Timestamp::now();
    let ago = |minutes| now - SignedDuration::from_mins(minutes);
    // Flow sockets may not be there yet, and UDP tells nobody: told until it is known, which changes nothing.
    until("the block to be known", || {
        translator.tell(&[(GIVEN, ago(9), 17, 0), (GIVEN, ago(9), 18, 1)]);
        holder(&stand, 0, ago(8)).as_deref() == Some(&inside(17))
    });
    translator.lose(1);
    translator.tell(&[(GIVEN, ago(2), 19, 2)]);
    until("the next block to be known", || holder(&stand, 2, ago(1)).as_deref() == Some(&inside(19)));
    assert_eq!(holder(&stand, 1, ago(1)), None, "what was lost may have said that it changed hands");
    drop(serve);
    // What was told while nobody listened is not known either.
    let serve = stand.serve();
    until("nobody to be named by what was not heard", || holder(&stand, 2, ago(1)).is_none());
    drop(serve);
}

/// A translator drawn by lot: blocks change hands, some datagrams never come. Nobody is named wrongly.
#[test]
fn of_a_generated_translator_nobody_is_named_wrongly() {
    let stand = Stand::new();
    let serve = stand.serve();
    let mut translator = Translator::new(stand.flows);
    let begin = Timestamp::now() - SignedDuration::from_mins(29);
    until("the flow sockets to be there", || {
        translator.tell(&[(GIVEN, begin - SignedDuration::from_secs(60), 200, BLOCKS)]);
        holder(&stand, BLOCKS, begin).is_some()
    });
    let mut seed = 8158_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    // Every change of hands of each block, as it was: since when, and who.
    let mut truth: BTreeMap<u16, Vec<(Timestamp, Option<u8>)>> = BTreeMap::new();
    for number in 0..EVENTS {
        let at = begin + SignedDuration::from_secs(number * SECONDS_APART);
        let block = u16::try_from(draw(BLOCKS.into())).expect("small");
        let past = truth.entry(block).or_default();
        let holds = past.last().and_then(|(_, holder)| *holder);
        let host = u8::try_from(draw(100)).expect("small") + 1;
        let events = match holds {
            None => vec![(GIVEN, at, host, block)],
            Some(before) if draw(2) == 0 => vec![(TAKEN, at, before, block)],
            Some(before) => vec![(TAKEN, at, before, block), (GIVEN, at, host, block)],
        };
        let (last, _, holder, _) = events[events.len() - 1];
        past.push((at, (last == GIVEN).then_some(holder)));
        match draw(60) {
            0 => translator.lose(u32::try_from(events.len()).expect("few")),
            _ => translator.tell(&events),
        }
    }
    let end = begin + SignedDuration::from_secs(EVENTS * SECONDS_APART);
    translator.tell(&[(GIVEN, end, 201, BLOCKS + 1)]);
    until("all to be heard", || holder(&stand, BLOCKS + 1, end + SignedDuration::from_secs(55)).is_some());
    let (mut right, mut unsure) = (0, 0);
    for _ in 0..120 {
        let block = u16::try_from(draw(BLOCKS.into())).expect("small");
        let at = begin + SignedDuration::from_secs(i64::try_from(draw(1400)).expect("small"));
        let past = truth.get(&block).map_or(&[][..], Vec::as_slice);
        let was = past.iter().rev().find(|(since, _)| *since <= at).and_then(|(_, holder)| *holder);
        match (holder(&stand, block, at), was) {
            (None, _) => unsure += 1,
            (Some(named), was) => {
                assert_eq!(Some(named), was.map(inside), "block {block} at {at}; it went {past:?}");
                right += 1;
            }
        }
    }
    println!("{right} named, and rightly; {unsure} not named");
    assert!(right > 10, "hardly anybody was named: {right}");
    drop(serve);
}
