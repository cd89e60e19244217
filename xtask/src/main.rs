//! `cargo xtask`: set-up, tests, tidy, lab, benchmarks and generated files.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool talks to the developer")]

mod arrows;
mod bench;
mod browser;
mod generated;
mod setup;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, tests, tidy, lab, benchmarks and generated files")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the tests need (Debian packages, the browser driver); needs root or sudo.
    Setup,
    /// Set up and run every check: fmt, tidy, generated files, clippy, tests on both databases, browser, lab.
    Test {
        /// Skip set-up; everything is installed already.
        #[arg(long)]
        no_setup: bool,
    },
    /// Hold the tree against the rules of the house.
    Tidy,
    /// Write the generated files (default configuration, manual page, completions); with --check only compare.
    Gen {
        /// Fail if a file in the tree differs from what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Play the stories in network namespaces (needs root).
    Lab,
    /// Walk through the pages of a running demo in a real browser and take screenshots.
    Browser {
        /// Where the screenshots go.
        #[arg(long, default_value = "target/screenshots")]
        screenshots: std::path::PathBuf,
    },
    /// Run the benchmarks beside their peers and print ratios.
    Bench,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Setup => setup::run(),
        Task::Test { no_setup } => test::run_all(!no_setup),
        Task::Tidy => tidy::run(),
        Task::Gen { check } => generated::run(check),
        Task::Lab => test::lab(),
        Task::Browser { screenshots } => browser::run_journey(&screenshots),
        Task::Bench => bench::run_all(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
