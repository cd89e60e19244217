//! `nightdesk detect`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use case::Stage;
use desk::Judged;
use flow::{Flow, Millis, files};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use signs::{Config, Detector, Sign};

use super::Answer;
use crate::cli::Detect;
use crate::output;

/// Flows held to be put in order of time, about 200 MB: files of parallel exporters up to this size together are read as one.
const HELD: usize = 1 << 20;
/// How often it is asked what there is to say, in milliseconds of the flows' time.
const EVERY: i64 = 600_000;
/// From this probability on another sign would be enough: the strongest of one family that never suspects alone.
const WORTH_WATCHING: f64 = 0.1;
/// In a file the stretch is what there is: two minutes must do to know what a line does not answer.
const LEARNING: i64 = 120_000;

/// Reads every file as one stretch of time; one that cannot be read is named and the others are still read.
pub(crate) fn run(options: &Detect) -> Result<Answer> {
    let config =
        Config { learning: LEARNING, ..Config::new(options.home.clone()) }.allowing(options.allow.clone());
    let mut stretch = Stretch::new(Detector::new(config));
    let mut answer = Answer::Yes;
    let bar = progress(options);
    // One reader for all: the templates of exporters' datagrams often lie in another file than their flows.
    let mut reader = files::Reader::default();
    for file in &options.files {
        if let Err(error) = read(file, &bar, &mut reader, &mut stretch) {
            super::complain(&error);
            answer = Answer::No;
        }
    }
    bar.finish_and_clear();
    let hosts = stretch.finish();
    for host in &hosts {
        show(options, host)?;
    }
    if hosts.is_empty() && !options.json.json {
        output::line("Nothing to say of any home address.");
    }
    Ok(answer)
}

/// How far along the files it is, on standard error where that is a terminal.
fn progress(options: &Detect) -> ProgressBar {
    let sizes = options.files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|about| about.len());
    let style = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {eta} left");
    let bar = ProgressBar::new(sizes.sum());
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

fn read(file: &Path, bar: &ProgressBar, reader: &mut files::Reader, stretch: &mut Stretch) -> Result<()> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot read {}", file.display()))?)
    };
    let summary = reader.read(bar.wrap_read(input), &mut |flow| stretch.add(flow));
    for doubt in &summary.doubts {
        tracing::warn!(file = %file.display(), count = doubt.count, first = doubt.first, "{}", doubt.kind.name());
    }
    if summary.format == files::Format::Unknown {
        anyhow::bail!("{} is no log, capture or file of flow records that is known here", file.display());
    }
    tracing::debug!(file = %file.display(), flows = summary.flows, "read");
    Ok(())
}

/// A home address with anything to say, judged as a case with these signs alone would be.
struct Found {
    address: IpAddr,
    judged: Judged,
    signs: Vec<Sign>,
}

impl Found {
    fn rank(&self) -> (Stage, f64) {
        (self.judged.stage, self.judged.score)
    }
}

/// The flows of all files in order of time, as far as memory allows, and the worst that was found of each address.
struct Stretch {
    detector: Detector,
    held: BinaryHeap<Reverse<Timed>>,
    taken: u64,
    asked: Option<Millis>,
    worst: BTreeMap<IpAddr, Found>,
}

/// A flow by when it ended, and then by when it was read.
struct Timed(Millis, u64, Flow);

