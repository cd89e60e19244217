//! From bytes to records: lines, attributes, values.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;

use super::when::{Clock, When};
use crate::row::{Quoted, host, is_address, leasable};
use crate::{PortBlock, RowError, SubscriberId};

/// The longest line that is read. An attribute has at most 253 octets (RFC 2865 section 5), each at most four
/// characters when escaped.
const LINE_AT_MOST: usize = 2048;
/// The most lines one record has. A packet has at most 4096 octets (RFC 2865 section 3) and an attribute at least
/// three, but no access server comes near.
const LINES_AT_MOST: u32 = 1000;
/// The most nets one record names.
const NETS_AT_MOST: usize = 16;
/// Who can mend a record.
pub(super) const SERVER: &str = "the accounting server or the access server is at fault:";

/// What a record reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Start,
    Interim,
    Stop,
    /// Accounting-On or -Off: the access server has, or will have, no session.
    Reset,
}

/// Which attribute named a net: a new value of one replaces the old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    V4,
    V6,
    V6Prefix,
    Delegated,
    /// Ports of a shared address.
    Ports,
}

/// What a session holds: a net, or ports of a shared address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share {
    pub(super) net: IpNet,
    pub(super) ports: Option<PortBlock>,
}

/// One accounting record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(super) line: u64,
    pub(super) status: Status,
    /// What names the session; empty for [`Status::Reset`].
    pub(super) session: String,
    pub(super) user: Option<SubscriberId>,
    pub(super) nas: String,
    pub(super) port: Option<String>,
    pub(super) shares: Vec<(Slot, Share)>,
    /// Ports were given back, without others in their place.
    pub(super) ports_released: bool,
    pub(super) when: When,
}

/// A record as it comes together.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    line: u64,
    lines: u32,
    status: Option<String>,
    unique: Option<String>,
    session: Option<String>,
    user: Option<String>,
    nas: Option<String>,
    /// Who sent the packet.
    client: Option<String>,
    port: Option<String>,
    shares: Vec<(Slot, Share)>,
    block: Block,
    clock: Clock,
    wrong: Option<String>,
}

/// A block of ports of a shared address, which three attributes tell.
#[derive(Debug, Default)]
struct Block {
    outside: Option<Ipv4Addr>,
    first: Option<u16>,
    last: Option<u16>,
    released: bool,
}

impl Block {
    /// The block once it is complete; the next may be of the same address.
    fn complete(&mut self) -> Option<Share> {
        let (outside, first, last) = (self.outside?, self.first?, self.last?);
        (self.first, self.last) = (None, None);
        Some(Share { net: host(outside.into()), ports: Some(PortBlock::new(first, last)?) })
    }
}

/// Cuts bytes into lines and lines into records.
#[derive(Debug, Default)]
pub(super) struct Parser {
    partial: Vec<u8>,
    /// The line being read is too long: its bytes are passed over up to its end.
    overlong: bool,
    line: u64,
    pending: Option<Pending>,
}

impl Parser {
    /// Takes the next bytes; gives the records that ended in them.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Result<Record, RowError>> {
        let mut records = Vec::new();
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            if self.partial.len().saturating_add(piece.len()) > LINE_AT_MOST {
                self.overlong = true;
                self.partial.clear();
            } else {
                self.partial.extend_from_slice(piece);
            }
            if pieces.peek().is_some() {
                records.extend(self.line_ended());
            }
        }
        records
    }

    /// The bytes have ended, perhaps within a line.
    pub(super) fn finish(&mut self) -> Option<Result<Record, RowError>> {
        let last = if self.partial.is_empty() && !self.overlong { None } else { self.line_ended() };
        // A line that ends one record only begins the next with its header, which alone is none.
        last.or_else(|| self.pending.take().and_then(Pending::end))
    }

    fn line_ended(&mut self) -> Option<Result<Record, RowError>> {
        self.line = self.line.saturating_add(1);
        let bytes = std::mem::take(&mut self.partial);
        let overlong = std::mem::take(&mut self.overlong);
        let line = bytes.trim_ascii_end();
        if line.is_empty() && !overlong {
            return self.pending.take().and_then(Pending::end);
        }
        let number = self.line;
        let begins = !overlong && !line.first().is_some_and(u8::is_ascii_whitespace);
        let before = if begins { self.pending.take().and_then(Pending::end) } else { None };
        let pending = self.pending.get_or_insert_with(|| Pending { line: number, ..Pending::default() });
        pending.lines = pending.lines.saturating_add(1);
        if pending.lines > LINES_AT_MOST {
            pending.wrong(format!("the record has more than {LINES_AT_MOST} lines"));
        } else if overlong {
            pending.wrong(format!("line {number} is longer than {LINE_AT_MOST} bytes"));
        } else {
            match std::str::from_utf8(line) {
                Ok(line) if begins => pending.clock.header(line),
                Ok(line) => pending.attribute(line),
                Err(_) => pending.wrong(format!("line {number} is not UTF-8")),
            }
        }
        before
    }
}

