//! The API held against its own description by schemathesis: what it answers has the shape it says, and what it is asked
//! wrongly is refused as it says.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::shell::{built, cargo, root, run};

/// Of PyPI; 4.x reads OpenAPI 3.1.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// What the desk in memory takes for a program's token.
const TOKEN: &str = "Authorization: Bearer nightdesk_7e57";

/// Tries every operation of the description with so many examples each.
pub(crate) fn run_against_its_description(examples: u32) -> Result<()> {
    let schemathesis = installed()?;
    // Of the whole workspace, so that nothing is built a second time with other features.
    run(cargo().args(["build", "--workspace", "--quiet", "--locked", "--example", "fake_desk"]))?;
    let mut desk = Command::new(built("examples/fake_desk")?);
    let mut desk = Running(desk.stdout(Stdio::piped()).spawn().context("cannot start the desk in memory")?);
    let mut address = String::new();
    BufReader::new(desk.0.stdout.take().context("no output")?).read_line(&mut address)?;
    let description = format!("{}api/v1/openapi.json", address.trim());
    run(Command::new(schemathesis)
        .current_dir(root().join("target"))
        .args(["run", &description, "--header", TOKEN, "--checks", "all", "--seed", "1"])
        // What a search says, or how long a time is, no schema can tell: it is refused with words.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .args(["--mode", "all", "--phases", "examples,coverage,fuzzing", "--no-color"])
        .args(["--max-examples", &examples.to_string()]))
}

/// In an environment of its own, beside the build.
fn installed() -> Result<PathBuf> {
    let folder = root().join("target/schemathesis");
    let program = folder.join("bin/schemathesis");
    if !program.is_file() {
        std::fs::create_dir_all(root().join("target"))?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))?;
    }
    Ok(program)
}

/// Ended when it goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
