//! Servers that are no proxies, and that some prober or other has taken for one.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::serve;

/// Sends everything back.
pub(crate) async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.map(drop)
    })
    .await
}

/// Says this to whatever comes, as often as something comes.
pub(crate) async fn always(reply: &'static str) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut buffer = [0; 2048];
        while stream.read(&mut buffer).await? > 0 {
            stream.write_all(reply.as_bytes()).await?;
        }
        Ok(())
    })
    .await
}

/// A page that shows the visitor's request, headers and all.
pub(crate) async fn reflecting_page() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        loop {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n").as_bytes())
                .await?;
            stream.write_all(&buffer[..count]).await?;
        }
    })
    .await
}

/// Says the way is open, and sends everything after that back.
pub(crate) async fn liar_that_echoes() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        let _heard = stream.read(&mut buffer).await?;
        stream.write_all(b"HTTP/1.0 200 Connection established\r\n\r\n").await?;
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.map(drop)
    })
    .await
}

/// Says the way is open in the visitor's own protocol, and then nothing.
pub(crate) async fn liar() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        let _heard = stream.read(&mut buffer).await?;
        match buffer[0] {
            4 => stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).await?,
            5 => {
                stream.write_all(&[5, 0]).await?;
                let _heard = stream.read(&mut buffer).await?;
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
            }
            _ => stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
        }
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    })
    .await
}

/// A port that is forwarded to one place, whatever is asked.
pub(crate) async fn fixed_forward(to: SocketAddr) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut onward = TcpStream::connect(to).await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// A port that is forwarded to one place, and of every three connections drops two, or is at them for ever.
pub(crate) async fn lossy_forward(to: SocketAddr, drops: bool) -> SocketAddr {
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    serve(move |mut stream| {
        let count = std::sync::Arc::clone(&count);
        async move {
            let mut head = [0; 8];
            // Only pages are counted: the ways beside them come and go as they like.
            while stream.peek(&mut head).await? < head.len() {}
            let passes = !head.starts_with(b"GET http")
                || count.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(3);
            if !passes && drops {
                return Ok(());
            }
            if !passes {
                return stream.read_to_end(&mut Vec::new()).await.map(drop);
            }
            let mut onward = TcpStream::connect(to).await?;
            copy_bidirectional(&mut stream, &mut onward).await.map(drop)
        }
    })
    .await
}

/// A web server in front of one other: it rewrites the request as a proxy does, and takes it there, whatever host
/// was asked for.
pub(crate) async fn reverse_proxy(to: SocketAddr) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut buffer = [0; 2048];
        let count = stream.read(&mut buffer).await?;
        let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let path = request.split(' ').nth(1).and_then(|target| target.find("/nd/").map(|at| &target[at..]));
        let Some(path) = path.filter(|_| request.starts_with("GET ")) else {
            return stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n").await;
        };
        let mut onward = TcpStream::connect(to).await?;
        onward.write_all(format!("GET {path} HTTP/1.1\r\nHost: backend\r\n\r\n").as_bytes()).await?;
        tokio::io::copy(&mut onward, &mut stream).await?;
        stream.shutdown().await
    })
    .await
}

/// Takes the connection and never says a word.
pub(crate) async fn silent() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        while stream.read(&mut buffer).await? > 0 {}
        Ok(())
    })
    .await
}

/// Begins a reply that fits every protocol a little and resets the connection.
pub(crate) async fn reset_midway() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        let _heard = stream.read(&mut buffer).await?;
        let beginning: &[u8] = match buffer[0] {
            4 => &[0, 90, 0],
            5 => &[5],
            _ => b"HTTP/1.1 200 Connection esta",
        };
        stream.write_all(beginning).await?;
        // Closing now sends a reset in place of an end.
        stream.set_zero_linger()
    })
    .await
}

/// Talks and never stops.
pub(crate) async fn babbler() -> SocketAddr {
    serve(|mut stream| async move {
        loop {
            stream.write_all(&[b'x'; 4096]).await?;
        }
    })
    .await
}

/// Chooses SOCKS5's "no authentication", and then is busy for longer than anybody waits.
pub(crate) async fn slow_socks5() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = [0; 2048];
        let count = stream.read(&mut buffer).await?;
        if buffer[..count] == [5, 1, 0] {
            stream.write_all(&[5, 0]).await?;
            while stream.read(&mut buffer).await? > 0 {}
        }
        Ok(())
    })
    .await
}

/// Takes bytes to this place, and brings back other bytes than came from there.
pub(crate) async fn one_way(to: SocketAddr) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut buffer = [0; 2048];
        let count = stream.read(&mut buffer).await?;
        if !buffer[..count].starts_with(b"CONNECT ") {
            return Ok(());
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        let mut onward = TcpStream::connect(to).await?;
        let count = stream.read(&mut buffer).await?;
        onward.write_all(&buffer[..count]).await?;
        let _replaced = onward.read(&mut buffer).await?;
        stream.write_all(b"received with thanks\r\n").await
    })
    .await
}

/// Takes the connection, says nothing, and reports each visitor's leaving.
pub(crate) async fn door_keeper(left: tokio::sync::mpsc::Sender<()>) -> SocketAddr {
    serve(move |mut stream| {
        let left = left.clone();
        async move {
            let mut buffer = [0; 2048];
            while stream.read(&mut buffer).await.unwrap_or(0) > 0 {}
            left.send(()).await.map_err(std::io::Error::other)
        }
    })
    .await
}
