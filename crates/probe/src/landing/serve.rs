//! Answering what connects to the landing: a secret for a nonce, a page for a stranger, nothing more.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::mail;
use super::mails::Mails;
use super::nonces::{Nonces, Way};
use super::opening::{self, MOST_HEAD, Opening};
use super::seats::Seats;

/// How long a connection may take to say what it wants and take its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a visitor on another port than 25 may be silent before it is greeted as a mail server greets: some wait for
/// that, and a proxy that shows us nothing but what we say first shows this.
const SILENCE: Duration = Duration::from_millis(500);

/// How long a mail server may take over its mails.
const MAIL_PATIENCE: Duration = Duration::from_secs(60);

/// Mail's own port: its visitors are greeted at once.
const SMTP: u16 = 25;

/// How long, and for how many bytes, a connection is listened to after its answer: closing over unread bytes sends
/// a reset, and a reset can overtake the answer (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 16 * 1024;

/// What all connections share.
#[derive(Debug)]
pub(super) struct House {
    nonces: Arc<Nonces>,
    mails: Arc<Mails>,
    seats: Arc<Seats>,
    page: String,
    greeting: String,
}

impl House {
    pub(super) fn new(nonces: Arc<Nonces>, mails: Arc<Mails>, who: &str, greeting: &str) -> Self {
        let greeting = format!("{greeting}\r\n");
        House { nonces, mails, seats: Arc::default(), page: page(who), greeting }
    }

    /// The answer to an opening.
    fn answer(&self, opening: Opening, peer: SocketAddr) -> String {
        match opening {
            Opening::Request(nonce) => match self.nonces.land(&nonce, Way::Request, peer) {
                Some(secret) => http("200 OK", PLAIN, &format!("{}\n", hex::encode(secret))),
                None => self.turned_away(),
            },
            Opening::Line(nonce) => match self.nonces.land(&nonce, Way::Line, peer) {
                Some(secret) => format!("ND {}\r\n", hex::encode(secret)),
                None => self.turned_away(),
            },
            Opening::Unread(nonce) => match self.nonces.land_unread(&nonce, peer) {
                Some(secret) => http("200 OK", PLAIN, &format!("{}\n", hex::encode(secret))),
                None => self.turned_away(),
            },
            Opening::Page => http("200 OK", HTML, &self.page),
            Opening::Stranger | Opening::Mail | Opening::More => self.turned_away(),
        }
    }

    fn turned_away(&self) -> String {
        http("404 Not Found", HTML, &self.page)
    }
}

/// Accepts for ever; all connections end with this future.
pub(super) async fn listen(listener: TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly EMFILE: the listener is fine, there is just no descriptor left for a moment.
                tracing::warn!(%error, "the landing cannot accept a connection; trying again");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let Some(seat) = house.seats.take(peer.ip()) else {
            tracing::warn!(%peer, "the landing is full: connection dropped");
            continue;
        };
        let house = Arc::clone(&house);
        connections.spawn(async move {
            let done = attend(stream, peer, &house).await;
            tracing::debug!(%peer, ?done, "a connection to the landing ended");
            drop(seat);
        });
    }
}

async fn attend(mut stream: TcpStream, peer: SocketAddr, house: &House) -> std::io::Result<()> {
    let mut heard = Vec::with_capacity(512);
    let opening = timeout(PATIENCE, listen_to(&mut stream, &mut heard, house)).await;
    match opening.unwrap_or(Ok(Opening::Stranger))? {
        Opening::Mail => {
            let receiving = mail::receive(&mut stream, peer, &house.mails, heard);
            timeout(MAIL_PATIENCE, receiving).await.unwrap_or(Ok(()))
        }
        other => timeout(PATIENCE, reply(stream, &house.answer(other, peer))).await.unwrap_or(Ok(())),
    }
}

/// Hears a visitor's first words, having greeted those that wait for it.
async fn listen_to(stream: &mut TcpStream, heard: &mut Vec<u8>, house: &House) -> std::io::Result<Opening> {
    let mut has_greeted = stream.local_addr()?.port() == SMTP;
    if has_greeted {
        stream.write_all(house.greeting.as_bytes()).await?;
    }
    loop {
        let mut chunk = [0; 512];
        let count = if has_greeted || !heard.is_empty() {
            stream.read(&mut chunk).await?
        } else {
            match timeout(SILENCE, stream.read(&mut chunk)).await {
                Ok(count) => count?,
                Err(_) => {
                    has_greeted = true;
                    stream.write_all(house.greeting.as_bytes()).await?;
                    continue;
                }
            }
        };
        if count == 0 {
            return Ok(Opening::Stranger);
        }
        heard.extend_from_slice(chunk.get(..count).unwrap_or_default());
        match opening::read(heard) {
            Opening::More if heard.len() < MOST_HEAD => {}
            known => return Ok(known),
        }
    }
}

async fn reply(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    let rest = async { tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await };
    timeout(LINGER, rest).await.map_or(Ok(()), |copied| copied.map(drop))
}

const PLAIN: &str = "text/plain; charset=us-ascii";
const HTML: &str = "text/html; charset=us-ascii";

fn http(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Who probes and why, for whoever finds our address in a log and looks.
fn page(who: &str) -> String {
    let who = escaped(&crate::transcript::plain(who));
    format!(
        "<!doctype html>\n\
         <html lang=\"en\"><head><meta charset=\"us-ascii\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Who connected to you</title></head><body>\n\
         <h1>Who connected to you, and why</h1>\n\
         <p>This address belongs to the abuse desk of an access provider: <strong>{who}</strong>.</p>\n\
         <p>We check our own customers' lines for open proxies and open mail relays, because strangers use them to send\n\
         spam and to hide. A proxy that is told to connect here, and does, is open; so is a mail server that brings\n\
         a test mail of ours here. Nothing else is asked of it, and nothing is kept of those who come by.</p>\n\
         <p>We probe addresses of our own network alone, and only for a reason: a report, or what we saw of the line. If we\n\
         connected to you and you think we should not have, please write to us.</p>\n\
         </body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            plain if plain.is_ascii() => html.push(plain),
            other => html.push_str(&format!("&#{};", u32::from(other))),
        }
    }
    html
}
