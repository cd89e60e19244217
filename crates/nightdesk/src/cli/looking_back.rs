//! What is asked of the flows on disk.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use jiff::Timestamp;

use super::Json;

/// How a table is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Shown {
    /// Print one JSON object per line on stdout.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print a CSV with a header on stdout.
    #[arg(long)]
    pub(crate) csv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Exposure {
    /// Who scanned.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) scanner: IpAddr,
    /// Who was scanned: an address stands for its /24 (IPv6: /64), or name a prefix.
    #[arg(long, value_name = "ADDRESS[/LENGTH]", value_parser = neighbourhood)]
    pub(crate) victim: IpNet,
    /// When the scan was seen, such as 2026-11-23T02:14:07Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Timestamp,
    /// How long before and after that it is looked for.
    #[arg(long, value_name = "LENGTH", default_value = "1h")]
    pub(crate) window: crate::config::Span,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// A time that is looked back at.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LookBack {
    /// From when, such as 2026-11-23T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// To when; now by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct WhoTalksTo {
    /// The outside address.
    #[arg(value_name = "PEER")]
    pub(crate) peer: IpAddr,
    /// The last week when not given.
    #[command(flatten)]
    pub(crate) time: LookBack,
    /// How many of our addresses are listed at most, the earliest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct HeaviestOf {
    /// The last day when not given. Hours are counted whole.
    #[command(flatten)]
    pub(crate) time: LookBack,
    /// How many conversations are listed at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// One of our addresses.
    pub(crate) address: IpAddr,
    /// The last day when not given.
    #[command(flatten)]
    pub(crate) time: LookBack,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
#[command(after_help = "Tables: flows, by_home, by_peer. Addresses: home = ip('203.0.113.7'), \
    in_net(peer, '198.51.100.0/24'), text(home). See DESCRIBE flows.")]
pub(crate) struct Sql {
    /// One statement that only reads.
    #[arg(value_name = "QUERY")]
    pub(crate) query: String,
    /// How many rows are printed at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Import flows from logs, captures and files: Zeek, Argus, nfdump, pcap and more.
    Import {
        /// The files; what each is shows in its content.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
}

/// Reads an address, which stands for its neighbourhood, or a prefix.
fn neighbourhood(text: &str) -> Result<IpNet, String> {
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc());
    }
    let address: IpAddr =
        text.parse().map_err(|_| format!("{text:?} is no address; write 203.0.113.20 or 203.0.113.0/24"))?;
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map(|net| net.trunc()).map_err(|error| error.to_string())
}
