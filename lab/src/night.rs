//! The network of a night, with everybody who is up but nightdesk.
//!
//! ```text
//!   world 198.51.100.0/24           router                  lines 203.0.113.0/24
//!   .2 complainant and stranger ── .1  nightdesk  .1 ── .66 proxy on 48613, web, and the rest of the line
//!   .80 web, .90 slow web, mail        and nftables         .67 a neighbour with the same proxy, never reported
//! ```

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::net::{Namespace, cable};
use crate::patience::until;
use crate::peers::Peer;
use crate::step;

/// The line the story is about.
pub(crate) const LINE: &str = "203.0.113.66";
/// Another line with the same proxy, of which nobody complains.
pub(crate) const NEIGHBOUR: &str = "203.0.113.67";
/// Where the proxy listens: no port anybody would have scanned for.
pub(crate) const PORT: u16 = 48613;

/// The real proxy on the lines.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proxy {
    /// HTTP.
    Tinyproxy,
    /// SOCKS5.
    Microsocks,
}

/// The network with everybody who is up that night.
pub(crate) struct Night {
    // First, because fields are dropped in this order: programs end before their network goes.
    peers: Vec<Peer>,
    /// The proxy of the line and of its neighbour.
    open: RefCell<Option<Peer>>,
    /// What listens on the line beside it.
    trojan: RefCell<Option<Peer>>,
    proxy: Proxy,
    pub(crate) world: Namespace,
    lines: Namespace,
    pub(crate) router: Namespace,
}

impl Night {
    /// Lays the cables, starts everybody, and sees that everything is reached.
    pub(crate) fn fall(proxy: Proxy, dir: &Path) -> Result<Night> {
        let (world, router, lines) =
            (Namespace::new("world")?, Namespace::new("router")?, Namespace::new("line")?);
        cable((&world, "w0", "198.51.100.2/24"), (&router, "r0", "198.51.100.1/24"))?;
        cable((&lines, "l0", "203.0.113.66/24"), (&router, "r1", "203.0.113.1/24"))?;
        for address in ["198.51.100.80/32", "198.51.100.90/32"] {
            world.ip(&format!("addr add {address} dev w0"))?;
        }
        lines.ip(&format!("addr add {NEIGHBOUR}/32 dev l0"))?;
        world.ip("route add default via 198.51.100.1")?;
        lines.ip("route add default via 203.0.113.1")?;
        router.forward()?;
        let mut night = Night {
            peers: Vec::new(),
            proxy,
            world,
            lines,
            router,
            open: RefCell::new(None),
            trojan: RefCell::new(None),
        };
        night.wake(dir)?;
        step(&format!(
            "the network stands: strangers fetch pages through {LINE}:{PORT}, and the line reaches any mail server"
        ));
        Ok(night)
    }

    /// Starts everybody but nightdesk.
    fn wake(&mut self, dir: &Path) -> Result<()> {
        let (web, slow) = (dir.join("web"), dir.join("slow.py"));
        fs::create_dir(&web)?;
        fs::write(web.join("index.html"), "a page\n")?;
        fs::write(&slow, SLOW_WEB)?;
        let web = web.to_str().context("the lab's folder has no plain name")?;
        let slow = slow.to_str().context("the lab's folder has no plain name")?;
        let server =
            |port, address| ["python3", "-m", "http.server", port, "--bind", address, "--directory", web];
        self.peers.push(Peer::start(&self.world, "world-web", &server("80", "198.51.100.80"), dir)?);
        // Any server will do on the mail port: what counts is whether the line reaches it.
        self.peers.push(Peer::start(&self.world, "world-mail", &server("25", "198.51.100.80"), dir)?);
        self.peers.push(Peer::start(&self.world, "world-slow", &["python3", slow], dir)?);
        self.peers.push(Peer::start(&self.lines, "line-web", &server("80", LINE), dir)?);
        self.open_the_proxy(dir)?;
        let all_up = || {
            let reached = self.stranger_through(LINE)? && self.stranger_through(NEIGHBOUR)?;
            Ok((reached && self.line_serves()? && self.line_reaches(80)? && self.line_reaches(25)?)
                .then_some(()))
        };
        let up = until("every peer of the story answers", Duration::from_secs(20), all_up);
        let open = self.open.get_mut().iter_mut();
        for peer in self.peers.iter_mut().chain(open) {
            peer.still_runs()?;
        }
        up
    }

    fn open_the_proxy(&self, dir: &Path) -> Result<()> {
        let port = PORT.to_string();
        let proxy = match self.proxy {
            Proxy::Tinyproxy => {
                let file = dir.join("tinyproxy.conf");
                fs::write(
                    &file,
                    format!("Port {PORT}\nListen 0.0.0.0\nTimeout 60\nMaxClients 50\nLogLevel Error\n"),
                )?;
                let file = file.to_string_lossy().into_owned();
                Peer::start(&self.lines, "proxy", &["tinyproxy", "-d", "-c", &file], dir)?
            }
            Proxy::Microsocks => {
                Peer::start(&self.lines, "proxy", &["microsocks", "-i", "0.0.0.0", "-p", &port], dir)?
            }
        };
        self.open.replace(Some(proxy));
        Ok(())
    }

    /// The proxy is there again: somebody has come in.
    pub(crate) fn proxy_appears(&self, dir: &Path) -> Result<()> {
        self.open_the_proxy(dir)?;
        until("a stranger gets through the proxy", Duration::from_secs(10), || {
            Ok(self.stranger_through(LINE)?.then_some(()))
        })
    }

