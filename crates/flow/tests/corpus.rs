//! Real exporters' packets, read beside tshark.
//!
//! With `NIGHTDESK_CORPUS` set to a folder with `flowpkts/` (payloads of UDP datagrams in `*.dat` and `*.bin`, captures in
//! `*.pcap`), each file is read by us and by tshark, together with the files that have its templates, templates first and
//! templates last. Addresses, ports, bytes and packets must agree.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;

use flow::wire::{Decoder, Limits};
use flow::{Flow, Millis, protocol};

/// One datagram: which of its file's exporters sent it, when (seconds), its payload.
type Datagram = (u8, u32, Vec<u8>);

/// What tshark is asked for: what a record tells as one thing, by all the names it has there. The packets of sFlow it
/// takes apart as packets, within the one that carried them.
const ASKED: [(&str, &[&str]); 6] = [
    ("source", &["cflow.srcaddr", "cflow.srcaddrv6", "ip.src", "ipv6.src"]),
    ("destination", &["cflow.dstaddr", "cflow.dstaddrv6", "ip.dst", "ipv6.dst"]),
    ("source port", &["cflow.srcport", "udp.srcport", "tcp.srcport"]),
    ("destination port", &["cflow.dstport", "udp.dstport", "tcp.dstport"]),
    (
        "bytes",
        &[
            "cflow.octets",
            "cflow.permanent_octets",
            "cflow.initiator_octets",
            "cflow.responder_octets",
            "cflow.post_octets",
        ],
    ),
    (
        "packets",
        &[
            "cflow.packets",
            "cflow.permanent_packets",
            "cflow.initiator_packets",
            "cflow.responder_packets",
            "cflow.post_packets",
        ],
    ),
];

/// Where we read more than tshark, and why.
const MORE: [(&str, &str); 7] = [
    ("akvorado__data+templates", "data that stands before its templates"),
    ("ls-codec__ipfix", "two messages in one payload, of which it reads the first"),
    ("ls-codec__netflow5", "three datagrams in one payload"),
    ("vflow_ipfix_decoder_2_multiMessage", "several messages in one payload"),
    ("ls-codec__netflow9_test_invalid01", "a record count that is too small"),
    ("netflow_parser_IPFIX", "data that comes long before its templates"),
    (
        "akvorado__ethernet-over-mpls-with-control-word",
        "the beginnings of packets, which it does not take apart",
    ),
];

/// Where tshark also tells who speaks within a tunnel, and we tell who holds the tunnel.
const INNER: [&str; 2] = ["akvorado__data-encap-vxlan", "netgauze_flow_srv6_srv6"];

/// How often each value was told, of each thing asked for.
type Told = BTreeMap<&'static str, BTreeMap<String, u64>>;

