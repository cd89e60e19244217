//! A whole spare /16 answers: nmap and masscan sweep it, real clients and a table of first words come, and every visit is
//! told with the address, the port, the first bytes and what was wanted. A capture of all that leaves the machine shows that
//! nobody but the visitors heard a word.

pub(crate) mod modes;
mod network;
mod sweep;
mod visitors;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::patience::until;
use crate::{net, step};
use network::{ADDRESSES, Traps};
use visitors::Visit;

/// How long a visit may take to be told of: the longest of this story's configuration and some.
const TOLD: Duration = Duration::from_secs(20);

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[
        ("nmap", "nmap"),
        ("masscan", "masscan"),
        ("tcpdump", "tcpdump"),
        ("openssl", "openssl"),
    ])?;
    let dir = net::folder()?;
    let mut traps = Traps::set(dir.path(), &[])?;
    step("nightdesk has set up its routes and rules: every port of 198.18.0.0/16 answers");
    let played = goes_on(&mut traps);
    if played.is_err() {
        println!("   nightdesk's last words:\n{}", traps.last_words());
    }
    played?;
    traps.nobody_else_heard(ADDRESSES)?;
    traps.end()
}

fn goes_on(traps: &mut Traps<'_>) -> Result<()> {
    words(traps)?;
    clients(traps)?;
    visitors::datagrams(traps)?;
    slow(traps)?;
    sweep::all_protocols(traps)?;
    nmap(traps)?;
    masscan(traps)
}

/// Each visit of the table is told as what it was.
fn words(traps: &Traps<'_>) -> Result<()> {
    let table = visitors::table();
    visitors::visit(traps, &table)?;
    for one in &table {
        let told = seen(traps, |hit| hit["trap"] == one.trap && hit["port"] == one.port)
            .with_context(|| format!("{} on {}:{}", one.wanted, one.trap, one.port))?;
        is_told(one, &told)?;
    }
    step(&format!(
        "{} visitors said first words, and each is told with its bytes and what it wanted",
        table.len()
    ));
    Ok(())
}

fn is_told(one: &Visit, told: &Value) -> Result<()> {
    ensure!(told["wanted"] == one.wanted, "{}:{} is {told}, not {}", one.trap, one.port, one.wanted);
    ensure!(told["handshake"] == true, "a connection without a handshake: {told}");
    let hex = hex(one.says);
    ensure!(
        told["first_hex"] == hex,
        "{}:{}: the bytes are {}, not {hex}",
        one.trap,
        one.port,
        told["first_hex"]
    );
    if let Some(target) = one.target {
        ensure!(
            told["target"] == target,
            "{}:{} leads to {}, not {target}",
            one.trap,
            one.port,
            told["target"]
        );
    }
    Ok(())
}

/// What programs that nobody here has written make of a trap.
fn clients(traps: &Traps<'_>) -> Result<()> {
    visitors::swaks(traps, "198.18.40.1")?;
    let mail = seen(traps, |hit| hit["trap"] == "198.18.40.1")?;
    ensure!(mail["mail"]["to"][0] == "<dropbox@example.net>", "swaks' recipient is missing: {mail}");
    let text = mail["mail"]["text"].as_str().unwrap_or_default();
    ensure!(text.contains("Subject: 198.18.40.1:25"), "swaks' mail is not kept: {text}");
    visitors::curl(traps, "socks5h://198.18.40.2:48613", "smtp://mx.example.net:25")?;
    let proxied = seen(traps, |hit| hit["trap"] == "198.18.40.2")?;
    ensure!(proxied["target"] == "mx.example.net:25", "curl's SOCKS request leads to {}", proxied["target"]);
    ensure!(
        proxied["mail"]["to"][0] == "<dropbox@example.net>",
        "curl's mail through it is missing: {proxied}"
    );
    visitors::curl(traps, "socks4a://198.18.40.3:1080", "http://judge.example.org/")?;
    visitors::curl(traps, "http://198.18.40.4:3128", "http://judge.example.org/azenv")?;
    for (trap, wanted, target) in [
        ("198.18.40.3", "socks4a", "judge.example.org:80"),
        ("198.18.40.4", "http-absolute", "judge.example.org:80"),
    ] {
        let told = seen(traps, |hit| hit["trap"] == trap)?;
        ensure!(told["wanted"] == wanted && told["target"] == target, "curl is told as {told}");
    }
    visitors::openssl(traps, "198.18.40.5", "mail.example.org")?;
    let hello = seen(traps, |hit| hit["trap"] == "198.18.40.5")?;
    let details = hello["details"].to_string();
    ensure!(
        details.contains("sni mail.example.org") && details.contains("ja4 t13d"),
        "openssl is told as {details}"
    );
    step(
        "swaks' relay test and curl's mail through the SOCKS proxy are kept whole; openssl's hello tells its name",
    );
    Ok(())
}

