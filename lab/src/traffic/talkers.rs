//! Programs of our own that talk as games, telephones and push services do, over UDP and TCP.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;

use super::addresses::controller;
use super::plan::Line;
use super::scene::{Scene, Threads};

/// How long a talker waits for an answer before it looks whether the run is over.
const PATIENCE: Duration = Duration::from_millis(200);
/// Where the push service listens (the port of one in wide use).
const PUSH: u16 = 5228;

/// The push service outside: says back what it hears.
pub(crate) fn push_service<'t, 'e>(scene: &'t Scene<'e>, threads: Threads<'t, 'e>) -> Result<()> {
    scene.world().enter()?;
    says_back(scene, threads, PUSH)
}

/// A few long connections to it, with a few bytes at regular times.
pub(crate) fn push(scene: &Scene<'_>, line: &Line) -> Result<()> {
    scene.of(line)?.enter()?;
    let mut connections = Vec::new();
    for number in 0..3 {
        let at = SocketAddr::from((controller(1900 + number), PUSH));
        let stream = TcpStream::connect_timeout(&at, Duration::from_secs(5)).context("no push service")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        connections.push((stream, [14.0, 20.0, 28.0][usize::from(number)]));
    }
    let mut next = [0.0; 3];
    let mut at = 0.0;
    while scene.course.pause(1.0) {
        at += 1.0;
        for ((stream, every), next) in connections.iter_mut().zip(&mut next) {
            if at >= *next {
                *next = at + *every;
                stream.write_all(&[7; 40]).context("the push service has gone")?;
                drop(stream.read(&mut [0; 64]));
            }
        }
    }
    Ok(())
}

/// A game on TCP: a server on the line, players outside.
pub(crate) fn tcp_game<'t, 'e>(scene: &'t Scene<'e>, line: &'t Line, threads: Threads<'t, 'e>) -> Result<()> {
    for part in 0..5 {
        scene.play(threads, "a player", move || {
            scene.world().enter()?;
            tcp_player(scene, line, line.rng(200 + part))
        });
    }
    scene.of(line)?.enter()?;
    says_back(scene, threads, line.port)
}

fn tcp_player(scene: &Scene<'_>, line: &Line, mut rng: Rng) -> Result<()> {
    // A socket of its own cannot be bound before it connects with std alone; curl can, and telnet is its plainest way.
    while scene.course.pause_about(line.pace, &mut rng) {
        let from = line.stranger(&mut rng).to_string();
        let play = format!(
            "for n in $(seq {}); do head -c {} /dev/zero; sleep 0.4; done | curl -s -m 18 --interface {from} -o /dev/null telnet://{}:{}",
            rng.u8(5..40),
            rng.u16(20..200),
            line.address,
            line.port,
        );
        scene.world().attempt(&["sh", "-c", &play])?;
    }
    Ok(())
}

/// Says back what it hears on a TCP port, to everybody, in the namespace of the calling thread.
fn says_back<'t, 'e>(scene: &'t Scene<'e>, threads: Threads<'t, 'e>, port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).context("a talker cannot listen")?;
    listener.set_nonblocking(true)?;
    while scene.course.pause(0.1) {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            scene.play(threads, "a talker", move || {
                let mut heard = [0; 2048];
                while scene.course.goes_on() {
                    match stream.read(&mut heard) {
                        Ok(0) => break,
                        Ok(length) => {
                            if stream.write_all(heard.get(..length).unwrap_or_default()).is_err() {
                                break;
                            }
                        }
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                        }
                        Err(_) => break,
                    }
                }
                Ok(())
            });
        }
    }
    Ok(())
}

/// A game on UDP: a server on the line, players outside.
pub(crate) fn udp_game<'t, 'e>(scene: &'t Scene<'e>, line: &'t Line, threads: Threads<'t, 'e>) -> Result<()> {
    for part in 0..6 {
        scene.play(threads, "a player", move || {
            scene.world().enter()?;
            let mut rng = line.rng(300 + part);
            while scene.course.pause_about(line.pace, &mut rng) {
                let from = line.stranger(&mut rng);
                let to = (line.address, line.port);
                talk(scene, &socket((from, rng.u16(2000..60_000)))?, to, 0.12, rng.f64() * 60.0, 60)?;
            }
            Ok(())
        });
    }
    scene.of(line)?.enter()?;
    let socket = socket((Ipv4Addr::UNSPECIFIED, line.port))?;
    let mut heard = [0; 2048];
    while scene.course.goes_on() {
        if let Ok((length, from)) = socket.recv_from(&mut heard) {
            // The state of the game is larger than what a player does.
            drop(socket.send_to(&vec![1; length * 3], from));
        }
    }
    Ok(())
}

/// Telephone calls: a packet each way every 20 ms, as RTP has it.
pub(crate) fn voip<'t, 'e>(scene: &'t Scene<'e>, line: &'t Line, threads: Threads<'t, 'e>) -> Result<()> {
    scene.of(line)?.enter()?;
    let mut rng = line.rng(1);
    while scene.course.pause_about(line.pace * 2.0, &mut rng) {
        let (far, near) = ((line.stranger(&mut rng), even(&mut rng)), (line.address, even(&mut rng)));
        let long = 5.0 + rng.f64() * 30.0;
        let socket = socket(near)?;
        scene.play(threads, "a caller", move || {
            scene.world().enter()?;
            talk(scene, &self::socket(far)?, near, 0.02, long, 172)
        });
        talk(scene, &socket, far, 0.02, long, 172)?;
    }
    Ok(())
}

/// Ports of calls: RTP has the even ones (RFC 3550, section 11).
fn even(rng: &mut Rng) -> u16 {
    rng.u16(8192..16_384) * 2
}

fn socket(at: (Ipv4Addr, u16)) -> Result<UdpSocket> {
    let socket = UdpSocket::bind(at).with_context(|| format!("a talker cannot bind {}:{}", at.0, at.1))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Sends so many bytes every so many seconds for so long. What comes back waits in the kernel and is not read: only
/// that it came counts.
fn talk(
    scene: &Scene<'_>,
    socket: &UdpSocket,
    to: (Ipv4Addr, u16),
    every: f64,
    long: f64,
    size: usize,
) -> Result<()> {
    let mut said = 0.0;
    while said < long && scene.course.goes_on() {
        // The other side may have hung up already.
        drop(socket.send_to(&vec![2; size], to));
        std::thread::sleep(Duration::from_secs_f64(every));
        said += every;
    }
    Ok(())
}
