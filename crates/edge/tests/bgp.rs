//! Routes through real speakers (GoBGP, ExaBGP), as a real neighbour (BIRD) has them.
//!
//! Two machines are network namespaces; the tests need root and the programs. Without them they say loudly that they
//! did nothing, and in CI (`CI=true`) they fail instead.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and figures are told"
)]

mod peers;

use std::path::Path;
use std::time::Instant;

use case::{CaseId, Home, InForce, Measure, Plan, Receipt, Rule, RuleKey, Territory, Transport};
use edge::{Api, BgpConfig, Config, EdgeError, Neighbour, Outlet, RouteKind, is_unverified};
use jiff::{SignedDuration, Timestamp};
use peers::{Machine, Peer, ready, until};

const TCP: Transport = Transport::Tcp;

/// A speaker's machine and a router's, and what BIRD runs there.
struct Net {
    router: Machine,
    speaker: Machine,
    dir: tempfile::TempDir,
    _bird: Peer,
}

/// The router discards what is tagged BLACKHOLE and is a host of ours; `lies` makes it drop every such route in silence.
fn net(role: &str, lies: bool) -> Net {
    let (router, speaker) = (Machine::new(&format!("{role}r")), Machine::new(&format!("{role}s")));
    speaker.cable(&router, "10.99.0.1/24", "10.99.0.2/24");
    let dir = tempfile::tempdir().unwrap();
    let verdict = if lies { "reject;" } else { "dest = RTD_BLACKHOLE; accept;" };
    let settings = format!(
        "router id 10.99.0.2;\nprotocol device {{}}\nflow4 table filters4;\nflow6 table filters6;\n\
         protocol kernel {{ ipv4 {{ export all; import none; }}; }}\n\
         filter of_ours {{ if (65535,666) ~ bgp_community && net.len = 32 then {{ {verdict} }} reject; }}\n\
         filter of_ours6 {{ if (65535,666) ~ bgp_community && net.len = 128 then {{ {verdict} }} reject; }}\n\
         protocol bgp desk {{\n local 10.99.0.2 as 64501; multihop 2; neighbor 10.99.0.1 as 64500;\n\
         ipv4 {{ import filter of_ours; export none; }};\n ipv6 {{ import filter of_ours6; export none; }};\n\
         flow4 {{ table filters4; import all; export none; }};\n flow6 {{ table filters6; import all; export none; }};\n}}\n"
    );
    let file = dir.path().join("bird.conf");
    std::fs::write(&file, settings).unwrap();
    let socket = dir.path().join("bird.ctl").display().to_string();
    let words = ["bird", "-f", "-c", &file.display().to_string(), "-s", &socket];
    let bird = router.start(&dir.path().join("bird.log"), &words);
    Net { router, speaker, dir, _bird: bird }
}

impl Net {
    fn birdc(&self) -> Vec<String> {
        let socket = self.dir.path().join("bird.ctl").display().to_string();
        ["birdc", "-s", &socket].map(str::to_owned).to_vec()
    }

    fn gobgpd(&self) -> Peer {
        let families = ["ipv4-unicast", "ipv6-unicast", "ipv4-flowspec", "ipv6-flowspec"].map(|family| {
            format!("[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{family}\"\n")
        });
        let settings = format!(
            "[global.config]\nas = 64500\nrouter-id = \"10.99.0.1\"\n[[neighbors]]\n[neighbors.config]\n\
             neighbor-address = \"10.99.0.2\"\npeer-as = 64501\n[neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 2\n[neighbors.timers.config]\nconnect-retry = 1\n{}",
            families.concat()
        );
        let file = self.dir.path().join("gobgpd.toml");
        std::fs::write(&file, settings).unwrap();
        let words = ["gobgpd", "-f", &file.display().to_string(), "--api-hosts", "127.0.0.1:50051"];
        let peer = self.speaker.start(&self.dir.path().join("gobgpd.log"), &words);
        self.wait_for_session();
        peer
    }

    fn wait_for_session(&self) {
        until("the session is up", || {
            self.router.said(&self.words(&["show", "protocols", "desk"])).contains("Established")
        });
    }

