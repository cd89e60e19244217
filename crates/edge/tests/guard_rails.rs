//! What must hold of every outlet whatever it is asked, shown on the one that needs no packet filter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use case::{CaseId, Home, InForce, Measure, Plan, Receipt, Rule, RuleKey, Territory, Transport};
use edge::{Config, DryRun, LONGEST_BLOCK, Outlet, cap_hit};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

fn territory() -> Territory {
    let home = Home::new(["203.0.113.0/24".parse().unwrap(), "2001:db8:66::/48".parse().unwrap()]).unwrap();
    Territory {
        home,
        never_touch: vec!["203.0.113.0/28".parse().unwrap(), "2001:db8:66::/64".parse().unwrap()].into(),
    }
}

fn outlet(max_new_per_hour: u32) -> Outlet {
    DryRun::new(Config { territory: territory(), max_new_per_hour }).into()
}

fn reconcile(outlet: &mut Outlet, plan: &Plan, now: Timestamp) -> Receipt {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(outlet.reconcile(plan, now)).unwrap()
}

/// Any address; home, its neighbours and its disguises far more often than chance would have them.
fn address() -> impl Strategy<Value = IpAddr> {
    let near = (0u8..=3, any::<u8>()).prop_map(|(off, host)| Ipv4Addr::new(203, 0, 112 + off, host));
    prop_oneof![
        any::<Ipv4Addr>().prop_map(IpAddr::V4),
        any::<Ipv6Addr>().prop_map(IpAddr::V6),
        near.clone().prop_map(IpAddr::V4),
        near.prop_map(|v4| IpAddr::V6(v4.to_ipv6_mapped())),
        (0x64u16..0x68, 0u16..3, any::<u16>())
            .prop_map(|(net, sub, host)| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, net, sub, 0, 0, 0, host))),
    ]
}

fn measure() -> impl Strategy<Value = Measure> {
    let protocol = prop_oneof![Just(Transport::Tcp), Just(Transport::Udp)];
    (any::<bool>(), protocol, 0u16..100).prop_map(|(out, protocol, port)| match out {
        true => Measure::Out { protocol, port },
        false => Measure::In { protocol, port },
    })
}

/// `ends` counts seconds from the beginning.
fn rule(address: impl Strategy<Value = IpAddr>, ends: std::ops::Range<i64>) -> impl Strategy<Value = Rule> {
    (address, measure(), 1u64..40, ends).prop_map(|(address, measure, case, end)| Rule {
        key: RuleKey { address, measure },
        case: CaseId(case),
        until: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(end),
    })
}

/// A few hosts of home, so that plans of one night speak of the same lines again and again.
fn line() -> impl Strategy<Value = IpAddr> {
    (16u8..24).prop_map(|host| IpAddr::V4(Ipv4Addr::new(203, 0, 113, host)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// 100 plans of 1000 rules: not one address outside home, or on the never-touch list, gets through.
    #[test]
    fn nothing_outside_the_territory_is_ever_touched(rules in prop::collection::vec(rule(address(), -3600..8 * 86_400), 1000)) {
        let plan = Plan::new(rules);
        let receipt = reconcile(&mut outlet(u32::MAX), &plan, Timestamp::UNIX_EPOCH);
        for rule in &receipt.in_force {
            prop_assert!(territory().admit(rule.key.address).is_ok(), "{}", rule.key);
            prop_assert!(!matches!(rule.key.address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()), "{}", rule.key);
            prop_assert!(rule.until > Timestamp::UNIX_EPOCH);
            prop_assert!(rule.until <= Timestamp::UNIX_EPOCH + LONGEST_BLOCK);
        }
        prop_assert_eq!(receipt.in_force.len() + receipt.refused.len(), plan.rules().len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A night of plans, each with the seconds since the one before: what is in force is always the plan less what was
    /// refused, with the plan's ends; never more new blocks in an hour than the cap; and a second run changes nothing.
    #[test]
    fn in_force_is_the_plan_less_what_was_refused(
        night in prop::collection::vec((prop::collection::vec(rule(line(), 1..20_000), 0..12), 0i64..2000), 1..12),
        cap in 0u32..20,
    ) {
        let mut outlet = outlet(cap);
        let mut now = Timestamp::UNIX_EPOCH;
        let mut before: BTreeSet<RuleKey> = BTreeSet::new();
        let mut appeared: BTreeMap<RuleKey, Timestamp> = BTreeMap::new();
        for (rules, passed) in night {
            now += SignedDuration::from_secs(passed);
            let plan = Plan::new(rules);
            let receipt = reconcile(&mut outlet, &plan, now);

            let refused: BTreeSet<RuleKey> = receipt.refused.iter().map(|refused| refused.key).collect();
            let wanted: Vec<InForce> = plan
                .rules()
                .iter()
                .filter(|rule| !refused.contains(&rule.key))
                .map(|rule| InForce { key: rule.key, until: rule.until })
                .collect();
            prop_assert_eq!(&receipt.in_force, &wanted);

            let keys: BTreeSet<RuleKey> = wanted.iter().map(|rule| rule.key).collect();
            appeared.retain(|_, at| now.duration_since(*at) < SignedDuration::from_hours(1));
            for key in keys.difference(&before) {
                appeared.entry(*key).or_insert(now);
            }
            prop_assert!(appeared.len() <= usize::try_from(cap).unwrap(), "{} new in an hour", appeared.len());
            let for_cap = refused.iter().any(|key| plan.rules().iter().any(|rule| rule.key == *key && rule.until > now && port(key) != 0));
            prop_assert_eq!(cap_hit(&receipt), for_cap, "the desk pages exactly when the cap held something back");

            let again = reconcile(&mut outlet, &plan, now);
            prop_assert!(again.added.is_empty() && again.removed.is_empty());
            prop_assert_eq!(again.in_force, receipt.in_force);
            before = keys;
        }
    }
}

fn port(key: &RuleKey) -> u16 {
    match key.measure {
        Measure::In { port, .. } | Measure::Out { port, .. } => port,
        Measure::Garden => 0,
    }
}

/// What an operator sees of a dry run.
#[test]
fn a_dry_run_says_what_it_would_do() {
    let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 66));
    let key = RuleKey { address, measure: Measure::In { protocol: Transport::Tcp, port: 48613 } };
    let hours = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let plan = |until| Plan::new(vec![Rule { key, case: CaseId(17), until }]);
    let mut outlet = outlet(5);
    let mut said = Vec::new();
    for (plan, now) in [(plan(hours(2)), 0), (plan(hours(3)), 1), (plan(hours(3)), 1), (Plan::default(), 1)] {
        reconcile(&mut outlet, &plan, hours(now));
        said.push(outlet.said().join("; "));
    }
    assert_eq!(
        said,
        [
            "would add 203.0.113.66 tcp/48613 in until 1970-01-01T02:00:00Z for ND-17",
            "would move the end of 203.0.113.66 tcp/48613 in until 1970-01-01T03:00:00Z for ND-17",
            "",
            "would remove 203.0.113.66 tcp/48613 in",
        ]
    );
}

/// A generator with a seed: a million pairs are too many to shrink, and the same every time.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64* (Vigna, 2016).
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16) % bound
    }

    /// An address of home: 10.0.0.0/8 or 2001:db8::/32.
    fn address(&mut self, is_ipv4: bool) -> IpAddr {
        if is_ipv4 {
            let host = u32::try_from(self.below(1 << 24)).unwrap();
            return Ipv4Addr::from(0x0a00_0000 | host).into();
        }
        let (high, low) = (u128::from(self.below(1 << 32)), u128::from(self.below(1 << 40)));
        Ipv6Addr::from(0x2001_0db8_u128 << 96 | high << 64 | low).into()
    }
}

