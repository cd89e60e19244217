//! The programs that people use for this today, on the same targets.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::landing::{BANNER_PORT, WORD};
use super::{Kind, Scene, Target};

/// How many targets are asked at once: most of the time is waiting.
const AT_ONCE: usize = 8;
/// What one target may take.
const LONGEST: u32 = 150;
/// The program that asks libopm.
const OPM: &str = include_str!("opm.c");

/// One of them.
pub(super) enum Rival {
    /// Debian's nmap with its scripts for open proxies and relays, forced onto the port, with a page and a word of our own.
    Nmap,
    /// libopm, as HOPM uses it: all its protocols, 20 s.
    Libopm(PathBuf),
}

/// What it made of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    /// It calls it open, after so many seconds.
    Open(f64),
    Nothing(f64),
    /// It has no question for such a target.
    NotAsked,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Found::Open(seconds) => format!("open  {seconds:5.1} s"),
            Found::Nothing(seconds) => format!("-     {seconds:5.1} s"),
            Found::NotAsked => String::new(),
        };
        f.pad(&text)
    }
}

/// Those that are here.
pub(super) fn all(dir: &Path) -> Result<Vec<Rival>> {
    let mut rivals = vec![Rival::Nmap];
    match std::env::var_os("LAB_LIBOPM") {
        Some(build) => rivals.push(Rival::Libopm(compile(Path::new(&build), dir)?)),
        None => println!("   (no column of libopm: LAB_LIBOPM names no folder in which it was built)"),
    }
    Ok(rivals)
}

/// `build` is `src/libopm` of HOPM's sources after `make`.
fn compile(build: &Path, dir: &Path) -> Result<PathBuf> {
    let (source, program) = (dir.join("opm.c"), dir.join("opm"));
    fs::write(&source, OPM)?;
    let output = Command::new("cc")
        .arg("-I")
        .arg(build.join("src"))
        .arg("-o")
        .args([&program, &source, &build.join("src/.libs/libopm.a")])
        .args(["-lssl", "-lcrypto"])
        .output()
        .context("cannot run cc")?;
    ensure!(output.status.success(), "libopm: {}", String::from_utf8_lossy(&output.stderr));
    Ok(program)
}

impl Rival {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Rival::Nmap => "nmap",
            Rival::Libopm(_) => "libopm",
        }
    }

    fn ask(&self, scene: &Scene<'_>, target: Target) -> Result<Found> {
        let begun = Instant::now();
        let words = match (self, target.kind) {
            (Rival::Nmap, kind) => nmap(scene, target.port, kind),
            (Rival::Libopm(program), Kind::Proxy) => libopm(program, scene, target.port),
            (Rival::Libopm(_), Kind::Relay) => return Ok(Found::NotAsked),
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = scene.desk.attempt_within(LONGEST, &words)?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(!said.is_empty(), "{}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr));
        let seconds = begun.elapsed().as_secs_f64();
        let is_open = ["Potentially OPEN proxy", "status: open", "Server is an open relay", "opm: open"]
            .iter()
            .any(|sentence| said.contains(sentence));
        Ok(if is_open { Found::Open(seconds) } else { Found::Nothing(seconds) })
    }
}

fn nmap(scene: &Scene<'_>, port: u16, kind: Kind) -> Vec<String> {
    let (line, page) = (scene.line, scene.others.1);
    let (scripts, arguments) = match kind {
        Kind::Proxy => {
            ("+http-open-proxy,+socks-open-proxy", format!("proxy.url=http://{page}/,proxy.pattern={WORD}"))
        }
        Kind::Relay => {
            ("+smtp-open-relay", format!("smtp-open-relay.domain={page},smtp-open-relay.ip={line}"))
        }
    };
    let words = format!(
        "nmap -n -sT -Pn --dns-servers {} -p {port} --script {scripts} --script-args {arguments} {line}",
        scene.resolver
    );
    words.split(' ').map(str::to_owned).collect()
}

fn libopm(program: &Path, scene: &Scene<'_>, port: u16) -> Vec<String> {
    let program = program.to_string_lossy();
    let words = format!("{program} {} {port} {} {BANNER_PORT} {WORD}", scene.line, scene.others.0);
    words.split(' ').map(str::to_owned).collect()
}

/// What it makes of each target, in their order.
pub(super) fn ask_all(rival: &Rival, scene: &Scene<'_>) -> Result<Vec<Found>> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(vec![Found::NotAsked; scene.targets.len()]);
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(target) = scene.targets.get(number) else { return Ok(()) };
                let seen = rival.ask(scene, *target)?;
                if let Ok(mut found) = found.lock()
                    && let Some(place) = found.get_mut(number)
                {
                    *place = seen;
                }
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done?,
                Err(_) => bail!("a thread that asks {} fell over", rival.name()),
            }
        }
        Ok(())
    })?;
    found.into_inner().map_err(|_| anyhow::anyhow!("a thread fell over"))
}
