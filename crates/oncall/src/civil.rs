//! From what a wall clock shows to the moment it shows it, over every change of the clocks.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The first moment at which the wall clock of `zone` shows `at` or later: in the hour that is left out in spring, the
/// moment the clock is put forward; of the hour that comes twice in autumn, the first.
pub(crate) fn first_shows(zone: &TimeZone, at: DateTime) -> Timestamp {
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => moment(offset, at),
        AmbiguousOffset::Fold { before, .. } => moment(before, at),
        // With the offset that holds after the gap it is a moment before the clock is put forward: the change follows.
        AmbiguousOffset::Gap { after, before } => {
            let earlier = moment(after, at);
            zone.following(earlier).next().map_or_else(|| moment(before, at), |change| change.timestamp())
        }
    }
}

/// The second moment at which the wall clock shows `at`, where that hour comes twice.
pub(crate) fn shows_again(zone: &TimeZone, at: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Fold { after, .. } => Some(moment(after, at)),
        _ => None,
    }
}

fn moment(offset: jiff::tz::Offset, at: DateTime) -> Timestamp {
    let end = if at.year() < 1970 { Timestamp::MIN } else { Timestamp::MAX };
    offset.to_timestamp(at).unwrap_or(end)
}
