//! TLS client hello (RFC 8446 4.1.2, RFC 5246 7.4.1.2): the name asked for, and what the client can do, summed up as JA4
//! (FoxIO, technical details of JA4, BSD licence) so that the same scanner is known again.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Family, SHOWN, Wanted};
use crate::bytes::{Rest, shown};

/// As many cipher suites, extensions and protocols as are looked at.
const MOST: usize = 256;
const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a client hello says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientHello {
    /// The highest version offered, as on the wire: 0x0304 is TLS 1.3.
    pub version: u16,
    /// Cipher suites in their order, without GREASE (RFC 8701).
    pub ciphers: Vec<u16>,
    /// Extensions in their order, without GREASE.
    pub extensions: Vec<u16>,
    /// Signature algorithms in their order.
    pub signatures: Vec<u16>,
    /// The server's name that is asked for (RFC 6066 3), escaped.
    pub name: Option<String>,
    /// The first protocol offered (RFC 7301).
    pub alpn: Option<Vec<u8>>,
}

/// Reads a client hello, or the beginning of one; what is cut off is missing from it.
#[must_use]
pub fn client_hello(bytes: &[u8]) -> Option<ClientHello> {
    let mut record = Rest(bytes);
    let [kind, major, _] = record.array()?;
    if kind != 22 || major != 3 {
        return None;
    }
    let mut handshake = record.of_u16()?;
    let [kind, _, _, _] = handshake.array()?;
    let version = handshake.u16()?;
    if kind != 1 || version >> 8 != 3 {
        return None;
    }
    let mut hello = ClientHello { version, ..ClientHello::default() };
    // What is cut off here is still a client hello.
    if let Some(extensions) = read_fixed(&mut handshake, &mut hello) {
        read_extensions(extensions, &mut hello);
    }
    Some(hello)
}

fn read_fixed<'b>(handshake: &mut Rest<'b>, hello: &mut ClientHello) -> Option<Rest<'b>> {
    handshake.take(32)?;
    handshake.of_u8()?;
    hello.ciphers = numbers(handshake.of_u16()?);
    handshake.of_u8()?;
    handshake.of_u16()
}

fn read_extensions(mut rest: Rest<'_>, hello: &mut ClientHello) {
    for _ in 0..MOST {
        let (Some(kind), Some(body)) = (rest.u16(), rest.of_u16()) else { return };
        if is_grease(kind) {
            continue;
        }
        hello.extensions.push(kind);
        read_extension(kind, body, hello);
    }
}

fn read_extension(kind: u16, mut body: Rest<'_>, hello: &mut ClientHello) -> Option<()> {
    match kind {
        SERVER_NAME => {
            let mut list = body.of_u16()?;
            list.take(1)?;
            hello.name = Some(shown(list.of_u16()?.0, SHOWN));
        }
        SIGNATURE_ALGORITHMS => hello.signatures = numbers(body.of_u16()?),
        ALPN => hello.alpn = Some(body.of_u16()?.of_u8()?.0.to_vec()),
        SUPPORTED_VERSIONS => {
            let offered = numbers(body.of_u8()?);
            hello.version = offered.into_iter().max().unwrap_or(hello.version);
        }
        _ => {}
    }
    Some(())
}

/// A list of 16-bit numbers without GREASE.
fn numbers(mut list: Rest<'_>) -> Vec<u16> {
    std::iter::from_fn(|| list.u16()).take(MOST).filter(|number| !is_grease(*number)).collect()
}

/// RFC 8701 2: both bytes alike, and of the form 0x?a.
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

impl ClientHello {
    /// JA4: transport, version, name or address, how many ciphers and extensions, the protocol; then hashes of both lists
    /// in order of number.
    #[must_use]
    pub fn ja4(&self) -> String {
        let version = match self.version {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            _ => "00",
        };
        let name = if self.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
        let (ciphers, extensions) = (self.ciphers.len().min(99), self.extensions.len().min(99));
        let head = format!("t{version}{name}{ciphers:02}{extensions:02}{}", self.alpn_ends());
        let mut sorted = self.ciphers.clone();
        sorted.sort_unstable();
        let first = short_hash(&listed(&sorted));
        let mut sorted: Vec<u16> =
            self.extensions.iter().copied().filter(|kind| !matches!(*kind, SERVER_NAME | ALPN)).collect();
        sorted.sort_unstable();
        let mut second = listed(&sorted);
        if !self.signatures.is_empty() {
            second.push('_');
            second.push_str(&listed(&self.signatures));
        }
        format!("{head}_{first}_{}", short_hash(&second))
    }

    /// The first and last letter of the first protocol; of their hex where they are none; 00 where there is none.
    fn alpn_ends(&self) -> String {
        let Some((first, last)) = self.alpn.as_deref().and_then(|alpn| Some((*alpn.first()?, *alpn.last()?)))
        else {
            return "00".to_owned();
        };
        if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
            return [char::from(first), char::from(last)].into_iter().collect();
        }
        format!("{:x}{:x}", first >> 4, last & 0x0f)
    }
}

fn listed(numbers: &[u16]) -> String {
    numbers.iter().map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

/// The first twelve digits of SHA-256; zeros for an empty list.
fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    Sha256::digest(text.as_bytes()).iter().take(6).fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _always = write!(out, "{byte:02x}").is_ok();
        out
    })
}

/// A client hello in words.
pub(super) fn read(bytes: &[u8]) -> Option<Wanted> {
    let hello = client_hello(bytes)?;
    let mut wanted = Wanted::said("tls", Family::Web);
    wanted.details.extend(hello.name.as_ref().map(|name| format!("sni {name}")));
    wanted.details.push(format!("ja4 {}", hello.ja4()));
    Some(wanted)
}
