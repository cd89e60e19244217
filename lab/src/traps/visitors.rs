//! Who comes: a table of first words, and real programs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::network::Traps;

/// How long a visitor waits for a word.
const PATIENCE: Duration = Duration::from_secs(6);

/// A visitor of one trap.
pub(super) struct Visit {
    pub(super) trap: &'static str,
    pub(super) port: u16,
    /// What it waits for before it speaks; nothing where it speaks first.
    pub(super) greeted: &'static str,
    pub(super) says: &'static [u8],
    /// What the first answer begins with.
    pub(super) answered: &'static [u8],
    pub(super) wanted: &'static str,
    pub(super) target: Option<&'static str>,
}

const fn first(trap: &'static str, port: u16, says: &'static [u8], wanted: &'static str) -> Visit {
    Visit { trap, port, greeted: "", says, answered: b"", wanted, target: None }
}

/// One for each thing that is looked for; none of their ports says what it is, but for those that wait for a greeting.
pub(super) fn table() -> Vec<Visit> {
    let to = |target, visit: Visit| Visit { target: Some(target), ..visit };
    let hears = |answered, visit: Visit| Visit { answered, ..visit };
    let waits = |greeted, visit: Visit| Visit { greeted, ..visit };
    let socks4 = b"\x04\x01\x00\x19\xc0\x00\x02\x19\x00";
    vec![
        hears(b"\x00\x5a", to("192.0.2.25:25", first("198.18.1.1", 48613, socks4, "socks4"))),
        hears(b"\x05\x00", first("198.18.1.2", 7777, b"\x05\x01\x00", "socks5")),
        hears(b"HTTP/1.0 200", to("192.0.2.25:6667", first("198.18.1.3", 9, b"CONNECT 192.0.2.25:6667 HTTP/1.0\r\n\r\n", "http-connect"))),
        to("judge.example.org:8080", first("198.18.1.4", 4444, b"GET http://judge.example.org:8080/ HTTP/1.1\r\nHost: x\r\n\r\n", "http-absolute")),
        hears(b"Connecting", to("192.0.2.25:6667", first("198.18.1.5", 65001, b"192.0.2.25:6667\r\n", "wingate"))),
        waits("NetBus", first("198.18.1.6", 12345, b"Password;1;\r", "netbus")),
        hears(b"connected.", waits("PWD", first("198.18.1.7", 27374, b"PWD14438136782715101980\r\n", "subseven"))),
        hears(b"Password", waits("login: ", first("198.18.1.8", 23, b"root\r\n", "telnet"))),
        hears(b"250", waits("220", first("198.18.1.9", 25, b"HELO scanner.example.net\r\n", "smtp"))),
        hears(b"\x03\x00", first("198.18.1.10", 33890, b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", "rdp")),
        first("198.18.1.11", 4450, b"\x00\x00\x00\x2f\xffSMB\x72\x00\x00\x00\x00\x18\x01\x28", "smb"),
        hears(b"CNXN", first("198.18.1.12", 15555, b"CNXN\x00\x00\x00\x01\x00\x10\x00\x00\x07\x00\x00\x00\x32\x02\x00\x00\xbc\xb1\xa7\xb1host::\x00", "adb")),
        hears(b"+PONG", first("198.18.1.13", 16379, b"*1\r\n$4\r\nPING\r\n", "redis")),
        hears(b"HTTP/1.1 200", first("198.18.1.14", 12375, b"GET /v1.24/containers/json HTTP/1.1\r\nHost: x\r\n\r\n", "docker")),
        first("198.18.1.15", 18291, b"\x68\x01\x00\x66M2\x05\x00\xff\x01\x06\x00", "winbox"),
        hears(b"SSH-2.0", first("198.18.1.16", 12222, b"SSH-2.0-Go\r\n", "ssh")),
        first("198.18.1.17", 11, b"nobody has seen this before", "unknown"),
    ]
}

/// All of them, each on a thread of its own in the world.
pub(super) fn visit(traps: &Traps<'_>, table: &[Visit]) -> Result<()> {
    std::thread::scope(|scope| {
        let visits: Vec<_> = table.iter().map(|one| (one, scope.spawn(|| one.pay(traps)))).collect();
        for (one, visit) in visits {
            let paid = visit.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the visitor broke")));
            paid.with_context(|| format!("the visit for {} to {}:{}", one.wanted, one.trap, one.port))?;
        }
        Ok(())
    })
}

impl Visit {
    fn pay(&self, traps: &Traps<'_>) -> Result<()> {
        traps.world.enter()?;
        let mut stream = connect(self.trap, self.port)?;
        let mut heard = [0; 256];
        if !self.greeted.is_empty() {
            let count = stream.read(&mut heard)?;
            let greeting = String::from_utf8_lossy(heard.get(..count).unwrap_or_default()).into_owned();
            ensure!(greeting.starts_with(self.greeted), "the greeting is {greeting:?}");
        }
        stream.write_all(self.says)?;
        if !self.answered.is_empty() {
            let count = stream.read(&mut heard)?;
            let answer = heard.get(..count).unwrap_or_default();
            ensure!(answer.starts_with(self.answered), "the answer is {}", answer.escape_ascii());
        }
        Ok(())
    }
}

fn connect(trap: &str, port: u16) -> Result<TcpStream> {
    let address: SocketAddr = format!("{trap}:{port}").parse()?;
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// In the world.
pub(super) fn there<T: Send>(traps: &Traps<'_>, what: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| traps.world.enter().and_then(|()| what())).join();
        done.unwrap_or_else(|_| Err(anyhow::anyhow!("the visitor broke")))
    })
}

/// Back Orifice's ping is understood, and answered once and by no more than it had; a stranger's datagram is not.
pub(super) fn datagrams(traps: &Traps<'_>) -> Result<()> {
    const PING: [u8; 19] = [
        0xce, 0x63, 0xd1, 0xd2, 0x16, 0xe7, 0x13, 0xcf, 0x38, 0xa5, 0xa5, 0x86, 0xb2, 0x75, 0x4b, 0x99, 0xaa,
        0x32, 0x58,
    ];
    let answers = there(traps, || {
        let socket = UdpSocket::bind("198.51.100.2:0")?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut answers = Vec::new();
        for trap in ["198.18.60.1:31337", "198.18.60.2:31337", "198.18.60.3:9999"] {
            socket.send_to(&PING, trap)?;
            let mut heard = [0; 512];
            if let Ok((count, from)) = socket.recv_from(&mut heard) {
                ensure!(from.to_string() == trap, "{from} answers for {trap}");
                answers.push(count);
            }
        }
        socket.send_to(b"hello?", "198.18.60.4:4444")?;
        Ok(answers)
    })?;
    ensure!(
        answers.len() == 1 && answers.iter().all(|count| *count <= PING.len()),
        "answers of {answers:?} bytes"
    );
    let told = super::seen(traps, |hit| hit["trap"] == "198.18.60.3")?;
    ensure!(told["wanted"] == "back-orifice" && told["port"] == 9999, "the ping is told as {told}");
    let stranger = super::seen(traps, |hit| hit["trap"] == "198.18.60.4")?;
    ensure!(
        stranger["handshake"] == false && stranger["first_text"] == "hello?",
        "the stranger is told as {stranger}"
    );
    crate::step("of three Back Orifice pings one is answered, by no more bytes; all are decrypted and told");
    Ok(())
}

/// A byte a second until it is let go; how long that was.
pub(super) fn slowloris(traps: &Traps<'_>, trap: &str) -> Result<Duration> {
    there(traps, || {
        let mut stream = connect(trap, 80)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            let ended = match stream.write_all(b"G").and_then(|()| stream.read(&mut [0; 16])) {
                Ok(count) => count == 0,
                Err(error) => {
                    !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
                }
            };
            if ended {
                return Ok(begun.elapsed());
            }
        }
        anyhow::bail!("it was never let go")
    })
}

