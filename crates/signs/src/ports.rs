//! What ports are known for.

use std::sync::LazyLock;

use flow::protocol;

/// A port of a trojan or proxy that scanners look for (`data/ports.tsv`, with a source for each row).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoughtPort {
    /// The port.
    pub port: u16,
    /// IP protocol number.
    pub protocol: u8,
    /// Whether it is a proxy's usual port and not a trojan's.
    pub proxy: bool,
    /// Whose.
    pub name: &'static str,
}

static SOUGHT: LazyLock<Vec<SoughtPort>> = LazyLock::new(|| {
    let rows = include_str!("../data/ports.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut ports: Vec<SoughtPort> = rows.filter_map(row).collect();
    ports.sort_by_key(|row| (row.port, row.protocol));
    ports
});

fn row(line: &'static str) -> Option<SoughtPort> {
    let mut columns = line.split('\t');
    let port = columns.next()?.parse().ok()?;
    let protocol = if columns.next()? == "udp" { protocol::UDP } else { protocol::TCP };
    let proxy = columns.next()? == "proxy";
    Some(SoughtPort { port, protocol, proxy, name: columns.next()? })
}

/// What trojan or proxy a port is looked for, if any.
#[must_use]
pub fn sought(port: u16, protocol: u8) -> Option<SoughtPort> {
    let at = SOUGHT.binary_search_by_key(&(port, protocol), |row| (row.port, row.protocol)).ok()?;
    SOUGHT.get(at).copied()
}

/// Mail: SMTP, submission, and submission over TLS (RFC 5321, RFC 6409, RFC 8314).
pub(crate) fn is_mail(port: u16) -> bool {
    matches!(port, 25 | 465 | 587 | 2525)
}

/// What a host does for itself whatever else it does: names, time, addresses, routing (IANA service names).
pub(crate) fn is_infrastructure(port: u16) -> bool {
    matches!(port, 53 | 67 | 68 | 123 | 179 | 546 | 547 | 853)
}

/// Ports at which a listener on a subscriber's line surprises nobody (IANA service names): shells, mail, names, web,
/// remote desktops. Who finds a proxy at one of these finds it by its relaying.
pub(crate) fn is_usual_service(port: u16) -> bool {
    matches!(
        port,
        20..=23
            | 25
            | 53
            | 80
            | 110
            | 113
            | 119
            | 143
            | 179
            | 389
            | 443
            | 445
            | 465
            | 563
            | 587
            | 636
            | 853
            | 873
            | 989
            | 990
            | 993
            | 995
            | 1194
            | 1701
            | 1723
            | 2049
            | 3306
            | 3389
            | 4500
            | 5060
            | 5061
            | 5222
            | 5269
            | 5432
            | 5900
            | 6379
            | 7547
            | 8443
            | 9100
            | 51820
    )
}

/// Ports that programs of good name call: the web and its alternatives, mail and its boxes, news, files, names, talk, push
/// (Apple 5223, Google 5228 to 5230, MQTT over TLS 8883), calls (STUN and TURN), remote screens. A controller may sit behind
/// any of them; behind others, little else does.
pub(crate) fn is_usual_target(port: u16) -> bool {
    is_web(port)
        || is_mail(port)
        || is_infrastructure(port)
        || matches!(
            port,
            20..=23 | 37 | 43 | 110 | 119 | 143 | 389 | 554 | 563 | 636 | 873 | 989 | 990 | 993 | 995 | 1935 | 3389 | 3478 | 3479
                | 4460 | 5222 | 5223 | 5228..=5230 | 5349 | 6667 | 6697 | 8009 | 8883 | 9418 | 19302
        )
}

/// Where programs for controlling other people's machines listen for them unless told otherwise: njRAT (MITRE ATT&CK, S0385),
/// AsyncRAT (the defaults in its public source).
pub(crate) fn is_controller(port: u16) -> bool {
    matches!(port, 1177 | 6606 | 7707 | 8808)
}

/// Where servers of private networks listen: OpenVPN, L2TP, IPsec and its NAT traversal, WireGuard (IANA service names; the
/// last from its quick start).
pub(crate) fn is_private_network(port: u16) -> bool {
    matches!(port, 500 | 1194 | 1701 | 4500 | 51820)
}

/// Where callers' own ports begin: Linux's `ip_local_port_range`, the lowest in common use (RFC 6335 has them from 49152).
pub(crate) const CALLERS: u16 = 32_768;

/// The web, and proxies to it.
pub(crate) fn is_web(port: u16) -> bool {
    matches!(
        port,
        80 | 81 | 443 | 591 | 1080 | 3128 | 4433 | 8000 | 8008 | 8080 | 8081 | 8088 | 8118 | 8443 | 8888
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = include_str!("../data/ports.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(SOUGHT.len(), rows);
        assert_eq!(sought(27374, protocol::TCP).map(|port| port.name), Some("SubSeven"));
        assert_eq!(sought(27374, protocol::UDP), None);
        assert!(sought(1080, protocol::TCP).is_some_and(|port| port.proxy));
    }
}
