//! What is older than is kept is deleted, and said.

use flow::Millis;
use serde::Serialize;

use crate::catalogue::{Catalogue, Held};
use crate::disk::{Disk, Order};
use crate::error::LakeError;
use crate::name::HOUR;

/// What was deleted for its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// How many hours of flows.
    pub hours: usize,
    /// How many rows; each stood in two files.
    pub rows: u64,
    /// How many bytes of disk are free again.
    pub bytes: u64,
    /// The beginning of the oldest hour deleted.
    pub from: Millis,
    /// The end of the newest hour deleted.
    pub to: Millis,
}

/// Deletes every hour that ended before `oldest` and takes it out of the catalogue.
pub(crate) fn retire(
    disk: &Disk,
    catalogue: &mut Catalogue,
    oldest: i64,
) -> Result<Option<Retired>, LakeError> {
    let end = |hour: i64| hour.saturating_add(1).saturating_mul(HOUR);
    let (old, kept): (Vec<Held>, Vec<Held>) =
        catalogue.live.iter().partition(|held| end(held.name.hour) <= oldest);
    catalogue.live = kept;
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return Ok(None) };
    let mut retired = Retired {
        hours: 0,
        rows: 0,
        bytes: 0,
        from: Millis(first.name.hour.saturating_mul(HOUR)),
        to: Millis(end(last.name.hour)),
    };
    let mut hours: Vec<i64> = old.iter().map(|held| held.name.hour).collect();
    hours.dedup();
    retired.hours = hours.len();
    for held in &old {
        retired.rows = retired.rows.saturating_add(held.name.rows);
        for order in Order::BOTH {
            retired.bytes = retired.bytes.saturating_add(held.bytes(order).unwrap_or(0));
        }
        disk.remove_all(&held.name)?;
    }
    Ok(Some(retired))
}
