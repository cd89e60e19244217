//! Reading what a proxy says, before anything is relayed. Pure and total: any bytes give an answer, and bytes that
//! have been read are never read differently when more arrive.

/// Longest head of an HTTP reply that is waited for.
pub const MOST_HEAD: usize = 8 * 1024;

/// What a reply says so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The reply is not complete.
    More,
    /// The way is said to be open; the reply took this many bytes.
    Granted(usize),
    /// It is our protocol and it says no, with this code (an HTTP status, a SOCKS reply code).
    Refused(u16),
    /// It is some other protocol.
    Foreign,
}

/// The head of an HTTP reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Not complete.
    More,
    /// Complete.
    Complete {
        /// The three digits.
        status: u16,
        /// Bytes up to and with the empty line.
        length: usize,
        /// The `Content-Length`, where there is one.
        body: Option<u64>,
    },
    /// Not HTTP/1.x.
    Foreign,
}

/// Reads the head of an HTTP/1.x reply (RFC 9112 sections 2.2, 4: a lone LF ends a line, the reason may be missing).
#[must_use]
pub fn http_head(bytes: &[u8]) -> Head {
    const VERSION: &[u8] = b"HTTP/1.";
    if !bytes.iter().zip(VERSION).all(|(have, want)| have == want) {
        return Head::Foreign;
    }
    let Some(length) = head_length(bytes) else {
        return if bytes.len() < MOST_HEAD { Head::More } else { Head::Foreign };
    };
    let head = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
    let mut lines = head.lines();
    let digits = lines.next().and_then(|line| line.split_ascii_whitespace().nth(1)).unwrap_or_default();
    let is_status = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    match digits.parse() {
        Ok(status) if is_status => Head::Complete { status, length, body: lines.find_map(content_length) },
        _ => Head::Foreign,
    }
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.get(..MOST_HEAD).unwrap_or(bytes);
    let crlf = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let lf = bytes.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    [crlf, lf].into_iter().flatten().min()
}

fn content_length(line: &str) -> Option<u64> {
    let (name, value) = line.split_once(':')?;
    name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
}

/// Reads the head that counts: any number of 1xx before it are passed over (RFC 9110 section 15.2), and its length
/// counts them in.
#[must_use]
pub fn final_head(bytes: &[u8]) -> Head {
    let mut passed = 0;
    loop {
        match http_head(bytes.get(passed..).unwrap_or_default()) {
            Head::Complete { status: 100..=199, length, .. } if length > 0 => passed += length,
            Head::Complete { status, length, body } => {
                return Head::Complete { status, length: passed + length, body };
            }
            other => return other,
        }
    }
}

/// Reads the reply to an HTTP CONNECT: any 2xx opens the tunnel (RFC 9110 section 9.3.6).
#[must_use]
pub fn connect(bytes: &[u8]) -> Reply {
    match final_head(bytes) {
        Head::More => Reply::More,
        Head::Foreign => Reply::Foreign,
        Head::Complete { status: 200..=299, length, .. } => Reply::Granted(length),
        Head::Complete { status, .. } => Reply::Refused(status),
    }
}

/// Reads a SOCKS4 or 4a reply: a zero (some servers say 4), a code of which 90 is "granted", six bytes of no interest
/// (the SOCKS4 memo by Ying-Da Lee).
#[must_use]
pub fn socks4(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [0 | 4] => Reply::More,
        [0 | 4, 90, ..] if bytes.len() < 8 => Reply::More,
        [0 | 4, 90, ..] => Reply::Granted(8),
        [0 | 4, code @ 91..=93, ..] => Reply::Refused(u16::from(*code)),
        _ => Reply::Foreign,
    }
}

/// Reads a SOCKS5 server's choice of method (RFC 1928 section 3) when we offered only 0, "no authentication". Some ask
/// for a password (2) though it was not offered.
#[must_use]
pub fn socks5_method(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [5] => Reply::More,
        [5, 0, ..] => Reply::Granted(2),
        [5, 2 | 0xff, ..] => Reply::Refused(0xff),
        _ => Reply::Foreign,
    }
}

/// Reads a SOCKS5 server's choice of method when we offered only 2, "user and password".
#[must_use]
pub fn socks5_password_method(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [5] => Reply::More,
        [5, 2, ..] => Reply::Granted(2),
        [5, 0xff, ..] => Reply::Refused(0xff),
        _ => Reply::Foreign,
    }
}

/// Reads what became of a SOCKS5 user and password (RFC 1929 section 2): zero lets in, all else does not.
#[must_use]
pub fn socks5_login(bytes: &[u8]) -> Reply {
    match bytes {
        [] | [1 | 5] => Reply::More,
        // Some servers write the version of SOCKS in the place of that of the login.
        [1 | 5, 0, ..] => Reply::Granted(2),
        [1 | 5, _, ..] => Reply::Refused(0xff),
        _ => Reply::Foreign,
    }
}

