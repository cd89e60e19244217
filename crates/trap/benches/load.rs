//! Connections a second and held connections beside OpenCanary, and the stateless engine's rate: `cargo xtask bench trap`.
//!
//! It makes network namespaces with cables (needs root), starts each trap in some, and visits it from another: the
//! same visitor, the same machine, one after the other. Connections are held by three processes on each side, in a namespace
//! and with a share of the prefix each, for a process may not have so many descriptors everywhere. OpenCanary is the folder that `NIGHTDESK_OPENCANARY` names; without
//! it its lines are missing. A visit connects, says `PING` to Redis, waits for the answer and resets.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::fs;
use std::io::{BufWriter, IoSlice, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use nix::libc::linger;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockProtocol, SockType, bind, sendmmsg,
    setsockopt, socket, sockopt,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use trap::stateless::{Link, Stateless, serve};
use trap::{Config, Engine, Rules};

/// The prefix of each namespace, and its first address. The first one's trap alone is visited as fast as it goes.
const SHARES: [(&str, u32); 3] =
    [("198.18.0.0/17", 0xc612_0000), ("198.18.128.0/17", 0xc612_8000), ("198.19.0.0/17", 0xc613_0000)];
const PORT: u16 = 6379;
/// How long each rate is measured.
const LASTS: Duration = Duration::from_secs(8);
/// Visitors at once.
const AT_ONCE: usize = 100;
/// Connections that are held, over all shares.
const HELD: usize = 50_000;
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    match words.as_slice() {
        ["engine", prefix, out] => runtime.block_on(engine(prefix, Path::new(out))),
        ["stateless"] => runtime.block_on(stateless()),
        ["visit"] => runtime.block_on(visit()),
        ["hold", first] => runtime.block_on(hold(first.parse().expect("an address as a number"))),
        ["flood", to] => flood(to),
        _ => all(),
    }
}

// What runs inside the namespaces.

/// The stateful engine, every hit a line of JSON in a file, as `nightdesk trap --json` writes it.
async fn engine(prefix: &str, out: &Path) {
    let mut config = Config::new(vec![prefix.parse().expect("a prefix")]);
    (config.limits.held, config.limits.per_source, config.limits.per_net) = (60_000, 60_000, 60_000);
    (config.idle, config.longest) = (Duration::from_secs(120), Duration::from_secs(120));
    let engine = Engine::bind(config.clone()).expect("sockets");
    let _rules = Rules::to_port(&config.prefixes, engine.port()).install().expect("rules");
    let (hits, mut told) = mpsc::channel(4096);
    tokio::spawn(engine.run(hits, until_input_ends()));
    let mut file = BufWriter::new(fs::File::create(out).expect("a file"));
    let mut batch = Vec::new();
    println!("ready");
    while told.recv_many(&mut batch, 256).await > 0 {
        for hit in batch.drain(..) {
            serde_json::to_writer(&mut file, &hit).expect("JSON");
            file.write_all(b"\n").expect("a disk");
        }
        file.flush().expect("a disk");
    }
}

async fn stateless() {
    let link = Link::open("inside0").expect("the interface");
    let prefixes = vec![SHARES[0].0.parse().expect("a prefix")];
    let _rules = Rules::silent(&prefixes).install().expect("rules");
    let (hits, _told) = mpsc::channel(4096);
    println!("ready");
    drop(serve(link, prefixes, Arc::default(), hits, until_input_ends()).await);
}

/// Turns true when whoever started us closes our input.
fn until_input_ends() -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        drop(tokio::io::stdin().read(&mut [0; 1]).await);
        stop.send_replace(true);
    });
    stopped
}

fn target(first: u32, number: u64) -> SocketAddr {
    let host = u16::try_from(number.wrapping_mul(7919) % 32_000).unwrap_or(1).saturating_add(10);
    SocketAddr::new(Ipv4Addr::from_bits(first | u32::from(host)).into(), PORT)
}

/// Visits as fast as it goes; prints how many were answered.
async fn visit() {
    let (number, answered) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let until = Instant::now() + LASTS;
    let mut visitors = Vec::new();
    for _ in 0..AT_ONCE {
        let (number, answered) = (Arc::clone(&number), Arc::clone(&answered));
        visitors.push(tokio::spawn(async move {
            while Instant::now() < until {
                let target = target(SHARES[0].1, number.fetch_add(1, Relaxed));
                if tokio::time::timeout(Duration::from_secs(5), pay(target))
                    .await
                    .is_ok_and(|paid| paid.is_ok())
                {
                    answered.fetch_add(1, Relaxed);
                }
            }
        }));
    }
    for visitor in visitors {
        visitor.await.expect("a visitor");
    }
    println!("{}", answered.load(Relaxed));
}

