//! Whether an address works, from the mails that went there, and who must be told.

use jiff::{SignedDuration, Timestamp};
use store::{SelfCheck, Standing};

/// What was seen of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether it works.
    pub(super) works: bool,
    /// When that was seen.
    pub(super) at: Timestamp,
    /// In plain words.
    pub(super) note: String,
}

/// When a self-check counts as lost, and from when: while the desk was down none could come back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// How long a mail may take.
    pub(super) limit: SignedDuration,
    /// How often an address is checked.
    pub(super) every: SignedDuration,
    /// When this desk started.
    pub(super) started: Timestamp,
}

/// How long after a mail that the relay did not take the next is tried.
const TRY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

impl Terms {
    /// Whether a mail has had its time.
    fn is_overdue(self, check: &SelfCheck, now: Timestamp) -> bool {
        check.returned.is_none() && now.duration_since(check.sent.max(self.started)) > self.limit
    }

    /// Whether the next mail to an address is due; `checks` of it, the newest first.
    pub(super) fn is_due(self, checks: &[SelfCheck], now: Timestamp) -> bool {
        let Some(newest) = checks.first() else { return true };
        let pause = if newest.failure.is_some() {
            TRY_AGAIN
        } else if self.is_overdue(newest, now) {
            // During an outage more often, so that its end is noticed soon.
            self.every.min(self.limit)
        } else {
            self.every
        };
        now.duration_since(newest.sent) >= pause
    }

    /// What the mails to an address say of it, the newest first; `None` while nothing is known.
    pub(super) fn see(self, checks: &[SelfCheck], now: Timestamp) -> Option<Seen> {
        // What was sent before the newest that came back no longer matters.
        let open = checks.iter().take_while(|check| check.returned.is_none());
        if let Some(lost) = open.filter(|check| self.is_overdue(check, now)).last() {
            let note = match checks.first().and_then(|check| check.failure.as_deref()) {
                Some(failure) => format!("the relay does not take a self-check: {failure}"),
                None => format!("the self-check of {} did not come back", lost.sent),
            };
            return Some(Seen { works: false, at: now, note });
        }
        let back = checks.iter().find(|check| check.returned.is_some())?;
        let returned = back.returned?;
        let took = returned.duration_since(back.sent);
        let via = back.via.as_deref().unwrap_or("mail");
        let note = format!("a self-check came back by {via} in {:.1} s", took.as_secs_f64());
        Some(Seen { works: true, at: returned, note })
    }
}

/// How a thing stands now, from how it stood and what was seen.
pub(super) fn next(before: Option<&Standing>, subject: &str, seen: Seen) -> Standing {
    // What came back before an outage began does not end it; after a restart nothing newer may be known yet.
    if let Some(before) = before.filter(|before| !before.works && seen.works && seen.at <= before.since) {
        return before.clone();
    }
    let same = before.filter(|before| before.works == seen.works);
    let told = match (same, before) {
        (Some(same), _) => same.told,
        // What works from the beginning is no news, nor is the end of an outage nobody had heard of.
        (None, None) => seen.works,
        (None, Some(before)) => seen.works && !before.told,
    };
    Standing {
        subject: subject.to_owned(),
        works: seen.works,
        since: same.map_or(seen.at, |same| same.since),
        checked: seen.at,
        // The first word about an outage stays: it says when it began.
        note: same.filter(|same| !same.works).map_or(seen.note, |same| same.note.clone()),
        told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_050_000_000 + second).expect("a time")
    }

    fn check(sent: i64, returned: Option<i64>, failure: Option<&str>) -> SelfCheck {
        SelfCheck {
            nonce: String::new(),
            address: "abuse@example.net".to_owned(),
            sent: at(sent),
            failure: failure.map(str::to_owned),
            returned: returned.map(at),
            via: Some("smtp".to_owned()),
        }
    }

    const TERMS: fn() -> Terms = || Terms {
        limit: SignedDuration::from_secs(600),
        every: SignedDuration::from_secs(3600),
        started: at(-10_000),
    };

    fn works(checks: &[SelfCheck], now: i64) -> Option<bool> {
        TERMS().see(checks, at(now)).map(|seen| seen.works)
    }

    #[test]
    fn nothing_is_said_before_the_limit_and_an_outage_after_it() {
        let under_way = [check(0, None, None)];
        assert_eq!(works(&under_way, 600), None);
        assert_eq!(works(&under_way, 601), Some(false));
        assert_eq!(works(&[check(3600, None, None), check(0, Some(2), None)], 4200), Some(true));
        assert_eq!(works(&[check(3600, None, None), check(0, Some(2), None)], 4201), Some(false));
    }

    #[test]
    fn one_that_comes_back_ends_the_outage_whatever_was_lost_before() {
        let checks = [check(1000, Some(1005), None), check(300, None, None), check(0, None, None)];
        assert_eq!(works(&checks, 5000), Some(true));
        assert_eq!(works(&[check(0, Some(700), None)], 701), Some(true), "late is not lost");
    }

    #[test]
    fn a_relay_that_refuses_is_an_outage_after_the_limit_and_is_tried_each_minute() {
        let checks = [check(60, None, Some("451")), check(0, None, Some("451"))];
        assert_eq!(works(&checks, 500), None);
        assert_eq!(works(&checks, 601), Some(false));
        assert!(TERMS().see(&checks, at(601)).expect("seen").note.contains("451"));
        assert!(!TERMS().is_due(&checks, at(119)) && TERMS().is_due(&checks, at(120)));
    }

    #[test]
    fn what_was_under_way_while_the_desk_was_down_has_its_time_from_the_start() {
        let terms = Terms { started: at(5000), ..TERMS() };
        assert_eq!(terms.see(&[check(0, None, None)], at(5600)), None);
        assert!(terms.see(&[check(0, None, None)], at(5601)).is_some());
    }

    #[test]
    fn an_address_is_checked_every_hour_and_more_often_during_an_outage() {
        assert!(TERMS().is_due(&[], at(0)));
        assert!(!TERMS().is_due(&[check(0, Some(1), None)], at(3599)));
        assert!(TERMS().is_due(&[check(0, Some(1), None)], at(3600)));
        assert!(!TERMS().is_due(&[check(0, None, None)], at(600)));
        assert!(TERMS().is_due(&[check(0, None, None)], at(601)));
    }

    #[test]
    fn people_are_told_once_of_an_outage_and_once_of_its_end() {
        let seen = |works, second| Seen { works, at: at(second), note: format!("at {second}") };
        let first = next(None, "mail", seen(true, 0));
        assert!(first.told, "that it works is no news");
        let mut down = next(Some(&first), "mail", seen(false, 10));
        assert!(!down.told);
        down.told = true;
        let still = next(Some(&down), "mail", seen(false, 20));
        assert_eq!((still.told, still.since, still.note.as_str()), (true, at(10), "at 10"));
        assert_eq!(next(Some(&still), "mail", seen(true, 9)), still, "what came back before is no end of it");
        let up = next(Some(&still), "mail", seen(true, 30));
        assert!(!up.told && up.since == at(30));
        let never_told = next(Some(&Standing { told: false, ..down }), "mail", seen(true, 30));
        assert!(never_told.told, "nobody hears of the end of what nobody heard of");
        assert!(!next(None, "mail", seen(false, 0)).told, "it may never have worked");
    }
}
