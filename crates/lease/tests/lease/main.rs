//! Who held it then (`who`), what each kind of source is read as (`csv_file`, `detail_file`, `sources`), and who had
//! a port of a shared address (`shared`, `exported`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod csv_file;
mod detail_file;
mod exported;
mod live_accounting;
mod shared;
mod sources;
mod who;

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}
