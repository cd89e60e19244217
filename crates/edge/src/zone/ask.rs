//! Asking the name server what it serves now.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use case::RuleKey;
use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;

use super::text::canary;
use super::{ZoneConfig, ZoneKind};
use crate::round::Kept;

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(1);

/// The largest answer over UDP without EDNS (RFC 1035 section 4.2.1); ours are far smaller.
const LARGEST: usize = 512;

/// Whether the server serves the zone with this serial number. One that does not answer does not.
pub(super) async fn has_loaded(config: &ZoneConfig, serial: u32) -> bool {
    let told = match config.kind {
        ZoneKind::Dnsbl => ask(config.server, &config.zone, RecordType::SOA).await,
        ZoneKind::Rpz => ask(config.server, &canary(&config.zone), RecordType::TXT).await,
    };
    told.iter().any(|data| match data {
        RData::SOA(soa) => soa.serial == serial,
        RData::TXT(txt) => txt.txt_data.iter().any(|part| **part == *serial.to_string().as_bytes()),
        _ => false,
    })
}

/// Which of `wanted` the server shows. A blocklist is asked for every address; a policy only shows to the line itself,
/// and has been loaded as a whole.
pub(super) async fn shown(config: &ZoneConfig, wanted: &[Kept]) -> BTreeSet<RuleKey> {
    let keys = || wanted.iter().map(|kept| kept.rule.key);
    if config.kind == ZoneKind::Rpz {
        return keys().collect();
    }
    let mut listed = BTreeSet::new();
    for address in keys().map(|key| key.address).collect::<BTreeSet<IpAddr>>() {
        let name = format!("{}.{}", backwards(address), config.zone);
        if ask(config.server, &name, RecordType::A).await.iter().any(|data| matches!(data, RData::A(_))) {
            listed.insert(address);
        }
    }
    keys().filter(|key| listed.contains(&key.address)).collect()
}

/// An address as a blocklist is asked for it (RFC 5782 sections 2.1 and 2.4).
fn backwards(address: IpAddr) -> String {
    let parts: Vec<String> = match address {
        IpAddr::V4(v4) => v4.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(v6) => v6.octets().iter().rev().map(|o| format!("{:x}.{:x}", o & 15, o >> 4)).collect(),
    };
    parts.join(".")
}

/// One question over UDP; no answer in time, or none that fits the question, is no data.
async fn ask(server: SocketAddr, name: &str, kind: RecordType) -> Vec<RData> {
    let asked = async {
        let name = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).ok()?;
        let mut question = Message::query();
        question.add_query(Query::query(name, kind));
        question.metadata.recursion_desired = true;
        let from: SocketAddr = if server.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(from).await.ok()?;
        socket.connect(server).await.ok()?;
        socket.send(&question.to_vec().ok()?).await.ok()?;
        let mut buffer = [0; LARGEST];
        let length = socket.recv(&mut buffer).await.ok()?;
        let answer = Message::from_vec(buffer.get(..length)?).ok()?;
        (answer.metadata.id == question.metadata.id).then_some(answer)
    };
    let answer = tokio::time::timeout(DEADLINE, asked).await.ok().flatten();
    answer.into_iter().flat_map(|answer| answer.answers).map(|record| record.data).collect()
}
