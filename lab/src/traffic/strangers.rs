//! Strangers who go through a line: with curl, as scripts do.

use std::net::Ipv4Addr;

use anyhow::Result;
use fastrand::Rng;

use super::addresses::{DOMAINS, SITES, domain, site_name};
use super::plan::Line;
use super::roles::Wish;
use super::scene::Scene;
use super::world::SIZES;

/// How a stranger gets in.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// An HTTP proxy.
    Http(Ipv4Addr, u16),
    /// A SOCKS5 proxy.
    Socks(Ipv4Addr, u16),
    /// An interface outside whose packets leave from the line.
    Interface(String),
}

/// No errand takes longer than this, in seconds.
const LONGEST: &str = "18";

/// Strangers come, one after the other, until the run is over.
pub(crate) fn come(scene: &Scene<'_>, line: &Line, way: &Way, wish: Wish, mut rng: Rng) -> Result<()> {
    while scene.course.pause_about(line.pace, &mut rng) {
        let from = line.stranger(&mut rng);
        let mail = match wish {
            Wish::Web => false,
            Wish::Mail => true,
            Wish::Both => rng.bool(),
        };
        for _ in 0..if mail { rng.u8(1..5) } else { 1 } {
            let words = through(way, from, if mail { letter(scene, &mut rng)? } else { pages(&mut rng) });
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let begun = jiff::Timestamp::now();
            if scene.world().attempt(&words)?.status.success() {
                scene.book.used(line, begun);
            }
        }
    }
    Ok(())
}

fn through(way: &Way, from: Ipv4Addr, errand: Vec<String>) -> Vec<String> {
    let mut words: Vec<String> = ["curl", "-skf", "-m", LONGEST].map(str::to_owned).into();
    let own = ["--interface".to_owned(), from.to_string()];
    match way {
        Way::Http(address, port) => {
            words.extend(own);
            words.extend(["--proxy".to_owned(), format!("http://{address}:{port}")]);
            // Mail goes through CONNECT.
            if errand.iter().any(|word| word.starts_with("smtp:")) {
                words.push("--proxytunnel".to_owned());
            }
        }
        Way::Socks(address, port) => {
            words.extend(own);
            words.extend(["--proxy".to_owned(), format!("socks5h://{address}:{port}")]);
        }
        Way::Interface(name) => words.extend(["--interface".to_owned(), name.clone()]),
    }
    words.extend(errand);
    words
}

/// One to four objects of one site; now and then a long slow download.
pub(crate) fn pages(rng: &mut Rng) -> Vec<String> {
    let mut words = Vec::new();
    let scheme = if rng.bool() { "https" } else { "http" };
    let site = site_name(rng.u16(0..SITES));
    let (objects, largest) = if rng.u8(0..12) == 0 {
        words.extend(["--limit-rate".to_owned(), format!("{}k", rng.u16(40..120))]);
        (1, SIZES.len())
    } else {
        (rng.usize(1..5), SIZES.len() - 1)
    };
    for _ in 0..objects {
        let object = if largest == SIZES.len() {
            largest - 1
        } else {
            rng.usize(0..largest).min(rng.usize(0..largest))
        };
        words.extend(["-o".to_owned(), "/dev/null".to_owned(), format!("{scheme}://{site}/o{object}")]);
    }
    words
}

/// One letter to one domain's mail server.
pub(crate) fn letter(scene: &Scene<'_>, rng: &mut Rng) -> Result<Vec<String>> {
    let number = rng.u16(0..DOMAINS);
    letter_to(scene, &format!("mx.{}:25", domain(number)), &domain(number), rng)
}

/// One letter to somebody at `domain`, by the server `at`.
pub(crate) fn letter_to(scene: &Scene<'_>, at: &str, domain: &str, rng: &mut Rng) -> Result<Vec<String>> {
    let size = rng.usize(1..30);
    let name = format!("letter{size}.eml");
    if !scene.path(&name).is_file() {
        let line = "All of it for less, tonight and never again, so be quick about it.\r\n";
        let body = line.repeat(size * 15);
        // Somebody else may be writing the same file with the same content: renaming makes either of them whole.
        let part = format!("{name}.{}", rng.u64(..));
        std::fs::write(
            scene.path(&part),
            format!("Subject: Only tonight\r\nFrom: a@example.com\r\n\r\n{body}"),
        )?;
        std::fs::rename(scene.path(&part), scene.path(&name))?;
    }
    let mut words: Vec<String> = Vec::new();
    for (option, value) in [
        ("--mail-from", format!("u{}@example.com", rng.u16(..))),
        ("--mail-rcpt", format!("u{}@{domain}", rng.u16(..))),
        ("--upload-file", scene.file(&name)?),
    ] {
        words.extend([option.to_owned(), value]);
    }
    words.push(format!("smtp://{at}"));
    Ok(words)
}
