//! CoA and Disconnect against a real FreeRADIUS on the loopback, with accounting told by hand.
//!
//! It needs freeradius. Without it the test says loudly that it did nothing, and in CI (`CI=true`) it fails instead.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod peers;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use case::{CaseId, Home, Measure, Plan, Rule, RuleKey, Territory, Transport};
use edge::{Action, Config, EdgeError, Outlet, RadiusConfig, Sessions, is_unverified};
use jiff::{SignedDuration, Timestamp};
use peers::{Machine, ready};

/// The least FreeRADIUS that takes requests: it says no to 203.0.112.250.
const SETTINGS: &str = "prefix = /usr
libdir = /usr/lib/freeradius
logdir = DIR
run_dir = DIR
name = radiusd
max_requests = 16384
thread pool {
 start_servers = 2
 max_servers = 4
 min_spare_servers = 1
 max_spare_servers = 2
}
security {
 user = root
 group = root
 allow_vulnerable_openssl = yes
}
modules {
 always ok {
  rcode = ok
 }
 always reject {
  rcode = reject
 }
}
client desk {
 ipaddr = 127.0.0.1
 secret = secret
}
server coa {
 listen {
  type = coa
  ipaddr = 127.0.0.1
  port = 3799
 }
 recv-coa {
  if (Framed-IP-Address == 203.0.112.250) {
   update reply {
    Error-Cause := Session-Context-Not-Found
   }
   reject
  }
  ok
 }
 send-coa {
  ok
 }
}
";

fn outlet(secret: &str, sessions: &Sessions, server: SocketAddr) -> Outlet {
    outlet_that(Action::Coa, secret, sessions, server)
}

fn outlet_that(action: Action, secret: &str, sessions: &Sessions, server: SocketAddr) -> Outlet {
    let home = ["203.0.112.0/20", "2001:db8::/32"].map(|net| net.parse().unwrap());
    let territory = Territory { home: Home::new(home).unwrap(), never_touch: Vec::new().into() };
    let radius = RadiusConfig {
        server,
        secret: secret.as_bytes().to_vec(),
        only: Vec::new(),
        action,
        garden: "garden".to_owned(),
        usual: "usual".to_owned(),
        live: true,
    };
    Outlet::radius("bng1", Config { territory, max_new_per_hour: 5000 }, radius, sessions.clone())
}

fn plan(addresses: &[String]) -> Plan {
    let rule = |address: &String| Rule {
        key: RuleKey {
            address: address.parse().unwrap(),
            measure: Measure::Out { protocol: Transport::Tcp, port: 25 },
        },
        case: CaseId(1),
        until: Timestamp::now() + SignedDuration::from_hours(2),
    };
    Plan::new(addresses.iter().map(rule).collect())
}

/// What an access server tells of one session: an interim update with its filter.
fn tell(sessions: &Sessions, address: &str, filter: &str) {
    let IpAddr::V4(v4) = address.parse().unwrap() else { return };
    let mut attributes = vec![40, 6, 0, 0, 0, 3, 8, 6];
    attributes.extend(v4.octets());
    attributes.extend([11, u8::try_from(filter.len() + 2).unwrap()]);
    attributes.extend(filter.as_bytes());
    sessions.take(&attributes, Timestamp::now());
}

