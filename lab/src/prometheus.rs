//! The story of a real Prometheus that scrapes a desk at work, loads its rules and asks whatever its dashboard asks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::duty::Duty;
use crate::net::{self, Namespace};
use crate::night::{Night, Proxy};
use crate::patience::until;
use crate::peers::Peer;
use crate::step;

/// What the package ships.
const RULES: &str = include_str!("../../pkg/prometheus/nightdesk.rules.yml");
const DASHBOARD: &str = include_str!("../../pkg/prometheus/nightdesk-dashboard.json");
/// Where Prometheus answers, and where the desk's pages are.
const PROMETHEUS: &str = "127.0.0.1:9090";
const DESK: &str = "127.0.0.1:8053";
/// How long something may take to be scraped or judged, each of which happens once a second.
const SOON: Duration = Duration::from_secs(20);

/// Plays it.
pub(crate) fn play() -> Result<()> {
    net::ready_with(&[("prometheus", "prometheus"), ("promtool", "prometheus")])?;
    let dir = net::folder()?;
    let night = Night::fall(Proxy::Microsocks, dir.path())?;
    let mut duty = Duty::begin(&night, dir.path())?;
    let prometheus = start(&night.router, dir.path())?;
    let ending = goes_on(&night, &mut duty);
    if ending.is_err() {
        println!("   nightdesk's last words:\n{}", duty.last_words());
        println!("   Prometheus' last words:\n{}", prometheus.last_words());
    }
    ending?;
    drop(prometheus);
    duty.end()
}

fn goes_on(night: &Night, duty: &mut Duty<'_>) -> Result<()> {
    let on = &night.router;
    until_value(on, "up{job=\"nightdesk\"}", |up| up == 1.0)?;
    step("Prometheus scrapes the desk");
    let delivered = duty.complain()?;
    duty.wait_until_contained(delivered)?;
    for (question, expected) in [
        ("nightdesk_cases{stage=\"contained\"}", 1.0),
        ("nightdesk_cases_by_kind{stage=\"contained\",kind=\"open-proxy\"}", 1.0),
        ("nightdesk_clock_seconds_count{clock=\"contain\"}", 1.0),
        ("nightdesk_clock_seconds_bucket{clock=\"contain\",le=\"60\"}", 1.0),
        ("nightdesk_edge_as_planned", 1.0),
        ("nightdesk_spool_waiting", 0.0),
    ] {
        until_value(on, question, |value| (value - expected).abs() < f64::EPSILON)?;
    }
    until_value(on, "nightdesk_blocks_in_force", |blocks| blocks >= 1.0)?;
    step("Prometheus has the contained case, its clock and its blocks");
    let told = duty.ask(&["numbers", "clocks", "--json"])?;
    let contain =
        told.lines().find(|line| line.contains("\"clock\":\"contain\"")).context("no such clock")?;
    ensure!(contain.contains("\"ended\":1"), "the log and the metrics differ: {contain}");
    let text = on.run(&["curl", "-sf", &format!("http://{DESK}/metrics")])?;
    check_metrics(on, &text, &duty.file("metrics.txt"))?;
    step("the log says the same, and promtool finds nothing to mend in what is scraped");
    dashboard(on)?;
    rules(on)
}

/// Starts Prometheus with the package's rules, scraping once a second.
fn start(on: &Namespace, dir: &Path) -> Result<Peer> {
    let (config, rules) = (dir.join("prometheus.yml"), dir.join("nightdesk.rules.yml"));
    fs::write(&rules, RULES)?;
    let text = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{}]\nscrape_configs:\n  \
         - job_name: nightdesk\n    static_configs:\n      - targets: [\"{DESK}\"]\n",
        rules.display()
    );
    fs::write(&config, text)?;
    let config = format!("--config.file={}", config.display());
    let data = format!("--storage.tsdb.path={}", dir.join("prometheus").display());
    let listen = format!("--web.listen-address={PROMETHEUS}");
    let mut peer =
        Peer::start(on, "prometheus", &["prometheus", &config, &data, &listen, "--log.level=warn"], dir)?;
    until("Prometheus is ready", SOON, || {
        peer.still_runs()?;
        let ready = on.attempt(&["curl", "-sf", &format!("http://{PROMETHEUS}/-/ready")])?;
        Ok(ready.status.success().then_some(()))
    })?;
    Ok(peer)
}

