//! Who is rung at night.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::Json;

#[derive(Debug, Subcommand)]
pub(crate) enum OncallCommand {
    /// Say who is on duty now and next, and which pages wait for somebody.
    Show {
        #[command(flatten)]
        json: Json,
    },
    /// Say whether somebody can be rung at every minute of the next days; 1 when not.
    Lint {
        /// A file to look at in place of the one the configuration names.
        file: Option<PathBuf>,
        /// How many days ahead.
        #[arg(long, value_name = "NUMBER", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=366))]
        days: u16,
        #[command(flatten)]
        json: Json,
    },
    /// Print a file to begin with, every setting explained.
    Example,
    /// Ring whoever is on duty, to see whether that works; the running desk does it.
    Test {
        /// In whose name.
        #[arg(long, value_name = "NAME", default_value = "command line")]
        by: String,
    },
    /// Say that you look at a page.
    Ack {
        /// Its number, such as P-12.
        page: desk::PageId,
        /// Who you are.
        #[arg(long, value_name = "NAME", default_value = "command line")]
        by: String,
    },
    /// Say that a page needs nobody any more.
    Resolve {
        /// Its number, such as P-12.
        page: desk::PageId,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who you are.
        #[arg(long, value_name = "NAME", default_value = "command line")]
        by: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Handover {
    /// From when; usually since the last hand-over, or of the last twelve hours.
    #[arg(long, value_name = "MOMENT")]
    pub(crate) since: Option<Timestamp>,
    /// End the shift with this word to the next.
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Who you are.
    #[arg(long, value_name = "NAME", default_value = "command line")]
    pub(crate) by: String,
    #[command(flatten)]
    pub(crate) json: Json,
}
