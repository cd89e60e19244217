//! How much, how fast: figures over the cases of a time, for a page, a command and a scraper (P11, P16).
//!
//! Every figure follows from the log. What is kept in memory ([`Kept`]) is only what was read there already, under the
//! version it was read at; a case that moved on is read again.

mod gather;
mod gauges;
mod kept;
mod table;
mod tables;
mod view;

pub use gather::{MOST_CASES, numbers};
pub use gauges::{ClockCounts, Gauges, ListCounts};
pub(crate) use kept::Kept;
pub use table::Table;
pub use tables::{TABLES, table};
pub use view::{NewCase, NumbersView};
