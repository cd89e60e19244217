//! Counts are multiplied by the rate at which the exporter looks at packets.

use crate::datagram::{EXPORTER, Heard, PLAIN, UPTIME, ipfix, numbers, plain, set, template, v5, v9};

/// A v9 options template: a scope, and options.
fn v9_options(id: u16, scope: (u16, u16), options: &[(u16, u16)]) -> Vec<u8> {
    let fields = template(id, &[&[scope], options].concat())[4..].to_vec();
    let lengths = numbers(&[(id.into(), 2), (4, 2), (4 * options.len() as u64, 2)]);
    set(1, &[lengths, fields].concat())
}

#[test]
fn each_sampler_has_its_rate() {
    let fields = [&PLAIN[..], &[(48, 1)]].concat();
    let record = |sampler: u64| [plain(3, 300), numbers(&[(sampler, 1)])].concat();
    let heard = Heard::all(&[v9(
        1,
        0,
        UPTIME,
        &[
            v9_options(257, (1, 4), &[(48, 1), (50, 4)]),
            set(0, &template(256, &fields)),
            set(257, &numbers(&[(0, 4), (1, 1), (100, 4), (0, 4), (2, 1), (2000, 4)])),
            set(256, &[record(1), record(2), record(9)].concat()),
        ],
    )]);
    assert_eq!(heard.counts(), [(300, 30_000, 0, 0, 100), (6000, 600_000, 0, 0, 2000), (3, 300, 0, 0, 0)]);
    assert_eq!(heard.losses().unknown_sampling, 1);
}

#[test]
fn what_names_no_sampler_has_the_rate_of_the_only_one() {
    let heard = Heard::all(&[v9(
        1,
        0,
        UPTIME,
        &[
            v9_options(257, (1, 4), &[(48, 2), (34, 4)]),
            set(0, &template(256, &PLAIN)),
            set(257, &numbers(&[(0, 4), (1, 2), (512, 4)])),
            set(256, &plain(1, 100)),
        ],
    )]);
    assert_eq!(heard.counts(), [(512, 51_200, 0, 0, 512)]);
}

#[test]
fn domains_keep_their_rates_apart_and_domain_0_speaks_for_all() {
    let options = |domain: u32, rate: u64| {
        let fields = [vec![1, 1, 0, 2, 0, 1], template(0, &[(149, 4), (34, 4)])[4..].to_vec()].concat();
        ipfix(0, domain, &[set(3, &fields), set(257, &numbers(&[(domain.into(), 4), (rate, 4)]))])
    };
    let data = |domain: u32| ipfix(1, domain, &[set(2, &template(256, &PLAIN)), set(256, &plain(1, 100))]);
    let heard = Heard::all(&[options(7, 10), data(7), data(8), options(0, 50), data(8), data(7)]);
    let rates: Vec<u32> = heard.flows.iter().map(|flow| flow.sampling).collect();
    assert_eq!(rates, [10, 0, 50, 10]);
}

#[test]
fn intervals_populations_and_probabilities_are_rates() {
    let rate = |fields: &[(u16, u16)], told: &[u8]| {
        let options = numbers(&[(257, 2), (fields.len() as u64 + 1, 2), (1, 2)]);
        let fields = template(0, &[&[(149, 4)], fields].concat())[4..].to_vec();
        let told = [vec![0; 4], told.to_vec()].concat();
        let heard = Heard::all(&[ipfix(
            0,
            0,
            &[
                set(3, &[options, fields].concat()),
                set(257, &told),
                set(2, &template(256, &PLAIN)),
                set(256, &plain(1, 100)),
            ],
        )]);
        heard.flows[0].sampling
    };
    assert_eq!(rate(&[(305, 4), (306, 4)], &numbers(&[(1, 4), (999, 4)])), 1000);
    assert_eq!(rate(&[(309, 4), (310, 4)], &numbers(&[(2, 4), (200, 4)])), 100);
    assert_eq!(rate(&[(311, 8)], &0.01f64.to_be_bytes()), 100);
    assert_eq!(rate(&[(34, 4)], &numbers(&[(0, 4)])), 0);
}

#[test]
fn the_rate_in_a_head_comes_before_the_one_we_were_told() {
    let mut heard = Heard::new();
    heard.hear(&v5(0, 0, 1));
    heard.decoder.assume_sampling(EXPORTER, 64);
    heard.hear(&v5(1, 0, 1));
    // Mode 1 in the two highest bits.
    heard.hear(&v5(2, 0x4000 | 100, 1));
    assert_eq!(heard.counts(), [(2, 120, 0, 0, 0), (128, 7680, 0, 0, 64), (200, 12_000, 0, 0, 100)]);
}