/// A relay test as a tester writes it.
pub(super) fn swaks(traps: &Traps<'_>, trap: &str) -> Result<()> {
    let subject = format!("Subject: {trap}:25");
    traps
        .world
        .run(&[
            "swaks",
            "--server",
            trap,
            "--from",
            "probe@example.org",
            "--to",
            "dropbox@example.net",
            "--header",
            &subject,
            "--timeout",
            "8",
        ])
        .map(drop)
}

/// curl through a proxy; what it fetches there is nothing.
pub(super) fn curl(traps: &Traps<'_>, proxy: &str, url: &str) -> Result<()> {
    let mail = traps.file("mail.txt", "Subject: relayed\r\n\r\nthrough a proxy\r\n")?;
    let mut words = vec!["curl", "-s", "-m", "8", "-x", proxy, url];
    let mail = mail.to_string_lossy().into_owned();
    if url.starts_with("smtp") {
        words.extend(["--mail-from", "probe@example.org", "--mail-rcpt", "dropbox@example.net", "-T", &mail]);
    }
    traps.world.attempt(&words).map(drop)
}

/// A TLS hello; there is no TLS behind it.
pub(super) fn openssl(traps: &Traps<'_>, trap: &str, name: &str) -> Result<()> {
    let place = format!("{trap}:44300");
    let words = ["timeout", "2", "openssl", "s_client", "-connect", &place, "-servername", name];
    traps.world.attempt(&words).map(drop)
}
