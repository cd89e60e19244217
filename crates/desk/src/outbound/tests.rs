use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Names by a table; a name with several lines answers them one after the other, as a rebinding server does.
#[derive(Debug, Default)]
struct Table {
    names: Vec<(&'static str, Vec<IpAddr>)>,
    asked: AtomicUsize,
}

impl Names for Table {
    fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let turns: Vec<&Vec<IpAddr>> =
            self.names.iter().filter(|(name, _)| *name == host).map(|(_, to)| to).collect();
        let Some(turn) = turns.get(self.asked.fetch_add(1, Ordering::Relaxed) % turns.len().max(1)) else {
            return SystemNames.look_up(host, port);
        };
        Ok(turn.iter().map(|address| SocketAddr::new(*address, port)).collect())
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A server on this machine that counts who connects, answers each with `answer`, and keeps what was sent.
struct Inside {
    port: u16,
    heard: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Inside {
    fn new(answer: &'static str) -> Inside {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut bytes = [0u8; 4096];
                let mut text = String::new();
                while !text.ends_with("the body") {
                    match stream.read(&mut bytes) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => text.push_str(&String::from_utf8_lossy(&bytes[..read])),
                    }
                }
                keep.lock().expect("a list").push(text);
                drop(stream.write_all(answer.as_bytes()));
            }
        });
        Inside { port, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("a list").clone()
    }
}

const FINE: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/// Ways to write addresses inside a house, each with what it stands for; all are refused, whatever the port.
fn inside_hosts() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    // One address of each special range, its first, its last and one between, in every way it can be written.
    for net in SPECIAL_V4 {
        for v4 in [net.network(), net.broadcast(), between(net)] {
            let number = u32::from(v4);
            let [a, b, c, d] = v4.octets();
            hosts.push(v4.to_string());
            hosts.push(number.to_string());
            hosts.push(format!("0x{number:08x}"));
            hosts.push(format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"));
            hosts.push(format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"));
            hosts.push(format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)));
            hosts.push(format!("{a}.{}", number & 0x00ff_ffff));
            // Inside an IPv6 address: mapped, compatible, translated (RFC 6052, RFC 8215), 6to4.
            let (high, low) = (number >> 16, number & 0xffff);
            hosts.push(format!("[::ffff:{v4}]"));
            hosts.push(format!("[::ffff:{high:x}:{low:x}]"));
            hosts.push(format!("[::{v4}]"));
            hosts.push(format!("[::ffff:0:{v4}]"));
            hosts.push(format!("[64:ff9b::{v4}]"));
            hosts.push(format!("[64:ff9b:1::{v4}]"));
            hosts.push(format!("[2002:{high:x}:{low:x}::1]"));
        }
    }
    for v6 in [
        "::",
        "::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
    ] {
        hosts.push(format!("[{v6}]"));
    }
    hosts
}

fn between(net: Ipv4Net) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(net.network()) | 0x0000_0001)
}

#[tokio::test]
async fn nothing_inside_is_connected_to_however_it_is_written() {
    let inside = Inside::new(FINE);
    let door = Outbound::new(&[], &[]);
    let hosts = inside_hosts();
    assert!(hosts.len() >= 200, "{} ways", hosts.len());
    let mut refused_by_address = 0;
    for host in &hosts {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/latest/meta-data/", inside.port);
            match door.post_json(&url, &[], b"the body".to_vec()).await {
                Err(OutboundError::Refused { .. }) => refused_by_address += 1,
                // Some forms are no name to the resolver at all; those went nowhere either.
                Err(OutboundError::Failed(text)) if text.contains("was not found") => {}
                Err(OutboundError::Url("cannot be read")) => {}
                other => panic!("{url}: {other:?}"),
            }
        }
    }
    assert!(refused_by_address >= 400, "only {refused_by_address} were refused for where they lead");
    assert!(inside.heard().is_empty(), "somebody connected");
}

