//! How much is going on, hour by hour (P16).

use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// Microseconds in an hour: times are stored as microseconds since the epoch.
const HOUR: i64 = 3_600_000_000;

impl Store {
    /// For each of `hours` hours from `from`: messages accepted and cases opened, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn activity(&self, from: Timestamp, hours: usize) -> Result<Vec<(u64, u64)>, StoreError> {
        let (start, span) =
            (from.as_microsecond(), i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(HOUR));
        let end = start.saturating_add(span);
        let accepted = "SELECT (received - $1) / 3600000000 AS hour, COUNT(*) FROM log \
                        WHERE received >= $1 AND received < $2 AND source IN ('smtp', 'lmtp', 'maildir', 'http') GROUP BY 1";
        let opened = "SELECT (opened - $1) / 3600000000 AS hour, COUNT(*) FROM summaries \
                      WHERE opened >= $1 AND opened < $2 GROUP BY 1";
        let mut counts = vec![(0, 0); hours];
        for (hour, count) in
            self.rows::<(i64, i64)>("counting what was accepted", accepted, args![start, end]).await?
        {
            if let Some(slot) = usize::try_from(hour).ok().and_then(|hour| counts.get_mut(hour)) {
                slot.0 = codec::count(count, "number of messages")?;
            }
        }
        for (hour, count) in
            self.rows::<(i64, i64)>("counting what was opened", opened, args![start, end]).await?
        {
            if let Some(slot) = usize::try_from(hour).ok().and_then(|hour| counts.get_mut(hour)) {
                slot.1 = codec::count(count, "number of cases")?;
            }
        }
        Ok(counts)
    }
}