impl Pending {
    /// A record that was received in a packet; the packet's sender stands for an access server that names itself not.
    pub(crate) fn received(client: IpAddr, at: Timestamp) -> Pending {
        let mut clock = Clock::default();
        clock.received(at);
        Pending { client: Some(client.to_canonical().to_string()), clock, ..Pending::default() }
    }

    fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    fn attribute(&mut self, line: &str) {
        let Some((name, value)) = line.split_once('=') else {
            return self.wrong(format!("{} is no attribute", Quoted(line.trim())));
        };
        // `Name = x`, `Name := x`, `Name += x`, `Name:1 = x` (a tag, RFC 2868).
        let name = name.trim().trim_end_matches([':', '+']).trim_end();
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        self.value(&name.to_ascii_lowercase(), unquote(value.trim()));
    }

    /// The same for four octets: an address where the name says so, else a number.
    pub(crate) fn value_of(&mut self, name: &str, octets: &[u8]) {
        let Ok(octets) = <[u8; 4]>::try_from(octets) else { return };
        let text = match name.ends_with("-address") || name.ends_with("-addr") {
            true => Ipv4Addr::from(octets).to_string(),
            false => u32::from_be_bytes(octets).to_string(),
        };
        self.value(name, text);
    }

    /// Enters the value of the attribute `name`, in lower case.
    pub(crate) fn value(&mut self, name: &str, value: String) {
        match name {
            "acct-status-type" => self.status = Some(value),
            "acct-unique-session-id" => self.unique = Some(value),
            "acct-session-id" => self.session = Some(value),
            "user-name" => self.user = Some(value),
            "nas-ip-address" => self.nas = Some(value),
            "nas-identifier" | "nas-ipv6-address" => {
                self.nas.get_or_insert(value);
            }
            // The id tells lines apart where the number, often 0, does not.
            "nas-port-id" => self.port = Some(value),
            "nas-port" if value != "0" => {
                self.port.get_or_insert(value);
            }
            "framed-ip-address" => {
                let parsed = value.parse::<Ipv4Addr>().ok();
                self.net(Slot::V4, &value, parsed.map(|v4| is_address(v4).then(|| host(v4.into()))));
            }
            "framed-ipv6-address" => {
                let parsed = value.parse::<Ipv6Addr>().ok();
                self.net(Slot::V6, &value, parsed.map(|v6| (!v6.is_unspecified()).then(|| host(v6.into()))));
            }
            "framed-ipv6-prefix" => self.prefix(Slot::V6Prefix, &value),
            "delegated-ipv6-prefix" => self.prefix(Slot::Delegated, &value),
            "huawei-nat-public-address"
            | "netelastic-nat-public-address"
            | "h3c-nat-ip-address"
            | "tp-nat-ip-address"
            | "ip-port-range-ext-ipv4-addr" => {
                self.block.outside = value.parse().ok().filter(|v4| is_address(*v4));
            }
            "huawei-nat-start-port"
            | "netelastic-nat-start-port"
            | "h3c-nat-start-port"
            | "tp-nat-port-start"
            | "ip-port-range-range-start" => self.port(|block, port| block.first = port, &value),
            "huawei-nat-end-port"
            | "netelastic-nat-end-port"
            | "h3c-nat-end-port"
            | "tp-nat-port-end"
            | "ip-port-range-range-end" => self.port(|block, port| block.last = port, &value),
            "ip-port-range-alloc" => self.block.released = matches!(value.as_str(), "2" | "Deallocation"),
            "timestamp" => self.clock.receipt(&value),
            "event-timestamp" => self.clock.event(&value),
            "acct-session-time" => self.clock.session_time(&value),
            "acct-delay-time" => self.clock.delay(&value),
            _ => {}
        }
    }

