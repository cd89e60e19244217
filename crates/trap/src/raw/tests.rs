//! A scanner against the stateless engine, packet by packet.

use proptest::prelude::*;

use super::packet::{PSH, checksum};
use super::*;

const SCANNER: [u8; 4] = [198, 51, 100, 9];
const TRAP: [u8; 4] = [203, 0, 113, 7];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

fn engine() -> Stateless {
    Stateless::new(vec!["203.0.113.0/24".parse().expect("a prefix")])
}

/// A segment from the scanner's port 4000 to the trap's port 23.
fn segment(flags: u8, sequence: u32, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let length = u16::try_from(40 + payload.len()).expect("short").to_be_bytes();
    frame.extend_from_slice(&[0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 6, 0, 0]);
    frame.extend_from_slice(&[SCANNER, TRAP].concat());
    frame.extend_from_slice(&[0x0f, 0xa0, 0, 23]);
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.extend_from_slice(&acknowledged.to_be_bytes());
    frame.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend_from_slice(payload);
    frame
}

/// What the engine says to a first packet.
fn greeted(engine: &mut Stateless) -> u32 {
    let mut out = Vec::new();
    assert!(matches!(engine.take(&segment(SYN, 100, 0, b""), at(0), &mut out), Taken::Noted));
    let answer = read(&out).expect("an answer");
    assert_eq!((answer.flags, answer.acknowledged), (SYN | ACK, 101));
    assert_eq!(
        (answer.to.to_string(), answer.from.to_string()),
        ("198.51.100.9:4000".into(), "203.0.113.7:23".into())
    );
    assert_eq!(&out[..6], &[2, 0, 0, 0, 0, 2], "to whoever brought it");
    answer.sequence
}

#[test]
fn a_handshake_is_checked_its_first_words_taken_and_then_it_is_reset() {
    let mut engine = engine();
    let cookie = greeted(&mut engine);
    let mut out = Vec::new();
    let ours = cookie.wrapping_add(1);
    assert!(matches!(engine.take(&segment(ACK, 101, ours, b""), at(1), &mut out), Taken::Noted));
    assert!(out.is_empty());
    let Taken::Hit(hit) = engine.take(&segment(ACK | PSH, 101, ours, b"\x05\x01\x00"), at(2), &mut out)
    else {
        panic!("no hit");
    };
    assert_eq!((hit.wanted.what, hit.handshake, hit.port), ("socks5", true, 23));
    let answer = read(&out).expect("an answer");
    assert_eq!((answer.flags, answer.sequence, answer.acknowledged), (RST | ACK, ours, 104));
    assert!(engine.silent(at(60)).is_none(), "and it is told once");
}

#[test]
fn a_silent_visitor_is_told_of_when_it_has_waited() {
    let mut engine = engine();
    let ours = greeted(&mut engine).wrapping_add(1);
    engine.take(&segment(ACK, 101, ours, b""), at(1), &mut Vec::new());
    assert!(engine.silent(at(3)).is_none());
    let hit = engine.silent(at(7)).expect("a hit");
    assert_eq!((hit.wanted.what, hit.handshake), ("telnet", true));
}

#[test]
fn words_without_our_cookie_are_nobodys_and_a_cookie_does_not_last() {
    let mut engine = engine();
    let mut out = Vec::new();
    let ours = greeted(&mut engine).wrapping_add(1);
    let forged = segment(ACK | PSH, 101, ours.wrapping_add(1), b"\x05\x01\x00");
    assert!(matches!(engine.take(&forged, at(1), &mut out), Taken::Noted));
    let late = segment(ACK | PSH, 101, ours, b"\x05\x01\x00");
    assert!(matches!(engine.take(&late, at(300), &mut out), Taken::Noted));
    assert!(out.is_empty(), "and they are not answered");
}

#[test]
fn checksums_are_as_the_internet_has_them() {
    let mut engine = engine();
    let mut out = Vec::new();
    engine.take(&segment(SYN, 1, 0, b""), at(0), &mut out);
    assert_eq!(checksum(&[&out[14..34]]), [0, 0], "over itself a right checksum is nothing");
    let segment = &out[34..];
    let length = u16::try_from(segment.len()).expect("short").to_be_bytes();
    assert_eq!(checksum(&[&TRAP, &SCANNER, &[0, 6], &length, segment]), [0, 0]);
}

#[test]
fn what_is_not_for_a_trap_or_comes_from_one_is_left_alone() {
    let mut engine = Stateless::new(vec!["192.0.2.0/24".parse().expect("a prefix")]);
    let mut out = Vec::new();
    assert!(matches!(engine.take(&segment(SYN, 1, 0, b""), at(0), &mut out), Taken::Nothing));
    let mut engine = Stateless::new(vec!["0.0.0.0/0".parse().expect("a prefix")]);
    assert!(matches!(engine.take(&segment(SYN, 1, 0, b""), at(0), &mut out), Taken::Nothing));
    assert!(out.is_empty());
}

proptest! {
    /// Whatever comes, what is answered goes back to whoever sent it and is no larger than a bare header with one option.
    #[test]
    fn any_frame_is_taken_without_harm(head in proptest::collection::vec(any::<u8>(), 0..80), flags: u8, cut in 0usize..70) {
        let mut engine = engine();
        let mut out = Vec::new();
        engine.take(&head, at(0), &mut out);
        prop_assert!(out.is_empty() || out.len() <= 78);
        let mut whole = segment(flags, 7, 9, &head);
        whole.truncate(54 + head.len() - cut.min(54 + head.len()));
        engine.take(&whole, at(0), &mut out);
        if let Some(answer) = read(&out) {
            prop_assert_eq!(answer.to.to_string(), "198.51.100.9:4000");
        }
    }
}
