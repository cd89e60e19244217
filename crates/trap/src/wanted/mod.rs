//! First bytes and a port to what was wanted.
//!
//! Bytes go first: a SOCKS request on the telnet port is a search for proxies. Where they say nothing, or none came, the
//! port is all there is, and the answer says so ([`Basis::Port`]).

mod http;
mod orifice;
mod ports;
mod signature;
mod socks;
mod tls;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Transport;
use crate::bytes::{first_line, shown};

pub use orifice::{Orifice, decrypt};
pub use ports::on_port;
pub(crate) use socks::request as socks_request;
pub use tls::{ClientHello, client_hello};

/// How much of a stranger's text a detail keeps.
const SHOWN: usize = 120;

/// What sort of thing it is, for weights and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// An open proxy.
    Proxy,
    /// An open mail relay.
    Relay,
    /// A trojan that somebody else installed.
    Trojan,
    /// A login to be guessed.
    Login,
    /// A service with a weakness.
    Service,
    /// A web page.
    Web,
    /// Nobody can say, or nothing bad.
    #[default]
    Other,
}

impl Family {
    /// Its name: `proxy`, `relay`, `trojan`, `login`, `service`, `web` or `other`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Family::Proxy => "proxy",
            Family::Relay => "relay",
            Family::Trojan => "trojan",
            Family::Login => "login",
            Family::Service => "service",
            Family::Web => "web",
            Family::Other => "other",
        }
    }

    fn from_name(name: &str) -> Option<Family> {
        use Family::{Login, Other, Proxy, Relay, Service, Trojan, Web};
        [Proxy, Relay, Trojan, Login, Service, Web, Other].into_iter().find(|one| one.name() == name)
    }
}

/// What it was told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// What the visitor said.
    Bytes,
    /// The port alone.
    Port,
    /// Neither says anything.
    #[default]
    Nothing,
}

/// Where a visitor of a proxy wanted to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name or address, as it was written, escaped.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') && !self.host.starts_with('[') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// What was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Its short name, such as `socks5`; `silence` where nothing came and the port says nothing, `unknown` where what came
    /// is not known.
    #[serde(rename = "wanted")]
    pub what: &'static str,
    /// What sort of thing that is.
    pub family: Family,
    /// What that is told by.
    pub by: Basis,
    /// Where a proxy was to connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What else was said, as short lines such as `sni mail.example.net`; foreign text in it is escaped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted::plain("silence", Family::Other, Basis::Nothing)
    }
}

impl Wanted {
    fn plain(what: &'static str, family: Family, by: Basis) -> Wanted {
        Wanted { what, family, by, target: None, details: Vec::new() }
    }

    fn said(what: &'static str, family: Family) -> Wanted {
        Wanted::plain(what, family, Basis::Bytes)
    }

    fn with(mut self, name: &str, text: &[u8]) -> Wanted {
        if !text.is_empty() {
            self.details.push(format!("{name} {}", shown(text, SHOWN)));
        }
        self
    }
}

/// What was wanted on `port`, by the first `bytes`. Reads the beginning of a talk of any length; never fails.
#[must_use]
pub fn identify(transport: Transport, port: u16, bytes: &[u8]) -> Wanted {
    let by_bytes = match (transport, bytes) {
        (_, []) => None,
        (Transport::Tcp, _) => of_tcp(port, bytes),
        (Transport::Udp, _) => of_udp(port, bytes),
        (Transport::Icmp, _) => Some(Wanted::said("ping", Family::Other)),
    };
    by_bytes.unwrap_or_else(|| by_port(transport, port, bytes))
}

fn of_tcp(port: u16, bytes: &[u8]) -> Option<Wanted> {
    socks::read(bytes)
        .or_else(|| http::read(bytes))
        .or_else(|| tls::read(bytes))
        .or_else(|| winbox(port, bytes))
        .or_else(|| signature::read(Transport::Tcp, bytes).map(|found| told(found, bytes)))
        .or_else(|| wingate(bytes))
}

fn of_udp(port: u16, bytes: &[u8]) -> Option<Wanted> {
    orifice::read(bytes)
        .or_else(|| dns(port, bytes))
        .or_else(|| signature::read(Transport::Udp, bytes).map(|found| told(found, bytes)))
}

