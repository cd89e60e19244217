//! One file per command: ask the rooms, print the answer.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod blocks;
pub(crate) mod cases;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod detect;
pub(crate) mod exposure;
pub(crate) mod firewall;
pub(crate) mod handover;
pub(crate) mod heaviest;
pub(crate) mod init;
pub(crate) mod lake;
pub(crate) mod leases;
pub(crate) mod letters;
pub(crate) mod mail_port;
pub(crate) mod manual;
pub(crate) mod numbers;
pub(crate) mod oncall;
pub(crate) mod operators;
pub(crate) mod parse;
pub(crate) mod playbook;
pub(crate) mod reporters;
pub(crate) mod runbook;
pub(crate) mod selfcheck;
pub(crate) mod serve;
pub(crate) mod sql;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod trap;
pub(crate) mod who;
pub(crate) mod who_talks_to;
pub(crate) mod why;

/// How a command ended when nothing failed: exit code 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or yes.
    Yes,
    /// The answer is no.
    No,
    /// What was asked cannot be understood.
    Misuse,
}

/// Prints an error with everything under it, on one line, to standard error.
#[expect(
    clippy::print_stderr,
    reason = "the last word of a failed command is for the person, not for the log"
)]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("nightdesk: {error:#}");
}
