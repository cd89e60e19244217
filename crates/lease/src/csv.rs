//! The static CSV: what a provider keeps by hand, or exports from its own systems.
//!
//! The first line names the columns, in any order and case; columns of other names are passed over:
//!
//! ```csv
//! address,subscriber,from,to,port_first,port_last,contact
//! 198.51.100.7,dsl-17,2026-01-01T00:00:00+01:00,,,,owner@example.net
//! 198.51.100.9,dsl-20,2026-01-01T00:00:00Z,2026-03-01T00:00:00Z,1024,2047,
//! ```
//!
//! Other common names of these columns are known (`ip`, `username`, `start`, `acctstoptime`, …).
//!
//! `prefix` may stand for or beside `address`; `to` empty means that the lease has not ended. Times carry their offset
//! from UTC (RFC 3339): a time without one would be off by hours and accuse the wrong line. Fields may be quoted as in
//! RFC 4180, but a row ends with its line, so that one stray quote cannot swallow the rest of the file.
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::row::{Quoted, canonical, host, leasable};
use crate::{Lease, LeaseSource, PortBlock, Row, RowError, SubscriberId};

/// The longest line that is read, in bytes.
const LINE_AT_MOST: usize = 4096;
/// The longest mail address, in bytes (RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.2 with the `@`).
const CONTACT_AT_MOST: usize = 320;
/// Who can mend a row.
const FILE: &str = "the file is at fault:";

/// Reads a whole file. `name` is what it is called in explanations (`leases.csv`).
///
/// Rows come in the order of the file; a bad one is an error and the next line is read. Without a usable header there
/// is one error and nothing else.
pub fn read<'a>(bytes: &'a [u8], name: &'a str) -> impl Iterator<Item = Result<Row, RowError>> + 'a {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Reader::new(name);
    bytes.split(|byte| *byte == b'\n').filter_map(move |line| reader.line(line)).fuse()
}

/// Whether a first line is a header that [`Reader`] could use.
pub(crate) fn knows(line: &str) -> bool {
    Header::read(line).is_ok()
}

/// Reads a file line by line, for files that are not held in memory.
#[derive(Debug)]
pub struct Reader {
    name: String,
    line: u64,
    columns: Columns,
}

#[derive(Debug)]
enum Columns {
    /// The header has not come yet.
    Wanted,
    /// The header could not be used; that has been said, and the rest is passed over.
    Unusable,
    Known(Header),
}

#[derive(Debug, Default)]
struct Header {
    separator: u8,
    address: Option<usize>,
    prefix: Option<usize>,
    subscriber: Option<usize>,
    from: Option<usize>,
    to: Option<usize>,
    port_first: Option<usize>,
    port_last: Option<usize>,
    contact: Option<usize>,
}

/// What is wrong and what to do.
type Wrong = (String, String);

impl Reader {
    /// A reader for the file called `name`.
    #[must_use]
    pub fn new(name: &str) -> Reader {
        Reader { name: name.to_owned(), line: 0, columns: Columns::Wanted }
    }

    /// Another file takes the place of this one: its first line is a header again.
    pub(crate) fn begin_anew(&mut self) {
        self.line = 0;
        self.columns = Columns::Wanted;
    }

    /// Takes the next line, with or without its end. `None` for the header, for a blank line and for a `#` comment.
    pub fn line(&mut self, line: &[u8]) -> Option<Result<Row, RowError>> {
        self.line = self.line.saturating_add(1);
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return None;
        }
        let result = match (text(line), &self.columns) {
            (_, Columns::Unusable) => return None,
            (Ok(line), Columns::Known(header)) => header.row(line, &format!("{}:{}", self.name, self.line)),
            (Err(wrong), Columns::Known(_)) => Err(wrong),
            (line, Columns::Wanted) => match line.and_then(Header::read) {
                Ok(header) => {
                    self.columns = Columns::Known(header);
                    return None;
                }
                Err(wrong) => {
                    self.columns = Columns::Unusable;
                    Err(wrong)
                }
            },
        };
        Some(result.map_err(|(what, remedy)| RowError { line: self.line, what, remedy }))
    }
}

