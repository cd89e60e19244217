//! A small mail server with every vice that is wanted of it.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use super::{EXIT, serve};

/// What it does with mails of strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vice {
    /// Refuses all of them.
    None,
    /// Relays those to `user@domain`.
    RelaysAll,
    /// Relays those whose recipient it is asked to make out of `user%domain@itself`.
    PercentHack,
    /// The same, and hangs up on whoever was refused once, as a server that counts errors does.
    PercentHackWithoutPatience,
    /// Refuses one recipient, and then lets nobody in any more.
    HasEnough,
    /// Relays for senders that say they are its own.
    TrustsItsOwn,
    /// Relays, once a sender and recipient have come a second time after a while.
    PutsOffFirst,
    /// Takes all and keeps it.
    Sink,
    /// Takes the recipient and refuses the mail.
    RefusesAtData,
    /// Takes all, and sends it back to whoever is named as its sender.
    Bounces,
    /// Relays for whoever logs in as `test` with the password `test`.
    WeakLogin,
}

type Seen = Arc<Mutex<HashMap<String, Instant>>>;

/// Runs it; its mails go to `landing`, whatever their domain.
pub(crate) async fn mail_server(vice: Vice, landing: SocketAddr) -> SocketAddr {
    let seen = Seen::default();
    serve(move |stream| {
        let seen = Arc::clone(&seen);
        async move { session(BufReader::new(stream), vice, landing, &seen).await }
    })
    .await
}

async fn session(
    mut stream: BufReader<TcpStream>,
    vice: Vice,
    landing: SocketAddr,
    seen: &Seen,
) -> io::Result<()> {
    if vice == Vice::HasEnough && seen.lock().unwrap().insert("session".to_owned(), Instant::now()).is_some()
    {
        return stream.write_all(b"421 try again tomorrow\r\n").await;
    }
    stream.write_all(b"220 mail.example.net ESMTP\r\n").await?;
    let (mut sender, mut recipient, mut is_in) = (String::new(), String::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line.get(..4).unwrap_or_default();
        let answer = match verb {
            "EHLO" if vice == Vice::WeakLogin => "250-mail.example.net\r\n250 AUTH PLAIN",
            "EHLO" => "250 mail.example.net",
            "AUTH" => {
                is_in = line.ends_with("AHRlc3QAdGVzdA==");
                if is_in { "235 in" } else { "535 no" }
            }
            "MAIL" => {
                sender = inside(line);
                "250 ok"
            }
            "RCPT" => {
                recipient = inside(line);
                verdict(vice, &sender, &recipient, is_in, seen)
            }
            "DATA" if vice == Vice::RefusesAtData => "554 no",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mail = text(&mut stream).await?;
                let onward = pass_on(vice, sender.clone(), recipient.clone(), mail, landing);
                match vice {
                    // What comes back does so later.
                    Vice::Bounces => drop(tokio::spawn(onward)),
                    _ => onward.await?,
                }
                "250 taken"
            }
            "QUIT" => return Ok(()),
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        let impatient = matches!(vice, Vice::PercentHackWithoutPatience | Vice::HasEnough);
        if impatient && answer.starts_with('5') {
            return Ok(());
        }
    }
}

fn verdict(vice: Vice, sender: &str, recipient: &str, is_in: bool, seen: &Seen) -> &'static str {
    let is_plain = recipient.matches('@').count() == 1 && !recipient.contains(['%', '!', '"']);
    let takes = match vice {
        Vice::None | Vice::HasEnough => false,
        Vice::RelaysAll => is_plain,
        Vice::PercentHack | Vice::PercentHackWithoutPatience => {
            recipient.contains('%') && recipient.ends_with("@mail.example.net")
        }
        Vice::TrustsItsOwn => is_plain && sender.ends_with("@mail.example.net"),
        Vice::PutsOffFirst => {
            let mut seen = seen.lock().unwrap();
            let first = *seen.entry(format!("{sender} {recipient}")).or_insert_with(Instant::now);
            if first.elapsed() < Duration::from_millis(150) {
                return "450 later";
            }
            is_plain
        }
        Vice::Sink | Vice::RefusesAtData | Vice::Bounces => true,
        Vice::WeakLogin => is_in,
    };
    if takes { "250 ok" } else { "554 relay access denied" }
}

fn inside(line: &str) -> String {
    let text = line.split_once(':').map_or("", |(_, text)| text);
    text.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}

async fn text(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut mail = String::new();
    while !mail.ends_with("\r\n.\r\n") {
        if stream.read_line(&mut mail).await? == 0 {
            break;
        }
    }
    Ok(mail)
}

async fn pass_on(
    vice: Vice,
    sender: String,
    recipient: String,
    mail: String,
    landing: SocketAddr,
) -> io::Result<()> {
    let (from, to) = match vice {
        Vice::Sink => return Ok(()),
        Vice::Bounces => (String::new(), sender),
        Vice::PercentHack | Vice::PercentHackWithoutPatience => {
            let local = recipient.strip_suffix("@mail.example.net").unwrap_or(&recipient);
            (sender, local.replace('%', "@"))
        }
        _ => (sender, recipient),
    };
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((EXIT, 0)))?;
    let mut stream = BufReader::new(socket.connect(landing).await?);
    let mail = format!("Received: from x by mail.example.net\r\n{}", mail.trim_end_matches("\r\n.\r\n"));
    let mail = format!("{mail}\r\n.");
    let said =
        ["EHLO mail.example.net", &format!("MAIL FROM:<{from}>"), &format!("RCPT TO:<{to}>"), "DATA", &mail];
    for words in [""].into_iter().chain(said) {
        if !words.is_empty() {
            stream.write_all(format!("{words}\r\n").as_bytes()).await?;
        }
        let mut answer = String::new();
        stream.read_line(&mut answer).await?;
        if !answer.starts_with(['2', '3']) {
            return Ok(());
        }
    }
    stream.write_all(b"QUIT\r\n").await
}
