//! Who came unasked, and what came back.

use flow::Flow;
use signs::{Back, Config, Detector};

use crate::traffic::{LINE, address, call, flow, server, stranger};

fn knocks(flows: &[Flow]) -> Vec<(u16, Back)> {
    let mut config = Config::new(vec!["198.51.100.0/24".parse().unwrap()]);
    config.knocks = true;
    let mut detector = Detector::new(config);
    let mut flows = flows.to_vec();
    flows.sort_by_key(|flow| flow.last);
    flows.iter().for_each(|flow| detector.see(flow));
    detector.finish();
    detector.knocks().into_iter().map(|knock| (knock.port, knock.back)).collect()
}

/// The line fetches a page.
fn alive(at: i64) -> Flow {
    flow(at, 500, (address(LINE), 50_000), (server(1), 443), (900, 9_000))
}

#[test]
fn an_answer_to_a_stranger_is_told_once_and_silence_only_beside_a_sign_of_life() {
    let answered = |at: i64| flow(at, 500, (stranger(1), 40_000), (address(LINE), 445), (700, 2_000));
    let silent = |at: i64, port: u16| call(at, (stranger(2), 40_001), (address(LINE), port));
    let seen =
        knocks(&[alive(0), silent(20_000, 23), answered(30_000), answered(60_000), silent(400_000, 24)]);
    assert_eq!(seen, [(23, Back::Nothing), (445, Back::Answer)]);
}

#[test]
fn whom_the_line_called_is_no_stranger() {
    let calls = flow(0, 500, (address(LINE), 50_001), (stranger(1), 6_881), (900, 9_000));
    let back = flow(60_000, 500, (stranger(1), 40_000), (address(LINE), 445), (700, 2_000));
    assert_eq!(knocks(&[calls, back]), []);
    assert_eq!(knocks(&[alive(0), back]), [(445, Back::Answer)]);
}

#[test]
fn a_reset_is_told_as_one_and_a_sample_says_nothing_of_silence() {
    let reset = |at: i64| {
        let refused = flow::Way { packets: 1, bytes: 40, flags: flow::tcp::RST | flow::tcp::ACK };
        Flow { reverse: refused, ..call(at, (stranger(3), 40_002), (address(LINE), 2_222)) }
    };
    let sampled = Flow { sampling: 100, ..call(20_000, (stranger(2), 40_001), (address(LINE), 23)) };
    assert_eq!(knocks(&[alive(0), sampled, reset(30_000)]), [(2_222, Back::Reset)]);
}
