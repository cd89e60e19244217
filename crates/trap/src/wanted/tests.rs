//! What real scanners say, and what they are taken for.

use proptest::prelude::*;

use super::*;

fn tcp(port: u16, bytes: &[u8]) -> Wanted {
    identify(Transport::Tcp, port, bytes)
}

fn told(wanted: &Wanted) -> (&str, Basis, Option<String>) {
    (wanted.what, wanted.by, wanted.target.as_ref().map(ToString::to_string))
}

#[test]
fn searches_for_proxies_are_known_on_any_port_with_where_they_lead() {
    let target = |text: &str| Some(text.to_owned());
    let cases: [(&[u8], &str, Option<String>); 9] = [
        (b"\x04\x01\x00\x19\xc0\x00\x02\x01\x00", "socks4", target("192.0.2.1:25")),
        (
            b"\x04\x01\x1a\x0b\x00\x00\x00\x01me\x00irc.example.net\x00",
            "socks4a",
            target("irc.example.net:6667"),
        ),
        (b"\x05\x01\x00", "socks5", None),
        (b"\x05\x02\x00\x02", "socks5", None),
        (b"\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb", "socks5", target("192.0.2.1:443")),
        (b"CONNECT 192.0.2.1:6667 HTTP/1.0\r\n\r\n", "http-connect", target("192.0.2.1:6667")),
        (b"CONNECT [2001:db8::1]:25 HTTP/1.1\r\n", "http-connect", target("[2001:db8::1]:25")),
        (
            b"GET http://judge.example.org/azenv.php HTTP/1.1\r\n",
            "http-absolute",
            target("judge.example.org:80"),
        ),
        (b"192.0.2.1:6667\r\n", "wingate", target("192.0.2.1:6667")),
    ];
    for (bytes, what, target) in cases {
        for port in [23, 80, 48613] {
            let wanted = tcp(port, bytes);
            assert_eq!(told(&wanted), (what, Basis::Bytes, target.clone()), "{}", bytes.escape_ascii());
            assert_eq!(wanted.family, Family::Proxy);
        }
    }
}