    /// Enters one end of a block of ports, and the block where it is complete.
    fn port(&mut self, end: impl Fn(&mut Block, Option<u16>), value: &str) {
        end(&mut self.block, value.parse().ok());
        if let Some(share) = self.block.complete()
            && !self.block.released
            && self.shares.len() < NETS_AT_MOST
            && !self.shares.contains(&(Slot::Ports, share))
        {
            self.shares.push((Slot::Ports, share));
        }
    }

    fn prefix(&mut self, slot: Slot, value: &str) {
        let parsed = value.parse::<Ipv6Net>().ok().map(|net| IpNet::V6(net.trunc()));
        self.net(slot, value, parsed.map(|net| leasable(net).then_some(net)));
    }

    /// Enters a net: `None` for no net at all, `Some(None)` for one that means "none".
    fn net(&mut self, slot: Slot, value: &str, parsed: Option<Option<IpNet>>) {
        match parsed {
            None => self.wrong(format!("{} is no address or prefix", Quoted(value))),
            Some(Some(net)) => {
                let share = (slot, Share { net, ports: None });
                if self.shares.len() < NETS_AT_MOST && !self.shares.contains(&share) {
                    self.shares.push(share);
                }
            }
            Some(None) => {}
        }
    }

    /// The record is complete. `None` for a header without attributes.
    pub(crate) fn end(self) -> Option<Result<Record, RowError>> {
        if self.lines <= 1 && self.wrong.is_none() && self.status.is_none() {
            return None;
        }
        let line = self.line;
        Some(self.record().map_err(|(what, remedy)| RowError { line, what, remedy }))
    }

    fn record(self) -> Result<Record, (String, String)> {
        if let Some(wrong) = self.wrong {
            return Err((wrong, format!("{SERVER} is the file damaged, or cut off?")));
        }
        let Some(status) = self.status else {
            let what = "the record has no Acct-Status-Type".to_owned();
            return Err((what, format!("{SERVER} write accounting, not authentication, to this file")));
        };
        let status = match status.to_ascii_lowercase().as_str() {
            "start" | "1" => Status::Start,
            "stop" | "2" => Status::Stop,
            "interim-update" | "alive" | "3" => Status::Interim,
            "accounting-on" | "7" | "accounting-off" | "8" => Status::Reset,
            _ => {
                let what = format!("Acct-Status-Type {} tells of no session", Quoted(&status));
                return Err((what, "nothing needs to be done".to_owned()));
            }
        };
        let nas = self.nas.or(self.client).unwrap_or_default();
        let session = match (status, self.unique, self.session) {
            (Status::Reset, _, _) => String::new(),
            (_, Some(unique), _) if !unique.is_empty() => unique,
            (_, _, Some(session)) if !session.is_empty() => format!("{nas}/{session}"),
            _ => {
                let what = "the record names no session".to_owned();
                return Err((what, format!("{SERVER} send Acct-Session-Id (RFC 2866 section 5.5)")));
            }
        };
        let user = match (status, self.user) {
            (Status::Reset, _) | (_, None) => None,
            (_, Some(name)) => Some(name.parse::<SubscriberId>().map_err(|wrong| {
                (wrong.to_string(), format!("{SERVER} send a User-Name that names the line"))
            })?),
        };
        let session = session.chars().filter(|c| !c.is_control()).take(128).collect();
        let when = self.clock.read().map_err(|what| {
            (what, format!("{SERVER} keep \"Timestamp\" in the detail format, as FreeRADIUS does by default"))
        })?;
        let (shares, ports_released) = (self.shares, self.block.released);
        Ok(Record {
            line: self.line,
            status,
            session,
            user,
            nas,
            port: self.port,
            shares,
            ports_released,
            when,
        })
    }
}

/// The text of a value: bare, or quoted with `\"`, `\\`, `\n`, `\r`, `\t` and octal escapes, as FreeRADIUS prints it.
fn unquote(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else { return value.trim_matches('\'').to_owned() };
    let mut text = String::new();
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(digit @ '0'..='3') => {
                    let two: Vec<u32> = rest.clone().take(2).filter_map(|c| c.to_digit(8)).collect();
                    match (digit.to_digit(8), two.as_slice()) {
                        (Some(a), [b, c]) => {
                            text.extend(char::from_u32(a * 64 + b * 8 + c));
                            rest.next();
                            rest.next();
                        }
                        _ => text.push(digit),
                    }
                }
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}
