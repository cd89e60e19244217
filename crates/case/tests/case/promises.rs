//! What holds over any night.
use case::{
    Case, Command, InForce, Kind, Refused, SignFamily, SignKind, Source, Stage, Trust, Verdict, plan,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::sample::{Night, evening, sighting, sign};
use case::{Moment, Playbook, Restriction, Step};

const KINDS: [Kind; 8] = [
    Kind::OpenProxy,
    Kind::OpenRelay,
    Kind::Malware,
    Kind::SpamSource,
    Kind::PhoneHome,
    Kind::TrojanScan,
    Kind::Scan,
    Kind::Other,
];

fn any_sighting() -> impl Strategy<Value = case::Sighting> {
    let who = (0..6u8, any::<bool>(), 0..200u32, 0..200u32);
    let what = (0..KINDS.len(), prop::option::of(0..40u16), 0..3u8, -40i64..200);
    (0..500u32, 0..3u32, who, what, prop::option::of(-100i64..10)).prop_map(
        |(n, claim, who, what, happened)| {
            let (domain, authenticated, confirmed, refuted) = who;
            let (kind, port, last_octet, before) = what;
            let received = evening() - SignedDuration::from_hours(before.max(0));
            let mut sighting = sighting(n, KINDS[kind], &format!("d{domain}.example"), received);
            sighting.claim = claim;
            sighting.source = Source::Report {
                domain: format!("d{domain}.example"),
                authenticated,
                trust: Trust { confirmed, refuted },
                standing: case::Standing::Unknown,
                network: (!authenticated).then(|| format!("AS{}", 64500 + u32::from(domain) % 4)),
            };
            sighting.address = std::net::IpAddr::from([198, 51, 100, 7 + last_octet]);
            sighting.port = port;
            sighting.happened = happened.map(|hours| received + SignedDuration::from_hours(hours));
            sighting
        },
    )
}

fn sign_of(kinds: Vec<SignKind>) -> impl Strategy<Value = case::Sighting> {
    let what = (prop::sample::select(kinds), 0..=1000u16, prop::option::of(0..40u16), 0..3u8, 0i64..200);
    (0..500u32, what).prop_map(|(n, (kind, score, port, last_octet, before))| {
        let received = evening() - SignedDuration::from_hours(before);
        let mut seen = sign(n + 10_000, kind, score, port, received);
        seen.address = std::net::IpAddr::from([198, 51, 100, 7 + last_octet]);
        seen
    })
}

fn any_sign() -> impl Strategy<Value = case::Sighting> {
    sign_of(SignKind::ALL.to_vec())
}

pub(crate) fn said_or_seen() -> impl Strategy<Value = case::Sighting> {
    prop_oneof![any_sighting(), any_sign()]
}

/// Signs of one family only, and of those that prove nothing beside it.
fn of_one_family() -> impl Strategy<Value = case::Sighting> {
    let proves_nothing = |sign: &SignKind| {
        sign.family() == SignFamily::Relaying || matches!(sign, SignKind::NewListener | SignKind::ScanOut)
    };
    sign_of(SignKind::ALL.into_iter().filter(proves_nothing).collect())
}

/// One thing that may happen in a night.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a test's list of a hundred")]
pub(crate) enum Happening {
    File(case::Sighting),
    Answer(Verdict, Option<u16>),
    /// An answer from another address, to which the line had moved.
    AnswerFrom(u8, Verdict, Option<u16>),
    Wait(i64),
    Edge {
        shown: Vec<bool>,
        refuses: bool,
    },
    Moved(u8),
    Back(u8),
    Confirm,
    Release,
    Recheck(Vec<u16>),
    Dismiss,
    Merge,
    Reopen,
    Withdraw(u8),
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        3 => Just(Verdict::Closed),
        2 => Just(Verdict::OpenProxy),
        1 => Just(Verdict::OpenRelay),
        1 => Just(Verdict::Unreachable),
        1 => Just(Verdict::RefusedByPolicy),
    ]
}

