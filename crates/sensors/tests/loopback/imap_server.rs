//! A scripted IMAP server: a mailbox in memory, and every way to misbehave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// How the server treats who fetches a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// As it should.
    Honest,
    /// Closes in the middle of the literal.
    DropsMidLiteral,
    /// Announces a literal of 4 GB and sends on and on.
    AnnouncesHuge,
    /// Sends untagged responses without end.
    Floods,
    /// Sends nothing at all, and keeps the connection.
    Stalls,
    /// Says that the message is small, and sends a large one.
    LiesAboutSize,
    /// Answers OK without the message.
    GivesNothing,
}

#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: Vec<String>,
    pub(crate) manner: Manner,
}

pub(crate) struct Mailbox {
    pub(crate) messages: BTreeMap<u32, Message>,
    pub(crate) uid_validity: u32,
    pub(crate) capabilities: &'static str,
    /// What LOGIN must be given.
    pub(crate) password: &'static str,
    /// Where moved messages are; a folder must be made first.
    pub(crate) folders: BTreeMap<String, Vec<Vec<u8>>>,
    /// Every command line the server has heard, without its tag.
    pub(crate) heard: Vec<String>,
    /// Connections to be greeted with BYE before one is served.
    pub(crate) byes: u32,
    pub(crate) connections: u32,
    /// Whether SEARCH is answered as by IMAP4rev2 alone.
    pub(crate) esearch: bool,
}

/// The server; clones are the same one.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    pub(crate) mailbox: Arc<Mutex<Mailbox>>,
    pub(crate) arrived: Arc<Notify>,
}

