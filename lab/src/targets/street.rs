//! The line with all its servers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{DESK, EXIT, Kind, LINE, Target, Truth, mail_servers};
use crate::net::{Namespace, RESOLVERS};
use crate::patience::until;
use crate::peers::Peer;

const fn open(name: &'static str, port: u16) -> Target {
    Target { name, kind: Kind::Proxy, truth: Truth::Open, port, exit: LINE }
}

const fn shut(name: &'static str, port: u16) -> Target {
    Target { name, kind: Kind::Proxy, truth: Truth::Shut, port, exit: "-" }
}

const fn harmless(name: &'static str, port: u16) -> Target {
    Target { name, kind: Kind::Proxy, truth: Truth::Harmless, port, exit: "-" }
}

/// The line, its programs running.
pub(super) struct Street {
    // First, because fields are dropped in this order: programs end before their names and their network go.
    _peers: Vec<Peer>,
    _names: [Names; 2],
    pub(super) targets: Vec<Target>,
}

impl Street {
    /// Starts everything and waits until each port takes a connection.
    pub(super) fn open(desk: &Namespace, line: &Namespace, dir: &Path) -> Result<Street> {
        let names = [Names::given_by_the_desk(line)?, Names::given_by_the_desk(desk)?];
        let at = dir.to_str().context("the lab's folder has no plain name")?;
        write_all(line, dir, at)?;
        let mut peers = vec![Peer::start(desk, "dnsmasq", &DNS, dir)?];
        for (name, words) in programs(at) {
            let words: Vec<&str> = words.split(' ').collect();
            peers.push(Peer::start(line, name, &words, dir)?);
        }
        peers.extend(mail_servers::start(line, dir)?);
        let targets: Vec<Target> = proxies().into_iter().chain(mail_servers::targets()).collect();
        let mut look = || {
            let listening = line.run(&["ss", "-Hltn"])?;
            let missing = |target: &&Target| !listening.contains(&format!(":{} ", target.port));
            Ok(targets.iter().find(missing).is_none().then_some(()))
        };
        let all = until("every target listens", Duration::from_secs(20), &mut look);
        for peer in &mut peers {
            peer.still_runs()?;
        }
        all?;
        let targets = targets.into_iter().filter(super::is_wanted).collect();
        Ok(Street { _peers: peers, _names: names, targets })
    }
}

fn proxies() -> Vec<Target> {
    vec![
        open("microsocks", 11001),
        Target { exit: EXIT, ..open("microsocks, other exit", 11018) },
        open("dante", 11002),
        open("tinyproxy", 11003),
        open("squid", 11004),
        open("squid, Debian's ports", 11019),
        open("squid, accelerator", 11026),
        open("privoxy", 11005),
        open("haproxy", 11006),
        open("nginx", 11007),
        open("tinyproxy in TLS 1.3", 11014),
        open("tinyproxy in TLS 1.2", 11028),
        open("microsocks in TLS", 11027),
        shut("microsocks", 12001),
        shut("dante", 12002),
        shut("tinyproxy", 12003),
        shut("squid", 12004),
        shut("privoxy", 12005),
        shut("haproxy", 12006),
        shut("nginx", 12007),
        shut("tinyproxy in TLS", 12014),
        harmless("nginx, a page", 13010),
        harmless("nginx, always 200", 13011),
        harmless("nginx, reverse proxy", 13012),
        harmless("socat to our landing", 13013),
        harmless("redis", 13014),
    ]
}

const DNS: [&str; 10] = [
    "dnsmasq",
    "--no-daemon",
    "--no-hosts",
    "--no-resolv",
    "--listen-address=198.51.100.1",
    "--bind-interfaces",
    "--port=53",
    "--address=/landing.example.net/198.51.100.1",
    "--address=/others.example.net/198.51.100.3",
    "--mx-host=tests.example.net,landing.example.net,10",
];

fn programs(at: &str) -> Vec<(&'static str, String)> {
    vec![
        ("microsocks", format!("microsocks -i {LINE} -p 11001")),
        ("microsocks-exit", format!("microsocks -i {LINE} -p 11018 -b {EXIT}")),
        ("microsocks-shut", format!("microsocks -i {LINE} -p 12001 -u someone -P something")),
        ("dante", format!("danted -f {at}/dante.conf -p {at}/dante.pid")),
        ("dante-shut", format!("danted -f {at}/dante-shut.conf -p {at}/dante-shut.pid")),
        ("tinyproxy", format!("tinyproxy -d -c {at}/tinyproxy.conf")),
        ("tinyproxy-shut", format!("tinyproxy -d -c {at}/tinyproxy-shut.conf")),
        ("squid", format!("squid -N -n open -f {at}/squid.conf")),
        ("squid-shut", format!("squid -N -n shut -f {at}/squid-shut.conf")),
        ("squid-ports", format!("squid -N -n ports -f {at}/squid-ports.conf")),
        ("squid-accel", format!("squid -N -n accel -f {at}/squid-accel.conf")),
        ("privoxy", format!("privoxy --no-daemon {at}/privoxy.conf")),
        ("privoxy-shut", format!("privoxy --no-daemon {at}/privoxy-shut.conf")),
        ("haproxy", format!("haproxy -db -f {at}/haproxy.conf")),
        ("nginx", format!("nginx -c {at}/nginx.conf -e {at}/nginx.err")),
        ("stunnel", format!("stunnel4 {at}/stunnel.conf")),
        ("socat", format!("socat TCP-LISTEN:13013,bind={LINE},fork,reuseaddr TCP:{DESK}:6667")),
        ("redis", format!("redis-server --bind {LINE} --port 13014 --protected-mode no --dir {at}")),
    ]
}

