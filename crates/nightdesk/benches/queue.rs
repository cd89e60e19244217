//! How fast the queue answers with a million cases, beside SQLite on the same rows in the same run.
//!
//! The desk is the real one, `nightdesk serve` on a store that holds a case with its records for each of a million lines; the
//! last of them are open, the others have ended.
//! What is timed is a request over HTTP, as an operator's browser or a program makes it: the page of the queue (HTML) and the
//! same search of the API. The peer answers each search in SQL from the same table with its indexes, in Python's `sqlite3`,
//! without rendering anything: one page of fifty rows and how many there are.
//!
//! `NIGHTDESK_BENCH_CASES` sets how many cases (1,000,000), `NIGHTDESK_BENCH_OPEN` how many of them are open (50,000).

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use case::{Case, CaseId, Kind, Listed, Playbook, Sighting, Source, Standing, Trust};
use jiff::{SignedDuration, Timestamp};
use store::{Batch, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How often each search is asked.
const TIMES: usize = 200;
/// How many cases are written in one transaction.
const TOGETHER: u64 = 2_000;
const OPERATOR: &str = "bench";
const PASSWORD: &str = "correct-horse-battery-staple";

/// What is asked: of the desk, in its language, and of the peer, as a condition in SQL with an order.
const SEARCHES: [(&str, &str, &str); 9] = [
    ("", "open", "due IS NULL, due"),
    ("stage:suspected", "open AND stage = 'suspected'", "due IS NULL, due"),
    ("harm>=5 left<12h", "open AND harm >= 5 AND due < :soon", "due"),
    (
        "kind:open-proxy age>4h",
        "open AND more LIKE '%\"open-proxy\"%' AND opened < :past",
        "due IS NULL, due",
    ),
    ("line-0777*", "open AND subscriber LIKE 'line-0777%'", "due IS NULL, due"),
    ("10.7.77.0/24", "open AND sought LIKE '%10.7.77.%'", "due IS NULL, due"),
    ("sort:-opened", "open", "opened"),
    (
        "is:any 10.7.77.77",
        "case_id IN (SELECT case_id FROM case_addresses WHERE address = '10.7.77.77')",
        "case_id DESC",
    ),
    ("is:ended line-0077777", "NOT open AND sought LIKE '%line-0077777%'", "case_id DESC"),
];

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<()> {
    let asked = |name: &str, usual: u64| std::env::var(name).map_or(Ok(usual), |text| text.parse::<u64>());
    let (cases, open) = (asked("NIGHTDESK_BENCH_CASES", 1_000_000)?, asked("NIGHTDESK_BENCH_OPEN", 50_000)?);
    let dir = tempfile::TempDir::new()?;
    let web = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = configure(dir.path(), web)?;
    let database = dir.path().join("data/nightdesk.db");
    output(nightdesk(&config).args(["operator", "set", OPERATOR]).env("NIGHTDESK_PASSWORD", PASSWORD))?;
    let began = Instant::now();
    fill(&database, cases, cases.saturating_sub(open)).await?;
    println!(
        "queue: {cases} cases, {open} of them open, with their records written in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let serve = Running(nightdesk(&config).arg("serve").env("NIGHTDESK_LOG", "error").spawn()?);
    while get(web, "/healthz", "").await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let session = log_in(web).await?;
    println!(
        "queue: ready after {:.1} s, with {} MB of memory",
        began.elapsed().as_secs_f64(),
        memory(serve.0.id())?
    );
    let theirs = peer(&database)?;
    for ((search, _, _), (their_p50, their_p99, their_total)) in SEARCHES.iter().zip(theirs) {
        let path = format!("/api/v1/cases?q={}", escaped(search));
        let (api, answer) = timed(web, &path, &session).await?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let total = answer.get("total").and_then(serde_json::Value::as_u64).context("a total")?;
        ensure!(total == their_total, "{search:?}: {total} cases, in SQL {their_total}");
        let (page, _) = timed(web, &format!("/?q={}", escaped(search)), &session).await?;
        println!(
            "queue: {search:?}, {total} fit: API p50 {:.1} p99 {:.1} ms, page p50 {:.1} p99 {:.1} ms; SQL p50 {their_p50:.1} p99 {their_p99:.1} ms; ratio at p99 {:.2}",
            api.0,
            api.1,
            page.0,
            page.1,
            their_p99 / api.1
        );
    }
    drop(serve);
    Ok(())
}

/// p50 and p99 of one request, in milliseconds, and the last answer.
async fn timed(web: SocketAddr, path: &str, cookie: &str) -> Result<((f64, f64), String)> {
    let mut took = Vec::with_capacity(TIMES);
    let mut answer = String::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        answer = get(web, path, cookie).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    let at =
        |share: usize| took.get((TIMES * share).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
    Ok(((at(50), at(99)), answer))
}

/// One request on a connection of its own, as a browser that comes back does it.
async fn get(web: SocketAddr, path: &str, cookie: &str) -> Result<String> {
    let (head, body) = ask(web, &format!("GET {path}"), cookie, "").await?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    Ok(body)
}

async fn ask(web: SocketAddr, what: &str, cookie: &str, form: &str) -> Result<(String, String)> {
    let mut stream = TcpStream::connect(web).await?;
    let request = format!(
        "{what} HTTP/1.1\r\nHost: {web}\r\nCookie: {cookie}\r\nOrigin: http://{web}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    Ok((head.to_owned(), body.to_owned()))
}

/// Logs in; the cookies of the session.
async fn log_in(web: SocketAddr) -> Result<String> {
    let (head, page) = ask(web, "GET /login", "", "").await?;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = format!("csrf={}&next=/&name={OPERATOR}&password={PASSWORD}", csrf.context("a form")?);
    let (answer, _) = ask(web, "POST /login", &cookies(&head), &form).await?;
    ensure!(answer.starts_with("HTTP/1.1 303"), "nobody was logged in: {answer}");
    Ok(cookies(&answer))
}

fn cookies(head: &str) -> String {
    let set = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next())?
    });
    set.collect::<Vec<_>>().join("; ")
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// Open cases of the last twenty hours and ended ones of two years before, a line each, every fifth of an open proxy; none has anything under way.
async fn fill(database: &Path, cases: u64, ended: u64) -> Result<()> {
    let store = Store::open(&format!("sqlite://{}", database.display())).await?;
    let (playbook, now) = (Playbook::default(), Timestamp::now());
    let first = now - SignedDuration::from_hours(20);
    let span = i64::try_from(cases - ended)?.max(1);
    for from in (1..=cases).step_by(usize::try_from(TOGETHER)?) {
        let mut batch = Batch::default();
        for number in from..(from + TOGETHER).min(cases + 1) {
            let at = if number <= ended {
                // Two years of them, as a desk has them.
                let each = 63_072_000 / i64::try_from(ended)?;
                first - SignedDuration::from_secs(i64::try_from(ended - number)? * each)
            } else {
                let place = i64::try_from(number - ended)?;
                first + SignedDuration::from_micros(place * (19 * 3_600_000_000 / span))
            };
            let (records, listed) = one(number, at, &playbook, number <= ended)?;
            batch.records.extend(records);
            batch.summaries.push(listed);
        }
        store.commit(&batch).await?;
    }
    Ok(())
}

fn one(
    number: u64,
    at: Timestamp,
    playbook: &Playbook,
    has_ended: bool,
) -> Result<(Vec<case::Record>, Listed)> {
    let kinds = [Kind::OpenProxy, Kind::SpamSource, Kind::Malware, Kind::Scan, Kind::SpamSource];
    let kind = kinds[usize::try_from(number % 5)?];
    let mut evidence = [0u8; 32];
    evidence[..8].copy_from_slice(&number.to_be_bytes());
    let octets = u32::try_from(number)?.to_be_bytes();
    let sighting = Sighting {
        evidence: case::EvidenceId(evidence),
        claim: 0,
        span: None,
        source: Source::Report {
            domain: format!("reporter-{}.example.net", number % 97),
            authenticated: true,
            trust: Trust::default(),
            standing: Standing::Unknown,
            network: None,
        },
        kind,
        address: std::net::Ipv4Addr::new(10, octets[1], octets[2], octets[3]).into(),
        port: (kind == Kind::OpenProxy).then_some(1080),
        protocol: None,
        happened: Some(at),
        received: at,
        attributed: "a lease of that time".to_owned(),
        report: None,
        malware: None,
        spotted: false,
    };
    let id = CaseId(number);
    let line = format!("line-{number:07}").parse()?;
    let events = Case::open(id, &line, sighting, playbook, at);
    let record = |(version, event)| case::Record { case: id, version, at, actor: case::Actor::Desk, event };
    let mut records: Vec<case::Record> = (1..).zip(events).map(record).collect();
    let mut case = Case::replay(&records).context("a case")?;
    if has_ended {
        let dismiss = case::Command::Dismiss { reason: "a printer".to_owned() };
        let events = case.decide(&dismiss, playbook, at)?;
        records.extend((case.version() + 1..).zip(events).map(record));
        case = Case::replay(&records).context("a case")?;
    }
    let listed = Listed::of(&case, playbook);
    Ok((records, listed))
}

/// The same searches in SQL: p50 and p99 in milliseconds, and how many rows fit.
fn peer(database: &Path) -> Result<Vec<(f64, f64, u64)>> {
    const ASK: &str = r#"
import json, sqlite3, sys, time
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
now = int(time.time() * 1e6)
values = {"soon": now + 12 * 3600 * 10**6, "past": now - 4 * 3600 * 10**6}
for where, order in json.loads(sys.argv[3]):
    took = []
    for _ in range(int(sys.argv[2])):
        began = time.perf_counter()
        rows = db.execute(f"SELECT * FROM summaries WHERE {where} ORDER BY {order} LIMIT 50", values).fetchall()
        total = db.execute(f"SELECT COUNT(*) FROM summaries WHERE {where}", values).fetchone()[0]
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    print(took[len(took) // 2], took[-1 - len(took) // 100], total)
"#;
    // Its slowest searches take half a second each.
    const PEER_TIMES: &str = "7";
    let asked: Vec<_> = SEARCHES.iter().map(|(_, condition, order)| (condition, order)).collect();
    let output = Command::new("python3")
        .args(["-c", ASK])
        .arg(database)
        .args([PEER_TIMES, &serde_json::to_string(&asked)?])
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .map(|line| {
            let mut words = line.split(' ');
            let mut word = || words.next().context("a figure");
            Ok((word()?.parse()?, word()?.parse()?, word()?.parse()?))
        })
        .collect()
}

/// Resident memory of a process, in megabytes.
fn memory(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? / 1024)
}

fn configure(dir: &Path, web: SocketAddr) -> Result<PathBuf> {
    let path = dir.join("nightdesk.toml");
    // The prefix is never touched: this measures the queue, not probes.
    let text = format!(
        "home = [\"10.0.0.0/8\"]\nnever_touch = [\"10.0.0.0/8\"]\ndata_dir = \"{}\"\n[intake]\n[probe]\nlanding = [\"127.0.0.1:0\"]\n[web]\nlisten = \"{web}\"\n",
        dir.join("data").display()
    );
    std::fs::write(&path, text)?;
    Ok(path)
}

fn nightdesk(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.arg("--config").arg(config);
    command
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