/// What Prometheus' API says; its `data`.
fn api(on: &Namespace, path: &str, query: Option<&str>) -> Result<Value> {
    let url = format!("http://{PROMETHEUS}/api/v1/{path}");
    let query = query.map(|query| format!("query={query}"));
    let mut words = vec!["curl", "-s", "-G", url.as_str()];
    if let Some(query) = &query {
        words.extend(["--data-urlencode", query]);
    }
    let said = on.run(&words)?;
    let answer: Value = serde_json::from_str(&said).with_context(|| format!("{path} is no JSON: {said}"))?;
    let is_good = answer.get("status").and_then(Value::as_str) == Some("success");
    ensure!(is_good, "Prometheus refuses {path} {}: {said}", query.unwrap_or_default());
    answer.get("data").cloned().context("an answer without data")
}

/// The value of a question with one; none while there is none.
fn value(on: &Namespace, question: &str) -> Result<Option<f64>> {
    let data = api(on, "query", Some(question))?;
    let first = data.pointer("/result/0/value/1").and_then(Value::as_str);
    Ok(first.and_then(|value| value.parse().ok()))
}

fn until_value(on: &Namespace, question: &str, is_right: impl Fn(f64) -> bool) -> Result<()> {
    until(&format!("Prometheus knows {question}"), SOON, || {
        Ok(value(on, question)?.filter(|value| is_right(*value)).map(drop))
    })
}

/// promtool reads from its standard input only.
fn check_metrics(on: &Namespace, text: &str, file: &Path) -> Result<()> {
    fs::write(file, text)?;
    let shell = format!("promtool check metrics < {}", file.display());
    let said = on.attempt(&["sh", "-c", &shell])?;
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    ensure!(said.status.success() && words.trim().is_empty(), "promtool says: {words}");
    Ok(())
}

/// Every question of the dashboard is understood, and those of the night itself have answers.
fn dashboard(on: &Namespace) -> Result<()> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).context("the dashboard is no JSON")?;
    let panels = dashboard.get("panels").and_then(Value::as_array).context("the dashboard has no panels")?;
    let targets = panels.iter().filter_map(|panel| panel.get("targets")?.as_array()).flatten();
    let (mut asked, mut answered) = (0, 0);
    for question in targets.filter_map(|target| target.get("expr")?.as_str()) {
        let data = api(on, "query", Some(question))?;
        let has_answer = data.get("result").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        asked += 1;
        answered += usize::from(has_answer);
    }
    // There are no flows, traps, self-checks or blocklists tonight; all else must be there.
    ensure!(asked >= 43 && answered + 10 >= asked, "only {answered} of {asked} questions have an answer");
    step(&format!("the dashboard's {asked} questions are understood, {answered} have an answer tonight"));
    Ok(())
}

/// Every rule is loaded and can be judged, and nobody is woken by a night that goes well.
fn rules(on: &Namespace) -> Result<()> {
    let judged = until("every rule was judged", SOON, || {
        let data = api(on, "rules", None)?;
        let rules = data.pointer("/groups/0/rules").and_then(Value::as_array).cloned().unwrap_or_default();
        let word = |rule: &Value, key: &str| {
            rule.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
        };
        if let Some(bad) = rules.iter().find(|rule| word(rule, "health") == "err") {
            anyhow::bail!("a rule cannot be judged: {bad}");
        }
        let all = !rules.is_empty() && rules.iter().all(|rule| word(rule, "health") == "ok");
        Ok(all
            .then(|| rules.iter().map(|rule| (word(rule, "name"), word(rule, "state"))).collect::<Vec<_>>()))
    })?;
    let firing: Vec<&str> =
        judged.iter().filter(|(_, state)| state == "firing").map(|(name, _)| name.as_str()).collect();
    ensure!(firing.is_empty(), "a night that goes well rings {firing:?}");
    step(&format!("the package's {} rules are loaded and judged; none rings", judged.len()));
    Ok(())
}
