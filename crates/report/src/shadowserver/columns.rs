//! Where in a row the things are that a claim is made of.

use crate::reading::Role;
use crate::table::Header;

use super::types::Type;

/// Every name a column of the network's own address has had.
pub(super) const ADDRESSES: [&str; 6] =
    ["ip", "src_ip", "dst_ip", "http_referer_ip", "ip_address", "attacker_ip"];
/// The same for its port.
const PORTS: [&str; 2] = ["port", "src_port"];

/// Which cell is what.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) time: usize,
    pub(super) address: usize,
    pub(super) port: Option<usize>,
    pub(super) protocol: Option<usize>,
    pub(super) url: Option<usize>,
    /// The host that a path in `url` belongs to.
    pub(super) host: Option<usize>,
    pub(super) tag: Option<usize>,
    pub(super) malware: Vec<usize>,
    /// The second address of a row and its port.
    pub(super) also: Option<(usize, Option<usize>)>,
    pub(super) count: usize,
    /// What all of them are called.
    pub(super) names: Vec<String>,
}

impl Columns {
    /// Finds them; None when there is no address or no time. A type that was renamed may come with the columns it had
    /// then (`ip` for what is now `src_ip`).
    pub(super) fn of(header: &Header, known: &Type) -> Option<Columns> {
        let stated = known.address?;
        let address =
            header.column(stated).or_else(|| ADDRESSES.iter().find_map(|name| header.column(name)))?;
        let own = |name: &str| header.column(name).filter(|_| name != "-");
        let port = own(known.port).or_else(|| {
            // A type with src_port has a target's port as well, and `port` may have been either.
            PORTS
                .iter()
                .find_map(|name| header.column(name))
                .filter(|_| !header.has("dst_ip") || header.has("ip"))
        });
        let also = known.also.as_ref().and_then(|also| {
            let second = header.column(also.address).filter(|&second| second != address)?;
            Some((second, header.column(also.port)))
        });
        Some(Columns {
            time: header.column("timestamp")?,
            address,
            port,
            protocol: header.column("protocol"),
            // In other types it is what the infected machine asked a sinkhole for.
            url: header.column("url").filter(|_| hosts(known)),
            host: header.column("http_host"),
            tag: header.column("tag"),
            malware: known.malware.iter().filter_map(|name| header.column(name)).collect(),
            also,
            count: header.names().len(),
            names: header.names().iter().map(ToString::to_string).collect(),
        })
    }
}

/// Whether the accused host is one that has the URL of a row.
fn hosts(known: &Type) -> bool {
    known.role == Role::WebHost || known.name.starts_with("compromised_website")
}
