//! What the first bytes of a connection to the landing say.
//!
//! A nonce counts only when it opens a connection of its own. A port that forwards whatever it gets to our landing
//! delivers our CONNECT, our SOCKS greeting or our absolute-form request as it was sent; a proxy has read it.

use super::nonces::Nonce;

/// Most bytes of a request's head. Proxies add `Via`, `X-Forwarded-For` and the like; squid's own limit is 64 KiB,
/// but what it adds to our five lines is a few hundred bytes.
pub(super) const MOST_HEAD: usize = 4096;

/// What a connection opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// Too little to say yet.
    More,
    /// An origin-form request for a nonce's path.
    Request(Nonce),
    /// A nonce on a line of its own.
    Line(Nonce),
    /// A request that names a nonce and that no proxy has rewritten.
    Unread(Nonce),
    /// A whole request that names no nonce: somebody looks who we are.
    Page,
    /// A mail server that has mail for us.
    Mail,
    /// Anything else.
    Stranger,
}

/// Reads the first bytes of a connection.
pub(super) fn read(bytes: &[u8]) -> Opening {
    // An empty line may come first: the one that makes MikroTik's proxy move, sent on once it has.
    let line = bytes.strip_prefix(b"\r\n").unwrap_or(bytes);
    if begins(line, b"ND ") || bytes == b"\r" {
        return read_line(line);
    }
    if [&b"EHLO "[..], b"HELO "].iter().any(|verb| begins(&bytes.to_ascii_uppercase(), verb)) {
        return if bytes.len() < b"EHLO ".len() { Opening::More } else { Opening::Mail };
    }
    let is_request = [&b"GET "[..], b"POST "].iter().any(|verb| begins(bytes, verb));
    if is_request { read_request(bytes) } else { Opening::Stranger }
}

/// Whether `bytes` may still turn out to begin with `wanted`.
fn begins(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.iter().zip(wanted).all(|(have, want)| have == want)
}

fn read_line(bytes: &[u8]) -> Opening {
    const LONGEST: usize = b"ND ".len() + 32 + b"\r\n".len();
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return if bytes.len() < LONGEST { Opening::More } else { Opening::Stranger };
    };
    let line = bytes.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_prefix(b"ND ").and_then(nonce).map_or(Opening::Stranger, Opening::Line)
}

fn read_request(bytes: &[u8]) -> Opening {
    if !head_ended(bytes) {
        return if bytes.len() < MOST_HEAD { Opening::More } else { Opening::Stranger };
    }
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').skip(1);
    let target = words.next().unwrap_or_default();
    if let Some(nonce) = target.strip_prefix(b"/nd/").and_then(nonce) {
        return Opening::Request(nonce);
    }
    let tail = target.len().checked_sub(b"/nd/".len() + 32).and_then(|start| target.get(start..));
    let unread = tail.and_then(|tail| tail.strip_prefix(b"/nd/")).and_then(nonce);
    let is_page = target.starts_with(b"/") && !line.starts_with(b"POST ");
    unread.map_or(if is_page { Opening::Page } else { Opening::Stranger }, Opening::Unread)
}

/// Whether the empty line after a head is there (RFC 9112 section 2.2 lets a lone LF end a line).
fn head_ended(bytes: &[u8]) -> bool {
    bytes.windows(4).any(|four| four == b"\r\n\r\n") || bytes.windows(2).any(|two| two == b"\n\n")
}

fn nonce(hex: &[u8]) -> Option<Nonce> {
    let mut nonce = [0; 16];
    hex::decode_to_slice(hex, &mut nonce).ok().map(|()| nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f";
    const NONCE: Nonce = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    #[test]
    fn a_nonce_counts_only_as_the_very_first_thing_said() {
        let of = |text: String| read(text.as_bytes());
        assert_eq!(of(format!("ND {HEX}\r\n")), Opening::Line(NONCE));
        assert_eq!(
            of(format!("GET /nd/{HEX} HTTP/1.1\r\nHost: x\r\nVia: 1.1 p\r\n\r\n")),
            Opening::Request(NONCE)
        );
        let absolute = format!("GET http://192.0.2.1:80/nd/{HEX} HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n");
        assert_eq!(of(absolute), Opening::Unread(NONCE));
        for preamble in
            ["CONNECT 192.0.2.1:80 HTTP/1.0\r\n\r\n", "\x05\x01\0", "\x04\x01\0P", "\r\n\r\n", "PUT "]
        {
            assert_eq!(of(format!("{preamble}ND {HEX}\r\n")), Opening::Stranger, "{preamble:?}");
        }
        assert_eq!(
            of(format!("\r\nND {HEX}\r\n")),
            Opening::Line(NONCE),
            "after the nudge of a bare CONNECT"
        );
        assert_eq!(of(format!("POST /nd/{HEX} HTTP/1.0\r\n\r\n\r\n")), Opening::Request(NONCE));
        assert_eq!(of("ehlo mail.example.net\r\n".to_owned()), Opening::Mail);
        assert_eq!(of(format!("GET /nd/{HEX}0 HTTP/1.1\r\n\r\n")), Opening::Page, "a digit too many");
    }

    #[test]
    fn who_looks_us_up_is_shown_the_page_and_who_takes_us_for_a_proxy_is_not() {
        let of = |text: &str| read(text.as_bytes());
        assert_eq!(of("GET / HTTP/1.1\r\nHost: probe.example.net\r\n\r\n"), Opening::Page);
        assert_eq!(of("GET /robots.txt HTTP/1.0\r\n\r\n"), Opening::Page);
        assert_eq!(of("GET http://example.org/ HTTP/1.1\r\n\r\n"), Opening::Stranger);
        assert_eq!(of("POST /login HTTP/1.1\r\n\r\n"), Opening::Stranger);
    }

    #[test]
    fn waits_for_the_rest_but_not_for_ever() {
        let whole = format!("ND {HEX}\r\n");
        for cut in 0..whole.len() {
            assert_eq!(read(&whole.as_bytes()[..cut]), Opening::More, "after {cut} bytes");
        }
        assert_eq!(read(&[b"ND ".as_slice(), &[b'0'; 40]].concat()), Opening::Stranger);
        assert_eq!(read(&[b"GET /".as_slice(), &vec![b'a'; MOST_HEAD]].concat()), Opening::Stranger);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let padded = [b"GET ".as_slice(), &bytes, b"\r\n\r\n"].concat();
            proptest::prop_assert!(!matches!(read(&bytes), Opening::Line(_) | Opening::Request(_)));
            proptest::prop_assert!(read(&padded) != Opening::More);
        }
    }
}