    /// A NetBus server waits on the line's own address for whoever comes.
    pub(crate) fn trojan_waits(&self, port: u16, dir: &Path) -> Result<()> {
        let (script, port) = (dir.join("netbus.py"), port.to_string());
        fs::write(&script, NETBUS)?;
        let script = script.to_str().context("the lab's folder has no plain name")?;
        let words = ["python3", script, LINE, &port];
        self.trojan.replace(Some(Peer::start(&self.lines, "netbus", &words, dir)?));
        until("NetBus listens on the line", Duration::from_secs(10), || {
            let listening = self.lines.run(&["ss", "-Hltn"])?;
            Ok(listening.contains(&format!("{LINE}:{port} ")).then_some(()))
        })
    }

    /// A download through the proxy that would last all night; it is under way when this returns.
    pub(crate) fn begin_download(&self, dir: &Path) -> Result<Download> {
        let url = "http://198.51.100.90/";
        let via = self.via(LINE);
        let peer = Peer::start(&self.world, "download", &["curl", "-sN", "--proxy", &via, url], dir)?;
        let download = Download { peer };
        until("the long download is under way", Duration::from_secs(10), || {
            Ok((download.size() > 20).then_some(()))
        })?;
        step("a stranger has a long download running through the proxy");
        Ok(download)
    }

    /// The customer has understood: the proxy is shut.
    pub(crate) fn customer_closes_the_proxy(&self) -> Result<()> {
        let mut proxy = self.open.take().context("the proxy is shut already")?;
        proxy.stop()?;
        Ok(())
    }

    fn via(&self, address: &str) -> String {
        match self.proxy {
            Proxy::Tinyproxy => format!("http://{address}:{PORT}"),
            Proxy::Microsocks => format!("socks5://{address}:{PORT}"),
        }
    }

    /// Whether a stranger in the world fetches a page through the proxy at `address`.
    pub(crate) fn stranger_through(&self, address: &str) -> Result<bool> {
        fetches(&self.world, &["--proxy", &self.via(address), "http://198.51.100.80/"])
    }

    /// Runs a program on the lines' side, whatever its exit status.
    pub(crate) fn run_on_the_lines(&self, words: &[&str]) -> Result<std::process::Output> {
        self.lines.attempt(words)
    }

    /// Starts a program on the lines' side; it comes from [`LINE`].
    pub(crate) fn start_on_the_lines(&self, name: &str, words: &[&str], dir: &Path) -> Result<Peer> {
        Peer::start(&self.lines, name, words, dir)
    }

    /// Whether a stranger gets a connection to the proxy at `address` at all, wherever that then leads: both proxies leave
    /// by the line's address, so what cuts off that whole line takes the neighbour's way out as well, and only that.
    pub(crate) fn proxy_answers(&self, address: &str) -> Result<bool> {
        let url = format!("http://{address}:{PORT}/");
        let words = ["curl", "-s", "-o", "/dev/null", "-w", "%{time_connect}", "--max-time", "3", &url];
        let took = self.world.attempt(&words)?.stdout;
        Ok(String::from_utf8_lossy(&took).trim().parse::<f64>().is_ok_and(|seconds| seconds > 0.0))
    }

    /// The neighbour looks at a page of the world's, as people do.
    pub(crate) fn neighbour_browses(&self, url: &str) -> Result<()> {
        let words = ["curl", "-s", "-m", "3", "-o", "/dev/null", "--interface", NEIGHBOUR, url];
        self.lines.attempt(&words).map(drop)
    }

    /// Whether the line's own web server is reached from the world.
    pub(crate) fn line_serves(&self) -> Result<bool> {
        fetches(&self.world, &[&format!("http://{LINE}/")])
    }

    /// Whether a program on the line reaches this port in the world.
    pub(crate) fn line_reaches(&self, port: u16) -> Result<bool> {
        fetches(&self.lines, &["--interface", LINE, &format!("http://198.51.100.80:{port}/")])
    }
}

fn fetches(from: &Namespace, words: &[&str]) -> Result<bool> {
    let words: Vec<&str> =
        ["curl", "-sf", "--max-time", "3"].into_iter().chain(words.iter().copied()).collect();
    let output = from.attempt(&words)?;
    Ok(output.status.success() && output.stdout == b"a page\n")
}

/// A download under way.
pub(crate) struct Download {
    peer: Peer,
}

impl Download {
    fn size(&self) -> usize {
        self.peer.said().len()
    }

    /// Nothing has come for two seconds, where ten lines come in each while it runs.
    pub(crate) fn has_stopped(&mut self) -> Result<()> {
        let mut last = (self.size(), Instant::now());
        until("the running download stops", Duration::from_secs(10), || {
            if self.size() != last.0 {
                last = (self.size(), Instant::now());
            }
            Ok((last.1.elapsed() > Duration::from_secs(2)).then_some(()))
        })?;
        self.peer.still_runs().context("the download ended instead of hanging in the air")
    }
}

/// A web server whose page never ends: a line every tenth of a second.
const SLOW_WEB: &str = r#"
import http.server, time

class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"and on it goes\n")
            self.wfile.flush()
            time.sleep(0.1)

http.server.ThreadingHTTPServer(("198.51.100.90", 80), Slow).serve_forever()
"#;

/// A NetBus 1.70 server as a scanner sees it: it greets, and lets in whoever asks (nmap's service probes know it by this).
const NETBUS: &str = r#"
import socketserver, sys

class NetBus(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(10)
        self.request.sendall(b"NetBus 1.70 \r")
        while heard := self.request.recv(256):
            if heard.startswith(b"Password"):
                self.request.sendall(b"Access;1\r")

socketserver.ThreadingTCPServer((sys.argv[1], int(sys.argv[2])), NetBus).serve_forever()
"#;
