//! What others wrote: tinyproxy and microsocks as Debian packages them, open and shut.
//!
//! Where they are not installed the tests say so and pass, except on CI (`CI=true`), where they fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use case::{Answer, Verdict};
use street::{EXIT, ask, closed_port};
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

const DEADLINE: Duration = Duration::from_secs(10);

/// A foreign server, ended with this value.
struct Foreign {
    address: SocketAddr,
    _configuration: Option<NamedTempFile>,
    process: Child,
}

impl Foreign {
    /// Starts the program and waits until its port answers.
    async fn start(program: &str, arguments: &[&str], address: SocketAddr) -> Option<Foreign> {
        let command = Command::new(program).args(arguments).stdout(Stdio::null()).kill_on_drop(true).spawn();
        let process = match command {
            Ok(process) => process,
            Err(error) if std::env::var("CI").as_deref() == Ok("true") => {
                panic!("cannot start {program}: {error}")
            }
            Err(error) => {
                eprintln!("SKIPPED: cannot start {program}: {error}");
                return None;
            }
        };
        let foreign = Foreign { address, _configuration: None, process };
        let patience = Instant::now() + DEADLINE;
        while TcpStream::connect(address).await.is_err() {
            assert!(Instant::now() < patience, "{program} does not listen on {address}");
            sleep(Duration::from_millis(10)).await;
        }
        Some(foreign)
    }

    async fn ask(mut self) -> Answer {
        let answer = ask(self.address, DEADLINE).await;
        assert!(answer.seconds < 1.0, "it took {} s", answer.seconds);
        self.process.kill().await.unwrap();
        answer
    }
}

async fn tinyproxy(more: &str) -> Option<Foreign> {
    let address = closed_port().await;
    let mut configuration = NamedTempFile::new().unwrap();
    let port = address.port();
    writeln!(configuration, "Port {port}\nListen 127.0.0.1\nBind {EXIT}\nTimeout 30\n{more}").unwrap();
    let path = configuration.path().to_str().unwrap().to_owned();
    let mut foreign = Foreign::start("tinyproxy", &["-d", "-c", &path], address).await?;
    foreign._configuration = Some(configuration);
    Some(foreign)
}

async fn microsocks(more: &[&str]) -> Option<Foreign> {
    let address = closed_port().await;
    let (port, exit) = (address.port().to_string(), EXIT.to_string());
    let arguments = [&["-i", "127.0.0.1", "-p", &port, "-b", &exit], more].concat();
    Foreign::start("microsocks", &arguments, address).await
}

#[track_caller]
fn is_proved(answer: &Answer, protocols: &[&str]) {
    assert_eq!(answer.verdict, Verdict::OpenProxy);
    assert!(protocols.contains(&answer.protocol.as_deref().unwrap()), "{:?}", answer.protocol);
    assert_eq!(answer.exit, Some(IpAddr::V4(EXIT)));
}

#[tokio::test]
async fn tinyproxy_open_to_all() {
    let Some(foreign) = tinyproxy("").await else { return };
    is_proved(&foreign.ask().await, &["http-connect", "http-get", "http-post", "http-host"]);
}

#[tokio::test]
async fn tinyproxy_that_tunnels_to_443_only_still_fetches_pages() {
    let Some(foreign) = tinyproxy("ConnectPort 443").await else { return };
    is_proved(&foreign.ask().await, &["http-get", "http-post", "http-host"]);
}

#[tokio::test]
async fn tinyproxy_that_lets_others_in_and_not_us() {
    let Some(foreign) = tinyproxy("Allow 192.0.2.1").await else { return };
    assert_eq!(foreign.ask().await.verdict, Verdict::Closed);
}

#[tokio::test]
async fn microsocks_open_to_all() {
    let Some(foreign) = microsocks(&[]).await else { return };
    is_proved(&foreign.ask().await, &["socks5"]);
}

#[tokio::test]
async fn microsocks_with_a_password() {
    let Some(foreign) = microsocks(&["-u", "someone", "-P", "something"]).await else { return };
    assert_eq!(foreign.ask().await.verdict, Verdict::Closed);
}
