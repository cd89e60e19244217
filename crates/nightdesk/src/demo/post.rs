//! Posting the night's mails: as much SMTP (RFC 5321) as one obedient client needs.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Delivers one mail and returns the server's last word on it.
pub(crate) async fn deliver(to: SocketAddr, mail: &str) -> Result<String> {
    let stream = TcpStream::connect(to)
        .await
        .with_context(|| format!("cannot connect to our own SMTP listener {to}"))?;
    let mut talk = Talk { stream: BufReader::new(stream) };
    talk.hear("220").await?;
    talk.say("EHLO mx.example.net", "250").await?;
    talk.say("MAIL FROM:<night@mx.example.net>", "250").await?;
    talk.say("RCPT TO:<abuse@example.net>", "250").await?;
    talk.say("DATA", "354").await?;
    let stuffed: String = mail
        .split_inclusive("\r\n")
        .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
        .collect();
    let last = talk.say(&format!("{stuffed}."), "250").await?;
    talk.say("QUIT", "221").await?;
    Ok(last)
}

struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    async fn say(&mut self, line: &str, wanted: &str) -> Result<String> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await?;
        self.hear(wanted).await
    }

    /// Reads one reply, however many lines it has.
    async fn hear(&mut self, wanted: &str) -> Result<String> {
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line).await? > 0, "our own SMTP listener hung up");
            if line.as_bytes().get(3) != Some(&b'-') {
                ensure!(line.starts_with(wanted), "our own SMTP listener said {line:?} and not {wanted}");
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}
