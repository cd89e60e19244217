//! Which of our addresses a scanner touched, which answered, and what listens there since (P14).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use flow::Millis;
use ipnet::IpNet;
use serde::Serialize;

use crate::address::{address, range};
use crate::error::LakeError;
use crate::lake::{Asking, Coverage, Lake};
use crate::questions::conversation::{Began, Conversations, Reply};
use crate::questions::listeners::{Listener, listeners};
use crate::questions::{addresses, moment};
use crate::schema;

/// Addresses touched of which new listeners are looked for; a scanner that touched more is looked at for these.
const LOOKED_AT: usize = 2000;

/// Where one in so many addresses was touched they are not listed: their pages are the same, and a list takes time to read.
const CLOSE: u128 = 4;

/// Hours before the scan that the lake must have flows of before anything is called new.
const QUIET_HOURS: u64 = 24;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ExposureQuestion {
    /// Who scanned.
    pub scanner: IpAddr,
    /// Which of our addresses are in question.
    pub net: IpNet,
    /// When the scan was seen.
    pub at: Millis,
    /// How long before and after that it is looked for, in milliseconds.
    pub window: i64,
    /// How long before that a port must have been silent for what it answers since to be new, in milliseconds.
    pub quiet_before: i64,
    /// Until when new listeners are looked for.
    pub until: Millis,
}

impl ExposureQuestion {
    /// About the /24 of an IPv4 address, the /64 of an IPv6 one, an hour either way, listeners new within a week.
    #[must_use]
    pub fn around(scanner: IpAddr, victim: IpAddr, at: Millis, until: Millis) -> ExposureQuestion {
        let length = if victim.is_ipv4() { 24 } else { 64 };
        let net = IpNet::new(victim, length).map_or(IpNet::from(victim), |net| net.trunc());
        ExposureQuestion { scanner, net, at, window: 3_600_000, quiet_before: 7 * 24 * 3_600_000, until }
    }
}

/// How far an address was exposed; later ones are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposed {
    /// The scanner came and nothing was seen to answer: a firewall, or nobody there.
    Touched,
    /// The host said that the port is closed: it is there, and no firewall hid it.
    Refused,
    /// A port was open to the scanner and sent it nothing.
    Opened,
    /// A service answered the scanner.
    Answered,
    /// A port answers somebody since that answered nobody in the days before.
    NewListener,
}

/// A port that the scanner came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TouchedPort {
    /// The port; of ICMP, type times 256 plus code.
    pub port: u16,
    /// The IP protocol number.
    pub protocol: u8,
    /// What our side answered, at most.
    pub reply: Reply,
    /// When the scanner first came to it.
    pub first: Millis,
    /// When the last packet went.
    pub last: Millis,
    /// Bytes that our side sent to the scanner.
    pub bytes_out: u64,
}

/// One of our addresses that the scanner came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExposedHost {
    /// Our address.
    pub address: IpAddr,
    /// How far it was exposed.
    pub exposed: Exposed,
    /// When the scanner first came.
    pub first: Millis,
    /// The ports it came to, the most exposed first.
    pub ports: Vec<TouchedPort>,
    /// What answers since and did not in the days before.
    pub new_listeners: Vec<Listener>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// What was asked.
    pub question: ExposureQuestion,
    /// Those touched, in the order of their addresses.
    pub hosts: Vec<ExposedHost>,
    /// How much of the scan's time the lake has flows of. Where it has none, an address that is not listed may have been
    /// touched all the same.
    pub coverage: Coverage,
    /// The same for the days before, without which no listener can be called new.
    pub coverage_before: Coverage,
    /// The coarsest sampling among the records: 1 in so many packets; 0 is unknown. With sampling, silence proves little.
    pub sampling: u32,
    /// Records that were left out because there were too many.
    pub left_out: u64,
}

impl Lake {
    /// Which addresses a scanner touched, which answered, and which have a new listener since.
    ///
    /// # Errors
    /// [`LakeError`] when the question takes too long or too much memory, or the engine fails.
    pub async fn exposure(&self, question: ExposureQuestion) -> Result<Exposure, LakeError> {
        let (since, until) = (question.at.plus(-question.window), question.at.plus(question.window));
        let quiet_since = question.at.plus(-question.quiet_before);
        let coverage = self.coverage(since, until)?;
        let coverage_before = self.coverage(quiet_since, question.at)?;
        let (hosts, left_out, sampling) = self
            .answer(move |asking| async move {
                let scan = scan(&asking, &question, since, until).await?;
                let mut hosts = touched(&scan.seen);
                let mut left_out = scan.seen.left_out;
                // With no flows of the days before everything would look new.
                let known_before = coverage_before.held >= coverage_before.hours.min(QUIET_HOURS);
                if known_before && !hosts.is_empty() {
                    let after = later(&asking, &question, quiet_since, &hosts).await?;
                    left_out = left_out.saturating_add(after.left_out);
                    mark_new(&mut hosts, &after, question.at);
                }
                Ok((hosts.into_values().collect(), left_out, scan.sampling))
            })
            .await?;
        Ok(Exposure { question, hosts, coverage, coverage_before, sampling, left_out })
    }
}

