//! For `nft -f`: one table of ours, replaced as a whole or not at all.
//!
//! The order within each chain is that of RFC 6092: what belongs to something known, what must always pass, what is
//! opened, and nothing else. Names begin with `nd_`: `fwd`, `in` and others are words of the language.

use case::Transport;

use crate::Line;

/// What IPv6 cannot do without (RFC 4890 section 4.3): errors, neighbours, routers, listeners.
const ICMP6_TO_ROUTER: &str = "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, \
    echo-request, nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, \
    mld-listener-query, mld-listener-report, mld2-listener-report";

pub(crate) fn text(line: &Line, version: &str) -> String {
    let forwards = forwarded(line).join("\n    ");
    let prerouting = redirected(line);
    let mail = match line.mail_out {
        true => "",
        false => {
            "\n    iifname $inside oifname $outside tcp dport 25 counter reject with tcp reset comment \"nd-mail-out\""
        }
    };
    format!(
        r#"#!/usr/sbin/nft -f
# The firewall of {name}: profile {profile}, version {version}.
# Set the two names to those of this router's interfaces.
define outside = "wan"
define inside = "br-lan"

table inet nd_firewall
delete table inet nd_firewall
table inet nd_firewall {{
  chain nd_input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iifname "lo" accept
    iifname $inside accept
    ip protocol icmp icmp type {{ echo-request, destination-unreachable, time-exceeded, parameter-problem }} limit rate 20/second accept
    icmpv6 type {{ {ICMP6_TO_ROUTER} }} limit rate 100/second accept
    udp sport 67 udp dport 68 accept comment "nd-dhcp"
    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "nd-dhcpv6"
  }}
  chain nd_forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop{mail}
    iifname $inside oifname $outside accept
    iifname $inside oifname $inside accept
    {forwards}
  }}
{prerouting}  chain nd_postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto ipv4 oifname $outside masquerade
  }}
}}
"#,
        name = line.name(),
        profile = line.profile.name,
    )
}

/// What is let through from outside.
fn forwarded(line: &Line) -> Vec<String> {
    let mut rules = vec![
        // RFC 6092 section 3.1: addresses that cannot be meant, and the deprecated routing header (RFC 5095).
        "iifname $outside rt type 0 drop comment \"nd-routing-header\"".to_owned(),
        "iifname $outside ip6 saddr { fc00::/7, ff00::/8, ::1 } drop comment \"nd-bogon\"".to_owned(),
        // Section 3.2.1 and RFC 4890 section 4.3.1: errors of our own connections are related; echo is harmless.
        "iifname $outside icmpv6 type echo-request limit rate 50/second accept".to_owned(),
        // Section 3.2.4: IPsec and IKE are not prohibited in the default mode.
        "iifname $outside meta nfproto ipv6 meta l4proto { ah, esp } accept comment \"nd-ipsec\"".to_owned(),
        "iifname $outside meta nfproto ipv6 udp dport 500 accept comment \"nd-ike\"".to_owned(),
        // What the router itself or a program's pinhole has redirected.
        "iifname $outside ct status dnat accept comment \"nd-redirected\"".to_owned(),
    ];
    let to = line
        .interface_id()
        .map(|id| format!("ip6 daddr & ::ffff:ffff:ffff:ffff == {id} "))
        .unwrap_or_default();
    rules.extend(line.profile.open.iter().map(|one| {
        format!(
            "iifname $outside meta nfproto ipv6 {to}{} dport {} accept comment \"nd-{}\"",
            one.protocol, one.ports, one.name
        )
    }));
    rules
}

/// What comes in over IPv4 goes to the server.
fn redirected(line: &Line) -> String {
    let Some(server) = line.server.ipv4.filter(|_| !line.profile.open.is_empty()) else {
        return String::new();
    };
    let rule = |one: &crate::Opening| {
        let protocol = match one.protocol {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        format!(
            "    iifname $outside meta nfproto ipv4 {protocol} dport {} dnat ip to {server} comment \"nd-{}\"\n",
            one.ports, one.name
        )
    };
    let rules: String = line.profile.open.iter().map(rule).collect();
    format!(
        "  chain nd_prerouting {{\n    type nat hook prerouting priority dstnat; policy accept;\n{rules}  }}\n"
    )
}
