//! Long connections out of a line whose people browse besides: which of them carry others, and which do not.

use case::Stage;
use flow::{Flow, Way, protocol, tcp};
use signs::SignKind;

use crate::judging::Host;
use crate::traffic::{LINE, address, chance, flow, judged, server, stranger};

const MINUTE: i64 = 60_000;
const MINUTES: i64 = 40;

fn port(n: u64) -> u16 {
    20_000 + u16::try_from(n % 30_000).unwrap()
}

/// A size as pages and their parts have it: a few kilobytes mostly, now and then megabytes.
fn size(n: u64, typical: u64) -> u64 {
    let part = chance(n, 10_000).unsigned_abs();
    typical / 4 + typical * part / 10_000 + if part > 9_000 { typical * (part - 9_000) / 50 } else { 0 }
}

/// A household: so many pages of some objects, at times nobody can tell.
fn household(seed: u64, pages: u64) -> Vec<Flow> {
    (0..pages * 4)
        .map(|n| {
            let own = seed * 100_000 + n;
            let page = chance(seed * 100_000 + n / 4, (MINUTES * MINUTE).unsigned_abs());
            let at = page + chance(own + 7, 2_000);
            let to = (server(u32::try_from(own % 97).unwrap()), 443);
            flow(at, 400, (address(LINE), port(n)), to, (size(own + 1, 900), size(own + 2, 30_000)))
        })
        .collect()
}

/// A long connection as an exporter tells of it each minute: what goes up and down in each.
fn tunnel(kind: u8, to: u16, up: impl Fn(u64) -> u64, down: impl Fn(u64) -> u64) -> Vec<Flow> {
    (0..MINUTES)
        .map(|minute| {
            let n = minute.unsigned_abs();
            let end = (server(240), to);
            let told = flow(minute * MINUTE + 300, 59_000, (address(LINE), 49_999), end, (up(n), down(n)));
            let flags = match kind {
                protocol::TCP if minute == 0 => tcp::SYN | tcp::ACK,
                protocol::TCP => tcp::ACK,
                _ => 0,
            };
            let way = |way: Way| Way { flags, ..way };
            Flow { protocol: kind, forward: way(told.forward), reverse: way(told.reverse), ..told }
        })
        .collect()
}

/// Pages of a busy household, four a minute, and of a quieter one.
const BUSY: u64 = 160;
const QUIET: u64 = 30;

/// What is said of the line in eight such households.
fn beside_households(flows: &[Flow], pages: u64) -> Vec<Host> {
    (0..8).map(|seed| judged(&[flows, &household(seed, pages)].concat())).collect()
}

#[track_caller]
fn harmless(flows: &[Flow]) {
    let households = [BUSY, QUIET].map(|pages| beside_households(flows, pages)).concat();
    for host in households.iter().chain([&judged(flows)]) {
        assert!(host.stage < Stage::Suspected, "{host:#?}");
    }
}

#[test]
fn a_tunnel_that_carries_others_is_found_beside_a_household_that_browses() {
    let errands: Vec<Flow> = (0..240u64)
        .map(|n| {
            let at = chance(n + 5_000, (MINUTES * MINUTE).unsigned_abs() - 3_000);
            let to = (server(u32::try_from(n % 89).unwrap() + 100), 443);
            flow(at, 900, (address(LINE), port(n + 9_000)), to, (size(n + 3, 900), size(n + 4, 90_000)))
        })
        .collect();
    let total = |minute: u64, of: fn(&Flow) -> u64| -> u64 {
        let within = errands.iter().filter(|one| {
            (one.first.0 - 1_700_000_000_000).div_euclid(MINUTE) == i64::try_from(minute).unwrap()
        });
        within.map(of).sum()
    };
    // A tunnel has its own words beside what it carries.
    let up = |n| total(n, |one| one.reverse.bytes) * 103 / 100 + 400;
    let down = |n| total(n, |one| one.forward.bytes) * 130 / 100 + 400;
    let flows = [tunnel(protocol::TCP, 8_022, up, down), errands.clone()].concat();
    for host in beside_households(&flows, QUIET) {
        let found = host.signs.iter().find(|sign| sign.sign == SignKind::BackConnect);
        assert!(found.is_some_and(|sign| sign.peer == Some(server(240)) && sign.score >= 0.6), "{host:#?}");
    }
}

