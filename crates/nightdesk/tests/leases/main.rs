//! `serve` with access servers and DHCP servers beside it: whose an address was is known as soon as they say so, an
//! accounting request is answered only once it is on disk, and nothing that was answered is lost by a kill.
//!
//! `NIGHTDESK_ACCOUNTING` sets how many requests are sent (5,000 by default).

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

mod translators;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use md5::{Digest, Md5};

const PATIENCE: Duration = Duration::from_secs(90);
const SECRET: &str = "of the two of us";
/// Requests that are under way at one time; an access server's limit is 256 for each of its ports (RFC 2865 section 3).
const UNDER_WAY: usize = 2_000;

struct Stand {
    dir: tempfile::TempDir,
    config: PathBuf,
    radius: SocketAddr,
    flows: SocketAddr,
    kea: PathBuf,
}

impl Stand {
    fn new() -> Stand {
        let dir = tempfile::TempDir::new().expect("a folder");
        let radius = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let flows = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let free = || TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
        let (web, landing) = (free(), free());
        let (secret, kea) = (dir.path().join("secret"), dir.path().join("kea-leases4.csv"));
        std::fs::write(&secret, format!("{SECRET}\n")).expect("a secret");
        let config = dir.path().join("nightdesk.toml");
        let text = format!(
            "home = [\"198.51.100.0/24\", \"203.0.113.0/24\", \"10.0.0.0/8\", \"2001:db8::/32\"]\n\
             data_dir = {:?}\n[leases]\nradius = \"{radius}\"\n\
             radius_clients = [{{ net = \"127.0.0.1\", secret_file = {secret:?} }}]\n\
             nat = [{{ inside = \"10.66.0.0/24\", outside = \"203.0.113.0/28\", since = \"2026-01-01T00:00:00Z\" }}]\n\
             nat_exporters = [\"127.0.0.1\"]\n\
             [flows]\nlisten = [\"{flows}\"]\nexporters = [\"127.0.0.1\"]\n\
             [probe]\nlanding = [\"{landing}\"]\n[web]\nlisten = \"{web}\"\n\
             [[lease_file]]\npath = {kea:?}\nevery = \"1s\"\n",
            dir.path().join("data"),
        );
        std::fs::write(&config, text).expect("a configuration");
        Stand { dir, config, radius, flows, kea }
    }

    fn nightdesk(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
        command.arg("--config").arg(&self.config).args(args).stdin(Stdio::null());
        command
    }

    fn serve(&self) -> Serve {
        let log = std::fs::File::create(self.dir.path().join("log")).expect("a log");
        let child = self.nightdesk(&["serve"]).stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        Serve(child)
    }

    fn who(&self, address: &str, more: &[&str]) -> serde_json::Value {
        let said = self.nightdesk(&["who", address, "--json"]).args(more).output().expect("an answer");
        serde_json::from_slice::<serde_json::Value>(&said.stdout).expect("JSON")["attribution"].clone()
    }

    fn until_held(&self, address: &str, subscriber: &str) {
        until(&format!("{address} to be {subscriber}'s"), || {
            self.who(address, &[])["subscriber"] == subscriber
        });
    }
}

struct Serve(Child);

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One Accounting-Request, signed: status, number of the session, and its address.
fn request(identifier: u8, status: u8, session: u32, address: [u8; 4], secret: &str) -> Vec<u8> {
    let user = format!("line-{session}");
    let id = format!("s{session}");
    let now = u32::try_from(Timestamp::now().as_second()).expect("before 2106").to_be_bytes();
    let mut attributes = vec![40, 6, 0, 0, 0, status, 4, 6, 192, 0, 2, 1, 8, 6];
    attributes.extend(address);
    attributes.extend([55, 6]);
    attributes.extend(now);
    for (kind, text) in [(1, &user), (44, &id)] {
        attributes.extend([kind, u8::try_from(text.len() + 2).expect("short")]);
        attributes.extend(text.as_bytes());
    }
    let length = u16::try_from(20 + attributes.len()).expect("short").to_be_bytes();
    let head = [4, identifier, length[0], length[1]];
    let mut hash = Md5::new();
    [&head[..], &[0; 16], &attributes, secret.as_bytes()].iter().for_each(|part| hash.update(part));
    [&head[..], &hash.finalize(), &attributes].concat()
}

fn ask(socket: &UdpSocket, to: SocketAddr, packet: &[u8]) -> Option<Vec<u8>> {
    let mut answer = [0; 4096];
    // As a client does: again, until somebody answers.
    for _ in 0..60 {
        socket.send_to(packet, to).expect("sent");
        if let Ok(length) = socket.recv(&mut answer) {
            return Some(answer[..length].to_vec());
        }
    }
    None
}