fn text(line: &[u8]) -> Result<&str, Wrong> {
    if line.len() > LINE_AT_MOST {
        let what = format!("it is {} bytes long, and a row has at most {LINE_AT_MOST}", line.len());
        return Err((what, format!("{FILE} look for missing line ends")));
    }
    std::str::from_utf8(line).map_err(|wrong| {
        let what = format!("byte {} is not UTF-8", wrong.valid_up_to().saturating_add(1));
        (what, format!("{FILE} save it as UTF-8"))
    })
}

impl Header {
    fn read(line: &str) -> Result<Header, Wrong> {
        let found = [b',', b';', b'\t'].into_iter().find(|separator| line.as_bytes().contains(separator));
        let mut header = Header { separator: found.unwrap_or(b','), ..Header::default() };
        for (index, name) in fields(line, header.separator)?.iter().enumerate() {
            let Some(place) = header.place(&name.to_ascii_lowercase()) else { continue };
            if place.replace(index).is_some() {
                return Err((
                    format!("the column {} stands in it twice", Quoted(name)),
                    format!("{FILE} name each once"),
                ));
            }
        }
        let missing: Vec<&str> = [
            ("address", header.address.or(header.prefix)),
            ("subscriber", header.subscriber),
            ("from", header.from),
            ("to", header.to),
        ]
        .into_iter()
        .filter_map(|(name, place)| place.is_none().then_some(name))
        .collect();
        if missing.is_empty() {
            return Ok(header);
        }
        let what = format!("the header {} lacks {}", Quoted(line), missing.join(", "));
        Err((what, format!("{FILE} begin it with a line such as address,subscriber,from,to")))
    }

    /// Where a column of this name is kept. Besides our own names those that accounting tables have (`radacct` of
    /// FreeRADIUS: `username`, `framedipaddress`, `acctstarttime`, `acctstoptime`) and others in use.
    fn place(&mut self, name: &str) -> Option<&mut Option<usize>> {
        let name = name.trim().replace([' ', '-'], "_");
        Some(match name.as_str() {
            "address" | "ip" | "ip_address" | "ipaddress" | "framedipaddress" | "framed_ip_address"
            | "public_ip" => &mut self.address,
            "prefix" | "network" | "delegated_prefix" | "delegatedipv6prefix" => &mut self.prefix,
            "subscriber" | "subscriber_id" | "username" | "user_name" | "user" | "customer"
            | "customer_id" | "account" | "line" | "circuit" | "circuit_id" => &mut self.subscriber,
            "from" | "start" | "start_time" | "starts" | "begin" | "valid_from" | "valid_since"
            | "acctstarttime" => &mut self.from,
            "to" | "end" | "end_time" | "ends" | "stop" | "stop_time" | "until" | "valid_to"
            | "valid_until" | "acctstoptime" => &mut self.to,
            "port_first" | "first_port" | "port_start" | "start_port" | "port_from" => &mut self.port_first,
            "port_last" | "last_port" | "port_end" | "end_port" | "port_to" => &mut self.port_last,
            "contact" | "email" | "mail" | "e_mail" => &mut self.contact,
            _ => return None,
        })
    }

    fn row(&self, line: &str, record: &str) -> Result<Row, Wrong> {
        let fields = fields(line, self.separator)?;
        let field = |place: Option<usize>| {
            place.and_then(|index| fields.get(index)).map(String::as_str).filter(|field| !field.is_empty())
        };
        let subscriber: SubscriberId =
            field(self.subscriber).unwrap_or_default().parse().map_err(|wrong| {
                (format!("{wrong}"), format!("{FILE} name the line as your other systems do"))
            })?;
        let from = field(self.from).ok_or_else(|| {
            ("it has no time in \"from\"".to_owned(), format!("{FILE} say since when, however long ago"))
        })?;
        let from = time(from)?;
        let to = field(self.to).map(time).transpose()?;
        if to.is_some_and(|to| to <= from) {
            let what = "the lease does not end after it begins".to_owned();
            return Err((what, format!("{FILE} are from and to the wrong way round?")));
        }
        let lease = Lease {
            net: net(field(self.address), field(self.prefix))?,
            ports: ports(field(self.port_first), field(self.port_last))?,
            from,
            to,
            subscriber,
            source: LeaseSource::Static,
            record: record.to_owned(),
        };
        Ok(Row { lease, contact: field(self.contact).map(contact).transpose()? })
    }
}