    fn words<'a>(&self, words: &[&'a str]) -> Vec<&'a str> {
        let socket: &'static str =
            Box::leak(self.dir.path().join("bird.ctl").display().to_string().into_boxed_str());
        ["birdc", "-s", socket].into_iter().chain(words.iter().copied()).collect()
    }

    fn outlet(&self, routes: RouteKind, api: Api) -> Outlet {
        let prefixes = ["203.0.112.0/20", "2001:db8::/32"].map(|prefix| prefix.parse().unwrap());
        let territory = Territory { home: Home::new(prefixes).unwrap(), never_touch: Vec::new().into() };
        let bgp = BgpConfig {
            routes,
            api,
            mark: (64500, 6667),
            communities: Vec::new(),
            next_hop: "192.0.2.1".parse().unwrap(),
            next_hop6: "100::1".parse().unwrap(),
            neighbour: Some(Neighbour::Bird(self.birdc())),
            live: true,
        };
        Outlet::bgp("core", Config { territory, max_new_per_hour: 5000 }, bgp)
    }
}

fn gobgp() -> Api {
    Api::Gobgp("http://127.0.0.1:50051".to_owned())
}

fn rule(address: &str, measure: Measure) -> Rule {
    let key = RuleKey { address: address.parse().unwrap(), measure };
    Rule { key, case: CaseId(1), until: Timestamp::now() + SignedDuration::from_hours(2) }
}

const MAIL: Measure = Measure::Out { protocol: TCP, port: 25 };
const PROXY: Measure = Measure::In { protocol: TCP, port: 48613 };

fn both() -> Plan {
    Plan::new(
        ["203.0.113.66", "2001:db8::66"].iter().flat_map(|at| [rule(at, MAIL), rule(at, PROXY)]).collect(),
    )
}

fn thousand() -> Plan {
    Plan::new((0..1000).map(|n| rule(&format!("203.0.{}.{}", 116 + n / 250, 1 + n % 250), MAIL)).collect())
}

async fn reconcile(outlet: &mut Outlet, plan: &Plan, what: &str) -> Receipt {
    let began = Instant::now();
    let receipt = outlet.reconcile(plan, Timestamp::now()).await.unwrap();
    eprintln!("{what}: {:.3} s from plan to the neighbour's table", began.elapsed().as_secs_f64());
    receipt
}

fn keys(in_force: &[InForce]) -> Vec<RuleKey> {
    in_force.iter().map(|rule| rule.key).collect()
}

