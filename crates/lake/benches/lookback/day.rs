//! The day, and what the lake and nfcapd made of it.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use flow::Flow;
use lake::{Home, Writer};

use crate::error::{Outcome, wrong};
use crate::nfdump::{self, Nfcapd};

/// Flows handed to the lake at a time.
const BATCH: usize = 8192;
/// Messages a second that nfcapd is given, so that it loses none: about 350,000 flows a second.
const MESSAGES: f64 = 16_000.0;
/// The fixed part of an IPFIX message (RFC 7011, section 3.1), and the set that holds templates (section 3.3.2).
const HEADER: usize = 16;
const TEMPLATES: u16 = 2;

/// The day in the forms that are asked.
pub(crate) struct Stock {
    lake: PathBuf,
    nfdump: PathBuf,
}

impl Stock {
    /// Makes what is not there yet.
    pub(crate) fn of(day: &Path) -> Outcome<Stock> {
        let beside = |name: &str| day.with_extension(name);
        let stock = Stock { lake: beside("lake"), nfdump: beside("nfdump") };
        made(&stock.lake, |dir| fill_lake(day, dir))?;
        made(&stock.nfdump, |dir| fill_nfdump(day, dir))?;
        Ok(stock)
    }

    pub(crate) fn lake(&self) -> &Path {
        &self.lake
    }

    pub(crate) fn nfdump(&self) -> &Path {
        &self.nfdump
    }

    /// Bytes for each row of each form.
    pub(crate) fn describe(&self) {
        let rows: u64 = names(&self.lake.join("by-home")).iter().filter_map(|name| rows_of(name)).sum();
        let each = |dir: &Path| bytes(dir) as f64 / rows.max(1) as f64;
        println!(
            "{rows} flows of a day; bytes for each: {:.2} by home, {:.2} by peer; nfdump with LZO {:.2}",
            each(&self.lake.join("by-home")),
            each(&self.lake.join("by-peer")),
            each(&self.nfdump)
        );
    }
}

/// Makes a folder by filling one under another name, so that one that is there is whole.
fn made(dir: &Path, fill: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let part = dir.with_extension("part");
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    fs::create_dir_all(&part)?;
    fill(&part)?;
    Ok(fs::rename(&part, dir)?)
}

