//! The answer: who held it then.
use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::row::canonical;
use crate::{Home, Lease, SubscriberId};

/// How many names a reason lists before it only counts them.
const NAMES_LISTED: usize = 5;

/// A question: who held `address` (and `port`) at `at`, give or take `uncertainty`?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whose {
    /// The address in question.
    pub address: IpAddr,
    /// The port on our side, where the asker knows it; needed where addresses are shared.
    pub port: Option<u16>,
    /// The moment.
    pub at: Timestamp,
    /// How far the two clocks may be apart, either way; never negative.
    pub uncertainty: SignedDuration,
}

/// Who held an address at a moment, with the reason in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Attribution {
    /// Exactly one subscriber, for the whole of the uncertain interval.
    One {
        /// Who.
        subscriber: SubscriberId,
        /// The lease that says so.
        lease: Lease,
        /// How far `at` is from the nearer end of the lease, adjacent leases of one subscriber counting as one; `None`
        /// when it has no end on either side in reach.
        boundary: Option<SignedDuration>,
        /// Why, in words.
        reason: String,
    },
    /// More than one could have been it, or one and nobody: a person must look.
    Several {
        /// Every subscriber who could have been it, without repeats, in order.
        candidates: Vec<SubscriberId>,
        /// Why, in words.
        reason: String,
    },
    /// The address is ours, and no lease covers the moment.
    Nobody {
        /// Why, in words: never leased, or between two leases, and which.
        reason: String,
    },
    /// The address is not ours.
    Foreign,
}

/// The time in question, both ends included.
#[derive(Clone, Copy)]
struct Window {
    first: Timestamp,
    last: Timestamp,
}

/// A lease with the end that all leases together give it.
#[derive(Clone, Copy)]
struct Held<'a> {
    lease: &'a Lease,
    to: Option<Timestamp>,
}

/// A stretch of time held without a gap: from, inclusive, to, exclusive.
#[derive(Clone, Copy)]
struct Stretch {
    from: Timestamp,
    to: Option<Timestamp>,
}

/// Judges `leases` (any that may touch the address; others are ignored, order does not matter) for `whose`.
#[must_use]
pub fn attribute(home: &Home, leases: &[Lease], whose: &Whose) -> Attribution {
    if home.contains(whose.address) { held_by(leases, whose) } else { Attribution::Foreign }
}

/// The same for an address that is ours without being in the home prefixes, such as one behind our own translator.
pub(crate) fn held_by(leases: &[Lease], whose: &Whose) -> Attribution {
    let window = Window::around(whose.at, whose.uncertainty);
    let address = whose.address.to_canonical();
    let all = on_address(leases, address);
    let on_port = |held: &Held<'_>| match (held.lease.ports, whose.port) {
        (Some(block), Some(port)) => block.contains(port),
        (None, _) | (_, None) => true,
    };
    let on_port: Vec<Held<'_>> = all.iter().copied().filter(on_port).collect();
    let then: Vec<Held<'_>> = on_port.iter().copied().filter(|held| window.meets(*held)).collect();
    let holders: BTreeSet<&SubscriberId> = then.iter().map(|held| &held.lease.subscriber).collect();
    let Some(holder) = holders.first().copied() else {
        return Attribution::Nobody { reason: nobody(&all, &on_port, whose) };
    };
    let several = |reason| {
        let candidates = holders.iter().map(|name| (*name).clone()).collect();
        Attribution::Several { candidates, reason }
    };
    if whose.port.is_none() && then.iter().any(|held| held.lease.ports.is_some()) {
        let names = list(&holders);
        return several(format!(
            "{address} is shared by ports, and no port on our side is known: it could have been {names}"
        ));
    }
    if holders.len() > 1 {
        return several(changed_hands(&then, whose, &holders));
    }
    let own: Vec<Held<'_>> =
        on_port.iter().copied().filter(|held| held.lease.subscriber == *holder).collect();
    match stretch(&own, whose.at) {
        Some((lease, stretch)) if stretch.covers(window) => {
            let boundary = stretch.boundary(whose.at);
            let reason = one(lease, stretch, boundary, whose);
            Attribution::One { subscriber: holder.clone(), lease: lease.clone(), boundary, reason }
        }
        _ => several(partly(holder, &then, whose)),
    }
}

