//! The conversations with the most bytes.

use std::net::IpAddr;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{Int64Type, TimestampMillisecondType, UInt16Type, UInt64Type};
use flow::Millis;
use serde::Serialize;

use crate::address::address;
use crate::catalogue::Catalogue;
use crate::disk::Disk;
use crate::error::LakeError;
use crate::heavy::{self, Candidates, List, Pair, candidates};
use crate::lake::{Asking, Coverage, Lake};
use crate::name::HOUR;
use crate::questions::moment;
use crate::schema::address_number;

/// Addresses of one statement: the engine prunes by a list of up to twenty values and reads everything for a longer one
/// (DataFusion 55, `MAX_LIST_VALUE_SIZE_REWRITE`).
const ADDRESSES: usize = 20;

/// The port of whoever was called.
const PORT: &str = "CASE WHEN inbound THEN home_port ELSE peer_port END";
/// The bytes of whoever began it.
const BYTES: &str = "sum(CASE WHEN inbound THEN bytes_in ELSE bytes_out END)";

/// One of our addresses, another one, and the port that was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeavyConversation {
    /// Our address.
    pub address: IpAddr,
    /// The other end.
    pub peer: IpAddr,
    /// Whether the other end began it.
    pub inbound: bool,
    /// The port of whoever was called.
    pub port: u16,
    /// How many records tell of it.
    pub flows: u64,
    /// Bytes that whoever began it sent.
    pub bytes: u64,
    /// Bytes that came back.
    pub bytes_back: u64,
    /// The first packet.
    pub first: Millis,
    /// The last one.
    pub last: Millis,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heaviest {
    /// From when: the beginning of an hour.
    pub since: Millis,
    /// To when: the end of an hour.
    pub until: Millis,
    /// The heaviest first.
    pub conversations: Vec<HeavyConversation>,
    /// The lists beside the files were enough; otherwise every flow was read.
    pub by_lists: bool,
    /// How much of the time the lake has flows of.
    pub coverage: Coverage,
}

impl Lake {
    /// The `most` conversations in which whoever began sent the most bytes, in whole hours from the one of `since` to the
    /// one of `until`. A conversation is told from the side of each of our addresses in it.
    ///
    /// # Errors
    /// [`LakeError`] when the question takes too long or too much memory, or the engine fails.
    pub async fn heaviest(&self, since: Millis, until: Millis, most: usize) -> Result<Heaviest, LakeError> {
        let coverage = self.coverage(since, until)?;
        let (from, to) = (since.0.div_euclid(HOUR), until.0.div_euclid(HOUR));
        let hours = Hours { from, to };
        let disk = self.disk();
        let (conversations, by_lists) = self
            .answer(move |asking| {
                let disk = Arc::clone(&disk);
                async move { asked(&asking, disk, hours, most).await }
            })
            .await?;
        Ok(Heaviest { since: hours.begin(), until: hours.end(), conversations, by_lists, coverage })
    }
}

/// Whole hours since 1970, both included.
#[derive(Debug, Clone, Copy)]
struct Hours {
    from: i64,
    to: i64,
}

impl Hours {
    fn begin(self) -> Millis {
        Millis(self.from.saturating_mul(HOUR))
    }

    fn end(self) -> Millis {
        Millis(self.to.saturating_add(1).saturating_mul(HOUR))
    }

    /// The condition that a flow began within them.
    fn condition(self) -> String {
        format!("first >= {} AND first < {}", moment(self.begin()), moment(self.end()))
    }
}

async fn asked(
    asking: &Asking,
    disk: Arc<Disk>,
    hours: Hours,
    most: usize,
) -> Result<(Vec<HeavyConversation>, bool), LakeError> {
    let listed = tokio::task::spawn_blocking(move || by_lists(&disk, hours, most));
    let listed = listed.await.map_err(|error| LakeError::Threads(error.to_string()))??;
    let (mut found, by_lists) = match listed {
        Candidates::These(pairs) => (exact(asking, hours, &pairs).await?, true),
        Candidates::Unknown => (whole(asking, hours, most).await?, false),
    };
    found.sort_by_key(|one| (std::cmp::Reverse(one.bytes), one.address, one.peer, one.port));
    found.truncate(most);
    Ok((found, by_lists))
}

