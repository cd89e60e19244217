//! Zones against the name servers that serve them: rbldnsd and Unbound, on the loopback.
//!
//! They need those programs and `dig`. Without them these tests say loudly that they did nothing, and in CI
//! (`CI=true`) they fail instead.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and one that cannot begin says so"
)]

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use case::{CaseId, Home, Measure, Plan, Rule, RuleKey, Territory, Transport};
use edge::{Config, EdgeError, Outlet, ZoneConfig, ZoneKind};
use jiff::{SignedDuration, Timestamp};

/// A name server that ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(words: &[&str]) -> Option<Server> {
    let (program, arguments) = words.split_first()?;
    let quiet = || Stdio::null();
    match Command::new(program).args(arguments).stdout(quiet()).stderr(quiet()).spawn() {
        Ok(child) => Some(Server(child)),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have {program}: {error}");
            eprintln!("SKIPPED: {program} does not run ({error}); nothing was tested");
            None
        }
    }
}

/// A port nobody listens on now.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn dig(port: u16, words: &[&str]) -> String {
    let port = port.to_string();
    let asked = ["@127.0.0.1", "-p", &port, "+short", "+time=1", "+tries=1"];
    String::from_utf8(Command::new("dig").args(asked).args(words).output().unwrap().stdout).unwrap()
}

fn outlet(config: &ZoneConfig) -> Outlet {
    let prefixes = ["127.0.0.0/8", "203.0.112.0/20", "2001:db8::/32"].map(|prefix| prefix.parse().unwrap());
    let territory = Territory { home: Home::new(prefixes).unwrap(), never_touch: Vec::new().into() };
    Outlet::zone("zone", Config { territory, max_new_per_hour: 5000 }, config.clone())
}

fn config(kind: ZoneKind, zone: &str, file: PathBuf, port: u16, reload: &[&str]) -> ZoneConfig {
    ZoneConfig {
        kind,
        zone: zone.to_owned(),
        file,
        reload: reload.iter().map(|word| (*word).to_owned()).collect(),
        server: ([127, 0, 0, 1], port).into(),
        garden: vec!["198.51.100.80".parse().unwrap()],
        live: true,
    }
}

fn plan(addresses: &[&str]) -> Plan {
    let rule = |address: &&str| Rule {
        key: RuleKey {
            address: address.parse().unwrap(),
            measure: Measure::In { protocol: Transport::Tcp, port: 48613 },
        },
        case: CaseId(1),
        until: Timestamp::now() + SignedDuration::from_hours(2),
    };
    Plan::new(addresses.iter().map(rule).collect())
}

fn rbldnsd(dir: &Path, port: u16) -> Option<Server> {
    // It runs as its own user, who must be able to read the folder.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir, open).unwrap();
    let bind = format!("127.0.0.1/{port}");
    let set = format!("bl.example.net:combined:{}", dir.join("zone").display());
    start(&["rbldnsd", "-n", "-c", "1", "-b", &bind, "-u", "nobody", "-r", "/", &set])
}

#[tokio::test]
async fn rbldnsd_lists_what_is_planned_and_forgets_what_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let config = config(ZoneKind::Dnsbl, "bl.example.net", dir.path().join("zone"), port, &[]);
    let mut edge = outlet(&config);
    // Written first: rbldnsd does not start without its file. Nothing serves it, so nothing is in force.
    let early = edge.reconcile(&plan(&["203.0.113.66"]), Timestamp::now()).await;
    assert!(matches!(early, Err(EdgeError::NotServed { .. })), "{early:?}");
    let Some(_server) = rbldnsd(dir.path(), port) else { return };

    let both = plan(&["203.0.113.66", "2001:db8::66"]);
    let began = Instant::now();
    let receipt = edge.reconcile(&both, Timestamp::now()).await.unwrap();
    eprintln!("rbldnsd: {:.2} s from plan to answer", began.elapsed().as_secs_f64());
    assert_eq!((receipt.in_force.len(), receipt.refused.len()), (2, 0), "{receipt:?}");
    assert_eq!(dig(port, &["66.113.0.203.bl.example.net"]), "127.0.0.2\n");
    assert_eq!(dig(port, &["67.113.0.203.bl.example.net"]), "");
    assert_eq!(dig(port, &["2.0.0.127.bl.example.net"]), "127.0.0.2\n");

    // A new process takes up what the file says, changes nothing, and takes away what is no longer planned.
    let mut again = outlet(&config);
    let same = again.reconcile(&both, Timestamp::now()).await.unwrap();
    assert!(same.added.is_empty() && same.in_force.len() == 2, "{same:?}");
    let many: Vec<String> = (0..1000).map(|n| format!("203.0.{}.{}", 112 + n / 250, 1 + n % 250)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let began = Instant::now();
    let thousand = again.reconcile(&plan(&many), Timestamp::now()).await.unwrap();
    eprintln!("rbldnsd: {:.2} s for a thousand", began.elapsed().as_secs_f64());
    assert_eq!(thousand.in_force.len(), 1000);
    again.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !dig(port, &["66.113.0.203.bl.example.net"]).is_empty() {
        assert!(Instant::now() < deadline, "a released line is still listed");
    }
}

