//! The sockets: transparent, so that they take packets for addresses that no interface has.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};

use ipnet::IpNet;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, getsockname, listen,
    setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

use super::{Config, TrapError};

/// How long a thread waits for a datagram before it looks whether it is to end.
const LOOK: TimeVal = TimeVal::new(0, 250_000);
/// The kernel's buffer for datagrams, in bytes: a sweep of a /16 comes at once.
const BUFFER: usize = 8 * 1024 * 1024;
/// The receive buffer of a tarpit's connections, in bytes; the kernel takes its least instead, which makes a window of about
/// a thousand.
const TARPIT_BUFFER: usize = 256;

/// All sockets of the engine.
#[derive(Debug)]
pub(super) struct Sockets {
    pub(super) port: u16,
    pub(super) tcp: Vec<TcpListener>,
    pub(super) udp: Vec<OwnedFd>,
    pub(super) icmp: Vec<OwnedFd>,
}

impl Sockets {
    pub(super) fn open(config: &Config) -> Result<Sockets, TrapError> {
        let mut all = Sockets { port: config.port, tcp: Vec::new(), udp: Vec::new(), icmp: Vec::new() };
        let v4 = config.prefixes.iter().any(|prefix| matches!(prefix, IpNet::V4(_)));
        let v6 = config.prefixes.iter().any(|prefix| matches!(prefix, IpNet::V6(_)));
        let families = [(v4, IpAddr::V4(Ipv4Addr::LOCALHOST)), (v6, IpAddr::V6(Ipv6Addr::LOCALHOST))];
        for address in families.into_iter().filter(|(wanted, _)| *wanted).map(|(_, address)| address) {
            let failed = |what| move |errno: Errno| TrapError::Socket { what, source: errno.into() };
            let tcp = stream(SocketAddr::new(address, all.port), config.tarpit).map_err(failed("TCP"))?;
            all.port = tcp.local_addr().map_err(|source| TrapError::Socket { what: "TCP", source })?.port();
            all.tcp.push(tcp);
            all.udp.push(datagrams(SocketAddr::new(address, all.port)).map_err(failed("UDP"))?);
            all.icmp.push(pings(address).map_err(failed("ICMP"))?);
        }
        Ok(all)
    }
}

fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

/// A listener for every address and port that the rules bring here.
fn stream(address: SocketAddr, tarpit: bool) -> Result<TcpListener, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family(address.ip()), SockType::Stream, flags, None)?;
    setsockopt(&fd, sockopt::IpTransparent, &true)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    if tarpit {
        setsockopt(&fd, sockopt::RcvBuf, &TARPIT_BUFFER)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::MAXCONN)?;
    Ok(TcpListener::from(fd))
}

/// A socket for datagrams that tells where each was meant to go.
fn datagrams(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let fd = socket(family(address.ip()), SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, sockopt::IpTransparent, &true)?;
    match address.is_ipv4() {
        true => setsockopt(&fd, sockopt::Ipv4OrigDstAddr, &true)?,
        false => setsockopt(&fd, sockopt::Ipv6OrigDstAddr, &true)?,
    }
    // Without the right to force it we get what the system allows.
    setsockopt(&fd, sockopt::RcvBufForce, &BUFFER).or_else(|_| setsockopt(&fd, sockopt::RcvBuf, &BUFFER))?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &LOOK)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(fd)
}

/// A socket that sees ICMP; what answers an echo is the kernel.
fn pings(address: IpAddr) -> Result<OwnedFd, Errno> {
    let protocol = if address.is_ipv4() { SockProtocol::Icmp } else { SockProtocol::IcmpV6 };
    let fd = socket(family(address), SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
    setsockopt(&fd, sockopt::ReceiveTimeout, &LOOK)?;
    if !address.is_ipv4() {
        setsockopt(&fd, sockopt::Ipv6RecvPacketInfo, &true)?;
    }
    Ok(fd)
}

/// A socket that speaks as `trap`, to answer one datagram.
pub(super) fn speaking_as(trap: SocketAddr) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family(trap.ip()), SockType::Datagram, flags, None)?;
    setsockopt(&fd, sockopt::IpTransparent, &true)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(trap))?;
    Ok(fd)
}

/// The address and port of a socket address of the kernel.
pub(super) fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(IpAddr::V4(v4.ip()), v4.port()));
    }
    let v6 = address.as_sockaddr_in6()?;
    Some(SocketAddr::new(IpAddr::V6(v6.ip()), v6.port()))
}

/// Where a socket is bound.
pub(super) fn bound(fd: &OwnedFd) -> Option<SocketAddr> {
    getsockname::<SockaddrStorage>(fd.as_raw_fd()).ok().and_then(|address| std_address(&address))
}
