//! `nightdesk init`: six questions, one configuration, one operator.

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::{Answer, operators};
use crate::cli::Init;
use crate::{config, output, startup};

pub(crate) async fn run(path: &Path, options: &Init) -> Result<Answer> {
    ensure!(!path.exists(), "{} exists already; edit it, or name another file with --config", path.display());
    let text = ask_all(options)?;
    let config = config::parse(&text, &path.display().to_string())
        .context("with these answers the desk could not start")?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    // The file is written last: until everything it needs is there, init can simply be run again.
    let store = startup::open_store(&config).await?;
    let made = operators::set(&store, &options.operator).await?;
    std::fs::write(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
    output::line(format!("{} is written. Every other setting: nightdesk config default", path.display()));
    if let Some(password) = made {
        output::line(format!(
            "{} logs in with this password; it is shown once: {password}",
            options.operator
        ));
    }
    output::line(format!(
        "Next: nightdesk --config {0} lease import FILE, then nightdesk --config {0} serve",
        path.display()
    ));
    Ok(Answer::Yes)
}

/// The configuration from options, and from questions for what the options leave open.
fn ask_all(options: &Init) -> Result<String> {
    let list = |values: Vec<String>| toml::Value::from(values).to_string();
    let home = options.home.iter().map(ToString::to_string).collect::<Vec<_>>();
    let home = given_or_ask(home, "Your own prefixes, with spaces between (203.0.113.0/24)", None)?;
    let recipients =
        given_or_ask(options.recipient.clone(), "Addresses mail is accepted for (abuse@example.net)", None)?;
    let smtp =
        one(options.smtp.map(|smtp| smtp.to_string()), "Where to listen for SMTP", Some("0.0.0.0:25"))?;
    let landing = one(
        options.landing.map(|landing| landing.to_string()),
        "An address and port of this machine that subscribers can connect to (198.51.100.10:8080)",
        None,
    )?;
    let outlet =
        one(options.outlet.clone(), "What blocks a proved line: dry-run or nftables", Some("dry-run"))?;
    let from = one(options.from.clone(), "The sender of our mail (Abuse desk <abuse@example.net>)", None)?;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut text = format!("home = {}\n", list(home));
    if let Some(dir) = &options.data_dir {
        text.push_str(&format!("data_dir = {}\n", quoted(&dir.display().to_string())));
    }
    text.push_str(&format!("\n[intake]\nrecipients = {}\nsmtp = {}\n", list(recipients), quoted(&smtp)));
    text.push_str(&format!("\n[probe]\nlanding = {}\n", list(vec![landing])));
    text.push_str(&format!("\n[edge]\noutlet = {}\n", quoted(&outlet)));
    text.push_str(&format!(
        "\n[mail]\nfrom = {}\n# relay = \"127.0.0.1\"  # without a relay nobody is told by mail\n",
        quoted(&from)
    ));
    Ok(text)
}

fn one(given: Option<String>, question: &str, default: Option<&str>) -> Result<String> {
    let answer = given_or_ask(given.into_iter().collect(), question, default)?;
    // A mailbox holds spaces; whoever typed it meant one answer.
    Ok(answer.join(" "))
}

fn given_or_ask(given: Vec<String>, question: &str, default: Option<&str>) -> Result<Vec<String>> {
    if !given.is_empty() {
        return Ok(given);
    }
    let mut input = std::io::stdin().lock();
    let hint = default.map(|default| format!(" [{default}]")).unwrap_or_default();
    if !std::io::stdin().is_terminal() {
        return default.map(|default| vec![default.to_owned()]).with_context(|| {
            format!("nobody is there to ask ({question}); give it as an option, see nightdesk init --help")
        });
    }
    for _ in 0..3 {
        let mut out = std::io::stderr().lock();
        write!(out, "{question}{hint}: ")?;
        out.flush()?;
        let mut line = String::new();
        ensure!(
            input.read_line(&mut line)? > 0,
            "the answers ended before the questions did; nothing was written"
        );
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match (words.is_empty(), default) {
            (false, _) => return Ok(words),
            (true, Some(default)) => return Ok(vec![default.to_owned()]),
            (true, None) => {}
        }
    }
    bail!("no answer to: {question}; nothing was written")
}
