//! The lease file of ISC dhcpd, as dhcpd.leases(5) describes it, for IPv4 and for IPv6.
//!
//! A file is a sequence of declarations. `lease ADDRESS { … }` is one state of an IPv4 address; the newest of an address
//! holds. `ia-na "…" { … iaaddr ADDRESS { … } }` and `ia-pd "…" { … iaprefix PREFIX { … } }` are what an IPv6 client
//! has; the quoted text is its IAID (four octets) and its DUID. Others (`host`, `server-duid`, `failover`) are passed over.
//!
//! Times are UTC, `4 2026/03/05 15:22:29`, or seconds since 1970 where the server was told `db-time-format local`.
//! A lease that is `free`, `expired`, `released` or `backup` and has an end was its client's until then; without an
//! end, or `abandoned`, the entry says only that nobody has the address from its beginning on.

mod blocks;
mod tokens;

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;

use self::blocks::Blocks;
use self::tokens::{Statement, statements};
use super::holdings::{Entry, Holdings};
use super::names::{Client, hex};
use crate::row::{Quoted, canonical, host, leasable};
use crate::{LeaseSource, Row, RowError};

/// Who can mend a declaration.
const SERVER: &str = "the file is at fault:";

/// Reads a lease file piece by piece, and those that take its place when the server rewrites it.
#[derive(Debug)]
pub struct Reader {
    name: String,
    blocks: Blocks,
    holdings: Holdings,
}

/// What is wrong and what to do.
type Wrong = (String, String);

impl Reader {
    /// A reader for the file called `name`.
    #[must_use]
    pub fn new(name: &str) -> Reader {
        Reader {
            name: name.to_owned(),
            blocks: Blocks::default(),
            holdings: Holdings::new(LeaseSource::IscDhcpd),
        }
    }

    /// Takes the next bytes, cut anywhere, and gives the leases that are new or different by them.
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Result<Row, RowError>> {
        let mut rows = Vec::new();
        for (line, block) in self.blocks.feed(bytes) {
            let read = block.map_err(|what| (what, format!("{SERVER} is it damaged?")));
            if let Err((what, remedy)) = read.and_then(|block| self.declaration(line, &block)) {
                rows.push(Err(RowError { line, what, remedy }));
            }
        }
        rows.extend(self.holdings.changes().into_iter().map(Ok));
        rows
    }

    /// The file has ended, or another takes its place. A declaration that is not complete tells of nothing yet.
    #[must_use]
    pub fn broke_off(&mut self) -> Vec<Result<Row, RowError>> {
        let line = self.blocks.broke_off();
        let what = "the declaration is cut off".to_owned();
        let remedy = format!("{SERVER} copy it again when the server does not write to it");
        line.map(|line| Err(RowError { line, what, remedy })).into_iter().collect()
    }

    fn declaration(&mut self, line: u64, block: &[u8]) -> Result<(), Wrong> {
        let record = format!("{}:{line}", self.name);
        let text = String::from_utf8_lossy(block);
        let statements = statements(&text);
        let Some(head) = statements.first() else { return Ok(()) };
        match head.word(0) {
            Some("lease") => self.lease(head, &statements, record),
            Some("ia-na" | "ia-ta" | "ia-pd") => self.association(head, &statements, &record),
            _ => Ok(()),
        }
    }

    fn lease(&mut self, head: &Statement, all: &[Statement], record: String) -> Result<(), Wrong> {
        let net = host(address(head.word(1).unwrap_or_default())?);
        let mut client = Client::default();
        let (mut starts, mut ends, mut state) = (None, None, None);
        for one in all.iter().skip(1) {
            match (one.word(0), one.word(1), one.word(2)) {
                (Some("starts"), _, _) => starts = Some(time(one)?),
                (Some("ends"), _, _) => ends = Some(time(one)?),
                (Some("binding"), Some("state"), Some(word)) => state = Some(word.to_owned()),
                (Some("hardware"), _, Some(octets)) => client.hardware = hex(octets).unwrap_or_default(),
                (Some("uid"), _, _) => client.client_id = one.octets(1),
                (Some("option"), Some("agent.remote-id"), _) => client.remote_id = one.octets(2),
                (Some("option"), Some("agent.circuit-id"), _) => client.circuit_id = one.octets(2),
                _ => {}
            }
        }
        let Some(Some(from)) = starts else {
            let what = format!("the lease of {net} does not say when it began");
            return Err((what, format!("{SERVER} is it damaged?")));
        };
        let held = match state.as_deref() {
            Some("active" | "bootp" | "reserved") | None => true,
            Some("abandoned" | "reset") => false,
            // What its client had until it ended.
            Some(_) => ends.flatten().is_some(),
        };
        let client = client.name().filter(|_| held);
        self.holdings.take(Entry { net, client, from, to: ends.flatten(), record });
        Ok(())
    }

