//! A customer system on loopback.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use lookup::{Customers, CustomersError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const AT: &str = "2026-03-01T12:00:00Z";

/// Answers every question with `answer`; the paths that were asked for.
async fn system(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.expect("a request"));
            }
            let request = String::from_utf8(request).expect("text");
            heard.lock().expect("paths").push(request.split(' ').nth(1).expect("a path").to_owned());
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    (base, asked)
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn customers(base: &str) -> Customers {
    Customers::new(&format!("{base}/whose?ip={{address}}&port={{port}}&at={{time}}")).expect("a URL")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[tokio::test]
async fn it_is_asked_once_and_says_whose_it_was() {
    let (base, asked) =
        system(http("200 OK", r#"{"subscriber": "line-7", "contact": "a@example.net"}"#)).await;
    let customers = customers(&base);
    for _ in 0..3 {
        let found = customers.whose(address("2001:db8::7"), Some(4711), AT).await.expect("an answer");
        assert_eq!(found.expect("somebody").subscriber, "line-7");
    }
    let expected = "/whose?ip=2001%3Adb8%3A%3A7&port=4711&at=2026-03-01T12%3A00%3A00Z";
    assert_eq!(*asked.lock().expect("paths"), [expected]);
}

#[tokio::test]
async fn nobody_is_an_answer_and_trouble_is_none() {
    let (base, _) = system(http("404 Not Found", "")).await;
    assert_eq!(customers(&base).whose(address("198.51.100.7"), None, AT).await, Ok(None));
    let long = format!(r#"{{"subscriber": "{}"}}"#, "x".repeat(100_000));
    for answer in [
        http("500 Oh No", ""),
        http("200 OK", "<html>"),
        http("200 OK", r#"{"name": "line-7"}"#),
        http("200 OK", &long),
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n"
            .to_owned(),
    ] {
        let (base, asked) = system(answer.clone()).await;
        let customers = customers(&base);
        let first = customers.whose(address("198.51.100.7"), None, AT).await;
        assert!(matches!(first, Err(CustomersError::Failed(_))), "{answer:.40}: {first:?}");
        // It is left alone for a while.
        let second = customers.whose(address("198.51.100.8"), None, AT).await;
        assert_eq!((second, asked.lock().expect("paths").len()), (Err(CustomersError::Paused), 1));
    }
}

#[test]
fn a_url_that_lets_the_question_choose_the_host_is_none() {
    for wrong in [
        "http://crm.example.net/?ip={address}&at={time}",
        "https://{address}/?at={time}",
        "https://crm.example.net/?ip={address}",
        "file:///etc/passwd?{address}{time}",
        "crm.example.net/{address}/{time}",
    ] {
        assert!(matches!(Customers::new(wrong), Err(CustomersError::Url(_))), "{wrong}");
    }
    assert!(Customers::new("https://crm.example.net/{address}/{time}").is_ok());
}
