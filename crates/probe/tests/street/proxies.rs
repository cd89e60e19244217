//! Small proxies, one per protocol, each of them picky: it takes its own protocol and nothing else.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{self, ServerConfig, SupportedProtocolVersion};

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

/// GET in absolute form, handed on as it came, as haproxy does. Of a host that is no number it never hears again.
pub(crate) async fn http_get_as_it_came() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let target = lines.first().and_then(|line| line.strip_prefix("GET http://")?.split_once('/'));
        let Some((authority, _)) = target else { return refuse(stream).await };
        let Ok(address) = authority.parse() else {
            return stream.read_to_end(&mut Vec::new()).await.map(drop);
        };
        let mut onward = out(address).await?;
        onward.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
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

/// POST in absolute form only.
pub(crate) async fn http_post() -> SocketAddr {
    fetcher("POST http://").await
}

/// Requests in origin form only, sent on to the host they name, as an accelerator or a transparent proxy does it.
pub(crate) async fn http_host() -> SocketAddr {
    fetcher("GET /").await
}

/// Takes requests that begin so, and fetches from wherever their Host says.
async fn fetcher(begins: &'static str) -> SocketAddr {
    serve(move |stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let first = lines.first().filter(|line| line.starts_with(begins)).cloned();
        let host =
            lines.iter().find_map(|line| line.strip_prefix("Host: ")).and_then(|host| host.parse().ok());
        let (Some(first), Some(host)) = (first, host) else { return refuse(stream).await };
        let path = first.split_once("/nd/").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
        let mut onward = out(host).await?;
        onward.write_all(format!("GET /nd/{path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        tokio::io::copy(&mut onward, &mut stream).await?;
        stream.shutdown().await
    })
    .await
}

/// CONNECT for whoever names a user and a password, whichever they are.
pub(crate) async fn http_any_password() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        if !lines.iter().any(|line| line.starts_with("Proxy-Authorization: Basic ")) {
            let no = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            return stream.write_all(no.as_bytes()).await;
        }
        let target = lines.first().and_then(|line| line.strip_prefix("CONNECT ")?.split(' ').next());
        let Some(Ok(target)) = target.map(str::parse) else { return refuse(stream).await };
        let mut onward = out(target).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// SOCKS5 for whoever names this user and password, or any.
pub(crate) async fn socks5_password(wanted: Option<(&'static str, &'static str)>) -> SocketAddr {
    serve(move |mut stream| async move {
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).await?;
        if buffer[..count] != [5, 1, 2] {
            return stream.write_all(&[5, 0xff]).await;
        }
        stream.write_all(&[5, 2]).await?;
        let count = stream.read(&mut buffer).await?;
        let login = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let is_right =
            wanted.is_none_or(|(user, password)| login.contains(user) && login.ends_with(password));
        stream.write_all(&[1, u8::from(!is_right)]).await?;
        let count = stream.read(&mut buffer).await?;
        let [5, 1, 0, 1, a, b, c, d, high, low] = buffer[..count] else { return Err(no("request")) };
        let mut onward = out((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into()).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// CONNECT that waits for one more empty line, as MikroTik's does.
pub(crate) async fn waits_for_an_empty_line() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let target = lines.first().and_then(|line| line.strip_prefix("CONNECT ")?.strip_suffix(" HTTP/1.0"));
        let Some(Ok(target)) = target.map(str::parse) else { return refuse(stream).await };
        head(&mut stream).await?;
        let mut onward = out(target).await?;
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// A telnet prompt that takes `host:port`.
pub(crate) async fn wingate() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"WinGate>").await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Ok(target) = line.trim_end().parse() else {
            return stream.write_all(b"Host not found\r\n").await;
        };
        let mut onward = out(target).await?;
        stream.write_all(b"Connecting...Connected\r\n").await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// A router's telnet with the password it was shipped with.
pub(crate) async fn cisco() -> SocketAddr {
    serve(|stream| async move {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"\r\nUser Access Verification\r\n\r\nPassword: ").await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line.trim_end() != "cisco" {
            return stream.write_all(b"\r\n% Bad passwords\r\n").await;
        }
        stream.write_all(b"\r\nRouter>").await?;
        line.clear();
        stream.read_line(&mut line).await?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["telnet", host, port] = words[..] else { return Err(no("order")) };
        let target = format!("{host}:{port}").parse().map_err(|_| no("target"))?;
        let mut onward = out(target).await?;
        stream.write_all(format!("Trying {host}, {port} ... Open\r\n").as_bytes()).await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}

/// TLS of this version alone, with a certificate of its own making, in front of a server.
pub(crate) async fn inside_tls(version: &'static SupportedProtocolVersion, behind: SocketAddr) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(["proxy.example.net".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            let mut onward = TcpStream::connect(behind).await?;
            copy_bidirectional(&mut stream, &mut onward).await.map(drop)
        }
    })
    .await
}

/// CONNECT to this port alone.
pub(crate) async fn http_connect_to(port: u16) -> SocketAddr {
    serve(move |stream| async move {
        let mut stream = BufReader::new(stream);
        let lines = head(&mut stream).await?;
        let target = lines.first().and_then(|line| line.strip_prefix("CONNECT ")?.split(' ').next());
        let Some(Ok(target)) = target.map(str::parse::<SocketAddr>) else { return refuse(stream).await };
        if target.port() != port {
            let no = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(no.as_bytes()).await;
        }
        let mut onward = out(target).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        copy_bidirectional(&mut stream, &mut onward).await.map(drop)
    })
    .await
}
