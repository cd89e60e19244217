//! Every number judgement weighs with, in one place.
//!
//! Weights are log-odds (natural logarithm) that the line is an open proxy or relay: 0 is even odds, +2.2 is nine to
//! one, +4.6 ninety-nine to one. A report weighs what a wholly trusted reporter's word of its kind would, times the
//! trust in whoever says so, from 0 to 1. All are judgement calls, chosen so that the sentences in the tests of this
//! file hold; nobody has measured them on a real desk yet.
use jiff::SignedDuration;

use crate::{Kind, Source, Standing, Trust};

/// Before anything is said: one line in a hundred. `ln(1/99)`.
pub(crate) const PRIOR: f64 = -4.595;
/// From here on a case is `suspected`: even odds.
pub(crate) const SUSPECTED: f64 = 0.0;
/// The trust in a message that nothing shows to be from whom it says, whoever that is.
pub(crate) const UNAUTHENTICATED: f64 = 0.1;
/// The record a reporter begins with, as (confirmed, refuted) of a Beta distribution: one in five of what strangers say
/// is borne out.
const STRANGER: (f64, f64) = (1.0, 4.0);
/// The record of a feed that the configuration names, and of whatever comes to an unpublished box: four in five, and it
/// takes ten refuted reports to bring that down to two in five.
const NAMED: (f64, f64) = (8.0, 2.0);
/// Whoever is trusted this much has a record and speaks for itself: a stranger with three confirmed reports and none
/// refuted. All others are a crowd, whose words are capped together, since identities cost nothing.
pub(crate) const ESTABLISHED: f64 = 0.5;
/// Each further report of one kind from one established reporter counts this much of the one before.
pub(crate) const REPEAT: f64 = 0.5;
/// How many reports of one kind and reporter are kept for weighing; the next would count less than a millionth.
pub(crate) const REPEATS_KEPT: usize = 20;
/// How many members of a crowd are kept for weighing, strongest first, each with one word of a kind: the caps below are
/// reached long before.
pub(crate) const CROWD_KEPT: usize = 16;
/// All that one established reporter says counts at most this.
pub(crate) const DOMAIN_AT_MOST: f64 = 8.0;
/// All that is said without being shown to come from anywhere counts at most this. One network (AS, or the first bits
/// of the address it came from) is one voice of it.
pub(crate) const UNAUTHENTICATED_AT_MOST: f64 = 2.0;
/// All that reporters without a record say, shown to be who they are or not, counts at most this: too little to suspect
/// anybody, however many they are.
pub(crate) const CROWD_AT_MOST: f64 = 3.5;
/// All that anybody says counts at most this.
pub(crate) const HEARSAY_AT_MOST: f64 = 10.0;
/// What a sign of a proxy adds when it comes while the line is watched for malware that somebody else reported (P6): it is
/// taken to be three times as likely then, `ln(3)`. Our judgement, as the others.
pub(crate) const FOLLOWS_MALWARE: f64 = 1.1;
/// An event a report dates earlier than this before it came counts as this old: clocks in reports are often wrong.
pub(crate) const OLDEST_AT_ARRIVAL: SignedDuration = SignedDuration::from_hours(48);

/// What a fresh report of this kind weighs from somebody who is never wrong.
pub(crate) fn full(kind: Kind) -> f64 {
    match kind {
        // P12: one word of a proxy or relay from a trusted feed is enough for `suspected`.
        Kind::OpenProxy | Kind::OpenRelay => 7.5,
        Kind::PhoneHome => 3.0,
        // One reporter is never enough, however often it says so and whatever its record; three trusted ones are.
        Kind::SpamSource | Kind::Malware | Kind::TrojanScan => 2.0,
        Kind::Scan => 0.8,
        Kind::Other => 0.15,
    }
}

/// How long until a report of this kind counts half.
pub(crate) fn half_life(kind: Kind) -> SignedDuration {
    let days = match kind {
        // Spam runs are short; the proxy behind it often outlives them, an infection more so.
        Kind::SpamSource | Kind::Scan | Kind::Other => 3,
        Kind::OpenProxy | Kind::OpenRelay | Kind::PhoneHome | Kind::TrojanScan => 7,
        Kind::Malware => 14,
    };
    SignedDuration::from_hours(days * 24)
}

/// How far whoever says so is trusted, 0 to 1: the mean of a Beta distribution over what became of its earlier reports.
/// A message that is not shown to be from its domain has no part in that domain's record.
pub(crate) fn trust(source: &Source) -> f64 {
    let Source::Report { authenticated, trust: record, standing, .. } = source;
    let begins_with = match standing {
        Standing::UnpublishedBox => NAMED,
        Standing::NamedFeed if *authenticated => NAMED,
        Standing::Unknown if *authenticated => STRANGER,
        Standing::NamedFeed | Standing::Unknown => return UNAUTHENTICATED,
    };
    let record = if *authenticated { *record } else { Trust::default() };
    mean(begins_with, record)
}

