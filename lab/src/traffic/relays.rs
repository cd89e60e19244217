//! Lines that relay: those with a proxy that listens, and those that are reached through a tunnel of their own.

use anyhow::Result;
use fastrand::Rng;

use super::gateway;
use super::network::{translate, tunnel_ends};
use super::plan::Line;
use super::proxies::{self, ssh};
use super::roles::{Proxy, Tunnel, Wish, Word};
use super::scene::{Scene, Threads};
use super::strangers::{self, Way};
use crate::net::Namespace;
use crate::peers::Peer;

/// Opens a proxy when its time has come, tells whoever is told, and lets strangers in.
pub(crate) fn listening(scene: &Scene<'_>, line: &Line, kind: Proxy, word: Word, wish: Wish) -> Result<()> {
    let mut rng = line.rng(1);
    if word == Word::Call {
        call(scene, line)?;
    }
    scene.course.until(line.opens);
    let mut open = proxies::open(scene, line, kind, "0.0.0.0", line.port)?;
    // Until those who are told have passed it on.
    let heard_after = match word {
        Word::Known => 0.0,
        Word::Call | Word::Mail => 3.0 + 17.0 * rng.f64(),
    };
    match word {
        Word::Known => {}
        Word::Call => call(scene, line)?,
        Word::Mail => small_mail(scene, line, &mut rng)?,
    }
    scene.course.pause(heard_after);
    std::thread::scope(|threads| {
        if word == Word::Call {
            threads.spawn(|| calls_again(scene, line, line.rng(2)));
        }
        crowd(threads, scene, line, &open.way, wish);
    });
    open.peers.iter_mut().try_for_each(Peer::still_runs)
}

/// The strangers of a line, one or two at a time.
fn crowd<'t>(
    threads: &'t std::thread::Scope<'t, '_>,
    scene: &'t Scene<'_>,
    line: &'t Line,
    way: &'t Way,
    wish: Wish,
) {
    for part in 0..=u64::from(line.crowd / 20) {
        threads.spawn(move || {
            if let Err(error) = strangers::come(scene, line, way, wish, line.rng(100 + part)) {
                scene.course.note("a stranger", &error);
            }
        });
    }
}

/// Tells the controller where the proxy is.
fn call(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let url = format!("http://{}:8081/call?port={}", line.controller(), line.port);
    let words = ["curl", "-s", "-m", "5", "-o", "/dev/null", &url];
    scene.of(line)?.attempt(&words).map(drop)
}

fn calls_again(scene: &Scene<'_>, line: &Line, mut rng: Rng) {
    while scene.course.pause(60.0 + 120.0 * rng.f64()) {
        if let Err(error) = call(scene, line) {
            scene.course.note("a call to the controller", &error);
        }
    }
}

/// One small mail to one mail server outside, as a worm's report to its author.
fn small_mail(scene: &Scene<'_>, line: &Line, rng: &mut Rng) -> Result<()> {
    let file = scene.write(
        &format!("report{}.eml", line.number),
        &format!("Subject: {}\r\n\r\n{}:{}\r\n", line.number, line.address, line.port),
    )?;
    let domain = super::addresses::domain(rng.u16(..));
    let (to, server) = (format!("x@{domain}"), format!("smtp://mx.{domain}:25"));
    let words = [
        "curl",
        "-s",
        "-m",
        "10",
        "--mail-from",
        "x@example.com",
        "--mail-rcpt",
        &to,
        "--upload-file",
        &file,
        &server,
    ];
    scene.of(line)?.run(&words).map(drop)
}

/// Lays a tunnel to the controller when its time has come, and lets strangers come back through it.
pub(crate) fn back_connect<'t, 'e>(
    scene: &'t Scene<'e>,
    threads: Threads<'t, 'e>,
    line: &'t Line,
    tunnel: Tunnel,
    wish: Wish,
) -> Result<()> {
    scene.course.until(line.opens);
    let (mut peers, way) = match tunnel {
        Tunnel::SshSocks => ssh_back(scene, line, None)?,
        Tunnel::SshForward => ssh_back(scene, line, Some(Proxy::Microsocks))?,
        Tunnel::VpnExit => {
            let ends = vpn(scene, line, Calls::Out)?;
            (ends, exit(scene, line)?)
        }
        Tunnel::Gateway => {
            let proxy = proxies::open(scene, line, Proxy::Microsocks, "127.0.0.1", 1080)?;
            let public = public(line)?;
            scene.play(threads, "a gateway", move || gateway::serve(scene, threads, line, public));
            scene.play(threads, "a gateway's client", move || gateway::call(scene, threads, line, 1080));
            (proxy.peers, Way::Socks(line.controller(), public))
        }
    };
    std::thread::scope(|threads| crowd(threads, scene, line, &way, wish));
    peers.iter_mut().try_for_each(Peer::still_runs)
}

