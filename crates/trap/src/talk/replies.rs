//! Short greetings and answers of services that have no dialogue here: enough that a scanner says its next thing.

/// What is said on a port of that name after a silence.
pub(super) fn greeting(what: &str) -> Option<&'static [u8]> {
    match what {
        // nmap-service-probes, netbus: the version, a blank and a carriage return.
        "netbus" => Some(b"NetBus 1.70 \r"),
        // nmap-service-probes, subseven: asks for its password.
        "subseven" => Some(b"PWD"),
        "ssh" => Some(SSH),
        // RFC 6143 7.1.1.
        "vnc" => Some(b"RFB 003.008\n"),
        _ => None,
    }
}

/// RFC 4253 4.2; what Debian 12 has.
const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
/// Enough that a scanner goes on to its next request.
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n\r\n";

/// What answers first bytes of that name.
pub(super) fn answer(what: &str) -> Option<Vec<u8>> {
    match what {
        "ssh" => Some(SSH.to_vec()),
        "http" | "http-absolute" | "docker" => Some(PAGE.to_vec()),
        "vnc" => Some(b"RFB 003.008\n".to_vec()),
        "subseven" => Some(b"connected. 12:00.00 - June 1, 2001, Friday, version: 2.1\r\n".to_vec()),
        // nmap's netbus-auth-bypass and netbus-version: the real one answers any password, and lets in whoever asks as
        // these do; whoever is silent is known for a trap (NetBuster).
        "netbus" => Some(b"Access;1\r".to_vec()),
        // MS-RDPBCGR 2.2.1.2: connection confirm, standard RDP security.
        "rdp" => Some(vec![3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 0, 0, 0, 0]),
        "adb" => Some(adb(b"device::\0")),
        // OASIS MQTT 3.1.1, 3.2: accepted.
        "mqtt" => Some(vec![0x20, 2, 0, 0]),
        "memcached" => Some(b"END\r\n".to_vec()),
        _ => None,
    }
}

/// What Redis says: its first word on PING, else that it is done.
pub(super) fn redis(bytes: &[u8]) -> &'static [u8] {
    if bytes.windows(4).any(|window| window.eq_ignore_ascii_case(b"PING")) {
        b"+PONG\r\n"
    } else {
        b"+OK\r\n"
    }
}

/// A CNXN message (system/adb/protocol.txt): command, version, largest message, length, sum, magic.
fn adb(banner: &[u8]) -> Vec<u8> {
    let command = u32::from_le_bytes(*b"CNXN");
    let sum: u32 = banner.iter().map(|byte| u32::from(*byte)).sum();
    let length = u32::try_from(banner.len()).unwrap_or(0);
    let head = [command, 0x0100_0000, 4096, length, sum, !command];
    head.iter().flat_map(|word| word.to_le_bytes()).chain(banner.iter().copied()).collect()
}

/// Whether first bytes of that name are all there, so that they can be answered.
pub(super) fn is_whole(what: &str, bytes: &[u8]) -> bool {
    match what {
        "http" | "http-absolute" | "http-connect" | "docker" => {
            bytes.windows(4).any(|end| end == b"\r\n\r\n") || bytes.windows(2).any(|end| end == b"\n\n")
        }
        "socks4" => bytes.len() >= 9 && bytes.ends_with(&[0]),
        "socks4a" => bytes.iter().skip(8).filter(|byte| **byte == 0).count() >= 2,
        "ssh" | "smtp" | "mirai" => bytes.contains(&b'\n') || bytes.contains(&b'\r'),
        _ => true,
    }
}
