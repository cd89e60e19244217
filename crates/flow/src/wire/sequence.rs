//! Gaps in an exporter's numbering.

/// How far back (in the version's units) a datagram may lie and still be a late one; further back, the numbering began
/// anew. Thirty datagrams of forty flows; a datagram that is overtaken is overtaken by few.
const LATE: u32 = 1200;
/// A gap above this is no loss but a new beginning: 16 million datagrams or flows between two that came.
const LOST: u32 = 1 << 24;

/// The numbering of one domain. Its unit is the version's: flows (v5), data records (IPFIX), datagrams (v9, sFlow).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sequence {
    next: Option<u32>,
}

/// How a datagram stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The one expected, or the first.
    Next,
    /// So many units are missing before it.
    Lost(u32),
    /// It had been taken for lost.
    Late,
    /// The numbering began anew.
    Reset,
}

impl Sequence {
    /// A datagram with this number and so many units in it; `None` where they could not be counted, and the next
    /// datagram's number is believed.
    pub(super) fn heard(&mut self, number: u32, units: Option<u32>) -> Order {
        let after = units.map(|units| number.wrapping_add(units));
        let Some(expected) = self.next else {
            self.next = after;
            return Order::Next;
        };
        let ahead = number.wrapping_sub(expected);
        if (1..=LATE).contains(&expected.wrapping_sub(number)) && number != 0 {
            return Order::Late;
        }
        self.next = after;
        match ahead {
            0 => Order::Next,
            1..=LOST => Order::Lost(ahead),
            _ => Order::Reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(heard: &[(u32, Option<u32>)]) -> Vec<Order> {
        let mut sequence = Sequence::default();
        heard.iter().map(|(number, units)| sequence.heard(*number, *units)).collect()
    }

    #[test]
    fn a_late_one_is_late_and_what_follows_is_in_order() {
        assert_eq!(
            orders(&[(100, Some(30)), (160, Some(30)), (130, Some(30)), (190, Some(30))]),
            [Order::Next, Order::Lost(30), Order::Late, Order::Next]
        );
    }

    #[test]
    fn the_number_wraps() {
        assert_eq!(
            orders(&[(u32::MAX - 9, Some(10)), (0, Some(1)), (2, Some(1))]),
            [Order::Next, Order::Next, Order::Lost(1)]
        );
    }

    #[test]
    fn a_numbering_that_begins_anew_is_no_loss() {
        assert_eq!(
            orders(&[(500_000, Some(30)), (0, Some(30)), (30, Some(30))]),
            [Order::Next, Order::Reset, Order::Next]
        );
        assert_eq!(
            orders(&[(20, Some(1)), (0, Some(1)), (1, Some(1))]),
            [Order::Next, Order::Reset, Order::Next]
        );
    }

    #[test]
    fn what_could_not_be_counted_makes_no_gap() {
        assert_eq!(orders(&[(5, None), (90, Some(3)), (93, Some(1))]), [Order::Next; 3]);
    }
}
