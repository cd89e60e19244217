//! Reading never fails, whatever the bytes.

use std::fs;
use std::sync::OnceLock;

use proptest::prelude::*;

use crate::{fixtures, read};

fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(all)
}

fn all() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn holds(bytes: &[u8]) {
    let (summary, flows) = read(bytes);
    assert_eq!(summary.flows, flows.len() as u64);
    for flow in flows {
        assert!(flow.last >= flow.first, "{flow:?}");
        assert!(flow.both_ways || flow.reverse.packets == 0, "{flow:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        holds(&bytes);
    }

    #[test]
    fn a_file_with_bytes_changed_is_read(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let samples = samples();
        let mut bytes = samples[which.index(samples.len())].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        holds(&bytes);
    }

    #[test]
    fn a_file_that_ends_early_gives_no_more_than_the_whole(
        which in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
    ) {
        let samples = samples();
        let whole = &samples[which.index(samples.len())];
        let part = &whole[..end.index(whole.len())];
        holds(part);
        prop_assert!(read(part).1.len() <= read(whole).1.len() + 1);
    }
}
