//! The flow sockets of this crate.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sensors::flows::{Batch, Config, bind, serve};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::sender::Sent;
use crate::{BUFFER, Collector, Heard, Outcome};

/// As many batches as `nightdesk` lets wait.
const BATCHES: usize = 64;

/// Threads that read sockets, and one that drops what they read.
pub(crate) struct Ours {
    runtime: Runtime,
    address: SocketAddr,
    heard: Arc<sensors::flows::Heard>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
    drain: JoinHandle<u64>,
}

impl Collector for Ours {
    const NAME: &'static str = "nightdesk";

    fn start() -> Outcome<Ours> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let loopback = vec!["127.0.0.1:0".parse()?];
        let config = Config { buffer_bytes: BUFFER, ..Config::new(loopback, vec!["127.0.0.1/32".parse()?]) };
        let sockets = bind(&config)?;
        let address = *sockets.addresses().first().ok_or("no socket")?;
        let heard = Arc::clone(&config.heard);
        let (sender, batches) = mpsc::channel(BATCHES);
        let (stop, stopped) = watch::channel(false);
        let drain = thread::spawn(move || drain(batches));
        let served = runtime.spawn(serve(sockets, config, sender, stopped));
        Ok(Ours { runtime, address, heard, stop, served, drain })
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn end(self, sent: &Sent) -> Outcome<Heard> {
        let patience = Instant::now();
        let all = |counts: sensors::flows::Counts| counts.datagrams + counts.kernel_drops >= sent.datagrams;
        while !all(self.heard.read().counts) && patience.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(20));
        }
        let cpu = reading_cpu()?;
        self.stop.send(true)?;
        self.runtime.block_on(self.served)??;
        let flows = self.drain.join().map_err(|_| "the reader of batches broke")?;
        let reading = self.heard.read();
        let gaps = reading.exporters.iter().map(|exporter| exporter.losses.sequence_lost).sum();
        Ok(Heard { flows, kernel_drops: reading.counts.kernel_drops, gaps, cpu })
    }
}

fn drain(mut batches: mpsc::Receiver<Batch>) -> u64 {
    let mut flows = 0;
    while let Some(batch) = batches.blocking_recv() {
        flows += u64::try_from(batch.flows.len()).unwrap_or(0);
    }
    flows
}

/// Seconds of CPU time of the threads that read sockets (proc_pid_schedstat(5)).
fn reading_cpu() -> Outcome<f64> {
    let mut nanoseconds = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if fs::read_to_string(task.join("comm"))?.starts_with("flows-") {
            let told = fs::read_to_string(task.join("schedstat"))?;
            nanoseconds += told.split_whitespace().next().ok_or("no CPU time")?.parse::<f64>()?;
        }
    }
    Ok(nanoseconds / 1e9)
}
