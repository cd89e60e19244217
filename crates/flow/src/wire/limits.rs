//! What the decoder holds at most.

/// Bounds on what a [`Decoder`](super::Decoder) remembers and on what it believes. Whatever comes, memory stays below
/// `held_bytes` and about 2 kB for each exporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Exporters remembered. Those beyond are not decoded, unless a remembered one has been silent for `silence_ms`.
    pub exporters: usize,
    /// After so much silence (milliseconds) an exporter's place may be taken by another.
    pub silence_ms: i64,
    /// Observation domains (IPFIX), source ids (v9), engines (v5) and sub-agents (sFlow) of one exporter.
    pub domains: usize,
    /// Templates of one exporter, over all its domains.
    pub templates: usize,
    /// Fields of one template.
    pub fields: usize,
    /// Samplers and interfaces with a sampling rate of their own, of one domain.
    pub samplers: usize,
    /// Bytes of data that waits for its template, of one exporter.
    pub waiting_bytes: usize,
    /// How long (milliseconds) data waits for its template. RFC 7011 section 8.4 has exporters over UDP send templates
    /// again and again; ten minutes is the usual time.
    pub waiting_ms: i64,
    /// Bytes of templates and waiting data of all exporters together.
    pub held_bytes: usize,
    /// How far (milliseconds) an exporter's clock may be off before its times are moved to ours.
    pub skew_ms: i64,
    /// How long (milliseconds) before its datagram came a flow may have ended.
    pub late_ms: i64,
    /// The longest flow (milliseconds) that is believed.
    pub longest_ms: i64,
}

impl Default for Limits {
    fn default() -> Limits {
        const MINUTE: i64 = 60_000;
        const DAY: i64 = 24 * 60 * MINUTE;
        Limits {
            exporters: 4096,
            silence_ms: DAY,
            domains: 256,
            templates: 1024,
            fields: 512,
            samplers: 1024,
            waiting_bytes: 256 * 1024,
            waiting_ms: 10 * MINUTE,
            held_bytes: 64 * 1024 * 1024,
            skew_ms: 10 * MINUTE,
            late_ms: DAY,
            longest_ms: 30 * DAY,
        }
    }
}
