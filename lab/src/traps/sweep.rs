//! Somebody goes through the whole /16 and speaks every protocol of the table on the way.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::network::{ADDRESSES, Traps};
use super::visitors::{Visit, table};
use super::{TOLD, hex};
use crate::patience::until;
use crate::step;

/// How many go at once.
const AT_ONCE: usize = 64;
/// How long one connection may take: a lost packet is sent again after one second, and after three.
const PATIENCE: Duration = Duration::from_secs(8);
/// The first address of the prefix.
const FIRST: u32 = 0xc612_0000;

/// Each address is visited once, and each visit is told with its address, its port, its bytes and what it wanted.
pub(super) fn all_protocols(traps: &Traps<'_>) -> Result<()> {
    let table = table();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let table = &table;
        let walks: Vec<_> =
            (0..AT_ONCE).map(|number| scope.spawn(move || walk(traps, table, number))).collect();
        for walk in walks {
            walk.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a visitor broke")))?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let took = begun.elapsed().as_secs_f64();
    let mut missing = 0;
    let all = until("every visit of the sweep is told as what it was", TOLD, || {
        let told = told(traps)?;
        missing = expected(&table).filter(|visit| !told.contains(visit)).count();
        Ok((missing == 0).then_some(()))
    });
    all.with_context(|| format!("{missing} of {ADDRESSES} are missing"))?;
    step(&format!(
        "a script speaks {} protocols to {ADDRESSES} addresses in {took:.1} s, and each is told with its address, port, \
         first bytes and what it wanted",
        table.len()
    ));
    Ok(())
}

/// Address, port, bytes, wanted.
type Told = (String, u16, String, String);

fn expected(table: &[Visit]) -> impl Iterator<Item = Told> {
    (FIRST..).take(ADDRESSES).zip(table.iter().cycle()).map(|(address, one)| {
        (Ipv4Addr::from_bits(address).to_string(), one.port, hex(one.says), one.wanted.to_owned())
    })
}

fn told(traps: &Traps<'_>) -> Result<HashSet<Told>> {
    let word = |hit: &serde_json::Value, key: &str| hit[key].as_str().unwrap_or_default().to_owned();
    let of = |hit: &serde_json::Value| {
        let port = u16::try_from(hit["port"].as_u64()?).ok()?;
        Some((word(hit, "trap"), port, word(hit, "first_hex"), word(hit, "wanted")))
    };
    Ok(traps.hits()?.iter().filter_map(of).collect())
}

fn walk(traps: &Traps<'_>, table: &[Visit], number: usize) -> Result<()> {
    traps.world.enter()?;
    for (address, one) in (FIRST..).take(ADDRESSES).zip(table.iter().cycle()).skip(number).step_by(AT_ONCE) {
        let place = SocketAddr::from((Ipv4Addr::from_bits(address), one.port));
        say(place, one.says).with_context(|| format!("{} to {place}", one.wanted))?;
    }
    Ok(())
}

/// Says it and goes, having heard the trap out.
fn say(place: SocketAddr, words: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(words)?;
    stream.shutdown(Shutdown::Write)?;
    let mut heard = 0;
    // A trap that has enough may reset.
    while let Ok(count @ 1..) = stream.read(&mut [0; 512]) {
        heard += count;
        ensure!(heard < 65_536, "the trap does not stop speaking");
    }
    Ok(())
}