/// A million pairs of a never-touch prefix and a rule, most of them one on the edge of the other: no rule that stands lies
/// within the prefix, and no prefix within what a rule stands for.
#[test]
fn of_a_million_pairs_none_overlaps_in_either_direction() {
    let mut seeded = Seeded(0x6e64);
    let (mut admitted, mut refused) = (0, 0);
    for _ in 0..1000 {
        let is_ipv4 = seeded.below(2) == 0;
        let widest = if is_ipv4 { 32 } else { 128 };
        let length = u8::try_from(9 + seeded.below(widest - 8)).unwrap().max(if is_ipv4 { 9 } else { 33 });
        let never = ipnet::IpNet::new(seeded.address(is_ipv4), length).unwrap().trunc();
        let home = Home::new(["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()]).unwrap();
        let territory = Territory { home, never_touch: vec![never].into() };
        let mut outlet = DryRun::new(Config { territory, max_new_per_hour: u32::MAX }).into();
        let rules = (0..1000).map(|_| {
            let near = seeded.below(4) == 0;
            let address = if near { on_the_edge(&never, seeded.below(4)) } else { seeded.address(is_ipv4) };
            let port = u16::try_from(1 + seeded.below(65_535)).unwrap();
            let key = RuleKey { address, measure: Measure::In { protocol: Transport::Tcp, port } };
            Rule { key, case: CaseId(1), until: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1) }
        });
        let plan = Plan::new(rules.collect());
        let receipt = reconcile(&mut outlet, &plan, Timestamp::UNIX_EPOCH);
        for rule in &receipt.in_force {
            let host = ipnet::IpNet::from(rule.key.address);
            assert!(!never.contains(&host) && !host.contains(&never), "{} and {never}", rule.key);
        }
        admitted += receipt.in_force.len();
        refused += receipt.refused.len();
    }
    assert!(admitted > 500_000 && refused > 50_000, "{admitted} admitted and {refused} refused test nothing");
    assert!(admitted + refused > 999_000, "rules were lost on the way");
}

/// The first and last address of a prefix, and the one before and after it.
fn on_the_edge(net: &ipnet::IpNet, which: u64) -> IpAddr {
    let step = |address: IpAddr, up: bool| match address {
        IpAddr::V4(v4) => {
            let number = u32::from(v4);
            IpAddr::from(Ipv4Addr::from(if up { number.saturating_add(1) } else { number.saturating_sub(1) }))
        }
        IpAddr::V6(v6) => {
            let number = u128::from(v6);
            IpAddr::from(Ipv6Addr::from(if up { number.saturating_add(1) } else { number.saturating_sub(1) }))
        }
    };
    match which {
        0 => net.network(),
        1 => net.broadcast(),
        2 => step(net.network(), false),
        _ => step(net.broadcast(), true),
    }
}
