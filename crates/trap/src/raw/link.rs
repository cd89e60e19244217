//! The interface: frames in and out, many at a time (packet(7)).

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use ipnet::IpNet;
use jiff::Timestamp;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockProtocol, SockType, bind, recvmmsg,
    sendmmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use tokio::sync::mpsc::Sender;
use tokio::sync::watch;

use super::{Stateless, Taken};
use crate::engine::{Counts, TrapError};
use crate::hit::{Hit, Transport};

/// Frames taken from the kernel at once, and answered at once.
const AT_ONCE: usize = 256;
/// As much of a frame as is read.
const LARGEST: usize = 2048;
/// The kernel's buffer, in bytes: half a second of a sweep at a million packets a second takes more, and is dropped.
const BUFFER: usize = 64 * 1024 * 1024;
/// How long a wait for frames lasts before it is looked whether to end.
const LOOK: TimeVal = TimeVal::new(0, 100_000);

/// An interface, open.
#[derive(Debug)]
pub struct Link(OwnedFd);

impl Link {
    /// Opens an interface by its name. To be done before rights are given up.
    ///
    /// # Errors
    /// When there is no such interface, or it may not be opened.
    pub fn open(interface: &str) -> Result<Link, TrapError> {
        let failed = |errno: Errno| TrapError::Socket { what: "an interface", source: errno.into() };
        let mut all = getifaddrs().map_err(failed)?;
        let address = all.find_map(|one| {
            let named = one.interface_name == interface;
            one.address.filter(|_| named).and_then(|address| address.as_link_addr().copied())
        });
        let address: LinkAddr = address.ok_or_else(|| failed(Errno::ENODEV))?;
        let protocol = SockProtocol::EthAll;
        let fd =
            socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).map_err(failed)?;
        setsockopt(&fd, sockopt::RcvBufForce, &BUFFER)
            .or_else(|_| setsockopt(&fd, sockopt::RcvBuf, &BUFFER))
            .map_err(failed)?;
        setsockopt(&fd, sockopt::ReceiveTimeout, &LOOK).map_err(failed)?;
        bind(fd.as_raw_fd(), &address).map_err(failed)?;
        Ok(Link(fd))
    }
}

/// Answers statelessly until `stop` turns true. Hits that find no room in `hits` are counted.
///
/// # Errors
/// When the system gives no thread.
pub async fn serve(
    link: Link,
    prefixes: Vec<IpNet>,
    counts: Arc<Counts>,
    hits: Sender<Hit>,
    mut stop: watch::Receiver<bool>,
) -> Result<(), TrapError> {
    let ends = Arc::new(AtomicBool::new(false));
    let work = Work { link, engine: Stateless::new(prefixes), counts, hits, ends: Arc::clone(&ends) };
    let thread = std::thread::Builder::new().name("trap-raw".to_owned());
    let thread =
        thread.spawn(move || work.run()).map_err(|source| TrapError::Socket { what: "a thread", source })?;
    let _either_way = stop.wait_for(|stop| *stop).await.is_ok();
    ends.store(true, Relaxed);
    if !tokio::task::spawn_blocking(move || thread.join().is_ok()).await.unwrap_or(false) {
        tracing::error!("the thread of the stateless traps broke");
    }
    Ok(())
}

struct Work {
    link: Link,
    engine: Stateless,
    counts: Arc<Counts>,
    hits: Sender<Hit>,
    ends: Arc<AtomicBool>,
}

impl Work {
    fn run(mut self) {
        let mut headers = MultiHeaders::<LinkAddr>::preallocate(AT_ONCE, None);
        let mut frames = vec![vec![0; LARGEST].into_boxed_slice(); AT_ONCE];
        let mut answers = vec![Vec::new(); AT_ONCE];
        let mut going = MultiHeaders::<LinkAddr>::preallocate(AT_ONCE, None);
        while !self.ends.load(Relaxed) {
            match self.round(&mut headers, &mut frames, &mut answers) {
                Ok(answered) => self.send(&mut going, answers.get(..answered).unwrap_or_default()),
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(error) => {
                    tracing::error!(%error, "reading packets rests for a moment");
                    std::thread::sleep(crate::engine::REST);
                }
            }
            let now = Timestamp::now();
            while let Some(hit) = self.engine.silent(now) {
                self.tell(hit);
            }
        }
    }

    /// Takes what is there; how many answers there are to send.
    fn round(
        &mut self,
        headers: &mut MultiHeaders<LinkAddr>,
        frames: &mut [Box<[u8]>],
        answers: &mut [Vec<u8>],
    ) -> Result<usize, Errno> {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            frames.iter_mut().map(|frame| [IoSliceMut::new(frame)]).collect();
        let fd = self.link.0.as_raw_fd();
        let received = recvmmsg(fd, headers, &mut slices, MsgFlags::MSG_WAITFORONE, None)?;
        let now = Timestamp::now();
        let mut told = Vec::new();
        let mut answered = 0usize;
        for message in received {
            let Some(frame) = message.iovs().next() else { continue };
            let Some(out) = answers.get_mut(answered) else { break };
            if let Taken::Hit(hit) = self.engine.take(frame, now, out) {
                told.push(hit);
            }
            answered = answered.saturating_add(usize::from(!out.is_empty()));
        }
        for hit in told {
            self.tell(*hit);
        }
        Ok(answered)
    }

    fn send(&self, going: &mut MultiHeaders<LinkAddr>, answers: &[Vec<u8>]) {
        let slices: Vec<[IoSlice<'_>; 1]> = answers.iter().map(|answer| [IoSlice::new(answer)]).collect();
        let nowhere: Vec<Option<LinkAddr>> = vec![None; slices.len()];
        if slices.is_empty() {
            return;
        }
        let fd = self.link.0.as_raw_fd();
        if let Err(error) = sendmmsg(fd, going, &slices, &nowhere, [], MsgFlags::MSG_DONTWAIT) {
            // A scanner sends its first packet again.
            tracing::debug!(%error, "answers did not fit the interface");
        }
    }

    fn tell(&self, hit: Hit) {
        let count = match hit.transport {
            Transport::Tcp => &self.counts.connections,
            Transport::Udp => &self.counts.datagrams,
            Transport::Icmp => &self.counts.pings,
        };
        count.fetch_add(1, Relaxed);
        if self.hits.try_send(hit).is_err() {
            self.counts.lost.fetch_add(1, Relaxed);
        }
    }
}
