//! A street that somebody else has built: a folder of scripts, `LAB_STREET`, that put proxies and mail servers into a
//! namespace `tv-t` at 10.9.0.1, with the lookers' namespace `tv-s` at 10.9.0.2 beside it: `00-netns.sh` makes both,
//! `10-`, `12-` and `20-*.sh` start the targets, `99-down.sh` ends everything. What is where, and what is true of it, is
//! the table below.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::table::{self, Table};
use super::{Kind, Scene, Target, Truth};
use crate::net::Namespace;
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;

const LINE: &str = "10.9.0.1";
const EXIT: &str = "10.9.0.9";
const DESK: &str = "10.9.0.2";
/// The landing of the others. One target is forwarded to the desk's own, on port 6667.
const OTHERS: &str = "10.9.0.3";

/// In their order; the last one takes down.
const SCRIPTS: [&str; 4] = ["00-netns.sh", "10-proxies.sh", "12-stunnel-tls12.sh", "20-mtas.sh"];
const DOWN: &str = "99-down.sh";

/// Mail servers that cannot be installed beside Postfix have a root of their own laid over the system's.
const ROOTS: [&str; 2] = ["/opt/ov/exim", "/opt/ov/smtpd"];

/// Ends the street when dropped.
struct Street<'a>(&'a Path);

/// Builds it, looks at all of it, and ends it.
pub(super) fn look(scripts: &Path, dir: &Path) -> Result<Table> {
    let street = Street(scripts);
    let (desk, line) = (Namespace::lent("tv-s"), Namespace::lent("tv-t"));
    let (first, rest) = SCRIPTS.split_first().context("no script")?;
    street.run(first)?;
    let dir = dir.join("lent");
    std::fs::create_dir(&dir)?;
    let _names = Peer::start(&desk, "dnsmasq", &NAMES, &dir)?;
    desk.ip(&format!("addr add {OTHERS}/24 dev tvs0"))?;
    for root in ROOTS {
        lay_over(root)?;
    }
    forget_old_mail()?;
    for script in rest {
        street.run(script)?;
    }
    let targets = targets();
    until("every lent target listens", Duration::from_secs(60), || {
        let listening = line.run(&["ss", "-Hltn"])?;
        let missing = |target: &&Target| !listening.contains(&format!(":{} ", target.port));
        Ok(targets.iter().find(missing).is_none().then_some(()))
    })?;
    let targets: Vec<Target> = targets.into_iter().filter(super::is_wanted).collect();
    let nightdesk = Nightdesk::configure(&desk, &dir, &config(&dir))?;
    let scene =
        Scene { desk: &desk, line: LINE, resolver: DESK, others: (OTHERS, "others.lab"), targets: &targets };
    table::look(&nightdesk, &scene, &dir)
}

impl Street<'_> {
    fn run(&self, script: &str) -> Result<()> {
        let log = std::fs::File::create(std::env::temp_dir().join(format!("lent-{script}.log")))?;
        let status = Command::new("timeout")
            .args(["120", "bash"])
            .arg(self.0.join(script))
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .status()
            .with_context(|| format!("cannot run {script}"))?;
        ensure!(status.success(), "{script} ended with {status}");
        Ok(())
    }
}

impl Drop for Street<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.run(DOWN) {
            eprintln!("lab: the lent street is left standing: {error:#}");
        }
    }
}

