//! Exchangers on loopback.

use lookup::{Exchangers, MxError};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::names::Zone;

/// A server that says `greeting` to everybody, on a port that is given back.
async fn server(greeting: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // A client that goes away ends its own session only.
            drop(stream.write_all(greeting.as_bytes()).await);
        }
    });
    port
}

/// `example.net` with these exchangers; only `mx2` is at 127.0.0.1, where a test's server is.
fn zone(hosts: &[&'static str]) -> Zone {
    let mut zone = Zone::default();
    zone.mx.insert("example.net".to_owned(), hosts.to_vec());
    zone.a.insert("mx1.example.net".to_owned(), [127, 66, 99, 1]);
    zone.a.insert("mx2.example.net".to_owned(), [127, 0, 0, 1]);
    zone
}

async fn greeting(zone: Zone, port: u16) -> Result<String, MxError> {
    let (resolver, _) = zone.resolver().await;
    Exchangers::new(resolver, port).greeting("example.net").await.map(|greeted| greeted.host)
}

#[tokio::test]
async fn one_exchanger_that_greets_is_enough() {
    let port = server("220 mx2.example.net ESMTP\r\n").await;
    let found = greeting(zone(&["mx1.example.net", "nowhere.example.net", "mx2.example.net"]), port).await;
    assert_eq!(found.as_deref(), Ok("mx2.example.net"));
    let several_lines = server("220-mx2.example.net\r\n220 at your service\r\n").await;
    assert!(greeting(zone(&["mx2.example.net"]), several_lines).await.is_ok());
}

#[tokio::test]
async fn a_domain_without_exchangers_is_its_own() {
    let port = server("220 hello\r\n").await;
    let mut zone = Zone::default();
    zone.a.insert("example.net".to_owned(), [127, 0, 0, 1]);
    assert_eq!(greeting(zone, port).await.as_deref(), Ok("example.net"));
}

#[tokio::test]
async fn what_none_of_them_does_is_said_of_each() {
    for (says, words) in [
        ("554 go away\r\n", "greets with 554"),
        ("SSH-2.0-x\r\n", "does not greet as SMTP"),
        ("", "does not greet"),
    ] {
        let port = server(says).await;
        let silent = greeting(zone(&["mx2.example.net", "nowhere.example.net"]), port).await;
        let Err(MxError::Silent(each)) = silent else { panic!("{silent:?}") };
        assert!(each.len() == 2 && each.iter().any(|one| one.contains(words)), "{each:?}");
        assert!(each.iter().any(|one| one.starts_with("nowhere.example.net has no address")), "{each:?}");
    }
}

#[tokio::test]
async fn a_domain_that_takes_no_mail_or_does_not_answer_is_no_address_to_knock_at() {
    let port = server("220 hello\r\n").await;
    assert_eq!(greeting(zone(&[""]), port).await, Err(MxError::Null));
    let mut silent = zone(&["mx2.example.net"]);
    silent.silent.insert("example.net".to_owned());
    assert!(matches!(greeting(silent, port).await, Err(MxError::Unknown(_))));
}