async fn pay(target: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(target).await?;
    stream.write_all(PING).await?;
    let count = stream.read(&mut [0; 256]).await?;
    let at_once = linger { l_onoff: 1, l_linger: 0 };
    setsockopt(&stream, sockopt::Linger, &at_once)?;
    if count == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Opens connections and holds them until its standard input ends; prints how many, and in how many seconds.
async fn hold(first: u32) {
    let begun = Instant::now();
    let gate = Arc::new(tokio::sync::Semaphore::new(200));
    let mut opening = Vec::new();
    for number in 0..HELD.div_ceil(SHARES.len()) {
        let place = Arc::clone(&gate).acquire_owned().await.expect("a place");
        opening.push(tokio::spawn(async move {
            let target = target(first, u64::try_from(number).unwrap_or(0));
            let opened = tokio::time::timeout(Duration::from_secs(30), TcpStream::connect(target)).await;
            drop(place);
            opened.ok().and_then(Result::ok)
        }));
    }
    let mut held = Vec::new();
    for one in opening {
        held.extend(one.await.expect("a visitor"));
    }
    println!("{} {:.1}", held.len(), begun.elapsed().as_secs_f64());
    drop(tokio::io::stdin().read(&mut [0; 1]).await);
}

/// First packets, as many as the interface takes, to the Ethernet address given; prints how many.
fn flood(to: &str) {
    let to: Vec<u8> = to.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let fd = socket(AddressFamily::Packet, SockType::Raw, SockFlag::empty(), SockProtocol::EthAll)
        .expect("a socket");
    let mut interfaces = nix::ifaddrs::getifaddrs().expect("interfaces");
    let link: LinkAddr = interfaces
        .find_map(|one| one.address.filter(|_| one.interface_name == "outside0")?.as_link_addr().copied())
        .expect("the interface");
    bind(fd.as_raw_fd(), &link).expect("the interface");
    let frames: Vec<Vec<u8>> = (0..256).map(|number| first_packet(&to, number)).collect();
    let slices: Vec<[IoSlice<'_>; 1]> = frames.iter().map(|frame| [IoSlice::new(frame)]).collect();
    let nowhere: Vec<Option<LinkAddr>> = vec![None; slices.len()];
    let mut headers = MultiHeaders::<LinkAddr>::preallocate(slices.len(), None);
    let (mut sent, until) = (0u64, Instant::now() + LASTS);
    while Instant::now() < until {
        let results = sendmmsg(fd.as_raw_fd(), &mut headers, &slices, &nowhere, [], MsgFlags::empty());
        sent += results.map_or(0, |results| results.count() as u64);
    }
    println!("{sent}");
}

fn first_packet(to: &[u8], number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut frame = to.to_vec();
    frame.extend_from_slice(&[2, 0, 0, 0, 0, 9, 8, 0]);
    frame.extend_from_slice(&[0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 198, 51, 100, 9, 198, 18, high, low]);
    frame.extend_from_slice(&[0x9c, low, 0, 23, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
    frame
}

// The measurement.

fn all() {
    println!("traps on {}, port {PORT}; {AT_ONCE} visitors at once, {} s each", SHARES[0].0, LASTS.as_secs());
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        println!("load average before: {}", load.trim());
    }
    let place = Place::make();
    let ours = measure_ours(&place);
    match std::env::var_os("NIGHTDESK_OPENCANARY").map(PathBuf::from) {
        Some(folder) => {
            let theirs = measure_opencanary(&place, &folder);
            let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { f64::NAN };
            println!(
                "ratio: {:.1} times the connections, {:.2} times the memory of a held one",
                ratio(ours.rate, theirs.rate),
                ratio(ours.bytes, theirs.bytes)
            );
        }
        None => println!("opencanary: not measured; NIGHTDESK_OPENCANARY names no folder"),
    }
    measure_stateless(&place);
}

/// Visits answered a second, and bytes of the trap's own memory for each held connection.
struct Measured {
    rate: f64,
    bytes: f64,
}

fn measure_ours(place: &Place) -> Measured {
    let outs: Vec<PathBuf> =
        (0..SHARES.len()).map(|share| place.dir.join(format!("hits{share}.json"))).collect();
    let mut traps = Vec::new();
    for (share, out) in outs.iter().enumerate() {
        let words = [&own(), "engine", SHARES[share].0, &out.display().to_string()];
        let mut engine = place.start(&house(share), &words);
        ready(&mut engine);
        traps.push(engine);
    }
    report("nightdesk", place, traps, &outs[0])
}

/// The rate of the first, the lines it logged, and the memory of connections held by all.
fn report(name: &str, place: &Place, mut traps: Vec<Child>, log: &Path) -> Measured {
    let answered: f64 = place.ask("world", &[&own(), "visit"]).trim().parse().unwrap_or(0.0);
    let rate = answered / LASTS.as_secs_f64();
    std::thread::sleep(Duration::from_secs(2));
    let logged =
        fs::read(log).map_or(0, |log| log.split(|byte| *byte == b'\n').filter(|line| has_ping(line)).count());
    println!(
        "{name}: {rate:.0} connections/s answered; {answered:.0} answered, {logged} lines in its log name the bytes"
    );
    let resident = |traps: &[Child]| traps.iter().map(|trap| resident_kib(trap.id())).sum::<u64>();
    let before = resident(&traps);
    let mut holding: Vec<Child> =
        SHARES.iter().map(|(_, first)| place.start("world", &[&own(), "hold", &first.to_string()])).collect();
    let told: Vec<String> = holding.iter_mut().map(first_line).collect();
    let numbers =
        |place: usize| told.iter().filter_map(move |line| line.split(' ').nth(place)?.trim().parse().ok());
    let (held, slowest) = (numbers(0).sum::<f64>(), numbers(1).fold(0.0, f64::max));
    let after = resident(&traps);
    let bytes = 1024.0 * (after as f64 - before as f64) / held.max(1.0);
    println!(
        "{name}: {held:.0} connections held by {} processes, opened in {slowest:.1} s; resident {before} KiB idle, \
         {after} KiB then: {bytes:.0} bytes a connection",
        traps.len()
    );
    holding.iter_mut().for_each(end);
    traps.iter_mut().for_each(end);
    Measured { rate, bytes }
}

fn has_ping(line: &[u8]) -> bool {
    line.windows(4).any(|window| window == b"PING")
}

fn measure_opencanary(place: &Place, folder: &Path) -> Measured {
    let mut traps = Vec::new();
    for (share, (prefix, _)) in SHARES.iter().enumerate() {
        let dir = place.dir.join(format!("opencanary{share}"));
        fs::create_dir_all(&dir).expect("a folder");
        let config = serde_json::json!({
            "device.node_id": "peer", "redis.enabled": true, "redis.port": PORT,
            "logger": { "class": "PyLogger", "kwargs": { "handlers": {
                "file": { "class": "logging.FileHandler", "filename": dir.join("log").display().to_string() } } } }
        });
        fs::write(dir.join("opencanary.conf"), config.to_string()).expect("a file");
        place.run(&[
            "ip",
            "-n",
            place.namespace(&house(share)),
            "route",
            "add",
            "local",
            prefix,
            "dev",
            "lo",
        ]);
        let tac = folder.join("bin/opencanary.tac").display().to_string();
        let twistd = folder.join("bin/twistd").display().to_string();
        let script = format!("cd {} && exec {twistd} -noy {tac}", dir.display());
        traps.push(place.start(&house(share), &["sh", "-c", &script]));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) && !place.answers(share) {}
    }
    let measured = report("opencanary", place, traps, &place.dir.join("opencanary0/log"));
    for (share, (prefix, _)) in SHARES.iter().enumerate() {
        place.run(&[
            "ip",
            "-n",
            place.namespace(&house(share)),
            "route",
            "del",
            "local",
            prefix,
            "dev",
            "lo",
        ]);
    }
    measured
}

fn measure_stateless(place: &Place) {
    pure();
    let mut engine = place.start(&house(0), &[&own(), "stateless"]);
    ready(&mut engine);
    let counted = |interface: &str| {
        let file = format!("/sys/class/net/{interface}/statistics/rx_packets");
        place
            .ask(if interface == "outside0" { "world" } else { "house0" }, &["cat", &file])
            .trim()
            .parse()
            .unwrap_or(0.0)
    };
    let (came, went): (f64, f64) = (counted("inside0"), counted("outside0"));
    let hardware = place.ask("house0", &["cat", "/sys/class/net/inside0/address"]);
    let sent: f64 = place.ask("world", &[&own(), "flood", hardware.trim()]).trim().parse().unwrap_or(0.0);
    let (came, went) = (counted("inside0") - came, counted("outside0") - went);
    let seconds = LASTS.as_secs_f64();
    println!(
        "stateless: {:.0} first packets/s sent over the cable, {:.0} came, {:.0} answered (sender and engine share the cores)",
        sent / seconds,
        came / seconds,
        went / seconds
    );
    end(&mut engine);
}

/// The engine without a socket, on one core.
fn pure() {
    let mut engine = Stateless::new(vec![SHARES[0].0.parse().expect("a prefix")]);
    let frames: Vec<Vec<u8>> = (0..4096).map(|number| first_packet(&[2, 0, 0, 0, 0, 1], number)).collect();
    let (mut out, mut taken, begun) = (Vec::new(), 0u64, Instant::now());
    while begun.elapsed() < Duration::from_secs(3) {
        let now = Timestamp::now();
        for frame in &frames {
            drop(engine.take(frame, now, &mut out));
            taken += u64::from(!out.is_empty());
        }
    }
    println!(
        "stateless: {:.0} first packets/s answered by the engine alone, on one core",
        taken as f64 / begun.elapsed().as_secs_f64()
    );
}

/// The word for the namespace of a share.
fn house(share: usize) -> String {
    format!("house{share}")
}

/// The namespaces and their cables; gone when dropped.
struct Place {
    /// The visitors' first, and one for each share.
    names: Vec<String>,
    dir: PathBuf,
}

impl Place {
    fn make() -> Place {
        let id = std::process::id();
        let words = std::iter::once("world".to_owned()).chain((0..SHARES.len()).map(house));
        let place = Place {
            names: words.map(|word| format!("ndbench{id}-{word}")).collect(),
            dir: std::env::temp_dir().join(format!("nightdesk-bench-{id}")),
        };
        fs::create_dir_all(&place.dir).expect("a folder");
        place.names.iter().for_each(|name| place.ip(&format!("netns add {name}")));
        let world = &place.names[0];
        for (share, (prefix, _)) in SHARES.iter().enumerate() {
            let (name, net) = (&place.names[share + 1], 4 * share);
            for words in [
                format!(
                    "link add outside{share} netns {world} type veth peer name inside{share} netns {name}"
                ),
                format!("-n {world} addr add 198.51.100.{}/30 dev outside{share}", net + 2),
                format!("-n {name} addr add 198.51.100.{}/30 dev inside{share}", net + 1),
                format!("-n {world} link set outside{share} up"),
                format!("-n {name} link set inside{share} up"),
                format!("-n {name} link set lo up"),
                format!("-n {world} route add {prefix} via 198.51.100.{}", net + 1),
            ] {
                place.ip(&words);
            }
        }
        place.ask("world", &["sh", "-c", "echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range"]);
        place
    }

    fn ip(&self, words: &str) {
        self.run(&["ip"].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
    }

    fn namespace(&self, which: &str) -> &str {
        let named = self.names.iter().find(|name| name.ends_with(&format!("-{which}")));
        named.expect("a namespace of this name")
    }

    fn run(&self, words: &[&str]) {
        let (program, rest) = words.split_first().expect("a program");
        let done = Command::new(program).args(rest).status().expect("it runs");
        assert!(done.success(), "{words:?}");
    }

    fn ask(&self, which: &str, words: &[&str]) -> String {
        let output = Command::new("ip")
            .args(["netns", "exec", self.namespace(which)])
            .args(words)
            .output()
            .expect("it runs");
        if !output.status.success() {
            eprintln!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn start(&self, which: &str, words: &[&str]) -> Child {
        let script = format!(
            "ulimit -S -n $(ulimit -Hn); exec {}",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
        );
        Command::new("ip")
            .args(["netns", "exec", self.namespace(which), "sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts")
    }

    fn answers(&self, share: usize) -> bool {
        let place = target(SHARES[share].1, 0);
        let connect = format!("exec 3<>/dev/tcp/{}/{PORT}", place.ip());
        let namespace = ["netns", "exec", &self.names[0], "timeout", "1", "bash", "-c", &connect];
        Command::new("ip").args(namespace).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for name in &self.names {
            drop(Command::new("ip").args(["netns", "del", name]).status());
        }
        drop(fs::remove_dir_all(&self.dir));
    }
}

fn own() -> String {
    std::env::current_exe().expect("our own path").display().to_string()
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("a line");
    line
}

fn ready(child: &mut Child) {
    assert_eq!(first_line(child).trim(), "ready");
}

/// Closes its input, and asks it to end where that says nothing to it.
fn end(child: &mut Child) {
    drop(child.stdin.take());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(Command::new("kill").args(["-TERM", &child.id().to_string()]).status());
    drop(child.wait());
}

fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