impl Server {
    pub(crate) async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailbox = Mailbox {
            messages: BTreeMap::new(),
            uid_validity: 7,
            capabilities: "IMAP4rev1 IDLE UIDPLUS MOVE",
            password: "hunter2",
            folders: BTreeMap::new(),
            heard: Vec::new(),
            byes: 0,
            connections: 0,
            esearch: false,
        };
        let server = Server {
            at: listener.local_addr().unwrap(),
            mailbox: Arc::new(Mutex::new(mailbox)),
            arrived: Arc::default(),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                // A client that goes away ends its own connection only.
                tokio::spawn(async move { server.serve(stream).await.ok() });
            }
        });
        server
    }

    pub(crate) fn put(&self, uid: u32, bytes: &[u8], manner: Manner) {
        let message = Message { bytes: bytes.to_vec(), flags: Vec::new(), manner };
        self.mailbox.lock().unwrap().messages.insert(uid, message);
        self.arrived.notify_waiters();
    }

    pub(crate) fn has(&self, uid: u32, flag: &str) -> bool {
        let mailbox = self.mailbox.lock().unwrap();
        mailbox.messages.get(&uid).is_some_and(|message| message.flags.iter().any(|one| one == flag))
    }

    pub(crate) fn heard(&self, wanted: &str) -> usize {
        self.mailbox.lock().unwrap().heard.iter().filter(|line| line.starts_with(wanted)).count()
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let bye = {
            let mut mailbox = self.mailbox.lock().unwrap();
            mailbox.connections += 1;
            let bye = mailbox.byes > 0;
            mailbox.byes = mailbox.byes.saturating_sub(1);
            bye
        };
        if bye {
            return stream.write_all(b"* BYE too busy\r\n").await;
        }
        stream.write_all(b"* OK ready\r\n").await?;
        let mut line = String::new();
        // The newest message this client has been told of.
        let mut told = 0;
        loop {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let (tag, rest) = line.trim_end().split_once(' ').unwrap();
            self.mailbox.lock().unwrap().heard.push(rest.to_owned());
            let (tag, rest) = (tag.to_owned(), rest.to_owned());
            if rest.starts_with("SELECT") {
                told = self.newest();
            }
            if rest == "IDLE" {
                self.idle(&mut stream, &tag, &mut told).await?;
            } else if rest.starts_with("UID FETCH") && rest.contains("BODY.PEEK[]") {
                self.give(&mut stream, &tag, &rest).await?;
            } else {
                let answer = self.answer(&tag, &rest);
                stream.write_all(answer.as_bytes()).await?;
            }
        }
    }

    async fn idle(
        &self,
        stream: &mut BufReader<TcpStream>,
        tag: &str,
        told: &mut u32,
    ) -> std::io::Result<()> {
        stream.write_all(b"+ idling\r\n").await?;
        let mut line = String::new();
        loop {
            // Before the look, so that what arrives in between is not missed.
            let arrived = self.arrived.notified();
            let newest = self.newest();
            if std::mem::replace(told, newest) != newest {
                stream.write_all(format!("* {newest} EXISTS\r\n").as_bytes()).await?;
            }
            tokio::select! {
                () = arrived => {}
                read = stream.read_line(&mut line) => {
                    read?;
                    assert_eq!(line.trim_end(), "DONE");
                    return stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await;
                }
            }
        }
    }

    fn newest(&self) -> u32 {
        self.mailbox.lock().unwrap().messages.keys().next_back().copied().unwrap_or(0)
    }

    async fn give(&self, stream: &mut BufReader<TcpStream>, tag: &str, rest: &str) -> std::io::Result<()> {
        let uid: u32 = rest.split(' ').nth(2).unwrap().parse().unwrap();
        let found = self.mailbox.lock().unwrap().messages.get(&uid).cloned();
        let Some(message) = found else {
            return stream.write_all(format!("{tag} OK nothing\r\n").as_bytes()).await;
        };
        let length = message.bytes.len();
        let head = |length: usize| format!("* 1 FETCH (UID {uid} BODY[] {{{length}}}\r\n");
        match message.manner {
            Manner::Honest | Manner::LiesAboutSize => {
                stream.write_all(head(length).as_bytes()).await?;
                stream.write_all(&message.bytes).await?;
                stream.write_all(format!(")\r\n{tag} OK done\r\n").as_bytes()).await
            }
            Manner::GivesNothing => stream.write_all(format!("{tag} OK done\r\n").as_bytes()).await,
            Manner::DropsMidLiteral => {
                stream.write_all(head(length + 10).as_bytes()).await?;
                stream.write_all(&message.bytes).await?;
                stream.shutdown().await
            }
            Manner::AnnouncesHuge => {
                stream.write_all(head(4_000_000_000).as_bytes()).await?;
                loop {
                    stream.write_all(&[b'x'; 8192]).await?;
                }
            }
            Manner::Floods => loop {
                stream.write_all(b"* 1 FETCH (FLAGS ())\r\n* 1 NOISE (no such thing)\r\n").await?;
            },
            Manner::Stalls => {
                let mut nothing = Vec::new();
                stream.read_to_end(&mut nothing).await.map(drop)
            }
        }
    }

    fn answer(&self, tag: &str, rest: &str) -> String {
        let mut mailbox = self.mailbox.lock().unwrap();
        let words: Vec<&str> = rest.split(' ').collect();
        match words.as_slice() {
            ["CAPABILITY"] => format!("* CAPABILITY {}\r\n{tag} OK done\r\n", mailbox.capabilities),
            ["LOGIN", _, given] if given.trim_matches('"') == mailbox.password => format!("{tag} OK in\r\n"),
            ["LOGIN", ..] => format!("{tag} NO [AUTHENTICATIONFAILED] wrong\r\n"),
            ["AUTHENTICATE", ..] => format!("{tag} OK in\r\n"),
            ["SELECT", ..] => {
                let (count, validity) = (mailbox.messages.len(), mailbox.uid_validity);
                format!(
                    "* {count} EXISTS\r\n* OK [UIDVALIDITY {validity}] valid\r\n{tag} OK [READ-WRITE] open\r\n"
                )
            }
            ["UID", "SEARCH", ..] if mailbox.esearch => {
                format!("* ESEARCH (TAG \"{tag}\") UID ALL 1:3\r\n{tag} OK done\r\n")
            }
            ["UID", "SEARCH", ..] => {
                let unseen = mailbox.messages.iter().filter(|(_, message)| {
                    !message.flags.iter().any(|flag| flag == "\\Seen" || flag == "\\Deleted")
                });
                let unseen: String = unseen.map(|(uid, _)| format!(" {uid}")).collect();
                format!("* SEARCH{unseen}\r\n{tag} OK done\r\n")
            }
            ["UID", "FETCH", ..] => {
                let mut lines = String::new();
                for (number, (uid, message)) in mailbox.messages.iter().enumerate() {
                    let size = match message.manner {
                        Manner::LiesAboutSize => 5,
                        _ => message.bytes.len(),
                    };
                    let flags = message.flags.join(" ");
                    lines +=
                        &format!("* {} FETCH (UID {uid} RFC822.SIZE {size} FLAGS ({flags}))\r\n", number + 1);
                }
                format!("{lines}{tag} OK done\r\n")
            }
            ["UID", "STORE", uid, _, flags @ ..] => {
                let flags = flags.join(" ");
                let message = mailbox.messages.get_mut(&uid.parse().unwrap());
                let given = flags.trim_matches(['(', ')']).split(' ').map(str::to_owned);
                message.into_iter().for_each(|message| message.flags.extend(given.clone()));
                format!("{tag} OK done\r\n")
            }
            ["CREATE", folder] => {
                mailbox.folders.insert((*folder).to_owned(), Vec::new());
                format!("{tag} OK made\r\n")
            }
            ["UID", verb @ ("MOVE" | "COPY"), uid, folder] => {
                let uid: u32 = uid.parse().unwrap();
                let Some(bytes) = mailbox.messages.get(&uid).map(|message| message.bytes.clone()) else {
                    return format!("{tag} OK nothing\r\n");
                };
                let Some(there) = mailbox.folders.get_mut(*folder) else {
                    return format!("{tag} NO [TRYCREATE] no such folder\r\n");
                };
                there.push(bytes);
                if *verb == "MOVE" {
                    mailbox.messages.remove(&uid);
                }
                format!("{tag} OK done\r\n")
            }
            ["UID", "EXPUNGE", uid] => {
                mailbox.messages.remove(&uid.parse().unwrap());
                format!("{tag} OK done\r\n")
            }
            _ => format!("{tag} BAD what?\r\n"),
        }
    }
}