/// Reads the reply to a SOCKS5 CONNECT (RFC 1928 section 6); its bound address may be of any of the three types.
#[must_use]
pub fn socks5(bytes: &[u8]) -> Reply {
    let [version, code, rest @ ..] = bytes else {
        return if matches!(bytes, [] | [5]) { Reply::More } else { Reply::Foreign };
    };
    if *version != 5 {
        return Reply::Foreign;
    }
    if *code != 0 {
        return if *code <= 8 { Reply::Refused(u16::from(*code)) } else { Reply::Foreign };
    }
    let address = match rest {
        [] | [_] | [_, 3] => return Reply::More,
        [_, 1, ..] => 4,
        [_, 4, ..] => 16,
        [_, 3, length, ..] => 1 + usize::from(*length),
        _ => return Reply::Foreign,
    };
    let whole = 4 + address + 2;
    if bytes.len() < whole { Reply::More } else { Reply::Granted(whole) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn http_replies_as_proxies_write_them() {
        assert_eq!(connect(b"HTTP/1.0 200 Connection established\r\n\r\n"), Reply::Granted(39));
        assert_eq!(
            connect(b"HTTP/1.1 200\n\nX"),
            Reply::Granted(14),
            "no reason, lone LF, a byte of the tunnel"
        );
        assert_eq!(connect(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"), Reply::Refused(403));
        assert_eq!(connect(b"HTTP/1.1 100 Continue\r\n\r\n"), Reply::More, "the answer is yet to come");
        let twice = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
        assert_eq!(connect(twice), Reply::Granted(twice.len()));
        assert_eq!(connect(b"HTTP/1.1 200 OK\r\nA: b\r\n"), Reply::More);
        for foreign in
            ["SSH-2.0-OpenSSH\r\n", "HTTP/1.1 2000 x\r\n\r\n", "HTTP/1.1 +20\r\n\r\n", "HTTP/2 200\r\n\r\n"]
        {
            assert_eq!(connect(foreign.as_bytes()), Reply::Foreign, "{foreign:?}");
        }
        let head = http_head(b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 33\r\n\r\n");
        assert_eq!(head, Head::Complete { status: 200, length: 39, body: Some(33) });
    }

    #[test]
    fn a_server_that_wants_a_password_is_no_stranger() {
        assert_eq!(socks5_method(&[5, 2]), Reply::Refused(0xff));
        assert_eq!(socks5_password_method(&[5, 2]), Reply::Granted(2));
        assert_eq!(socks5_login(&[1, 0]), Reply::Granted(2));
        assert_eq!(socks5_login(&[1, 1]), Reply::Refused(0xff));
        assert_eq!(socks5_login(b"HTTP"), Reply::Foreign);
    }

    #[test]
    fn socks_replies_of_every_shape() {
        assert_eq!(socks4(&[0, 90, 0, 0, 0, 0, 0, 0]), Reply::Granted(8));
        assert_eq!(socks4(&[0, 91]), Reply::Refused(91));
        assert_eq!(socks4(&[4, 1, 0, 80, 192, 0, 2, 1, 0]), Reply::Foreign, "our own request, echoed");
        assert_eq!(socks5_method(&[5, 0]), Reply::Granted(2));
        assert_eq!(socks5_method(&[5, 0xff]), Reply::Refused(0xff));
        assert_eq!(socks5_method(&[5, 1, 0]), Reply::Foreign, "our own greeting, echoed");
        assert_eq!(socks5(&[5, 0, 0, 1, 192, 0, 2, 1, 0, 80]), Reply::Granted(10));
        assert_eq!(socks5(&[5, 0, 0, 3, 2, b'a', b'b', 0, 80]), Reply::Granted(9));
        assert_eq!(socks5(&[&[5, 0, 0, 4][..], &[0; 18]].concat()), Reply::Granted(22));
        assert_eq!(socks5(&[5, 0, 0, 1, 192, 0, 2, 1, 0]), Reply::More);
        assert_eq!(socks5(&[5, 5, 0, 1]), Reply::Refused(5));
        assert_eq!(socks5(&[5, 0, 0, 9]), Reply::Foreign);
    }

    proptest! {
        /// Once a reader has made up its mind, more bytes do not change it; and it never claims bytes it has not seen.
        #[test]
        fn a_reply_read_stays_read(mut bytes: Vec<u8>, more: Vec<u8>, like in 0..4_usize) {
            let start: &[u8] = [b"HTTP/1.1 200 ".as_slice(), b"\x05\0", b"\x05\0\0\x03", b"\0\x5a"][like];
            bytes.splice(0..0, start.iter().copied());
            for read in [connect, socks4, socks5_method, socks5_password_method, socks5_login, socks5] {
                let first = read(&bytes);
                if let Reply::Granted(length) = first {
                    prop_assert!(length <= bytes.len());
                }
                if first != Reply::More {
                    prop_assert_eq!(read(&[bytes.as_slice(), &more].concat()), first);
                }
            }
        }
    }
}
