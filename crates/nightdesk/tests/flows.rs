//! `serve` with an exporter at its door: a proxy is found in datagrams alone, and what anybody else sends is counted and
//! never read. `NIGHTDESK_FORGED` sets how many forged datagrams come (20,000 by default).

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

#[path = "../../desk/tests/night/proxy.rs"]
#[expect(dead_code, reason = "shared with the nights of the desk, which use all of it")]
mod proxy;

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flow::wire::{Version, encode::Writer};
use flow::{ExporterId, Flow, Millis, Way, protocol, tcp};
use jiff::Timestamp;

const PATIENCE: Duration = Duration::from_secs(90);
/// A line with a proxy, and one that only forgers speak of.
const OPEN: &str = "127.66.1.66";
const FORGED: &str = "127.66.1.67";

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_found_in_datagrams_alone_and_a_strangers_datagrams_are_counted_and_not_read() {
    let dir = tempfile::TempDir::new().expect("a folder");
    let proxy = proxy::open(OPEN).await;
    let (web, door) = (free_tcp(), free_udp());
    let config = write_config(dir.path(), web, door);
    let leases = dir.path().join("leases.csv");
    let rows: String =
        [66, 67].map(|host| format!("127.66.1.{host},line-{host},2020-01-01T00:00:00Z,\n")).concat();
    std::fs::write(&leases, format!("address,subscriber,from,to\n{rows}")).expect("a file");
    assert!(nightdesk(&config).args(["lease", "import"]).arg(&leases).status().expect("an import").success());
    let serve = Serve::start(&config);
    until("the pages", || metric(web, "nightdesk_flows_total").is_some());

    let router = UdpSocket::bind("127.0.0.1:0").expect("an exporter");
    send(&router, door, &proxied(OPEN, proxy.port()));
    until("the line to be contained", || {
        let cases = json_lines(&config, &["case", "list", "--json"]);
        cases.iter().any(|case| case["subscriber"] == "line-66" && case["stage"] == "contained")
    });
    let cases = json_lines(&config, &["case", "list", "--json"]);
    let name = cases[0]["case"].as_str().expect("a name").to_owned();
    let shown = json_lines(&config, &["case", "show", &name, "--json"]).remove(0);
    assert!(shown["signs"][0]["proof"].as_array().is_some_and(|proof| !proof.is_empty()), "{shown}");
    let why = json_lines(&config, &["why", OPEN, "--json"]);
    assert!(why.iter().any(|step| step["step"] == "flow"), "{why:#?}");

    let forged: u64 =
        std::env::var("NIGHTDESK_FORGED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let forger = UdpSocket::bind("127.0.0.9:0").expect("a forger");
    let lies = datagrams(&proxied(FORGED, 48_613));
    let before = memory(&serve);
    for n in 0..forged {
        let lie = &lies[usize::try_from(n).expect("small") % lies.len()];
        // A full buffer is the forger's loss, not ours.
        drop(forger.send_to(lie, door));
    }
    until("the forged datagrams to be counted", || {
        let of = |place: &str| {
            metric(web, &format!("nightdesk_flow_losses_total{{where=\"{place}\"}}")).unwrap_or(0)
        };
        of("stranger") + of("kernel") == forged
    });
    println!("{forged} forged datagrams: {before} kB resident before, {} kB after", memory(&serve));
    let grown = memory(&serve).saturating_sub(before);
    assert!(grown < 32 * 1024, "it grew by {grown} kB");
    // The exporter is still heard, and the forged line still has no case.
    let flows = metric(web, "nightdesk_flows_total").expect("a count");
    send(&router, door, &proxied(OPEN, proxy.port())[..2]);
    until("the exporter to be heard again", || metric(web, "nightdesk_flows_total") > Some(flows));
    let cases = json_lines(&config, &["case", "list", "--all", "--json"]);
    assert!(cases.iter().all(|case| case["subscriber"] != "line-67"), "{cases:#?}");
}

/// Strangers use a proxy on this port of a line: each connection in is followed by one out.
fn proxied(line: &str, port: u16) -> Vec<Flow> {
    let line: IpAddr = line.parse().expect("an address");
    let now = Millis::from(Timestamp::now());
    let both = |n: u8| {
        let at = now.plus(-900_000 + 20_000 * i64::from(n));
        let (up, down) = (700 + 37 * u64::from(n), 4_000 + 791 * u64::from(n));
        let stranger = (IpAddr::from([203, 0, 113, 1 + n % 7]), 40_000 + u16::from(n));
        let server = (IpAddr::from([192, 0, 2, 1 + n]), 443);
        [
            flow(at, stranger, (line, port), (up + 120, down + 39)),
            flow(at.plus(140), (line, 50_000 + u16::from(n)), server, (up, down)),
        ]
    };
    let mut flows: Vec<Flow> = (0..40).flat_map(both).collect();
    flows.push(flow(now, ([192, 0, 2, 250].into(), 9), (line, 9), (0, 0)));
    flows
}

fn flow(first: Millis, source: (IpAddr, u16), destination: (IpAddr, u16), bytes: (u64, u64)) -> Flow {
    let way = |bytes: u64| Way {
        packets: 4 + bytes / 1_000,
        bytes: bytes + 52 * (4 + bytes / 1_000),
        flags: tcp::SYN | tcp::ACK | tcp::PSH | tcp::FIN,
    };
    Flow {
        first,
        last: first.plus(700),
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        protocol: protocol::TCP,
        both_ways: true,
        forward: way(bytes.0),
        reverse: way(bytes.1),
        sampling: 1,
        exporter: ExporterId(0),
        translated: None,
    }
}

fn datagrams(flows: &[Flow]) -> Vec<Vec<u8>> {
    let now = Millis::from(Timestamp::now());
    let mut writer = Writer::new(Version::Ipfix, 7, now.plus(-3_600_000));
    let mut all = Vec::new();
    writer.write(now, flows, |datagram| all.push(datagram.to_vec()));
    all
}

fn send(from: &UdpSocket, door: SocketAddr, flows: &[Flow]) {
    for datagram in datagrams(flows) {
        from.send_to(&datagram, door).expect("a datagram");
    }
}

/// The value of one metric, as a scraper on this machine reads it.
fn metric(web: SocketAddr, name: &str) -> Option<u64> {
    let mut stream = TcpStream::connect(web).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: desk.example.net\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

/// Kilobytes of memory the program holds.
fn memory(serve: &Serve) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", serve.0.id())).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

fn json_lines(config: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let output = nightdesk(config).args(arguments).output().expect("an answer");
    let text = String::from_utf8(output.stdout).expect("JSON");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

fn until(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `nightdesk serve`, killed when dropped.
struct Serve(Child);

impl Serve {
    fn start(config: &Path) -> Serve {
        Serve(nightdesk(config).arg("serve").env("NIGHTDESK_LOG", "error").spawn().expect("serve"))
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

fn write_config(dir: &Path, web: SocketAddr, door: SocketAddr) -> PathBuf {
    let path = dir.join("nightdesk.toml");
    let text = format!(
        "home = [\"127.66.1.0/24\"]\ndata_dir = \"{}\"\n\
         [probe]\nlanding = [\"127.0.0.1:0\"]\ndeadline = \"2s\"\nmin_gap = \"0s\"\n\
         [flows]\nlisten = [\"{door}\"]\nexporters = [\"127.0.0.1\"]\nbuffer = 4194304\n\
         [web]\nlisten = \"{web}\"\n[playbook]\nusual_ports = [9]\n",
        dir.join("data").display(),
    );
    std::fs::write(&path, text).expect("a file");
    path
}

fn free_tcp() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port")
}

fn free_udp() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port")
}
