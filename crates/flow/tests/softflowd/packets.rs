//! Packets of conversations, as a capture, and what there is to count of them.

use std::fs;
use std::path::Path;

use crate::Totals;

/// When the capture begins: seconds since 1970.
pub(crate) const BEGIN: i64 = 1_772_323_200;
/// Conversations of each protocol, each between ends of its own.
const EACH: u8 = 60;

/// Writes the capture. Each conversation is a flow each way.
pub(crate) fn write(path: &Path) -> Totals {
    let mut capture = Capture::new();
    for number in 0..EACH {
        let (line, far) = ([198, 51, 100, number], [203, 0, 113, number]);
        let port = 40_000 + u16::from(number);
        for turn in 0..u16::from(number % 7) + 1 {
            let (asked, told) = (20 + turn * 3, 400 + turn * 200 + u16::from(number));
            capture.packet(line, far, 6, &tcp(port, 443, asked));
            capture.packet(far, line, 6, &tcp(443, port, told));
        }
        capture.packet(line, far, 17, &udp(port, 53, 33));
        capture.packet(far, line, 17, &udp(53, port, 150 + u16::from(number)));
        capture.totals.flows += 4;
    }
    fs::write(path, &capture.bytes).unwrap();
    capture.totals
}

/// A capture of Ethernet frames in the making (libpcap's classic file: pcap-savefile(5)).
struct Capture {
    bytes: Vec<u8>,
    totals: Totals,
}

impl Capture {
    fn new() -> Capture {
        let mut bytes = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
            bytes.extend(word.to_le_bytes());
        }
        Capture { bytes, totals: Totals::default() }
    }

    /// One IPv4 packet, ten milliseconds after the one before.
    fn packet(&mut self, source: [u8; 4], destination: [u8; 4], protocol: u8, payload: &[u8]) {
        let length = u16::try_from(20 + payload.len()).unwrap();
        let millis = u32::try_from(self.totals.packets * 10).unwrap();
        let seconds = u32::try_from(BEGIN).unwrap() + millis / 1000;
        let frame = u32::from(length) + 14;
        for word in [seconds, millis % 1000 * 1000, frame, frame] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00]);
        self.bytes.extend([0x45, 0]);
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
        self.bytes.extend(source);
        self.bytes.extend(destination);
        self.bytes.extend(payload);
        self.totals.packets += 1;
        self.totals.bytes += u64::from(length);
    }
}

/// A TCP segment with so many bytes in it; of its flags only that something is acknowledged.
fn tcp(source: u16, destination: u16, bytes: u16) -> Vec<u8> {
    let mut segment = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    segment.extend([0; 8]);
    segment.extend([0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    segment.resize(20 + usize::from(bytes), 0);
    segment
}

/// A datagram with so many bytes in it.
fn udp(source: u16, destination: u16, bytes: u16) -> Vec<u8> {
    let mut datagram = [source, destination, 8 + bytes, 0].map(u16::to_be_bytes).concat();
    datagram.resize(8 + usize::from(bytes), 0);
    datagram
}
