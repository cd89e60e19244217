//! `nightdesk parse`.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};

use super::Answer;
use crate::cli::Parse;
use crate::output;

/// More than this is no mail anybody sends; the reader's own bound says so in a doubt.
const MOST: u64 = 64 * 1024 * 1024;

/// Reads every file; a file that cannot be opened is named and the others are still read.
pub(crate) fn run(options: &Parse) -> Result<Answer> {
    let mut answer = Answer::Yes;
    for file in &options.files {
        match read(file) {
            Ok(bytes) => show(options, file, &bytes)?,
            Err(error) => {
                super::complain(&error);
                answer = Answer::No;
            }
        }
    }
    Ok(answer)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let doing = || format!("cannot read {}", file.display());
    if file == Path::new("-") {
        std::io::stdin().lock().take(MOST).read_to_end(&mut bytes).with_context(doing)?;
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(MOST).read_to_end(&mut bytes))
            .with_context(doing)?;
    }
    Ok(bytes)
}

fn show(options: &Parse, file: &Path, bytes: &[u8]) -> Result<()> {
    let reading = report::read(bytes);
    let face = reading.face(&file.display().to_string(), &options.home);
    if options.json.json {
        return output::json(&face);
    }
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    output::line(format!("{}: {}", file.display(), text(&face["format"])));
    for claim in face["claims"].as_array().into_iter().flatten() {
        let port = claim["port"].as_u64().map(|port| format!(":{port}")).unwrap_or_default();
        output::line(format!(
            "  {} {}{port} {} at {} ({}), bytes {}",
            text(&claim["kind"]),
            text(&claim["address"]),
            text(&claim["role"]),
            text(&claim["time"]),
            text(&claim["time_basis"]),
            claim["span"],
        ));
    }
    for doubt in face["doubts"].as_array().into_iter().flatten() {
        output::line(format!("  doubt: {}", text(doubt)));
    }
    Ok(())
}
