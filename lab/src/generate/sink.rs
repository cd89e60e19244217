//! Where generated flows go.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::UdpSocket;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use flow::wire::Version;
use flow::wire::encode::Writer;
use flow::{Flow, Millis};

use super::place;

/// The observation domain that is written.
const DOMAIN: u32 = 7;

/// Takes flows, a minute of them at a time.
pub(super) enum Sink {
    /// Nobody: how quick the generator itself is.
    Nobody,
    /// A collector, by UDP.
    Collector { writer: Writer, socket: UdpSocket, pace: Option<Pace> },
    /// A file of IPFIX messages (RFC 5655).
    Messages { writer: Writer, file: BufWriter<File> },
    /// A folder of Parquet files, in both orders, as the desk keeps flows.
    Lake { writer: Box<lake::Writer> },
}

impl Sink {
    /// `nothing`, `ipfix://HOST:PORT`, `netflow9://HOST:PORT`, `netflow5://HOST:PORT`, `parquet:FOLDER` or the path of a file.
    pub(super) fn open(to: &str, begin: Millis, rate: Option<u32>) -> Result<Sink> {
        if to == "nothing" {
            return Ok(Sink::Nobody);
        }
        if let Some(folder) = to.strip_prefix("parquet:") {
            let home = lake::Home::new([place::HOME_NET.parse().context("no prefix of home lines")?]);
            let writer = lake::Writer::open(folder, home, None)
                .with_context(|| format!("cannot write Parquet into {folder}"))?;
            return Ok(Sink::Lake { writer: Box::new(writer) });
        }
        let Some((scheme, collector)) = to.split_once("://") else {
            let file = File::create(Path::new(to)).with_context(|| format!("cannot write {to}"))?;
            let writer = Writer::new(Version::Ipfix, DOMAIN, begin);
            return Ok(Sink::Messages { writer, file: BufWriter::with_capacity(1 << 20, file) });
        };
        let version = match scheme {
            "ipfix" => Version::Ipfix,
            "netflow9" => Version::NetflowV9,
            "netflow5" => Version::NetflowV5,
            _ => bail!("{scheme} is none of ipfix, netflow9 and netflow5"),
        };
        let socket = UdpSocket::bind("0.0.0.0:0").context("no socket")?;
        socket.connect(collector).with_context(|| format!("no way to {collector}"))?;
        let writer = Writer::new(version, DOMAIN, begin);
        Ok(Sink::Collector { writer, socket, pace: rate.map(Pace::new) })
    }

    /// Takes the flows that were told of at `exported`.
    pub(super) fn take(&mut self, exported: Millis, flows: &[Flow]) -> Result<()> {
        match self {
            Sink::Nobody => Ok(()),
            Sink::Messages { writer, file } => {
                let mut outcome = Ok(());
                writer.write(exported, flows, |message| {
                    if outcome.is_ok() {
                        outcome = file.write_all(message);
                    }
                });
                outcome.context("cannot write the messages")
            }
            Sink::Lake { writer } => writer.write(flows).map(drop).context("cannot write the Parquet files"),
            Sink::Collector { writer, socket, pace } => {
                for some in flows.chunks(1000) {
                    if let Some(pace) = pace {
                        pace.wait(some.len());
                    }
                    // A collector that is not there yet refuses; what is lost is the collector's to count.
                    writer.write(exported, some, |datagram| _ = socket.send(datagram));
                }
                Ok(())
            }
        }
    }

    /// Writes what is still held, and of Parquet files makes one for each hour.
    pub(super) fn close(self) -> Result<()> {
        match self {
            Sink::Messages { mut file, .. } => file.flush().context("cannot write the messages"),
            Sink::Lake { mut writer } => writer.settle().map(drop).context("cannot write the Parquet files"),
            Sink::Nobody | Sink::Collector { .. } => Ok(()),
        }
    }
}

/// So many flows a second and no more.
pub(super) struct Pace {
    rate: f64,
    begun: Instant,
    sent: f64,
}

impl Pace {
    fn new(rate: u32) -> Pace {
        Pace { rate: f64::from(rate.max(1)), begun: Instant::now(), sent: 0.0 }
    }

    /// Waits until `more` may be sent.
    fn wait(&mut self, more: usize) {
        let due = Duration::from_secs_f64(self.sent / self.rate);
        thread::sleep(due.saturating_sub(self.begun.elapsed()));
        self.sent += f64::from(u32::try_from(more).unwrap_or(u32::MAX));
    }
}