impl PartialEq for Timed {
    fn eq(&self, other: &Timed) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Timed) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    fn cmp(&self, other: &Timed) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl Stretch {
    fn new(detector: Detector) -> Stretch {
        Stretch { detector, held: BinaryHeap::new(), taken: 0, asked: None, worst: BTreeMap::new() }
    }

    fn add(&mut self, flow: Flow) {
        self.taken += 1;
        self.held.push(Reverse(Timed(flow.last, self.taken, flow)));
        if self.held.len() > HELD
            && let Some(Reverse(Timed(_, _, flow))) = self.held.pop()
        {
            self.see(&flow);
        }
    }

    fn see(&mut self, flow: &Flow) {
        self.detector.see(flow);
        let now = self.detector.now();
        if now.since(*self.asked.get_or_insert(now)) >= EVERY {
            self.asked = Some(now);
            self.ask();
        }
    }

    /// Signs fade and lines are given up; what is shown is the worst that was known of an address at any time.
    fn ask(&mut self) {
        let stirred: Vec<IpAddr> = self.detector.new_signs().iter().map(|sign| sign.address).collect();
        stirred.into_iter().for_each(|address| self.keep(address));
    }

    fn keep(&mut self, address: IpAddr) {
        let signs = self.detector.signs(address);
        if signs.is_empty() {
            return;
        }
        let found = Found { address, judged: desk::judged(&signs, self.detector.now()), signs };
        if self.worst.get(&address).is_none_or(|kept| kept.rank() <= found.rank()) {
            self.worst.insert(address, found);
        }
    }

    fn finish(mut self) -> Vec<Found> {
        while let Some(Reverse(Timed(_, _, flow))) = self.held.pop() {
            self.see(&flow);
        }
        self.detector.finish();
        for address in self.detector.addresses() {
            self.keep(address);
        }
        let mut found: Vec<Found> = self.worst.into_values().collect();
        let order = |a: &Found, b: &Found| {
            b.judged.stage.cmp(&a.judged.stage).then(b.judged.score.total_cmp(&a.judged.score))
        };
        found.sort_by(order);
        found
    }
}

fn show(options: &Detect, host: &Found) -> Result<()> {
    if options.json.json {
        return output::json(&face(host, options.explain));
    }
    output::line(format!("{}  {}  {:.2}", host.address, host.judged.stage, host.judged.score));
    for sign in &host.signs {
        output::line(format!("  {} {:.2}: {}", sign.sign, sign.score, sign.why));
        if options.explain {
            sign.proof.iter().for_each(|flow| output::line(format!("      {}", told(flow))));
        }
    }
    if options.explain {
        output::line(format!("  judged: {}", host.judged.why));
    }
    output::line(format!("  next: {}", next(host)));
    Ok(())
}

/// What whoever reads this does now.
fn next(host: &Found) -> String {
    let port = host.signs.iter().filter(|sign| sign.peer.is_none()).find_map(|sign| sign.port);
    let check = match (port, host.address) {
        (Some(port), IpAddr::V6(address)) => format!("nightdesk check [{address}]:{port}"),
        (Some(port), IpAddr::V4(address)) => format!("nightdesk check {address}:{port}"),
        (None, address) => format!("nightdesk check {address}"),
    };
    match host.judged.stage {
        Stage::Confirmed => format!("ask the line itself ({check}), then contain it as the playbook says"),
        Stage::Suspected => format!("ask the line itself ({check}) and look at the flows (--explain)"),
        _ if host.judged.score >= WORTH_WATCHING => {
            "watch it; one more sign of another kind makes it suspected".to_owned()
        }
        _ => "nothing yet".to_owned(),
    }
}

fn face(host: &Found, explain: bool) -> Value {
    json!({
        "address": host.address,
        "score": rounded(host.judged.score),
        "stage": host.judged.stage.name(),
        "signs": host.signs.iter().map(|sign| sign_face(sign, explain)).collect::<Vec<_>>(),
    })
}

fn sign_face(sign: &Sign, explain: bool) -> Value {
    let mut face = json!({
        "sign": sign.sign.name(),
        "score": rounded(f64::from(sign.score)),
        "peer": sign.peer,
        "port": sign.port,
        "first": sign.first.to_string(),
        "last": sign.last.to_string(),
        "flows": sign.flows,
        "why": sign.why,
    });
    if let (true, Some(face)) = (explain, face.as_object_mut()) {
        face.insert("proof".to_owned(), json!(sign.proof));
    }
    face
}

/// Three digits, and none that come from the width of a float.
fn rounded(score: f64) -> f64 {
    (score * 1_000.0).round() / 1_000.0
}

/// One flow in one line.
fn told(flow: &Flow) -> String {
    let end = |address: IpAddr, port: u16| match address {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("[{address}]:{port}"),
    };
    format!(
        "{} {} > {} protocol {}, {} s, {} bytes there and {} back",
        flow.first,
        end(flow.source, flow.source_port),
        end(flow.destination, flow.destination_port),
        flow.protocol,
        flow.last.since(flow.first) / 1_000,
        flow.forward.bytes,
        flow.reverse.bytes,
    )
}
