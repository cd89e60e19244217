//! A registry on loopback that says what it was told to say.

use std::sync::{Arc, Mutex};

use lookup::{Rdap, RdapError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Serves `script`, one answer for each request in turn (the last again and again), and keeps the requested paths.
struct Registry {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    async fn of(script: Vec<String>) -> Registry {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            let mut script = script.into_iter().peekable();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.expect("a request"));
                }
                let request = String::from_utf8(request).expect("text");
                let accepts = request.to_ascii_lowercase().contains("accept: application/rdap+json");
                let path = request.split(' ').nth(1).expect("a path").to_owned();
                heard.lock().expect("paths").push(path);
                let mut answer = script.next().expect("an answer");
                if script.peek().is_none() {
                    script = vec![answer.clone()].into_iter().peekable();
                }
                if !accepts {
                    answer = status("406 Not Acceptable", "", "");
                }
                // A client that has read enough hangs up.
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        Registry { base, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("paths").clone()
    }
}

fn status(line: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {line}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

fn network(mailbox: &str) -> String {
    network_of("198.51.100", mailbox)
}

/// The network of all addresses that begin with `prefix`.
fn network_of(prefix: &str, mailbox: &str) -> String {
    let body = serde_json::json!({
        "objectClassName": "ip network", "startAddress": format!("{prefix}.0"), "endAddress": format!("{prefix}.255"),
        "entities": [{ "objectClassName": "entity", "roles": ["registrant"], "entities": [{
            "roles": ["abuse"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["email", {}, "text", mailbox]]]
        }] }]
    });
    status("200 OK", "Content-Type: application/rdap+json\r\n", &body.to_string())
}

async fn ask(rdap: &Rdap, net: &str) -> Result<Vec<String>, RdapError> {
    let address = net.parse::<std::net::IpAddr>().map(ipnet::IpNet::from);
    rdap.abuse_mailboxes(address.unwrap_or_else(|_| net.parse().expect("a prefix"))).await
}

#[tokio::test]
async fn a_contact_is_asked_for_once_a_day_and_anew_on_demand() {
    let registry = Registry::of(vec![network("abuse@example.org"), network("new@example.org")]).await;
    let rdap = Rdap::new(&format!("{}/", registry.base));
    for _ in 0..2 {
        assert_eq!(ask(&rdap, "198.51.100.9").await.as_deref(), Ok(&["abuse@example.org".to_owned()][..]));
    }
    assert_eq!(registry.asked(), ["/ip/198.51.100.9"]);
    let anew = rdap.abuse_mailboxes_anew("198.51.100.9/32".parse().expect("a prefix")).await;
    assert_eq!(anew.expect("an answer"), ["new@example.org"]);
    assert_eq!(ask(&rdap, "198.51.100.9").await.expect("kept"), ["new@example.org"]);
    ask(&rdap, "198.51.100.0/25").await.expect("an answer");
    assert_eq!(registry.asked().last().map(String::as_str), Some("/ip/198.51.100.0/25"));
}

#[tokio::test]
async fn a_question_is_sent_on_to_the_registry_that_knows_and_not_for_ever() {
    let knows = Registry::of(vec![network("abuse@example.org")]).await;
    let location = format!("Location: {}/rdap/ip/198.51.100.9\r\n", knows.base);
    let bootstrap = Registry::of(vec![status("302 Found", &location, "")]).await;
    assert_eq!(
        ask(&Rdap::new(&bootstrap.base), "198.51.100.9").await.expect("an answer"),
        ["abuse@example.org"]
    );
    assert_eq!(knows.asked(), ["/rdap/ip/198.51.100.9"]);

    let circle = Registry::of(vec![status("301 Moved", "Location: /ip/198.51.100.9\r\n", "")]).await;
    let lost = ask(&Rdap::new(&circle.base), "198.51.100.9").await;
    assert!(matches!(lost, Err(RdapError::Failed { .. })), "{lost:?}");
    assert!(circle.asked().len() <= 7, "{:?}", circle.asked());
}

#[tokio::test]
async fn what_is_not_registered_has_nobody_and_that_is_kept() {
    let registry = Registry::of(vec![status("404 Not Found", "", "{\"errorCode\":404}")]).await;
    let rdap = Rdap::new(&registry.base);
    assert_eq!(ask(&rdap, "198.51.100.9").await.as_deref(), Ok(&[][..]));
    assert_eq!(ask(&rdap, "198.51.100.9").await.as_deref(), Ok(&[][..]));
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn a_registry_that_wants_peace_gets_it_for_every_address() {
    let busy = status("429 Too Many Requests", "Retry-After: 1200\r\n", "");
    let registry = Registry::of(vec![busy, network("abuse@example.org")]).await;
    let rdap = Rdap::new(&registry.base);
    let Err(RdapError::Wait { wait, .. }) = ask(&rdap, "198.51.100.9").await else { panic!("it is busy") };
    assert_eq!(wait.as_secs(), 1200);
    assert!(matches!(ask(&rdap.clone(), "198.51.100.10").await, Err(RdapError::Wait { .. })));
    assert_eq!(registry.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_of_another_network_or_none_is_a_failure_and_is_not_kept() {
    let long = format!("{{\"objectClassName\":\"ip network\",\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (answer, words) in [
        (status("200 OK", "", &long), "broke off"),
        (status("200 OK", "", "<html>"), "no network"),
        (status("500 Oops", "", ""), "500"),
        (network_of("192.0.2", "abuse@example.org"), "another network"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(), "broke off"),
    ] {
        let registry = Registry::of(vec![answer, network("abuse@example.org")]).await;
        let rdap = Rdap::new(&registry.base);
        let failed = ask(&rdap, "198.51.100.9").await.expect_err(words).to_string();
        assert!(failed.contains(words), "{failed}");
        assert_eq!(ask(&rdap, "198.51.100.9").await.expect("now it works"), ["abuse@example.org"], "{words}");
    }
}
