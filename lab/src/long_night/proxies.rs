//! The proxies of infected lines: each on its own address and port, at work from when it was planted until somebody cleans the
//! machine. They relay for whoever asks, which is the point, and reach nothing but this namespace.

use std::io::{Read as _, Write as _, copy};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;

/// One connection is over after this.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest head of a request.
const HEAD: usize = 4096;

/// What time it is in the world, in seconds, for whoever relays.
static NOW: AtomicI64 = AtomicI64::new(0);

/// Says what time it is.
pub(super) fn it_is(now: Timestamp) {
    NOW.store(now.as_second(), Ordering::Release);
}

/// Whether a proxy is at work, and when it first relayed something: that is when a probe proved it.
#[derive(Debug, Clone, Default)]
pub(super) struct Switch(Arc<AtomicBool>, Arc<AtomicI64>, Arc<Root>);

/// Where a proxy listens, and what listens there.
#[derive(Debug, Default)]
struct Root {
    at: OnceLock<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
    gone: AtomicBool,
}

impl Switch {
    pub(super) fn turn(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }

    /// When it first relayed something to the desk's landing.
    pub(super) fn proved(&self) -> Option<Timestamp> {
        let at = self.1.load(Ordering::Acquire);
        (at > 0).then(|| Timestamp::from_second(at).ok()).flatten()
    }

    /// Takes it off the line: from here on nothing listens there, and another night may put its own there.
    pub(super) fn uproot(&self) {
        self.2.gone.store(true, Ordering::Release);
        let thread = self.2.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(at), Some(thread)) = (self.2.at.get(), thread) else { return };
        // It sees that it is gone with the next who comes.
        drop(TcpStream::connect_timeout(at, LONGEST));
        drop(thread.join());
    }

    fn relayed(&self) {
        // Only the first counts.
        _ = self.1.compare_exchange(0, NOW.load(Ordering::Acquire), Ordering::AcqRel, Ordering::Acquire);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Puts a proxy on a line. While it is off, whoever comes is hung up on.
pub(super) fn plant(address: IpAddr, port: u16) -> Result<Switch> {
    let switch = Switch::default();
    let listener = TcpListener::bind(SocketAddr::new(address, port))
        .with_context(|| format!("cannot put a proxy on {address}:{port}"))?;
    let on = switch.clone();
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        for client in listener.incoming().flatten() {
            if on.2.gone.load(Ordering::Acquire) {
                break;
            }
            if on.is_on() {
                // Who cannot be served hangs up, as real ones do.
                let switch = on.clone();
                drop(thread::Builder::new().stack_size(64 * 1024).spawn(move || relay(client, &switch)));
            }
        }
    })?;
    _ = switch.2.at.set(SocketAddr::new(address, port));
    *switch.2.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    Ok(switch)
}

/// Answers one CONNECT request and joins the two ends.
fn relay(mut client: TcpStream, switch: &Switch) -> Option<()> {
    client.set_read_timeout(Some(LONGEST)).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
        if head.len() > HEAD || (head.len() == 8 && head != b"CONNECT ") {
            return None;
        }
    }
    let text = String::from_utf8(head).ok()?;
    let target: SocketAddr = text.strip_prefix("CONNECT ")?.split_whitespace().next()?.parse().ok()?;
    let mut server = TcpStream::connect_timeout(&target, LONGEST).ok()?;
    server.set_read_timeout(Some(LONGEST)).ok()?;
    switch.relayed();
    client.write_all(b"HTTP/1.0 200 Connection established\r\n\r\n").ok()?;
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    let up = thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        // Either end may go away; then so does the other.
        drop(copy(&mut from_client, &mut to_server));
        drop(to_server.shutdown(Shutdown::Write));
    });
    drop(copy(&mut server, &mut client));
    drop(client.shutdown(Shutdown::Both));
    drop(up.ok()?.join());
    Some(())
}
