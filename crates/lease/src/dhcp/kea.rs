//! Kea's lease files, `kea-leases4.csv` and `kea-leases6.csv` (the memfile backend; Kea Administrator Reference Manual,
//! sections "Why Is Lease File Cleanup Necessary?" and "Memfile - Basic Storage for Leases").
//!
//! The first line names the columns, which differ from version to version, so they are found by name. A row is written
//! each time a lease changes; `expire` less `valid_lifetime` is when that was. A row with a lifetime of 0 takes the
//! lease away, and repeats the time of the change before it, so when it was given up only whoever follows the file
//! knows. State 1 is a declined address, which nobody has; the others (0 in use, 2 expired and reclaimed, 3 released,
//! 4 registered by its client) name the client that has or had it.
//!
//! A comma within a value is written `&#x2c`. Relay agent information is in `user_context` where the server was told to
//! store it (`store-extended-info`).

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;

use super::holdings::{Entry, Holdings};
use super::names::{Client, hex};
use crate::lines::{Lines, Numbered};
use crate::row::{Quoted, canonical, host, leasable};
use crate::{LeaseSource, Row, RowError};

mod context;

/// A lifetime without end (RFC 2131 section 3.3, RFC 8415 section 7.7).
const FOREVER: u64 = 0xffff_ffff;
/// Who can mend a row.
const SERVER: &str = "the file is at fault:";

/// Reads a lease file piece by piece, and those that take its place after a clean-up.
#[derive(Debug)]
pub struct Reader {
    name: String,
    lines: Lines,
    columns: Option<Columns>,
    holdings: Holdings,
}

/// Where the columns are.
#[derive(Debug, Default)]
struct Columns {
    address: Option<usize>,
    expire: Option<usize>,
    lifetime: Option<usize>,
    hardware: Option<usize>,
    client_id: Option<usize>,
    duid: Option<usize>,
    state: Option<usize>,
    prefix_len: Option<usize>,
    lease_type: Option<usize>,
    context: Option<usize>,
}

/// What is wrong and what to do.
type Wrong = (String, String);

impl Reader {
    /// A reader for the file called `name`.
    #[must_use]
    pub fn new(name: &str) -> Reader {
        Reader {
            name: name.to_owned(),
            lines: Lines::default(),
            columns: None,
            holdings: Holdings::new(LeaseSource::Kea),
        }
    }

    /// Takes the next bytes, cut anywhere, and gives the leases that are new or different by them. `now` is the time
    /// where the file is followed as it grows, and absent where it is read later.
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8], now: Option<Timestamp>) -> Vec<Result<Row, RowError>> {
        let lines = self.lines.feed(bytes);
        self.take(lines, now)
    }

    /// The file has ended, or another takes its place.
    #[must_use]
    pub fn broke_off(&mut self, now: Option<Timestamp>) -> Vec<Result<Row, RowError>> {
        let last = self.lines.broke_off();
        let rows = self.take(last, now);
        self.columns = None;
        rows
    }

    fn take(
        &mut self,
        lines: impl IntoIterator<Item = Numbered>,
        now: Option<Timestamp>,
    ) -> Vec<Result<Row, RowError>> {
        let mut rows = Vec::new();
        for (line, text) in lines {
            let read = text.map_err(|what| (what, format!("{SERVER} is it damaged?")));
            if let Err((what, remedy)) = read.and_then(|text| self.line(line, &text, now)) {
                rows.push(Err(RowError { line, what, remedy }));
            }
        }
        rows.extend(self.holdings.changes().into_iter().map(Ok));
        rows
    }

    fn line(&mut self, number: u64, line: &str, now: Option<Timestamp>) -> Result<(), Wrong> {
        let fields: Vec<&str> = line.split(',').collect();
        let Some(columns) = &self.columns else {
            self.columns = Some(Columns::default());
            self.columns = Some(Columns::read(&fields)?);
            return Ok(());
        };
        // A header that could not be used was told of.
        if columns.address.is_none() || fields.first() == Some(&"address") {
            return Ok(());
        }
        let record = format!("{}:{number}", self.name);
        match columns.row(&fields, record)? {
            Change::Entry(entry) => self.holdings.take(entry),
            Change::Removed(net) => {
                if let Some(now) = now {
                    self.holdings.nobody_has(net, now);
                }
            }
        }
        Ok(())
    }
}