#[test]
fn other_searches_are_known_by_what_they_say() {
    let mut adb =
        b"CNXN\x00\x00\x00\x01\x00\x10\x00\x00\x07\x00\x00\x00\x32\x02\x00\x00\xbc\xb1\xa7\xb1".to_vec();
    adb.extend_from_slice(b"host::\x00");
    let cases: [(&[u8], &str); 17] = [
        (b"Password;1;\r", "netbus"),
        (b"PWDabc", "subseven"),
        (b"SSH-2.0-Go\r\n", "ssh"),
        (b"EHLO scan.example\r\n", "smtp"),
        (b"helo x\r\n", "smtp"),
        (b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", "rdp"),
        (b"\x00\x00\x00\x54\xffSMB\x72", "smb"),
        (b"\x00\x00\x00\xa4\xfeSMB\x40", "smb"),
        (&adb, "adb"),
        (b"*1\r\n$4\r\nINFO\r\n", "redis"),
        (b"GET /v1.24/containers/json HTTP/1.1\r\n", "docker"),
        (b"POST /containers/create HTTP/1.1\r\n", "docker"),
        (b"\x68\x01\x00\x66M2\x05\x00\xff\x01", "winbox"),
        (b"GET / HTTP/1.1\r\n", "http"),
        (b"\xff\xfb\x1f", "telnet"),
        (b"OPTIONS sip:nm SIP/2.0\r\n", "sip"),
        (b"/bin/busybox MIRAI\r\n", "mirai"),
    ];
    for (bytes, what) in cases {
        assert_eq!(tcp(48613, bytes).what, what, "{}", bytes.escape_ascii());
    }
    let rdp = tcp(3389, b"\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=hello\r\n\x01\x00");
    assert_eq!(rdp.details, ["mstshash hello"]);
    assert_eq!(tcp(5555, &adb).details, ["said host::"]);
    assert_eq!(tcp(1, b"*2\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n").details, ["said CONFIG GET"]);
}

#[test]
fn bytes_go_before_the_port_and_the_port_says_that_it_is_all_there_is() {
    assert_eq!(told(&tcp(12345, b"")), ("netbus", Basis::Port, None));
    assert_eq!(told(&tcp(12345, b"\x05\x01\x00")), ("socks5", Basis::Bytes, None));
    assert_eq!(told(&tcp(48613, b"")), ("silence", Basis::Nothing, None));
    assert_eq!(told(&tcp(48613, b"\x99\x98")), ("unknown", Basis::Nothing, None));
}

#[test]
fn a_page_of_our_own_choosing_is_no_search_for_a_proxy() {
    for request in ["GET /?u=http://example.net/ HTTP/1.1\r\n", "GET /http://example.net HTTP/1.0\r\n"] {
        assert_eq!(tcp(80, request.as_bytes()).family, Family::Web, "{request}");
    }
    assert_eq!(tcp(80, b"\x05\xff\x00").what, "http", "no greeting has 255 methods in one byte");
}

/// The PING that nmap's backorifice-brute sends without a password.
const PING: [u8; 19] = [
    0xce, 0x63, 0xd1, 0xd2, 0x16, 0xe7, 0x13, 0xcf, 0x38, 0xa5, 0xa5, 0x86, 0xb2, 0x75, 0x4b, 0x99, 0xaa,
    0x32, 0x58,
];

#[test]
fn back_orifice_is_read_under_any_password() {
    let open = decrypt(&PING).expect("the published packet");
    assert_eq!((open.seed, open.command), (orifice::NO_PASSWORD, 1));
    let plain = orifice::Stream::new(orifice::NO_PASSWORD).apply(&PING);
    for seed in [0, 1, 7000, 31336, u16::MAX] {
        let read = decrypt(&orifice::Stream::new(seed).apply(&plain)).expect("some seed fits");
        assert_eq!((read.seed, read.command), (seed, 1));
    }
    let wanted = identify(Transport::Udp, 4000, &PING);
    assert_eq!(
        (wanted.what, wanted.details),
        ("back-orifice", vec!["command PING".to_owned(), "data \\x00".to_owned()])
    );
}

#[test]
fn what_answers_back_orifice_is_not_larger_and_is_understood() {
    let answer = orifice::answer(&PING).expect("an answer");
    assert!(answer.len() <= PING.len());
    let (asked, answered) = (decrypt(&PING).expect("asked"), decrypt(&answer).expect("answered"));
    assert_eq!((answered.number, answered.seed), (asked.number, asked.seed));
}

/// A client hello made by hand: TLS 1.3 offered, one name, two protocols, GREASE in both lists.
fn hello() -> Vec<u8> {
    let mut extensions: Vec<u8> = vec![0x0a, 0x0a, 0, 0];
    extensions.extend_from_slice(b"\x00\x00\x00\x13\x00\x11\x00\x00\x0escan.test.name");
    extensions.extend_from_slice(b"\x00\x2b\x00\x05\x04\x03\x04\x03\x03");
    extensions.extend_from_slice(b"\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04");
    extensions.extend_from_slice(b"\x00\x10\x00\x0e\x00\x0c\x02h2\x08http/1.1");
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(b"\x00\x00\x06\x2a\x2a\x13\x01\xc0\x2f\x01\x00");
    body.extend_from_slice(&u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend_from_slice(&extensions);
    let length = u16::try_from(body.len()).expect("short").to_be_bytes();
    let mut handshake = vec![1, 0, length[0], length[1]];
    handshake.extend_from_slice(&body);
    let mut record = vec![22, 3, 1];
    record.extend_from_slice(&u16::try_from(handshake.len()).expect("short").to_be_bytes());
    record.extend_from_slice(&handshake);
    record
}

#[test]
fn a_client_hello_tells_its_name_and_what_it_can() {
    let read = client_hello(&hello()).expect("a client hello");
    assert_eq!(read.name.as_deref(), Some("scan.test.name"));
    assert_eq!((read.version, read.ciphers.as_slice()), (0x0304, &[0x1301, 0xc02f][..]));
    assert!(read.ja4().starts_with("t13d0204h2_"), "{}", read.ja4());
    let again = ClientHello { ciphers: vec![0xc02f, 0x1301], ..read.clone() };
    assert_eq!(again.ja4(), read.ja4(), "the order of ciphers is no mark of a client");
    assert_ne!(ClientHello { signatures: vec![], ..read.clone() }.ja4(), read.ja4());
}

proptest! {
    #[test]
    fn anything_is_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300), port: u16, udp: bool) {
        let transport = if udp { Transport::Udp } else { Transport::Tcp };
        let wanted = identify(transport, port, &bytes);
        prop_assert!(wanted.details.iter().all(|detail| !detail.contains(|c: char| c.is_control())));
    }

    #[test]
    fn a_client_hello_that_breaks_off_is_still_one(keep in 11usize..150) {
        let whole = hello();
        let cut = whole.get(..keep.min(whole.len())).expect("no longer than it is");
        prop_assert_eq!(tcp(443, cut).what, "tls");
    }
}
