//! The staged night from dusk to the first contained case.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use case::{CaseId, Stage};
use desk::Desk;
use sensors::smtp::{self, Protocol, Recipients};
use sensors::{Acceptance, Tally};

use super::mails::{self, NIGHT};
use super::traffic::{self, Exporter};
use super::{line, post};
use crate::cli::Demo;
use crate::commands::{Answer, leases, operators};
use crate::startup::{self, Prepared};
use crate::{config, output};

/// The infected line: an odd port on an address of loopback that plays a subscriber.
const LINE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 66, 0, 66)), 48613);
/// Who is on duty in this night, week by week.
const ON_DUTY: &str = r#"
time_zone = "Europe/Berlin"
[[person]]
name = "anna"
contacts = [{ mail = "night@example.net" }]
[[person]]
name = "ben"
contacts = [{ mail = "night@example.net" }]
[[schedule]]
name = "night"
[[schedule.layer]]
people = ["anna", "ben"]
rotate = "weekly"
hand_over = "09:00"
from = "2026-01-05"
[[policy]]
name = "night"
steps = [{ ring = ["schedule:night"] }, { after = "10m", ring = ["everybody"] }]
repeat = 3
repeat_after = "10m"
comes_back = "60m"
"#;
/// How long the night may take to its first contained case.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the night is looked at for the terminal.
const GLANCE: Duration = Duration::from_millis(100);

/// Plays the night, then leaves the page open (or ends, with `--once`).
pub(crate) async fn run(options: &Demo) -> Result<Answer> {
    let stage = Scenery::new(options.nftables).await?;
    let result = play(options, &stage).await;
    stage.strike().await;
    result
}

async fn play(options: &Demo, stage: &Scenery) -> Result<Answer> {
    output::line(
        "nightdesk demo: one night on this machine. Loopback only; nothing is set up, nothing is left behind.",
    );
    let (mailbox, outgoing) = customers_mailbox().await?;
    std::fs::write(stage.on_duty(), ON_DUTY).context("cannot write who is on duty in the demo")?;
    let config = config::parse(&stage.config(options.listen, mailbox), "the demo's configuration")?;
    let store = startup::open_store(&config).await?;
    let now = Timestamp::now();
    let csv = stage.dir.join("leases.csv");
    std::fs::write(&csv, mails::leases(now)).context("cannot write the demo's leases")?;
    leases::import(&store, &csv, None, None, false).await?;
    let password = operators::make_password()?;
    store.set_operator("demo", &desk::hash_password(&password)?).await?;

    traffic::on_disk(&config.lake_dir(), &config.general.home, LINE, now)?;

    let bound = Prepared::new(config).await?.bind().await?;
    let (page, smtp, desk) =
        (bound.page_url(), bound.smtp_address().context("no SMTP listener")?, bound.desk());
    let garden = bound.garden_address().context("no walled garden")?;
    let flows = bound.flow_addresses().first().copied().context("no flow socket")?;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(bound.run(stopped));
    let infected = line::infect(LINE).await?;
    output::line(format!(
        "a virus has landed on line-0066: {LINE} is now an open proxy, on a port nobody would scan"
    ));

    let began = Instant::now();
    for mail in &NIGHT {
        let word = post::deliver(smtp, &mail.text(now)).await?;
        output::line(format!("mail in   {} ({word})", mail.shows));
    }
    let mut exporter = Exporter::new(flows).await?;
    let told = exporter.tell_of_the_evening(LINE).await?;
    output::line(format!("flows in  {told} records of the last minutes, as IPFIX; a day of them is on disk"));
    let exporter = tokio::spawn(exporter.go_on());
    let (contained, after) = watch_the_night(&desk, outgoing, began).await?;
    show_the_plan(&desk).await;
    let edge = if options.nftables {
        "in a real packet filter"
    } else {
        "in the dry-run plan: nothing was really blocked"
    };
    output::line(format!(
        "{contained} went from complaint to contained in {:.1} s ({edge}).",
        after.as_secs_f64()
    ));
    let touched = format!("  touched {page}{}", exposure(now));
    let evening = format!("  evening {page}timeline/{}", LINE.ip());
    let garden = format!("  garden  http://{garden}/ as {} sees it", LINE.ip());
    let password = format!("  password {password}");
    let mail = format!("  mail    {smtp} takes reports for abuse@example.net, by SMTP");
    for text in [
        "",
        &format!("  page    {page}"),
        &touched,
        &evening,
        &garden,
        &mail,
        "  login   demo",
        &password,
        "",
    ] {
        output::line(text);
    }
    if !options.once {
        output::line("Enter cleans the infected machine. Ctrl-C ends the night and removes its folder.");
        tokio::select! {
            ended = tokio::signal::ctrl_c() => ended?,
            () = asked_to_clean() => {
                infected.abort();
                output::line(format!("the machine on line-0066 is clean: nothing listens on {LINE} any more"));
                tokio::signal::ctrl_c().await?;
            }
        }
    }
    exporter.abort();
    infected.abort();
    stop.send_replace(true);
    running.await??;
    Ok(Answer::Yes)
}

