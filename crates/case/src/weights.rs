//! Every number judgement weighs with, in one place.
//!
//! Weights are log-odds (natural logarithm) that the line is an open proxy or relay: 0 is even odds, +2.2 is nine to
//! one, +4.6 ninety-nine to one. They are judgement calls, chosen so that the sentences in the tests of this file
//! hold; nobody has measured them on a real desk yet.
use jiff::SignedDuration;

use crate::{Kind, Source, Trust};

/// Before anything is said: one line in a hundred. `ln(1/99)`.
pub(crate) const PRIOR: f64 = -4.595;
/// From here on a case is `suspected`: even odds.
pub(crate) const SUSPECTED: f64 = 0.0;
/// A report that was shown to come from where it says (DKIM, a named feed) counts this much more.
pub(crate) const AUTHENTICATED: f64 = 1.25;
/// The most a perfect record multiplies a reporter's word by. With [`AUTHENTICATED`] and [`REPEAT`] it keeps spam from
/// one reporter, however often it is told, below [`SUSPECTED`].
pub(crate) const TRUST_AT_MOST: f64 = 1.4;
/// Each further report of one kind from one domain counts this much of the one before.
pub(crate) const REPEAT: f64 = 0.5;
/// How many reports of one kind and domain are kept for weighing; the next would count less than a millionth.
pub(crate) const REPEATS_KEPT: usize = 20;
/// All that one domain says counts at most this.
pub(crate) const DOMAIN_AT_MOST: f64 = 8.0;
/// All that anybody says counts at most this.
pub(crate) const HEARSAY_AT_MOST: f64 = 10.0;
/// What a sign of a proxy adds when it comes while the line is watched for malware that somebody else reported (P6): it is
/// taken to be three times as likely then, `ln(3)`. Our judgement, as the others.
pub(crate) const FOLLOWS_MALWARE: f64 = 1.1;
/// An event a report dates earlier than this before it came counts as this old: clocks in reports are often wrong.
pub(crate) const OLDEST_AT_ARRIVAL: SignedDuration = SignedDuration::from_hours(48);

/// What a fresh, unauthenticated report of this kind from an unknown reporter weighs.
pub(crate) fn fresh(kind: Kind) -> f64 {
    match kind {
        // P12: one word of a proxy or relay is enough for `suspected`, unless the reporter's record is ruined.
        Kind::OpenProxy | Kind::OpenRelay => 7.5,
        Kind::PhoneHome => 2.0,
        // Three authenticated reporters, or four others, make it likely; one alone never does.
        Kind::SpamSource => 1.25,
        Kind::Malware | Kind::TrojanScan => 1.2,
        Kind::Scan => 0.5,
        Kind::Other => 0.1,
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

/// What a reporter's record multiplies its word by: 1 when nothing is known, down to 0.25, up to [`TRUST_AT_MOST`].
/// The record is read as the mean of Beta(1 + confirmed, 1 + refuted).
pub(crate) fn trust(trust: Trust) -> f64 {
    let confirmed = f64::from(trust.confirmed);
    let refuted = f64::from(trust.refuted);
    let mean = (1.0 + confirmed) / (2.0 + confirmed + refuted);
    (0.25 + 1.5 * mean).min(TRUST_AT_MOST)
}

/// The weight of one fresh report, to the thousandth: it is kept in JSON, and a longer fraction would not come back
/// from there to the last bit.
pub(crate) fn of(kind: Kind, source: &Source) -> f64 {
    match source {
        Source::Report { authenticated, trust: record, .. } => {
            let shown = if *authenticated { AUTHENTICATED } else { 1.0 };
            (fresh(kind) * shown * trust(*record) * 1000.0).round() / 1000.0
        }
    }
}

/// How much of a weight is left after `age`; nothing is younger than new.
pub(crate) fn decay(kind: Kind, age: SignedDuration) -> f64 {
    let age = age.as_secs_f64().max(0.0);
    (-age / half_life(kind).as_secs_f64()).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, authenticated: bool, confirmed: u32, refuted: u32) -> f64 {
        let trust = Trust { confirmed, refuted };
        of(kind, &Source::Report { domain: "example.net".to_owned(), authenticated, trust })
    }

    #[test]
    fn one_word_of_a_proxy_is_enough_unless_the_reporter_is_ruined() {
        assert!(PRIOR + said(Kind::OpenProxy, false, 0, 0) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenRelay, false, 0, 2) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenProxy, true, 0, 4) >= SUSPECTED);
        assert!(PRIOR + said(Kind::OpenProxy, false, 0, 3) < SUSPECTED);
        assert!(PRIOR + said(Kind::OpenProxy, true, 0, 6) < SUSPECTED);
    }

    #[test]
    fn one_reporter_of_spam_or_viruses_is_never_enough() {
        let endless = 1.0 / (1.0 - REPEAT);
        for kind in [Kind::SpamSource, Kind::Malware, Kind::TrojanScan, Kind::Scan, Kind::Other] {
            assert!(PRIOR + endless * said(kind, true, 1_000_000, 0) < SUSPECTED, "{kind}");
        }
    }

    #[test]
    fn three_authenticated_or_four_other_reporters_of_spam_are_enough() {
        assert!(PRIOR + 3.0 * said(Kind::SpamSource, true, 0, 0) >= SUSPECTED);
        assert!(PRIOR + 4.0 * said(Kind::SpamSource, false, 0, 0) >= SUSPECTED);
        assert!(PRIOR + 3.0 * said(Kind::SpamSource, false, 0, 0) < SUSPECTED);
    }

    #[test]
    fn half_is_left_after_a_half_life_and_nothing_grows() {
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(72)) - 0.5).abs() < 1e-12);
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(-72)) - 1.0).abs() < 1e-12);
    }
}
