//! A foreign client: swaks, the Swiss army knife for SMTP, delivers to us over loopback.

use std::process::Stdio;

use crate::stand::{SOON, config, disk, start};
use sensors::Acceptance;
use sensors::smtp::Protocol;
use tokio::process::Command;
use tokio::time::timeout;

/// Runs swaks; `None` (and a line on stderr) when it is not installed and this is not CI.
async fn swaks(arguments: &[String]) -> Option<std::process::Output> {
    let command = Command::new("swaks").args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    match timeout(SOON, command).await.expect("swaks ends in time") {
        Ok(output) => Some(output),
        Err(error) if std::env::var_os("CI").is_some_and(|ci| ci == "true") => {
            panic!("swaks could not be run ({error}); install Debian's package swaks")
        }
        Err(error) => {
            eprintln!("SKIPPED: swaks could not be run ({error}); install Debian's package swaks");
            None
        }
    }
}

async fn deliver(protocol: Protocol, word: &str) {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let server = start(config(protocol), deliveries).await;
    let message = "Subject: report\n\n.a line with a dot\nü\n";
    let arguments = [
        "--server",
        "127.0.0.1",
        "--port",
        &server.at.port().to_string(),
        "--protocol",
        word,
        "--pipeline",
        "--helo",
        "client.example",
        "--from",
        "reporter@example.com",
        "--to",
        "abuse@example.net",
        "--data",
        message,
    ];
    let Some(output) = swaks(&arguments.map(str::to_owned)).await else { return };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let delivery = timeout(SOON, kept.recv()).await.unwrap().unwrap();
    let text = String::from_utf8(delivery.bytes).unwrap();
    assert!(text.starts_with("Subject: report\r\n\r\n.a line with a dot\r\n"), "{text:?}");
    assert_eq!(delivery.envelope.mail_from.as_deref(), Some("reporter@example.com"));
    assert!(said.contains("250 2.0.0 on disk"), "{said}");
}

#[tokio::test]
async fn swaks_delivers_by_smtp() {
    deliver(Protocol::Smtp, "ESMTP").await;
}

#[tokio::test]
async fn swaks_delivers_by_lmtp() {
    deliver(Protocol::Lmtp, "LMTP").await;
}

#[tokio::test]
async fn swaks_is_told_that_nothing_is_relayed() {
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let server = start(config(Protocol::Smtp), deliveries).await;
    let port = server.at.port().to_string();
    let arguments = [
        "--server",
        "127.0.0.1",
        "--port",
        &port,
        "--helo",
        "a.example",
        "--from",
        "a@example.com",
        "--to",
        "b@example.com",
    ];
    let Some(output) = swaks(&arguments.map(str::to_owned)).await else { return };
    // swaks exits with 24 when no recipient is accepted.
    assert_eq!(output.status.code(), Some(24), "{}", String::from_utf8_lossy(&output.stdout));
}
