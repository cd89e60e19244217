//! `nightdesk audit`: who did what, why and until when, and whether the log that says so is whole.

use anyhow::Result;
use desk::{DEEDS_PER_PAGE, DeedFilter, DeedView};
use serde_json::json;

use super::Answer;
use crate::cli::Audit;
use crate::config::Config;
use crate::{output, startup};

/// Prints the deeds, newest first, then what a walk over the log found; no when it is not whole.
pub(crate) async fn run(config: &Config, options: &Audit) -> Result<Answer> {
    let desk = startup::open_desk(config).await?;
    let filter = DeedFilter {
        who: options.who.clone(),
        deed: options.deed.clone(),
        about: options.about.clone(),
        since: options.since,
        until: options.until,
    };
    let (mut before, mut printed) = (None, 0);
    while printed < options.most {
        let deeds = desk.deeds(&filter, before).await?;
        for deed in deeds.iter().take(options.most - printed) {
            show(deed, options.json.json)?;
        }
        printed += deeds.len();
        before = deeds.last().map(|deed| deed.seq);
        if deeds.len() < usize::try_from(DEEDS_PER_PAGE).unwrap_or(usize::MAX) {
            break;
        }
    }
    if options.no_walk {
        return Ok(Answer::Yes);
    }
    let chain = desk.walk_log().await?;
    if options.json.json {
        output::json(&json!({ "chain": chain }))?;
    } else {
        match &chain.broken {
            None => output::line(format!("the log is whole: {} entries, head {}", chain.entries, chain.head)),
            Some(broken) => output::line(format!(
                "THE LOG IS NOT WHOLE: {broken}; restore a backup elsewhere and compare"
            )),
        }
    }
    Ok(if chain.broken.is_none() { Answer::Yes } else { Answer::No })
}

fn show(deed: &DeedView, json: bool) -> Result<()> {
    if json {
        return output::json(&serde_json::to_value(deed)?);
    }
    let title = deed.detail.get("title").and_then(|title| title.as_str()).unwrap_or(&deed.deed);
    let until = deed.until.map(|at| format!(" until {}", at.strftime("%Y-%m-%d %H:%MZ"))).unwrap_or_default();
    let why = if deed.why.is_empty() { String::new() } else { format!(": {}", deed.why) };
    let altered = if deed.sound { "" } else { "  ALTERED" };
    output::line(format!(
        "{}  {:<16} {:<12} {title}{until}{why}{altered}",
        deed.at.strftime("%Y-%m-%d %H:%M:%SZ"),
        deed.who,
        deed.about
    ));
    Ok(())
}