/// What every speaker and kind of route must do.
async fn holds_the_plan(net: &Net, routes: RouteKind, api: &Api, what: &str) {
    let mut outlet = net.outlet(routes, api.clone());
    let receipt = reconcile(&mut outlet, &both(), what).await;
    assert_eq!((receipt.in_force.len(), receipt.refused.len()), (4, 0), "{receipt:#?}");
    assert!(receipt.by_hand.is_empty(), "{receipt:?}");

    // Another process finds the same, with its ends, and changes nothing.
    let plan = both();
    let mut again = net.outlet(routes, api.clone());
    reconcile(&mut again, &plan, what).await;
    let same = reconcile(&mut again, &plan, what).await;
    assert!(same.added.is_empty() && same.removed.is_empty(), "{same:#?}");
    assert_eq!(keys(&same.in_force), plan.rules().iter().map(|rule| rule.key).collect::<Vec<_>>());

    let many = reconcile(&mut again, &thousand(), &format!("{what}, a thousand")).await;
    assert_eq!(keys(&many.in_force).len(), 1000, "{:?}", many.refused.first());
    assert!(!many.removed.is_empty());
    let none = reconcile(&mut again, &Plan::default(), &format!("{what}, none")).await;
    assert_eq!((none.in_force.len(), none.removed.len()), (0, 1000));
    assert!(outlet.read(Timestamp::now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn gobgp_announces_blackholes_and_the_neighbour_discards() {
    if !ready(&["gobgpd", "gobgp", "bird", "birdc"]) {
        return;
    }
    let net = net("gb", false);
    let mut speaker = net.gobgpd();
    net.speaker.enter();
    holds_the_plan(&net, RouteKind::Rtbh, &gobgp(), "GoBGP, RTBH").await;

    // What another hand announced is told of and left alone; what it took away is put back and told of.
    let theirs = [
        "gobgp",
        "global",
        "rib",
        "add",
        "203.0.113.99/32",
        "nexthop",
        "192.0.2.1",
        "community",
        "65535:666",
    ];
    net.speaker.run(&theirs);
    let mut outlet = net.outlet(RouteKind::Rtbh, gobgp());
    let receipt = reconcile(&mut outlet, &both(), "GoBGP, RTBH").await;
    assert!(receipt.by_hand.iter().any(|told| told.contains("blackhole for 203.0.113.99")), "{receipt:?}");
    net.speaker.run(&["gobgp", "global", "rib", "del", "203.0.113.66/32"]);
    let receipt = reconcile(&mut outlet, &both(), "GoBGP, RTBH, put back").await;
    assert!(receipt.by_hand.iter().any(|told| told.contains("203.0.113.66") && told.contains("put back")));
    assert_eq!(receipt.in_force.len(), 4);
    outlet.reconcile(&Plan::default(), Timestamp::now()).await.unwrap();
    assert!(net.speaker.run(&["gobgp", "global", "rib"]).contains("203.0.113.99/32"));

    // It forgets everything when it dies, which is an error, not an empty edge; back again, it is told anew.
    outlet.reconcile(&both(), Timestamp::now()).await.unwrap();
    speaker.kill();
    let down = outlet.reconcile(&both(), Timestamp::now()).await;
    assert!(matches!(down, Err(EdgeError::Peer { .. })), "{down:?}");
    let _speaker = net.gobgpd();
    let receipt = reconcile(&mut outlet, &both(), "GoBGP, RTBH, after its restart").await;
    assert_eq!((receipt.in_force.len(), receipt.by_hand.len()), (4, 4), "{receipt:#?}");
}

#[tokio::test]
async fn gobgp_announces_filters_and_the_neighbour_has_them() {
    if !ready(&["gobgpd", "bird", "birdc"]) {
        return;
    }
    let net = net("gf", false);
    let _speaker = net.gobgpd();
    net.speaker.enter();
    holds_the_plan(&net, RouteKind::Flowspec, &gobgp(), "GoBGP, FlowSpec").await;
}

#[tokio::test]
async fn a_route_the_neighbour_drops_in_silence_is_not_in_force() {
    if !ready(&["gobgpd", "bird", "birdc"]) {
        return;
    }
    let net = net("gl", true);
    let _speaker = net.gobgpd();
    net.speaker.enter();
    let mut outlet = net.outlet(RouteKind::Rtbh, gobgp());
    let receipt = outlet.reconcile(&both(), Timestamp::now()).await.unwrap();
    assert!(receipt.in_force.is_empty());
    assert!(receipt.refused.len() == 4 && receipt.refused.iter().all(is_unverified), "{receipt:?}");
}

fn exabgp(net: &Net, dir: &Path) -> (Peer, Api) {
    let settings = "neighbor 10.99.0.2 {\n router-id 10.99.0.1; local-address 10.99.0.1; local-as 64500; peer-as 64501;\n\
                    family { ipv4 unicast; ipv6 unicast; ipv4 flow; ipv6 flow; }\n}\n";
    let file = dir.join("exabgp.conf");
    std::fs::write(&file, settings).unwrap();
    let pipes = Path::new("/run/exabgp").join(net.speaker.name());
    std::fs::create_dir_all("/run/exabgp").unwrap();
    for end in ["in", "out"] {
        let pipe = pipes.with_extension(end).display().to_string();
        net.speaker.run(&["sh", "-c", &format!("rm -f {pipe}; mkfifo -m 666 {pipe}")]);
    }
    let name = format!("exabgp.api.pipename={}", net.speaker.name());
    let words = ["env", "exabgp.daemon.user=root", &name, "exabgp", &file.display().to_string()];
    let peer = net.speaker.start(&dir.join("exabgp.log"), &words);
    net.wait_for_session();
    (peer, Api::Exabgp(pipes))
}

/// Its pipes have a process of their own, which may come after the session.
async fn wait_for_pipes(net: &Net, api: &Api) {
    let mut outlet = net.outlet(RouteKind::Rtbh, api.clone());
    let deadline = Instant::now() + std::time::Duration::from_secs(20);
    while let Err(error) = outlet.read(Timestamp::now()).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn exabgp_announces_both_and_the_neighbour_has_them() {
    if !ready(&["exabgp", "bird", "birdc"]) {
        return;
    }
    let net = net("ex", false);
    let (_speaker, api) = exabgp(&net, net.dir.path());
    net.speaker.enter();
    wait_for_pipes(&net, &api).await;
    holds_the_plan(&net, RouteKind::Rtbh, &api, "ExaBGP, RTBH").await;
    holds_the_plan(&net, RouteKind::Flowspec, &api, "ExaBGP, FlowSpec").await;
}
