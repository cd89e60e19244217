//! What is recorded of a run, at the router's leg to the world: the flows as three real softflowd export them, the
//! datagrams that carried them, and the traffic itself.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::network::Network;
use crate::patience::until;
use crate::peers::Peer;

/// One softflowd and the nfcapd that takes its datagrams.
struct Kind {
    /// The folder of its files, and the word in the names of its programs.
    name: &'static str,
    port: &'static str,
    version: &'static [&'static str],
    /// After so many seconds a connection that lasts is told of, and told of again: fragments to be put together.
    longest: &'static str,
    /// How nfcapd packs its blocks: each another way, so that readers of its files meet all of them.
    packing: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind { name: "v9", port: "2055", version: &["-v", "9"], longest: "maxlife=60", packing: &[] },
    Kind { name: "v5", port: "2056", version: &["-v", "5"], longest: "maxlife=120", packing: &["-z"] },
    Kind {
        name: "ipfix",
        port: "2057",
        version: &["-v", "10", "-A", "milli"],
        longest: "maxlife=30",
        packing: &["-y"],
    },
];

/// How often nfcapd begins a new file, in seconds: a minute's files tell what was known when.
pub(crate) const ROTATION: u64 = 60;

/// Idle times after which softflowd tells of a flow, in seconds. Its own defaults (an hour for TCP) are for fewer
/// records; operators of abuse desks shorten them.
const TIMEOUTS: [&str; 7] =
    ["tcp=30", "tcp.fin=5", "tcp.rst=5", "udp=20", "icmp=10", "general=30", "expint=5"];

/// Everybody who records.
pub(crate) struct Recorders {
    // In the order in which they are to end: nobody exports any more when the collectors go.
    exporters: Vec<Peer>,
    captures: Vec<Peer>,
    collectors: Vec<Peer>,
}

impl Recorders {
    /// Starts them; what they write goes to `out`, what they say to `dir`.
    pub(crate) fn start(network: &Network, out: &Path, dir: &Path) -> Result<Recorders> {
        let mut recorders = Recorders { exporters: Vec::new(), captures: Vec::new(), collectors: Vec::new() };
        for kind in &KINDS {
            recorders.collectors.push(collector(network, kind, out, dir)?);
        }
        let ports = ["udp", "and", "dst", "portrange", "2055-2057"];
        let (exports, traffic) = (out.join("exports.pcap"), out.join("traffic.pcap"));
        recorders.captures.push(capture(
            network,
            "exports",
            &["-i", "lo", "-s", "0"],
            &exports,
            &ports,
            dir,
        )?);
        recorders.captures.push(capture(network, "traffic", &["-i", "r0", "-s", "96"], &traffic, &[], dir)?);
        for kind in &KINDS {
            recorders.exporters.push(exporter(network, kind, dir)?);
        }
        until("every recorder is at work", Duration::from_secs(15), || {
            let waiting = recorders.captures.iter().any(|capture| !capture.said().contains("listening on"));
            Ok((!waiting).then_some(()))
        })?;
        Ok(recorders)
    }

    /// Has everything written down and ends them.
    pub(crate) fn end(mut self, network: &Network, dir: &Path) -> Result<()> {
        for peer in self.exporters.iter_mut().chain(&mut self.captures).chain(&mut self.collectors) {
            peer.still_runs()?;
        }
        for kind in &KINDS {
            // Asked to end alone, softflowd forgets a part of the flows that are still going on.
            let control = text(&dir.join(format!("{}.ctl", kind.name)))?;
            network.router.run(&["softflowctl", "-c", &control, "expire-all"])?;
        }
        // What softflowd has sent must have been taken before those who take it are asked to end.
        for peer in self.exporters.iter_mut().chain(&mut self.captures).chain(&mut self.collectors) {
            peer.stop()?;
        }
        Ok(())
    }
}

fn exporter(network: &Network, kind: &Kind, dir: &Path) -> Result<Peer> {
    let (pid, control) =
        (text(&dir.join(format!("{}.pid", kind.name)))?, text(&dir.join(format!("{}.ctl", kind.name)))?);
    let to = format!("127.0.0.1:{}", kind.port);
    let mut words = vec!["softflowd", "-d", "-i", "r0", "-n", &to, "-c", &control, "-p", &pid, "-T", "full"];
    words.extend(kind.version);
    for timeout in TIMEOUTS.iter().chain([&kind.longest]) {
        words.extend(["-t", timeout]);
    }
    Peer::start(&network.router, &format!("softflowd-{}", kind.name), &words, dir)
}

fn collector(network: &Network, kind: &Kind, out: &Path, dir: &Path) -> Result<Peer> {
    let folder = out.join(kind.name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (folder, rotation) = (text(&folder)?, ROTATION.to_string());
    let mut words =
        vec!["env", "TZ=UTC", "nfcapd", "-w", &folder, "-b", "127.0.0.1", "-p", kind.port, "-t", &rotation];
    words.extend(kind.packing);
    Peer::start(&network.router, &format!("nfcapd-{}", kind.name), &words, dir)
}

fn capture(
    network: &Network,
    name: &str,
    options: &[&str],
    file: &Path,
    filter: &[&str],
    dir: &Path,
) -> Result<Peer> {
    let file = text(file)?;
    // Without -Z it gives up root's rights and cannot write where it is told to.
    let mut words = vec!["tcpdump", "-n", "-Z", "root", "-B", "8192", "-w", &file];
    words.extend(options);
    words.extend(filter);
    Peer::start(&network.router, &format!("tcpdump-{name}"), &words, dir)
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).with_context(|| format!("{} is no plain name", path.display()))
}
