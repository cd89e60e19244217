//! What each exporter sent, and what of it was lost.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{ExporterId, Millis};

/// The protocols that flows come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// NetFlow version 1.
    NetflowV1,
    /// NetFlow version 5.
    NetflowV5,
    /// NetFlow version 7, of Catalyst switches.
    NetflowV7,
    /// NetFlow version 9 (RFC 3954).
    NetflowV9,
    /// IPFIX (RFC 7011).
    Ipfix,
    /// sFlow version 5 (sflow.org, sFlow Version 5, July 2004).
    SflowV5,
}

/// What was lost or is unsure, counted since the exporter was first heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Datagrams of no version that we read.
    pub unknown_version: u64,
    /// Sets, samples and headers that break off or contradict themselves. What could be read of them was.
    pub malformed: u64,
    /// Data sets that wait for their template at this moment.
    pub waiting: u64,
    /// Data sets given up: too old, or too many, before their template came.
    pub no_template: u64,
    /// What never came, by the exporter's own numbering: flows for v5 and v7, data records for IPFIX, datagrams for v9
    /// and sFlow. What came late after all is taken off again.
    pub sequence_lost: u64,
    /// Datagrams that came out of order.
    pub sequence_late: u64,
    /// How often the numbering began anew.
    pub sequence_resets: u64,
    /// How often the exporter itself did: its uptime went back, and its templates were forgotten.
    pub restarts: u64,
    /// Flows whose sampling rate nobody has told: their counts may be too small by any factor.
    pub unknown_sampling: u64,
    /// Flows whose times could not be true and were moved (see [`Decoder`](super::Decoder)).
    pub bad_times: u64,
    /// Templates beyond the limits.
    pub templates_refused: u64,
    /// Datagrams of domains beyond the limits, which are not decoded.
    pub domains_refused: u64,
}

/// What one exporter sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExporterReport {
    /// Where its datagrams come from.
    pub address: IpAddr,
    /// The number in its flows.
    pub exporter: ExporterId,
    /// When its first datagram came.
    pub first_heard: Millis,
    /// When its latest one came.
    pub last_heard: Millis,
    /// What it spoke last.
    pub version: Option<Version>,
    /// Datagrams.
    pub datagrams: u64,
    /// Their bytes, without IP and UDP headers.
    pub bytes: u64,
    /// Flows read from them.
    pub flows: u64,
    /// Records without two IP addresses, and records of events without traffic: not flows.
    pub other_records: u64,
    /// Records of options templates, and counter samples of sFlow.
    pub option_records: u64,
    /// Templates known at this moment.
    pub templates: u64,
    /// What was lost.
    pub losses: Losses,
}

impl ExporterReport {
    pub(super) fn new(address: IpAddr, exporter: ExporterId, now: Millis) -> ExporterReport {
        ExporterReport {
            address,
            exporter,
            first_heard: now,
            last_heard: now,
            version: None,
            datagrams: 0,
            bytes: 0,
            flows: 0,
            other_records: 0,
            option_records: 0,
            templates: 0,
            losses: Losses::default(),
        }
    }

    /// Adds what another decoder heard of the same exporter.
    pub fn add(&mut self, other: &ExporterReport) {
        if other.last_heard > self.last_heard {
            self.version = other.version.or(self.version);
        }
        self.first_heard = self.first_heard.min(other.first_heard);
        self.last_heard = self.last_heard.max(other.last_heard);
        self.datagrams += other.datagrams;
        self.bytes += other.bytes;
        self.flows += other.flows;
        self.other_records += other.other_records;
        self.option_records += other.option_records;
        self.templates += other.templates;
        self.losses.add(&other.losses);
    }
}

impl Losses {
    fn add(&mut self, other: &Losses) {
        self.unknown_version += other.unknown_version;
        self.malformed += other.malformed;
        self.waiting += other.waiting;
        self.no_template += other.no_template;
        self.sequence_lost += other.sequence_lost;
        self.sequence_late += other.sequence_late;
        self.sequence_resets += other.sequence_resets;
        self.restarts += other.restarts;
        self.unknown_sampling += other.unknown_sampling;
        self.bad_times += other.bad_times;
        self.templates_refused += other.templates_refused;
        self.domains_refused += other.domains_refused;
    }
}