/// Reads the list of every file of these hours; one that is missing leaves everything open.
fn by_lists(disk: &Disk, hours: Hours, most: usize) -> Result<Candidates, LakeError> {
    let catalogue = Catalogue::read(disk)?;
    let of_hours = catalogue.live.iter().filter(|held| (hours.from..=hours.to).contains(&held.name.hour));
    let lists: Option<Vec<List>> = of_hours.map(|held| heavy::read(disk, &held.name)).collect();
    Ok(lists.map_or(Candidates::Unknown, |lists| candidates(&lists, most)))
}

/// What the flows say of these conversations.
async fn exact(asking: &Asking, hours: Hours, pairs: &[Pair]) -> Result<Vec<HeavyConversation>, LakeError> {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    let mut homes: Vec<u128> = pairs.iter().map(|pair| pair.home).collect();
    homes.dedup();
    let mut found = Vec::new();
    for some in homes.chunks(ADDRESSES) {
        let theirs: Vec<Pair> = pairs.iter().filter(|pair| some.contains(&pair.home)).copied().collect();
        let statement = format!(
            "SELECT {} WHERE {} AND home IN ({}) AND peer IN ({}) GROUP BY home, peer, inbound, {PORT}",
            columns(),
            hours.condition(),
            ips(theirs.iter().map(|pair| pair.home)),
            ips(theirs.iter().map(|pair| pair.peer)),
        );
        let wanted = |pair: &Pair| theirs.binary_search(pair).is_ok();
        found.extend(rows(asking, &statement).await?.into_iter().filter(|(pair, _)| wanted(pair)));
    }
    Ok(found.into_iter().map(|(_, one)| one).collect())
}

/// Reads every flow of these hours.
async fn whole(asking: &Asking, hours: Hours, most: usize) -> Result<Vec<HeavyConversation>, LakeError> {
    let statement = format!(
        "SELECT {} WHERE {} GROUP BY home, peer, inbound, {PORT} ORDER BY {BYTES} DESC LIMIT {most}",
        columns(),
        hours.condition(),
    );
    Ok(rows(asking, &statement).await?.into_iter().map(|(_, one)| one).collect())
}

/// What [`conversation`] reads.
fn columns() -> String {
    format!(
        "home, peer, inbound, {PORT} AS port, count(*), {BYTES}, \
         sum(CASE WHEN inbound THEN bytes_out ELSE bytes_in END), min(first), max(last) FROM by_home"
    )
}

fn ips(addresses: impl Iterator<Item = u128>) -> String {
    let mut addresses: Vec<u128> = addresses.collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.iter().map(|one| format!("ip('{}')", address(*one))).collect::<Vec<_>>().join(", ")
}

async fn rows(asking: &Asking, statement: &str) -> Result<Vec<(Pair, HeavyConversation)>, LakeError> {
    let mut found = Vec::new();
    asking
        .each(statement, |batch| {
            found.extend((0..batch.num_rows()).filter_map(|at| conversation(batch.columns(), at)));
            Ok(())
        })
        .await?;
    Ok(found)
}

fn conversation(columns: &[ArrayRef], at: usize) -> Option<(Pair, HeavyConversation)> {
    let [home, peer, inbound, port, flows, bytes, back, first, last] = columns else { return None };
    let end = |column: &dyn Array| Some(address_number(column.as_fixed_size_binary_opt()?.value(at)));
    let sum = |column: &dyn Array| column.as_primitive_opt::<UInt64Type>().map(|it| it.value(at));
    let time = |column: &dyn Array| {
        column.as_primitive_opt::<TimestampMillisecondType>().map(|it| Millis(it.value(at)))
    };
    let pair = Pair {
        home: end(home)?,
        peer: end(peer)?,
        inbound: inbound.as_boolean_opt()?.value(at),
        port: port.as_primitive_opt::<UInt16Type>()?.value(at),
    };
    let told = HeavyConversation {
        address: address(pair.home),
        peer: address(pair.peer),
        inbound: pair.inbound,
        port: pair.port,
        flows: u64::try_from(flows.as_primitive_opt::<Int64Type>()?.value(at)).ok()?,
        bytes: sum(bytes)?,
        bytes_back: sum(back)?,
        first: time(first)?,
        last: time(last)?,
    };
    Some((pair, told))
}