fn mean((confirmed, refuted): (f64, f64), record: Trust) -> f64 {
    let confirmed = confirmed + f64::from(record.confirmed);
    confirmed / (confirmed + refuted + f64::from(record.refuted))
}

/// The weight of one fresh report, to the thousandth: it is kept in JSON, and a longer fraction would not come back
/// from there to the last bit.
pub(crate) fn of(kind: Kind, source: &Source) -> f64 {
    (full(kind) * trust(source) * 1000.0).round() / 1000.0
}

/// How much of a weight is left after `age`; nothing is younger than new.
pub(crate) fn decay(kind: Kind, age: SignedDuration) -> f64 {
    let age = age.as_secs_f64().max(0.0);
    (-age / half_life(kind).as_secs_f64()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, standing: Standing, authenticated: bool, confirmed: u32, refuted: u32) -> f64 {
        let trust = Trust { confirmed, refuted };
        let domain = "example.net".to_owned();
        of(kind, &Source::Report { domain, authenticated, trust, standing, network: None })
    }

    fn trusted(standing: Standing, authenticated: bool, confirmed: u32, refuted: u32) -> f64 {
        let trust = Trust { confirmed, refuted };
        let domain = "example.net".to_owned();
        super::trust(&Source::Report { domain, authenticated, trust, standing, network: None })
    }

    #[test]
    fn one_word_of_a_proxy_is_enough_from_a_named_feed_or_the_unpublished_box() {
        assert!(PRIOR + said(Kind::OpenProxy, Standing::NamedFeed, true, 0, 0) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenRelay, Standing::UnpublishedBox, false, 0, 0) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenProxy, Standing::NamedFeed, true, 0, 3) >= SUSPECTED);
        assert!(
            PRIOR + said(Kind::OpenProxy, Standing::NamedFeed, true, 0, 10) < SUSPECTED,
            "a ruined record"
        );
    }

    #[test]
    fn a_stranger_is_trusted_one_in_five_at_most_and_earns_more() {
        assert!(trusted(Standing::Unknown, true, 0, 0) <= 0.2);
        assert!(
            trusted(Standing::Unknown, false, u32::MAX, 0) <= 0.1,
            "a name that is only written has no record"
        );
        assert!(trusted(Standing::Unknown, true, 2, 0) < ESTABLISHED);
        assert!(trusted(Standing::Unknown, true, 3, 0) >= ESTABLISHED);
        assert!(trusted(Standing::Unknown, true, 3, 3) < ESTABLISHED);
        assert!(PRIOR + said(Kind::OpenProxy, Standing::Unknown, true, 20, 0) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenProxy, Standing::Unknown, true, 3, 0) < SUSPECTED);
    }

    #[test]
    fn one_reporter_of_spam_or_viruses_is_never_enough() {
        let endless = 1.0 / (1.0 - REPEAT);
        for kind in [Kind::SpamSource, Kind::Malware, Kind::TrojanScan, Kind::Scan, Kind::Other] {
            let said = said(kind, Standing::NamedFeed, true, u32::MAX, 0);
            assert!(PRIOR + endless * said < SUSPECTED, "{kind}");
        }
    }

    #[test]
    fn three_named_feeds_that_speak_of_spam_are_enough_and_two_are_not() {
        let spam = said(Kind::SpamSource, Standing::NamedFeed, true, 0, 0);
        assert!(PRIOR + 3.0 * spam >= SUSPECTED);
        assert!(PRIOR + 2.0 * spam < SUSPECTED);
    }

    #[test]
    fn no_crowd_is_enough_and_it_can_only_support_somebody_with_a_record() {
        const { assert!(UNAUTHENTICATED_AT_MOST < CROWD_AT_MOST) }
        const { assert!(PRIOR + CROWD_AT_MOST < SUSPECTED) }
        let spam = said(Kind::SpamSource, Standing::NamedFeed, true, 0, 0);
        assert!(PRIOR + CROWD_AT_MOST + spam >= SUSPECTED);
        let scan = said(Kind::Scan, Standing::NamedFeed, true, 0, 0);
        assert!(PRIOR + CROWD_AT_MOST + scan < SUSPECTED);
    }

    #[test]
    fn the_kept_members_of_a_crowd_reach_its_caps() {
        let kept = f64::from(u32::try_from(CROWD_KEPT).expect("few"));
        for authenticated in [false, true] {
            let word = said(Kind::OpenProxy, Standing::Unknown, authenticated, 0, 0);
            assert!(kept * word >= CROWD_AT_MOST);
        }
    }

    #[test]
    fn half_is_left_after_a_half_life_and_nothing_grows() {
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(72)) - 0.5).abs() < 1e-12);
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(-72)) - 1.0).abs() < 1e-12);
    }
}
