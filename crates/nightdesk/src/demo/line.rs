//! The infected line of the staged night: a real open proxy on an odd port. It relays for anybody who asks, which is
//! the point; it listens on loopback and connects only to loopback, so that nobody else can.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// How long one relayed connection may last.
const LONGEST: Duration = Duration::from_secs(30);

/// Opens the proxy and relays until the returned task is dropped.
pub(crate) async fn infect(address: SocketAddr) -> Result<tokio::task::JoinHandle<()>> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot open the infected line's port {address}; is another demo running?")
    })?;
    Ok(tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tokio::time::timeout(LONGEST, relay(client)));
        }
    }))
}

/// Answers one CONNECT request and joins the two ends; anything else is hung up on.
async fn relay(mut client: TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = client.read_u8().await.ok()?;
        head.push(byte);
        if head.len() > 4096 {
            return None;
        }
    }
    let text = String::from_utf8(head).ok()?;
    let target: SocketAddr = text.strip_prefix("CONNECT ")?.split_whitespace().next()?.parse().ok()?;
    if !target.ip().is_loopback() {
        client.write_all(b"HTTP/1.0 403 Only loopback in the demo\r\n\r\n").await.ok()?;
        return None;
    }
    let mut server = TcpStream::connect(target).await.ok()?;
    client.write_all(b"HTTP/1.0 200 Connection established\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}
