//! A proxy network's gateway and its client, as sold to those who want the addresses of households.
//!
//! They are our own, since no packaged program does it: the client on the line keeps one quiet connection to the gateway,
//! and for each stranger who comes to the gateway it opens another one, there and back to a real proxy on its loopback.
//! From outside nobody calls the line at all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

use super::plan::Line;
use super::scene::{Scene, Threads};

/// First byte of the connection that lasts.
const CONTROL: u8 = b'C';
/// First byte of one that carries a stranger.
const DATA: u8 = b'D';
/// How long a read waits before it looks whether the run is over.
const PATIENCE: Duration = Duration::from_millis(200);
/// How often somebody who came is looked for, in seconds.
const LOOK: f64 = 0.02;

/// The gateway: lines call it at `line.port`, strangers at `public`.
pub(crate) fn serve<'t, 'e>(
    scene: &'t Scene<'e>,
    threads: Threads<'t, 'e>,
    line: &'t Line,
    public: u16,
) -> Result<()> {
    scene.world().enter()?;
    let lines = listen(SocketAddr::from((line.controller(), line.port)))?;
    let strangers = listen(SocketAddr::from((line.controller(), public)))?;
    let (mut control, mut waiting) = (None::<TcpStream>, Vec::new());
    while scene.course.pause(LOOK) {
        while let Ok((stranger, _)) = strangers.accept() {
            if let Some(control) = &mut control {
                control.write_all(&[DATA]).context("the line has left the gateway")?;
                waiting.insert(0, stranger);
            }
        }
        while let Ok((mut came, _)) = lines.accept() {
            let mut kind = [0];
            came.set_nonblocking(false)?;
            came.set_read_timeout(Some(PATIENCE))?;
            match came.read_exact(&mut kind) {
                Ok(()) if kind == [CONTROL] => control = Some(came),
                Ok(()) => waiting
                    .pop()
                    .into_iter()
                    .try_for_each(|stranger| join(scene, threads, stranger, came.try_clone()?))?,
                Err(_) => {}
            }
        }
    }
    Ok(())
}

/// The client on the line, in front of the proxy on the loopback at `behind`.
pub(crate) fn call<'t, 'e>(
    scene: &'t Scene<'e>,
    threads: Threads<'t, 'e>,
    line: &'t Line,
    behind: u16,
) -> Result<()> {
    scene.of(line)?.enter()?;
    let gateway = SocketAddr::from((line.controller(), line.port));
    let mut control = crate::patience::until("the gateway is there", Duration::from_secs(10), || {
        Ok(TcpStream::connect_timeout(&gateway, Duration::from_secs(2)).ok())
    })?;
    control.write_all(&[CONTROL])?;
    control.set_read_timeout(Some(PATIENCE))?;
    let mut asked = [0];
    while scene.course.goes_on() {
        match control.read(&mut asked) {
            // At the end of a run it is the first to go.
            Ok(0) if scene.course.pause(2.0) => anyhow::bail!("the gateway has gone"),
            Ok(0) => break,
            Ok(_) => {
                let mut data = TcpStream::connect_timeout(&gateway, Duration::from_secs(2))?;
                data.write_all(&[DATA])?;
                let proxy = SocketAddr::from((Ipv4Addr::LOCALHOST, behind));
                join(scene, threads, TcpStream::connect_timeout(&proxy, Duration::from_secs(2))?, data)?;
            }
            Err(error) if is_patience(&error) => {}
            Err(error) => return Err(error).context("the gateway is not heard any more"),
        }
    }
    Ok(())
}

/// Passes on what either says to the other, until either is done.
fn join<'t, 'e>(
    scene: &'t Scene<'e>,
    threads: Threads<'t, 'e>,
    one: TcpStream,
    other: TcpStream,
) -> Result<()> {
    for stream in [&one, &other] {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
    }
    for (from, to) in [(one.try_clone()?, other.try_clone()?), (other, one)] {
        scene.play(threads, "a stranger's connection", move || {
            pass_on(scene, from, to);
            Ok(())
        });
    }
    Ok(())
}

fn pass_on(scene: &Scene<'_>, mut from: TcpStream, mut to: TcpStream) {
    let mut heard = [0; 16_384];
    while scene.course.goes_on() {
        match from.read(&mut heard) {
            Ok(0) => break,
            Ok(length) => {
                if to.write_all(heard.get(..length).unwrap_or_default()).is_err() {
                    break;
                }
            }
            Err(error) if is_patience(&error) => {}
            Err(_) => break,
        }
    }
    // The other side may have closed both directions already.
    drop(to.shutdown(Shutdown::Write));
}

fn is_patience(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn listen(at: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(at).with_context(|| format!("the gateway cannot listen on {at}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
