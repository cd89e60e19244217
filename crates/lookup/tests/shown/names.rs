//! A name server for one test, on UDP and TCP.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, MX, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use lookup::{Authenticator, Config, Resolver};

/// What it knows, and how often it was asked.
#[derive(Default)]
pub(crate) struct Zone {
    pub(crate) txt: HashMap<String, String>,
    pub(crate) a: HashMap<String, [u8; 4]>,
    /// Exchangers in the order of their preference.
    pub(crate) mx: HashMap<String, Vec<&'static str>>,
    /// Names that get no answer at all; `*` is every name.
    pub(crate) silent: HashSet<String>,
    pub(crate) asked: AtomicUsize,
}

impl Zone {
    pub(crate) fn txt(mut self, name: &str, text: impl Into<String>) -> Zone {
        self.txt.insert(name.to_owned(), text.into());
        self
    }

    fn answer(&self, question: &[u8]) -> Option<Message> {
        let mut message = Message::from_vec(question).expect("a question");
        self.asked.fetch_add(1, Ordering::Relaxed);
        let query = message.queries.first().expect("one question").clone();
        let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
        if self.silent.contains(&name) || self.silent.contains("*") {
            return None;
        }
        message.metadata.message_type = MessageType::Response;
        message.metadata.recursion_available = true;
        message.additionals.clear();
        let data: Vec<RData> = match query.query_type() {
            RecordType::TXT => {
                self.txt.get(&name).map(|text| RData::TXT(TXT::new(pieces(text)))).into_iter().collect()
            }
            RecordType::A => {
                self.a.get(&name).map(|[a, b, c, d]| RData::A(A::new(*a, *b, *c, *d))).into_iter().collect()
            }
            RecordType::MX => self.mx.get(&name).map(|hosts| exchangers(hosts)).unwrap_or_default(),
            _ => Vec::new(),
        };
        if data.is_empty() {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        let name = Name::from_ascii(format!("{name}.")).expect("a name");
        message.add_answers(data.into_iter().map(|data| Record::from_rdata(name.clone(), 60, data)));
        Some(message)
    }

    /// Serves it, and gives an authenticator that asks it.
    pub(crate) async fn serve(self, config: Config) -> (Authenticator, Arc<Zone>) {
        let (resolver, zone) = self.resolver().await;
        (Authenticator::new(&resolver, config), zone)
    }

    /// Serves it, and gives a resolver that asks it.
    pub(crate) async fn resolver(self) -> (Resolver, Arc<Zone>) {
        let zone = Arc::new(self);
        let (udp, tcp) = both().await;
        let at = udp.local_addr().expect("an address");
        tokio::spawn(on_udp(udp, zone.clone()));
        tokio::spawn(on_tcp(tcp, zone.clone()));
        (Resolver::new(&[at]).expect("a resolver"), zone)
    }
}

fn exchangers(hosts: &[&str]) -> Vec<RData> {
    let name = |host: &str| Name::from_ascii(format!("{host}.")).expect("a name");
    (10u16..).zip(hosts).map(|(rank, host)| RData::MX(MX::new(rank, name(host)))).collect()
}

/// A string of a TXT record holds 255 bytes.
fn pieces(text: &str) -> Vec<String> {
    text.as_bytes().chunks(255).map(|piece| String::from_utf8(piece.to_vec()).expect("ASCII")).collect()
}

/// The same port on both.
async fn both() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let at: SocketAddr = udp.local_addr().expect("an address");
        if let Ok(tcp) = TcpListener::bind(at).await {
            return (udp, tcp);
        }
    }
}

async fn on_udp(socket: UdpSocket, zone: Arc<Zone>) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Some(answer) = zone.answer(&buffer[..length]) else { continue };
        let mut bytes = answer.to_vec().expect("an answer");
        if bytes.len() > 1200 {
            bytes = answer.truncate().to_vec().expect("a short answer");
        }
        socket.send_to(&bytes, from).await.expect("sent");
    }
}

async fn on_tcp(listener: TcpListener, zone: Arc<Zone>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let zone = zone.clone();
        tokio::spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut question = vec![0; usize::from(length)];
                stream.read_exact(&mut question).await.expect("the question");
                let Some(answer) = zone.answer(&question) else { continue };
                let bytes = answer.to_vec().expect("an answer");
                stream.write_u16(u16::try_from(bytes.len()).expect("short")).await.expect("sent");
                stream.write_all(&bytes).await.expect("sent");
            }
        });
    }
}
