//! Every number judgement weighs with, in one place.
//!
//! Weights are log-odds (natural logarithm) that the line is an open proxy or relay: 0 is even odds, +2.2 is nine to
//! one, +4.6 ninety-nine to one. A report weighs what a wholly trusted reporter's word of its kind would, times the
//! trust in whoever says so, from 0 to 1. All are judgement calls, chosen so that the sentences in the tests of this
//! file hold; nobody has measured them on a real desk yet.
use jiff::SignedDuration;

use crate::{Kind, SignFamily, SignKind, Source, Standing, Trust};

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
/// What a sign of ours adds instead when it is on a port that the reported malware is known to listen on: nine times as
/// likely, `ln(9)`.
pub(crate) const FOLLOWS_ON_ITS_PORT: f64 = 2.2;
/// How sure a sign of relaying must be, in thousandths, to be one half of a proof.
pub(crate) const SURE_OF_RELAYING: u16 = 600;
/// How sure the second sign must be.
pub(crate) const SURE_OF_SECOND: u16 = 200;
/// How near in time the two must be. A proxy that works shows both within hours; what lies further apart may be two
/// machines behind one line.
pub(crate) const TOGETHER: SignedDuration = SignedDuration::from_hours(72);
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
        Kind::Scan | Kind::Listener => 0.8,
        Kind::Other => 0.15,
    }
}

/// How long until a report of this kind counts half.
pub(crate) fn half_life(kind: Kind) -> SignedDuration {
    let days = match kind {
        // Spam runs are short; the proxy behind it often outlives them, an infection more so.
        Kind::SpamSource | Kind::Scan | Kind::Other => 3,
        Kind::OpenProxy | Kind::OpenRelay | Kind::PhoneHome | Kind::TrojanScan | Kind::Listener => 7,
        Kind::Malware => 14,
    };
    SignedDuration::from_hours(days * 24)
}

/// What a fresh sign weighs for each unit of its score, so that a score of [`LIKELY`] alone is even odds. Judging single
/// flows is wrong too often at the rate proxies are found at (Wails et al., NDSS 2024): a sign sums up a line over time,
/// and its score says how sure that alone makes it.
const SIGN: f64 = -PRIOR / LIKELY;
/// The score from which a flow detector takes a line for a proxy.
const LIKELY: f64 = 0.6;

/// The weight of one fresh sign that is sure to `score` thousandths, to the thousandth as reports are. A call or a scan that is
/// not sure is worth little beside others: of honest lines many have some, so its weight grows as the square of the score.
pub(crate) fn of_sign(sign: SignKind, score: u16) -> f64 {
    let score = f64::from(score.min(1000)) / 1000.0;
    let sure = match sign.family() {
        SignFamily::Calling | SignFamily::Scanning => score / LIKELY,
        SignFamily::Relaying | SignFamily::Mailing | SignFamily::Answering | SignFamily::Trapped => 1.0,
    };
    let weight = SIGN * score * sure;
    (weight.min(family_at_most(sign.family())) * 1000.0).round() / 1000.0
}

/// Of each family only the strongest sign counts, since they follow from the same packets, and that at most this. Answering
/// alone is never enough to suspect: a service that strangers reach may be a game or a peer-to-peer client. A call that is
/// sure to be regular and rare, or a scan that is sure to be one, is: of 45 host-days of public captures with truth, eleven
/// of the 14 infected ones show nothing else, and none of the 31 benign ones shows either at [`LIKELY`]. (RITA's formulas,
/// which take regularity alone, flag 9 of 15 benign ones.)
pub(crate) fn family_at_most(family: SignFamily) -> f64 {
    match family {
        SignFamily::Relaying => 8.0,
        SignFamily::Mailing | SignFamily::Calling | SignFamily::Scanning => 6.0,
        SignFamily::Answering | SignFamily::Trapped => 3.6,
    }
}

/// How long until a sign counts half. What still goes on is seen again, so that a sign may fade sooner than a report.
pub(crate) fn sign_half_life(sign: SignKind) -> SignedDuration {
    let days = match sign.family() {
        SignFamily::Relaying | SignFamily::Answering => 4,
        SignFamily::Mailing | SignFamily::Calling | SignFamily::Scanning | SignFamily::Trapped => 2,
    };
    SignedDuration::from_hours(days * 24)
}

/// How sure a line's visits to our traps make us, in thousandths: by how many spare addresses it came to within a day, and
/// whether it said there what only a search for proxies, relays, trojans or logins says. Only visits with a handshake are
/// counted; a bare first packet may be forged and is none. One silent visit may be a mistyped number and opens no case;
/// what is wanted there in plain words, or a third address, does.
#[must_use]
pub fn sure_of_trap(traps: usize, said_it: bool) -> u16 {
    match (traps, said_it) {
        (0, _) => 0,
        (16.., _) => 450,
        (3.., true) => 400,
        (3.., false) => 300,
        (_, true) => 250,
        (_, false) => 100,
    }
}

/// How much of a sign is left after `age`.
pub(crate) fn sign_decay(sign: SignKind, age: SignedDuration) -> f64 {
    halved(age, sign_half_life(sign))
}

