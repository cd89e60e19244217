//! Paging for proxies: the first at once, further ones within a quarter of an hour in one page, over all cases. A case
//! pages once; forged reports page nobody, and a night with many true ones does not ring for each.

use jiff::{SignedDuration, Timestamp};

use case::{Case, CaseId, Errand};
use store::{Claimed, NewErrand};

use crate::desk::Desk;

/// For how long after a page further ones are held back and told together.
const TOGETHER: SignedDuration = SignedDuration::from_mins(15);
/// How many cases one page lists; the queue has the rest.
const LISTED: usize = 40;

/// The stretch of time that the last page began. Follows from the pages ordered so far, so a restart knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Stretch {
    now: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Span {
    from: Timestamp,
    until: Timestamp,
    /// The case that was paged at once at its beginning.
    told: Option<CaseId>,
    /// Whether more came in it.
    more: bool,
}

impl Stretch {
    /// Takes in that `case` pages at `now`; the errand that brings it about.
    pub(crate) fn page(&mut self, case: CaseId, what: &str, now: Timestamp) -> NewErrand {
        if let Some(span) = self.now.as_mut().filter(|span| span.more && now >= span.until) {
            // What comes soon after a page of many waits for the next page of many.
            let next = Span { from: span.until, until: end_of(span.until), told: None, more: false };
            if now < next.until {
                *span = next;
            }
        }
        match self.now.as_mut().filter(|span| now < span.until) {
            Some(span) => {
                span.more = true;
                let errand = Errand::PageProxies { from: span.from, told: span.told };
                let key = format!("page/proxies/{}", span.until.as_microsecond());
                NewErrand { case, due: span.until, key, errand }
            }
            None => {
                self.now = Some(Span { from: now, until: end_of(now), told: Some(case), more: false });
                let errand = Errand::PageOperators { what: what.to_owned() };
                NewErrand { case, due: now, key: format!("page/proxy/{}", now.as_microsecond()), errand }
            }
        }
    }
}

fn end_of(from: Timestamp) -> Timestamp {
    from.saturating_add(TOGETHER).unwrap_or(Timestamp::MAX)
}

impl Desk {
    /// The cases that a page of many tells of, each with its line; those that have ended meanwhile are not among them.
    pub(crate) async fn proxies_paged(
        &self,
        claimed: &Claimed,
        from: Timestamp,
        told: Option<CaseId>,
    ) -> Vec<(CaseId, String)> {
        let office = self.office().read().await;
        let until = claimed.due;
        let here = |case: &&Case| {
            let paged = case.paged_last().is_some_and(|at| from <= at && at < until);
            paged && Some(case.id()) != told
        };
        office.cases().filter(here).map(|case| (case.id(), line(case))).collect()
    }
}

/// What a mail of many says; `None` when there is none.
pub(crate) fn in_words(cases: &[(CaseId, String)], from: Timestamp) -> Option<String> {
    let mut lines: Vec<&str> = cases.iter().take(LISTED).map(|(_, line)| line.as_str()).collect();
    let more = format!("and {} more: see the queue", cases.len().saturating_sub(LISTED));
    if cases.len() > LISTED {
        lines.push(&more);
    }
    let number = cases.len();
    (number > 0)
        .then(|| format!("{number} more open proxies or relays since {from:.0}:\n{}", lines.join("\n")))
}

fn line(case: &Case) -> String {
    let addresses: Vec<String> = case.addresses().iter().take(3).map(ToString::to_string).collect();
    format!("{} ({}): {}", case.id(), case.stage(), addresses.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn the_first_is_told_at_once_and_the_rest_of_a_quarter_of_an_hour_together() {
        let mut stretch = Stretch::default();
        let mut page = |case, minute| stretch.page(CaseId(case), "x", at(minute));
        let first = page(1, 0);
        assert_eq!((first.due, matches!(first.errand, Errand::PageOperators { .. })), (at(0), true));
        let (second, third) = (page(2, 1), page(3, 14));
        assert_eq!((second.due, &second.key), (at(15), &third.key), "one page for both");
        // More within a quarter of an hour of that page: together again, and no page at once.
        let fourth = page(4, 16);
        assert_eq!(fourth.due, at(30));
        assert_ne!(fourth.key, second.key);
        // After a quiet quarter of an hour, at once.
        assert_eq!(page(5, 46).due, at(46));
        assert_eq!(page(6, 62).due, at(62));
    }

    #[test]
    fn a_thousand_in_a_night_ring_four_times_an_hour_at_most() {
        let mut stretch = Stretch::default();
        let keys: std::collections::BTreeSet<String> = (0..1000u32)
            .map(|n| stretch.page(CaseId(u64::from(n)), "x", at(i64::from(n) * 8 / 16)).key)
            .collect();
        assert!(keys.len() <= 4 * 9, "{} pages in {} minutes", keys.len(), 1000 * 8 / 16);
    }
}
