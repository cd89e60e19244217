//! For MikroTik RouterOS 7: a script for `/import`. One command a line, every rule with a comment that begins with
//! `nd-`, by which an earlier version's rules are found and removed first.

use crate::{Line, Opening};

/// The menus in which our rules stand.
const MENUS: [&str; 3] = ["/ip firewall filter", "/ip firewall nat", "/ipv6 firewall filter"];

pub(crate) fn text(line: &Line, version: &str) -> String {
    let mut out = format!(
        "# The firewall of {}: profile {}, version {version}.\n\
         # Interface lists WAN and LAN must exist, as they do in the default configuration.\n",
        line.name(),
        line.profile.name
    );
    for menu in MENUS {
        out.push_str(&format!("{menu} remove [find comment~\"^nd-\"]\n"));
    }
    let mut add = |menu: &str, rule: &str, name: &str| {
        out.push_str(&format!("{menu} add {rule} comment=\"nd-{name}\"\n"));
    };
    let [filter, nat, filter6] = MENUS;
    for menu in [filter, filter6] {
        for chain in ["input", "forward"] {
            add(
                menu,
                &format!("chain={chain} action=accept connection-state=established,related,untracked"),
                "known",
            );
            add(menu, &format!("chain={chain} action=drop connection-state=invalid"), "invalid");
        }
        if !line.mail_out {
            let closed = "chain=forward action=reject reject-with=tcp-reset protocol=tcp dst-port=25 \
                          in-interface-list=LAN out-interface-list=WAN";
            add(menu, closed, "mail-out");
        }
        add(menu, "chain=input action=accept in-interface-list=LAN", "inside");
        add(menu, "chain=forward action=accept in-interface-list=LAN", "out");
    }
    add(filter, "chain=input action=accept protocol=icmp", "icmp");
    add(
        filter,
        "chain=forward action=accept connection-nat-state=dstnat in-interface-list=WAN",
        "redirected",
    );
    for chain in ["input", "forward"] {
        add(filter6, &format!("chain={chain} action=accept protocol=icmpv6"), "icmp");
    }
    let dhcp = "chain=input action=accept protocol=udp src-address=fe80::/10 dst-port=546";
    add(filter6, dhcp, "dhcpv6");
    // RFC 6092 section 3.2.4.
    add(filter6, "chain=forward action=accept protocol=ipsec-esp", "esp");
    add(filter6, "chain=forward action=accept protocol=ipsec-ah", "ah");
    add(filter6, "chain=forward action=accept protocol=udp dst-port=500", "ike");
    for one in &line.profile.open {
        let Opening { protocol, ports, name } = one;
        if let Some(server) = line.server.ipv4 {
            let redirect = format!(
                "chain=dstnat action=dst-nat protocol={protocol} dst-port={ports} in-interface-list=WAN to-addresses={server}"
            );
            add(nat, &redirect, name);
        }
        let to = line.interface_id().map(|id| format!(" dst-address={id}/::ffff:ffff:ffff:ffff"));
        let to = to.unwrap_or_default();
        let rule = format!(
            "chain=forward action=accept protocol={protocol} dst-port={ports} in-interface-list=WAN{to}"
        );
        add(filter6, &rule, name);
    }
    for menu in [filter, filter6] {
        for chain in ["input", "forward"] {
            add(menu, &format!("chain={chain} action=drop in-interface-list=!LAN"), "rest");
        }
    }
    out
}
