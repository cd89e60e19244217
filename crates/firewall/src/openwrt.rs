//! For OpenWrt: a whole `/etc/config/firewall`, in UCI's own words, as fw4 (22.03 and later) reads it.
//!
//! fw4 passes over a section it does not understand and still ends well, so each section has a name that begins with
//! `nd_`, and whoever installs the file can look for every one of them in the rules that came of it.

use case::Transport;

use crate::{Line, Opening};

/// What must pass for IPv6 to work, and for the line to get its addresses: names, protocol and the rest.
const ALWAYS: &[(&str, &[(&str, &str)])] = &[
    ("dhcp", &[("proto", "udp"), ("dest_port", "68"), ("family", "ipv4")]),
    ("ping", &[("proto", "icmp"), ("icmp_type", "echo-request"), ("family", "ipv4")]),
    ("dhcpv6", &[("proto", "udp"), ("src_ip", "fe80::/10"), ("dest_port", "546"), ("family", "ipv6")]),
    (
        "mld",
        &[
            ("proto", "icmp"),
            ("src_ip", "fe80::/10"),
            ("icmp_types", "130/0 131/0 132/0 143/0"),
            ("family", "ipv6"),
        ],
    ),
    (
        "icmp6_in",
        &[("proto", "icmp"), ("icmp_types", ROUTER_ICMP6), ("limit", "1000/sec"), ("family", "ipv6")],
    ),
];
/// RFC 4890 section 4.4: what the router itself must hear.
const ROUTER_ICMP6: &str = "echo-request echo-reply destination-unreachable packet-too-big time-exceeded bad-header \
    unknown-header-type router-solicitation neighbour-solicitation router-advertisement neighbour-advertisement";
/// RFC 4890 section 4.3: what must pass through.
const THROUGH_ICMP6: &str = "echo-request echo-reply destination-unreachable packet-too-big time-exceeded bad-header \
    unknown-header-type";

pub(crate) fn text(line: &Line, version: &str) -> String {
    let mut out =
        format!("# The firewall of {}: profile {}, version {version}.\n\n", line.name(), line.profile.name);
    section(
        &mut out,
        "defaults",
        "nd_defaults",
        &[
            ("syn_flood", "1"),
            ("input", "DROP"),
            ("output", "ACCEPT"),
            ("forward", "DROP"),
            ("drop_invalid", "1"),
        ],
    );
    let lan = [
        ("name", "lan"),
        ("network", "lan"),
        ("input", "ACCEPT"),
        ("output", "ACCEPT"),
        ("forward", "ACCEPT"),
    ];
    section(&mut out, "zone", "nd_lan", &lan);
    let wan = [
        ("name", "wan"),
        ("network", "wan wan6"),
        ("input", "DROP"),
        ("output", "ACCEPT"),
        ("forward", "DROP"),
        ("masq", "1"),
        ("mtu_fix", "1"),
    ];
    section(&mut out, "zone", "nd_wan", &wan);
    if !line.mail_out {
        let closed = [
            ("name", "nd-mail-out"),
            ("src", "lan"),
            ("dest", "wan"),
            ("proto", "tcp"),
            ("dest_port", "25"),
            ("target", "REJECT"),
        ];
        section(&mut out, "rule", "nd_mail_out", &closed);
    }
    section(&mut out, "forwarding", "nd_out", &[("src", "lan"), ("dest", "wan")]);
    for (name, options) in ALWAYS {
        always(&mut out, name, "", options);
    }
    let through =
        [("proto", "icmp"), ("icmp_types", THROUGH_ICMP6), ("limit", "1000/sec"), ("family", "ipv6")];
    always(&mut out, "icmp6_through", "*", &through);
    // RFC 6092 section 3.2.4.
    always(&mut out, "esp", "lan", &[("proto", "esp"), ("family", "ipv6")]);
    always(&mut out, "ah", "lan", &[("proto", "ah"), ("family", "ipv6")]);
    always(&mut out, "ike", "lan", &[("proto", "udp"), ("dest_port", "500"), ("family", "ipv6")]);
    for one in &line.profile.open {
        opened(&mut out, line, one);
    }
    out
}

/// A rule that lets something in from outside: to the router, or to `dest`.
fn always(out: &mut String, name: &str, dest: &str, options: &[(&str, &str)]) {
    let shown = format!("nd-{}", name.replace('_', "-"));
    let mut all = vec![("name", shown.as_str()), ("src", "wan")];
    if !dest.is_empty() {
        all.push(("dest", dest));
    }
    all.extend_from_slice(options);
    all.push(("target", "ACCEPT"));
    section(out, "rule", &format!("nd_{name}"), &all);
}

fn opened(out: &mut String, line: &Line, one: &Opening) {
    let protocol = match one.protocol {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    let (id, name, ports) = (one.name.replace('-', "_"), format!("nd-{}", one.name), one.ports.to_string());
    if let Some(server) = line.server.ipv4 {
        let server = server.to_string();
        let redirect = [
            ("name", name.as_str()),
            ("src", "wan"),
            ("dest", "lan"),
            ("proto", protocol),
            ("src_dport", &ports),
            ("dest_ip", &server),
            ("family", "ipv4"),
            ("target", "DNAT"),
        ];
        section(out, "redirect", &format!("nd_{id}_{protocol}4"), &redirect);
    }
    let to = line.interface_id().map(|id| format!("{id}/::ffff:ffff:ffff:ffff"));
    let mut rule = vec![("name", name.as_str()), ("src", "wan"), ("dest", "lan"), ("proto", protocol)];
    rule.extend([("dest_port", ports.as_str()), ("family", "ipv6")]);
    rule.extend(to.as_deref().map(|to| ("dest_ip", to)));
    rule.push(("target", "ACCEPT"));
    section(out, "rule", &format!("nd_{id}_{protocol}6"), &rule);
}

/// One section. A value of several words is a list.
fn section(out: &mut String, kind: &str, name: &str, options: &[(&str, &str)]) {
    out.push_str(&format!("config {kind} '{name}'\n"));
    for (key, value) in options {
        let (key, is_list) = match *key {
            "icmp_types" => ("icmp_type", true),
            "network" => ("network", true),
            key => (key, false),
        };
        match is_list {
            true => value.split(' ').for_each(|word| out.push_str(&format!("\tlist {key} '{word}'\n"))),
            false => out.push_str(&format!("\toption {key} '{value}'\n")),
        }
    }
    out.push('\n');
}
