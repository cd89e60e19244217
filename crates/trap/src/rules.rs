//! Routes and packet filter rules that bring whole prefixes to the engine, in tables of their own.
//!
//! The prefixes become local by a route of type `local` in a routing table of our own (AnyIP); the packet filter hands
//! their packets to our sockets as they are (TPROXY, Documentation/networking/tproxy.rst of the kernel). It also drops
//! what a trap address would begin, so that a fault of ours cannot reach a third party either.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use ipnet::IpNet;
use thiserror::Error;

/// Our table of the packet filter.
const TABLE: &str = "nightdesk_traps";
/// Our routing table: nobody's number in iproute2's rt_tables, and ours alone.
const ROUTES: &str = "1853";
/// Before the main table (32766), after the local one (0).
const PREFERENCE: &str = "1853";
/// Answers to datagrams, from all traps together, each second.
const UDP_ANSWERS: u32 = 200;
/// Answers to pings and what else the kernel says by ICMP, each second.
const ICMP_ANSWERS: u32 = 500;

/// What brings packets to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    v4: Vec<IpNet>,
    v6: Vec<IpNet>,
    port: Option<u16>,
}

/// Why rules could not be set up.
#[derive(Debug, Error)]
pub enum RulesError {
    /// A program could not be run.
    #[error("cannot run {program}: {source}; install it (Debian: iproute2, nftables)")]
    NoProgram {
        /// Which.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It said no.
    #[error("`{command}` failed: {said}; traps need root or CAP_NET_ADMIN")]
    Refused {
        /// The command.
        command: String,
        /// What it said.
        said: String,
    },
}

impl Rules {
    /// For the stateful engine: every TCP and UDP port of the prefixes goes to `port` of ours on the loopback.
    #[must_use]
    pub fn to_port(prefixes: &[IpNet], port: u16) -> Rules {
        Rules { port: Some(port), ..Rules::silent(prefixes) }
    }

    /// For the stateless engine: the kernel itself leaves the prefixes alone.
    #[must_use]
    pub fn silent(prefixes: &[IpNet]) -> Rules {
        let (v4, v6) =
            IpNet::aggregate(&prefixes.to_vec()).into_iter().partition(|net| matches!(net, IpNet::V4(_)));
        Rules { v4, v6, port: None }
    }

    /// The commands of `ip` that set the routes up.
    #[must_use]
    pub fn routes(&self) -> Vec<String> {
        // The stateless engine sees packets before they are routed.
        let routed = if self.port.is_some() { &[(&self.v4, "-4"), (&self.v6, "-6")][..] } else { &[] };
        let mut all = Vec::new();
        for (nets, family) in routed {
            for net in *nets {
                all.push(format!("ip {family} route replace local {net} dev lo table {ROUTES}"));
                all.push(format!("ip {family} rule add to {net} lookup {ROUTES} preference {PREFERENCE}"));
            }
        }
        all
    }

    /// The script for `nft -f`; run again, it replaces what it made.
    #[must_use]
    pub fn script(&self) -> String {
        let mut text = format!("table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n");
        for (name, kind, nets) in [("traps4", "ipv4_addr", &self.v4), ("traps6", "ipv6_addr", &self.v6)] {
            let elements = nets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let elements =
                if nets.is_empty() { String::new() } else { format!("elements = {{ {elements} }}; ") };
            add(&mut text, format_args!("  set {name} {{ type {kind}; flags interval; {elements}}}"));
        }
        // Raw comes before connection tracking: a sweep must not fill that table.
        add(
            &mut text,
            format_args!(
                "  chain untracked {{\n    type filter hook prerouting priority raw; policy accept;"
            ),
        );
        for (family, set) in [("ip", "traps4"), ("ip6", "traps6")] {
            // A trap never talks with a trap.
            add(&mut text, format_args!("    {family} saddr @{set} {family} daddr @{set} drop"));
            let fate = if self.port.is_some() { "notrack" } else { "drop" };
            add(&mut text, format_args!("    {family} daddr @{set} {fate}"));
        }
        text.push_str("  }\n");
        if let Some(port) = self.port {
            inbound(&mut text, port);
            outbound(&mut text);
        }
        text.push_str("}\n");
        text
    }

    /// All of it as a shell script, for whoever wants to set it up by hand.
    #[must_use]
    pub fn as_shell(&self) -> String {
        let routes = self.routes().into_iter().map(|line| line + "\n").collect::<String>();
        format!("{routes}nft -f - <<'END'\n{}END\n", self.script())
    }

