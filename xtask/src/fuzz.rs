//! Fuzzing every parser of foreign bytes for a bounded time, with what was found kept between runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::shell::{cargo, output, root, run};

/// How many run at once.
const AT_ONCE: usize = 2;
/// What cargo-fuzz passes for coverage, all of it in the stable compiler.
const COVERAGE: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// One input may take this many seconds of instrumented code, and this much memory with all that libFuzzer keeps itself.
const LIMITS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=768", "-max_len=131072"];

#[derive(Deserialize)]
struct Manifest {
    bin: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Runs every target: the readers of reports, whose input anybody may send, for `seconds` each, all others for a third of
/// that.
pub(crate) fn run_all(seconds: u32) -> Result<()> {
    let (reports, others) =
        targets(&[])?.into_iter().partition::<Vec<_>, _>(|name| name.starts_with("report"));
    run_targets(seconds, &reports)?;
    run_targets(seconds.div_ceil(3), &others)
}

/// Runs the targets named (all, if none is) for `seconds` each; reports of a reader's fault name the input.
pub(crate) fn run_targets(seconds: u32, wanted: &[String]) -> Result<()> {
    let targets = targets(wanted)?;
    let triple = host()?;
    let mut build = cargo();
    build.args(["build", "--release", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--target", &triple]);
    targets.iter().for_each(|target| _ = build.args(["--bin", target]));
    run(build.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", folder("build")))?;
    let built = folder("build").join(&triple).join("release");
    for batch in targets.chunks(AT_ONCE) {
        let begun: Vec<_> =
            batch.iter().map(|target| begin(&built, target, seconds)).collect::<Result<_>>()?;
        for (target, mut child) in batch.iter().zip(begun) {
            let status = child.wait().with_context(|| format!("{target} was not waited for"))?;
            println!("fuzz: {target}: {}", last_words(target));
            if !status.success() {
                let found = folder("found");
                bail!(
                    "{target} found something ({status}); see {} and {}",
                    log(target).display(),
                    found.display()
                );
            }
        }
    }
    Ok(())
}

/// Starts one target on what is kept of it and on our own fixtures.
fn begin(built: &Path, target: &str, seconds: u32) -> Result<Child> {
    let kept = folder("corpus").join(target);
    let found = folder("found");
    fs::create_dir_all(&kept)
        .and_then(|()| fs::create_dir_all(&found))
        .context("cannot make folders for fuzzing")?;
    let said =
        fs::File::create(log(target)).with_context(|| format!("cannot write {}", log(target).display()))?;
    let mut fuzz = Command::new(built.join(target));
    fuzz.current_dir(root()).arg(&kept);
    if target.starts_with("report") {
        fuzz.args(["crates/report/fixtures", "-dict=fuzz/mail.dict"]);
    }
    fuzz.args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", found.display()))
        .args(["-print_final_stats=1", "-verbosity=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
        .with_context(|| format!("cannot start {target}"))
}

fn targets(wanted: &[String]) -> Result<Vec<String>> {
    let text = fs::read_to_string(root().join("fuzz/Cargo.toml")).context("cannot read fuzz/Cargo.toml")?;
    let manifest: Manifest = toml::from_str(&text).context("fuzz/Cargo.toml")?;
    let all: Vec<String> = manifest.bin.into_iter().map(|target| target.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no target {unknown}; there are {}", all.join(", "));
    }
    Ok(if wanted.is_empty() { all } else { wanted.to_vec() })
}

/// What this compiler builds for: instrumentation must not reach build scripts, and a named target keeps them apart.
fn host() -> Result<String> {
    let said = output(Command::new("rustc").arg("-vV"))?;
    let line = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say what it builds for")?.to_owned())
}

/// What is kept lies outside the checkout, so that the next run begins where this one ended.
fn folder(name: &str) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(home).unwrap_or_else(|| root().join("target")).join("nightdesk/fuzz").join(name)
}

fn log(target: &str) -> PathBuf {
    folder("found").join(format!("{target}.log"))
}

/// How many inputs were run and how fast.
fn last_words(target: &str) -> String {
    let said = fs::read_to_string(log(target)).unwrap_or_default();
    let figures = said.lines().filter_map(|line| line.strip_prefix("stat::"));
    figures
        .map(|figure| figure.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}
