//! The network of a run.
//!
//! ```text
//!   world: 192.0.2.0/24 and         router                      lines 198.51.100.0/24
//!   all of 198.18.0.0/15 and   w0 ── r0   br0 .1 ── p<n>  l0 ── one namespace for each line
//!   203.0.113.0/24             where all is seen and exported
//! ```

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::addresses::{GATEWAY, OUTSIDE, RESOLVER, TIME, TRACKER};
use super::plan::Line;
use crate::net::{Namespace, cable};

/// The world, the router, and every line.
pub(crate) struct Network {
    pub(crate) world: Namespace,
    pub(crate) router: Namespace,
    lines: Vec<Namespace>,
    // After the namespaces: programs in them read it.
    _resolvers: Vec<ResolvConf>,
}

impl Network {
    /// Lays it.
    pub(crate) fn lay(lines: &[Line]) -> Result<Network> {
        let (world, router) = (Namespace::new("world")?, Namespace::new("router")?);
        cable((&world, "w0", "192.0.2.2/24"), (&router, "r0", "192.0.2.1/24"))?;
        world.ip("route add default via 192.0.2.1")?;
        one_packet_at_a_time(&world, "w0")?;
        for address in [RESOLVER, TIME, TRACKER] {
            world.ip(&format!("addr add {address}/32 dev w0"))?;
        }
        for network in OUTSIDE {
            // Every address of it is the world's own, without being put on an interface one by one.
            world.ip(&format!("route add local {network} dev lo"))?;
            router.ip(&format!("route add {network} via 192.0.2.2"))?;
        }
        router.ip("link add br0 type bridge")?;
        router.ip(&format!("addr add {GATEWAY}/24 dev br0"))?;
        router.ip("link set br0 up")?;
        router.forward()?;
        let mut network =
            Network { _resolvers: vec![ResolvConf::write(&world)?], world, router, lines: Vec::new() };
        for line in lines {
            let namespace = network.connect(line)?;
            network.lines.push(namespace);
        }
        Ok(network)
    }

    /// The namespace of a line.
    pub(crate) fn of(&self, line: &Line) -> Result<&Namespace> {
        self.lines.get(line.number).context("a line without a network")
    }

    fn connect(&mut self, line: &Line) -> Result<Namespace> {
        let namespace = Namespace::new(&format!("line{}", line.number))?;
        let port = format!("p{}", line.number);
        let router = self.router.name();
        namespace.ip(&format!("link add l0 type veth peer name {port} netns {router}"))?;
        one_packet_at_a_time(&namespace, "l0")?;
        namespace.ip(&format!("addr add {}/24 dev l0", line.address))?;
        namespace.ip("link set l0 up")?;
        namespace.ip(&format!("route add default via {GATEWAY}"))?;
        self.router.ip(&format!("link set {port} master br0"))?;
        self.router.ip(&format!("link set {port} up"))?;
        self._resolvers.push(ResolvConf::write(&namespace)?);
        Ok(namespace)
    }
}

/// A host behind the router of a household: what it sends leaves with the address of the line.
pub(crate) fn behind(line: &Namespace, name: &str) -> Result<Namespace> {
    let host = Namespace::new(name)?;
    cable((&host, "h0", "192.168.7.2/24"), (line, "lan0", "192.168.7.1/24"))?;
    one_packet_at_a_time(&host, "h0")?;
    host.ip("route add default via 192.168.7.1")?;
    translate(line)?;
    Ok(host)
}

/// Has a line pass on what comes to it from elsewhere, as coming from itself.
pub(crate) fn translate(line: &Namespace) -> Result<()> {
    line.forward()?;
    line.run(&["nft", "add table ip lab"])?;
    line.run(&["nft", "add chain ip lab out { type nat hook postrouting priority 100; }"])?;
    line.run(&["nft", "add rule ip lab out oifname l0 masquerade"]).map(drop)
}

/// Has an interface send real packets instead of up to 64 KiB at once, which no exporter on a real link would count.
pub(crate) fn one_packet_at_a_time(namespace: &Namespace, interface: &str) -> Result<()> {
    namespace.ip(&format!("link set {interface} gso_max_segs 1"))
}

/// Where names are looked up in a namespace (`ip netns exec` puts it in the place of the system's).
pub(crate) struct ResolvConf(PathBuf);

impl ResolvConf {
    pub(crate) fn write(namespace: &Namespace) -> Result<ResolvConf> {
        let folder = Path::new(crate::net::RESOLVERS).join(namespace.name());
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let written = ResolvConf(folder);
        fs::write(
            written.0.join("resolv.conf"),
            format!("nameserver {RESOLVER}\noptions timeout:2 attempts:1\n"),
        )?;
        Ok(written)
    }
}

impl Drop for ResolvConf {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("lab: {} could not be removed: {error}", self.0.display());
        }
    }
}

/// A tunnel's two inner addresses, far and near, for the tunnel of a line.
pub(crate) fn tunnel_ends(line: &Line) -> (Ipv4Addr, Ipv4Addr) {
    let net = u8::try_from(line.number).unwrap_or(u8::MAX);
    (Ipv4Addr::new(10, 66, net, 1), Ipv4Addr::new(10, 66, net, 2))
}
