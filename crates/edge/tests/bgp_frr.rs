//! Routes as FRR has them: zebra's blackholes, and the filters of bgpd, announced by a real GoBGP.
//!
//! Two machines are network namespaces; the test needs root and the programs. Without them it says loudly that it did
//! nothing, and in CI (`CI=true`) it fails instead.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod peers;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use case::{CaseId, Home, Measure, Plan, Rule, RuleKey, Territory, Transport};
use edge::{Api, BgpConfig, Config, Neighbour, Outlet, RouteKind, is_unverified};
use jiff::{SignedDuration, Timestamp};
use peers::{Machine, Peer, ready, until};

const FRR: &str = "/usr/lib/frr";

const BGPD: &str = "bgp community-list standard BLACKHOLE permit blackhole
route-map DESK permit 10
 match community BLACKHOLE
router bgp 64501
 bgp router-id 10.99.0.2
 neighbor 10.99.0.1 remote-as 64500
 neighbor 10.99.0.1 disable-connected-check
 no bgp ebgp-requires-policy
 address-family ipv4 unicast
  neighbor 10.99.0.1 route-map DESK in
 address-family ipv6 unicast
  neighbor 10.99.0.1 activate
  neighbor 10.99.0.1 route-map DESK in
 address-family ipv4 flowspec
  neighbor 10.99.0.1 activate
 address-family ipv6 flowspec
  neighbor 10.99.0.1 activate
";

/// Where blackholed hosts lead.
const STATICD: &str = "ip route 192.0.2.1/32 blackhole\nipv6 route 100::1/128 blackhole\n";

/// FRR's daemons, each with its settings.
fn frr(router: &Machine, dir: &Path) -> Vec<Peer> {
    // They give up root, and write their sockets as their own user.
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    let own = dir.join("run");
    std::fs::create_dir(&own).unwrap();
    assert!(Command::new("chown").arg("frr:frr").arg(&own).status().unwrap().success());
    let own = own.display().to_string();
    let start = |(name, settings): (&str, &str)| {
        let file = dir.join(format!("{name}.conf"));
        std::fs::write(&file, settings).unwrap();
        let (program, file) = (format!("{FRR}/{name}"), file.display().to_string());
        let (pid, zserv) = (format!("{own}/{name}.pid"), format!("{own}/zserv"));
        let words =
            [&program, "-f", &file, "-i", &pid, "--vty_socket", &own, "-z", &zserv, "-u", "frr", "-g", "frr"];
        let peer = router.start(&dir.join(format!("{name}.log")), &words);
        until(&format!("{name} answers"), || {
            router
                .said(&["vtysh", "--vty_socket", &own, "-d", name, "-c", "show version"])
                .contains("FRRouting")
        });
        peer
    };
    [("zebra", ""), ("staticd", STATICD), ("bgpd", BGPD)].map(start).into()
}

fn gobgpd(speaker: &Machine, dir: &Path) -> Peer {
    let families = ["ipv4-unicast", "ipv6-unicast", "ipv4-flowspec", "ipv6-flowspec"].map(|family| {
        format!("[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{family}\"\n")
    });
    let settings = format!(
        "[global.config]\nas = 64500\nrouter-id = \"10.99.0.1\"\n[[neighbors]]\n[neighbors.config]\n\
         neighbor-address = \"10.99.0.2\"\npeer-as = 64501\n[neighbors.timers.config]\nconnect-retry = 1\n{}",
        families.concat()
    );
    let file = dir.join("gobgpd.toml");
    std::fs::write(&file, settings).unwrap();
    let words = ["gobgpd", "-f", &file.display().to_string(), "--api-hosts", "127.0.0.1:50051"];
    speaker.start(&dir.join("gobgpd.log"), &words)
}

