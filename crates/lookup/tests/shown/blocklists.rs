//! Lists on loopback: a name server of the test's own, and a real rbldnsd.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lookup::{Blocklist, Listing, Resolver};

use crate::names::Zone;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

/// A list that works, with 198.51.100.7 on it.
fn zone() -> Zone {
    let mut zone = Zone::default();
    zone.a.insert("2.0.0.127.bl.example.net".to_owned(), [127, 0, 0, 2]);
    zone.a.insert("7.100.51.198.bl.example.net".to_owned(), [127, 0, 0, 4]);
    zone.txt("7.100.51.198.bl.example.net", "open proxy\u{7}, see https://bl.example.net/198.51.100.7")
}

async fn list(zone: Zone) -> Blocklist {
    let (resolver, _) = zone.resolver().await;
    Blocklist::new(resolver, "BL.example.net.")
}

#[tokio::test]
async fn a_list_says_of_whom_and_why() {
    let list = list(zone()).await;
    assert_eq!(list.works().await, Ok(()));
    let Listing::Yes { codes, words } = list.listing(address("198.51.100.7")).await else {
        panic!("it is listed");
    };
    assert_eq!(codes, [std::net::Ipv4Addr::new(127, 0, 0, 4)]);
    assert_eq!(words.as_deref(), Some("open proxy , see https://bl.example.net/198.51.100.7"));
    assert_eq!(list.listing(address("198.51.100.8")).await, Listing::No);
    assert_eq!(list.listing(address("2001:db8::1")).await, Listing::No);
}

#[tokio::test]
async fn a_list_that_lists_everybody_or_nobody_is_not_believed() {
    let mut everybody = zone();
    everybody.a.insert("1.0.0.127.bl.example.net".to_owned(), [127, 0, 0, 2]);
    assert!(list(everybody).await.works().await.is_err_and(|why| why.contains("everybody")));
    assert!(list(Zone::default()).await.works().await.is_err_and(|why| why.contains("nobody")));
    let mut taken_over = zone();
    taken_over.a.insert("9.100.51.198.bl.example.net".to_owned(), [203, 0, 113, 80]);
    let said = list(taken_over).await.listing(address("198.51.100.9")).await;
    assert!(matches!(said, Listing::Unknown(why) if why.contains("203.0.113.80")));
}

#[tokio::test]
async fn a_list_that_does_not_answer_says_nothing_of_anybody() {
    let mut silent = zone();
    silent.silent.insert("*".to_owned());
    let list = list(silent).await;
    assert!(matches!(list.listing(address("198.51.100.7")).await, Listing::Unknown(_)));
    assert!(list.works().await.is_err());
}

/// rbldnsd, ended with the test.
struct Server(Child, #[expect(dead_code, reason = "its files live as long as it does")] tempfile::TempDir);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts rbldnsd on a free port; `None` (and a line on stderr) when it is not installed and this is not CI.
fn rbldnsd() -> Option<(Server, SocketAddr)> {
    let folder = tempfile::tempdir().expect("a folder");
    let set = "$SOA 60 ns.bl.example.net hostmaster.bl.example.net 1 600 300 86400 60\n\
               :127.0.0.4:open proxy $\n198.51.100.64/26\n127.0.0.2\n";
    let path = folder.path().join("bl");
    std::fs::write(&path, set).expect("written");
    // It gives up root's rights and must be able to look in.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("opened");
    let at = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let program = ["rbldnsd", "/usr/sbin/rbldnsd"].into_iter().find_map(|program| {
        Command::new(program)
            .args(["-n", "-u", "nobody", "-r", "/", "-b", &format!("{}/{}", at.ip(), at.port())])
            .arg(format!("bl.example.net:ip4set:{}", path.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    });
    let Some(child) = program else {
        assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "install Debian's package rbldnsd");
        eprintln!("SKIPPED: rbldnsd could not be run; install Debian's package rbldnsd");
        return None;
    };
    Some((Server(child, folder), at))
}

#[tokio::test]
async fn a_real_rbldnsd_says_the_same() {
    let Some((_server, at)) = rbldnsd() else { return };
    let began = Instant::now();
    let list = loop {
        // A new resolver each time: one would remember for a while that nobody answered.
        let list = Blocklist::new(Resolver::new(&[at]).expect("a resolver"), "bl.example.net");
        match list.works().await {
            Ok(()) => break list,
            Err(why) => assert!(began.elapsed() < Duration::from_secs(20), "rbldnsd never answers: {why}"),
        }
    };
    let Listing::Yes { codes, words } = list.listing(address("198.51.100.66")).await else {
        panic!("it is listed");
    };
    assert_eq!(codes, [std::net::Ipv4Addr::new(127, 0, 0, 4)]);
    assert_eq!(words.as_deref(), Some("open proxy 198.51.100.66"));
    assert_eq!(list.listing(address("198.51.100.7")).await, Listing::No);
}