#[test]
fn an_access_servers_word_is_on_disk_before_it_is_answered() {
    let stand = Stand::new();
    let mut serve = stand.serve();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a client");
    socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a limit");
    let answer = ask(&socket, stand.radius, &request(7, 1, 1, [198, 51, 100, 7], SECRET)).expect("an answer");
    assert_eq!((answer[0], answer[1], answer.len()), (5, 7, 20));
    // Killed with the answer still warm: the lease is there.
    serve.0.kill().expect("killed");
    assert_eq!(
        stand.who("198.51.100.7", &[])["answer"],
        "several",
        "so near its beginning a person must look"
    );
    let later =
        Timestamp::now().saturating_add(jiff::SignedDuration::from_mins(5)).expect("a time").to_string();
    assert_eq!(stand.who("198.51.100.7", &["--at", &later])["subscriber"], "line-1");
    // With another secret nothing is said and nothing is kept.
    let serve = stand.serve();
    let again = ask(&socket, stand.radius, &request(8, 1, 1, [198, 51, 100, 7], SECRET));
    assert!(again.is_some(), "asked again, it is answered again");
    socket.send_to(&request(9, 1, 2, [198, 51, 100, 8], "guessed"), stand.radius).expect("sent");
    ask(&socket, stand.radius, &request(10, 1, 3, [198, 51, 100, 9], SECRET)).expect("the next is answered");
    assert_eq!(stand.who("198.51.100.8", &["--at", &later])["answer"], "nobody");
    // Behind the translator: 203.0.113.1 port 5055 is 10.66.0.17's, and that is whose session it is.
    ask(&socket, stand.radius, &request(11, 1, 66, [10, 66, 0, 17], SECRET)).expect("an answer");
    let behind = stand.who("203.0.113.1", &["--port", "5055", "--at", &later]);
    assert_eq!(behind["subscriber"], "line-66", "{behind}");
    assert_eq!(stand.who("203.0.113.1", &["--at", &later])["answer"], "several", "without a port");
    drop(serve);
}

/// FreeRADIUS's own client, where it is installed.
#[test]
fn a_real_client_is_answered() {
    let Some(dictionary) = Path::new("/usr/share/freeradius").exists().then_some("/usr/share/freeradius")
    else {
        eprintln!("skipped: radclient is not here");
        return;
    };
    let stand = Stand::new();
    let serve = stand.serve();
    let attributes = "Acct-Status-Type = Start\nUser-Name = anna\nAcct-Session-Id = a1\nNAS-IP-Address = 192.0.2.1\n\
                      Framed-IP-Address = 198.51.100.20\nDelegated-IPv6-Prefix = 2001:db8:46::/56\n\
                      Acct-Session-Time = 3600\nMessage-Authenticator = 0x00\n";
    until("radclient to be answered", || {
        let mut client = Command::new("radclient")
            .args(["-D", dictionary, "-r", "1", "-t", "2", &stand.radius.to_string(), "acct", SECRET])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("radclient");
        client.stdin.take().expect("its input").write_all(attributes.as_bytes()).expect("asked");
        client.wait().expect("it ends").success()
    });
    for address in ["198.51.100.20", "2001:db8:46:7::1"] {
        assert_eq!(stand.who(address, &[])["subscriber"], "anna", "{address}");
    }
    drop(serve);
}

#[test]
fn a_dhcp_servers_file_is_followed_through_its_clean_up() {
    let stand = Stand::new();
    let header = "address,hwaddr,client_id,valid_lifetime,expire,state\n";
    let now = Timestamp::now().as_second();
    let row = |host: u8, began: i64| {
        format!("198.51.100.{host},02:00:5e:00:53:{host:02x},,7200,{},0\n", began + 7200)
    };
    std::fs::write(&stand.kea, header.to_owned() + &row(30, now - 3600)).expect("a file");
    let serve = stand.serve();
    stand.until_held("198.51.100.30", "02:00:5e:00:53:1e");
    let mut file = std::fs::OpenOptions::new().append(true).open(&stand.kea).expect("there");
    file.write_all(row(31, now - 3600).as_bytes()).expect("written");
    stand.until_held("198.51.100.31", "02:00:5e:00:53:1f");
    std::fs::rename(&stand.kea, stand.dir.path().join("kea-leases4.csv.1")).expect("moved");
    std::fs::write(&stand.kea, header.to_owned() + &row(32, now - 3600)).expect("a file");
    stand.until_held("198.51.100.32", "02:00:5e:00:53:20");
    assert_eq!(stand.who("198.51.100.30", &[])["subscriber"], "02:00:5e:00:53:1e", "the past is kept");
    drop(serve);
}

#[test]
fn accounting_is_taken_in_as_fast_as_it_comes() {
    let many: u32 =
        std::env::var("NIGHTDESK_ACCOUNTING").ok().and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let stand = Stand::new();
    let serve = stand.serve();
    let sockets: Vec<UdpSocket> = (0..16)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a client");
            socket.set_read_timeout(Some(Duration::from_secs(1))).expect("a limit");
            socket
        })
        .collect();
    ask(&sockets[0], stand.radius, &request(0, 1, 0, [10, 0, 0, 0], SECRET)).expect("it is there");
    let packets: Vec<Vec<u8>> = (1..=many)
        .map(|n| {
            let [_, a, b, c] = n.to_be_bytes();
            request((n % 251) as u8, 1, n, [10, a, b, c], SECRET)
        })
        .collect();
    let begun = Instant::now();
    let door = stand.radius;
    let per = packets.len().div_ceil(sockets.len());
    let answered: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = packets
            .chunks(per)
            .zip(&sockets)
            .map(|(packets, socket)| {
                scope.spawn(move || {
                    let mut buffer = [0; 4096];
                    packets
                        .chunks(UNDER_WAY / 16)
                        .map(|window| {
                            for packet in window {
                                drop(socket.send_to(packet, door));
                            }
                            window.iter().filter(|_| socket.recv(&mut buffer).is_ok()).count()
                        })
                        .sum::<usize>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    });
    let took = begun.elapsed();
    println!(
        "{answered} of {many} answered in {took:.2?}: {:.0} a second",
        answered as f64 / took.as_secs_f64()
    );
    assert!(answered > packets.len() / 2, "{answered} of {many} answered");
    drop(serve);
}
