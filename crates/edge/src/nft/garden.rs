//! Leading contained lines into the walled garden, with the same table.
//!
//! Web pages a line asks for over plain HTTP come from the garden instead: that is what opens the little window by which
//! systems tell that they are not let through (RFC 8952). HTTPS is never touched, for nobody could answer it rightly. Names
//! are answered as ever, what the operator lists stays reached, and the rest is refused at once, so that no program hangs,
//! or let by, as the garden is configured.

use std::net::SocketAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::script::TABLE;

/// What becomes of a line's other traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GardenRest {
    /// Everything else is refused, and nobody reaches the line.
    #[default]
    Reject,
    /// Everything else passes: web pages over plain HTTP alone lead into the garden.
    Pass,
}

/// The walled garden, as a packet filter leads there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NftGarden {
    /// Where it listens, as the lines reach it; at most one address of each family. Empty: no line is led anywhere.
    pub lead_to: Vec<SocketAddr>,
    /// What a line in the garden still reaches: the customer pages, updates, emergency calls.
    pub allowed: Vec<IpNet>,
    /// What becomes of everything else.
    pub rest: GardenRest,
}

/// The sets of lines in the garden, each with its family's word and the type of its elements.
pub(crate) const SETS: [(&str, &str, &str); 2] =
    [("nd_garden4", "ip", "ipv4_addr"), ("nd_garden6", "ip6", "ipv6_addr")];

/// A rule: its chain, its text, its mark.
type Statement = (&'static str, String, String);

impl NftGarden {
    /// Whether any line is led anywhere.
    #[must_use]
    pub fn leads(&self) -> bool {
        !self.lead_to.is_empty()
    }

    /// The chains it takes beside `nd_lines`.
    pub(crate) fn chains(&self) -> String {
        if !self.leads() {
            return String::new();
        }
        format!(
            "add chain inet {TABLE} nd_wall\n\
             add chain inet {TABLE} nd_lead {{ type nat hook prerouting priority dstnat - 10; policy accept; }}\n"
        )
    }

    /// All its rules. `probes` lets packets to where our own probes come from go there: a proxy on the line brings our
    /// canary to a web port of ours, and a garden in its way would hide the proxy from us.
    pub(crate) fn rules(&self, probes: Vec<Statement>) -> Vec<Statement> {
        if !self.leads() {
            return Vec::new();
        }
        let mut rules = probes;
        for (set, family, _) in SETS {
            let allowed = self.allowed_of(family);
            if !allowed.is_empty() {
                let text = format!("{family} saddr @{set} {family} daddr {{ {allowed} }} return");
                rules.push(("nd_lead", text, mark("asks for what the garden lets by", family)));
            }
        }
        rules.extend(self.lead_to.iter().map(lead));
        if self.rest == GardenRest::Reject {
            rules.extend(self.wall());
        }
        rules
    }

    /// Out of the line: what is let by, then nothing. Into it: nothing that it has not asked for.
    fn wall(&self) -> Vec<Statement> {
        let mut rules = Vec::new();
        for (set, family, _) in SETS {
            let out = format!("{family} saddr @{set} jump nd_wall");
            rules.push(("nd_lines", out, mark("out of a line in the garden", family)));
            let into = format!("{family} daddr @{set} ct state new counter drop");
            rules.push(("nd_lines", into, mark("to a line in the garden", family)));
            let allowed = self.allowed_of(family);
            if !allowed.is_empty() {
                let text = format!("{family} daddr {{ {allowed} }} return");
                rules.push(("nd_wall", text, mark("what the garden lets by", family)));
            }
        }
        for to in &self.lead_to {
            let text = format!("{} daddr {} tcp dport {} return", family(to), to.ip(), to.port());
            rules.push(("nd_wall", text, mark("the garden itself", family(to))));
        }
        let names = "meta l4proto { tcp, udp } th dport 53 return".to_owned();
        rules.push(("nd_wall", names, "nd: names are answered".to_owned()));
        // A program that is refused at once asks the user, or tries plain HTTP; one that waits looks broken.
        let reset = "meta l4proto tcp counter reject with tcp reset".to_owned();
        rules.push(("nd_wall", reset, "nd: no other connection".to_owned()));
        let prohibited = "counter reject with icmpx admin-prohibited".to_owned();
        rules.push(("nd_wall", prohibited, "nd: nothing else".to_owned()));
        rules
    }

    fn allowed_of(&self, family: &str) -> String {
        let nets = self.allowed.iter().copied().filter(|net| net.addr().is_ipv4() == (family == "ip"));
        let nets: Vec<IpNet> = nets.collect();
        IpNet::aggregate(&nets).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn lead(to: &SocketAddr) -> Statement {
    let family = family(to);
    let set = if to.is_ipv4() { "nd_garden4" } else { "nd_garden6" };
    let text = format!("{family} saddr @{set} tcp dport 80 counter dnat {family} to {to}");
    ("nd_lead", text, mark("web pages come from the garden", family))
}

fn family(to: &SocketAddr) -> &'static str {
    if to.is_ipv4() { "ip" } else { "ip6" }
}

fn mark(what: &str, family: &str) -> String {
    if family == "ip" { format!("nd: {what}") } else { format!("nd: {what}, IPv6") }
}