/// Waits until somebody presses Enter; for ever where nobody can.
async fn asked_to_clean() {
    let (pressed, waiting) = oneshot::channel();
    // A thread of its own: one of the runtime's would keep the night from ending until a key is pressed.
    std::thread::spawn(move || {
        let read = std::io::stdin().read_line(&mut String::new()).is_ok_and(|read| read > 0);
        if read && pressed.send(()).is_err() {
            tracing::debug!("the night ended before its machine was cleaned");
        }
    });
    if waiting.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The page that says whom the scanner touched.
fn exposure(now: Timestamp) -> String {
    let at = now.saturating_sub(jiff::SignedDuration::from_mins(traffic::SCANNED)).unwrap_or(now);
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("exposure?scanner={}&victim=127.66.0.31&at={at}", traffic::SCANNER)
}

/// Prints what happens, case by case, until one is contained.
async fn watch_the_night(
    desk: &Desk,
    mut outgoing: mpsc::Receiver<sensors::Delivery>,
    began: Instant,
) -> Result<(CaseId, Duration)> {
    let mut seen: BTreeMap<CaseId, usize> = BTreeMap::new();
    let mut contained = None;
    let mut settle = None;
    loop {
        for row in desk.queue("", 1, "").await?.rows {
            let Some(view) = desk.case(row.id).await? else { continue };
            let told = seen.entry(row.id).or_default();
            for event in view.timeline.iter().skip(*told) {
                let text = if event.text.is_empty() { String::new() } else { format!(": {}", event.text) };
                output::line(format!(
                    "{:>6.1} s  {:<6} {:<10} {}{text}",
                    began.elapsed().as_secs_f64(),
                    row.id,
                    row.subscriber,
                    event.title
                ));
            }
            *told = view.timeline.len();
            if row.stage == Stage::Contained && contained.is_none() {
                contained = Some((row.id, began.elapsed()));
                // The mails that follow from it are on their way; give them a moment, not a promise.
                settle = Some(Instant::now() + Duration::from_secs(3));
            }
        }
        while let Ok(mail) = outgoing.try_recv() {
            output::line(format!("mail out  {}", subject_of(&mail.bytes)));
            if mail.ack.send(Acceptance::OnDisk).is_err() {
                tracing::debug!("our own mailer hung up before it was answered");
            }
        }
        if let (Some(case), Some(settled)) = (contained, settle)
            && Instant::now() >= settled
        {
            return Ok(case);
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "no case was contained within {} s; run again with NIGHTDESK_LOG=debug",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(GLANCE).await;
    }
}

fn subject_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let header = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
    };
    format!("to {}: {}", header("To:"), header("Subject:"))
}

async fn show_the_plan(desk: &Desk) {
    output::line("");
    output::line("the plan at the edge:");
    for rule in desk.plan().await.rules() {
        output::line(format!(
            "  drop {} until {} ({})",
            rule.key,
            rule.until.strftime("%H:%M UTC"),
            rule.case
        ));
    }
}

