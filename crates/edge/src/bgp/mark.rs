//! How we know our own routes again: two large communities (RFC 8092).

use jiff::Timestamp;

/// A large community: who defines it, and two numbers of its choice.
pub(crate) type Large = (u32, u32, u32);

/// When a route was first announced and when its block ends, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

impl Mark {
    /// Whether this is how a route with that end is marked: marks tell whole seconds.
    pub(crate) fn tells(&self, until: Timestamp) -> bool {
        self.until.as_second() == until.as_second()
    }
}

/// Writes and reads marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) asn: u32,
    pub(crate) number: u32,
}

impl Marker {
    /// The communities of a route.
    pub(crate) fn write(self, mark: Mark) -> [Large; 2] {
        let seconds = |at: Timestamp| u32::try_from(at.as_second()).unwrap_or(0);
        [(self.asn, self.number, seconds(mark.since)), (self.asn, self.end(), seconds(mark.until))]
    }

    /// The mark among a route's communities, if it is ours.
    pub(crate) fn read(self, communities: impl IntoIterator<Item = Large>) -> Option<Mark> {
        let (mut since, mut until) = (None, None);
        for (asn, number, value) in communities {
            let at = Timestamp::from_second(i64::from(value)).ok();
            if (asn, number) == (self.asn, self.number) {
                since = at;
            } else if (asn, number) == (self.asn, self.end()) {
                until = at;
            }
        }
        Some(Mark { since: since?, until: until? })
    }

    fn end(self) -> u32 {
        self.number.wrapping_add(1)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Mark, Marker};

    #[test]
    fn a_mark_is_read_as_written_and_half_of_one_is_none() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mark = Mark { since: at(1_790_000_000), until: at(1_790_086_400) };
        let marker = Marker { asn: 64500, number: 6667 };
        let written = marker.write(mark);
        assert_eq!(marker.read(written), Some(mark));
        assert_eq!(marker.read([written[0]]), None);
        assert_eq!(Marker { asn: 64501, ..marker }.read(written), None);
    }
}
