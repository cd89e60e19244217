//! nightdesk on duty on the night's router: set up, started, written to, asked.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use crate::night::{LINE, NEIGHBOUR, Night, PORT};
use crate::nightdesk::Nightdesk;
use crate::patience::until;
use crate::peers::Peer;
use crate::{mail, step};

/// How long a block lasts in these stories.
pub(crate) const BLOCK_FOR: Duration = Duration::from_secs(25);
/// From the answer to the mail until the block stands: minutes would do, seconds are what we promise.
const UNTIL_CONTAINED: Duration = Duration::from_secs(30);

/// nightdesk at work.
pub(crate) struct Duty<'n> {
    night: &'n Night,
    desk: Nightdesk<'n>,
    serving: Peer,
    dir: &'n Path,
}

impl<'n> Duty<'n> {
    /// Configures it, imports the leases, starts `serve` and waits for its greeting.
    pub(crate) fn begin(night: &'n Night, dir: &'n Path) -> Result<Duty<'n>> {
        Duty::begin_with(night, dir, &config(dir))
    }

    /// The same with this configuration.
    pub(crate) fn begin_with(night: &'n Night, dir: &'n Path, config: &str) -> Result<Duty<'n>> {
        let desk = Nightdesk::configure(&night.router, dir, config)?;
        import_leases(&desk, dir)?;
        let serving = desk.serve(dir)?;
        let mut duty = Duty { night, desk, serving, dir };
        duty.wait_until_greeted()?;
        Ok(duty)
    }

    /// A file of the story.
    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.dir.join(name)
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.serving.kill()
    }

    /// Starts it again on what it has left.
    pub(crate) fn begin_again(&mut self) -> Result<()> {
        self.serving = self.desk.serve(self.dir)?;
        self.wait_until_greeted()
    }

    /// Asks it to stop; it must end well.
    pub(crate) fn end(mut self) -> Result<()> {
        let status = self.serving.stop()?;
        ensure!(status.success(), "nightdesk ended with {status} when asked to stop: {}", self.last_words());
        step("nightdesk stops cleanly when asked to");
        Ok(())
    }

    /// The last it has logged.
    pub(crate) fn last_words(&self) -> String {
        self.serving.last_words()
    }

    /// Runs one of its commands, which must succeed.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<String> {
        self.desk.ask(words)
    }

    /// The same with one more variable, `NAME=value`, in its environment.
    pub(crate) fn ask_with(&self, variable: &str, words: &[&str]) -> Result<String> {
        self.desk.ask_with(variable, words)
    }

    fn wait_until_greeted(&mut self) -> Result<()> {
        until("nightdesk answers on its SMTP port", Duration::from_secs(20), || {
            self.serving.still_runs()?;
            let banner = ["swaks", "--server", "198.51.100.1", "--quit-after", "BANNER"];
            Ok(self.night.world.attempt(&banner)?.status.success().then_some(()))
        })
    }

    /// Has the complaint delivered by swaks, and returns when it was accepted.
    pub(crate) fn complain(&self) -> Result<Instant> {
        self.deliver(&mail::spamcop(LINE, PORT, Timestamp::now()))
    }

    /// Has this mail delivered by swaks.
    pub(crate) fn deliver(&self, text: &str) -> Result<Instant> {
        let file = self.dir.join("complaint.eml");
        fs::write(&file, text)?;
        let data = format!("@{}", file.display());
        let said = self.night.world.run(&[
            "swaks",
            "--server",
            "198.51.100.1",
            "--helo",
            "complaints.example.org",
            "--from",
            "6100000017@reports.spamcop.net",
            "--to",
            "abuse@example.net",
            "--data",
            &data,
        ])?;
        let accepted = said.lines().rfind(|line| line.starts_with("<-  250")).unwrap_or_default();
        step(&format!("the complaint is delivered by swaks: {}", accepted.trim_start_matches("<-  ")));
        Ok(Instant::now())
    }

    /// Watches the case until it is contained, telling each stage it is seen in.
    pub(crate) fn wait_until_contained(&mut self, delivered: Instant) -> Result<()> {
        let mut stage = String::from("no case yet");
        let seen = until("the case is contained", UNTIL_CONTAINED, || {
            self.serving.still_runs()?;
            let Some(now) = self.stage()? else { return Ok(None) };
            if now != stage {
                stage = now;
                step(&format!(
                    "{:5.1} s after the mail: the case is {stage}",
                    delivered.elapsed().as_secs_f64()
                ));
            }
            Ok((stage == "contained").then_some(()))
        });
        seen.with_context(|| format!("the case stopped at: {stage}"))
    }

    /// The stage of the one case there is, as `case list --json` has it.
    pub(crate) fn stage(&self) -> Result<Option<String>> {
        let cases = self.cases()?;
        ensure!(cases.len() <= 1, "one complaint made {} cases", cases.len());
        let Some(case) = cases.first() else { return Ok(None) };
        let stage =
            case.get("stage").and_then(|stage| stage.as_str()).context("a case is listed without a stage")?;
        Ok(Some(stage.to_owned()))
    }

    /// All cases, as `case list --json` has them.
    pub(crate) fn cases(&self) -> Result<Vec<serde_json::Value>> {
        self.desk.ask_json(&["case", "list"])
    }

    /// What has happened on the one case there is, as `case show --json` has it.
    pub(crate) fn events(&self) -> Result<Vec<serde_json::Value>> {
        let shown = self.desk.ask_json(&["case", "show", "ND-1"])?;
        let records = shown.first().and_then(|case| case.get("records")?.as_array().cloned());
        Ok(records.unwrap_or_default().iter().filter_map(|record| record.get("event").cloned()).collect())
    }

    /// Waits until `why` speaks of all of these, and prints it: the desk looks at its clock once a second.
    pub(crate) fn explains(&self, of: &[&str]) -> Result<()> {
        let why = until(&format!("`nightdesk why {LINE}` says {of:?}"), Duration::from_secs(5), || {
            let why = self.ask(&["why", LINE])?;
            Ok(of.iter().all(|words| why.contains(words)).then_some(why))
        })?;
        println!("   nightdesk why {LINE}:\n{}", indented(&why));
        Ok(())
    }
}

fn import_leases(desk: &Nightdesk<'_>, dir: &Path) -> Result<()> {
    let file = dir.join("leases.csv");
    let rows = format!(
        "address,from,to,subscriber,contact\n\
         {LINE},2024-01-01T00:00:00Z,,line-0066,line-0066@customers.example.net\n\
         {NEIGHBOUR},2024-01-01T00:00:00Z,,line-0067,line-0067@customers.example.net\n"
    );
    fs::write(&file, rows)?;
    desk.ask(&["lease", "import", file.to_str().context("the lab's folder has no plain name")?])?;
    step("the leases are imported: line-0066 has held the address since 2024");
    Ok(())
}

/// Set in from the story's own words.
pub(crate) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn config(dir: &Path) -> String {
    format!(
        r#"
home = ["203.0.113.0/24"]
never_touch = ["203.0.113.1/32"]
data_dir = "{}/data"

[intake]
smtp = "198.51.100.1:25"
recipients = ["abuse@example.net"]
hostname = "desk.example.net"

[probe]
landing = ["198.51.100.1:8080", "198.51.100.1:80"]
name = "Example Net abuse desk"

[edge]
outlet = "nftables"

[playbook]
block_for = "{}s"
recheck_every = "6h"
"#,
        dir.display(),
        BLOCK_FOR.as_secs()
    )
}
