//! `nightdesk parse`.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use report::{Hint, Hit, Note, Place, Quirks, Reading};
use serde_json::{Value, json};

use super::Answer;
use crate::cli::Parse;
use crate::output;

/// More than this is no mail anybody sends; the reader's own bound says so in a doubt.
const MOST: u64 = 64 * 1024 * 1024;

/// Reads every file; a file that cannot be opened is named and the others are still read.
pub(crate) fn run(options: &Parse) -> Result<Answer> {
    let mut answer = Answer::Yes;
    let quirks = crate::quirks::read(options.quirks.as_deref())?;
    for file in &options.files {
        match read(file) {
            Ok(bytes) => show(options, file, &bytes, &quirks)?,
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

fn show(options: &Parse, file: &Path, bytes: &[u8], quirks: &Quirks) -> Result<()> {
    // The name of a file is the only place where some formats state their type.
    let name = file.file_name().and_then(|name| name.to_str());
    let hint = Hint { name, content_type: None };
    let (reading, notes) = if options.explain {
        let explanation = report::explain(bytes, &hint, quirks);
        (explanation.reading, explanation.notes)
    } else {
        (report::read_with(bytes, &hint, quirks), Vec::new())
    };
    let mut face = reading.face(&file.display().to_string(), &options.home);
    if options.json.json {
        if let (true, Some(face)) = (options.explain, face.as_object_mut()) {
            face.insert("explain".to_owned(), explained(&reading, &notes, bytes));
        }
        return output::json(&face);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
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
        if options.explain {
            let at =
                |end: usize| claim["span"][end].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
            output::line(format!("    read from: {}", quoted(bytes, at(0)..at(1))));
        }
    }
    for doubt in face["doubts"].as_array().into_iter().flatten() {
        output::line(format!("  doubt: {}", text(doubt)));
    }
    if options.explain {
        explain(&reading, &notes, bytes);
    }
    Ok(())
}

fn explain(reading: &Reading, notes: &[Note], bytes: &[u8]) {
    for hit in &reading.spotted {
        output::line(format!(
            "  spotted: {} by `{}` ({}), {}: {}",
            hit.kind.name(),
            hit.word,
            hit.language,
            place(hit),
            quoted(bytes, hit.span.clone())
        ));
    }
    for note in notes {
        let from = note.span.clone().map(|span| format!(": {}", quoted(bytes, span))).unwrap_or_default();
        output::line(format!("  why: {}{from}", note.text));
    }
}

fn place(hit: &Hit) -> &'static str {
    match hit.place {
        Place::Subject => "in the subject",
        Place::Own => "in the reporter's own words",
        Place::Quoted => "in what is quoted",
    }
}

/// The bytes of a span as one line for people: control characters escaped, at most 160 characters.
fn quoted(bytes: &[u8], span: Range<usize>) -> String {
    let words = String::from_utf8_lossy(bytes.get(span).unwrap_or_default());
    words
        .chars()
        .take(160)
        .flat_map(|c| c.escape_debug().filter(move |_| c.is_control()).chain((!c.is_control()).then_some(c)))
        .collect()
}

fn explained(reading: &Reading, notes: &[Note], bytes: &[u8]) -> Value {
    let span = |span: &Range<usize>| json!([span.start, span.end]);
    let hits = reading.spotted.iter().map(|hit| {
        json!({
            "word": hit.word,
            "kind": hit.kind.name(),
            "language": hit.language,
            "place": hit.place,
            "quoted": quoted(bytes, hit.span.clone()),
            "span": span(&hit.span),
        })
    });
    let claims = reading.claims.iter().map(|claim| {
        json!({
            "address": claim.address.to_string(),
            "role": claim.role.name(),
            "quoted": quoted(bytes, claim.span.clone()),
            "span": span(&claim.span),
        })
    });
    let notes = notes.iter().map(|note| json!({ "text": note.text, "span": note.span.as_ref().map(span) }));
    json!({
        "alleges_proxy": reading.alleges_proxy(),
        "claims": claims.collect::<Vec<_>>(),
        "spotted": hits.collect::<Vec<_>>(),
        "notes": notes.collect::<Vec<_>>(),
    })
}
