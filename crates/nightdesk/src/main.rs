//! `nightdesk`: configuration, commands and wiring. Nothing here decides anything about abuse.

mod accounting;
mod cli;
mod commands;
mod config;
mod demo;
mod firewalls;
mod flows;
mod intake;
mod lake_writing;
mod lease_files;
mod nat_events;
mod outlets;
mod output;
mod pickups;
mod playbooks;
mod quirks;
mod startup;
mod stop;
mod traps;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else was asked wrongly.
            let wrong = error.use_stderr();
            drop(error.print());
            return if wrong { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    // The demo tells its own story on standard output; only what goes wrong is logged beside it.
    log_to_stderr(if matches!(cli.command, Command::Demo(_)) { "warn" } else { "info,sqlx=warn" });
    // What we write holds customers' data: files are ours alone unless somebody widens them on purpose.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start threads; the system is out of them or of memory");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(commands::Answer::Yes) => ExitCode::SUCCESS,
        Ok(commands::Answer::No) => ExitCode::FAILURE,
        Ok(commands::Answer::Misuse) => ExitCode::from(2),
        Err(error) => {
            commands::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Logs go to standard error; `NIGHTDESK_LOG` sets how much, in tracing's own words.
fn log_to_stderr(usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("NIGHTDESK_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

async fn run(cli: Cli) -> anyhow::Result<commands::Answer> {
    let config = || config::load(&cli.config);
    match &cli.command {
        Command::Init(options) => commands::init::run(&cli.config, options).await,
        Command::Serve => commands::serve::run(config()?).await,
        Command::Demo(options) => demo::run(options).await,
        Command::Parse(options) => commands::parse::run(options),
        Command::Detect(options) => commands::detect::run(options),
        Command::Check(options) => commands::check::run(&config()?, options).await,
        Command::Trap(options) => commands::trap::run(&cli.config, options).await,
        Command::Who(options) => commands::who::run(&config()?, options).await,
        Command::Exposure(options) => commands::exposure::run(&config()?, options).await,
        Command::Heaviest(options) => commands::heaviest::run(&config()?, options).await,
        Command::WhoTalksTo(options) => commands::who_talks_to::run(&config()?, options).await,
        Command::Timeline(options) => commands::timeline::run(&config()?, options).await,
        Command::Sql(options) => commands::sql::run(&config()?, options).await,
        Command::Lake(command) => commands::lake::run(&config()?, command),
        Command::Why(options) => commands::why::run(&config()?, options).await,
        Command::Case(command) => commands::cases::run(&config()?, command).await,
        Command::Block(command) => commands::blocks::run(&config()?, command).await,
        Command::Lease(command) => commands::leases::run(&config()?, command).await,
        Command::Firewall(command) => commands::firewall::run(&config()?, command).await,
        Command::MailPort(command) => commands::mail_port::run(&config()?, command).await,
        Command::Letter(command) => commands::letters::run(&cli.config, command).await,
        Command::Playbook(command) => commands::playbook::run(&cli.config, command).await,
        Command::Runbook(options) => commands::runbook::run(options),
        Command::Numbers(options) => commands::numbers::run(&config()?, options).await,
        Command::Reporter(command) => commands::reporters::run(&config()?, command).await,
        Command::Oncall(command) => commands::oncall::run(&cli.config, command).await,
        Command::Handover(options) => commands::handover::run(&config()?, options).await,
        Command::Operator(command) => commands::operators::run(&config()?, command).await,
        Command::Token(command) => commands::operators::tokens(&config()?, command).await,
        Command::Audit(options) => commands::audit::run(&config()?, options).await,
        Command::Selfcheck(options) => commands::selfcheck::run(&config()?, options).await,
        Command::Backup(options) => commands::backup::backup(&config()?, options).await,
        Command::Restore(options) => commands::backup::restore(&config()?, options).await,
        Command::Config(command) => commands::config::run(&cli.config, command),
        Command::Completions { shell } => commands::manual::completions(*shell),
        Command::Openapi => commands::manual::openapi(),
        Command::Man => commands::manual::man(),
    }
}