fn write_all(line: &Namespace, dir: &Path, at: &str) -> Result<()> {
    let certificate = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=proxy.example.net -keyout";
    let (key, chain) = (format!("{at}/key.pem"), format!("{at}/chain.pem"));
    let words: Vec<&str> = certificate.split(' ').chain([key.as_str(), "-out", &chain]).collect();
    line.run(&words)?;
    let privoxy = |port, more: &str| {
        format!("confdir /etc/privoxy\nlogdir {at}\nlisten-address {LINE}:{port}\ntoggle 0\n{more}\n")
    };
    let tinyproxy =
        |port, more: &str| format!("Port {port}\nListen {LINE}\nTimeout 60\nMaxClients 100\n{more}\n");
    let files = [
        ("dante.conf", dante(11002, "0/0")),
        ("dante-shut.conf", dante(12002, "127.0.0.0/8")),
        ("tinyproxy.conf", tinyproxy(11003, "")),
        ("tinyproxy-shut.conf", tinyproxy(12003, "Allow 127.0.0.1")),
        ("squid.conf", squid(at, "open", &format!("http_port {LINE}:11004\nhttp_access allow all"))),
        ("squid-shut.conf", squid(at, "shut", &format!("http_port {LINE}:12004\nhttp_access deny all"))),
        ("squid-ports.conf", squid(at, "ports", &format!("http_port {LINE}:11019\n{SQUID_PORTS}"))),
        ("squid-accel.conf", squid(at, "accel", &format!("http_port {LINE}:11026 {SQUID_ACCELERATOR}"))),
        ("privoxy.conf", privoxy(11005, "")),
        ("privoxy-shut.conf", privoxy(12005, "permit-access 127.0.0.1")),
        ("haproxy.conf", HAPROXY.replace("LINE", LINE).replace("DESK", DESK)),
        ("nginx.conf", NGINX.replace("LINE", LINE).replace("DESK", DESK).replace("AT", at)),
        ("stunnel.conf", STUNNEL.replace("LINE", LINE).replace("AT", at)),
    ];
    for (name, text) in files {
        fs::write(dir.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    // Squid writes its log as its own user.
    line.run(&["chmod", "-R", "a+rwX", at]).map(drop)
}

fn dante(port: u16, from: &str) -> String {
    format!(
        "logoutput: stderr\ninternal: {LINE} port = {port}\nexternal: {LINE}\nclientmethod: none\nsocksmethod: none\n\
         user.privileged: root\nuser.unprivileged: nobody\nclient pass {{ from: {from} to: 0/0 }}\n\
         socks pass {{ from: 0/0 to: 0/0 }}\n"
    )
}

fn squid(at: &str, name: &str, more: &str) -> String {
    format!(
        "pid_filename {at}/squid-{name}.pid\ncache_log {at}/squid-{name}.log\naccess_log none\ncache deny all\n\
         visible_hostname {name}.example.net\nnetdb_filename none\nshutdown_lifetime 0 seconds\n{more}\n"
    )
}

/// What Debian ships, and then everybody let in: CONNECT to 443 alone, pages from anywhere.
const SQUID_PORTS: &str = "acl SSL_ports port 443\nacl Safe_ports port 80 21 443 1025-65535\n\
    http_access deny !Safe_ports\nhttp_access deny CONNECT !SSL_ports\nhttp_access allow all";

const SQUID_ACCELERATOR: &str = "accel vhost allow-direct\nalways_direct allow all\nhttp_access allow all";

const HAPROXY: &str = "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s
resolvers names\n nameserver desk DESK:53
frontend open\n bind LINE:11006\n default_backend onward
frontend shut\n bind LINE:12006\n http-request deny unless { src 127.0.0.0/8 }\n default_backend onward
backend onward
 http-request do-resolve(txn.to,names,ipv4) req.hdr(Host),regsub(:.*,,)
 http-request set-dst var(txn.to)\n http-request set-dst-port int(80)\n server any 0.0.0.0:0
";

const NGINX: &str = "daemon off; pid AT/nginx.pid; error_log AT/nginx.err; worker_processes 1;
events { worker_connections 256; }
http { access_log off; resolver DESK ipv6=off;
 server { listen LINE:11007; location / { proxy_pass http://$http_host$request_uri; } }
 server { listen LINE:12007; deny all; location / { proxy_pass http://$http_host$request_uri; } }
 server { listen LINE:13010; root /usr/share/nginx/html; }
 server { listen LINE:13011; location / { return 200 \"ok\\n\"; } }
 server { listen LINE:13012; location / { proxy_pass http://LINE:13010; } } }
";

const STUNNEL: &str = "foreground=yes\npid=\nkey=AT/key.pem\ncert=AT/chain.pem
[new]\naccept=LINE:11014\nconnect=LINE:11003
[old]\naccept=LINE:11028\nconnect=LINE:11003\nsslVersionMax=TLSv1.2
[socks]\naccept=LINE:11027\nconnect=LINE:11001
[shut]\naccept=LINE:12014\nconnect=LINE:11003\nverifyChain=yes\nCAfile=AT/chain.pem
";

/// The line's resolver: the desk's. Taken away when dropped.
struct Names(std::path::PathBuf);

impl Names {
    fn given_by_the_desk(line: &Namespace) -> Result<Names> {
        let folder = Path::new(RESOLVERS).join(line.name());
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("resolv.conf"), format!("nameserver {DESK}\n"))?;
        Ok(Names(folder))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("lab: {} could not be removed: {error}", self.0.display());
        }
    }
}
