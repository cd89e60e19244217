//! Which of our addresses talked with an outside one.

use std::net::IpAddr;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{Int64Type, TimestampMillisecondType, UInt16Type, UInt64Type};
use flow::Millis;
use serde::Serialize;

use crate::address::address;
use crate::error::LakeError;
use crate::lake::{Coverage, Lake};
use crate::questions::moment;
use crate::schema::address_number;

/// One of our addresses that talked with the peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Talker {
    /// Our address.
    pub address: IpAddr,
    /// The port of the service, on whichever side fewer ports were used: the peer's or ours. Null when both sides used
    /// many.
    pub port: Option<u16>,
    /// Whether that port is on our side.
    pub serves: bool,
    /// How many records tell of it.
    pub flows: u64,
    /// Bytes that came to our address.
    pub bytes_in: u64,
    /// Bytes that it sent.
    pub bytes_out: u64,
    /// The first packet.
    pub first: Millis,
    /// The last one.
    pub last: Millis,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Talkers {
    /// Who was asked about.
    pub peer: IpAddr,
    /// From when.
    pub since: Millis,
    /// To when.
    pub until: Millis,
    /// Who talked with it, the earliest first.
    pub talkers: Vec<Talker>,
    /// More talked with it than are listed.
    pub more: bool,
    /// How much of the time the lake has flows of.
    pub coverage: Coverage,
}

impl Lake {
    /// Which of our addresses talked with `peer`, at most `most` of them, those who began first.
    ///
    /// # Errors
    /// [`LakeError`] when the question takes too long or too much memory, or the engine fails.
    pub async fn who_talks_to(
        &self,
        peer: IpAddr,
        since: Millis,
        until: Millis,
        most: usize,
    ) -> Result<Talkers, LakeError> {
        let coverage = self.coverage(since, until)?;
        let statement = format!(
            "SELECT home, count(*), sum(bytes_in), sum(bytes_out), min(first), max(last), \
             count(DISTINCT peer_port), min(peer_port), count(DISTINCT home_port), min(home_port) \
             FROM flows WHERE peer = ip('{peer}') AND first BETWEEN {} AND {} \
             GROUP BY home ORDER BY min(first), home LIMIT {}",
            moment(since),
            moment(until),
            most.saturating_add(1)
        );
        let mut talkers = self
            .answer(move |asking| {
                let statement = statement.clone();
                async move {
                    let mut talkers = Vec::new();
                    asking
                        .each(&statement, |batch| {
                            talkers
                                .extend((0..batch.num_rows()).filter_map(|at| talker(batch.columns(), at)));
                            Ok(())
                        })
                        .await?;
                    Ok(talkers)
                }
            })
            .await?;
        let more = talkers.len() > most;
        talkers.truncate(most);
        Ok(Talkers { peer, since, until, talkers, more, coverage })
    }
}

fn talker(columns: &[datafusion::arrow::array::ArrayRef], at: usize) -> Option<Talker> {
    let [home, flows, bytes_in, bytes_out, first, last, peer_ports, peer_port, home_ports, home_port] =
        columns
    else {
        return None;
    };
    let count = |column: &dyn Array| column.as_primitive_opt::<Int64Type>().map(|it| it.value(at));
    let bytes = |column: &dyn Array| column.as_primitive_opt::<UInt64Type>().map(|it| it.value(at));
    let time = |column: &dyn Array| {
        column.as_primitive_opt::<TimestampMillisecondType>().map(|it| Millis(it.value(at)))
    };
    let port = |column: &dyn Array| column.as_primitive_opt::<UInt16Type>().map(|it| it.value(at));
    let (theirs, ours) = (count(peer_ports)?, count(home_ports)?);
    let (their_port, our_port) = (port(peer_port)?, port(home_port)?);
    let serves = ours < theirs || (ours == theirs && our_port < their_port);
    let port = if serves { (ours == 1).then_some(our_port) } else { (theirs == 1).then_some(their_port) };
    Some(Talker {
        address: address(address_number(home.as_fixed_size_binary_opt()?.value(at))),
        port,
        serves,
        flows: u64::try_from(count(flows)?).ok()?,
        bytes_in: bytes(bytes_in)?,
        bytes_out: bytes(bytes_out)?,
        first: time(first)?,
        last: time(last)?,
    })
}
