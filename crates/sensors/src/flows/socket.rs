//! The sockets: opened with a large buffer, read many datagrams at a time.

use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, MultiHeaders, SockFlag, SockType, SockaddrStorage, getsockname, getsockopt,
    recvmmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use thiserror::Error;

use super::Config;

/// Datagrams taken from the kernel at once.
const AT_ONCE: usize = 64;
/// The largest datagram there is.
const LARGEST: usize = 65_536;

/// A socket that could not be opened.
#[derive(Debug, Error)]
#[error("cannot listen for flows on {address}: {source}")]
pub struct BindError {
    address: SocketAddr,
    source: Errno,
}

/// Open sockets.
#[derive(Debug)]
pub struct Sockets(Vec<Socket>);

impl Sockets {
    /// Where they listen, in the order of [`Config::listen`], with the ports that the system chose.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut all: Vec<_> = self.0.iter().map(|socket| socket.address).collect();
        all.dedup();
        all
    }

    /// The kernel's buffer of the smallest of them, in bytes of datagrams and its own bookkeeping (twice what was asked
    /// for, see socket(7)).
    #[must_use]
    pub fn buffer_bytes(&self) -> usize {
        self.0.iter().filter_map(|socket| getsockopt(&socket.fd, sockopt::RcvBuf).ok()).min().unwrap_or(0)
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Socket> {
        self.0.into_iter()
    }
}

/// Opens the sockets. To be done before rights are given up: a low port and a large buffer take some.
///
/// # Errors
/// When an address cannot be listened on.
pub fn bind(config: &Config) -> Result<Sockets, BindError> {
    let mut all = Vec::new();
    for wanted in &config.listen {
        let mut address = *wanted;
        for _ in 0..config.sockets.max(1) {
            let one = Socket::bind(address, config).map_err(|source| BindError { address, source })?;
            // The first may have been given a port; the others share it.
            address = one.address;
            all.push(one);
        }
    }
    Ok(Sockets(all))
}

/// One of them.
#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    address: SocketAddr,
    /// What the kernel calls it in its table of sockets.
    inode: u64,
}

impl Socket {
    fn bind(address: SocketAddr, config: &Config) -> Result<Socket, Errno> {
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let fd = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&fd, sockopt::ReusePort, &true)?;
        // Without the right to force it we get what the system allows.
        setsockopt(&fd, sockopt::RcvBufForce, &config.buffer_bytes)
            .or_else(|_| setsockopt(&fd, sockopt::RcvBuf, &config.buffer_bytes))?;
        setsockopt(&fd, sockopt::ReceiveTimeout, &timeout(config.within))?;
        nix::sys::socket::bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
        let bound: SockaddrStorage = getsockname(fd.as_raw_fd())?;
        let address = std_address(&bound).unwrap_or(address);
        let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let inode = std::fs::metadata(link).map_or(0, |metadata| metadata.ino());
        Ok(Socket { fd, address, inode })
    }

    /// How many datagrams the kernel has dropped since the socket was opened, as its table of sockets tells in the last
    /// column (proc_net_udp(5)). `None` where there is no such table.
    pub(super) fn drops(&self) -> Option<u64> {
        let table = if self.address.is_ipv4() { "udp" } else { "udp6" };
        let table = std::fs::read_to_string(format!("/proc/thread-self/net/{table}")).ok()?;
        let inode = self.inode.to_string();
        let line = table.lines().find(|line| line.split_whitespace().nth(9) == Some(&inode))?;
        line.split_whitespace().last()?.parse().ok()
    }
}

fn timeout(within: Duration) -> TimeVal {
    let micros = within.as_micros().clamp(1000, 1_000_000);
    let micros = i64::try_from(micros).unwrap_or(1_000_000);
    TimeVal::new(micros / 1_000_000, micros % 1_000_000)
}

fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(IpAddr::V4(v4.ip()), v4.port()));
    }
    let v6 = address.as_sockaddr_in6()?;
    Some(SocketAddr::new(IpAddr::V6(v6.ip()), v6.port()))
}

/// Room for what is read at once.
#[derive(Debug)]
pub(super) struct Buffers {
    headers: MultiHeaders<SockaddrStorage>,
    datagrams: Vec<Box<[u8]>>,
}

impl Buffers {
    pub(super) fn new() -> Buffers {
        Buffers {
            headers: MultiHeaders::preallocate(AT_ONCE, None),
            datagrams: vec![vec![0; LARGEST].into_boxed_slice(); AT_ONCE],
        }
    }

    /// Waits for a datagram, no longer than [`Config::within`], and gives what is there, at most [`AT_ONCE`], to `each`
    /// with where it came from.
    pub(super) fn receive(
        &mut self,
        socket: &Socket,
        mut each: impl FnMut(IpAddr, &[u8]),
    ) -> Result<usize, Errno> {
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.datagrams.iter_mut().map(|datagram| [IoSliceMut::new(datagram)]).collect();
        let fd = socket.fd.as_raw_fd();
        let received = match recvmmsg(fd, &mut self.headers, &mut slices, MsgFlags::MSG_WAITFORONE, None) {
            Ok(received) => received,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut count = 0;
        for message in received {
            count += 1;
            let from = message.address.as_ref().and_then(std_address);
            if let (Some(from), Some(bytes)) = (from, message.iovs().next()) {
                each(from.ip().to_canonical(), bytes);
            }
        }
        Ok(count)
    }
}
