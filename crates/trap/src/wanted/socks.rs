//! SOCKS 4 (the protocol note of Ying-Da Lee, 1992), 4a (its extension) and 5 (RFC 1928).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Family, SHOWN, Target, Wanted};
use crate::bytes::{Rest, shown};

/// As many methods as are told; there are eleven in IANA's registry.
const METHODS: usize = 16;

/// A greeting or a request of SOCKS.
pub(super) fn read(bytes: &[u8]) -> Option<Wanted> {
    match bytes.first()? {
        4 => four(bytes),
        5 => five(bytes),
        _ => None,
    }
}

fn four(bytes: &[u8]) -> Option<Wanted> {
    let mut rest = Rest(bytes);
    let [_, command] = rest.array()?;
    if !matches!(command, 1 | 2) {
        return None;
    }
    let port = rest.u16()?;
    let address = Ipv4Addr::from(rest.array::<4>()?);
    let user = rest.until_zero();
    // 0.0.0.x with x not 0 says that a name follows.
    let named = address.octets().starts_with(&[0, 0, 0]) && address != Ipv4Addr::UNSPECIFIED;
    let host = match (named, rest.until_zero()) {
        (true, Some(name)) => shown(name, SHOWN),
        _ => address.to_string(),
    };
    let what = if named { "socks4a" } else { "socks4" };
    let wanted = Wanted { target: Some(Target { host, port }), ..Wanted::said(what, Family::Proxy) };
    Some(wanted.with("user", user.unwrap_or_default()))
}

/// The greeting `05 n methods`, and the request that impatient scanners send right behind it.
fn five(bytes: &[u8]) -> Option<Wanted> {
    let mut rest = Rest(bytes);
    rest.take(1)?;
    let methods = rest.of_u8()?.0;
    let declared = usize::from(*bytes.get(1)?);
    if methods.is_empty() || methods.len() < declared || declared > METHODS {
        return None;
    }
    let mut wanted = Wanted::said("socks5", Family::Proxy);
    if methods.contains(&2) {
        wanted.details.push("offers user and password".to_owned());
    }
    wanted.target = request(rest.0);
    Some(wanted)
}

/// `05 01 00 type address port` (RFC 1928 4).
pub(crate) fn request(bytes: &[u8]) -> Option<Target> {
    let mut rest = Rest(bytes);
    let [version, command, _, kind] = rest.array()?;
    if version != 5 || !(1..=3).contains(&command) {
        return None;
    }
    let host = match kind {
        1 => Ipv4Addr::from(rest.array::<4>()?).to_string(),
        3 => shown(rest.of_u8()?.0, SHOWN),
        4 => Ipv6Addr::from(rest.array::<16>()?).to_string(),
        _ => return None,
    };
    Some(Target { host, port: rest.u16()? })
}