/// How far whoever says so is trusted, 0 to 1: the mean of a Beta distribution over what became of its earlier reports.
/// A message that is not shown to be from its domain has no part in that domain's record.
pub(crate) fn trust(source: &Source) -> f64 {
    let Source::Report { authenticated, trust: record, standing, .. } = source else { return 1.0 };
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

/// The weight of one fresh observation, whoever made it.
pub(crate) fn fresh(kind: Kind, source: &Source) -> f64 {
    match source {
        Source::Report { .. } => of(kind, source),
        Source::Sign { sign, score, .. } => of_sign(*sign, *score),
    }
}

/// The weight of one fresh report, to the thousandth: it is kept in JSON, and a longer fraction would not come back
/// from there to the last bit.
pub(crate) fn of(kind: Kind, source: &Source) -> f64 {
    (full(kind) * trust(source) * 1000.0).round() / 1000.0
}

/// How much of a weight is left after `age`; nothing is younger than new.
pub(crate) fn decay(kind: Kind, age: SignedDuration) -> f64 {
    halved(age, half_life(kind))
}

fn halved(age: SignedDuration, half_life: SignedDuration) -> f64 {
    let age = age.as_secs_f64().max(0.0);
    (-age / half_life.as_secs_f64()).exp2()
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
        for kind in
            [Kind::SpamSource, Kind::Malware, Kind::TrojanScan, Kind::Scan, Kind::Listener, Kind::Other]
        {
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

    fn alone(sign: SignKind, score: u16) -> f64 {
        PRIOR + of_sign(sign, score)
    }

    #[test]
    fn a_likely_sign_is_enough_to_suspect_but_not_that_something_answers_or_touched_a_trap() {
        for sign in SignKind::ALL {
            let enough = !matches!(sign.family(), SignFamily::Answering | SignFamily::Trapped);
            assert_eq!(alone(sign, 1000) >= SUSPECTED, enough, "{sign}");
            assert!(alone(sign, 590) < SUSPECTED, "{sign} that is not likely");
        }
        assert!(alone(SignKind::RelayShape, 601) >= SUSPECTED);
    }

    #[test]
    fn one_silent_visit_to_a_trap_opens_no_case_and_plain_words_or_a_third_trap_do() {
        let opens = |traps, said_it| SignKind::TrapTouched.opens(sure_of_trap(traps, said_it));
        assert!(!opens(0, true) && !opens(1, false) && !opens(2, false));
        assert!(opens(1, true) && opens(3, false));
    }

    #[test]
    fn no_number_of_trap_visits_suspects_alone_but_beside_a_report_of_a_virus_a_sweep_does() {
        let swept = of_sign(SignKind::TrapTouched, sure_of_trap(65_536, true));
        assert!(PRIOR + swept < SUSPECTED);
        let virus = said(Kind::Malware, Standing::NamedFeed, true, 0, 0);
        assert!(
            PRIOR + swept + virus >= SUSPECTED,
            "a line that is reported for a virus and sweeps our traps"
        );
        let one = of_sign(SignKind::TrapTouched, sure_of_trap(1, false));
        assert!(PRIOR + one + virus < SUSPECTED, "and not one that came by once");
    }

    #[test]
    fn a_trap_that_was_spoken_to_is_sure_enough_to_be_the_second_half_of_a_proof_and_a_silent_visit_is_not() {
        assert!(sure_of_trap(1, true) >= SURE_OF_SECOND && sure_of_trap(3, false) >= SURE_OF_SECOND);
        assert!(sure_of_trap(2, false) < SURE_OF_SECOND);
    }

    #[test]
    fn a_stranger_answered_and_a_small_mail_after_it_are_enough_and_with_a_weak_call_they_are_not() {
        let answered = of_sign(SignKind::AnsweredStranger, 450);
        assert!(PRIOR + answered + of_sign(SignKind::MailPhoneHome, 350) >= SUSPECTED);
        assert!(PRIOR + answered + of_sign(SignKind::Beacon, 140) < SUSPECTED);
    }

    #[test]
    fn a_listener_where_a_virus_was_reported_is_enough_on_the_ports_of_that_virus_and_not_beside_them() {
        let virus = said(Kind::Malware, Standing::NamedFeed, true, 0, 0);
        let (answered, listener) =
            (of_sign(SignKind::AnsweredStranger, 300), of_sign(SignKind::NewListener, 200));
        assert!(PRIOR + virus + answered < SUSPECTED, "not without the watch");
        assert!(PRIOR + virus + answered + FOLLOWS_MALWARE >= SUSPECTED);
        assert!(PRIOR + virus + listener + FOLLOWS_MALWARE < SUSPECTED);
        assert!(PRIOR + virus + listener + FOLLOWS_ON_ITS_PORT >= SUSPECTED);
    }

    #[test]
    fn half_is_left_after_a_half_life_and_nothing_grows() {
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(72)) - 0.5).abs() < 1e-12);
        assert!((decay(Kind::SpamSource, SignedDuration::from_hours(-72)) - 1.0).abs() < 1e-12);
    }
}
