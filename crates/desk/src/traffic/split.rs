//! Which watcher sees a flow: all that a home address does must come to one of them.

use std::collections::VecDeque;
use std::net::IpAddr;

use case::Home;
use flow::Flow;
use signs::Learnt;

/// Shares flows out by home address.
#[derive(Debug, Clone)]
pub(super) struct Split {
    home: Home,
    among: usize,
}

impl Split {
    pub(super) fn new(home: Home, among: usize) -> Split {
        Split { home, among: among.max(1) }
    }

    /// One list for each watcher, in the order the flows came. One between two home addresses goes to the watcher of
    /// its destination, where it is answered; one that touches no home address goes nowhere, unless there is only one
    /// watcher, which counts it.
    pub(super) fn share(&self, flows: Vec<Flow>) -> Vec<Vec<Flow>> {
        if self.among == 1 {
            return vec![flows];
        }
        let mut shares: Vec<Vec<Flow>> = (0..self.among).map(|_| Vec::new()).collect();
        for flow in flows {
            let ours = [flow.destination, flow.source].into_iter().find(|end| self.home.contains(*end));
            if let Some(share) = ours.and_then(|end| shares.get_mut(self.place(end))) {
                share.push(flow);
            }
        }
        shares
    }

    /// What was learnt of each line, shared out in the same way: one list for each watcher.
    pub(super) fn learnt(&self, learnt: Vec<Learnt>) -> VecDeque<Vec<Learnt>> {
        let mut shares: VecDeque<Vec<Learnt>> = (0..self.among).map(|_| Vec::new()).collect();
        for one in learnt {
            if let Some(share) = shares.get_mut(self.place(one.address)) {
                share.push(one);
            }
        }
        shares
    }

    fn place(&self, address: IpAddr) -> usize {
        let bits = match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        // Multiplied by an odd number near 2^128 over the golden ratio: neighbours spread over all watchers (Knuth, The Art
        // of Computer Programming, 6.4).
        let spread = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 64;
        let among = u128::try_from(self.among).unwrap_or(1);
        usize::try_from(spread % among).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::evidence::tests::flow;

    #[test]
    fn all_that_a_line_does_comes_to_one_watcher_and_lines_are_spread() {
        let home = Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        let split = Split::new(home, 4);
        let ours = |last: u8| IpAddr::from([203, 0, 113, last]);
        let theirs = IpAddr::from([198, 51, 100, 7]);
        let mut per_watcher = [0usize; 4];
        for last in 0..=255 {
            let both = vec![flow(theirs, ours(last)), flow(ours(last), theirs)];
            let shares = split.share(both.clone());
            let mut of = shares.iter().enumerate().filter(|(_, share)| !share.is_empty());
            let (number, share) = of.next().expect("a watcher");
            assert_eq!((share, of.next()), (&both, None));
            per_watcher[number] += 1;
        }
        assert!(per_watcher.iter().all(|lines| (40..90).contains(lines)), "{per_watcher:?}");
        assert!(split.share(vec![flow(theirs, theirs)]).iter().all(Vec::is_empty));
    }
}
