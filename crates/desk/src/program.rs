//! Running a program of the operator's choice with a text on its standard input. No shell is involved.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// How long it may take; then it is ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `program`; what went wrong, in words.
pub(crate) async fn run(program: &str, arguments: &[String], text: &str) -> Result<(), String> {
    let ran = timeout(PATIENCE, run_to_the_end(program, arguments, text)).await;
    ran.unwrap_or_else(|_| Err(format!("{program} did not end in time")))
}

async fn run_to_the_end(program: &str, arguments: &[String], text: &str) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("{program} could not be started: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // A program that does not read its input may still have done its work: its exit status says.
        drop(input.write_all(text.as_bytes()).await);
    }
    let status = child.wait().await.map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}")) }
}
