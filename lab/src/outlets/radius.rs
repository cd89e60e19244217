//! FreeRADIUS as the access server: it takes a CoA, puts the line's session under the filter, and tells so by accounting.
//!
//! FreeRADIUS has no lines of its own, so a small program of the lab stands in for what is behind an access server: it drops
//! what the garden drops, in the router's packet filter, and sends the interim update by radclient. The first time it only
//! acknowledges and does nothing, as real ones have been seen to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{config, play_on, tell};
use crate::duty::Duty;
use crate::night::{LINE, NEIGHBOUR, Night, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// The access server.
struct AccessServer<'d> {
    dir: &'d Path,
    freeradius: Peer,
}

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("freeradius", "freeradius"), ("radclient", "freeradius-utils")])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let mut server = AccessServer::start(&night, dir.path())?;
    let at = dir.path().display();
    let tables = format!(
        "[leases]\nradius = \"203.0.113.1:1813\"\nradius_clients = [{{ net = \"203.0.113.1\", secret_file = \"{at}/secret\" }}]\n\
         [[access_server]]\nname = \"bng1\"\nserver = \"203.0.113.1:3799\"\nsecret_file = \"{at}/secret\"\n\
         garden = \"nightdesk-garden\"\nusual = \"usual\"\nlive = true\n"
    );
    let duty =
        Duty::begin_with(&night, dir.path(), &config(dir.path(), "[edge]\noutlet = \"dry-run\"", &tables))?;
    tell(duty, |duty| {
        for line in [LINE, NEIGHBOUR] {
            night.router.run(&["sh", &format!("{at}/bng.sh"), "start", line])?;
        }
        let delivered = lies(&night, duty, dir.path())?;
        play_on(&night, duty, &mut server, delivered)
    })
}

/// An access server that acknowledges and does nothing leaves the case confirmed; its own accounting gives it away.
fn lies(night: &Night, duty: &Duty<'_>, dir: &Path) -> Result<Instant> {
    fs::write(dir.join("lies"), "")?;
    let delivered = duty.complain()?;
    until("nightdesk says that the acknowledgement proves nothing", Duration::from_secs(40), || {
        if duty.stage()?.is_none() {
            return Ok(None);
        }
        let said = duty.ask(&["case", "show", "ND-1"])?;
        Ok(said.contains("not verified").then_some(()))
    })?;
    let stage = duty.stage()?;
    ensure!(stage.as_deref() == Some("confirmed"), "an acknowledgement alone made the case {stage:?}");
    ensure!(night.proxy_answers(LINE)?, "the lab's liar did something after all");
    step(&format!(
        "{:5.1} s after the mail: the access server has acknowledged and done nothing; the case says `not verified`",
        delivered.elapsed().as_secs_f64()
    ));
    fs::remove_file(dir.join("lies"))?;
    let bng = dir.join("bng.sh").display().to_string();
    night.router.run(&["sh", &bng, "start", LINE])?;
    step("it is honest from now on, and its next accounting tells that the line is not in the garden");
    Ok(delivered)
}

impl<'d> AccessServer<'d> {
    fn start(night: &Night, dir: &'d Path) -> Result<AccessServer<'d>> {
        let at = dir.display().to_string();
        fs::create_dir_all(dir.join("raddb"))?;
        fs::write(dir.join("secret"), "the lab's secret\n")?;
        fs::write(dir.join("bng.sh"), BNG.replace("DIR", &at))?;
        fs::set_permissions(dir.join("bng.sh"), fs::Permissions::from_mode(0o755))?;
        fs::write(dir.join("raddb/radiusd.conf"), RADIUSD.replace("DIR", &at))?;
        night.router.run(&["sh", "-c", GARDEN])?;
        let mut server = AccessServer { dir, freeradius: freeradius(night, dir)? };
        server.wait(night)?;
        step("FreeRADIUS takes CoA requests on the router");
        Ok(server)
    }

    fn wait(&mut self, night: &Night) -> Result<()> {
        until("FreeRADIUS answers", Duration::from_secs(40), || {
            self.freeradius.still_runs()?;
            let asked = format!(
                "echo 'Framed-IP-Address = 203.0.113.1' | radclient -t 1 -r 1 203.0.113.1:3799 coa \"$(cat {}/secret)\"",
                self.dir.display()
            );
            let said = night.router.attempt(&["sh", "-c", &asked])?;
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            Ok(said.contains("Received CoA").then_some(()))
        })
    }
}

fn freeradius(night: &Night, dir: &Path) -> Result<Peer> {
    let raddb = dir.join("raddb").display().to_string();
    Peer::start(&night.router, "freeradius", &["freeradius", "-X", "-d", &raddb, "-n", "radiusd"], dir)
}

impl super::Peer for AccessServer<'_> {
    fn stops(&self, night: &Night, line: &str) -> Result<bool> {
        Ok(!night.proxy_answers(line)?)
    }

    fn dies_and_comes_back(&mut self, night: &Night) -> Result<Option<&'static str>> {
        self.freeradius.kill()?;
        self.freeradius = freeradius(night, self.dir)?;
        self.wait(night)?;
        Ok(Some("FreeRADIUS"))
    }
}

/// Where the garden's lines are dropped.
const GARDEN: &str = "nft add table ip bng && nft add set ip bng garden '{ type ipv4_addr; }' && \
    nft add chain ip bng forward '{ type filter hook forward priority 0; }' && \
    nft add rule ip bng forward ip daddr @garden drop && nft add rule ip bng forward ip saddr @garden drop";

/// `bng.sh start LINE`, `bng.sh coa LINE FILTER`.
const BNG: &str = r#"#!/bin/sh
line=$2; filter=${3:-usual}; status=Interim-Update
[ "$1" = start ] && status=Start
[ -e DIR/lies ] && [ "$1" = coa ] && exit 0
if [ "$filter" = nightdesk-garden ]; then
  nft add element ip bng garden "{ $line }"
else
  nft delete element ip bng garden "{ $line }" 2>/dev/null
fi
printf 'Acct-Status-Type = %s\nAcct-Session-Id = "s-%s"\nUser-Name = "line-%s"\nNAS-IP-Address = 203.0.113.1\nFramed-IP-Address = %s\nFilter-Id = "%s"\n' \
  $status $line "$(echo $line | sed 's/.*\./00/')" $line "$filter" |
  radclient -t 2 -r 2 203.0.113.1:1813 acct "$(cat DIR/secret)" >>DIR/bng.log 2>&1
exit 0
"#;

/// The least FreeRADIUS that takes CoA requests.
const RADIUSD: &str = r#"prefix = /usr
libdir = /usr/lib/freeradius
logdir = DIR
run_dir = DIR
name = radiusd
max_requests = 16384
security { allow_core_dumps = no
 user = root
 group = root
 allow_vulnerable_openssl = yes }
thread pool { start_servers = 2
 max_servers = 4
 min_spare_servers = 1
 max_spare_servers = 2 }
modules {
  exec bng {
    wait = yes
    input_pairs = request
    shell_escape = yes
    program = "DIR/bng.sh coa %{Framed-IP-Address} %{Filter-Id}"
    timeout = 5
  }
  always ok {
    rcode = ok
  }
  always reject {
    rcode = reject
  }
}
clients { }
client desk { ipaddr = 203.0.113.1
 secret = "the lab's secret" }
server coa {
  listen { type = coa
    ipaddr = 203.0.113.1
    port = 3799 }
  recv-coa {
    if (!&Filter-Id) {
      reject
    }
    bng
    ok
  }
  send-coa {
    ok
  }
}
"#;
