//! What exporters of one kind send: datagrams with templates of 17 fields, as routers use them, and flows of a fixed seed.

/// The kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    V5,
    V9,
    Ipfix,
}

/// A moment that the exporters say it is: seconds since 1970.
pub const NOW: u32 = 1_800_000_000;
const UPTIME: u32 = 90_000_000;
/// Elements and lengths. 22 and 21 are 152 and 153 in IPFIX, of eight bytes.
const FIELDS: [(u16, u16); 17] = [
    (8, 4),
    (12, 4),
    (15, 4),
    (10, 4),
    (14, 4),
    (2, 4),
    (1, 4),
    (22, 4),
    (21, 4),
    (7, 2),
    (11, 2),
    (6, 1),
    (4, 1),
    (5, 1),
    (16, 4),
    (17, 4),
    (61, 1),
];

/// How many records a datagram has.
pub const fn records(kind: Kind) -> usize {
    match kind {
        Kind::V5 => 30,
        _ => 24,
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        // xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }
}

/// The datagram with the template, for those that have one, and so many datagrams of flows, numbered from 0 on.
pub fn datagrams(kind: Kind, count: u32, now: u32) -> Vec<Vec<u8>> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut all = Vec::new();
    if kind != Kind::V5 {
        all.push(message(kind, 0, now, &template(kind)));
    }
    for number in 0..count {
        let mut body = Vec::new();
        for _ in 0..records(kind) {
            record(kind, now, &mut random, &mut body);
        }
        if kind != Kind::V5 {
            let length = (body.len() + 4) as u16;
            body = [&256u16.to_be_bytes()[..], &length.to_be_bytes(), &body].concat();
        }
        let sequence = match kind {
            Kind::V9 => number + 1,
            _ => number * records(kind) as u32,
        };
        all.push(message(kind, sequence, now, &body));
    }
    all
}

fn fields(kind: Kind) -> Vec<(u16, u16)> {
    let mut fields = FIELDS.to_vec();
    if kind == Kind::Ipfix {
        (fields[7], fields[8]) = ((152, 8), (153, 8));
    }
    fields
}

fn template(kind: Kind) -> Vec<u8> {
    let mut out = Vec::new();
    let set: u16 = if kind == Kind::V9 { 0 } else { 2 };
    let fields = fields(kind);
    for number in [set, 8 + 4 * fields.len() as u16, 256, fields.len() as u16] {
        out.extend(number.to_be_bytes());
    }
    for (number, length) in fields {
        out.extend(number.to_be_bytes());
        out.extend(length.to_be_bytes());
    }
    out
}

fn message(kind: Kind, sequence: u32, now: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match kind {
        Kind::V5 => {
            out.extend([0, 5, 0, records(kind) as u8]);
            for number in [UPTIME, now, 0, sequence, 0] {
                out.extend(number.to_be_bytes());
            }
        }
        Kind::V9 => {
            out.extend([0, 9, 0, records(kind) as u8]);
            for number in [UPTIME, now, sequence, 7] {
                out.extend(number.to_be_bytes());
            }
        }
        Kind::Ipfix => {
            out.extend([0, 10]);
            out.extend((body.len() as u16 + 16).to_be_bytes());
            for number in [now, sequence, 7] {
                out.extend(number.to_be_bytes());
            }
        }
    }
    out.extend(body);
    out
}

fn record(kind: Kind, now: u32, random: &mut Random, out: &mut Vec<u8>) {
    let source = 0xC612_0000 | (random.next() & 0xFFFF);
    let destination = random.next();
    let packets = 1 + random.next() % 1000;
    let bytes = packets * (40 + random.next() % 1400);
    let last = random.next() % 60_000;
    let first = last + random.next() % 60_000;
    let ports = random.next();
    if kind == Kind::V5 {
        for number in [source, destination, 0, 0, packets, bytes, UPTIME - first, UPTIME - last, ports] {
            out.extend(number.to_be_bytes());
        }
        out.extend([0, 0x1B, 6, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
        return;
    }
    for number in [source, destination, 0, 1, 2, packets, bytes] {
        out.extend(number.to_be_bytes());
    }
    for ago in [first, last] {
        if kind == Kind::V9 {
            out.extend((UPTIME - ago).to_be_bytes());
        } else {
            out.extend((u64::from(now) * 1000 - u64::from(ago)).to_be_bytes());
        }
    }
    out.extend(ports.to_be_bytes());
    out.extend([0x1B, 6, 0]);
    out.extend([0; 8]);
    out.push(0);
}