pub(crate) fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => said_or_seen().prop_map(Happening::File),
        1 => any::<u8>().prop_map(Happening::Withdraw),
        6 => (verdict(), prop::option::of(0..40u16)).prop_map(|(verdict, port)| Happening::Answer(verdict, port)),
        2 => (0..3u8, verdict(), prop::option::of(0..40u16))
            .prop_map(|(last, verdict, port)| Happening::AnswerFrom(last, verdict, port)),
        4 => prop_oneof![0..600i64, 0..200_000i64].prop_map(Happening::Wait),
        3 => (prop::collection::vec(any::<bool>(), 3), any::<bool>())
            .prop_map(|(shown, refuses)| Happening::Edge { shown, refuses }),
        1 => (0..3u8).prop_map(Happening::Moved),
        1 => (0..3u8).prop_map(Happening::Back),
        1 => Just(Happening::Confirm),
        1 => Just(Happening::Release),
        1 => prop::collection::vec(any::<u16>(), 0..40).prop_map(Happening::Recheck),
        1 => (0..30u8).prop_map(|which| match which {
            0..3 => Happening::Dismiss,
            3 => Happening::Merge,
            4..12 => Happening::Reopen,
            _ => Happening::Wait(1),
        }),
    ]
}

pub(crate) fn command(night: &Night, happening: Happening) -> Option<Command> {
    let reason = "because".to_owned();
    Some(match happening {
        Happening::File(mut sighting) => {
            sighting.received = night.now;
            Command::File(sighting)
        }
        Happening::Answer(verdict, port) => {
            let id = night.case.outstanding()?.id;
            return night.answer_to(id, verdict, port);
        }
        Happening::AnswerFrom(last, verdict, port) => {
            let id = night.case.outstanding()?.id;
            let mut command = night.answer_to(id, verdict, port)?;
            if let Command::Answered { answer, .. } = &mut command {
                answer.question.address = std::net::IpAddr::from([198, 51, 100, 7 + last]);
            }
            command
        }
        Happening::Wait(_) => Command::Tick,
        Happening::Edge { shown, refuses } => {
            let rules = night.case.standing_rules(night.now);
            let shows = |n: usize| shown.get(n % 3).copied().unwrap_or(false);
            let in_force = rules.iter().enumerate().filter(|(n, _)| shows(*n));
            let in_force = in_force.map(|(_, rule)| InForce { key: rule.key, until: rule.until }).collect();
            let refused = rules
                .iter()
                .filter(|_| refuses)
                .map(|rule| Refused { key: rule.key, reason: "no".to_owned() });
            Command::EdgeRead { in_force, refused: refused.collect() }
        }
        Happening::Moved(last) => {
            Command::HolderChanged { address: std::net::IpAddr::from([198, 51, 100, 7 + last]), reason }
        }
        Happening::Back(last) => {
            Command::LineMoved { to: std::net::IpAddr::from([198, 51, 100, 7 + last]), reason }
        }
        Happening::Confirm => Command::Confirm { reason },
        Happening::Release => Command::Release { reason },
        Happening::Recheck(ports) => Command::Recheck { ports },
        Happening::Dismiss => Command::Dismiss { reason },
        Happening::Merge => Command::Merge { into: case::CaseId(99), reason },
        Happening::Reopen => Command::Reopen { reason },
        Happening::Withdraw(which) => {
            let signs: Vec<_> = night.case.signs().collect();
            let seen = signs.get(usize::from(which) % signs.len().max(1))?;
            Command::Withdraw { evidence: seen.evidence, claim: seen.claim, reason }
        }
    })
}