fn plan() -> Plan {
    let tcp = Transport::Tcp;
    let measures = [Measure::Out { protocol: tcp, port: 25 }, Measure::In { protocol: tcp, port: 48613 }];
    let rule = |(address, measure): (&str, Measure)| Rule {
        key: RuleKey { address: address.parse().unwrap(), measure },
        case: CaseId(1),
        until: Timestamp::now() + SignedDuration::from_hours(2),
    };
    Plan::new(
        ["203.0.113.66", "2001:db8::66"]
            .into_iter()
            .flat_map(|at| measures.map(|it| rule((at, it))))
            .collect(),
    )
}

#[tokio::test]
async fn frr_shows_what_it_discards_and_no_longer_what_was_taken_back() {
    if !ready(&["gobgpd", "vtysh"]) {
        return;
    }
    let (router, speaker) = (Machine::new("frr"), Machine::new("frs"));
    speaker.cable(&router, "10.99.0.1/24", "10.99.0.2/24");
    let dir = tempfile::tempdir().unwrap();
    let _daemons = frr(&router, dir.path());
    let _gobgpd = gobgpd(&speaker, dir.path());
    let own = dir.path().join("run").display().to_string();
    let vtysh = ["ip", "netns", "exec", router.name(), "vtysh", "--vty_socket", &own].map(str::to_owned);
    until("the session is up", || {
        router.said(&["vtysh", "--vty_socket", &own, "-c", "show bgp summary json"]).contains("Established")
    });
    speaker.enter();
    for routes in [RouteKind::Rtbh, RouteKind::Flowspec] {
        let home = ["203.0.112.0/20", "2001:db8::/32"].map(|net| net.parse().unwrap());
        let territory = Territory { home: Home::new(home).unwrap(), never_touch: Vec::new().into() };
        let bgp = BgpConfig {
            routes,
            api: Api::Gobgp("http://127.0.0.1:50051".to_owned()),
            mark: (64500, 6667),
            communities: Vec::new(),
            next_hop: "192.0.2.1".parse().unwrap(),
            next_hop6: "100::1".parse().unwrap(),
            neighbour: Some(Neighbour::Frr(vtysh.to_vec())),
            live: true,
        };
        let mut outlet = Outlet::bgp("core", Config { territory, max_new_per_hour: 100 }, bgp);
        let plan = plan();
        let receipt = outlet.reconcile(&plan, Timestamp::now()).await.unwrap();
        assert_eq!((receipt.in_force.len(), receipt.refused.len()), (4, 0), "{routes:?}: {receipt:#?}");
        // The router is cut off from its neighbour: what is still acknowledged does not count.
        router.run(&[
            "vtysh",
            "--vty_socket",
            &own,
            "-c",
            "conf t",
            "-c",
            "router bgp 64501",
            "-c",
            "neighbor 10.99.0.1 shutdown",
        ]);
        // It takes its routes back when it comes to it.
        let deadline = Instant::now() + Duration::from_secs(20);
        let receipt = loop {
            let receipt = outlet.reconcile(&plan, Timestamp::now()).await.unwrap();
            if receipt.in_force.is_empty() {
                break receipt;
            }
            assert!(Instant::now() < deadline, "{routes:?}: {receipt:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert!(receipt.refused.len() == 4 && receipt.refused.iter().all(is_unverified), "{receipt:?}");
        router.run(&[
            "vtysh",
            "--vty_socket",
            &own,
            "-c",
            "conf t",
            "-c",
            "router bgp 64501",
            "-c",
            "no neighbor 10.99.0.1 shutdown",
        ]);
        until("the session is up again", || {
            router
                .said(&["vtysh", "--vty_socket", &own, "-c", "show bgp summary json"])
                .contains("Established")
        });
        assert_eq!(outlet.reconcile(&plan, Timestamp::now()).await.unwrap().in_force.len(), 4);
        let none = outlet.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
        assert!(none.removed.len() >= 2 && none.in_force.is_empty(), "{none:?}");
        until("the router lets go", || {
            let table = router.said(&["vtysh", "--vty_socket", &own, "-c", "show ip route bgp json"]);
            !table.contains("203.0.113.66")
        });
    }
}
