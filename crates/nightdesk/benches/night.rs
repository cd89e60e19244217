//! How fast a night goes, beside Python's own library on the same mails in the same run. How fast mails are read is
//! the benchmark `mails` of `report`.
//!
//! * `smtp`: mails from connection to 250 with fsync, and on to the case, by several clients at once, against a Python
//!   `smtpd` server that parses each mail with `email` and puts it on disk the same way (and makes no case).

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "../src/demo/post.rs"]
mod post;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use store::Store;

const CLIENTS: u32 = 8;
const MAILS: u32 = 2_000;
const LINES: u32 = 200;

fn main() -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(smtp())
}

fn peer() -> Command {
    let mut python = Command::new("python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peer.py"));
    python
}

async fn smtp() -> Result<()> {
    let dir = tempfile::TempDir::new()?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let config = configure(dir.path(), port)?;
    let serve = Running(nightdesk(&config).arg("serve").env("NIGHTDESK_LOG", "error").spawn()?);
    let mails: Vec<String> = (0..MAILS).map(mail).collect();
    while post::deliver(port, "Subject: is it up?\r\n\r\nyes?\r\n").await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let store = Store::open(&format!("sqlite://{}", dir.path().join("data/nightdesk.db").display())).await?;
    let began = Instant::now();
    deliver_all(port, &mails).await?;
    let accepted = began.elapsed();
    while store.cursor("intake").await? < u64::from(MAILS) + 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let on_cases = began.elapsed();
    drop(serve);

    let mut python = peer();
    let mut server = Running(python.arg("smtp").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().context("a port")?).read_line(&mut line)?;
    let port: SocketAddr = format!("127.0.0.1:{}", line.trim()).parse()?;
    let began = Instant::now();
    deliver_all(port, &mails).await?;
    let theirs = rate(began.elapsed());
    drop(server.0.stdin.take());
    println!(
        "smtp: {MAILS} mails, {CLIENTS} clients, fsync on; nightdesk to 250 {:.0}/s, to the case {:.0}/s; Python smtpd + email to 250 {theirs:.0}/s; ratio to 250 {:.2}, to the case {:.2}",
        rate(accepted),
        rate(on_cases),
        rate(accepted) / theirs,
        rate(on_cases) / theirs
    );
    Ok(())
}

fn rate(took: Duration) -> f64 {
    f64::from(MAILS) / took.as_secs_f64()
}

async fn deliver_all(to: SocketAddr, mails: &[String]) -> Result<()> {
    let share = mails.len().div_ceil(usize::try_from(CLIENTS)?);
    let clients: Vec<_> = mails
        .chunks(share)
        .map(|share| {
            let share = share.to_vec();
            tokio::spawn(async move {
                for mail in &share {
                    post::deliver(to, mail).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    Ok(())
}

fn mail(number: u32) -> String {
    let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let address = format!("127.66.1.{}", 1 + number % LINES);
    format!(
        "From: {number}@reports.spamcop.net\nTo: abuse@example.net\nDate: {date}\nSubject: [SpamCop ({address}) id:{number}]Buy\n\
         Message-ID: <rid_{number}@msgid.spamcop.net>\n\n[ SpamCop V4.9.0 ]\n\nEmail from {address} / {date}\n\n\
         [ Offending message ]\nReceived: from pc ([{address}]) by mx.example.org; {date}\nSubject: Buy\n\n{}\n",
        "Cheap, cheaper, cheapest. Visit us today.\n".repeat(40)
    )
    .replace('\n', "\r\n")
}

fn configure(dir: &Path, smtp: SocketAddr) -> Result<PathBuf> {
    let path = dir.join("nightdesk.toml");
    let data = dir.join("data");
    // The prefix is on loopback and never touched: this measures mail, not probes.
    let text = format!(
        "home = [\"127.66.1.0/24\"]\nnever_touch = [\"127.66.1.0/24\"]\ndata_dir = \"{}\"\n[intake]\nrecipients = [\"abuse@example.net\"]\n\
         smtp = \"{smtp}\"\n[probe]\nlanding = [\"127.0.0.1:0\"]\n[web]\nlisten = \"127.0.0.1:0\"\n",
        data.display()
    );
    std::fs::write(&path, text)?;
    let leases = dir.join("leases.csv");
    let rows: String =
        (1..=LINES).map(|host| format!("127.66.1.{host},line-{host},2020-01-01T00:00:00Z,\n")).collect();
    std::fs::write(&leases, format!("address,subscriber,from,to\n{rows}"))?;
    output(nightdesk(&path).args(["lease", "import"]).arg(&leases))?;
    Ok(path)
}

fn nightdesk(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightdesk"));
    command.arg("--config").arg(config);
    command
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    anyhow::ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
