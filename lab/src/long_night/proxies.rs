//! The proxies of infected lines: each on its own address and port, at work from when it was planted until somebody cleans the
//! machine. They relay for whoever asks, which is the point, and reach nothing but this namespace.

use std::io::{Read as _, Write as _, copy};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// One connection is over after this.
const LONGEST: Duration = Duration::from_secs(10);
/// The longest head of a request.
const HEAD: usize = 4096;

/// Whether a proxy is at work.
#[derive(Debug, Clone, Default)]
pub(super) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(super) fn turn(&self, on: bool) {
        self.0.store(on, Ordering::Release);
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
    thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        for client in listener.incoming().flatten() {
            if on.is_on() {
                // Who cannot be served hangs up, as real ones do.
                drop(thread::Builder::new().stack_size(64 * 1024).spawn(move || relay(client)));
            }
        }
    })?;
    Ok(switch)
}

/// Answers one CONNECT request and joins the two ends.
fn relay(mut client: TcpStream) -> Option<()> {
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