#[tokio::test]
async fn unbound_leads_a_contained_line_to_the_garden_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let (port, at) = (free_port(), dir.path().display().to_string());
    let settings = format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n username: \"\"\n chroot: \"\"\n directory: \"{at}\"\n pidfile: \"\"\n \
         use-syslog: no\n module-config: \"respip iterator\"\n access-control: 127.0.0.0/8 allow\n do-daemonize: no\n \
         local-zone: \"example.net.\" nodefault\n\
         auth-zone:\n name: example.net\n zonefile: \"{at}/example.net\"\n for-downstream: no\n for-upstream: yes\n\
         remote-control:\n control-enable: yes\n control-interface: {at}/ctl\n control-use-cert: no\n\
         rpz:\n name: rpz.nightdesk\n zonefile: \"{at}/zone\"\n"
    );
    let file = format!("{at}/unbound.conf");
    std::fs::write(&file, settings).unwrap();
    // What the resolver answers everybody else; its own local-data would go before any policy.
    let example = "@ SOA localhost. a.invalid. 1 600 300 86400 60\n@ NS localhost.\nwww A 192.0.2.7\n";
    std::fs::write(dir.path().join("example.net"), example).unwrap();
    let reload = ["unbound-control", "-c", &file, "auth_zone_reload", "rpz.nightdesk"];
    let config = config(ZoneKind::Rpz, "rpz.nightdesk", dir.path().join("zone"), port, &reload);

    // Off: nothing is written, and what would be is said.
    let mut dry = outlet(&ZoneConfig { live: false, ..config.clone() });
    let receipt = dry.reconcile(&plan(&["127.0.0.66"]), Timestamp::now()).await.unwrap();
    assert!(receipt.in_force.is_empty() && !config.file.exists());
    assert!(dry.said().iter().any(|line| line.starts_with("would add 127.0.0.66")), "{:?}", dry.said());

    std::fs::write(&config.file, "@ SOA localhost. a.invalid. 1 600 300 86400 60\n@ NS localhost.\n")
        .unwrap();
    let Some(_server) = start(&["unbound", "-d", "-c", &file]) else { return };
    let deadline = Instant::now() + Duration::from_secs(10);
    while dig(port, &["www.example.net"]) != "192.0.2.7\n" {
        assert!(Instant::now() < deadline, "Unbound does not answer");
    }
    let mut edge = outlet(&config);
    let began = Instant::now();
    let receipt = edge.reconcile(&plan(&["127.0.0.66"]), Timestamp::now()).await.unwrap();
    eprintln!("unbound: {:.2} s from plan to answer", began.elapsed().as_secs_f64());
    assert_eq!((receipt.in_force.len(), receipt.refused.len()), (1, 0), "{receipt:?}");
    assert_eq!(dig(port, &["-b", "127.0.0.66", "www.example.net"]), "198.51.100.80\n");
    assert_eq!(dig(port, &["-b", "127.0.0.67", "www.example.net"]), "192.0.2.7\n");
    edge.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
    assert_eq!(dig(port, &["-b", "127.0.0.66", "www.example.net"]), "192.0.2.7\n");
}
