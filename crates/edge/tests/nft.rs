//! The nftables outlet against the real thing: `nft` and the kernel, in a network namespace of each test's own.
//!
//! Needs root. Without it these tests say loudly that they did nothing, and in CI (`CI=true`) they fail instead.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on stops, and one that cannot begin says so"
)]

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use case::{CaseId, Home, InForce, Measure, Plan, Receipt, Rule, RuleKey, Territory, Transport};
use edge::{Again, Config, EdgeError, GardenRest, Nft, NftConfig, NftGarden, Outlet, cap_hit};
use jiff::{SignedDuration, Timestamp};

const PROXY: Measure = Measure::In { protocol: Transport::Tcp, port: 48613 };
const MAIL: Measure = Measure::Out { protocol: Transport::Tcp, port: 25 };

/// A network namespace that goes when the test ends, however it ends.
struct Namespace(String);

impl Namespace {
    fn new(name: &str) -> Option<Self> {
        if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must run this as root");
            eprintln!("SKIPPED: {name} needs root for a network namespace; nothing was tested");
            return None;
        }
        let name = format!("nd-test-{}-{name}", std::process::id());
        let output = Command::new("ip").args(["netns", "add", &name]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        Some(Namespace(name))
    }

    fn command(&self) -> Vec<String> {
        ["ip", "netns", "exec", &self.0, "nft"].map(str::to_owned).to_vec()
    }

    /// What another hand does.
    fn nft(&self, statement: &str) -> Output {
        Command::new("ip")
            .args(["netns", "exec", &self.0, "nft"])
            .args(statement.split(' '))
            .output()
            .unwrap()
    }

    fn by_hand(&self, statement: &str) {
        let output = self.nft(statement);
        assert!(output.status.success(), "{statement}: {output:?}");
    }

    fn listed(&self) -> String {
        String::from_utf8(self.nft("list ruleset").stdout).unwrap()
    }

    fn outlet(&self, max_new_per_hour: u32) -> Outlet {
        outlet(self.command(), max_new_per_hour)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let done = Command::new("ip").args(["netns", "del", &self.0]).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("left behind: network namespace {}", self.0);
        }
    }
}

