//! Lines on which something bad runs that relays nothing, and those outside who look for lines to break into.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};
use fastrand::Rng;

use super::addresses::{HOME, controller};
use super::plan::Line;
use super::roles::Role;
use super::scene::Scene;

/// Ports that those who install proxies look for: SubSeven, NetBus, Back Orifice, and proxies where they usually are.
const LOOKED_FOR: &str = "27374,12345,1243,31337,1080,3128,8080,6588,4480,8000";

/// Calls a controller every so often.
pub(crate) fn beacon(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    let url = format!("http://{}:8081/call?id={}", line.controller(), line.number);
    scene.course.until(line.opens);
    let every = 8.0 + 20.0 * rng.f64();
    // A few calls are missed, none is on the dot.
    while scene.course.pause(every * (0.9 + 0.2 * rng.f64())) {
        if rng.u8(0..20) == 0 {
            continue;
        }
        let words = ["curl", "-sf", "-m", "5", "-o", "/dev/null", &url];
        if scene.of(line)?.attempt(&words)?.status.success() {
            scene.used(line);
        }
    }
    Ok(())
}

/// Tries address after address outside.
pub(crate) fn worm(scene: &Scene<'_>, line: &Line) -> Result<()> {
    let mut rng = line.rng(1);
    scene.course.until(line.opens);
    while scene.course.goes_on() {
        let target = format!("198.18.{}.0/24", rng.u8(..));
        let ports = *rng.choice(&["445", "23,2323", "22", "445,139"]).unwrap_or(&"445");
        let rate = rng.u16(10..60).to_string();
        scene.used(line);
        let words = [
            "nmap",
            "-sS",
            "-Pn",
            "-n",
            "-p",
            ports,
            "--max-retries",
            "0",
            "--max-rate",
            &rate,
            "--host-timeout",
            "15s",
            &target,
        ];
        scene.of(line)?.attempt(&words)?;
        scene.course.pause_about(10.0, &mut rng);
    }
    Ok(())
}

/// Greets whoever connects, as a trojan does.
pub(crate) fn trojan(scene: &Scene<'_>, line: &Line) -> Result<()> {
    scene.of(line)?.enter()?;
    let listener =
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, line.port)).context("the trojan cannot listen")?;
    listener.set_nonblocking(true)?;
    while scene.course.pause(0.2) {
        while let Ok((mut stream, _)) = listener.accept() {
            scene.used(line);
            // Whoever scans has gone before the greeting is out.
            drop(stream.write_all(b"connected. 02:12.37 - March 15, 2003, version: GOLD 2.1.5\r\n"));
        }
    }
    Ok(())
}

/// Scanners go over all of home from time to time, and come back to what answered.
pub(crate) fn scanners(scene: &Scene<'_>, lines: &[Line], mut rng: Rng) -> Result<()> {
    let trojans: Vec<&Line> = lines.iter().filter(|line| line.role == Role::Trojan).collect();
    let mut first = true;
    loop {
        let from = controller(1000 + rng.u16(0..60)).to_string();
        let port = LOOKED_FOR.split(',').nth(rng.usize(0..10)).unwrap_or("1080");
        scan(scene, &from, port, rng.bool())?;
        for line in &trojans {
            if std::mem::take(&mut first) || rng.bool() {
                let url = format!("telnet://{}:{}", line.address, line.port);
                scene.world().attempt(&["curl", "-s", "-m", "2", "--interface", &from, &url])?;
            }
        }
        if !scene.course.pause_about(30.0, &mut rng) {
            return Ok(());
        }
    }
}

fn scan(scene: &Scene<'_>, from: &str, port: &str, quick: bool) -> Result<()> {
    let world = scene.world();
    let output = if quick {
        let wait = "--wait=1";
        world.attempt(&[
            "masscan",
            HOME,
            "-p",
            port,
            "--rate",
            "100",
            "--source-ip",
            from,
            "-e",
            "w0",
            "--router-mac-ipv4",
            &router(scene)?,
            wait,
        ])?
    } else {
        world.attempt(&[
            "nmap",
            "-sS",
            "-Pn",
            "-n",
            "-S",
            from,
            "-e",
            "w0",
            "-p",
            port,
            "--max-retries",
            "0",
            "--max-rate",
            "60",
            "--host-timeout",
            "4s",
            HOME,
        ])?
    };
    // 124: a scanner that took too long was told to stop, which does no harm.
    let ended = output.status.success() || output.status.code() == Some(124);
    anyhow::ensure!(ended, "a scanner failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The router's hardware address, which masscan does not find out by itself in a namespace.
fn router(scene: &Scene<'_>) -> Result<String> {
    let said = scene.network.router.run(&["cat", "/sys/class/net/r0/address"])?;
    Ok(said.trim().replace(':', "-"))
}
