//! Who may send mail to the world: tcp/25 out is closed on dynamic lines, as M3AAWG recommends ("Managing Port 25 for
//! Residential or Dynamic IP Space"), except to our own relays and for those who asked and were let.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Profile;

/// What was decided of a customer's wish to send mail directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExemptionState {
    /// Nobody has decided.
    Asked,
    /// It is let, until the exemption's end.
    Granted,
    /// It is not.
    Refused,
}

/// A customer's wish to send mail directly, and what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// When it was asked, or given unasked.
    pub asked: Timestamp,
    /// The customer's words, foreign text.
    pub reason: String,
    /// What was decided.
    pub state: ExemptionState,
    /// By whom.
    pub by: Option<String>,
    /// When it ends; one that is granted always has an end.
    pub until: Option<Timestamp>,
}

/// How tcp/25 out stands on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPort {
    /// Closed, except to our own relays.
    Closed,
    /// Open by the line's profile.
    OpenByProfile,
    /// Open for this line until then.
    Exempt(Timestamp),
}

impl MailPort {
    /// How it stands at `now`.
    #[must_use]
    pub fn of(profile: &Profile, exemption: Option<&Exemption>, now: Timestamp) -> MailPort {
        if profile.mail_out {
            return MailPort::OpenByProfile;
        }
        let granted = exemption.filter(|one| one.state == ExemptionState::Granted);
        granted
            .and_then(|one| one.until)
            .filter(|until| *until > now)
            .map_or(MailPort::Closed, MailPort::Exempt)
    }

    /// Whether mail may go out.
    #[must_use]
    pub fn is_open(self) -> bool {
        self != MailPort::Closed
    }
}

/// The rule for the edge, as a file for `nft -f`: one table of ours, replaced as a whole. `dynamic` are the prefixes it
/// holds for, `relays` our own mail relays, `exempt` the addresses of lines whose port is open, which the caller asks of
/// the leases each time.
#[must_use]
pub fn mail_port_rules(dynamic: &[IpNet], relays: &[IpNet], exempt: &[IpAddr]) -> String {
    let exempt: Vec<IpNet> = exempt.iter().copied().map(IpNet::from).collect();
    let sets = [("nd_dynamic", dynamic), ("nd_relays", relays), ("nd_exempt", exempt.as_slice())];
    let sets: String =
        sets.iter().flat_map(|(name, nets)| [set(name, nets, true), set(name, nets, false)]).collect();
    let rule = |family: &str, digit: u8| {
        format!(
            "    {family} saddr @nd_dynamic{digit} {family} saddr != @nd_exempt{digit} {family} daddr != @nd_relays{digit} \
             tcp dport 25 counter reject with tcp reset comment \"nd-mail-port\"\n"
        )
    };
    format!(
        "table inet nd_mail_port\ndelete table inet nd_mail_port\ntable inet nd_mail_port {{\n{sets}  chain nd_egress {{\n    \
         type filter hook forward priority filter - 5; policy accept;\n{}{}  }}\n}}\n",
        rule("ip", 4),
        rule("ip6", 6)
    )
}

/// One set of one family. Equal and contained prefixes are written once: nft refuses a set whose intervals overlap.
fn set(name: &str, nets: &[IpNet], ipv4: bool) -> String {
    let of_family: Vec<IpNet> = nets.iter().copied().filter(|net| net.addr().is_ipv4() == ipv4).collect();
    let merged: BTreeSet<String> = IpNet::aggregate(&of_family).iter().map(ToString::to_string).collect();
    let (digit, kind) = if ipv4 { (4, "ipv4_addr") } else { (6, "ipv6_addr") };
    let elements = match merged.is_empty() {
        true => String::new(),
        false => format!(" elements = {{ {} }};", merged.into_iter().collect::<Vec<_>>().join(", ")),
    };
    format!("  set {name}{digit} {{ type {kind}; flags interval;{elements} }}\n")
}