/// A mailbox that stands for the whole outside world: customers and reporters.
async fn customers_mailbox() -> Result<(SocketAddr, mpsc::Receiver<sensors::Delivery>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen on loopback")?;
    let address = listener.local_addr()?;
    let recipients =
        Recipients::parse(["customers.example.net", "reports.spamcop.net", "night@example.net"])?;
    let mut settings = smtp::Config::new(Protocol::Smtp, "outside.example.org", recipients);
    settings.tally = Arc::new(Tally::default());
    let (deliveries, outgoing) = mpsc::channel(16);
    // Dropped with the runtime: the outside world does not end before the night does.
    let (_always, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let _always = _always;
        smtp::serve(listener, settings, deliveries, stopped).await;
    });
    Ok((address, outgoing))
}

/// What is built up for the night and taken down after it.
struct Scenery {
    dir: PathBuf,
    namespace: Option<String>,
}

impl Scenery {
    async fn new(nftables: bool) -> Result<Scenery> {
        let name = format!("nightdesk-demo-{}", std::process::id());
        let dir = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let namespace = nftables.then_some(name);
        if let Some(name) = &namespace {
            ip(&["netns", "add", name])
                .await
                .context("--nftables needs root and iproute2; leave it out for the dry-run plan")?;
        }
        Ok(Scenery { dir, namespace })
    }

    fn on_duty(&self) -> PathBuf {
        self.dir.join("oncall.toml")
    }

    fn config(&self, page: SocketAddr, mailbox: SocketAddr) -> String {
        let edge = match &self.namespace {
            None => "outlet = \"dry-run\"".to_owned(),
            Some(name) => {
                format!("outlet = \"nftables\"\ncommand = [\"ip\", \"netns\", \"exec\", \"{name}\", \"nft\"]")
            }
        };
        format!(
            "home = [\"127.66.0.0/24\"]\ndata_dir = {data}\n\n\
             [intake]\nrecipients = [\"abuse@example.net\"]\nsmtp = \"127.0.0.1:0\"\nauthserv_id = \"mx.example.net\"\n\n\
             [leases]\nsubscriber_mail = \"{{subscriber}}@customers.example.net\"\n\n\
             [probe]\nlanding = [\"127.0.0.1:0\"]\ndeadline = \"3s\"\n\n[edge]\n{edge}\n\n\
             [mail]\nrelay = \"{}\"\nport = {}\nfrom = \"Abuse desk <abuse@example.net>\"\noperators = \"night@example.net\"\n\n[oncall]\nfile = {on_duty}\n\n[flows]\nlisten = [\"127.0.0.1:0\"]\nexporters = [\"127.0.0.1/32\"]\nbuffer = 131072\n\n[garden]\nlisten = \"127.0.0.1:0\"\nproxies = [\"127.0.0.1/32\"]\ncontact = \"+49 30 0000 000\"\n\n[web]\nlisten = \"{page}\"\n",
            mailbox.ip(),
            mailbox.port(),
            on_duty = toml::Value::from(self.on_duty().display().to_string()),
            data = toml::Value::from(self.dir.join("data").display().to_string()),
        )
    }

    async fn strike(self) {
        if let Some(name) = &self.namespace
            && let Err(error) = ip(&["netns", "delete", name]).await
        {
            tracing::warn!(%error, namespace = name, "the demo's network namespace is left behind");
        }
        remove(&self.dir).await;
    }
}

/// The thread that keeps flows may be at its last file: the folder is tried again for a moment.
async fn remove(dir: &Path) {
    for last in [false, false, true] {
        match std::fs::remove_dir_all(dir) {
            Ok(()) => return,
            Err(error) if last => {
                tracing::warn!(%error, folder = %dir.display(), "the demo's folder is left behind");
            }
            Err(_) => tokio::time::sleep(GLANCE).await,
        }
    }
}

async fn ip(arguments: &[&str]) -> Result<()> {
    let output =
        tokio::process::Command::new("ip").args(arguments).output().await.context("cannot run ip")?;
    if !output.status.success() {
        bail!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