/// The leases of `address`, each with its end; those that last no time are none.
fn on_address(leases: &[Lease], address: IpAddr) -> Vec<Held<'_>> {
    let leases: Vec<&Lease> = leases.iter().filter(|lease| canonical(lease.net).contains(&address)).collect();
    let held = leases.iter().map(|lease| Held { lease, to: end(lease, &leases) });
    held.filter(|held| held.to.is_none_or(|to| to > held.lease.from)).collect()
}

/// When a lease ended. An accounting session whose Stop is not known in one file may have it in the next, or be ended
/// by the next session on the same address: its server gives one address to one client at a time. A DHCP lease that
/// another client has before its time is up was given up before.
fn end(lease: &Lease, all: &[&Lease]) -> Option<Timestamp> {
    let source = lease.source;
    if !source.one_at_a_time() || (lease.to.is_some() && !source.foretells_ends()) {
        return lease.to;
    }
    let others = all
        .iter()
        .filter(|other| other.source == source && other.net == lease.net && other.ports == lease.ports);
    let ends = others.filter_map(|other| {
        if source.foretells_ends() {
            return (other.subscriber != lease.subscriber).then_some(other.from);
        }
        match other.record == lease.record {
            true => other.to,
            false => Some(other.from),
        }
    });
    ends.chain(lease.to).filter(|end| *end > lease.from).min()
}

impl Window {
    fn around(at: Timestamp, uncertainty: SignedDuration) -> Window {
        let by = uncertainty.max(SignedDuration::ZERO);
        Window {
            first: at.checked_sub(by).unwrap_or(Timestamp::MIN),
            last: at.checked_add(by).unwrap_or(Timestamp::MAX),
        }
    }

    fn meets(self, held: Held<'_>) -> bool {
        held.lease.from <= self.last && held.to.is_none_or(|to| to > self.first)
    }
}

impl Stretch {
    fn holds(self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| to > at)
    }

    fn covers(self, window: Window) -> bool {
        self.holds(window.first) && self.holds(window.last)
    }

    fn boundary(self, at: Timestamp) -> Option<SignedDuration> {
        let since = (self.from > Timestamp::MIN).then(|| at.duration_since(self.from));
        let left = self.to.map(|to| to.duration_since(at));
        since.into_iter().chain(left).min()
    }
}

/// The gapless stretch of one subscriber's leases around `at`, with the lease that covers `at` itself.
fn stretch<'a>(own: &[Held<'a>], at: Timestamp) -> Option<(&'a Lease, Stretch)> {
    let mut sorted = own.to_vec();
    sorted.sort_by(|a, b| (a.lease.from, a.to, &a.lease.record).cmp(&(b.lease.from, b.to, &b.lease.record)));
    let around = |held: &&Held<'_>| Stretch { from: held.lease.from, to: held.to }.holds(at);
    let lease = sorted.iter().rev().find(around)?.lease;
    let mut stretches: Vec<Stretch> = Vec::new();
    for next in sorted {
        match stretches.last_mut() {
            Some(last) if last.to.is_none_or(|to| next.lease.from <= to) => {
                last.to = last.to.zip(next.to).map(|(a, b)| a.max(b));
            }
            _ => stretches.push(Stretch { from: next.lease.from, to: next.to }),
        }
    }
    stretches.into_iter().find(|stretch| stretch.holds(at)).map(|stretch| (lease, stretch))
}

