//! The questions, and the lake's answers.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use flow::Millis;
use ipnet::IpNet;
use lake::{ExposureQuestion, Lake, Limits};
use tokio::runtime::Runtime;

use crate::error::{Outcome, wrong};

/// The generated day begins here (2026-03-01 00:00 UTC).
const BEGIN: i64 = 1_772_323_200_000;
const HOUR: i64 = 3_600_000;

/// Whom one of the planted beacons calls all day (`lab generate`, the fourth plant's master).
const CONTROLLER: &str = "198.19.232.93";
/// One of the 66 scanners.
const SCANNER: &str = "198.19.244.7";
/// A /24 of home lines.
const NET: &str = "10.0.77.0/24";
/// Memory that the group-by may have: it has as many groups as there are pairs who talked.
const AGGREGATE_MIB: u64 = 4096;

/// What is asked.
pub(crate) enum What {
    /// Which lines talked with an outside address, all day: flows.
    Who(IpAddr),
    /// All that a line did, all day: flows.
    Line(IpAddr),
    /// Which lines of a prefix an outside address came to within an hour of noon: lines.
    Exposure(IpAddr, IpNet),
    /// The pairs and ports with the most bytes of all day: bytes of the first.
    Heaviest,
    /// The same as one statement of SQL over all flows.
    Aggregate,
}

/// A question by its name in the table.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) what: What,
}

/// When the question about a scan is about, and how long either way.
pub(crate) fn scan_time() -> (Millis, i64) {
    (Millis(BEGIN + 12 * HOUR + HOUR / 2), HOUR)
}

/// The lake, opened as the desk opens it; for the group-by with more memory.
pub(crate) struct Ours {
    threads: Runtime,
    lake: Lake,
    roomy: Lake,
}

impl Ours {
    pub(crate) fn open(dir: &Path) -> Outcome<Ours> {
        let threads = Runtime::new()?;
        let lake = threads.block_on(Lake::open(dir, Limits::default()))?;
        let limits = Limits { memory_mib: AGGREGATE_MIB, time: Duration::from_secs(600) };
        let roomy = threads.block_on(Lake::open(dir, limits))?;
        Ok(Ours { threads, lake, roomy })
    }

    /// Who called the controller leads to the line whose day is asked for.
    pub(crate) fn questions(&self) -> Outcome<Vec<Question>> {
        let (controller, scanner, net) = (CONTROLLER.parse()?, SCANNER.parse()?, NET.parse()?);
        let called = self.threads.block_on(self.lake.who_talks_to(controller, day().0, day().1, 10))?;
        let line =
            called.talkers.first().ok_or_else(|| wrong("nobody calls the controller: another day?"))?;
        Ok(vec![
            Question { name: "who talks to a controller", what: What::Who(controller) },
            Question { name: "who talks to a scanner", what: What::Who(scanner) },
            Question { name: "timeline of a line", what: What::Line(line.address) },
            Question { name: "exposure of a /24 to a scanner", what: What::Exposure(scanner, net) },
            Question { name: "top 20 of pair and port", what: What::Heaviest },
            Question { name: "the same, asked in SQL", what: What::Aggregate },
        ])
    }

    /// The answer's number.
    pub(crate) fn ask(&mut self, question: &Question) -> Outcome<u64> {
        let (since, until) = day();
        let Ours { threads, lake, roomy } = self;
        Ok(match question.what {
            What::Who(peer) => {
                let found = threads.block_on(lake.who_talks_to(peer, since, until, 100_000))?;
                found.talkers.iter().map(|talker| talker.flows).sum()
            }
            What::Line(of) => threads.block_on(lake.timeline(of, since, until))?.flows,
            What::Exposure(scanner, net) => {
                let (at, window) = scan_time();
                let asked = ExposureQuestion { scanner, net, at, window, quiet_before: 24 * HOUR, until };
                u64::try_from(threads.block_on(lake.exposure(asked))?.hosts.len())?
            }
            What::Heaviest => {
                let found = threads.block_on(lake.heaviest(since, Millis(BEGIN + 24 * HOUR - 1), 20))?;
                if !found.by_lists {
                    return Err(wrong("the lists were not enough"));
                }
                let first = found.conversations.first();
                first.map(|one| one.bytes).ok_or_else(|| wrong("nothing was heaviest"))?
            }
            What::Aggregate => {
                let found = threads.block_on(roomy.sql(&aggregate("by_home"), 20))?;
                let first = found.rows.first().and_then(|row| row.last()).and_then(|bytes| bytes.as_u64());
                first.ok_or_else(|| wrong("the group-by has no answer"))?
            }
        })
    }
}

/// From the first to the last moment of the day, and what is told of after it.
pub(crate) fn day() -> (Millis, Millis) {
    (Millis(BEGIN), Millis(BEGIN + 36 * HOUR))
}

/// What `nfdump -A srcip,dstip,dstport -O bytes` tells: bytes from who began it to the other.
pub(crate) fn aggregate(table: &str) -> String {
    format!(
        "SELECT home, peer, inbound, CASE WHEN inbound THEN home_port ELSE peer_port END AS port, \
         sum(CASE WHEN inbound THEN bytes_in ELSE bytes_out END) AS bytes FROM {table} \
         GROUP BY home, peer, inbound, CASE WHEN inbound THEN home_port ELSE peer_port END ORDER BY bytes DESC LIMIT 20"
    )
}
