//! What we write: the table, and the text of one transaction.
//!
//! **What a rule drops.** `In tcp/48613` of a line drops every packet to that address and port, and every packet from
//! that address and port. Nothing looks at connection state, so a connection through the proxy that was open before the
//! block stops as well, and its far end is not left hanging on half of it. The price: one connection of the line's
//! own that happens to use the very same number as its source port is dropped too. `Out tcp/25` drops every packet from the line to port 25 of anybody; the line's
//! mail through a submission port goes on.
//!
//! The chain sits at priority `filter - 10`, so a local rule that accepts cannot go before it, and it never accepts by
//! itself what another table would drop. Flows handed to a flowtable bypass the forward hook and with it these rules:
//! a router with flow offload must keep the home prefixes out of it.

use std::net::IpAddr;

use case::{Measure, Rule, RuleKey, Transport};
use jiff::{SignedDuration, Timestamp};

use super::Guards;
use super::garden::{self, NftGarden};
use super::listing::Listing;
use crate::diff::Change;

/// Our table; nothing else is ever touched.
pub(crate) const TABLE: &str = "nightdesk";

/// The sets of what is dropped; every name begins with `nd_` because short names run into `nft` keywords (`fwd`).
pub(crate) const SETS: [&str; 4] = ["nd_in4", "nd_out4", "nd_in6", "nd_out6"];

/// What a set holds at most, as told to the kernel: far above what any cap lets in, and a bound all the same.
const SIZE: u32 = 262_144;

/// Elements named in one statement: longer ones are no quicker, and a fault in one is harder to find.
const AT_ONCE: usize = 1000;

/// Less than this is not worth writing, and a timeout of nothing would mean for ever.
const SHORTEST: SignedDuration = SignedDuration::from_millis(20);

/// The rules of `nd_lines`: which address and port are looked up in which set, and the mark we know each rule by.
const DROPS: [(&str, &str, &str, &str); 6] = [
    ("ip daddr", "th dport", "nd_in4", "nd: to a proved port"),
    ("ip saddr", "th sport", "nd_in4", "nd: answers from a proved port"),
    ("ip saddr", "th dport", "nd_out4", "nd: out of a contained line"),
    ("ip6 daddr", "th dport", "nd_in6", "nd: to a proved port, IPv6"),
    ("ip6 saddr", "th sport", "nd_in6", "nd: answers from a proved port, IPv6"),
    ("ip6 saddr", "th dport", "nd_out6", "nd: out of a contained line, IPv6"),
];

const FORWARD: &[&str] = &["forward"];
const FORWARD_AND_LOCAL: &[&str] = &["forward", "input", "output"];

fn hooks(guards: Guards) -> &'static [&'static str] {
    match guards {
        Guards::Forwarded => FORWARD,
        Guards::ForwardedAndLocal => FORWARD_AND_LOCAL,
    }
}

/// What the table is made for: which traffic passes it, and who passes freely.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// Which traffic passes our rules.
    pub(crate) guards: Guards,
    /// Where our own probes come from. They reach a contained line as ever: a block that hid the proxy from us would
    /// keep us from ever seeing it gone.
    pub(crate) probers: Vec<IpAddr>,
    /// Where lines in the walled garden are led.
    pub(crate) garden: NftGarden,
}

impl Shape {
    /// The rules that let our own probes and their answers by, each with its mark.
    fn passes(&self) -> Vec<(String, String)> {
        let pass = |address: &IpAddr| {
            let family = if address.is_ipv4() { "ip" } else { "ip6" };
            [("saddr", "from"), ("daddr", "to")].map(|(field, way)| {
                (format!("{family} {field} {address}"), format!("nd: {way} our probe {address}"))
            })
        };
        self.probers.iter().flat_map(pass).collect()
    }

    /// The rules of the garden.
    fn garden(&self) -> Vec<(&'static str, String, String)> {
        let pass = |address: &IpAddr| {
            let family = if address.is_ipv4() { "ip" } else { "ip6" };
            let mark = format!("nd: past the garden to our probe {address}");
            ("nd_lead", format!("{family} daddr {address} return"), mark)
        };
        self.garden.rules(self.probers.iter().map(pass).collect())
    }
}

