//! Where the others' connections land: a page and a banner that say one word, as the checks of nmap and libopm want it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::net::Namespace;

/// What both say. nmap takes it for a Lua pattern: letters alone mean themselves.
pub(super) const WORD: &str = "LANDEDHERE";
/// Where the banner is, as on a server of IRC.
pub(super) const BANNER_PORT: u16 = 6667;
const PAGE_PORT: u16 = 80;
/// How long a visitor may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether to end.
const LOOK: Duration = Duration::from_millis(10);

/// The landing at work; it closes when dropped.
pub(super) struct Landing {
    stop: Arc<AtomicBool>,
    at_work: Option<JoinHandle<()>>,
}

impl Landing {
    /// Listens on an address of a namespace.
    pub(super) fn open(namespace: &Namespace, address: &str) -> Result<Landing> {
        let bind = || -> Result<[TcpListener; 2]> {
            namespace.enter()?;
            let bound = |port| {
                let listener = TcpListener::bind((address, port))?;
                listener.set_nonblocking(true)?;
                Ok::<_, std::io::Error>(listener)
            };
            Ok([bound(PAGE_PORT)?, bound(BANNER_PORT)?])
        };
        // A thread of its own enters the namespace, and the sockets stay there.
        let [page, banner] = std::thread::scope(|scope| scope.spawn(bind).join())
            .map_err(|_| anyhow!("a thread fell over"))?
            .context("the others' landing cannot listen")?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let at_work = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                welcome(&page, serve_page);
                welcome(&banner, serve_banner);
                std::thread::sleep(LOOK);
            }
        });
        Ok(Landing { stop, at_work: Some(at_work) })
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.at_work.take().is_some_and(|thread| thread.join().is_err()) {
            eprintln!("lab: the others' landing fell over");
        }
    }
}

/// Serves whoever waits, each in a thread of its own.
fn welcome(listener: &TcpListener, serve: fn(TcpStream) -> std::io::Result<()>) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                std::thread::spawn(move || {
                    let ready =
                        stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(PATIENCE)));
                    // A visitor who goes early is no fault of the landing.
                    drop(ready.and_then(|()| serve(stream)));
                });
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(_) => {}
        }
    }
}

fn serve_page(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut heard, mut chunk) = (Vec::new(), [0; 1024]);
    while !heard.windows(4).any(|window| window == b"\r\n\r\n") && heard.len() < 16_384 {
        match stream.read(&mut chunk)? {
            0 => break,
            count => heard.extend_from_slice(chunk.get(..count).unwrap_or_default()),
        }
    }
    let page = format!("<html>{WORD}</html>\n");
    let length = page.len();
    stream.write_all(
        format!(
            "HTTP/1.0 200 OK\r\nServer: landing\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{page}"
        )
        .as_bytes(),
    )
}

fn serve_banner(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(
        format!(":irc.example.net NOTICE * :*** {WORD} looking up your hostname\r\n").as_bytes(),
    )?;
    // Whoever forwards a request first wants it taken.
    stream.read(&mut [0; 512]).map(drop)
}
