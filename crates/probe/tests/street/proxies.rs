//! Small proxies, one per protocol, each of them picky: it takes its own protocol and nothing else.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpSocket, TcpStream};

use super::{EXIT, serve};

fn no(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Connects from the street's exit address.
async fn out(to: SocketAddr) -> io::Result<TcpStream> {
    if to.is_ipv6() {
        return TcpStream::connect(to).await;
    }
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((EXIT, 0)))?;
    socket.connect(to).await
}

/// The head of a request, in lines.
async fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(no("no whole head"));
        }
        match line.trim_end() {
            "" => return Ok(lines),
            text => lines.push(text.to_owned()),
        }
    }
}

/// CONNECT in this version only; HTTP/1.1 must come with a Host.
pub(crate) async fn http_connect(version: &'static str) -> SocketAddr {
    serve(move |stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let words: Vec<&str> = lines.first().map(|line| line.split(' ').collect()).unwrap_or_default();
        let has_host = lines.iter().any(|line| line.to_ascii_lowercase().starts_with("host:"));
        let ["CONNECT", target, spoken] = words[..] else { return refuse(stream).await };
        if spoken != version || (version == "HTTP/1.1" && !has_host) {
            return refuse(stream).await;
        }
        let mut onward = out(target.parse().map_err(|_| no("target"))?).await?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

async fn refuse(mut stream: BufReader<TcpStream>) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await?;
    stream.shutdown().await
}

/// GET in absolute form only; goes on in origin form, as squid and tinyproxy do it. Knows one host: numbers.
pub(crate) async fn http_get() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let target =
            lines.first().and_then(|line| line.strip_prefix("GET http://")?.strip_suffix(" HTTP/1.1"));
        let Some((authority, path)) = target.and_then(|target| target.split_once('/')) else {
            return refuse(stream).await;
        };
        let Ok(address) = authority.parse() else { return refuse(stream).await };
        let mut onward = out(address).await?;
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nVia: 1.1 street\r\n\r\n");
        onward.write_all(request.as_bytes()).await?;
        tokio::io::copy(&mut onward, &mut stream).await?;
        stream.shutdown().await
    })
    .await
}

/// SOCKS4 to addresses, and to names where asked for (names that are numbers: there is no resolver here).
pub(crate) async fn socks4(by_name_only: bool) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut fixed = [0; 8];
        stream.read_exact(&mut fixed).await?;
        let [4, 1, high, low, a, b, c, d] = fixed else { return Err(no("no SOCKS4")) };
        text(&mut stream).await?;
        let is_name = [a, b, c] == [0; 3] && d != 0;
        let address = match is_name {
            true => text(&mut stream).await?.parse().map_err(|_| no("name"))?,
            false => Ipv4Addr::new(a, b, c, d),
        };
        if is_name != by_name_only {
            return stream.write_all(&[0, 91, 0, 0, 0, 0, 0, 0]).await;
        }
        let mut onward = out((address, u16::from_be_bytes([high, low])).into()).await?;
        stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

async fn text(stream: &mut TcpStream) -> io::Result<String> {
    let mut text = String::new();
    loop {
        match stream.read_u8().await? {
            0 => return Ok(text),
            byte => text.push(char::from(byte)),
        }
    }
}

/// SOCKS5 to this type of address only (1 IPv4, 3 name, 4 IPv6). Like microsocks it reads the greeting and the
/// request with one read each, and so loses a request that comes too early.
pub(crate) async fn socks5(wanted: u8) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).await?;
        if buffer[..count] != [5, 1, 0] {
            return Err(no("no SOCKS5, or more than the greeting"));
        }
        stream.write_all(&[5, 0]).await?;
        let count = stream.read(&mut buffer).await?;
        let [5, 1, 0, kind, request @ .., high, low] = &buffer[..count] else { return Err(no("request")) };
        if *kind != wanted {
            return stream.write_all(&[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]).await;
        }
        let address = match kind {
            1 => IpAddr::from(<[u8; 4]>::try_from(request).map_err(|_| no("IPv4"))?),
            4 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(request).map_err(|_| no("IPv6"))?)),
            _ => String::from_utf8_lossy(&request[1..]).parse().map_err(|_| no("name"))?,
        };
        let mut onward = out((address, u16::from_be_bytes([*high, *low])).into()).await?;
        stream.write_all(&[5, 0, 0, 3, 4, b'h', b'o', b'm', b'e', 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}
