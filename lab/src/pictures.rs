//! Pages of a desk on duty as a person sees them: in Chromium, with pictures kept for whoever wants to look.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::duty::Duty;
use crate::night::Night;
use crate::step;

/// The operator who looks.
const OPERATOR: &str = "lab";
/// Their password, which opens a desk that lives for a minute in a namespace.
const PASSWORD: &str = "a night in the laboratory";

/// A browser on a busy machine takes its time, in seconds.
const LONGEST_LOOK: u32 = 120;

/// Opens a page, sees that it says all of these words, and keeps `NAME-dark.png` and `NAME-light.png` in the folder
/// that `NIGHTDESK_SCREENSHOTS` names. `NIGHTDESK_BROWSER` names the folder of the script that drives Chromium; `cargo
/// xtask lab` sets both.
pub(crate) fn take(night: &Night, duty: &Duty<'_>, name: &str, page: &str, says: &[&str]) -> Result<()> {
    let (Some(script), Some(pictures)) =
        (std::env::var_os("NIGHTDESK_BROWSER"), std::env::var_os("NIGHTDESK_SCREENSHOTS"))
    else {
        step(&format!("NOT LOOKED AT: {page} (NIGHTDESK_BROWSER and NIGHTDESK_SCREENSHOTS are not set)"));
        return Ok(());
    };
    let password = format!("NIGHTDESK_PASSWORD={PASSWORD}");
    duty.ask_with(&password, &["operator", "set", OPERATOR])?;
    let script = Path::new(&script).join("look.mjs");
    let words = [
        "env",
        "NIGHTDESK_URL=http://127.0.0.1:8053",
        &format!("NIGHTDESK_OPERATOR={OPERATOR}"),
        &password,
        &format!("NIGHTDESK_SCREENSHOTS={}", Path::new(&pictures).display()),
        "node",
        &script.display().to_string(),
        name,
        page,
    ];
    let output = night.router.attempt_within(LONGEST_LOOK, &words)?;
    ensure!(output.status.success(), "{page}: {}", String::from_utf8_lossy(&output.stderr).trim());
    let said = String::from_utf8_lossy(&output.stdout);
    for word in says {
        ensure!(said.contains(word), "the page {page} does not say {word:?}:\n{said}");
    }
    step(&format!("in Chromium, {page} says {says:?}; pictures: {name}-dark.png, {name}-light.png"));
    Ok(())
}
