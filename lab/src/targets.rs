//! Real proxies and mail servers on one line, each open, shut or harmless, and what `nightdesk check` makes of every one;
//! nmap's scripts and, where `LAB_LIBOPM` names its build, libopm beside it on the same targets in the same run.
//!
//! They are the programs that people run, as Debian packages them. What is asked of the check: each open one proved, with
//! the address it comes out at; no other called open; and how long it took. `LAB_STREET` names a folder of scripts that
//! put further targets into namespaces of their own: see [`lent`].

mod landing;
mod lent;
mod mail_servers;
mod rivals;
mod street;
mod table;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::net::Namespace;
use crate::nightdesk::Nightdesk;
use crate::{net, step};
use street::Street;
use table::Table;

/// Where the targets are.
const LINE: &str = "203.0.113.66";
/// Where some of them let their connections out.
const EXIT: &str = "203.0.113.77";
/// Where the desk is, and its landing.
const DESK: &str = "198.51.100.1";
/// Where the others' landing is.
const OTHERS: &str = "198.51.100.3";

/// What a target is in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// Open to strangers.
    Open,
    /// The same program, and not for us.
    Shut,
    /// Neither, though it has been taken for one.
    Harmless,
}

/// What it would be if it were open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Proxy,
    Relay,
}

/// One port.
#[derive(Debug, Clone, Copy)]
struct Target {
    name: &'static str,
    kind: Kind,
    truth: Truth,
    port: u16,
    /// Where it comes out, where it is open.
    exit: &'static str,
}

/// Some targets behind one address, and those who look at them.
struct Scene<'a> {
    /// Where the lookers are.
    desk: &'a Namespace,
    /// The address of the targets.
    line: &'a str,
    /// The resolver that knows `others`.
    resolver: &'a str,
    /// Where the others' landing is: its address, and the name of its page.
    others: (&'a str, &'a str),
    targets: &'a [Target],
}

/// Programs this story needs beside those of the others.
const NEEDED: [(&str, &str); 11] = [
    ("danted", "dante-server"),
    ("squid", "squid"),
    ("privoxy", "privoxy"),
    ("haproxy", "haproxy"),
    ("nginx", "nginx-light"),
    ("stunnel4", "stunnel4"),
    ("socat", "socat"),
    ("redis-server", "redis-server"),
    ("dnsmasq", "dnsmasq-base"),
    ("openssl", "openssl"),
    ("nmap", "nmap"),
];

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&NEEDED)?;
    let dir = net::folder()?;
    let ours = on_our_street(dir.path())?;
    let theirs = match std::env::var_os("LAB_STREET") {
        Some(scripts) => Some(lent::look(Path::new(&scripts), dir.path())?),
        None => None,
    };
    let mut tables = vec![("our own targets", ours)];
    tables.extend(theirs.map(|table| ("the lent targets", table)));
    for (whose, table) in &tables {
        step(&format!("of {whose}:"));
        table.print_sums();
    }
    let wrong: Vec<String> = tables.iter().flat_map(|(_, table)| table.wrong()).collect();
    ensure!(wrong.is_empty(), "{} verdicts are wrong: {}", wrong.len(), wrong.join("; "));
    Ok(())
}

/// Whether `LAB_PORTS`, a list with commas, names its port; all are looked at where it is not set.
fn is_wanted(target: &Target) -> bool {
    let ports = std::env::var("LAB_PORTS").unwrap_or_default();
    ports.is_empty() || ports.split(',').any(|port| port == target.port.to_string())
}

fn on_our_street(dir: &Path) -> Result<Table> {
    let (desk, line) = (Namespace::new("desk")?, Namespace::new("street")?);
    net::cable((&desk, "d0", "198.51.100.1/24"), (&line, "s0", "203.0.113.66/24"))?;
    desk.ip("route add 203.0.113.0/24 dev d0")?;
    desk.ip(&format!("addr add {OTHERS}/24 dev d0"))?;
    line.ip("route add 198.51.100.0/24 dev s0")?;
    line.ip(&format!("addr add {EXIT}/24 dev s0"))?;
    let street = Street::open(&desk, &line, dir)?;
    let nightdesk = Nightdesk::configure(&desk, dir, &config(dir))?;
    let scene = Scene {
        desk: &desk,
        line: LINE,
        resolver: DESK,
        others: (OTHERS, "others.example.net"),
        targets: &street.targets,
    };
    table::look(&nightdesk, &scene, dir)
}

fn config(dir: &Path) -> String {
    format!(
        "home = [\"203.0.113.0/24\"]\ndata_dir = \"{}/data\"\n\n\
         [intake]\nsmtp = \"{DESK}:2500\"\nrecipients = [\"abuse@example.net\"]\nhostname = \"desk.example.net\"\n\n\
         [probe]\nlanding = [\"{DESK}:80\", \"{DESK}:443\", \"{DESK}:25\", \"{DESK}:6667\"]\n\
         landing_name = \"landing.example.net\"\nlanding_domain = \"tests.example.net\"\n\
         name = \"Example Net abuse desk\"\ndeadline = \"10s\"\nrelay_deadline = \"40s\"\n\n\
         [edge]\noutlet = \"dry-run\"\n",
        dir.display()
    )
}
