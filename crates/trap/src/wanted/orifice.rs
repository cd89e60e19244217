//! Back Orifice: the datagram decrypted, whatever its password.
//!
//! A packet is `*!*QWTY?`, size and number (32 bits each, little endian), type, data and a checksum byte, all of it xored
//! with a stream. The stream is the linear congruential generator of Microsoft's C run time (multiplier 214013, addend
//! 2531011), a byte from bits 16 to 23 of each state, seeded with 31337 without a password and with a 16-bit sum of it
//! otherwise. Facts from nmap's `backorifice.lua` and from Snort's `spp_bo`, which tries all 65,536 seeds as we do.

use std::sync::LazyLock;

use super::{Family, Wanted};
use crate::bytes::{Rest, shown};

const MAGIC: [u8; 8] = *b"*!*QWTY?";
/// The seed that stands for no password.
pub(crate) const NO_PASSWORD: u16 = 31337;
/// Magic, size, number, type and checksum.
const LEAST: usize = 18;
/// How much of the data is told.
const DATA: usize = 120;

/// Commands by number, as nmap's `backorifice.lua` lists them.
const COMMANDS: [(u8, &str); 12] = [
    (0x01, "PING"),
    (0x02, "SYSREBOOT"),
    (0x03, "SYSLOCKUP"),
    (0x04, "SYSLISTPASSWORDS"),
    (0x05, "SYSVIEWCONSOLE"),
    (0x06, "SYSINFO"),
    (0x07, "KEYLOGSTART"),
    (0x0b, "REDIRADD"),
    (0x0d, "REDIRLIST"),
    (0x0e, "APPADD"),
    (0x13, "RESOLVEHOST"),
    (0x2e, "PROCESSLIST"),
];

/// Seeds by the first two bytes of their streams, in order: two bytes leave one seed to try, or a few.
static SEEDS: LazyLock<Vec<([u8; 2], u16)>> = LazyLock::new(|| {
    let mut seeds: Vec<_> = (0..=u16::MAX)
        .map(|seed| {
            let mut stream = Stream::new(seed);
            ([stream.next_byte(), stream.next_byte()], seed)
        })
        .collect();
    seeds.sort_unstable();
    seeds
});

/// A decrypted packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orifice {
    /// The seed it was encrypted with; 31337 stands for no password.
    pub seed: u16,
    /// Its number.
    pub number: u32,
    /// What is commanded.
    pub command: u8,
    /// What comes with it.
    pub data: Vec<u8>,
}

/// The stream of one seed.
pub(crate) struct Stream(u32);

impl Stream {
    pub(crate) fn new(seed: u16) -> Stream {
        Stream(u32::from(seed))
    }

    pub(crate) fn next_byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(214_013).wrapping_add(2_531_011) & 0x00ff_ffff;
        let [_, byte, _, _] = self.0.to_be_bytes();
        byte
    }

    /// Encrypts, or decrypts.
    pub(crate) fn apply(mut self, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().map(|byte| byte ^ self.next_byte()).collect()
    }
}

/// Decrypts a datagram, if some seed makes a packet of it. Two in a thousand million random datagrams pass.
#[must_use]
pub fn decrypt(datagram: &[u8]) -> Option<Orifice> {
    let seed = seed_of(datagram)?;
    let plain = Stream::new(seed).apply(datagram);
    let mut rest = Rest(plain.get(MAGIC.len()..)?);
    let size = usize::try_from(u32::from_le_bytes(rest.array()?)).ok()?;
    let number = u32::from_le_bytes(rest.array()?);
    let command = rest.u8()?;
    if !(LEAST..=datagram.len()).contains(&size) {
        return None;
    }
    let data = rest.take(size.checked_sub(LEAST)?).unwrap_or_default().to_vec();
    Some(Orifice { seed, number, command, data })
}

/// The seed whose stream turns the beginning into the magic.
fn seed_of(datagram: &[u8]) -> Option<u16> {
    if datagram.len() < LEAST {
        return None;
    }
    let mut stream = [0; 8];
    for (out, (cipher, magic)) in stream.iter_mut().zip(datagram.iter().zip(MAGIC)) {
        *out = cipher ^ magic;
    }
    let [first, second, ..] = stream;
    let from = SEEDS.partition_point(|(begin, _)| *begin < [first, second]);
    let candidates = SEEDS.iter().skip(from).take_while(|(begin, _)| *begin == [first, second]);
    candidates.map(|(_, seed)| *seed).find(|seed| {
        let mut own = Stream::new(*seed);
        stream.iter().all(|byte| *byte == own.next_byte())
    })
}

/// A packet of Back Orifice in words.
pub(super) fn read(datagram: &[u8]) -> Option<Wanted> {
    let packet = decrypt(datagram)?;
    let command = packet.command & 0x3f;
    let name = COMMANDS.iter().find(|(number, _)| *number == command).map(|(_, name)| (*name).to_owned());
    let mut wanted = Wanted::said("back-orifice", Family::Trojan);
    wanted.details.push(format!("command {}", name.unwrap_or_else(|| format!("{command:#04x}"))));
    if packet.seed != NO_PASSWORD {
        wanted.details.push(format!("password seed {}", packet.seed));
    }
    if !packet.data.is_empty() {
        wanted.details.push(format!("data {}", shown(&packet.data, DATA)));
    }
    Some(wanted)
}

/// What answers a packet: the same number and command and nothing else, encrypted alike, so that it is never the larger.
pub(crate) fn answer(datagram: &[u8]) -> Option<Vec<u8>> {
    let asked = decrypt(datagram)?;
    let size = u32::try_from(LEAST).ok()?;
    let head = [&MAGIC[..], &size.to_le_bytes(), &asked.number.to_le_bytes(), &[asked.command, 0]].concat();
    Some(Stream::new(asked.seed).apply(&head))
}