fn fill_lake(day: &Path, dir: &Path) -> Outcome<()> {
    let begun = Instant::now();
    let mut writer = Writer::open(dir, Home::new(["10.0.0.0/8".parse()?]), None)?;
    let mut batch: Vec<Flow> = Vec::with_capacity(BATCH);
    let mut failed = None;
    let summary = flow::files::read(File::open(day)?, &mut |flow| {
        batch.push(flow);
        if batch.len() >= BATCH {
            failed = failed.take().or_else(|| writer.write(&batch).err());
            batch.clear();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    writer.write(&batch)?;
    writer.flush()?;
    let written = begun.elapsed().as_secs_f64();
    writer.settle()?;
    let settled = begun.elapsed().as_secs_f64();
    // What was merged is removed a while later: here at once.
    let (_, end) = crate::ours::day();
    for minutes in [0, 60] {
        writer.tick(end.plus(minutes * 60_000))?;
    }
    drop(writer);
    println!("{} flows read and written in {written:.0} s, and merged by {settled:.0} s", summary.flows);
    Ok(())
}

/// One nfcapd for each hour of the exporter's time, so that its files are of an hour, as the lake's are.
fn fill_nfdump(day: &Path, dir: &Path) -> Outcome<()> {
    let mut messages = Messages { file: BufReader::with_capacity(1 << 20, File::open(day)?) };
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let (mut told, mut taken) = (0, 0);
    let mut running: Option<(i64, Nfcapd)> = None;
    let mut templates = None;
    let (begun, mut sent) = (Instant::now(), 0.0);
    while let Some(message) = messages.next()? {
        let hour = i64::from(number(&message, 4)?).div_euclid(3600);
        if running.as_ref().is_none_or(|(of, _)| *of != hour) {
            taken += running.take().map_or(Ok(0), |(of, nfcapd)| end(of, nfcapd, dir))?;
            let nfcapd = Nfcapd::start(dir)?;
            let known = match templates.take() {
                Some(known) => known,
                None => templates_of(&message)?,
            };
            socket.send_to(&known, nfcapd.address())?;
            templates = Some(known);
            running = Some((hour, nfcapd));
        }
        if let Some((_, nfcapd)) = &running {
            socket.send_to(&message, nfcapd.address())?;
        }
        told += records(&message)?;
        sent += 1.0;
        thread::sleep(Duration::from_secs_f64(sent / MESSAGES).saturating_sub(begun.elapsed()));
    }
    taken += running.take().map_or(Ok(0), |(of, nfcapd)| end(of, nfcapd, dir))?;
    if taken != told {
        return Err(wrong(format!("nfcapd wrote {taken} flows of {told}: this machine is too busy")));
    }
    Ok(())
}

/// Ends nfcapd, and gives its file the name of the hour it is of.
fn end(hour: i64, nfcapd: Nfcapd, dir: &Path) -> Outcome<u64> {
    let before = names(dir);
    let flows = nfcapd.end()?;
    let fresh = names(dir).into_iter().find(|name| !before.contains(name) && name.starts_with("nfcapd.2"));
    if let Some(fresh) = fresh {
        fs::rename(dir.join(fresh), dir.join(nfdump::file_name(hour)?))?;
    }
    Ok(flows)
}

/// The messages of a file, one after the other.
struct Messages {
    file: BufReader<File>,
}

impl Messages {
    fn next(&mut self) -> Outcome<Option<Vec<u8>>> {
        let mut message = vec![0; HEADER];
        match self.file.read_exact(&mut message) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        message.resize(usize::from(short(&message, 2)?), 0);
        let rest = message.get_mut(HEADER..).ok_or_else(|| wrong("a message without a body"))?;
        self.file.read_exact(rest)?;
        Ok(Some(message))
    }
}

/// The sets of a message: number and bytes, head included.
fn sets(message: &[u8]) -> Outcome<Vec<(u16, &[u8])>> {
    let mut all = Vec::new();
    let mut left = message.get(HEADER..).unwrap_or_default();
    while left.len() >= 4 {
        let (set, rest) = left.split_at(usize::from(short(left, 2)?).clamp(4, left.len()));
        all.push((short(set, 0)?, set));
        left = rest;
    }
    Ok(all)
}

/// A message of the templates of this one alone. Its sequence number is its own: nothing is missing before it.
fn templates_of(message: &[u8]) -> Outcome<Vec<u8>> {
    let set = sets(message)?.into_iter().find(|(id, _)| *id == TEMPLATES);
    let (_, set) = set.ok_or_else(|| wrong("the day does not begin with its templates"))?;
    let mut alone = [message.get(..HEADER).unwrap_or_default(), set].concat();
    let length = u16::try_from(alone.len())?.to_be_bytes();
    alone.splice(2..4, length);
    Ok(alone)
}

/// How many flows a message has; all are records of both ways between IPv4 addresses (63 bytes).
fn records(message: &[u8]) -> Outcome<u64> {
    let data = sets(message)?.into_iter().filter(|(id, _)| *id > 255);
    Ok(data.map(|(_, set)| u64::try_from((set.len() - 4) / 63).unwrap_or(0)).sum())
}

fn short(bytes: &[u8], at: usize) -> Outcome<u16> {
    let two = bytes.get(at..at + 2).ok_or_else(|| wrong("a message is cut short"))?;
    Ok(u16::from_be_bytes(two.try_into()?))
}

fn number(bytes: &[u8], at: usize) -> Outcome<u32> {
    let four = bytes.get(at..at + 4).ok_or_else(|| wrong("a message is cut short"))?;
    Ok(u32::from_be_bytes(four.try_into()?))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The rows that a file's name tells.
fn rows_of(name: &str) -> Option<u64> {
    name.strip_suffix(".parquet")?.rsplit('.').next()?.parse().ok()
}

fn bytes(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(|about| about.is_file())
        .map(|about| about.len())
        .sum()
}
