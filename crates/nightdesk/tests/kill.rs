//! `serve` is killed (SIGKILL) at random moments under SMTP load, again and again. Every mail that got its 250 is in the
//! log, none is twice on a case, the chain holds, and the edge equals the plan after the restart.
//!
//! `NIGHTDESK_KILLS` sets how often (12 by default); `NIGHTDESK_KILL_DATABASE` an empty PostgreSQL database to use
//! instead of SQLite.

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

#[path = "../src/demo/post.rs"]
mod post;
#[path = "../../desk/tests/night/proxy.rs"]
mod proxy;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use case::{Case, Event, Narrow};
use jiff::Timestamp;
use store::Store;

const CLIENTS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// Mails that were answered 250, by their bytes.
type Acknowledged = Arc<Mutex<Vec<String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_and_nothing_counts_twice() {
    let kills: u32 = std::env::var("NIGHTDESK_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    let dir = tempfile::TempDir::new().expect("a folder");
    // The one line that really is open.
    let proxy = proxy::open("127.66.1.1").await;
    let smtp = free_port();
    let edge = Edge::new();
    let config = write_config(dir.path(), smtp, &edge);
    let leases = dir.path().join("leases.csv");
    let rows: String =
        (1..=40).map(|host| format!("127.66.1.{host},line-{host},2020-01-01T00:00:00Z,\n")).collect();
    std::fs::write(&leases, format!("address,subscriber,from,to\n{rows}")).expect("a file");
    assert!(nightdesk(&config).args(["lease", "import"]).arg(&leases).status().expect("an import").success());

    let acknowledged = Acknowledged::default();
    let clients: Vec<_> =
        (0..CLIENTS).map(|client| tokio::spawn(load(client, smtp, proxy, acknowledged.clone()))).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    for _ in 0..kills {
        let mut serve = Serve::start(&config);
        // xorshift64: the moment must be arbitrary, not unpredictable.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        tokio::time::sleep(Duration::from_millis(random % 700)).await;
        serve.0.kill().expect("a SIGKILL");
    }
    for client in &clients {
        client.abort();
    }
    let wanted: Vec<String> = acknowledged.lock().expect("the list").clone();
    assert!(wanted.len() > kills as usize, "the load must have got through: {} mails", wanted.len());

    let serve = Serve::start(&config);
    let store = Store::open(&database(dir.path())).await.expect("the store");
    drained(&store, dir.path()).await;
    everything_is_in_the_log(&store, &wanted).await;
    nothing_is_twice_on_a_case(&store).await;
    the_edge_equals_the_plan(&config, &edge).await;
    println!(
        "{kills} kills, {} mails acknowledged, all in the log, none twice on a case, edge equal to plan ({})",
        wanted.len(),
        edge.name()
    );
    drop(serve);
}

/// Delivers mail after mail; a refused or broken delivery is what a kill looks like from outside, and is tried again.
async fn load(client: usize, smtp: SocketAddr, proxy: SocketAddr, acknowledged: Acknowledged) {
    for number in 0u32.. {
        // One report in eight is about the open proxy; the others are spam from closed lines.
        let host =
            if number % 8 == 0 { 1 } else { 2 + (number + 7 * u32::try_from(client).unwrap_or(0)) % 39 };
        let mail = report(client, number, host, proxy.port());
        while !matches!(
            tokio::time::timeout(Duration::from_secs(5), post::deliver(smtp, &mail)).await,
            Ok(Ok(_))
        ) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        acknowledged.lock().expect("the list").push(mail);
    }
}

fn report(client: usize, number: u32, host: u32, port: u16) -> String {
    let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let id = format!("{client}{number:07}");
    let proxy = if host == 1 {
        format!(
            "127.66.1.1 is open proxy, see: http://www.spamcop.net/mky-proxies.html\n\n[ Additional comments from recipient ]\n> proxy on 127.66.1.1:{port}\n"
        )
    } else {
        String::new()
    };
    format!(
        "From: {id}@reports.spamcop.net\nTo: abuse@example.net\nDate: {date}\nSubject: [SpamCop (127.66.1.{host}) id:{id}]Buy\n\
         Message-ID: <rid_{id}@msgid.spamcop.net>\n\n[ SpamCop V4.9.0 ]\n\nEmail from 127.66.1.{host} / {date}\n{proxy}\n\
         [ Offending message ]\nSubject: Buy\n\nNow.\n"
    )
    .replace('\n', "\r\n")
}

async fn drained(store: &Store, dir: &Path) {
    let began = Instant::now();
    loop {
        let spool = std::fs::read_dir(dir.join("data/spool/new")).expect("the spool").count();
        let cursor = store.cursor("intake").await.expect("the cursor");
        if spool == 0 && store.entries_after(cursor, 1).await.expect("the log").is_empty() {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the spool still holds {spool} mails");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn everything_is_in_the_log(store: &Store, wanted: &[String]) {
    let mut logged = BTreeSet::new();
    let mut at = 0;
    loop {
        let entries = store.entries_after(at, 500).await.expect("the log");
        let Some(last) = entries.last() else { break };
        at = last.seq;
        for entry in entries.iter().filter(|entry| entry.source == "smtp") {
            let bytes = store.bytes(&entry.id).await.expect("bytes").expect("the bytes of an entry");
            logged.insert(String::from_utf8(bytes).expect("our own mail"));
        }
    }
    let lost = wanted.iter().filter(|mail| !logged.contains(*mail)).count();
    assert_eq!(lost, 0, "{lost} of {} acknowledged mails are not in the log", wanted.len());
    let chain = store.verify_chain().await.expect("a check");
    assert!(chain.broken.is_none(), "{chain:?}");
}

async fn nothing_is_twice_on_a_case(store: &Store) {
    let mut cases = 0;
    for summary in store.lines(&Narrow::default(), None, 1000, 0).await.expect("the cases") {
        let records = store.records(summary.case).await.expect("records");
        let filed: Vec<_> = records
            .iter()
            .filter_map(|record| match &record.event {
                Event::Filed { sighting, .. } => Some((sighting.evidence, sighting.claim)),
                _ => None,
            })
            .collect();
        let distinct: BTreeSet<_> = filed.iter().collect();
        assert_eq!(distinct.len(), filed.len(), "{} holds a sighting twice", summary.case);
        assert!(Case::replay(&records).is_some());
        cases += 1;
    }
    assert!(cases > 1, "the load must have made cases");
}

async fn the_edge_equals_the_plan(config: &Path, edge: &Edge) {
    let began = Instant::now();
    loop {
        let output = nightdesk(config).args(["block", "list", "--json"]).output().expect("a list");
        let text = String::from_utf8(output.stdout).expect("JSON");
        let rules: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        let planned = rules.iter().filter(|rule| rule["planned"] == true).count();
        let equal = rules.iter().all(|rule| rule["planned"] == true && rule["in_force"] == true);
        // The dry-run edge lives in the process and cannot be read from another one; then the plan is what there is.
        if planned == 2 && (equal || !edge.is_real()) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the edge is not the plan: {text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A real packet filter in a network namespace of its own when we may make one, else the dry-run outlet.
struct Edge(Option<String>);

impl Edge {
    fn new() -> Edge {
        let name = format!("nd-kill-{}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).stderr(Stdio::null()).status();
        Edge(made.is_ok_and(|status| status.success()).then_some(name))
    }

    fn is_real(&self) -> bool {
        self.0.is_some()
    }

    fn name(&self) -> &'static str {
        if self.is_real() { "nftables" } else { "dry-run" }
    }

    fn toml(&self) -> String {
        match &self.0 {
            Some(name) => {
                format!("outlet = \"nftables\"\ncommand = [\"ip\", \"netns\", \"exec\", \"{name}\", \"nft\"]")
            }
            None => "outlet = \"dry-run\"".to_owned(),
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        if let Some(name) = &self.0 {
            drop(Command::new("ip").args(["netns", "delete", name]).status());
        }
    }
}

/// `nightdesk serve`, killed when dropped.
struct Serve(Child);

impl Serve {
    fn start(config: &Path) -> Serve {
        let child = nightdesk(config).arg("serve").env("NIGHTDESK_LOG", "error").spawn().expect("serve");
        Serve(child)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn nightdesk(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.arg("--config").arg(config).stdin(Stdio::null());
    command
}

fn write_config(dir: &Path, smtp: SocketAddr, edge: &Edge) -> PathBuf {
    let path = dir.join("nightdesk.toml");
    let text = format!(
        "home = [\"127.66.1.0/24\"]\ndata_dir = \"{}\"\ndatabase = \"{}\"\n[intake]\nrecipients = [\"abuse@example.net\"]\nsmtp = \"{smtp}\"\n\
         [probe]\nlanding = [\"127.0.0.1:0\"]\ndeadline = \"2s\"\nmin_gap = \"0s\"\n[edge]\n{}\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [playbook]\nusual_ports = [9]\n",
        dir.join("data").display(),
        database(dir),
        edge.toml()
    );
    std::fs::write(&path, text).expect("a file");
    path
}

fn database(dir: &Path) -> String {
    std::env::var("NIGHTDESK_KILL_DATABASE")
        .unwrap_or_else(|_| format!("sqlite://{}", dir.join("data/nightdesk.db").display()))
}

fn free_port() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("a bound port")
}
