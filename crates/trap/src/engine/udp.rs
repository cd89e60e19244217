//! Datagrams: each is a hit; a few are answered, once an hour for each source and by no more bytes than they had.

use std::collections::HashSet;
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use jiff::{SignedDuration, Timestamp};
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::sockaddr_in6;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage, recvmsg, sendto,
};
use tokio::sync::mpsc::Sender;

use super::socket::{speaking_as, std_address};
use super::{Config, Counts};
use crate::hit::{FIRST_BYTES, Hit, Transport};
use crate::wanted::{identify, udp_answer};

/// Sources that may have their answer within an hour; forged sources are no end.
const ANSWERED: usize = 65_536;
/// How long a source that had its answer gets no other.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Who has had an answer. Sources are remembered for an hour at least and two at most, in bounded memory.
#[derive(Debug, Default)]
struct Answered {
    since: Timestamp,
    these: HashSet<IpAddr>,
    before: HashSet<IpAddr>,
}

impl Answered {
    /// Whether this source may be answered now; it is then remembered.
    fn is_first(&mut self, source: IpAddr, now: Timestamp) -> bool {
        if now.duration_since(self.since) >= HOUR {
            self.before = std::mem::take(&mut self.these);
            if now.duration_since(self.since) >= HOUR * 2 {
                self.before.clear();
            }
            self.since = now;
        }
        !self.before.contains(&source) && self.these.len() < ANSWERED && self.these.insert(source)
    }
}

/// What reads one socket.
pub(super) struct Reader {
    socket: OwnedFd,
    config: Arc<Config>,
    hits: Sender<Hit>,
    counts: Arc<Counts>,
    answered: Answered,
}

impl Reader {
    pub(super) fn new(
        socket: OwnedFd,
        config: Arc<Config>,
        hits: Sender<Hit>,
        counts: Arc<Counts>,
    ) -> Reader {
        Reader { socket, config, hits, counts, answered: Answered::default() }
    }

    /// Reads until it is to end.
    pub(super) fn run(mut self, ends: Arc<AtomicBool>) -> impl FnOnce() + Send + 'static {
        move || {
            let mut buffer = vec![0; 65_536];
            while !ends.load(Relaxed) {
                match self.receive(&mut buffer) {
                    Ok(Some((from, trap, count))) => {
                        self.take(from, trap, buffer.get(..count).unwrap_or_default());
                    }
                    Ok(None) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                    Err(error) => {
                        tracing::error!(%error, "reading datagrams of the traps rests for a moment");
                        std::thread::sleep(super::REST);
                    }
                }
            }
        }
    }

    /// One datagram: who sent it, where it was meant to go, how many bytes.
    fn receive(&self, buffer: &mut [u8]) -> Result<Option<(SocketAddr, SocketAddr, usize)>, Errno> {
        let mut space = cmsg_space!(sockaddr_in6);
        let mut slices = [IoSliceMut::new(buffer)];
        let fd = self.socket.as_raw_fd();
        let message = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut space), MsgFlags::empty())?;
        let from = message.address.as_ref().and_then(std_address);
        let trap = message.cmsgs()?.find_map(|told| match told {
            ControlMessageOwned::Ipv4OrigDstAddr(address) => {
                Some(SocketAddr::V4(SockaddrIn::from(address).into()))
            }
            ControlMessageOwned::Ipv6OrigDstAddr(address) => {
                Some(SocketAddr::V6(SockaddrIn6::from(address).into()))
            }
            _ => None,
        });
        Ok(from.zip(trap).map(|(from, trap)| (from, trap, message.bytes)))
    }

    fn take(&mut self, from: SocketAddr, trap: SocketAddr, bytes: &[u8]) {
        if !self.config.covers(trap.ip().to_canonical()) {
            return;
        }
        self.counts.datagrams.fetch_add(1, Relaxed);
        let mut hit = Hit::new(Timestamp::now(), Transport::Udp, from, trap);
        hit.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        hit.first = bytes.get(..FIRST_BYTES.min(bytes.len())).unwrap_or_default().to_vec();
        hit.wanted = identify(Transport::Udp, hit.port, bytes);
        if let Some(answer) = udp_answer(hit.wanted.what, bytes) {
            self.answer(from, trap, bytes, &answer);
        }
        if self.hits.try_send(hit).is_err() {
            self.counts.lost.fetch_add(1, Relaxed);
        }
    }

    fn answer(&mut self, from: SocketAddr, trap: SocketAddr, asked: &[u8], answer: &[u8]) {
        if answer.len() > asked.len() || !self.answered.is_first(from.ip(), Timestamp::now()) {
            return;
        }
        let sent = speaking_as(trap).and_then(|socket| {
            Ok(sendto(socket.as_raw_fd(), answer, &SockaddrStorage::from(from), MsgFlags::empty())?)
        });
        match sent {
            Ok(_) => _ = self.counts.answered.fetch_add(1, Relaxed),
            Err(error) => tracing::debug!(%error, "a datagram could not be answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("a time")
    }

    fn source(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    #[test]
    fn a_source_is_answered_again_after_an_hour_or_two_and_not_before() {
        let mut answered = Answered::default();
        assert!(answered.is_first(source(1), at(0)));
        assert!(answered.is_first(source(2), at(59)));
        assert!(!answered.is_first(source(2), at(61)), "two minutes after its answer");
        assert!(!answered.is_first(source(2), at(118)), "an hour is not over");
        assert!(answered.is_first(source(2), at(121)));
        assert!(answered.is_first(source(1), at(900)), "nobody is remembered for a day");
    }

    #[test]
    fn forged_sources_take_bounded_memory_and_this_hours_answers_alone() {
        let mut answered = Answered::default();
        let count = (0..70_000).filter(|number| answered.is_first(source(*number), at(0))).count();
        assert_eq!((count, answered.these.len()), (ANSWERED, ANSWERED));
        assert!(!answered.is_first(source(99_999), at(30)));
        assert!(answered.is_first(source(99_999), at(60)), "the next hour has answers of its own");
        assert!(answered.these.len() + answered.before.len() <= 2 * ANSWERED);
    }
}