    /// What one IPv6 client has: `iaaddr` and `iaprefix` blocks lie within, flattened here into statements of their own.
    fn association(&mut self, head: &Statement, all: &[Statement], record: &str) -> Result<(), Wrong> {
        // The IAID comes first, in four octets; the same client has others for other interfaces.
        let duid = head.octets(1).get(4..).unwrap_or_default().to_vec();
        let client = Client { duid, ..Client::default() }.name();
        let (mut cltt, mut open): (Option<Timestamp>, Option<Part>) = (None, None);
        for one in all.iter().skip(1) {
            match one.word(0) {
                Some("cltt") => cltt = time(one)?,
                Some("iaaddr" | "iaprefix") => {
                    self.part(open.take(), client.clone(), cltt, record);
                    open = Some(Part::new(one)?);
                }
                Some("ends") => {
                    let ends = time(one)?;
                    open.iter_mut().for_each(|part| part.ends = Some(ends));
                }
                Some("binding") => {
                    let active = one.word(2).is_none_or(|word| word != "abandoned");
                    open.iter_mut().for_each(|part| part.held = active);
                }
                _ => {}
            }
        }
        self.part(open, client, cltt, record);
        Ok(())
    }

    fn part(
        &mut self,
        part: Option<Part>,
        client: Option<crate::SubscriberId>,
        cltt: Option<Timestamp>,
        record: &str,
    ) {
        let (Some(part), Some(from)) = (part, cltt) else { return };
        let client = client.filter(|_| part.held);
        let to = part.ends.flatten();
        self.holdings.take(Entry { net: part.net, client, from, to, record: record.to_owned() });
    }
}

/// An address or prefix within an identity association.
struct Part {
    net: IpNet,
    ends: Option<Option<Timestamp>>,
    held: bool,
}

impl Part {
    fn new(statement: &Statement) -> Result<Part, Wrong> {
        let text = statement.word(1).unwrap_or_default();
        let net = match text.parse::<Ipv6Net>() {
            Ok(net) => Some(canonical(IpNet::V6(net))).filter(|net| leasable(*net)),
            Err(_) => Some(host(address(text)?)),
        };
        let net = net
            .ok_or_else(|| (format!("{} is no prefix", Quoted(text)), format!("{SERVER} is it damaged?")))?;
        Ok(Part { net, ends: None, held: true })
    }
}

fn address(text: &str) -> Result<IpAddr, Wrong> {
    let wrong = |_| (format!("{} is no address", Quoted(text)), format!("{SERVER} is it damaged?"));
    text.parse().map_err(wrong)
}

/// `starts 4 2026/03/05 15:22:29`, `starts epoch 1772723000`, `ends never`; `None` is never.
fn time(statement: &Statement) -> Result<Option<Timestamp>, Wrong> {
    let wrong = || {
        let words = statement.words().collect::<Vec<_>>().join(" ");
        (format!("{} tells no time", Quoted(&words)), format!("{SERVER} is it damaged?"))
    };
    let (Some(first), second) = (statement.word(1), statement.word(2)) else { return Err(wrong()) };
    let third = statement.word(3);
    match (first, second, third) {
        ("never", _, _) => Ok(None),
        ("epoch", Some(seconds), _) => {
            let seconds = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            seconds.map(Some).ok_or_else(wrong)
        }
        (_, Some(date), Some(clock)) => {
            let iso = format!("{}T{clock}Z", date.replace('/', "-"));
            iso.parse().map(Some).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}
