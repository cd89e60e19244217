//! `nightdesk trap`: traps without a desk, one line for each hit.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;
use trap::{Hit, Rules};

use super::Answer;
use crate::cli::Trap;
use crate::config::{self, Config};
use crate::traps::{Answering, HITS, settings};
use crate::{output, stop};

/// How many hits are written together at most.
const TOGETHER: usize = 256;
/// How many of the first bytes a line for people shows.
const SHOWN: usize = 60;

/// Answers until told to stop.
pub(crate) async fn run(path: &Path, options: &Trap) -> Result<Answer> {
    let config = if options.prefix.is_empty() { config::load(path)? } else { Config::default() };
    let mut settings = settings(&config);
    settings.prefixes.extend(&options.prefix);
    settings.tarpit |= options.tarpit;
    if let Some(port) = options.port {
        settings.port = port.get();
    }
    if let Some(most) = options.per_source {
        settings.limits.per_source = usize::try_from(most)?;
        settings.limits.per_net = settings.limits.per_net.max(settings.limits.per_source);
    }
    ensure!(
        !settings.prefixes.is_empty(),
        "there is no spare prefix; give --prefix, or set traps.prefixes in the configuration"
    );
    let stateless = options.stateless.as_deref().or(config.traps.stateless.as_deref());
    if options.print_rules {
        let rules = match stateless {
            Some(_) => Rules::silent(&settings.prefixes),
            None => Rules::to_port(&settings.prefixes, settings.port),
        };
        output::bytes(rules.as_shell().as_bytes());
        return Ok(Answer::Yes);
    }
    let (answering, rules) = Answering::open(settings, stateless)?;
    let _installed = match options.no_rules {
        true => None,
        false => Some(rules.install().context("cannot set up the rules of the traps")?),
    };
    tracing::info!("the traps are set");
    let (hits, told) = mpsc::channel(HITS);
    let stop = stop::on_signal()?;
    let answered = tokio::spawn(answering.run(hits, stop));
    tell(told, options.json.json).await?;
    answered.await??;
    Ok(Answer::Yes)
}

/// Writes hits until there are no more.
async fn tell(mut hits: mpsc::Receiver<Hit>, json: bool) -> Result<()> {
    let mut batch = Vec::with_capacity(TOGETHER);
    while hits.recv_many(&mut batch, TOGETHER).await > 0 {
        let mut text = Vec::new();
        for hit in batch.drain(..) {
            if json {
                serde_json::to_writer(&mut text, &hit)?;
            } else {
                text.extend_from_slice(line(&hit).as_bytes());
            }
            text.push(b'\n');
        }
        output::bytes(&text);
    }
    Ok(())
}

/// A hit for people; nothing of the stranger's in it is unescaped.
fn line(hit: &Hit) -> String {
    let wanted = &hit.wanted;
    let target = wanted.target.as_ref().map(|target| format!(" to {target}")).unwrap_or_default();
    let first = hit.first.get(..SHOWN.min(hit.first.len())).unwrap_or_default().escape_ascii();
    format!(
        "{} {} > {} {}/{} {}{target} \"{first}\"",
        hit.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        hit.source,
        hit.trap,
        hit.port,
        hit.transport.name(),
        wanted.what,
    )
}
