//! What a desk asks of its flows.

pub(crate) mod conversation;
pub(crate) mod exposure;
pub(crate) mod heaviest;
pub(crate) mod listeners;
pub(crate) mod sql;
pub(crate) mod timeline;
pub(crate) mod who_talks;

use flow::Millis;

use crate::address::address;

/// A moment as statements write it.
fn moment(at: Millis) -> String {
    format!("arrow_cast({}, 'Timestamp(Millisecond, Some(\"UTC\"))')", at.0)
}

/// The condition that a column lies in a range of addresses.
fn addresses(column: &str, (from, to): (u128, u128)) -> String {
    if from == to {
        return format!("{column} = ip('{}')", address(from));
    }
    format!("{column} >= ip('{}') AND {column} <= ip('{}')", address(from), address(to))
}