/// Any step, and those too that the reader of the file refuses: a report that contains, a customer told of a rumour, a block
/// for a year.
fn any_step() -> impl Strategy<Value = Step> {
    let when = prop::sample::select(Moment::ALL.to_vec());
    let stages = prop::collection::vec(prop::sample::select(Stage::ALL.to_vec()), 0..4);
    let kinds = prop::collection::vec(prop::sample::select(KINDS.to_vec()), 0..3);
    let contain = prop::sample::subsequence(
        vec![Restriction::MailOut, Restriction::ProvedPortIn, Restriction::WalledGarden],
        0..=3,
    );
    let does = (any::<bool>(), any::<bool>(), contain, 1..400 * 24i64);
    (0..12u8, when, stages, kinds, prop::option::of(0..200_000i64), does).prop_map(
        |(name, when, stages, kinds, after, (page, tell, contain, hours))| Step {
            stages,
            kinds,
            after: after.map(SignedDuration::from_secs),
            page,
            tell,
            contain,
            block_for: SignedDuration::from_hours(hours),
            ..Step::new(&format!("step {name}"), when)
        },
    )
}

pub(crate) fn any_playbook() -> impl Strategy<Value = Playbook> {
    let pace = (1..400_000i64, 1..400_000i64, 1..5u32, 0..200_000i64, 1..2_000_000i64);
    (prop::collection::vec(any_step(), 0..12), any::<bool>(), pace).prop_map(
        |(steps, second_person, (again, suspected, negatives, over, close))| {
            let seconds = SignedDuration::from_secs;
            Playbook {
                steps,
                second_person,
                recheck_every: seconds(again),
                ask_again: [(Stage::Suspected, seconds(suspected))].into(),
                clean_after_negatives: negatives,
                clean_over: seconds(over),
                close_after: seconds(close),
                ..Playbook::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn any_order_of_the_same_evidence_gives_the_same_judgement(
        (sightings, shuffled) in prop::collection::vec(said_or_seen(), 1..60)
            .prop_flat_map(|sightings| (Just(sightings.clone()), Just(sightings).prop_shuffle())),
        later in 0..400i64,
    ) {
        // Of two different sightings that bear one name the first counts; a set has no such two.
        let mut seen = std::collections::BTreeMap::new();
        for sighting in &sightings {
            seen.entry((sighting.evidence, sighting.claim)).or_insert_with(|| sighting.clone());
        }
        let told = |order: &[case::Sighting]| {
            let mut order = order.iter().map(|s| seen[&(s.evidence, s.claim)].clone());
            let mut night = Night::begins_with(order.next().unwrap());
            order.for_each(|sighting| { night.must(&Command::File(sighting)); });
            night
        };
        let (one, other) = (told(&sightings), told(&shuffled));
        prop_assert_eq!(one.stage(), other.stage());
        for now in [one.now, one.now + SignedDuration::from_hours(later)] {
            let (a, b) = (one.case.judgement(&one.playbook, now), other.case.judgement(&one.playbook, now));
            prop_assert_eq!(a.stage, b.stage);
            prop_assert!((a.hearsay - b.hearsay).abs() < 1e-9, "{} {}", a.hearsay, b.hearsay);
            prop_assert!((a.odds - b.odds).abs() < 1e-9, "{} {}", a.odds, b.odds);
            prop_assert_eq!(a.why, b.why);
        }
        prop_assert_eq!(one.case.addresses(), other.case.addresses());
    }

    #[test]
    fn no_amount_of_reports_and_negative_answers_confirms_or_blocks(
        happenings in prop::collection::vec(
            prop_oneof![
                5 => any_sighting().prop_map(Happening::File),
                2 => prop_oneof![Just(Verdict::Closed), Just(Verdict::Unreachable)].prop_map(|v| Happening::Answer(v, None)),
                1 => (0..100_000i64).prop_map(Happening::Wait),
            ],
            1..120,
        ),
        first in any_sighting(),
        playbook in any_playbook(),
    ) {
        let mut night = Night::with(playbook, first, evening());
        for happening in happenings {
            if let Happening::Wait(seconds) = happening {
                night.wait(SignedDuration::from_secs(seconds));
            }
            let Some(command) = command(&night, happening) else { continue };
            if night.case.stage().is_open() {
                night.must(&command);
            }
            prop_assert!(night.stage() <= Stage::Suspected || night.stage() == Stage::Closed);
            prop_assert!(plan([&night.case], night.now).rules().is_empty());
        }
    }

    #[test]
    fn one_family_of_signs_never_confirms_or_blocks_whatever_is_said_by_those_without_a_record(
        seen in prop::collection::vec(of_one_family(), 1..80),
        said in prop::collection::vec(any_sighting(), 0..20),
        playbook in any_playbook(),
    ) {
        let mut night = Night::with(playbook, seen[0].clone(), evening());
        let strangers = said.into_iter().map(|said| crate::sample::with_record(said, 0, 0));
        for sighting in seen.into_iter().chain(strangers) {
            night.must(&Command::File(sighting));
            prop_assert!(night.stage() <= Stage::Suspected, "{}", night.why());
            prop_assert!(plan([&night.case], night.now).rules().is_empty());
        }
    }

    #[test]
    fn over_any_night_the_invariants_hold_and_the_records_tell_it_whole(
        happenings in prop::collection::vec(happening(), 1..80),
        first in said_or_seen(),
        playbook in any_playbook(),
    ) {
        let mut night = Night::with(playbook, first, evening());
        for happening in happenings {
            if let Happening::Wait(seconds) = happening {
                night.wait(SignedDuration::from_secs(seconds));
                prop_assert_eq!(night.violations(), Vec::<String>::new());
            }
            let Some(command) = command(&night, happening) else { continue };
            let again = night.case.decide(&command, &night.playbook, night.now);
            prop_assert_eq!(&night.act(&command), &again, "deciding is deterministic");
            prop_assert_eq!(night.violations(), Vec::<String>::new());
            if night.stage().is_open() {
                let judged = night.case.judgement(&night.playbook, night.now);
                prop_assert_eq!(judged.stage, night.stage(), "{}", judged.why);
            }
            prop_assert!(night.case.outstanding().is_none_or(|asking| asking.question.ports.len() <= 32));
            // One look is enough: what it leaves to do lies in the future.
            night.must(&Command::Tick);
            prop_assert!(!night.case.is_due(&night.playbook, night.now));
            prop_assert!(night.case.next_due(&night.playbook, night.now).is_none_or(|due| due > night.now));
        }
        let kept: Vec<String> = night.records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        let read: Vec<case::Record> = kept.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(&Case::replay(&read).unwrap(), &night.case);
    }
}

#[test]
fn ten_thousand_forged_reports_reach_no_further_than_suspected() {
    let forged = |n: u32, now: Timestamp| {
        let mut forged = sighting(n, KINDS[n as usize % KINDS.len()], &format!("d{}.example", n % 100), now);
        let trust = Trust { confirmed: u32::MAX, refuted: 0 };
        forged.source = Source::Report {
            domain: format!("d{}.example", n % 100),
            authenticated: true,
            trust,
            standing: case::Standing::Unknown,
            network: None,
        };
        forged.port = u16::try_from(n).ok();
        forged
    };
    let mut night = Night::begins_with(forged(0, evening()));
    for n in 1..10_000 {
        night.wait(SignedDuration::from_secs(1));
        let sighting = forged(n, night.now);
        night.must(&Command::File(sighting));
        if n % 1000 == 0 && night.case.outstanding().is_some() {
            night.answers(Verdict::Closed, None);
        }
    }
    assert_eq!(night.stage(), Stage::Suspected);
    assert_eq!(night.rules(), [""; 0]);
    let judgement = night.case.judgement(&night.playbook, night.now);
    assert!(judgement.hearsay < 6.0, "hearsay is capped: {}", judgement.hearsay);
    assert!(judgement.why.len() < 600, "and so are the words: {}", judgement.why);
}
