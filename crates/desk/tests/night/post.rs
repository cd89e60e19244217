//! The smallest mail relay there is: it takes everything and keeps it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A letter that was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Letter {
    /// The envelope's sender, as it stood in MAIL FROM.
    pub(crate) from: String,
    /// The envelope's recipient, as it stood in RCPT TO.
    pub(crate) to: String,
    /// Headers and text.
    pub(crate) data: String,
}

impl Letter {
    /// The value of a header, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let unfolded = self.data.replace("\r\n ", " ").replace("\r\n\t", " ");
        let head = unfolded.split("\r\n\r\n").next().unwrap_or_default().to_owned();
        let value = |line: &str| {
            let (is, value) = line.split_once(':')?;
            is.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().find_map(value)
    }
}

/// A relay with what it has taken.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Letter>>>,
}

impl Post {
    /// Opens one on a free port; it works for as long as the runtime lives.
    pub(crate) async fn open() -> Post {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port on loopback");
        let port = listener.local_addr().expect("a bound port").port();
        let post = Post { port, taken: Arc::default() };
        let taken = post.taken.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, taken.clone()));
            }
        });
        post
    }

    /// All letters taken so far to addresses that hold `to`.
    pub(crate) fn to(&self, to: &str) -> Vec<Letter> {
        let taken = self.taken.lock().expect("the letters");
        taken.iter().filter(|letter| letter.to.contains(to)).cloned().collect()
    }
}

async fn serve(client: TcpStream, taken: Arc<Mutex<Vec<Letter>>>) -> Option<()> {
    let (read, mut write) = client.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut letter = Letter::default();
    write.write_all(b"220 post\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "MAIL" => {
                letter = Letter { from: line, ..Letter::default() };
                "250 ok"
            }
            "RCPT" => {
                letter.to = line;
                "250 ok"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                while let Some(line) = lines.next_line().await.ok()? {
                    if line == "." {
                        break;
                    }
                    letter.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.data.push_str("\r\n");
                }
                taken.lock().expect("the letters").push(std::mem::take(&mut letter));
                "250 taken"
            }
            "QUIT" => return None,
            _ => "250 ok",
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
    None
}