#[test]
fn we_read_what_tshark_reads() {
    let Some(corpus) = std::env::var_os("NIGHTDESK_CORPUS") else {
        eprintln!("NIGHTDESK_CORPUS is not set: real exporters' packets are not read");
        return;
    };
    if Command::new("tshark").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "tshark is not here, and this is CI");
        eprintln!("TSHARK IS NOT HERE: what we read of real exporters' packets is compared with nothing");
        return;
    }
    let folder = PathBuf::from(corpus).join("flowpkts");
    let groups: Vec<_> = groups(&folder).into_iter().collect();
    let datagrams: Vec<Vec<Datagram>> =
        groups.iter().map(|(_, files)| files.iter().flat_map(|file| datagrams(file)).collect()).collect();
    let theirs = tshark(&datagrams);
    let mut wrong = Vec::new();
    for ((name, _), (datagrams, theirs)) in groups.iter().zip(datagrams.iter().zip(&theirs)) {
        let read = Read::of(datagrams);
        wrong.extend(read.differs(theirs, name).map(|why| format!("{name}: {why}")));
        if MORE.iter().all(|(more, _)| more != name) {
            let backwards: Vec<Datagram> = datagrams.iter().rev().cloned().collect();
            let backwards = Read::of(&backwards);
            wrong.extend(
                (read.sorted() != backwards.sorted()).then(|| format!("{name}: not the same backwards")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What we read of a group.
struct Read {
    flows: Vec<Flow>,
    other_records: u64,
}

impl Read {
    fn of(datagrams: &[Datagram]) -> Read {
        let mut decoder =
            Decoder::new(Limits { skew_ms: i64::MAX / 4, late_ms: i64::MAX / 4, ..Limits::default() });
        let mut flows = Vec::new();
        for (source, time, bytes) in datagrams {
            let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, *source));
            decoder.decode(from, Millis(i64::from(*time) * 1000), bytes, &mut flows);
        }
        Read { flows, other_records: decoder.reports().map(|report| report.other_records).sum() }
    }

    /// The flows without what the order of datagrams may change: rates, and times by the exporter's start, are told in some
    /// of them.
    fn sorted(&self) -> Vec<String> {
        let lines = self.flows.iter().map(|flow| {
            let rate = u64::from(flow.sampling.max(1));
            let ends =
                (flow.source, flow.source_port, flow.destination, flow.destination_port, flow.protocol);
            format!("{ends:?} {} {}", flow.forward.bytes / rate, flow.reverse.bytes / rate)
        });
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines
    }

    /// In what we do not agree with tshark.
    fn differs(&self, theirs: &Told, name: &str) -> impl Iterator<Item = String> {
        let more = MORE.iter().any(|(more, _)| *more == name);
        let nothing = BTreeMap::new();
        let mut found = Vec::new();
        for (asked, _) in ASKED {
            let (ours, theirs) = (self.told(asked), theirs.get(asked).unwrap_or(&nothing));
            let sum = |told: &BTreeMap<String, u64>| {
                told.iter().map(|(value, count)| value.parse::<u64>().unwrap_or(0) * count).sum::<u64>()
            };
            let good = match asked {
                "bytes" | "packets" if self.other_records > 0 || more => true,
                "bytes" | "packets" => theirs.is_empty() || sum(&ours) == sum(theirs),
                // It tells ports by several elements, and ICMP's as they stand; VXLAN's packets twice.
                _ if more => theirs.keys().all(|value| ours.contains_key(value)),
                _ => {
                    ours.iter().all(|(value, count)| theirs.get(value).is_some_and(|theirs| theirs >= count))
                }
            };
            let missed = asked == "source" || asked == "destination";
            let missed =
                missed && theirs.keys().any(|value| !ours.contains_key(value)) && !INNER.contains(&name);
            if !good || missed {
                found.push(format!(
                    "{asked}: ours {ours:?} ({}), tshark's {theirs:?} ({})",
                    sum(&ours),
                    sum(theirs)
                ));
            }
        }
        found.into_iter()
    }

    fn told(&self, asked: &str) -> BTreeMap<String, u64> {
        let mut told = BTreeMap::new();
        for flow in &self.flows {
            let rate = u64::from(flow.sampling.max(1));
            let icmp = matches!(flow.protocol, protocol::ICMP | protocol::ICMPV6);
            let values = match asked {
                "source" => vec![flow.source.to_string()],
                "destination" => vec![flow.destination.to_string()],
                "source port" | "destination port" if icmp => vec![],
                "source port" => vec![flow.source_port.to_string()],
                "destination port" => vec![flow.destination_port.to_string()],
                "bytes" => {
                    vec![(flow.forward.bytes / rate).to_string(), (flow.reverse.bytes / rate).to_string()]
                }
                _ => {
                    vec![(flow.forward.packets / rate).to_string(), (flow.reverse.packets / rate).to_string()]
                }
            };
            for value in values.into_iter().filter(|value| !NOTHING.contains(&value.as_str())) {
                *told.entry(value).or_default() += 1;
            }
        }
        told
    }
}

/// What stands where nothing is told.
const NOTHING: [&str; 3] = ["0", "0.0.0.0", "::"];

/// What the names of files that belong together have in common: all before what says which part it is.
fn kin(stem: &str) -> &str {
    let parts = ["-data", "-template", "_data", "_tpl", "_opttpl", "__data", "__template"];
    let ends = |part: &&str| {
        let at = stem.find(*part)?;
        let after = stem[at + part.len()..].chars().next();
        after.is_none_or(|after| after == '_' || after == 's' || after.is_ascii_digit()).then_some(at)
    };
    parts.iter().filter_map(ends).min().map_or(stem, |at| &stem[..at])
}

/// Files that belong together, those with templates first.
fn groups(folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut all: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name == "README.md" || name == "manifest.tsv" {
            continue;
        }
        let stem = name.split('.').next().unwrap();
        let group = kin(stem).to_owned();
        all.entry(group).or_default().push(path);
    }
    for files in all.values_mut() {
        files.sort_by_key(|file| {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            (!name.contains("tpl") && !name.contains("templ"), name)
        });
    }
    all
}

fn datagrams(file: &Path) -> Vec<Datagram> {
    let bytes = fs::read(file).unwrap();
    if file.extension().is_none_or(|ending| ending != "pcap") {
        return vec![(1, 0, bytes)];
    }
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut sources, mut all) = (24, Vec::new(), Vec::new());
    while at + 16 <= bytes.len() {
        let (seconds, length) = (word(at), word(at + 8) as usize);
        let frame = &bytes[at + 16..at + 16 + length];
        at += 16 + length;
        let Some((source, payload)) = payload(frame) else { continue };
        let number = sources.iter().position(|known| *known == source).unwrap_or_else(|| {
            sources.push(source);
            sources.len() - 1
        });
        all.push((u8::try_from(number + 1).unwrap(), seconds, payload.to_vec()));
    }
    all
}

