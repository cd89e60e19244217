//! Who held it then (`who`), and what the two kinds of source are read as (`csv_file`, `detail_file`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod csv_file;
mod detail_file;
mod who;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}