/// Lays a root over the system's, as its scripts expect it, where there is one.
fn lay_over(root: &str) -> Result<()> {
    if !Path::new(root).join("u").is_dir() {
        println!("   ({root} is not there: its mail servers are missing)");
        return Ok(());
    }
    let script = format!(
        "mount -t overlay overlay -o lowerdir=/,upperdir={root}/u,workdir={root}/w {root}/m && \
         mount -t proc proc {root}/m/proc && mount --bind /dev {root}/m/dev"
    );
    let output = Command::new("bash").args(["-c", &script]).output()?;
    ensure!(output.status.success(), "{root}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Mail of an earlier run waits in the queues for a landing that was gone, and a destination that failed is left alone for
/// minutes.
fn forget_old_mail() -> Result<()> {
    let script = "rm -rf /var/spool/postfix-tv-* /opt/ov/exim/m/var/spool/exim4/db/* /opt/ov/exim/m/var/spool/exim4/input/*";
    let status = Command::new("bash").args(["-c", script]).status()?;
    ensure!(status.success(), "{script} ended with {status}");
    Ok(())
}

const NAMES: [&str; 12] = [
    "dnsmasq",
    "--no-daemon",
    "--no-hosts",
    "--no-resolv",
    "--listen-address=10.9.0.2",
    "--bind-interfaces",
    "--port=53",
    "--address=/landing.lab/10.9.0.2",
    "--address=/others.lab/10.9.0.3",
    "--address=/check.lab/10.9.0.2",
    "--address=/target.lab/10.9.0.1",
    "--mx-host=tests.lab,landing.lab,10",
];

fn config(dir: &Path) -> String {
    format!(
        "home = [\"{LINE}/32\"]\ndata_dir = \"{}/data\"\n\n\
         [intake]\nsmtp = \"{DESK}:2500\"\nrecipients = [\"abuse@example.net\"]\nhostname = \"desk.example.net\"\n\n\
         [probe]\nlanding = [\"{DESK}:80\", \"{DESK}:443\", \"{DESK}:25\", \"{DESK}:6667\"]\n\
         landing_name = \"landing.lab\"\nlanding_domain = \"tests.lab\"\nknown_logins = true\n\
         name = \"Example Net abuse desk\"\n\n[edge]\noutlet = \"dry-run\"\n",
        dir.display()
    )
}

fn targets() -> Vec<Target> {
    let of = |kind, truth, exit| {
        move |(name, port): &(&'static str, u16)| Target { name, kind, truth, port: *port, exit }
    };
    let mut targets: Vec<Target> = OPEN.iter().map(of(Kind::Proxy, Truth::Open, LINE)).collect();
    targets.push(Target {
        name: "microsocks, other exit",
        kind: Kind::Proxy,
        truth: Truth::Open,
        port: 11018,
        exit: EXIT,
    });
    targets.extend(SHUT.iter().map(of(Kind::Proxy, Truth::Shut, "-")));
    targets.extend(HARMLESS.iter().map(of(Kind::Proxy, Truth::Harmless, "-")));
    targets.extend(RELAYS.iter().map(of(Kind::Relay, Truth::Open, LINE)));
    targets.extend(NO_RELAYS.iter().map(of(Kind::Relay, Truth::Shut, "-")));
    targets
}

const OPEN: [(&str, u16); 25] = [
    ("microsocks", 11001),
    ("dante", 11002),
    ("tinyproxy", 11003),
    ("squid", 11004),
    ("squid, Debian's ports", 11019),
    ("squid, accelerator", 11026),
    ("privoxy", 11005),
    ("haproxy", 11006),
    ("nginx", 11007),
    ("ssh -D", 11008),
    ("pproxy", 11009),
    ("proxy.py", 11010),
    ("proxy-chain", 11011),
    ("simple-socks", 11012),
    ("tinyproxy in TLS 1.3", 11014),
    ("tinyproxy in TLS 1.2", 11028),
    ("SOCKS5 in TLS", 11027),
    ("WinGate telnet", 11015),
    ("Cisco telnet", 11016),
    ("SOCKS5, 15 s slow", 11020),
    ("SOCKS4 alone", 11021),
    ("SOCKS4a by name alone", 11024),
    ("SOCKS5, any password", 11022),
    ("SOCKS5 by name alone", 11023),
    ("CONNECT 1.1 with Host", 11025),
];

const SHUT: [(&str, u16); 16] = [
    ("microsocks", 12001),
    ("dante", 12002),
    ("tinyproxy", 12003),
    ("squid", 12004),
    ("privoxy", 12005),
    ("haproxy", 12006),
    ("nginx", 12007),
    ("ssh -D, sshd forbids", 12008),
    ("pproxy", 12009),
    ("proxy.py", 12010),
    ("proxy-chain", 12011),
    ("simple-socks", 12012),
    ("tor", 12013),
    ("tinyproxy in TLS", 12014),
    ("WinGate, login", 12015),
    ("Cisco, other password", 12016),
];

const HARMLESS: [(&str, u16); 12] = [
    ("always 200", 13001),
    ("echo", 13002),
    ("reflecting page", 13003),
    ("CONNECT liar", 13004),
    ("SOCKS5 liar", 13005),
    ("silent", 13006),
    ("SOCKS4 liar", 13007),
    ("nginx, a page", 13010),
    ("nginx, always 200", 13011),
    ("nginx, reverse proxy", 13012),
    ("forward to a landing", 13013),
    ("redis", 13014),
];

const RELAYS: [(&str, u16); 7] = [
    ("Postfix, relays for all", 2525),
    ("Postfix before a trusting one", 2526),
    ("Postfix, trusts local senders", 2527),
    ("Exim, relays for all", 2529),
    ("OpenSMTPD, relays for all", 2530),
    ("greylists for 20 s", 2531),
    ("relays after a weak login", 2532),
];

const NO_RELAYS: [(&str, u16); 6] = [
    ("Postfix", 2625),
    ("Postfix, discards", 2626),
    ("Exim", 2627),
    ("OpenSMTPD", 2628),
    ("no to DATA", 2629),
    ("yes to all, drops", 2630),
];
