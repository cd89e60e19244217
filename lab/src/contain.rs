//! The story of one night: a mail comes in, and before the coffee is ready the proxy is shut, narrowly and for a while.
//!
//! ```text
//!   world 198.51.100.0/24           router                  lines 203.0.113.0/24
//!   .2 complainant and stranger ── .1  nightdesk  .1 ── .66 proxy on 48613, web, and the rest of the line
//!   .80 web, .90 slow web, mail        and nftables         .67 a neighbour with the same proxy, never reported
//! ```

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use crate::mail;
use crate::net::{self, Namespace, cable};
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;

const LINE: &str = "203.0.113.66";
const NEIGHBOUR: &str = "203.0.113.67";
/// No port anybody would have scanned for.
const PORT: u16 = 48613;
/// How long a block lasts in this story.
const BLOCK_FOR: Duration = Duration::from_secs(25);
/// From the last byte of the mail to the block: minutes would do, seconds are what we promise.
const UNTIL_CONTAINED: Duration = Duration::from_secs(30);

/// The real proxy on the line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Proxy {
    /// HTTP.
    Tinyproxy,
    /// SOCKS5.
    Microsocks,
}

/// Plays it.
pub(crate) fn play(proxy: Proxy) -> Result<()> {
    let dir = net::folder()?;
    let night = Night::fall(proxy, dir.path())?;
    night.before()?;
    let desk = Nightdesk::configure(&night.router, dir.path(), &config(dir.path()))?;
    night.import_leases(&desk, dir.path())?;
    let mut serving = desk.serve(dir.path())?;
    let ending = night.with_desk(&desk, &mut serving, dir.path());
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", serving.last_words());
    }
    ending?;
    let status = serving.stop()?;
    ensure!(status.success(), "nightdesk ended with {status} when asked to stop: {}", serving.last_words());
    step("nightdesk stops cleanly when asked to");
    Ok(())
}

fn step(what: &str) {
    println!("   {what}");
}

fn config(dir: &Path) -> String {
    format!(
        r#"
home = ["203.0.113.0/24"]
never_touch = ["203.0.113.1/32"]
data_dir = "{}/data"

[intake]
smtp = "198.51.100.1:25"
recipients = ["abuse@example.net"]
hostname = "desk.example.net"

[probe]
landing = ["198.51.100.1:8080", "198.51.100.1:80"]
name = "Example Net abuse desk"

[edge]
outlet = "nftables"

[playbook]
block_for = "{}s"
recheck_every = "6h"
"#,
        dir.display(),
        BLOCK_FOR.as_secs()
    )
}

/// The network with everybody who is up that night.
struct Night {
    // First, because fields are dropped in this order: programs end before their network goes.
    peers: Vec<Peer>,
    proxy: Proxy,
    world: Namespace,
    lines: Namespace,
    router: Namespace,
}

impl Night {
    fn fall(proxy: Proxy, dir: &Path) -> Result<Night> {
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
        let mut night = Night { peers: Vec::new(), proxy, world, lines, router };
        night.wake(dir)?;
        step("the network stands: the world, a router, and a line with a proxy on an odd port");
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
        self.peers.push(proxy);
        let all_up = || {
            let reached = self.stranger_through(LINE)? && self.stranger_through(NEIGHBOUR)?;
            Ok((reached && self.line_serves()? && self.line_reaches(80)? && self.line_reaches(25)?)
                .then_some(()))
        };
        let up = until("every peer of the story answers", Duration::from_secs(20), all_up);
        for peer in &mut self.peers {
            peer.still_runs()?;
        }
        up
    }

    /// How it was: strangers use the proxy, and nobody stops them.
    fn before(&self) -> Result<()> {
        ensure!(self.stranger_through(LINE)?, "the proxy does not work to begin with");
        ensure!(self.line_reaches(25)?, "the line cannot send mail to begin with");
        step(&format!(
            "a stranger fetches pages through {LINE}:{PORT}, and the line can reach any mail server"
        ));
        Ok(())
    }

    fn with_desk(&self, desk: &Nightdesk<'_>, serving: &mut Peer, dir: &Path) -> Result<()> {
        until("nightdesk answers on its SMTP port", Duration::from_secs(20), || {
            serving.still_runs()?;
            let greeted =
                self.world.attempt(&["swaks", "--server", "198.51.100.1", "--quit-after", "BANNER"])?;
            Ok(greeted.status.success().then_some(()))
        })?;
        let mut download = self.begin_download(dir)?;
        let delivered = self.complain(dir)?;
        self.wait_until_contained(desk, serving, delivered)?;
        self.contained(&mut download)?;
        drop(download);
        println!("   nightdesk block list:\n{}", indented(&desk.ask(&["block", "list"])?));
        explains(
            desk,
            &[
                "tcp/48613 in",
                "ND-1 of line-0066 is contained",
                "by reports.spamcop.net",
                "went through 203.0.113.66:48613",
            ],
        )?;
        self.wait_until_lapsed(delivered)?;
        explains(desk, &["ND-1 of line-0066", "no block stands", "went through 203.0.113.66:48613"])
    }

    fn import_leases(&self, desk: &Nightdesk<'_>, dir: &Path) -> Result<()> {
        let file = dir.join("leases.csv");
        let rows = format!(
            "address,from,to,subscriber,contact\n\
             {LINE},2024-01-01T00:00:00Z,,line-0066,line-0066@customers.example.net\n\
             {NEIGHBOUR},2024-01-01T00:00:00Z,,line-0067,line-0067@customers.example.net\n"
        );
        fs::write(&file, rows)?;
        desk.ask(&["lease", "import", file.to_str().context("the lab's folder has no plain name")?])?;
        step("the leases are imported: line-0066 has held the address since 2024");
        Ok(())
    }

