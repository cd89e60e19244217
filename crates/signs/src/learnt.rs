//! What a detector has learnt of its lines and should know after a restart: since when each is seen, and what listens there.
//!
//! Without it every port would be unknown for [`crate::Config::learning`] after each start, and a port that opened meanwhile
//! would never be called new. All else that a detector keeps (sketches, windows, beacons) is not kept: it is of hours, and
//! what it showed is in the signs that were told.

use std::net::IpAddr;

use flow::Millis;
use serde::{Deserialize, Serialize};

use crate::detector::Detector;
use crate::line::Line;

/// What is known of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    /// Which.
    pub address: IpAddr,
    /// Since when it is seen.
    pub since: Millis,
    /// When it was seen last.
    pub last: Millis,
    /// Ports that answer and are no news.
    pub ports: Vec<u16>,
    /// Ports that answer and did not when the line was first known.
    pub new_ports: Vec<u16>,
}

impl Detector {
    /// What was learnt of every line, in no order.
    pub fn learnt(&self) -> impl Iterator<Item = Learnt> {
        self.lines_kept().map(|(address, line)| {
            let (ports, new_ports) = line.ports();
            Learnt { address, since: line.first, last: line.last, ports, new_ports }
        })
    }

    /// Takes over what another detector had learnt; lines that are known here already are left as they are, and no more are
    /// taken than [`crate::Config::lines`].
    pub fn recall(&mut self, learnt: impl IntoIterator<Item = Learnt>) {
        for one in learnt {
            let mut line = Line::new(one.since);
            line.last = one.last.max(one.since);
            line.knows(&one.ports, &one.new_ports);
            self.keep(one.address, line);
        }
    }
}
