//! ICMP that reaches a trap: noted. Echoes are answered by the kernel, as for any address of its own.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use jiff::Timestamp;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::in6_pktinfo;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use tokio::sync::mpsc::Sender;

use super::socket::{bound, std_address};
use super::{Config, Counts};
use crate::bytes::Rest;
use crate::hit::{Hit, Transport};
use crate::wanted::identify;

/// What reads one socket.
pub(super) struct Reader {
    socket: OwnedFd,
    config: Arc<Config>,
    hits: Sender<Hit>,
    counts: Arc<Counts>,
}

impl Reader {
    pub(super) fn new(
        socket: OwnedFd,
        config: Arc<Config>,
        hits: Sender<Hit>,
        counts: Arc<Counts>,
    ) -> Reader {
        Reader { socket, config, hits, counts }
    }

    /// Reads until it is to end.
    pub(super) fn run(self, ends: Arc<AtomicBool>) -> impl FnOnce() + Send + 'static {
        move || {
            let v4 = bound(&self.socket).is_none_or(|address| address.is_ipv4());
            let mut buffer = vec![0; 65_536];
            while !ends.load(Relaxed) {
                match self.receive(v4, &mut buffer) {
                    Ok(Some(hit)) => self.take(hit),
                    Ok(None) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                    Err(error) => {
                        tracing::error!(%error, "reading pings of the traps rests for a moment");
                        std::thread::sleep(super::REST);
                    }
                }
            }
        }
    }

    fn take(&self, hit: Hit) {
        self.counts.pings.fetch_add(1, Relaxed);
        if self.hits.try_send(hit).is_err() {
            self.counts.lost.fetch_add(1, Relaxed);
        }
    }

    fn receive(&self, v4: bool, buffer: &mut [u8]) -> Result<Option<Hit>, Errno> {
        let mut space = cmsg_space!(in6_pktinfo);
        let fd = self.socket.as_raw_fd();
        let (from, trap, count) = {
            let mut slices = [IoSliceMut::new(buffer)];
            let message = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut space), MsgFlags::empty())?;
            let trap = message.cmsgs()?.find_map(|told| match told {
                ControlMessageOwned::Ipv6PacketInfo(info) => Some(Ipv6Addr::from(info.ipi6_addr.s6_addr)),
                _ => None,
            });
            (message.address.as_ref().and_then(std_address), trap.map(IpAddr::V6), message.bytes)
        };
        let packet = buffer.get(..count).unwrap_or_default();
        let read = if v4 { v4_message(packet) } else { trap.map(|trap| (trap, packet)) };
        Ok(from.zip(read).and_then(|(from, (trap, message))| self.hit(from.ip(), trap, message)))
    }

    fn hit(&self, from: IpAddr, trap: IpAddr, message: &[u8]) -> Option<Hit> {
        let [kind, code] = Rest(message).array()?;
        // What answers us (echo replies, unreachables) came for somebody else.
        let asks = matches!((trap.is_ipv4(), kind), (true, 8 | 13 | 15 | 17) | (false, 128));
        if !asks || !self.config.covers(trap) {
            return None;
        }
        let trap = SocketAddr::new(trap, u16::from_be_bytes([kind, code]));
        let mut hit = Hit::new(Timestamp::now(), Transport::Icmp, SocketAddr::new(from, 0), trap);
        hit.bytes = u64::try_from(message.len()).unwrap_or(0);
        hit.first = message.get(..64.min(message.len())).unwrap_or_default().to_vec();
        hit.wanted = identify(Transport::Icmp, hit.port, message);
        Some(hit)
    }
}

/// Where it was sent, and the message: a raw socket of version 4 sees the header of IP too (raw(7)).
fn v4_message(packet: &[u8]) -> Option<(IpAddr, &[u8])> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let trap = Ipv4Addr::from(Rest(packet.get(16..)?).array::<4>()?);
    Some((IpAddr::V4(trap), packet.get(header..)?))
}