/// Whoever sends a byte now and then is let go all the same.
fn slow(traps: &Traps<'_>) -> Result<()> {
    let lasted = visitors::slowloris(traps, "198.18.50.1")?;
    let told = seen(traps, |hit| hit["trap"] == "198.18.50.1")?;
    ensure!(told["ended"] == "too-long", "slowloris was let go as {}", told["ended"]);
    step(&format!("a visitor who sends a byte a second is let go after {:.1} s", lasted.as_secs_f64()));
    Ok(())
}

/// nmap connects to every address of the /16; each is told.
fn nmap(traps: &Traps<'_>) -> Result<()> {
    let begun = Instant::now();
    let words = "nmap -sT -n -Pn -T5 --min-rate 5000 --max-retries 3 -p 8080 198.18.0.0/16 -oG /dev/null";
    traps.long(words)?;
    let took = begun.elapsed().as_secs_f64();
    let all = until("all of nmap's connections are told", TOLD, || {
        let hits = traps.hits()?;
        let places = places(&hits, 8080);
        Ok((places.len() == ADDRESSES).then_some(hits.len()))
    });
    let told = places(&traps.hits()?, 8080).len();
    all.with_context(|| format!("{told} of {ADDRESSES}"))?;
    step(&format!("nmap connects to {ADDRESSES} addresses in {took:.1} s, and all {told} are told"));
    Ok(())
}

/// masscan has a TCP stack of its own: first packets alone (whose sender could be anybody) are no hits, and where it
/// completes handshakes each is one.
fn masscan(traps: &Traps<'_>) -> Result<()> {
    let open = traps.masscan("198.18.0.0/16", "6667", &["--rate", "5000"])?.len();
    // It asks once, and loses answers where the machine is busy.
    ensure!(open * 4 >= ADDRESSES, "masscan found {open} of {ADDRESSES} addresses open");
    let own = ["--rate", "1000", "--banners", "--source-ip", network::MASSCAN];
    let found = traps.masscan("198.18.192.0/22", "12346", &own)?;
    ensure!(found.len() > 900, "masscan found {} of 1024 addresses open", found.len());
    let told = until("masscan's visits are told", TOLD, || {
        let told = places(&traps.hits()?, 12346);
        let swept = told.iter().filter(|trap| trap.starts_with("198.18.19")).count();
        Ok(found.is_subset(&told).then_some(swept))
    })?;
    let bare = places(&traps.hits()?, 6667);
    ensure!(bare.is_empty(), "{} first packets without a handshake are told as hits", bare.len());
    step(&format!(
        "masscan's first packets find {open} open and are no hits; {told} handshakes of its own are told as NetBus"
    ));
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The traps touched on a port.
fn places(hits: &[Value], port: u16) -> BTreeSet<String> {
    let of_port = hits.iter().filter(|hit| hit["port"] == port && hit["transport"] == "tcp");
    of_port.filter_map(|hit| hit["trap"].as_str().map(str::to_owned)).collect()
}

/// Waits for a hit.
fn seen(traps: &Traps<'_>, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
    until("a visit is told", TOLD, || Ok(traps.hits()?.into_iter().find(|hit| is_it(hit))))
}