/// Splits one line as RFC 4180 does, without quoted line ends; fields are trimmed of white space.
fn fields(line: &str, separator: u8) -> Result<Vec<String>, Wrong> {
    let separator = char::from(separator);
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.trim_start_matches([' ', '\t']).strip_prefix('"') {
            Some(quoted) => unquote(quoted, separator)?,
            None => match rest.split_once(separator) {
                Some((field, after)) => (field.trim().to_owned(), Some(after)),
                None => (rest.trim().to_owned(), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// Reads on after an opening quote: the field, and what follows its separator.
fn unquote(quoted: &str, separator: char) -> Result<(String, Option<&str>), Wrong> {
    let mut field = String::new();
    let mut rest = quoted;
    loop {
        let Some((inside, after)) = rest.split_once('"') else {
            let what = "a quoted field does not end on its line".to_owned();
            return Err((what, format!("{FILE} close the quote, or double it where it belongs to the text")));
        };
        field.push_str(inside);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        let after = after.trim_start_matches(' ');
        return match after.strip_prefix(separator) {
            None if !after.is_empty() => {
                let what = format!("{} follows a closing quote", Quoted(after));
                Err((what, format!("{FILE} double a quote that belongs to the text")))
            }
            rest => Ok((field.trim().to_owned(), rest)),
        };
    }
}

fn time(text: &str) -> Result<Timestamp, Wrong> {
    // Seconds since 1970 need no offset.
    if text.len() >= 9
        && let Some(time) = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
    {
        return Ok(time);
    }
    let why = match text.parse::<Timestamp>() {
        Ok(time) => return Ok(time),
        Err(why) => why,
    };
    if text.parse::<DateTime>().is_ok() {
        let what = format!("the time {} does not say its offset from UTC", Quoted(text));
        return Err((
            what,
            format!("{FILE} write it as 2026-03-01T22:00:00+01:00 or, in UTC, 2026-03-01T21:00:00Z"),
        ));
    }
    let why = why.to_string();
    let what = format!("{} is not a time ({})", Quoted(text), Quoted(&why));
    Err((what, format!("{FILE} write it as 2026-03-01T22:00:00+01:00")))
}

fn net(address: Option<&str>, prefix: Option<&str>) -> Result<IpNet, Wrong> {
    let text = match (address, prefix) {
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => {
            return Err((
                "it has no address".to_owned(),
                format!("{FILE} fill in the address or the prefix"),
            ));
        }
        (Some(_), Some(_)) => {
            let what = "it has both an address and a prefix".to_owned();
            return Err((what, format!("{FILE} fill in one of the two")));
        }
    };
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(host(address));
    }
    let given: IpNet = text.parse().map_err(|_| {
        (
            format!("{} is neither an address nor a prefix", Quoted(text)),
            format!("{FILE} write 198.51.100.7 or 2001:db8:1::/56"),
        )
    })?;
    if given.addr() != given.network() {
        let what = format!("{given} has bits set beyond its length");
        return Err((what, format!("{FILE} write {} or the one address", given.trunc())));
    }
    let net = canonical(given);
    if !leasable(net) {
        return Err((format!("{net} is too wide for one line"), format!("{FILE} check the length")));
    }
    Ok(net)
}

fn ports(first: Option<&str>, last: Option<&str>) -> Result<Option<PortBlock>, Wrong> {
    let port = |text: &str| {
        let wrong = || (format!("{} is not a port", Quoted(text)), format!("{FILE} ports are 0 to 65535"));
        text.parse::<u16>().map_err(|_| wrong())
    };
    match (first, last) {
        (None, None) => Ok(None),
        (Some(first), Some(last)) => match (port(first)?, port(last)?) {
            (first, last) if first <= last => Ok(Some(PortBlock { first, last })),
            (first, last) => {
                let what = format!("its ports run backwards, from {first} to {last}");
                Err((what, format!("{FILE} put the lower one first")))
            }
        },
        _ => {
            let what = "it has one end of a port block and not the other".to_owned();
            Err((what, format!("{FILE} fill in port_first and port_last, or neither")))
        }
    }
}

/// A mail address, as far as can be told without writing to it.
fn contact(text: &str) -> Result<String, Wrong> {
    let parts = text.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';');
    if parts.is_none() || text.contains(odd) || text.len() > CONTACT_AT_MOST {
        let what = format!("the contact {} is not a mail address", Quoted(text));
        return Err((what, format!("{FILE} write owner@example.net, or leave it empty")));
    }
    Ok(text.to_owned())
}