#[tokio::test]
async fn a_name_is_refused_for_any_address_it_has_and_cannot_change_its_mind() {
    let inside = Inside::new(FINE);
    let mixed = vec![address("193.0.14.129"), address("127.0.0.1")];
    let names = vec![
        ("localtest.example.net", vec![address("127.0.0.1")]),
        ("both.example.net", mixed),
        ("metadata.example.net", vec![address("169.254.169.254")]),
        ("six.example.net", vec![address("2001:7fd::1"), address("::1")]),
    ];
    for (host, _) in &names {
        let names = Arc::new(Table { names: names.clone(), ..Table::default() });
        let door = Outbound { names, ..Outbound::new(&[], &[]) };
        let url = format!("https://{host}:{}/", inside.port);
        let refused = door.post_json(&url, &[], b"the body".to_vec()).await;
        assert!(matches!(refused, Err(OutboundError::Refused { .. })), "{host}: {refused:?}");
    }
    // Allowed at the first look and elsewhere at the next: there is no next look, so the first answer is connected to.
    let turns = vec![
        ("turns.example.net", vec![address("127.0.0.1")]),
        ("turns.example.net", vec![address("127.0.0.2")]),
    ];
    let names = Arc::new(Table { names: turns, ..Table::default() });
    let door =
        Outbound { names: names.clone(), ..Outbound::new(&["127.0.0.1/32".parse().expect("a net")], &[]) };
    let url = format!("http://turns.example.net:{}/", inside.port);
    let answer = door.post_json(&url, &[], b"the body".to_vec()).await.expect("an answer");
    assert_eq!(answer.status(), 204);
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    let again = door.post_json(&url, &[], b"the body".to_vec()).await;
    assert!(matches!(again, Err(OutboundError::Refused { .. })), "{again:?}");
    assert_eq!(inside.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let secret = Inside::new(FINE);
    let answer: &'static str = Box::leak(
        format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            secret.port
        )
        .into_boxed_str(),
    );
    let first = Inside::new(answer);
    let door = Outbound::new(&["127.0.0.1/32".parse().expect("a net")], &[]);
    let url = format!("http://127.0.0.1:{}/hook", first.port);
    let answer =
        door.post_json(&url, &[("x-id", "7".to_owned())], b"the body".to_vec()).await.expect("an answer");
    assert_eq!(answer.status(), 307);
    assert!(secret.heard().is_empty());
    let heard = first.heard().concat();
    assert!(heard.starts_with("POST /hook HTTP/1.1\r\n") && heard.contains("x-id: 7"), "{heard}");
}

#[test]
fn the_world_is_admitted_but_for_our_own_servers() {
    let own = ["193.0.14.0/24".parse().expect("a net")];
    assert!(Outbound::new(&[], &[]).admits(address("193.0.14.129")));
    assert!(Outbound::new(&[], &[]).admits(address("2001:7fd::1")));
    assert!(!Outbound::new(&[], &own).admits(address("193.0.14.129")));
    assert!(Outbound::new(&own, &own).admits(address("193.0.14.129")));
}

#[tokio::test]
async fn a_url_that_is_no_plain_address_of_a_web_server_is_refused_unasked() {
    for (url, why) in [
        ("ftp://hooks.example.net/", "neither https"),
        ("file:///etc/passwd", "cannot be read"),
        ("gopher://127.0.0.1:25/_HELO", "neither https"),
        ("/hook", "neither https"),
        ("https://user:secret@hooks.example.net/", "a name or a password"),
        ("https://hooks.example.net@127.0.0.1/", "a name or a password"),
        ("https://hooks.example.net:0/", "no host or port"),
        ("https://", "cannot be read"),
        ("https://a b/", "cannot be read"),
    ] {
        let refused = Outbound::check(url);
        assert!(refused.as_ref().is_err_and(|error| error.to_string().contains(why)), "{url}: {refused:?}");
    }
    assert!(Outbound::check(&format!("https://hooks.example.net/{}", "x".repeat(3000))).is_err());
    assert_eq!(Outbound::check("https://hooks.example.net/services/T0/B0"), Ok(()));
    // In the clear only to what is named: its answer would be read, and its secret seen, by everybody between.
    let names =
        Table { names: vec![("plain.example.net", vec![address("193.0.14.129")])], ..Table::default() };
    let door = Outbound { names: Arc::new(names), ..Outbound::new(&[], &[]) };
    let refused = door.post_json("http://plain.example.net/", &[], Vec::new()).await;
    assert!(matches!(refused, Err(OutboundError::Url(why)) if why.contains("http://")), "{refused:?}");
}
