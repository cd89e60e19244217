//! STARTTLS with a real TLS client.

use std::sync::Arc;

use crate::stand::{Client, call, config, disk, soon, start};
use rustls::pki_types::ServerName;
use sensors::smtp::{Certificate, CertificateError, Protocol};
use sensors::{Acceptance, Refusal};
use tokio::io::BufReader;
use tokio_rustls::TlsConnector;

struct Pair {
    chain: String,
    key: String,
    connector: TlsConnector,
}

fn pair() -> Pair {
    let made = rcgen::generate_simple_self_signed(["desk.example.net".to_owned()]).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    Pair {
        chain: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
        connector: TlsConnector::from(Arc::new(client)),
    }
}

#[tokio::test]
async fn a_message_over_tls_arrives_and_says_so_and_the_plain_text_before_is_forgotten() {
    let pair = pair();
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let mut config = config(Protocol::Smtp);
    config.tls = Some(Certificate::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap());
    let server = start(config, deliveries).await;
    let mut plain = call(server.at).await;
    plain.reply().await;
    assert!(plain.say("EHLO client.example").await.contains("250-STARTTLS\r\n"));
    // The injected command must neither be answered nor spoil the handshake.
    assert!(plain.say("STARTTLS\r\nMAIL FROM:<injected@example.com>").await.starts_with("220 2.0.0"));
    let name = ServerName::try_from("desk.example.net").unwrap();
    let stream = pair.connector.connect(name, plain.stream.into_inner()).await.unwrap();
    let mut secure = Client { stream: BufReader::new(stream) };
    assert!(secure.say("MAIL FROM:<a@example.com>").await.starts_with("503 "), "a stranger again");
    secure.begin().await;
    assert!(secure.say("x\r\n.").await.starts_with("250 2.0.0"));
    let delivery = soon(kept.recv()).await.unwrap();
    assert!(delivery.envelope.tls);
    assert_eq!(delivery.envelope.mail_from.as_deref(), Some("a@example.com"));
}

#[tokio::test]
async fn a_failed_handshake_ends_the_connection_and_is_counted() {
    let pair = pair();
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let mut config = config(Protocol::Smtp);
    config.tls = Some(Certificate::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap());
    let tally = Arc::clone(&config.tally);
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.reply().await;
    client.say("EHLO client.example").await;
    client.say("STARTTLS").await;
    client.send("MAIL FROM:<a@example.com>\r\n").await;
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut client.stream, &mut rest);
    tokio::time::timeout(crate::stand::SOON, read).await.expect("the connection ends").ok();
    assert!(!rest.starts_with(b"250"), "plain text was followed after STARTTLS");
    assert_eq!(tally.refused(Refusal::TlsFailed), 1);
}

#[test]
fn a_certificate_that_cannot_work_is_refused_with_the_part_that_is_wrong() {
    let (one, other) = (pair(), pair());
    let chain = one.chain.as_bytes();
    assert!(matches!(Certificate::from_pem(b"", one.key.as_bytes()), Err(CertificateError::Chain(_))));
    assert!(matches!(Certificate::from_pem(chain, b"no key"), Err(CertificateError::Key(_))));
    assert!(matches!(Certificate::from_pem(chain, other.key.as_bytes()), Err(CertificateError::Pair(_))));
    let missing = Certificate::from_files("/nonexistent/chain.pem".as_ref(), "/nonexistent/key.pem".as_ref());
    assert!(missing.unwrap_err().to_string().contains("/nonexistent/chain.pem"));
}
