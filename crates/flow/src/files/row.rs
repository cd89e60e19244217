//! One record of a log: what stands in the columns that matter.

/// What a column can be about. Names of columns of all kinds of logs lead here (see [`slot`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    Start,
    /// A second time of the same record, for where there is no better.
    Logged,
    End,
    /// Seconds, with a fraction.
    Duration,
    /// Nanoseconds, as Elastic Common Schema has it.
    DurationNanos,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    /// The protocol's name or number.
    Protocol,
    /// Its number, where there is a column for both.
    ProtocolNumber,
    ForwardPackets,
    ForwardBytes,
    ForwardPayload,
    ReversePackets,
    ReverseBytes,
    ReversePayload,
    /// Packets of both ways together, or of the one way that there is.
    TotalPackets,
    /// Bytes of the same.
    TotalBytes,
    /// Zeek's word for how the connection went.
    ZeekState,
    /// Argus's words for it.
    ArgusState,
    /// Zeek's letters, one for each thing that happened.
    History,
    /// Flags of the forward way, or of both where there is but one column.
    Flags,
    ReverseFlags,
    /// An arrow from the one who began.
    Arrow,
    Missed,
    IcmpType,
    IcmpCode,
    /// What kind of record it is, in logs that mix them.
    Kind,
}

/// How many there are.
const SLOTS: usize = Slot::Kind as usize + 1;

/// The texts of one record; an empty one is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'t>([&'t str; SLOTS]);

impl<'t> Row<'t> {
    pub(super) fn new() -> Row<'t> {
        Row([""; SLOTS])
    }

    /// What stands in `slot`; none where nothing does.
    pub(super) fn get(&self, slot: Slot) -> Option<&'t str> {
        self.0.get(slot as usize).copied().filter(|text| !text.is_empty())
    }

    /// Puts `text` where nothing stands yet.
    pub(super) fn put(&mut self, slot: Slot, text: &'t str) {
        if let Some(place) = self.0.get_mut(slot as usize)
            && place.is_empty()
        {
            *place = text.trim_ascii();
        }
    }
}

/// What the column called `name` is about: `name` in lower case. Sources: Zeek's `base/protocols/conn` and the prefixes of
/// its JSON writer; ra(1) of Argus; nfdump's CSV formats (1.6 to 1.7); the fields of Elastic Common Schema that Filebeat's
/// Zeek module fills; Suricata's `flow` events.
pub(super) fn slot(name: &str) -> Option<Slot> {
    use Slot::*;
    Some(match name {
        "ts" | "starttime" | "stime" | "flow.start" | "firstseen" | "first_seen" | "start" | "start_time"
        | "event.start" => Start,
        "@timestamp" | "timestamp" | "time" | "date" => Logged,
        "te" | "ltime" | "lasttime" | "flow.end" | "lastseen" | "last_seen" | "end" | "end_time"
        | "event.end" => End,
        "duration" | "dur" | "td" | "duration_s" => Duration,
        "event.duration" => DurationNanos,
        "id.orig_h" | "id_orig_h" | "saddr" | "srcaddr" | "sa" | "source.ip" | "src_ip" | "srcip"
        | "src ip" | "source ip" | "source_ip" | "src" | "src_addr" | "source_address" | "id_orig.h" => {
            Source
        }
        "id.orig_p" | "id_orig_p" | "sport" | "sp" | "source.port" | "src_port" | "srcport" | "src port"
        | "source port" | "source_port" => SourcePort,
        "id.resp_h"
        | "id_resp_h"
        | "daddr"
        | "dstaddr"
        | "da"
        | "destination.ip"
        | "dst_ip"
        | "dstip"
        | "dst ip"
        | "destination ip"
        | "destination_ip"
        | "dst"
        | "dest_ip"
        | "dst_addr"
        | "destination_address"
        | "id_resp.h" => Destination,
        "id.resp_p" | "id_resp_p" | "dport" | "dp" | "destination.port" | "dst_port" | "dstport"
        | "dst port" | "destination port" | "destination_port" | "dest_port" => DestinationPort,
        "proto" | "pr" | "protocol" | "network.transport" | "prot" => Protocol,
        "ip_proto" | "network.iana_number" | "zeek.connection.ip_proto" => ProtocolNumber,
        "orig_pkts" | "srcpkts" | "spkts" | "source.packets" | "ipkt" | "flow.pkts_toserver"
        | "in_packets" => ForwardPackets,
        "orig_ip_bytes"
        | "source.bytes"
        | "ibyt"
        | "flow.bytes_toserver"
        | "srcbytes"
        | "sbytes"
        | "in_bytes" => ForwardBytes,
        "orig_bytes" => ForwardPayload,
        "resp_pkts"
        | "dstpkts"
        | "dpkts"
        | "destination.packets"
        | "opkt"
        | "flow.pkts_toclient"
        | "out_packets" => ReversePackets,
        "resp_ip_bytes"
        | "destination.bytes"
        | "obyt"
        | "flow.bytes_toclient"
        | "dstbytes"
        | "dbytes"
        | "out_bytes" => ReverseBytes,
        "resp_bytes" => ReversePayload,
        "totpkts" | "pkts" | "packets" => TotalPackets,
        "totbytes" | "bytes" => TotalBytes,
        "conn_state" | "zeek.connection.state" => ZeekState,
        "state" => ArgusState,
        "history" | "zeek.connection.history" => History,
        "flg" | "flags" | "tcp_flags" | "tcp.tcp_flags_ts" => Flags,
        "tcp.tcp_flags_tc" => ReverseFlags,
        "dir" => Arrow,
        "missed_bytes" | "zeek.connection.missed_bytes" => Missed,
        "zeek.connection.icmp.type" | "icmp_type" => IcmpType,
        "zeek.connection.icmp.code" | "icmp_code" => IcmpCode,
        "event_type" | "event.dataset" | "_path" | "@stream" => Kind,
        _ => return None,
    })
}
