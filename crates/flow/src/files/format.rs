//! What a file is, from its first bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{exports, nfdump, pcap};

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Zeek's `conn.log` or `open_conn.log`, separated by tabs.
    ZeekTsv,
    /// The same as JSON, one object a line.
    ZeekJson,
    /// The same as a table with a header.
    ZeekCsv,
    /// A log of something else than connections; it tells of no flows.
    OtherLog,
    /// Argus, as `ra` prints it, often called binetflow.
    Argus,
    /// Flows of another program as JSON, one object a line, as Suricata's.
    Json,
    /// Another table with a header, as of nfdump.
    Csv,
    /// A file of nfdump's collectors.
    Nfdump,
    /// A packet capture of the classic form.
    Pcap,
    /// A packet capture of the newer form.
    PcapNg,
    /// Datagrams of NetFlow, IPFIX or sFlow one after the other, as they were sent.
    Datagrams,
    /// None of these.
    Unknown,
}

impl Format {
    /// The name as it stands in JSON and on pages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::ZeekTsv => "zeek-tsv",
            Format::ZeekJson => "zeek-json",
            Format::ZeekCsv => "zeek-csv",
            Format::OtherLog => "other-log",
            Format::Argus => "argus",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Nfdump => "nfdump",
            Format::Pcap => "pcap",
            Format::PcapNg => "pcapng",
            Format::Datagrams => "datagrams",
            Format::Unknown => "unknown",
        }
    }

    /// What begins with `head` is.
    pub(super) fn of(head: &[u8]) -> Format {
        if pcap::is_classic(head) {
            return Format::Pcap;
        }
        if pcap::is_ng(head) {
            return Format::PcapNg;
        }
        if nfdump::is_nfdump(head) {
            return Format::Nfdump;
        }
        if exports::is_datagrams(head) {
            return Format::Datagrams;
        }
        Format::of_text(head)
    }

    fn of_text(head: &[u8]) -> Format {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        if text.starts_with(b"#separator") || text.starts_with(b"#fields") {
            return Format::ZeekTsv;
        }
        if text.starts_with(b"{")
            || (text.starts_with(b"[")
                && text.get(1..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b"{")))
        {
            return Format::ZeekJson;
        }
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Ok(line) = std::str::from_utf8(line.trim_ascii_end()) else {
            return Format::Unknown;
        };
        if headless_zeek(line) {
            return Format::ZeekTsv;
        }
        if super::csv::is_header(line) { Format::Csv } else { Format::Unknown }
    }
}

/// A line of a connection log that has lost its head.
fn headless_zeek(line: &str) -> bool {
    let cells: Vec<&str> = line.splitn(21, '\t').collect();
    let address = |at: usize| cells.get(at).is_some_and(|cell| super::value::address(cell).is_some());
    cells.len() >= 20 && address(2) && address(4)
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
