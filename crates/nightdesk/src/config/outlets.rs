//! Outlets beside the packet filter of `[edge]`, each a table that may stand as often as needed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::section::section;

/// What a zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ZoneUse {
    /// A blocklist.
    Dnsbl,
    /// A response policy zone.
    Rpz,
}

section! {
    /// A zone that names contained lines. It stops no traffic: a line that stands nowhere else is not contained.
    Zone {
        /// How it is called in the log and on the pages; absent: the zone's own name.
        name: Option<String> = None;
        /// dnsbl: a blocklist as rbldnsd serves it (a combined dataset). rpz: a response policy zone that leads whatever a
        /// line asks its resolver for to the garden.
        kind: ZoneUse = ZoneUse::Dnsbl;
        /// The zone's own name, such as "bl.example.net". Required.
        zone: String = String::new();
        /// The file the name server reads. It is written whole, beside its place, and renamed into it. Required.
        file: PathBuf = PathBuf::new();
        /// What makes the name server read it, such as ["unbound-control", "auth_zone_reload", "rpz.nightdesk"]; empty:
        /// it looks by itself, as rbldnsd does.
        reload: Vec<String> = Vec::new();
        /// The name server, which is asked whether it serves what was written. Required.
        server: Option<SocketAddr> = None;
        /// Addresses that names lead to in a response policy zone.
        garden: Vec<IpAddr> = Vec::new();
        /// Off: the log says what would be written, and nothing is.
        live: bool = false;
    }
}

/// What an access server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SessionChange {
    /// To change the session where it is.
    Coa,
    /// To end it.
    Disconnect,
}

section! {
    /// An access server that leads a line's session into a walled garden (RFC 5176). The whole line is led there: it is used
    /// only for lines that no live outlet with a finer hand serves.
    AccessServer {
        /// How it is called in the log and on the pages; absent: its address.
        name: Option<String> = None;
        /// Where it takes requests, such as 192.0.2.1:3799. Required.
        server: Option<SocketAddr> = None;
        /// The file whose first line is the shared secret. Required.
        secret_file: PathBuf = PathBuf::new();
        /// The prefixes of the lines it serves; empty: all of home.
        lines: Vec<ipnet::IpNet> = Vec::new();
        /// coa: the session gets another filter where it is. disconnect: it is ended, and your authentication server gives
        /// it that filter at the next login.
        action: SessionChange = SessionChange::Coa;
        /// The Filter-Id of a contained line; nothing else may use it: a session under it that nothing planned explains is
        /// put back under the usual one. Its accounting must report the filter, to leases.radius: that alone is proof.
        garden: String = "nightdesk-garden".to_owned();
        /// The Filter-Id of any other line.
        usual: String = String::new();
        /// Off: the log says what would be asked, and nothing is.
        live: bool = false;
    }
}

section! {
    /// Commands for people to carry out on a router that nightdesk has no hand on. They stop no traffic by themselves.
    Router {
        /// How it is called, and its files in dir: NAME.todo is what to type, with what to take away first; whoever has
        /// carried it out renames it to NAME.done. Required.
        name: String = String::new();
        /// Its words: ios, junos, routeros or eos.
        dialect: edge::Dialect = edge::Dialect::Ios;
        /// The folder for the files. Required.
        dir: PathBuf = PathBuf::new();
        /// Off: the log says what would be written, and nothing is.
        live: bool = false;
    }
}

/// What a BGP speaker announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Routes {
    /// Host routes to nowhere.
    Rtbh,
    /// Filters.
    Flowspec,
}

section! {
    /// A BGP speaker that announces routes for us, and the router that must show them.
    Bgp {
        /// How it is called in the log and on the pages; absent: rtbh or flowspec.
        name: Option<String> = None;
        /// flowspec: filters that discard one port of one line (RFC 8955). rtbh: host routes with the BLACKHOLE community
        /// (RFC 7999): the whole line goes silent; used only for lines that no live outlet with a finer hand serves.
        routes: Routes = Routes::Flowspec;
        /// The gRPC API of a GoBGP, version 3 or 4, such as "http://127.0.0.1:50051".
        gobgp: Option<String> = None;
        /// Or the pipes of an ExaBGP, without .in and .out, such as "/run/exabgp/exabgp".
        exabgp: Option<PathBuf> = None;
        /// Your AS number and a number of yours that nothing else uses: the large communities AS:number:since and
        /// AS:(number + 1):until mark our routes, such as "64500:6667". Routes without them are never touched. Required.
        mark: String = String::new();
        /// More communities for every route, such as ["64500:666"]; NO_EXPORT always stands there, and BLACKHOLE at rtbh.
        communities: Vec<String> = Vec::new();
        /// Where a blackholed IPv4 host leads: an address your routers discard.
        next_hop: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
        /// The same for IPv6 (RFC 6666).
        next_hop6: Ipv6Addr = Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 1);
        /// How birdc is called at a neighbour whose tables must show the routes, such as
        /// ["ssh", "core1", "birdc", "-r"]. Without it nothing counts as in force: that the speaker took a route is no
        /// proof that a router has it. One of birdc and vtysh is required with live.
        birdc: Vec<String> = Vec::new();
        /// The same for FRR, such as ["ssh", "core1", "sudo", "vtysh"].
        vtysh: Vec<String> = Vec::new();
        /// Off: the log says what would be announced, and nothing is.
        live: bool = false;
    }
}