/// `ssh -R`: of a port at the controller, to the proxy on the line's loopback, or a SOCKS proxy by ssh itself.
fn ssh_back(scene: &Scene<'_>, line: &Line, behind: Option<Proxy>) -> Result<(Vec<Peer>, Way)> {
    let port = public(line)?;
    let mut peers = Vec::new();
    let mut forward = format!("0.0.0.0:{port}");
    if let Some(kind) = behind {
        peers.extend(proxies::open(scene, line, kind, "127.0.0.1", 1080)?.peers);
        forward.push_str(":127.0.0.1:1080");
    }
    let (to, at) = (line.port.to_string(), format!("root@{}", line.controller()));
    let words = ssh(scene, &["-N", "-R", &forward, "-p", &to, &at])?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    peers.insert(0, scene.start(line, "ssh", &words)?);
    // Strangers meet the controller's own port: at home nothing listens.
    Ok((peers, Way::Socks(line.controller(), port)))
}

/// Where strangers meet a line's controller.
fn public(line: &Line) -> Result<u16> {
    Ok(u16::try_from(30_000 + line.number)?)
}

/// Makes the line the exit of its VPN: whoever sends into the far end is seen as the line.
fn exit(scene: &Scene<'_>, line: &Line) -> Result<Way> {
    translate(scene.of(line)?)?;
    let far = interface(line);
    // Those at the far end go into the tunnel, wherever they want to.
    let metric = 500 + line.number;
    scene.world().ip(&format!("route add default dev {far} metric {metric}"))?;
    Ok(Way::Interface(far))
}

/// A VPN server at home, by which its owner browses from elsewhere: what a bad one does, for one person.
pub(crate) fn home_vpn(scene: &Scene<'_>, line: &Line) -> Result<()> {
    scene.course.until(line.opens);
    let mut peers = vpn(scene, line, Calls::In)?;
    let way = exit(scene, line)?;
    strangers::come(scene, line, &way, Wish::Web, line.rng(100))?;
    peers.iter_mut().try_for_each(Peer::still_runs)
}

/// Who calls whom when a VPN is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calls {
    /// The line calls its controller.
    Out,
    /// Somebody outside calls the line.
    In,
}

/// The name of the far end of a line's VPN, which is an interface of the world.
pub(crate) fn interface(line: &Line) -> String {
    format!("tun{}", line.number)
}

/// An OpenVPN tunnel between the line and its controller, with a key both know.
pub(crate) fn vpn(scene: &Scene<'_>, line: &Line, calls: Calls) -> Result<Vec<Peer>> {
    let key = scene.file(&format!("vpn{}.key", line.number))?;
    scene.world().run(&["openvpn", "--genkey", "secret", &key])?;
    let (far, near) = tunnel_ends(line);
    let (far, near, port) = (far.to_string(), near.to_string(), line.port.to_string());
    let (theirs_at, ours_at, name) =
        (line.controller().to_string(), line.address.to_string(), interface(line));
    let shared =
        ["--dev-type", "tun", "--secret", &key, "--cipher", "AES-256-CBC", "--proto", "udp", "--verb", "1"];
    let mut theirs = vec!["openvpn", "--dev", &name, "--ifconfig", &far, &near, "--local", &theirs_at];
    let mut ours = vec!["openvpn", "--dev", "tun0", "--ifconfig", &near, &far, "--keepalive", "10", "60"];
    match calls {
        Calls::Out => {
            theirs.extend(["--port", &port]);
            ours.extend(["--remote", &theirs_at, &port, "--nobind"]);
        }
        Calls::In => {
            theirs.extend(["--lport", "41194", "--remote", &ours_at, &port]);
            ours.extend(["--port", &port]);
        }
    }
    theirs.extend(shared);
    ours.extend(shared);
    let peers = vec![scene.start_outside(line, "openvpn", &theirs)?, scene.start(line, "openvpn", &ours)?];
    stands(scene.world(), &name)?;
    stands(scene.of(line)?, "tun0")?;
    Ok(peers)
}

fn stands(at: &Namespace, interface: &str) -> Result<()> {
    crate::patience::until("a tunnel stands", std::time::Duration::from_secs(15), || {
        Ok(at
            .attempt(&["ip", "-br", "-4", "addr", "show", "dev", interface])?
            .stdout
            .contains(&b'/')
            .then_some(()))
    })
}