/// What answers a datagram, never by more bytes than it has: Back Orifice's own ping, and a name server that refuses
/// (RFC 1035 4.1.1), so that whoever asks is seen to have heard it and may go on.
pub(crate) fn udp_answer(what: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    match what {
        "back-orifice" => orifice::answer(bytes),
        "dns" => {
            let mut answer = bytes.to_vec();
            // QR, and the code for refused.
            *answer.get_mut(2)? |= 0x80;
            *answer.get_mut(3)? = 5;
            Some(answer)
        }
        _ => None,
    }
}

/// A signature's answer with what can be read beside it.
fn told(found: Wanted, bytes: &[u8]) -> Wanted {
    let line = first_line(bytes);
    match found.what {
        "rdp" => match find(bytes, b"mstshash=") {
            Some(user) => found.with("mstshash", first_line(user)),
            None => found,
        },
        "ssh" | "smtp" | "netbus" | "subseven" | "sip" | "mirai" => found.with("said", line),
        "adb" => {
            let banner = bytes.get(24..).unwrap_or_default();
            found.with("said", banner.split(|byte| *byte == 0).next().unwrap_or_default())
        }
        "redis" => found.with("said", &resp(bytes)),
        "snmp" => match snmp_community(bytes) {
            Some(community) => found.with("community", community),
            None => found,
        },
        _ => found,
    }
}

fn by_port(transport: Transport, port: u16, bytes: &[u8]) -> Wanted {
    let known = on_port(transport, port);
    let (what, family, by) = match (known, bytes.is_empty()) {
        (Some(known), _) => (known.what, known.family, Basis::Port),
        (None, true) => ("silence", Family::Other, Basis::Nothing),
        (None, false) => ("unknown", Family::Other, Basis::Nothing),
    };
    Wanted::plain(what, family, by)
}

/// `host:port` on a line of its own is what a WinGate telnet gateway is asked (libopm, `libopm_wingate_write`).
fn wingate(bytes: &[u8]) -> Option<Wanted> {
    let line = first_line(bytes);
    let ends = bytes.len() > line.len();
    let target = http::host_port(line).filter(|_| ends)?;
    Some(Wanted { target: Some(target), ..Wanted::said("wingate", Family::Proxy) })
}

/// MikroTik's Winbox on 8291. Old: a frame whose message begins `M2` (the requests of CVE-2018-14847, as published with
/// exploit-db 45578). New: length, 06, and a user name before a curve point (MarginResearch, "MikroTik Authentication
/// Revealed", 2022).
fn winbox(port: u16, bytes: &[u8]) -> Option<Wanted> {
    if bytes.get(4..6) == Some(b"M2") && bytes.get(1) == Some(&1) {
        return Some(Wanted::said("winbox", Family::Login));
    }
    let framed = usize::from(*bytes.first()?) + 2 == bytes.len() && bytes.get(1) == Some(&6);
    if port != 8291 || !framed {
        return None;
    }
    let user = bytes.get(2..)?.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(Wanted::said("winbox", Family::Login).with("user", user))
}

/// A query with one question (RFC 1035 4.1): nothing else on port 53 or 5353 is one.
fn dns(port: u16, bytes: &[u8]) -> Option<Wanted> {
    let is_query =
        bytes.get(2)? & 0x80 == 0 && bytes.get(4..6) == Some(&[0, 1]) && bytes.get(6..8) == Some(&[0, 0]);
    let labels = bytes.get(12..)?;
    if !is_query || !matches!(port, 53 | 5353 | 5355) {
        return None;
    }
    let mut name: Vec<u8> = Vec::new();
    let mut rest = crate::bytes::Rest(labels);
    while let Some(label) = rest.of_u8().filter(|label| !label.0.is_empty()) {
        name.extend_from_slice(label.0);
        name.push(b'.');
    }
    Some(Wanted::said("dns", Family::Service).with("name", &name))
}

/// The words of a Redis command, without their lengths.
fn resp(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let words: Vec<&[u8]> =
        lines.filter(|line| !line.is_empty() && !matches!(line.first(), Some(b'*' | b'$'))).collect();
    words.join(&b' ')
}

/// The community string after the version (RFC 1157 4).
fn snmp_community(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = crate::bytes::Rest(bytes.get(6..)?);
    Some(rest.of_u8()?.0)
}

/// What follows the first place of `needle`.
fn find<'b>(bytes: &'b [u8], needle: &[u8]) -> Option<&'b [u8]> {
    let at = bytes.windows(needle.len()).position(|window| window == needle)?;
    bytes.get(at.checked_add(needle.len())?..)
}

#[cfg(test)]
mod tests;