fn one(lease: &Lease, stretch: Stretch, boundary: Option<SignedDuration>, whose: &Whose) -> String {
    let until = stretch.to.map_or_else(|| "with no end seen".to_owned(), |to| format!("until {to}"));
    let share =
        lease.ports.map_or_else(String::new, |ports| format!(" ports {}-{}", ports.first, ports.last));
    let margin = boundary.map_or_else(String::new, |far| {
        // Days away, the minutes tell nobody anything.
        let far =
            if far.as_hours() >= 48 { format!("{} days", far.as_hours() / 24) } else { format!("{far:#}") };
        format!(
            "; {} is {far} from the nearer end, and the clocks may differ by {:#}",
            whose.at, whose.uncertainty
        )
    });
    let whole = lease.net.prefix_len() == lease.net.max_prefix_len();
    let within = if whole { String::new() } else { format!(" (in {})", lease.net) };
    let (who, address, record) = (&lease.subscriber, whose.address.to_canonical(), &lease.record);
    format!("{who} held {address}{within}{share} from {} {until} ({record}){margin}", stretch.from)
}

/// Why more than one subscriber is in question.
fn changed_hands(then: &[Held<'_>], whose: &Whose, holders: &BTreeSet<&SubscriberId>) -> String {
    let Window { first, last } = Window::around(whose.at, whose.uncertainty);
    let inside = |moment: &Timestamp| *moment > first && *moment <= last;
    let ends = then.iter().flat_map(|held| held.to.into_iter().chain([held.lease.from])).filter(inside);
    let names = list(holders);
    match ends.min_by_key(|end| end.duration_since(whose.at).abs()) {
        Some(end) => format!(
            "{} changed hands at {end}, and {} give or take {:#} lies across that: it could have been {names}",
            whose.address.to_canonical(),
            whose.at,
            whose.uncertainty,
        ),
        None => format!("the leases say that more than one held it at once: {names}"),
    }
}

/// Why one subscriber, and nobody, are in question.
fn partly(subscriber: &SubscriberId, then: &[Held<'_>], whose: &Whose) -> String {
    let when = |held: &Held<'_>| {
        let until = held.to.map_or_else(String::new, |to| format!(" until {to}"));
        format!("from {}{until} ({})", held.lease.from, held.lease.record)
    };
    let spans: Vec<String> = then.iter().take(NAMES_LISTED).map(when).collect();
    let (spans, at) = (spans.join(" and "), whose.at);
    format!(
        "{subscriber} held it {spans}, which does not cover all of {at} give or take {:#}: it could have been \
         {subscriber} or nobody",
        whose.uncertainty
    )
}

/// Why no lease covers any of the time in question.
fn nobody(all: &[Held<'_>], on_port: &[Held<'_>], whose: &Whose) -> String {
    let address = whose.address.to_canonical();
    let ended = on_port.iter().filter_map(|held| held.to.map(|to| (to, held.lease)));
    let before = ended.filter(|(to, _)| *to <= whose.at);
    let before = before.max_by(|a, b| (a.0, &a.1.subscriber).cmp(&(b.0, &b.1.subscriber)));
    let after = on_port.iter().map(|held| held.lease).filter(|lease| lease.from > whose.at);
    let after = after.min_by(|a, b| (a.from, &a.subscriber).cmp(&(b.from, &b.subscriber)));
    match (before, after, whose.port) {
        (None, None, Some(port)) if !all.is_empty() => {
            format!("{address} is shared by ports, and no lease covers port {port} of it")
        }
        (None, None, _) => format!("{address} was never leased, as far as the leases that were imported go"),
        (Some((to, earlier)), Some(later), _) => format!(
            "{address} was between leases: {} until {to} ({}), {} from {} ({})",
            earlier.subscriber, earlier.record, later.subscriber, later.from, later.record
        ),
        (Some((to, earlier)), None, _) => format!(
            "{address} was free: {} held it until {to} ({}), and no later lease is known",
            earlier.subscriber, earlier.record
        ),
        (None, Some(later), _) => format!(
            "{address} was not leased yet: the first known is {} from {} ({})",
            later.subscriber, later.from, later.record
        ),
    }
}

fn list(names: &BTreeSet<&SubscriberId>) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_LISTED).map(|name| name.as_str()).collect();
    match names.len().saturating_sub(NAMES_LISTED) {
        0 => shown.join(", "),
        hidden => format!("{} and {hidden} more", shown.join(", ")),
    }
}