    /// A download through the proxy that would last all night; it is under way when this returns.
    fn begin_download(&self, dir: &Path) -> Result<Download> {
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

    fn complain(&self, dir: &Path) -> Result<Instant> {
        let file = dir.join("complaint.eml");
        fs::write(&file, mail::spamcop(LINE, PORT, Timestamp::now()))?;
        let data = format!("@{}", file.display());
        let said = self.world.run(&[
            "swaks",
            "--server",
            "198.51.100.1",
            "--helo",
            "complaints.example.org",
            "--from",
            "6100000017@reports.spamcop.net",
            "--to",
            "abuse@example.net",
            "--data",
            &data,
        ])?;
        let accepted = said.lines().rfind(|line| line.starts_with("<-  250")).unwrap_or_default();
        step(&format!("the complaint is delivered by swaks: {}", accepted.trim_start_matches("<-  ")));
        Ok(Instant::now())
    }

    fn wait_until_contained(
        &self,
        desk: &Nightdesk<'_>,
        serving: &mut Peer,
        delivered: Instant,
    ) -> Result<()> {
        let mut stage = String::from("no case yet");
        let seen = until("the case is contained", UNTIL_CONTAINED, || {
            serving.still_runs()?;
            let cases = desk.ask_json(&["case", "list"])?;
            let Some(case) = cases.first() else { return Ok(None) };
            ensure!(cases.len() == 1, "one complaint made {} cases", cases.len());
            let now = case.get("stage").and_then(|stage| stage.as_str()).unwrap_or("without a stage");
            if now != stage {
                now.clone_into(&mut stage);
                step(&format!(
                    "{:5.1} s after the mail: the case is {stage}",
                    delivered.elapsed().as_secs_f64()
                ));
            }
            Ok((stage == "contained").then_some(()))
        });
        seen.with_context(|| format!("the case stopped at: {stage}"))
    }

    /// What everybody sees while the block stands.
    fn contained(&self, download: &mut Download) -> Result<()> {
        download.has_stopped()?;
        step("the stranger's running download has stopped");
        ensure!(!self.stranger_through(LINE)?, "a stranger still gets through the proxy");
        ensure!(!self.line_reaches(25)?, "the line still reaches mail servers");
        step("no new connection gets through the proxy, and none out to a mail server");
        ensure!(self.line_serves()?, "the block has taken down another service of the line");
        ensure!(self.line_reaches(80)?, "the block has taken the line off the web");
        ensure!(self.stranger_through(NEIGHBOUR)?, "the block has hit the neighbour");
        step(
            "the line's web server and its way out to the web still work, and so does the neighbour's everything",
        );
        Ok(())
    }

    fn wait_until_lapsed(&self, delivered: Instant) -> Result<()> {
        until("the block lapses and traffic flows again", BLOCK_FOR + Duration::from_secs(15), || {
            Ok((self.stranger_through(LINE)? && self.line_reaches(25)?).then_some(()))
        })?;
        let after = delivered.elapsed();
        ensure!(after >= BLOCK_FOR, "the block of {BLOCK_FOR:?} was over {after:?} after the mail");
        step(&format!(
            "{:5.1} s after the mail: the block has lapsed, traffic flows again",
            after.as_secs_f64()
        ));
        Ok(())
    }

    fn via(&self, address: &str) -> String {
        match self.proxy {
            Proxy::Tinyproxy => format!("http://{address}:{PORT}"),
            Proxy::Microsocks => format!("socks5://{address}:{PORT}"),
        }
    }

    /// Whether a stranger in the world fetches a page through the proxy at `address`.
    fn stranger_through(&self, address: &str) -> Result<bool> {
        fetches(&self.world, &["--proxy", &self.via(address), "http://198.51.100.80/"])
    }

    /// Whether the line's own web server is reached from the world.
    fn line_serves(&self) -> Result<bool> {
        fetches(&self.world, &[&format!("http://{LINE}/")])
    }

    /// Whether a program on the line reaches this port in the world.
    fn line_reaches(&self, port: u16) -> Result<bool> {
        fetches(&self.lines, &["--interface", LINE, &format!("http://198.51.100.80:{port}/")])
    }
}

fn fetches(from: &Namespace, words: &[&str]) -> Result<bool> {
    let words: Vec<&str> =
        ["curl", "-sf", "--max-time", "3"].into_iter().chain(words.iter().copied()).collect();
    let output = from.attempt(&words)?;
    Ok(output.status.success() && output.stdout == b"a page\n")
}

/// Prints what `why` says of the line; it must speak of all of these.
fn explains(desk: &Nightdesk<'_>, of: &[&str]) -> Result<()> {
    let why = desk.ask(&["why", LINE])?;
    println!("   nightdesk why {LINE}:\n{}", indented(&why));
    for words in of {
        ensure!(why.contains(words), "`nightdesk why {LINE}` does not say {words:?}");
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

/// A download under way.
struct Download {
    peer: Peer,
}

impl Download {
    fn size(&self) -> usize {
        self.peer.said().len()
    }

    /// Nothing has come for two seconds, where ten lines come in each while it runs.
    fn has_stopped(&mut self) -> Result<()> {
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
