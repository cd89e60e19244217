//! `nightdesk lake import`.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use flow::Flow;
use flow::files::{Reader, Summary};
use lake::{Home, Taken, Writer};
use serde_json::json;

use super::Answer;
use crate::cli::LakeCommand;
use crate::config::Config;
use crate::{output, startup};

/// Flows handed over at a time.
const TOGETHER: usize = 8192;

pub(crate) fn run(config: &Config, command: &LakeCommand) -> Result<Answer> {
    let LakeCommand::Import { files, json } = command;
    startup::make_data_dir(config)?;
    let home = Home::new(config.general.home.iter().copied());
    // Old captures are imported to be looked at. What is older than is kept goes when the desk next tidies up.
    let mut writer = Writer::open(config.lake_dir(), home, None)?;
    // One reader for all: the templates of exporters' datagrams often lie in another file than their flows.
    let mut reader = Reader::default();
    let mut all = true;
    for file in files {
        let (summary, taken) = import(&mut reader, &mut writer, file)?;
        all &= summary.flows > 0;
        if json.json {
            output::json(
                &json!({ "file": file, "read": summary, "rows": taken.rows, "foreign": taken.foreign, "untimely": taken.untimely }),
            )?;
        } else {
            in_words(file, &summary, taken);
        }
    }
    writer.settle()?;
    Ok(if all { Answer::Yes } else { Answer::No })
}

fn import(reader: &mut Reader, writer: &mut Writer, file: &Path) -> Result<(Summary, Taken)> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut waiting: Vec<Flow> = Vec::with_capacity(TOGETHER);
    let mut taken = Taken::default();
    let mut failed = None;
    let summary = reader.read(opened, &mut |flow| {
        // What cannot be written any more is not gathered either.
        if failed.is_some() {
            return;
        }
        waiting.push(flow);
        if waiting.len() >= TOGETHER {
            match writer.write(&waiting) {
                Ok(more) => taken += more,
                Err(error) => failed = Some(error),
            }
            waiting.clear();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    taken += writer.write(&waiting)?;
    writer.flush()?;
    Ok((summary, taken))
}

fn in_words(file: &Path, summary: &Summary, taken: Taken) {
    output::line(format!(
        "{}: {} flows read, {} rows kept, {} flows with no end at home, {} of an impossible time",
        file.display(),
        summary.flows,
        taken.rows,
        taken.foreign,
        taken.untimely
    ));
}