/// What the scanner did.
struct Scan {
    seen: Conversations,
    sampling: u32,
}

async fn scan(
    asking: &Asking,
    question: &ExposureQuestion,
    since: Millis,
    until: Millis,
) -> Result<Scan, LakeError> {
    let mut scan = Scan { seen: Conversations::default(), sampling: 1 };
    let statement = format!(
        "SELECT * FROM flows WHERE peer = ip('{}') AND {} AND first BETWEEN {} AND {}",
        question.scanner,
        addresses("home", range(question.net)),
        moment(since),
        moment(until)
    );
    asking
        .each(&statement, |batch| {
            for row in schema::rows(batch)? {
                let unknown = row.sampling == 0 || scan.sampling == 0;
                scan.sampling = if unknown { 0 } else { scan.sampling.max(row.sampling) };
                scan.seen.add(&row);
            }
            Ok(())
        })
        .await?;
    Ok(scan)
}

/// The addresses that the scanner came to, with what it came to.
fn touched(seen: &Conversations) -> BTreeMap<u128, ExposedHost> {
    let mut hosts: BTreeMap<u128, BTreeMap<(u16, u8), TouchedPort>> = BTreeMap::new();
    for (ends, one) in &seen.all {
        if one.began(ends) != Began::Peer {
            continue;
        }
        let (reply, first, last) = (one.reply(ends), Millis(one.first()), Millis(one.last()));
        let port = hosts.entry(ends.home).or_default().entry((ends.home_port, ends.protocol)).or_insert(
            TouchedPort { port: ends.home_port, protocol: ends.protocol, reply, first, last, bytes_out: 0 },
        );
        port.reply = port.reply.max(reply);
        port.first = port.first.min(first);
        port.last = port.last.max(last);
        port.bytes_out = port.bytes_out.saturating_add(one.outward().bytes);
    }
    hosts.into_iter().map(|(home, ports)| (home, host(home, ports.into_values().collect()))).collect()
}

fn host(home: u128, mut ports: Vec<TouchedPort>) -> ExposedHost {
    ports.sort_by_key(|port| (std::cmp::Reverse(port.reply), port.port));
    let worst = ports.iter().map(|port| port.reply).max().unwrap_or(Reply::Silent);
    let exposed = match worst {
        Reply::Silent => Exposed::Touched,
        Reply::Refused => Exposed::Refused,
        Reply::Opened => Exposed::Opened,
        Reply::Answered => Exposed::Answered,
    };
    let first = ports.iter().map(|port| port.first).min().unwrap_or_default();
    ExposedHost { address: address(home), exposed, first, ports, new_listeners: Vec::new() }
}

/// What those addresses talked with whom, from the quiet days to the end of the question. What they did before the
/// scan counts as old whoever it was with, the scanner's own visit as new only if the port goes on answering others.
async fn later(
    asking: &Asking,
    question: &ExposureQuestion,
    since: Millis,
    hosts: &BTreeMap<u128, ExposedHost>,
) -> Result<Conversations, LakeError> {
    let asked: BTreeSet<u128> = hosts.keys().take(LOOKED_AT).copied().collect();
    let (Some(low), Some(high)) = (asked.first(), asked.last()) else { return Ok(Conversations::default()) };
    let statement = format!(
        "SELECT * FROM by_home WHERE {}{} AND peer <> ip('{}') AND first BETWEEN {} AND {} AND protocol IN (6, 17)",
        addresses("home", (*low, *high)),
        among(&asked, high.saturating_sub(*low)),
        question.scanner,
        moment(since),
        moment(question.until)
    );
    let mut seen = Conversations::default();
    asking
        .each(&statement, |batch| {
            schema::rows(batch)?.iter().filter(|row| asked.contains(&row.home)).for_each(|row| seen.add(row));
            Ok(())
        })
        .await?;
    Ok(seen)
}

/// A list of addresses as a condition, beside that of the first and the last, by which pages are passed over; nothing where
/// they stand close together.
fn among(asked: &BTreeSet<u128>, width: u128) -> String {
    if u128::try_from(asked.len()).unwrap_or(0).saturating_mul(CLOSE) > width {
        return String::new();
    }
    let listed: Vec<String> = asked.iter().map(|home| format!("ip('{}')", address(*home))).collect();
    format!(" AND home IN ({})", listed.join(", "))
}

/// Marks the hosts on which a port answers since `at` that did not before.
fn mark_new(hosts: &mut BTreeMap<u128, ExposedHost>, after: &Conversations, at: Millis) {
    for ((home, ..), listener) in listeners(after, Reply::Answered) {
        let Some(host) = hosts.get_mut(&home) else { continue };
        if listener.first >= at {
            host.exposed = Exposed::NewListener;
            host.new_listeners.push(listener);
        }
    }
}
