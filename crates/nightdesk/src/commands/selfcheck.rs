//! `nightdesk selfcheck`.

use anyhow::Result;
use serde_json::json;

use super::Answer;
use crate::cli::SelfCheck;
use crate::config::Config;
use crate::{output, startup};

/// Prints how everything stands that the running desk checks; the answer is no when anything does not work, or when
/// something configured has not been checked yet.
pub(crate) async fn run(config: &Config, options: &SelfCheck) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    let standings = store.standings().await?;
    let checked = startup::checked(config)?;
    let mut all_work = !checked.is_empty();
    for subject in checked.iter().map(ToString::to_string) {
        let standing = standings.iter().find(|one| one.subject.eq_ignore_ascii_case(&subject));
        let works = standing.map(|standing| standing.works);
        all_work &= works == Some(true);
        let note = standing.map_or("not checked yet", |standing| standing.note.as_str());
        if options.json.json {
            output::json(&json!({
                "subject": subject, "works": works, "note": note,
                "since": standing.map(|standing| standing.since),
                "checked": standing.map(|standing| standing.checked),
            }))?;
        } else {
            let word = match works {
                Some(true) => "works",
                Some(false) => "FAILS",
                None => "unknown",
            };
            let since = standing.map(|standing| format!(" since {}", standing.since)).unwrap_or_default();
            output::line(format!("{word:<8} {subject}{since}: {note}"));
        }
    }
    if checked.is_empty() && !options.json.json {
        output::line(
            "nothing is checked; name your addresses in selfcheck.addresses, or say selfcheck.rdap = true",
        );
    }
    Ok(if all_work { Answer::Yes } else { Answer::No })
}