fn limits(max_new_per_hour: u32) -> Config {
    let home = Home::new(["203.0.113.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]).unwrap();
    let territory = Territory { home, never_touch: vec!["203.0.113.1/32".parse().unwrap()].into() };
    Config { territory, max_new_per_hour }
}

fn config_of(command: Vec<String>) -> NftConfig {
    // The kernel must take, and show again, the rules that let our own probes by.
    let probers = vec!["192.0.2.250".parse().unwrap(), "2001:db8::250".parse().unwrap()];
    NftConfig { command, probers, deadline: Duration::from_secs(60), ..NftConfig::default() }
}

fn outlet(command: Vec<String>, max_new_per_hour: u32) -> Outlet {
    Nft::new(limits(max_new_per_hour), config_of(command)).into()
}

fn rule(address: &str, measure: Measure, until: Timestamp) -> Rule {
    Rule { key: RuleKey { address: address.parse().unwrap(), measure }, case: CaseId(17), until }
}

fn in_hours(hours: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(hours)
}

fn usual_plan(until: Timestamp) -> Plan {
    Plan::new(vec![
        rule("203.0.113.66", PROXY, until),
        rule("203.0.113.66", MAIL, until),
        rule("2001:db8::66", PROXY, until),
        rule("2001:db8::66", MAIL, until),
    ])
}

/// Equal to the plan, with ends that are the plan's within what `nft` can tell, and never later.
#[track_caller]
fn assert_stands(in_force: &[InForce], plan: &Plan) {
    let keys = |rules: Vec<RuleKey>| rules.iter().map(ToString::to_string).collect::<Vec<_>>();
    let found = keys(in_force.iter().map(|rule| rule.key).collect());
    assert_eq!(found, keys(plan.rules().iter().map(|rule| rule.key).collect()));
    for (found, planned) in in_force.iter().zip(plan.rules()) {
        let late = found.until.duration_since(planned.until);
        // An element is given what is left when it is written; it counts from when the kernel takes it, which on a busy
        // machine and with many of them is a little later.
        assert!(late < SignedDuration::from_secs(5), "{} stands {late:?} longer than its rule", found.key);
        // What a listing shows is as old as the listing took: much, on a busy machine with many blocks.
        assert!(late.abs() < SignedDuration::from_secs(60), "{} ends {late:?} early", found.key);
    }
}

async fn reconcile(outlet: &mut Outlet, plan: &Plan) -> Receipt {
    outlet.reconcile(plan, Timestamp::now()).await.unwrap()
}

#[tokio::test]
async fn the_plan_stands_in_the_kernel_and_nothing_else_is_touched() {
    let Some(namespace) = Namespace::new("plan") else { return };
    namespace.by_hand("add table inet operators_own");
    let mut outlet = namespace.outlet(100);
    assert_eq!(outlet.read(Timestamp::now()).await.unwrap(), [], "no table yet, and no error");

    let mut rules = usual_plan(in_hours(2)).rules().to_vec();
    rules.push(rule("198.51.100.9", PROXY, in_hours(2)));
    rules.push(rule("203.0.113.1", PROXY, in_hours(2)));
    let receipt = reconcile(&mut outlet, &Plan::new(rules.clone())).await;
    let plan = Plan::new(rules[..4].to_vec());
    assert_stands(&receipt.in_force, &plan);
    assert_eq!((receipt.added.len(), receipt.refused.len()), (4, 2));
    let listed = namespace.listed();
    assert!(listed.contains("203.0.113.66 . tcp . 48613 timeout 1h59m59s"), "{listed}");
    assert!(!listed.contains("198.51.100.9") && !listed.contains("203.0.113.1 "), "{listed}");
    assert_stands(&outlet.read(Timestamp::now()).await.unwrap(), &plan);

    let second = reconcile(&mut outlet, &plan).await;
    assert_eq!((second.added, second.removed), (vec![], vec![]), "a second round changes nothing");

    let later = usual_plan(in_hours(5));
    let moved = reconcile(&mut outlet, &later).await;
    assert_eq!(moved.added.len(), 4, "ends moved");
    assert_stands(&moved.in_force, &later);
    let sooner = usual_plan(in_hours(1));
    assert_stands(&reconcile(&mut outlet, &sooner).await.in_force, &sooner);

    let emptied = reconcile(&mut outlet, &Plan::default()).await;
    assert_eq!((emptied.removed.len(), emptied.in_force), (4, vec![]));
    let listed = namespace.listed();
    assert!(listed.contains("operators_own") && !listed.contains("203.0.113.66"), "{listed}");
}

/// Nothing of ours runs after the block was set: the kernel alone ends it, not after the rule's end.
#[tokio::test]
async fn a_block_lapses_by_itself() {
    let Some(namespace) = Namespace::new("lapse") else { return };
    let mut outlet = namespace.outlet(100);
    let mut length = SignedDuration::from_millis(1500);
    // A busy machine may take longer to set the block than it lasts; then a longer one is set.
    let until = loop {
        let until = Timestamp::now() + length;
        let plan = [rule("203.0.113.66", PROXY, until), rule("203.0.113.67", PROXY, in_hours(1))];
        assert_eq!(reconcile(&mut outlet, &Plan::new(plan.to_vec())).await.refused, []);
        if namespace.listed().contains("203.0.113.66") {
            break until;
        }
        assert!(Timestamp::now() > until, "the block is not there before its end");
        length = length + length;
        assert!(length < SignedDuration::from_secs(60), "it takes over half a minute to set a block");
    };
    drop(outlet);
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let asked = Timestamp::now();
        let listed = namespace.listed();
        assert!(listed.contains("203.0.113.67"), "the other block stands: {listed}");
        if !listed.contains("203.0.113.66") {
            assert!(
                Timestamp::now() > until - SignedDuration::from_millis(100),
                "it was gone before its end"
            );
            break;
        }
        // One tick of the kernel's clock, and room for it to be late.
        assert!(
            asked.duration_since(until) < SignedDuration::from_millis(100),
            "outlived its rule: {listed}"
        );
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whatever_another_hand_did_is_put_right() {
    let Some(namespace) = Namespace::new("hand") else { return };
    let mut outlet = namespace.outlet(4);
    let plan = usual_plan(in_hours(2));
    reconcile(&mut outlet, &plan).await;
    let as_written = shape(&namespace.listed());
    let deeds: [&[&str]; 9] = [
        &["delete element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 }"],
        &["add element inet nightdesk nd_in4 { 203.0.113.99 . tcp . 80 timeout 1h }"],
        &["add element inet nightdesk nd_in4 { 203.0.113.99 . icmp . 0 }"],
        &[
            "delete element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 }",
            "add element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 }",
        ],
        &[
            "delete element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 }",
            "add element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 timeout 10h }",
        ],
        &["flush chain inet nightdesk nd_lines"],
        &["insert rule inet nightdesk nd_forward accept"],
        &["add chain inet nightdesk nd_input { type filter hook input priority 0 ; policy drop ; }"],
        &["delete table inet nightdesk"],
    ];
    for deed in deeds {
        deed.iter().for_each(|statement| namespace.by_hand(statement));
        let receipt = reconcile(&mut outlet, &plan).await;
        assert_stands(&receipt.in_force, &plan);
        assert_eq!(receipt.refused, [], "{deed:?}: putting back is not new, the cap of 4 is not in the way");
        assert_eq!(shape(&namespace.listed()), as_written, "{deed:?}");
    }
}

/// The ruleset without what time changes.
fn shape(listed: &str) -> Vec<String> {
    let timeless = |line: &str| {
        let words = line.split_whitespace();
        let timed = |word: &&str| !(word.ends_with('s') && word.starts_with(|c: char| c.is_ascii_digit()));
        words.filter(timed).collect::<Vec<_>>().join(" ")
    };
    let mut lines: Vec<String> = listed.lines().map(timeless).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_restart_takes_up_where_the_last_run_ended() {
    let Some(namespace) = Namespace::new("restart") else { return };
    let plan = usual_plan(in_hours(2));
    reconcile(&mut namespace.outlet(4), &plan).await;
    namespace.by_hand("delete element inet nightdesk nd_in4 { 203.0.113.66 . tcp . 48613 }");
    namespace.by_hand("add element inet nightdesk nd_out4 { 203.0.113.99 . tcp . 80 timeout 1h }");

    let mut restarted = namespace.outlet(4);
    let receipt = reconcile(&mut restarted, &plan).await;
    assert_stands(&receipt.in_force, &plan);
    let words = |keys: &[RuleKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(words(&receipt.added), ["203.0.113.66 tcp/48613 in"], "only what was missing counts as added");
    assert_eq!(words(&receipt.removed), ["203.0.113.99 tcp/80 out"]);
}

#[tokio::test]
async fn the_cap_holds_over_a_restart() {
    let Some(namespace) = Namespace::new("cap") else { return };
    let until = in_hours(2);
    let lines = |count: u8| {
        Plan::new((50..50 + count).map(|n| rule(&format!("203.0.113.{n}"), PROXY, until)).collect())
    };
    let receipt = reconcile(&mut namespace.outlet(3), &lines(3)).await;
    assert!(!cap_hit(&receipt));
    let receipt = reconcile(&mut namespace.outlet(3), &lines(6)).await;
    assert!(cap_hit(&receipt));
    assert_stands(&receipt.in_force, &lines(3));
    assert_eq!(receipt.refused.len(), 3);
    assert!(receipt.refused[0].reason.starts_with("cap of 3 new blocks an hour reached: it waits"));
    let fewer = reconcile(&mut namespace.outlet(3), &lines(1)).await;
    assert_eq!(fewer.removed.len(), 2, "taking away is never limited");
}

#[tokio::test]
async fn twenty_thousand_blocks_go_in_and_out_at_once() {
    let Some(namespace) = Namespace::new("many") else { return };
    let until = in_hours(2);
    let many =
        (0..20_000u32).map(|n| rule(&format!("2001:db8:1::{:x}:{:x}", n >> 16, n & 0xffff), MAIL, until));
    let plan = Plan::new(many.collect());
    let mut outlet = namespace.outlet(u32::MAX);
    let started = Instant::now();
    assert_stands(&reconcile(&mut outlet, &plan).await.in_force, &plan);
    eprintln!("20,000 blocks in force after {:?}", started.elapsed());
    assert_eq!(reconcile(&mut outlet, &Plan::default()).await.removed.len(), 20_000);
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).to_vec()
}

async fn failure(mut outlet: Outlet) -> EdgeError {
    outlet.reconcile(&usual_plan(in_hours(1)), Timestamp::now()).await.unwrap_err()
}

#[tokio::test]
async fn a_missing_nft_is_one_clear_line() {
    let error = failure(outlet(vec!["nd-no-such-nft".to_owned()], 5)).await;
    assert_eq!(
        error.to_string(),
        "cannot read table inet nightdesk: the program \"nd-no-such-nft\" was not found where the edge command runs; install it \
         (nft: apt install nftables) or correct the edge command in the configuration"
    );
    assert_eq!(error.again(), Again::Never);
    let Some(namespace) = Namespace::new("notool") else { return };
    let mut command = namespace.command();
    command[4] = "nd-no-such-nft".to_owned();
    assert!(
        matches!(failure(outlet(command, 5)).await, EdgeError::NoTool { program, .. } if program == "nd-no-such-nft")
    );
}

#[tokio::test]
async fn a_missing_namespace_or_right_is_named() {
    let Some(namespace) = Namespace::new("rights") else { return };
    let mut command = namespace.command();
    command[3] = format!("{}-not", namespace.0);
    let error = failure(outlet(command, 5)).await;
    assert!(matches!(error, EdgeError::NoNamespace { .. }), "{error}");
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all nft";
    let error = failure(outlet(nobody.split(' ').map(str::to_owned).collect(), 5)).await;
    assert!(matches!(error, EdgeError::NotPermitted { .. }), "{error}");
    assert_eq!(error.again(), Again::Never);
}

#[tokio::test]
async fn foreign_words_are_escaped_and_a_hanging_program_is_stopped() {
    let error = failure(outlet(shell(r"printf 'Error: \033[2Jline\nline' >&2; exit 1"), 5)).await;
    assert!(error.to_string().contains(r#""Error: \u{1b}[2Jline\nline""#), "{error}");
    assert!(!error.to_string().contains(['\u{1b}', '\n']));
    assert_eq!(error.again(), Again::Later);

    let home = Home::new(["203.0.113.0/24".parse().unwrap()]).unwrap();
    let config = Config { territory: Territory { home, never_touch: vec![].into() }, max_new_per_hour: 1 };
    let hangs =
        NftConfig { command: shell("sleep 60"), deadline: Duration::from_millis(50), ..NftConfig::default() };
    let error = failure(Nft::new(config, hangs).into()).await;
    assert!(matches!(error, EdgeError::Slow { .. }), "{error}");
}

/// A program that says yes and does nothing is believed only as far as the read-back goes.
#[tokio::test]
async fn accepted_is_not_in_force() {
    let error =
        failure(outlet(shell(r#"case "$*" in *list*) echo '{"nftables": []}';; esac; exit 0"#), 5)).await;
    assert!(matches!(error, EdgeError::NotInForce(_)), "{error}");
}

/// What the kernel took is read back as the same rules, among them a line in the garden, and again without them.
#[tokio::test]
async fn lines_are_led_into_the_garden_by_what_the_kernel_shows() {
    let Some(namespace) = Namespace::new("garden") else { return };
    let garden = NftGarden {
        lead_to: vec!["192.0.2.10:8088".parse().unwrap(), "[2001:db8:1::10]:8088".parse().unwrap()],
        allowed: vec!["192.0.2.128/25".parse().unwrap(), "192.0.2.200/32".parse().unwrap()],
        ..NftGarden::default()
    };
    let leading = |rest| {
        let nft =
            NftConfig { garden: NftGarden { rest, ..garden.clone() }, ..config_of(namespace.command()) };
        Outlet::from(Nft::new(limits(100), nft))
    };
    let mut outlet = leading(GardenRest::Reject);
    let plan = Plan::new(vec![
        rule("203.0.113.66", Measure::Garden, in_hours(2)),
        rule("203.0.113.66", PROXY, in_hours(2)),
        rule("2001:db8::66", Measure::Garden, in_hours(2)),
    ]);
    let receipt = reconcile(&mut outlet, &plan).await;
    assert_stands(&receipt.in_force, &plan);
    assert!(receipt.refused.is_empty(), "{receipt:?}");
    let listed = namespace.listed();
    for words in ["dnat ip to 192.0.2.10:8088", "dnat ip6 to [2001:db8:1::10]:8088", "reject with tcp reset"]
    {
        assert!(listed.contains(words), "{words} is missing: {listed}");
    }
    // Another hand lets everything by: the whole table is written anew.
    namespace.by_hand("flush chain inet nightdesk nd_wall");
    let again = reconcile(&mut outlet, &plan).await;
    assert_eq!(again.by_hand.len(), 1, "{again:?}");
    assert_stands(&again.in_force, &plan);

    let mut softer = leading(GardenRest::Pass);
    assert_stands(&reconcile(&mut softer, &plan).await.in_force, &plan);
    assert!(!namespace.listed().contains("reject"), "what passes is not refused");
    let emptied = reconcile(&mut softer, &Plan::default()).await;
    assert_eq!((emptied.removed.len(), emptied.in_force), (3, vec![]));

    let mut without = namespace.outlet(100);
    assert!(!without.scope().gardens);
    let refused = reconcile(&mut without, &plan).await;
    assert_eq!((refused.in_force.len(), refused.refused.len()), (1, 2), "{refused:?}");
}