#[test]
fn a_gateway_that_is_called_for_each_stranger_is_found() {
    let flows: Vec<Flow> = (0..30u64)
        .flat_map(|n| {
            let at = i64::try_from(n).unwrap() * 40_000 + chance(n, 20_000);
            let (asked, came) = (size(n, 900), size(n + 50, 60_000) + 3_000);
            let to = (server(u32::try_from(n % 40).unwrap() + 100), 443);
            [
                flow(at, 900, (address(LINE), port(n)), (server(240), 7_700), (came + 60, asked + 90)),
                flow(at + 150, 600, (address(LINE), port(n + 500)), to, (asked, came)),
            ]
        })
        .collect();
    for host in beside_households(&flows, BUSY) {
        let found = host.signs.iter().find(|sign| sign.sign == SignKind::BackConnect);
        assert!(found.is_some_and(|sign| sign.peer == Some(server(240)) && sign.score >= 0.6), "{host:#?}");
    }
}

#[test]
fn an_employers_vpn_has_everything_inside() {
    harmless(&tunnel(protocol::UDP, 1194, |n| size(n, 400_000), |n| size(n + 1, 4_000_000)));
}

#[test]
fn a_tunnel_between_two_sites_goes_both_ways() {
    harmless(&tunnel(protocol::UDP, 51_820, |n| size(n, 900_000), |n| size(n + 1, 900_000)));
}

#[test]
fn a_shell_is_typed_into_and_answers() {
    harmless(&tunnel(protocol::TCP, 22, |n| size(n, 3_000), |n| size(n + 1, 20_000)));
}

#[test]
fn a_repository_is_pushed_to_in_bursts() {
    harmless(&tunnel(
        protocol::TCP,
        22,
        |n| if n.is_multiple_of(5) { size(n, 600_000) } else { 300 },
        |_| 900,
    ));
}

#[test]
fn a_backup_goes_up_all_day() {
    harmless(&tunnel(protocol::TCP, 443, |n| 5_000_000 + size(n, 200_000), |_| 40_000));
    // Little by little, about as much as the household gets.
    harmless(&tunnel(protocol::TCP, 443, |n| size(n, 400_000), |_| 9_000));
}

#[test]
fn a_video_call_is_as_much_up_as_down() {
    harmless(&tunnel(
        protocol::UDP,
        3_478,
        |n| 9_000_000 + size(n, 900_000),
        |n| 9_000_000 + size(n + 1, 900_000),
    ));
    harmless(&tunnel(
        protocol::UDP,
        19_305,
        |n| 400_000 + size(n, 90_000),
        |n| 400_000 + size(n + 1, 90_000),
    ));
}

#[test]
fn a_film_comes_down() {
    harmless(&tunnel(protocol::TCP, 443, |n| 2_000 + size(n, 9_000), |n| 9_000_000 + size(n, 3_000_000)));
}

#[test]
fn a_remote_screen_comes_down_or_goes_up() {
    harmless(&tunnel(protocol::TCP, 3_389, |n| size(n, 30_000), |n| size(n + 1, 900_000)));
    harmless(&tunnel(protocol::TCP, 5_938, |n| size(n, 900_000), |n| size(n + 1, 30_000)));
}

#[test]
fn things_and_push_services_say_a_few_words() {
    harmless(&tunnel(protocol::TCP, 8_883, |n| size(n, 900), |n| size(n + 1, 400)));
    harmless(&tunnel(protocol::TCP, 5_223, |n| size(n, 2_000), |n| size(n + 1, 3_000)));
}

#[test]
fn an_onion_routers_client_has_everything_inside() {
    harmless(&tunnel(protocol::TCP, 9_001, |n| size(n, 80_000), |n| size(n + 1, 900_000)));
}

#[test]
fn a_server_that_is_gone_is_watched_at_most() {
    // Each minute a call, tried again by the system after 1, 3 and 7 seconds; and one that is tried without a pause.
    let each_minute = (0..180).flat_map(|n| {
        let from = (address(LINE), port(n));
        [0, 1_000, 3_000, 7_000].map(|after| {
            let at = i64::try_from(n).unwrap() * MINUTE + after;
            Flow { both_ways: false, ..crate::traffic::call(at, from, (server(77), 5_999)) }
        })
    });
    let each_minute = judged(&each_minute.collect::<Vec<Flow>>());
    assert!(each_minute.stage <= Stage::Watching, "{each_minute:#?}");
    let unpaused = (0..600).map(|n| {
        let at = i64::try_from(n).unwrap() * 6_000 + chance(n, 900);
        crate::traffic::call(at, (address(LINE), port(n)), (stranger(7), 5_999))
    });
    let unpaused = judged(&unpaused.collect::<Vec<Flow>>());
    assert!(unpaused.stage <= Stage::Watching, "{unpaused:#?}");
}
