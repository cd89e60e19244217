//! The story of a real FreeRADIUS in front of us: accounting that it proxies is answered once it is on disk here, what it
//! copies from its detail file waits for us while we are down, and nothing that was answered is lost.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::net::Namespace;
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// Where FreeRADIUS takes accounting that it proxies, and what it only copies; where we do.
const PROXIED: &str = "127.0.0.1:1813";
const COPIED: &str = "127.0.0.1:1814";
const OURS: &str = "127.0.0.1:1823";
/// What the access server and FreeRADIUS have between them, and FreeRADIUS and we.
const OF_THE_BNG: &str = "of-the-bng";
const OF_THE_DESK: &str = "of-the-desk";
/// FreeRADIUS takes a home server for dead for some seconds, and asks again every six.
const LATER: Duration = Duration::from_secs(60);
/// Requests of the crowd at the end.
const CROWD: usize = 20_000;
/// Under way at one time: RADIUS has as many identifiers for each port.
const AT_ONCE: &str = "200";

/// The machine with everybody on it.
struct Machine<'d> {
    on: Namespace,
    dir: &'d Path,
}

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("freeradius", "freeradius"), ("radclient", "freeradius-utils")])?;
    let dir = net::folder()?;
    let machine = Machine { on: Namespace::new("radius")?, dir: dir.path() };
    machine.furnish()?;
    let config = NIGHTDESK.replace("DIR", dir.path().to_str().context("the folder has no plain name")?);
    let desk = Nightdesk::configure(&machine.on, dir.path(), &config)?;
    let mut serving = desk.serve(dir.path())?;
    let words = ["freeradius", "-f", "-l", "stdout", "-d", machine.dir.to_str().unwrap_or_default()];
    let mut freeradius = Peer::start(&machine.on, "freeradius", &words, dir.path())?;
    let ending = machine.goes_on(&desk, &mut serving).and_then(|()| freeradius.still_runs());
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", serving.last_words());
        println!("   FreeRADIUS's last words:\n{}", freeradius.last_words());
    }
    ending?;
    freeradius.stop()?;
    ensure!(serving.stop()?.success(), "nightdesk did not end well when asked to");
    Ok(())
}