    /// Sets everything up; what comes back takes it away when dropped.
    ///
    /// # Errors
    /// When `ip` or `nft` are missing or refuse; what was set up by then is taken away.
    pub fn install(&self) -> Result<Installed, RulesError> {
        // What a killed run has left behind would be doubled.
        Installed::forget(self);
        let installed = Installed { rules: self.clone() };
        for route in self.routes() {
            run(&route, None)?;
        }
        run("nft -f -", Some(&self.script()))?;
        Ok(installed)
    }
}

/// Rules in force; dropping it takes them away.
#[derive(Debug)]
pub struct Installed {
    rules: Rules,
}

impl Installed {
    fn forget(rules: &Rules) {
        let families = [("-4", &rules.v4), ("-6", &rules.v6)];
        let filter = format!("nft delete table inet {TABLE}");
        let mut commands = vec![filter];
        for (family, nets) in families.into_iter().filter(|(_, nets)| !nets.is_empty()) {
            let rules = nets.iter();
            commands.extend(rules.map(|net| format!("ip {family} rule del to {net} lookup {ROUTES}")));
            commands.push(format!("ip {family} route flush table {ROUTES}"));
        }
        for command in commands {
            // Mostly it is not there; what else is wrong shows when it is set up.
            if let Err(error) = run(&command, None) {
                tracing::trace!(%error, "nothing to take away");
            }
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        Installed::forget(&self.rules);
    }
}

/// To our sockets, on every port.
fn inbound(text: &mut String, port: u16) {
    add(text, format_args!("  chain in {{\n    type filter hook prerouting priority mangle; policy accept;"));
    for (family, set, own) in [("ip", "traps4", "127.0.0.1"), ("ip6", "traps6", "[::1]")] {
        let to = format!("tproxy {family} to {own}:{port} accept");
        add(text, format_args!("    {family} daddr @{set} meta l4proto {{ tcp, udp }} {to}"));
    }
    text.push_str("  }\n");
}

/// Answers alone, and few of those that a forged source could send elsewhere.
fn outbound(text: &mut String) {
    add(text, format_args!("  chain out {{\n    type filter hook output priority raw; policy accept;"));
    for (family, set, icmp) in [("ip", "traps4", "icmp"), ("ip6", "traps6", "ipv6-icmp")] {
        // No connection begins at a trap: a first packet has SYN and not ACK.
        add(text, format_args!("    {family} saddr @{set} tcp flags & (syn | ack) == syn drop"));
        for (protocol, most) in [("udp", UDP_ANSWERS), (icmp, ICMP_ANSWERS)] {
            let over = format!("meta l4proto {protocol} limit rate over {most}/second drop");
            add(text, format_args!("    {family} saddr @{set} {over}"));
        }
        add(text, format_args!("    {family} saddr @{set} notrack"));
    }
    text.push_str("  }\n");
}

fn add(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _always = writeln!(text, "{line}").is_ok();
}

/// Runs one command to its end, with `input` on its standard input.
fn run(command: &str, input: Option<&str>) -> Result<(), RulesError> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let no_program = |source| RulesError::NoProgram { program: program.to_owned(), source };
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    let mut child = Command::new(program)
        .args(words)
        .env("LC_ALL", "C")
        .env("PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_program)?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A program that stops reading says why by its exit status.
        let _said_otherwise = stdin.write_all(input.as_bytes()).is_ok();
    }
    let output = child.wait_with_output().map_err(no_program)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
    Err(RulesError::Refused { command: command.to_owned(), said })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().expect("a prefix")).collect()
    }

    #[test]
    fn both_families_are_brought_to_the_port_and_nothing_begins_at_a_trap() {
        let rules = Rules::to_port(&nets(&["198.51.100.0/28", "198.51.100.16/28", "2001:db8:5::/64"]), 4000);
        let script = rules.script();
        assert!(script.contains("elements = { 198.51.100.0/27 }"), "{script}");
        assert!(
            script.contains("ip daddr @traps4 meta l4proto { tcp, udp } tproxy ip to 127.0.0.1:4000 accept")
        );
        assert!(
            script.contains("ip6 daddr @traps6 meta l4proto { tcp, udp } tproxy ip6 to [::1]:4000 accept")
        );
        assert!(script.contains("ip saddr @traps4 tcp flags & (syn | ack) == syn drop"));
        assert_eq!(rules.routes().len(), 4);
    }

    #[test]
    fn the_stateless_engine_has_the_kernel_keep_quiet() {
        let rules = Rules::silent(&nets(&["198.51.100.0/24"]));
        assert!(rules.routes().is_empty());
        assert!(rules.script().contains("ip daddr @traps4 drop"));
        assert!(!rules.script().contains("tproxy"));
    }
}
