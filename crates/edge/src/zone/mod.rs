//! Zones that name contained lines: a DNSBL served by rbldnsd, and a response policy zone loaded by a resolver.
//!
//! The whole file is ours and is written anew for each change: to a temporary file beside it, fsynced and renamed, so
//! that a name server never sees half of it. Each rule stands in it twice, as the record that is served and as a
//! comment with its end, which is all that is remembered over a restart. What counts is what the name server answers:
//! it is asked over DNS after every round.

mod ask;
mod file;
mod text;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use case::RuleKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diff::{Change, Edge, Standing};
use crate::error::EdgeError;
use crate::program::Program;
use crate::remembered;
use crate::round::{Kept, Peer, no_garden};
use file::Known;

/// How long the name server may take to show a new zone after it was told of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its reload command may take.
const RELOAD: Duration = Duration::from_secs(20);

/// What the zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneKind {
    /// A DNS blocklist (RFC 5782) as a `combined` dataset of rbldnsd: one listed address per contained line.
    Dnsbl,
    /// A response policy zone with one client-ip trigger per contained line: whatever the line asks leads to the garden.
    Rpz,
}

/// One zone file and who serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneConfig {
    /// What it is for.
    pub kind: ZoneKind,
    /// Its name: for a DNSBL the domain it is asked under.
    pub zone: String,
    /// The file the name server reads.
    pub file: PathBuf,
    /// What makes the name server read it, such as `["unbound-control", "auth_zone_reload", "rpz.nightdesk"]`; empty
    /// when it looks by itself.
    pub reload: Vec<String>,
    /// The name server that is asked whether it serves what was written.
    pub server: SocketAddr,
    /// Where the names a line asks for lead; a response policy zone needs at least one. Addresses and no name: Unbound
    /// answers a CNAME here with an error.
    pub garden: Vec<IpAddr>,
    /// Off: what would be written is said, and nothing is.
    pub live: bool,
}

/// A zone as a peer.
#[derive(Debug)]
pub struct Zone {
    config: ZoneConfig,
    known: Known,
    /// Whether the name server has shown what the file says. Not yet in a new process: the old one may have ended
    /// between writing the file and having it read.
    is_served: bool,
}

impl Zone {
    pub(crate) fn new(config: ZoneConfig) -> Zone {
        Zone { config, known: Known::default(), is_served: false }
    }
}

impl Peer for Zone {
    fn takes(&self, key: &RuleKey) -> Result<(), String> {
        if self.config.kind == ZoneKind::Dnsbl {
            return no_garden(key, "a blocklist");
        }
        let homeless = self.config.kind == ZoneKind::Rpz && self.config.garden.is_empty();
        if homeless {
            Err("the response policy zone has no garden to lead to: set garden".to_owned())
        } else {
            Ok(())
        }
    }

    async fn look(&mut self) -> Result<Edge, EdgeError> {
        self.known = file::read(&self.config.file).await?;
        let standing = |kept: &Kept| Standing { until: Some(kept.rule.until), since: Some(kept.since) };
        Ok(self.known.kept.iter().map(|kept| (kept.rule.key, standing(kept))).collect())
    }

    fn is_stale(&self) -> bool {
        let expected = text::zone(&self.config, &self.known.kept, self.known.serial);
        !self.is_served || self.known.text.as_deref() != Some(expected.as_str())
    }

    async fn apply(&mut self, wanted: &[Kept], _change: &Change, now: Timestamp) -> Result<(), EdgeError> {
        let now = u32::try_from(now.as_second()).unwrap_or(u32::MAX);
        self.is_served = false;
        let serial = now.max(self.known.serial.saturating_add(1));
        remembered::write(&self.config.file, text::zone(&self.config, wanted, serial)).await?;
        self.known.serial = serial;
        if !self.config.reload.is_empty() {
            Program::new(self.config.reload.clone(), RELOAD).run("reload a zone", &[], None).await?;
        }
        Ok(())
    }

    async fn verify(&mut self, wanted: &[Kept]) -> Result<BTreeSet<RuleKey>, EdgeError> {
        let until = tokio::time::Instant::now() + PATIENCE;
        while !ask::has_loaded(&self.config, self.known.serial).await {
            if tokio::time::Instant::now() >= until {
                self.is_served = false;
                let (zone, server) = (self.config.zone.clone(), self.config.server);
                return Err(EdgeError::NotServed { zone, server, serial: self.known.serial });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.is_served = true;
        Ok(ask::shown(&self.config, wanted).await)
    }
}