impl Machine<'_> {
    fn goes_on(&self, desk: &Nightdesk<'_>, serving: &mut Peer) -> Result<()> {
        self.proxied(desk)?;
        self.killed(desk, serving)?;
        self.copied(desk, serving)?;
        self.guessed()?;
        self.crowded()
    }

    /// Answered by way of FreeRADIUS, so it is here; sent an hour after the session began.
    fn proxied(&self, desk: &Nightdesk<'_>) -> Result<()> {
        let anna = session("anna", "198.51.100.7", "Delegated-IPv6-Prefix = 2001:db8:46::/56\n");
        until("FreeRADIUS and nightdesk are up", LATER, || self.account(PROXIED, OF_THE_BNG, &anna))?;
        for address in ["198.51.100.7", "2001:db8:46:7::1"] {
            let held = who(desk, &[address])?;
            ensure!(held.as_deref() == Some("anna"), "{address} is not anna's: {held:?}");
        }
        step("radclient -> FreeRADIUS (proxy) -> nightdesk: answered, and both of anna's addresses are hers");
        let ports = "Huawei-NAT-Public-Address = 203.0.113.9\nHuawei-NAT-Start-Port = 1024\nHuawei-NAT-End-Port = 2047\n";
        let range = "IP-Port-Range-Ext-IPv4-Addr = 203.0.113.9\nIP-Port-Range-Alloc = Allocation\n\
                     IP-Port-Range-Range-Start = 2048\nIP-Port-Range-Range-End = 3071\n";
        self.must(PROXIED, &session("bert", "100.64.0.8", ports))?;
        self.must(PROXIED, &session("carl", "100.64.0.9", range))?;
        for (port, wanted) in [("1500", Some("bert")), ("2500", Some("carl")), ("3500", None)] {
            let held = who(desk, &["203.0.113.9", "--port", port])?;
            ensure!(held.as_deref() == wanted, "port {port} of 203.0.113.9 is {held:?}, not {wanted:?}");
        }
        step(
            "ports that Huawei's attributes and RFC 8045's tell are the sessions' that named them, and no others",
        );
        Ok(())
    }

    /// Who was answered is on disk, though we are killed at once; who comes meanwhile is not answered.
    fn killed(&self, desk: &Nightdesk<'_>, serving: &mut Peer) -> Result<()> {
        self.must(PROXIED, &session("dora", "198.51.100.10", ""))?;
        serving.kill()?;
        let held = who(desk, &["198.51.100.10"])?;
        ensure!(held.as_deref() == Some("dora"), "what was answered just before the kill is lost: {held:?}");
        let emil = session("emil", "198.51.100.11", "");
        ensure!(
            self.account(PROXIED, OF_THE_BNG, &emil)?.is_none(),
            "a request was answered while nobody put it on disk"
        );
        *serving = desk.serve(self.dir)?;
        until("it is answered once nightdesk is back", LATER, || self.account(PROXIED, OF_THE_BNG, &emil))?;
        let held = who(desk, &["198.51.100.11"])?;
        ensure!(held.as_deref() == Some("emil"), "{held:?}");
        step("killed after an answer: nothing is lost; while it is down nothing is answered, and then it is");
        Ok(())
    }

    /// The access server hears FreeRADIUS's own answer; the copy waits in the detail file.
    fn copied(&self, desk: &Nightdesk<'_>, serving: &mut Peer) -> Result<()> {
        serving.kill()?;
        self.must(COPIED, &session("fred", "198.51.100.12", ""))?;
        ensure!(who(desk, &["198.51.100.12"])?.is_none(), "nightdesk knows what it cannot have heard");
        let started = Instant::now();
        *serving = desk.serve(self.dir)?;
        until("the copy comes", LATER, || Ok(who(desk, &["198.51.100.12"])?.filter(|name| name == "fred")))?;
        let took = started.elapsed().as_secs_f64();
        step(&format!(
            "{took:5.1} s after it is back, the copy that waited in FreeRADIUS's detail file is here"
        ));
        Ok(())
    }

    /// Another secret is no answer, and is counted.
    fn guessed(&self) -> Result<()> {
        let forged = session("mallory", "198.51.100.66", "");
        ensure!(
            self.account(OURS, "guessed", &forged)?.is_none(),
            "a request with another secret was answered"
        );
        let counted = self.metric("accounting_requests_total{outcome=\"forged\"}")?;
        ensure!(counted >= 1.0, "the forged request is not counted");
        ensure!(self.metric("accounting_requests_total{outcome=\"answered\"}")? >= 1.0, "nobody is counted");
        step("with another secret nobody is answered; /metrics counts it");
        Ok(())
    }

    /// As fast as one radclient can.
    fn crowded(&self) -> Result<()> {
        let crowd: Vec<String> = (0..CROWD)
            .map(|n| session(&format!("crowd-{n}"), &format!("10.0.{}.{}", n / 250, n % 250 + 1), ""))
            .collect();
        let before = self.metric("accounting_requests_total{outcome=\"answered\"}")?;
        let started = Instant::now();
        ensure!(self.account(OURS, OF_THE_DESK, &crowd.join("\n"))?.is_some(), "not all were answered");
        let took = started.elapsed().as_secs_f64();
        let answered = self.metric("accounting_requests_total{outcome=\"answered\"}")? - before;
        #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
        let many = CROWD as f64;
        ensure!(answered >= many, "{answered} of {CROWD} are counted as answered");
        step(&format!(
            "{CROWD} requests of one radclient answered in {took:.1} s: {:.0} a second",
            many / took
        ));
        Ok(())
    }

    fn must(&self, to: &str, attributes: &str) -> Result<()> {
        match self.account(to, OF_THE_BNG, attributes)? {
            Some(()) => Ok(()),
            None => bail!("{to} did not answer accounting:\n{attributes}"),
        }
    }

    /// Sends it as an access server does; whether everything was answered.
    fn account(&self, to: &str, secret: &str, attributes: &str) -> Result<Option<()>> {
        let file = self.dir.join("requests");
        fs::write(&file, attributes)?;
        let file = file.to_str().unwrap_or_default();
        let words = [
            "radclient",
            "-D",
            "/usr/share/freeradius",
            "-q",
            "-r",
            "2",
            "-t",
            "2",
            "-p",
            AT_ONCE,
            "-f",
            file,
            to,
            "acct",
            secret,
        ];
        Ok(self.on.attempt(&words)?.status.success().then_some(()))
    }

    /// One value of `/metrics`.
    fn metric(&self, name: &str) -> Result<f64> {
        let text = self.on.run(&["curl", "-s", "--fail", "http://127.0.0.1:8053/metrics"])?;
        let value = text.lines().find_map(|line| line.strip_prefix(&format!("nightdesk_{name} ")));
        value.and_then(|value| value.parse().ok()).with_context(|| format!("no {name} in\n{text}"))
    }

    fn furnish(&self) -> Result<()> {
        let dir = self.dir.to_str().context("the folder has no plain name")?;
        fs::write(self.dir.join("secret"), format!("{OF_THE_DESK}\n"))?;
        fs::write(self.dir.join("dictionary"), "$INCLUDE /usr/share/freeradius/dictionary\n")?;
        fs::write(self.dir.join("radiusd.conf"), FREERADIUS.replace("DIR", dir))?;
        Ok(())
    }
}

