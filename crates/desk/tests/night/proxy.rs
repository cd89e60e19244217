//! The smallest open proxy there is: HTTP CONNECT, and only that.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Opens one on a free port of `host`; it relays for as long as the runtime lives.
pub(crate) async fn open(host: &str) -> SocketAddr {
    open_at(host, 0).await
}

/// Opens one on this port of `host`.
pub(crate) async fn open_at(host: &str, port: u16) -> SocketAddr {
    open_for_now(host, port).await.0
}

/// Opens one that is gone once its task is aborted.
pub(crate) async fn open_for_now(host: &str, port: u16) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind((host, port)).await.expect("a free port on loopback");
    let address = listener.local_addr().expect("a bound port");
    let serving = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(relay(client));
        }
    });
    (address, serving)
}

async fn relay(mut client: TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 4096 {
        head.push(client.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).ok()?;
    let mut server = TcpStream::connect(text.strip_prefix("CONNECT ")?.split(' ').next()?).await.ok()?;
    client.write_all(b"HTTP/1.0 200 go ahead\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}
