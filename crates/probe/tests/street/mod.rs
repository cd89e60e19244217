//! A street on loopback: small servers to knock at, and the probing party. Every address is in 127.0.0.0/8.
#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "each test file knocks at some of the doors, and shows what was said"
)]

pub(crate) mod innocents;
pub(crate) mod mail_servers;
pub(crate) mod proxies;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use case::{Answer, Home, LookFor, Question, Territory};
use probe::{Config, Landing, Prober};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where the street's proxies let their own connections out, so that the exit cannot be mistaken for the entrance.
pub(crate) const EXIT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 77);

pub(crate) fn territory() -> Territory {
    Territory { home: Home::new(["127.0.0.0/8".parse().unwrap()]).unwrap(), never_touch: Vec::new().into() }
}

pub(crate) async fn landing() -> Landing {
    Landing::bind(&["127.0.0.2:0".parse().unwrap()], "Example Net abuse desk <abuse@example.net>")
        .await
        .unwrap()
}

pub(crate) fn config(deadline: Duration) -> Config {
    Config {
        deadline,
        name: "Example Net abuse desk <abuse@example.net>".to_owned(),
        ports_per_second: 1000,
        ..Config::new(territory())
    }
}

pub(crate) fn prober(landing: &Landing, deadline: Duration) -> Prober {
    Prober::new(config(deadline), landing.clone()).unwrap()
}

pub(crate) fn question(target: SocketAddr) -> Question {
    Question { address: target.ip(), ports: vec![target.port()], look_for: LookFor::OpenProxy }
}

/// Asks one address with a fresh landing and prints the transcript, which the test runner shows when it fails.
pub(crate) async fn ask(target: SocketAddr, deadline: Duration) -> Answer {
    show(prober(&landing().await, deadline).ask(&question(target), false).await)
}

pub(crate) fn show(answer: Answer) -> Answer {
    for line in &answer.transcript {
        eprintln!("{:>6} {:<24} {}", line.at_ms, line.on, line.text);
    }
    answer
}

/// Whether some line of the transcript says this.
pub(crate) fn says(answer: &Answer, text: &str) -> bool {
    answer.transcript.iter().any(|line| line.text.contains(text))
}

/// Runs a small server; it ends with the test's runtime.
pub(crate) async fn serve<H, F>(handle: H) -> SocketAddr
where
    H: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A visitor that hangs up early is no fault of the server.
            drop(tokio::spawn(handle(stream)));
        }
    });
    address
}

/// A port on which nothing listens.
pub(crate) async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Says these lines, each after the answer to the one before.
pub(crate) async fn say_all(to: SocketAddr, lines: &[String]) {
    let mut stream = BufReader::new(TcpStream::connect(to).await.unwrap());
    for line in lines {
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        assert!(answer.starts_with(['2', '3']), "{answer:?} before {line:?}");
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }
    stream.read_to_string(&mut String::new()).await.unwrap();
}
