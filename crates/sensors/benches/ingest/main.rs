//! How many flows a second the flow sockets take without losing one, beside `nfcapd` on the same datagrams from the same
//! sender over loopback.
//!
//! Each collector has one socket with a buffer of 4 MiB and is sent ever more until it loses something three times over; the
//! two take turns at each rate.
//! Ours decodes and hands batches on to a reader that drops them; `nfcapd` decodes and writes LZO-compressed files, which
//! is what it is run for. Where both share few cores with the sender, the rate says as much of the machine as of them:
//! flows for each second of CPU time are told beside it.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "../../../flow/benches/peers/src/exported.rs"]
#[allow(
    dead_code,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "as the benchmark of decoding has it"
)]
mod exported;
mod nfcapd;
mod ours;
mod sender;

use std::marker::PhantomData;
use std::net::SocketAddr;

use exported::Kind;
use sender::Sent;

/// Anything that goes wrong ends the benchmark.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The kernel's buffer of each collector's socket.
const BUFFER: usize = 4 * 1024 * 1024;

/// Million flows a second that are tried, one after the other.
const RATES: [f64; 12] = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0];

/// How often a rate is tried until nothing is lost: on a shared machine somebody else may have had the core.
const TRIES: usize = 3;

/// What a collector says at its end.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    flows: u64,
    /// Datagrams that the kernel dropped for want of room.
    kernel_drops: u64,
    /// What the exporter's numbering says is missing: flows, or datagrams of NetFlow v9; of nfcapd how often.
    gaps: u64,
    /// Seconds of CPU time.
    cpu: f64,
}

/// A collector on loopback.
trait Collector: Sized {
    const NAME: &'static str;
    fn start() -> Outcome<Self>;
    fn address(&self) -> SocketAddr;
    /// Ends it when it has read what is left.
    fn end(self, sent: &Sent) -> Outcome<Heard>;
}

fn main() -> Outcome<()> {
    println!(
        "{:<8}{:<11}{:>12}{:>16}{:>13}   at the next rate",
        "", "", "no loss at", "flows/CPU s", "tried again"
    );
    for kind in [Kind::V5, Kind::V9, Kind::Ipfix] {
        let (mut mine, mut theirs) = (Climb::<ours::Ours>::new(kind), Climb::<nfcapd::Nfcapd>::new(kind));
        for rate in RATES {
            for _ in 0..TRIES {
                mine.try_at(rate)?;
                theirs.try_at(rate)?;
            }
            mine.settle();
            theirs.settle();
        }
        mine.tell();
        theirs.tell();
        println!(
            "{:<8}{:<11}{:>11.1}x{:>15.1}x",
            "",
            "ratio",
            mine.rate / theirs.rate.max(f64::EPSILON),
            mine.by_cpu / theirs.by_cpu.max(f64::EPSILON)
        );
    }
    Ok(())
}

/// One collector on its way up. Both are tried at one rate in turn, so that what else the machine does is the same to both.
struct Climb<C> {
    kind: Kind,
    /// The highest rate without loss, and flows for each second of CPU time at it, both in millions.
    rate: f64,
    by_cpu: f64,
    /// How often it was tried again before nothing was lost.
    again: usize,
    /// What became of the last try that lost something.
    end: String,
    passed: bool,
    ended: bool,
    collector: PhantomData<C>,
}

impl<C: Collector> Climb<C> {
    fn new(kind: Kind) -> Climb<C> {
        let (end, collector) = (String::from("nothing was lost"), PhantomData);
        Climb { kind, rate: 0.0, by_cpu: 0.0, again: 0, end, passed: false, ended: false, collector }
    }

    /// Tries this rate, unless it was passed already or a lower one was not.
    fn try_at(&mut self, rate: f64) -> Outcome<()> {
        if self.passed || self.ended {
            return Ok(());
        }
        let (sent, heard) = once::<C>(self.kind, rate)?;
        let lost = sent.flows.saturating_sub(heard.flows);
        if sent.rate() < rate * 0.95 {
            self.end = format!("the sender comes to no more than {:.1} M/s", sent.rate());
        } else if lost > 0 {
            self.again += 1;
            let share = lost as f64 * 100.0 / sent.flows as f64;
            let (drops, gaps) = (heard.kernel_drops, heard.gaps);
            self.end = format!("{rate:.1} M/s: {share:.2} % lost, {drops} kernel drops, {gaps} gaps");
        } else {
            (self.rate, self.by_cpu) = (sent.rate(), sent.flows as f64 / 1e6 / heard.cpu);
            self.passed = true;
        }
        Ok(())
    }

    /// No more tries of this rate.
    fn settle(&mut self) {
        self.ended |= !self.passed;
        self.passed = false;
    }

    fn tell(&self) {
        println!(
            "{:<8}{:<11}{:>8.1} M/s{:>14.1} M{:>13}   {}",
            format!("{:?}", self.kind),
            C::NAME,
            self.rate,
            self.by_cpu,
            self.again.saturating_sub(if self.ended { TRIES } else { 0 }),
            self.end
        );
    }
}

fn once<C: Collector>(kind: Kind, rate: f64) -> Outcome<(Sent, Heard)> {
    let collector = C::start()?;
    let sent = sender::send(kind, rate * 1e6, collector.address())?;
    let heard = collector.end(&sent)?;
    Ok((sent, heard))
}