enum Change {
    Entry(Entry),
    Removed(IpNet),
}

impl Columns {
    fn read(names: &[&str]) -> Result<Columns, Wrong> {
        let place = |name: &str| names.iter().position(|other| other.trim() == name);
        let columns = Columns {
            address: place("address"),
            expire: place("expire"),
            lifetime: place("valid_lifetime"),
            hardware: place("hwaddr"),
            client_id: place("client_id"),
            duid: place("duid"),
            state: place("state"),
            prefix_len: place("prefix_len"),
            lease_type: place("lease_type"),
            context: place("user_context"),
        };
        if columns.address.is_some() && columns.expire.is_some() && columns.lifetime.is_some() {
            return Ok(columns);
        }
        let what = "the first line does not name address, valid_lifetime and expire".to_owned();
        Err((what, format!("{SERVER} give a kea-leases4.csv or kea-leases6.csv as Kea writes it")))
    }

    fn row(&self, fields: &[&str], record: String) -> Result<Change, Wrong> {
        let field =
            |place: Option<usize>| place.and_then(|index| fields.get(index)).map(|field| field.trim());
        let number = |place, what: &str| {
            let text = field(place).unwrap_or_default();
            text.parse::<u64>().map_err(|_| {
                (format!("{} is no {what}", Quoted(text)), format!("{SERVER} is the row cut off?"))
            })
        };
        let net = self.net(
            field(self.address).unwrap_or_default(),
            field(self.prefix_len),
            field(self.lease_type),
        )?;
        let (lifetime, expire) = (number(self.lifetime, "lifetime")?, number(self.expire, "time")?);
        if lifetime == 0 {
            return Ok(Change::Removed(net));
        }
        let forever = lifetime >= FOREVER;
        // An endless lease is written with the sum by the memfile backend, and without by the databases.
        let began = if forever && expire < FOREVER { Some(expire) } else { expire.checked_sub(lifetime) };
        let time = |seconds: Option<u64>| {
            let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
            seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or_else(|| {
                ("it ends before its lifetime began".to_owned(), format!("{SERVER} is the row damaged?"))
            })
        };
        let from = time(began)?;
        let to = if forever { None } else { Some(time(Some(expire))?) };
        let octets = |place| field(place).and_then(hex).unwrap_or_default();
        let mut client = Client {
            hardware: octets(self.hardware),
            client_id: octets(self.client_id),
            duid: octets(self.duid),
            ..Client::default()
        };
        if client.duid.len() > 1 {
            // What Kea knows of an IPv6 client's hardware is often guessed from its DUID.
            client.hardware = Vec::new();
        }
        if let Some(text) = field(self.context) {
            context::read(text, &mut client);
        }
        let declined = field(self.state) == Some("1");
        Ok(Change::Entry(Entry { net, client: client.name().filter(|_| !declined), from, to, record }))
    }

    fn net(&self, address: &str, length: Option<&str>, kind: Option<&str>) -> Result<IpNet, Wrong> {
        let parsed = address.parse::<IpAddr>().map_err(|_| {
            (format!("{} is no address", Quoted(address)), format!("{SERVER} is the row cut off?"))
        })?;
        // Lease type 2 is a delegated prefix; the lengths of the others say nothing.
        let (IpAddr::V6(v6), Some("2")) = (parsed, kind) else { return Ok(host(parsed)) };
        let length = length.unwrap_or_default();
        let net = length.parse().ok().and_then(|length| Ipv6Net::new(v6, length).ok());
        let net = net.map(|net| canonical(IpNet::V6(net))).filter(|net| leasable(*net));
        net.ok_or_else(|| {
            (
                format!("{} is no length of a delegated prefix", Quoted(length)),
                format!("{SERVER} is the row cut off?"),
            )
        })
    }
}