/// Source and UDP payload of an Ethernet frame.
fn payload(frame: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut at = 12;
    while frame.get(at..at + 2)? == [0x81, 0] {
        at += 4;
    }
    let ip = frame.get(at + 2..)?;
    let (source, udp) = match ip.first()? >> 4 {
        4 if ip[9] == 17 => (ip.get(12..16)?, ip.get(usize::from(ip[0] & 15) * 4..)?),
        6 if ip[6] == 17 => (ip.get(8..24)?, ip.get(40..)?),
        _ => return None,
    };
    let length = usize::from(u16::from_be_bytes([udp[4], udp[5]]));
    Some((source.to_vec(), udp.get(8..length.min(udp.len()))?))
}

/// What tshark reads, of each group.
fn tshark(groups: &[Vec<Datagram>]) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asked.pcap");
    fs::write(&file, pcap(groups)).unwrap();
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&file).args([
        "-n",
        "-d",
        "udp.port==2055,cflow",
        "-T",
        "fields",
        "-E",
        "aggregator=,",
    ]);
    for field in ASKED.iter().flat_map(|(_, fields)| *fields) {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut all = vec![Told::new(); groups.len()];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let columns: Vec<Vec<&str>> = line
            .split('\t')
            .map(|column| column.split(',').filter(|value| !value.is_empty()).collect())
            .collect();
        let mut columns = columns.into_iter();
        let mut group = None;
        let mut told = Told::new();
        for (asked, fields) in ASKED {
            for field in fields {
                let values = columns.next().unwrap_or_default();
                // What carried the datagram itself comes first.
                let carried = matches!(*field, "ip.src" | "ip.dst" | "udp.srcport" | "udp.dstport");
                if *field == "ip.src" {
                    group = values.first().and_then(|source| source.split('.').nth(2)?.parse::<usize>().ok());
                }
                for value in values.into_iter().skip(usize::from(carried)) {
                    let value =
                        value.parse::<IpAddr>().map_or(value.to_owned(), |it| it.to_canonical().to_string());
                    if !NOTHING.contains(&value.as_str()) {
                        *told.entry(asked).or_default().entry(value).or_default() += 1;
                    }
                }
            }
        }
        let all: &mut Told = &mut all[group.unwrap()];
        for (asked, values) in told {
            for (value, count) in values {
                *all.entry(asked).or_default().entry(value).or_default() += count;
            }
        }
    }
    all
}

/// A capture of raw IP packets (link type 101) with these payloads; the third byte of the source is the group.
fn pcap(groups: &[Vec<Datagram>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(0xa1b2_c3d4_u32.to_le_bytes());
    out.extend([2u16, 4].map(u16::to_le_bytes).as_flattened());
    out.extend([0u32, 0, 262_144, 101].map(u32::to_le_bytes).as_flattened());
    for (group, datagrams) in (0u8..).zip(groups) {
        for (source, seconds, payload) in datagrams {
            let port: u16 = if payload.starts_with(&[0, 0, 0, 5]) { 6343 } else { 2055 };
            let udp = u16::try_from(payload.len() + 8).unwrap();
            let length = u32::from(udp) + 20;
            out.extend([*seconds, 0, length, length].map(u32::to_le_bytes).as_flattened());
            out.extend([0x45, 0]);
            out.extend((udp + 20).to_be_bytes());
            out.extend([0, 0, 0, 0, 64, 17, 0, 0, 198, 18, group, *source, 192, 0, 2, 250]);
            out.extend([port, port, udp, 0].map(u16::to_be_bytes).as_flattened());
            out.extend(payload);
        }
    }
    out
}