/// A Start of a session that began an hour ago.
fn session(user: &str, address: &str, more: &str) -> String {
    format!(
        "Acct-Status-Type = Interim-Update\nUser-Name = {user}\nAcct-Session-Id = {user}\nNAS-IP-Address = 192.0.2.1\n\
         Framed-IP-Address = {address}\nAcct-Session-Time = 3600\n{more}"
    )
}

/// Who alone held it half an hour ago.
fn who(desk: &Nightdesk<'_>, question: &[&str]) -> Result<Option<String>> {
    let at = jiff::Timestamp::now().saturating_sub(jiff::SignedDuration::from_mins(30))?.to_string();
    let words: Vec<&str> = ["who"].into_iter().chain(question.iter().copied()).chain(["--at", &at]).collect();
    let said = desk.attempt_json(&words)?;
    Ok(said.pointer("/attribution/subscriber").and_then(Value::as_str).map(str::to_owned))
}

const NIGHTDESK: &str = r#"
home = ["198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8"]
data_dir = "DIR/data"
[leases]
radius = "127.0.0.1:1823"
radius_clients = [{ net = "127.0.0.1", secret_file = "DIR/secret" }]
[probe]
landing = ["127.0.0.1:8090"]
[web]
listen = "127.0.0.1:8053"
metrics_from = ["127.0.0.1"]
"#;

/// FreeRADIUS 3.2 as an accounting proxy, and as one that keeps accounting and copies it from its detail file.
const FREERADIUS: &str = r#"
prefix = /usr
libdir = /usr/lib/freeradius
logdir = DIR
run_dir = DIR
radacctdir = DIR
raddbdir = DIR
log {
  destination = stdout
}
security {
  max_attributes = 200
  status_server = yes
}
client bng {
  ipaddr = 127.0.0.1
  secret = of-the-bng
}
home_server desk {
  type = acct
  ipaddr = 127.0.0.1
  port = 1823
  secret = of-the-desk
  response_window = 4
  zombie_period = 5
  status_check = status-server
  check_interval = 6
  num_answers_to_alive = 3
}
home_server_pool desk {
  home_server = desk
}
realm desk {
  acct_pool = desk
}
modules {
  always done {
    rcode = ok
  }
  detail copy {
    filename = DIR/copy
  }
}
server proxied {
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = 1813
  }
  preacct {
    update control {
      Proxy-To-Realm := "desk"
    }
  }
  accounting {
    done
  }
}
server kept {
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = 1814
  }
  accounting {
    copy
  }
}
server copies {
  listen {
    type = detail
    filename = DIR/copy
    load_factor = 90
    poll_interval = 1
    retry_interval = 4
  }
  preacct {
    update control {
      Proxy-To-Realm := "desk"
    }
  }
  accounting {
    done
  }
}
"#;