#[tokio::test]
async fn a_line_is_in_the_garden_when_accounting_says_so_and_not_before() {
    if !ready(&["freeradius"]) {
        return;
    }
    let (machine, dir) = (Machine::new("rad"), tempfile::tempdir().unwrap());
    let at = dir.path().display().to_string();
    std::fs::write(dir.path().join("radiusd.conf"), SETTINGS.replace("DIR", &at)).unwrap();
    let words = ["freeradius", "-f", "-l", "stdout", "-d", &at, "-n", "radiusd"];
    let _server = machine.start(&dir.path().join("log"), &words);
    machine.enter();
    let server: SocketAddr = "127.0.0.1:3799".parse().unwrap();
    let sessions = Sessions::new("garden");
    let mut edge = outlet("secret", &sessions, server);

    // Two lines: one whose session it knows, one whose it does not.
    let (known, unknown) = ("203.0.112.66".to_owned(), "203.0.112.250".to_owned());
    let both = plan(&[known.clone(), unknown]);
    let deadline = Instant::now() + Duration::from_secs(30);
    let receipt = loop {
        match edge.reconcile(&both, Timestamp::now()).await {
            Ok(receipt) => break receipt,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    assert!(receipt.in_force.is_empty(), "an acknowledgement is no proof: {receipt:?}");
    assert_eq!(receipt.refused.iter().filter(|refused| is_unverified(refused)).count(), 1);
    assert!(
        receipt.refused.iter().any(|refused| refused.reason.contains("no session of that address is up"))
    );
    tell(&sessions, &known, "garden");
    let receipt = edge.reconcile(&both, Timestamp::now()).await.unwrap();
    assert_eq!(receipt.in_force.len(), 1, "{receipt:?}");
    // The access server takes it out by itself, or somebody's hand does: it is asked anew.
    tell(&sessions, &known, "usual");
    let receipt = edge.reconcile(&both, Timestamp::now()).await.unwrap();
    assert!(receipt.by_hand.iter().any(|told| told.contains("put back")), "{receipt:?}");

    // A thousand, and another process that lets them go by what accounting tells it.
    let many: Vec<String> = (0..1000).map(|n| format!("203.0.{}.{}", 116 + n / 250, 1 + n % 250)).collect();
    many.iter().for_each(|line| tell(&sessions, line, "usual"));
    let thousand = plan(&many);
    edge.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
    let began = Instant::now();
    let heard = sessions.clone();
    let lines = many.clone();
    let receipt = tokio::join!(edge.reconcile(&thousand, Timestamp::now()), async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        lines.iter().for_each(|line| tell(&heard, line, "garden"));
    })
    .0
    .unwrap();
    eprintln!("FreeRADIUS: {:.3} s from plan to accounting for a thousand", began.elapsed().as_secs_f64());
    assert_eq!(receipt.in_force.len(), 1000, "{:?}", receipt.refused.first());
    let mut another = outlet("secret", &sessions, server);
    let receipt = another.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
    assert_eq!(receipt.removed.len(), 1000);

    let mut stranger = outlet("another secret", &sessions, server);
    let refused = stranger.reconcile(&Plan::default(), Timestamp::now()).await;
    assert!(matches!(refused, Err(EdgeError::Peer { .. })), "a wrong secret was taken for an answer");
}

/// A session is named to a real server by the prefix that is delegated to its line; and one that is ended is contained once
/// accounting says that it is.
#[tokio::test]
async fn an_ipv6_line_is_named_by_its_prefix_and_a_session_that_is_ended_by_its_stop() {
    if !ready(&["freeradius"]) {
        return;
    }
    let (machine, dir) = (Machine::new("rad6"), tempfile::tempdir().unwrap());
    let at = dir.path().display().to_string();
    // It takes nothing but the one prefix, and says no to all else.
    let only = "if (&Delegated-IPv6-Prefix && &Delegated-IPv6-Prefix != 2001:db8:0:100::/56) {\n   reject\n  }\n  if";
    let settings = SETTINGS.replace("DIR", &at).replacen("if", only, 1);
    std::fs::write(dir.path().join("radiusd.conf"), settings).unwrap();
    let words = ["freeradius", "-f", "-l", "stdout", "-d", &at, "-n", "radiusd"];
    let _server = machine.start(&dir.path().join("log"), &words);
    machine.enter();
    let server: SocketAddr = "127.0.0.1:3799".parse().unwrap();
    let sessions = Sessions::new("garden");
    let mut edge = outlet("secret", &sessions, server);
    let line = plan(&["2001:db8:0:100::66".to_owned()]);
    let unnamed = edge.reconcile(&line, Timestamp::now()).await.unwrap();
    assert!(unnamed.refused[0].reason.contains("no accounting has told"), "{unnamed:?}");

    // Start, with a delegated /56 and the usual filter.
    let told = |status: u8, filter: &str| {
        let mut attributes = vec![40, 6, 0, 0, 0, status];
        attributes.extend([123, 11, 0, 56, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 1]);
        attributes.extend([11, u8::try_from(filter.len() + 2).unwrap()]);
        attributes.extend(filter.as_bytes());
        sessions.take(&attributes, Timestamp::now());
    };
    told(1, "usual");
    let deadline = Instant::now() + Duration::from_secs(30);
    let acknowledged = loop {
        match edge.reconcile(&line, Timestamp::now()).await {
            Ok(receipt) => break receipt,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    assert!(acknowledged.refused.iter().all(is_unverified), "{acknowledged:?}");
    told(3, "garden");
    assert_eq!(edge.reconcile(&line, Timestamp::now()).await.unwrap().in_force.len(), 1);

    told(3, "usual");
    let mut ends = outlet_that(Action::Disconnect, "secret", &sessions, server);
    let receipt = ends.reconcile(&line, Timestamp::now()).await.unwrap();
    assert!(receipt.in_force.is_empty() && receipt.refused.iter().all(is_unverified), "{receipt:?}");
    told(2, "usual");
    assert_eq!(
        ends.reconcile(&line, Timestamp::now()).await.unwrap().in_force.len(),
        1,
        "off line, it does no harm"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_and_not_an_empty_edge() {
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sessions = Sessions::new("garden");
    let mut edge = outlet("secret", &sessions, nobody.local_addr().unwrap());
    let down = edge.reconcile(&plan(&["203.0.112.66".to_owned()]), Timestamp::now()).await;
    assert!(matches!(down, Err(EdgeError::Peer { .. })), "{down:?}");
}
