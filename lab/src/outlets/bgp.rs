//! GoBGP announces, and the router's BIRD discards (RTBH) or holds the filter (FlowSpec).
//!
//! GoBGP runs in the world, a machine away from the router that nightdesk and BIRD are on. BIRD puts blackholes into the
//! kernel, so that traffic really stops; filters it only carries, so of those its table is looked at.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{config, play_through, tell};
use crate::duty::Duty;
use crate::night::{Night, PORT, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::{net, step};

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Host routes to nowhere.
    Rtbh,
    /// Filters.
    Flowspec,
}

/// The speaker and the router's daemon.
struct Speaker<'d> {
    dir: &'d Path,
    kind: Kind,
    gobgpd: Peer,
    _bird: Peer,
}

/// Plays it.
pub(crate) fn play(kind: Kind) -> Result<()> {
    net::ready_with(&[("gobgpd", "gobgpd"), ("bird", "bird2"), ("birdc", "bird2")])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Tinyproxy, dir.path())?;
    let mut speaker = Speaker::start(&night, dir.path(), kind)?;
    let routes = if kind == Kind::Rtbh { "rtbh" } else { "flowspec" };
    let table = format!(
        "[[bgp]]\nroutes = \"{routes}\"\ngobgp = \"http://198.51.100.2:50051\"\nmark = \"64500:6667\"\n\
         birdc = [\"birdc\", \"-s\", \"{}\"]\nlive = true\n",
        socket(dir.path())
    );
    let duty =
        Duty::begin_with(&night, dir.path(), &config(dir.path(), "[edge]\noutlet = \"dry-run\"", &table))?;
    tell(duty, |duty| play_through(&night, duty, &mut speaker))
}

fn socket(dir: &Path) -> String {
    dir.join("bird.ctl").display().to_string()
}

impl<'d> Speaker<'d> {
    fn start(night: &Night, dir: &'d Path, kind: Kind) -> Result<Speaker<'d>> {
        fs::write(dir.join("bird.conf"), BIRD)?;
        fs::write(dir.join("gobgpd.toml"), GOBGPD)?;
        let file = dir.join("bird.conf").display().to_string();
        let bird = Peer::start(&night.router, "bird", &["bird", "-f", "-c", &file, "-s", &socket(dir)], dir)?;
        let gobgpd = gobgpd(night, dir)?;
        let speaker = Speaker { dir, kind, gobgpd, _bird: bird };
        speaker.wait_for_session(night)?;
        step("GoBGP in the world and BIRD on the router have a session");
        Ok(speaker)
    }

    fn wait_for_session(&self, night: &Night) -> Result<()> {
        until("the BGP session is up", Duration::from_secs(30), || {
            let said =
                night.router.attempt(&["birdc", "-s", &socket(self.dir), "show", "protocols", "desk"])?;
            Ok(String::from_utf8_lossy(&said.stdout).contains("Established").then_some(()))
        })
    }
}

fn gobgpd(night: &Night, dir: &Path) -> Result<Peer> {
    let file = dir.join("gobgpd.toml").display().to_string();
    Peer::start(&night.world, "gobgpd", &["gobgpd", "-f", &file, "--api-hosts", "198.51.100.2:50051"], dir)
}

impl super::Peer for Speaker<'_> {
    fn stops(&self, night: &Night, line: &str) -> Result<bool> {
        if self.kind == Kind::Rtbh {
            return Ok(!night.proxy_answers(line)?);
        }
        let said =
            night.router.run(&["birdc", "-s", &socket(self.dir), "show", "route", "table", "filters4"])?;
        let holds = |what: &str| said.lines().any(|filter| filter.contains(line) && filter.contains(what));
        Ok(holds("dport 25;") && holds(&format!("dport {PORT};")))
    }

    fn dies_and_comes_back(&mut self, night: &Night) -> Result<Option<&'static str>> {
        self.gobgpd.kill()?;
        until("the router lets go of what GoBGP announced", Duration::from_secs(20), || {
            Ok((!self.stops(night, crate::night::LINE)?).then_some(()))
        })
        .context("BIRD kept the routes of a dead neighbour")?;
        self.gobgpd = gobgpd(night, self.dir)?;
        self.wait_for_session(night)?;
        Ok(Some("GoBGP, which forgets everything,"))
    }
}

const BIRD: &str = "router id 198.51.100.1;
protocol device {}
flow4 table filters4;
protocol kernel { ipv4 { export all; import none; }; }
filter of_ours {
  if (65535,666) ~ bgp_community && net.len = 32 && net ~ [ 203.0.113.0/24+ ] then { dest = RTD_BLACKHOLE; accept; }
  reject;
}
protocol bgp desk {
  local 198.51.100.1 as 64501; multihop 2; neighbor 198.51.100.2 as 64500;
  ipv4 { import filter of_ours; export none; };
  flow4 { table filters4; import all; export none; };
}
";

const GOBGPD: &str = r#"[global.config]
as = 64500
router-id = "198.51.100.2"
[[neighbors]]
[neighbors.config]
neighbor-address = "198.51.100.1"
peer-as = 64501
[neighbors.ebgp-multihop.config]
enabled = true
multihop-ttl = 2
[neighbors.timers.config]
connect-retry = 1
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-unicast"
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "ipv4-flowspec"
"#;