/// The statements that put a fresh, empty table in place of whatever is there.
pub(crate) fn table(shape: &Shape) -> String {
    let mut text = format!("add table inet {TABLE}\ndelete table inet {TABLE}\nadd table inet {TABLE}\n");
    for set in SETS {
        let family = if set.ends_with('6') { "ipv6_addr" } else { "ipv4_addr" };
        text += &format!(
            "add set inet {TABLE} {set} {{ type {family} . inet_proto . inet_service; flags timeout; size {SIZE}; }}\n"
        );
    }
    for (set, _, kind) in garden::SETS.into_iter().filter(|_| shape.garden.leads()) {
        text += &format!("add set inet {TABLE} {set} {{ type {kind}; flags timeout; size {SIZE}; }}\n");
    }
    text += &format!("add chain inet {TABLE} nd_lines\n");
    text += &shape.garden.chains();
    for (packets, mark) in shape.passes() {
        text += &format!("add rule inet {TABLE} nd_lines {packets} return comment \"{mark}\"\n");
    }
    for (address, port, set, mark) in DROPS {
        text += &format!(
            "add rule inet {TABLE} nd_lines {address} . meta l4proto . {port} @{set} counter drop comment \"{mark}\"\n"
        );
    }
    for (chain, rule, mark) in shape.garden() {
        text += &format!("add rule inet {TABLE} {chain} {rule} comment \"{mark}\"\n");
    }
    for hook in hooks(shape.guards) {
        text += &format!(
            "add chain inet {TABLE} nd_{hook} {{ type filter hook {hook} priority filter - 10; policy accept; }}\n\
             add rule inet {TABLE} nd_{hook} jump nd_lines comment \"nd: {hook}\"\n"
        );
    }
    text
}

/// Whether the listing shows every rule we write, by its mark and in order.
pub(crate) fn is_guarded(shape: &Shape, listing: &Listing) -> bool {
    let passes = shape.passes().into_iter().map(|(_, mark)| mark);
    let drops = DROPS.iter().map(|(_, _, _, mark)| (*mark).to_owned());
    let jumps = hooks(shape.guards).iter().map(|hook| format!("nd: {hook}"));
    let garden = shape.garden().into_iter().map(|(_, _, mark)| mark);
    let mut wanted: Vec<String> = passes.chain(drops).chain(garden).chain(jumps).collect();
    let mut found = listing.marks.clone();
    wanted.sort();
    found.sort();
    wanted == found
}

/// The statements for a change of a table that is as we wrote it.
pub(crate) fn update(change: &Change, now: Timestamp, since: &dyn Fn(&RuleKey) -> Timestamp) -> String {
    let moved = change.move_end.iter().map(|rule| rule.key);
    let gone: Vec<RuleKey> = change.remove.iter().copied().chain(moved).collect();
    let fresh: Vec<Rule> = change.move_end.iter().chain(&change.add).copied().collect();
    removals(&gone) + &additions(&fresh, now, since)
}

/// Takes elements away. Each is added first, which changes nothing when it is there: the kernel may have dropped it at
/// its end since we looked, and deleting what is not there would fail the whole transaction. Moving an end is a removal
/// and an addition, because older kernels keep the old timeout when an element is added again.
fn removals(keys: &[RuleKey]) -> String {
    let keys: Vec<(RuleKey, String)> = keys.iter().map(|key| (*key, element(key))).collect();
    statements("add", &keys) + &statements("delete", &keys)
}

/// Adds elements, each with the time it has left, rounded down: never longer than its rule.
pub(crate) fn additions(rules: &[Rule], now: Timestamp, since: &dyn Fn(&RuleKey) -> Timestamp) -> String {
    let timed = |rule: &Rule| {
        let left = rule.until.duration_since(now);
        let text = format!(
            "{} timeout {}s{}ms comment \"{} since {}\"",
            element(&rule.key),
            left.as_secs(),
            left.subsec_millis(),
            rule.case,
            since(&rule.key).as_second()
        );
        (left >= SHORTEST).then_some((rule.key, text))
    };
    statements("add", &rules.iter().filter_map(timed).collect::<Vec<_>>())
}

fn statements(verb: &str, elements: &[(RuleKey, String)]) -> String {
    let mut text = String::new();
    for set in SETS.into_iter().chain(garden::SETS.map(|(set, _, _)| set)) {
        let of_set: Vec<&str> = elements
            .iter()
            .filter(|(key, _)| set_of(key) == set)
            .map(|(_, element)| element.as_str())
            .collect();
        for some in of_set.chunks(AT_ONCE) {
            text += &format!("{verb} element inet {TABLE} {set} {{ {} }}\n", some.join(", "));
        }
    }
    text
}

/// Which set a rule belongs to.
pub(crate) fn set_of(key: &RuleKey) -> &'static str {
    match (key.measure, key.address.is_ipv4()) {
        (Measure::In { .. }, true) => "nd_in4",
        (Measure::Out { .. }, true) => "nd_out4",
        (Measure::In { .. }, false) => "nd_in6",
        (Measure::Out { .. }, false) => "nd_out6",
        (Measure::Garden, true) => "nd_garden4",
        (Measure::Garden, false) => "nd_garden6",
    }
}

/// A rule as `nft` writes an element. Typed values only: nothing foreign can get into the text.
fn element(key: &RuleKey) -> String {
    let (protocol, port) = match key.measure {
        Measure::In { protocol, port } | Measure::Out { protocol, port } => (protocol, port),
        Measure::Garden => return key.address.to_string(),
    };
    let protocol = match protocol {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    format!("{} . {protocol} . {port}", key.address)
}

#[cfg(test)]
mod tests;
