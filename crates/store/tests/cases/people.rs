//! Operators, sessions and reporters.

use case::{CaseId, EvidenceId};
use store::{ApiToken, Batch, Deed, DeedFilter, Heard, HeardOf, Session, Verdict};

use super::{at, delivery};
use crate::stand::Stand;

pub(crate) async fn a_session_ends_with_its_time_or_its_password(stand: Stand) {
    let store = stand.open().await;
    assert_eq!(store.operator_hash("night").await.expect("reads"), None);
    store.set_operator("night", "$argon2id$one").await.expect("sets");
    store.set_operator("day", "$argon2id$other").await.expect("sets");
    assert_eq!(store.operators().await.expect("lists"), ["day", "night"]);
    assert_eq!(store.operator_hash("night").await.expect("reads").as_deref(), Some("$argon2id$one"));
    let session = |operator: &str, end, waits| Session {
        operator: operator.to_owned(),
        csrf: "csrf".to_owned(),
        expires: at(end),
        waits,
    };
    for (token, operator, end) in [(1, "night", 100), (2, "night", 200), (3, "day", 300)] {
        store.create_session([token; 32], &session(operator, end, token == 3)).await.expect("begins");
    }
    assert!(store.session([3; 32], at(99)).await.expect("reads").is_some_and(|session| session.waits));
    let first = session("night", 100, false);
    assert_eq!(store.session([1; 32], at(99)).await.expect("reads"), Some(first));
    assert_eq!(store.session([1; 32], at(100)).await.expect("reads"), None);
    assert_eq!(store.session([9; 32], at(0)).await.expect("reads"), None);
    assert_eq!(store.forget_expired_sessions(at(100)).await.expect("forgets"), 1);
    store.set_operator("night", "$argon2id$two").await.expect("sets");
    assert_eq!(store.session([2; 32], at(0)).await.expect("reads"), None);
    assert!(store.session([3; 32], at(0)).await.expect("reads").is_some());
    store.end_session([3; 32]).await.expect("ends");
    assert_eq!(store.session([3; 32], at(0)).await.expect("reads"), None);
    let nobody = store.create_session([4; 32], &session("nobody", 9, false)).await;
    nobody.expect_err("there is no such operator");
}

pub(crate) async fn whoever_is_retired_has_no_password_and_no_session(stand: Stand) {
    let store = stand.open().await;
    store.set_operator("night", "$argon2id$one").await.expect("sets");
    let row = store.operator("night").await.expect("reads").expect("is there");
    assert_eq!((row.role.as_str(), row.cuts_off, row.retired), ("admin", true, None));
    assert!(store.set_role("night", "viewer", false).await.expect("gives"));
    assert!(!store.set_role("nobody", "viewer", false).await.expect("gives"));
    let session =
        Session { operator: "night".to_owned(), csrf: "c".to_owned(), expires: at(900), waits: false };
    store.create_session([1; 32], &session).await.expect("begins");
    store.create_session([2; 32], &session).await.expect("begins");
    store.change_password("night", "$argon2id$two", [1; 32]).await.expect("changes");
    assert!(store.session([1; 32], at(0)).await.expect("reads").is_some(), "the one it was changed in");
    assert!(store.session([2; 32], at(0)).await.expect("reads").is_none(), "every other ends");
    assert!(store.retire_operator("night", Some(at(5))).await.expect("retires"));
    assert_eq!(store.operator_hash("night").await.expect("reads"), None);
    assert!(store.session([1; 32], at(0)).await.expect("reads").is_none());
    let rows = store.operator_rows().await.expect("lists");
    assert_eq!((rows[0].role.as_str(), rows[0].cuts_off, rows[0].retired), ("viewer", false, Some(at(5))));
    // Whom somebody else vouches for takes nobody's name.
    let vouch = async |name: &str, role: &str, subject: &str| {
        store.set_vouched_operator(name, subject, role, false).await.expect("keeps")
    };
    assert!(!vouch("night", "admin", "https://id.example.net 7").await);
    assert!(vouch("kim", "operator", "https://id.example.net 7").await);
    assert!(vouch("kim", "viewer", "https://id.example.net 7").await);
    assert!(!vouch("kim", "admin", "https://id.example.net 8").await);
    assert_eq!(store.operator("kim").await.expect("reads").expect("is there").role, "viewer");
}

pub(crate) async fn a_code_and_a_recovery_code_are_good_once(stand: Stand) {
    let store = stand.open().await;
    store.set_operator("night", "$argon2id$one").await.expect("sets");
    assert!(store.propose_second_factor("night", b"first").await.expect("proposes"));
    assert!(store.propose_second_factor("night", b"second").await.expect("proposes again"));
    store.begin_second_factor("night", 40, &[[1; 32], [2; 32]], at(9)).await.expect("begins");
    assert!(!store.propose_second_factor("night", b"third").await.expect("is refused"), "one is in force");
    let kept = store.second_factor("night").await.expect("reads").expect("is there");
    assert_eq!((kept.secret.as_slice(), kept.since, kept.last_step), (&b"second"[..], Some(at(9)), 40));
    for (step, fresh) in [(40, false), (39, false), (41, true), (41, false), (43, true), (42, false)] {
        assert_eq!(store.use_step("night", step).await.expect("uses"), fresh, "step {step}");
    }
    let code = async |code: u8| store.use_recovery_code("night", &[code; 32], at(10)).await.expect("uses");
    assert!(code(1).await && !code(1).await && !code(7).await);
    assert_eq!(store.recovery_codes_left("night").await.expect("counts"), 1);
    assert!(store.end_second_factor("night").await.expect("ends"));
    assert!(!code(2).await && store.second_factor("night").await.expect("reads").is_none());
}

pub(crate) async fn a_token_is_good_until_its_end_or_until_it_is_taken_back(stand: Stand) {
    let store = stand.open().await;
    let token = |name: &str| ApiToken {
        name: name.to_owned(),
        made_by: "night".to_owned(),
        role: "viewer".to_owned(),
        cuts_off: false,
        made: at(0),
        expires: at(1000),
        last_used: None,
        revoked: None,
    };
    assert!(store.keep_token([1; 32], &token("grafana")).await.expect("keeps"));
    assert!(!store.keep_token([2; 32], &token("grafana")).await.expect("is refused"), "the name is taken");
    assert!(store.keep_token([3; 32], &token("script")).await.expect("keeps"));
    let used = async |hash: u8, now: i64| store.use_token([hash; 32], at(now)).await.expect("reads");
    assert_eq!(used(1, 10).await, Some(token("grafana")));
    assert_eq!(used(1, 20).await.and_then(|token| token.last_used), Some(at(10)));
    assert_eq!(used(1, 80).await.and_then(|token| token.last_used), Some(at(10)), "written at 80 again");
    assert_eq!(used(1, 90).await.and_then(|token| token.last_used), Some(at(80)));
    assert_eq!((used(1, 1000).await, used(9, 10).await), (None, None));
    assert!(store.revoke_token("script", at(50)).await.expect("revokes"));
    assert!(!store.revoke_token("script", at(60)).await.expect("is done"), "once");
    assert_eq!(used(3, 60).await, None);
    let revoked = store.token_named("script").await.expect("reads").and_then(|token| token.revoked);
    assert_eq!(revoked, Some(at(50)));
    assert!(
        !store.keep_token([4; 32], &token("script")).await.expect("is refused"),
        "deeds stand in that name"
    );
}

pub(crate) async fn what_people_did_is_in_the_chain_and_found_again(stand: Stand) {
    let store = stand.open().await;
    let deed = |second: i64, who: &str, word: &str, about: &str| Deed {
        at: at(second),
        who: who.to_owned(),
        deed: word.to_owned(),
        about: about.to_owned(),
        why: "owner called".to_owned(),
        until: Some(at(900)),
        detail: serde_json::json!({ "version": 3 }),
    };
    let first = deed(10, "night", "released", "ND-17");
    store.record_deed(&first).await.expect("records");
    store.record_deed(&first).await.expect("records");
    store.append(&[delivery("a", b"one")]).await.expect("appends");
    let batch = Batch { deeds: vec![deed(20, "day", "noted", "ND-17")], ..Batch::default() };
    store.commit(&batch).await.expect("commits");
    let report = store.verify_chain().await.expect("walks");
    assert_eq!((report.entries, report.broken), (4, None), "what is done twice is two entries");
    let list = async |filter: DeedFilter, before| store.deeds(&filter, before, 2).await.expect("lists");
    let all = list(DeedFilter::default(), None).await;
    assert_eq!(all.iter().map(|row| (row.seq, row.sound)).collect::<Vec<_>>(), [(4, true), (2, true)]);
    let rest = list(DeedFilter::default(), Some(2)).await;
    assert_eq!(rest.iter().map(|row| &row.deed).collect::<Vec<_>>(), [&first]);
    let of = |who: Option<&str>, about: Option<&str>| DeedFilter {
        who: who.map(str::to_owned),
        about: about.map(str::to_owned),
        ..DeedFilter::default()
    };
    assert_eq!(list(of(Some("day"), Some("ND-17")), None).await.len(), 1);
    assert_eq!(list(of(None, Some("ND-1")), None).await.len(), 0);
    let late = DeedFilter { since: Some(at(20)), until: Some(at(21)), ..DeedFilter::default() };
    assert_eq!(list(late, None).await.len(), 1);
    // Somebody writes past the store: the list says which, whoever they say did it.
    stand.disarm().await;
    stand.raw("UPDATE deeds SET who = 'somebody' WHERE seq = 2").await.expect("forges");
    let forged = list(of(Some("somebody"), None), None).await;
    assert_eq!(
        forged.iter().map(|row| (row.deed.who.as_str(), row.sound)).collect::<Vec<_>>(),
        [("night", false)]
    );
}

pub(crate) async fn a_reporter_is_judged_once_per_report(stand: Stand) {
    let store = stand.open().await;
    let judge = async |evidence: u8, confirmed| {
        store.judge_reporter(&verdict("SpamCop.example", evidence, 0, confirmed)).await.expect("judges");
    };
    judge(1, true).await;
    judge(1, true).await;
    judge(2, false).await;
    judge(3, false).await;
    judge(3, true).await;
    let trust = store.trust("spamcop.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (2, 1));
    assert_eq!(store.trust("other.example").await.expect("reads"), case::Trust::default());
}

pub(crate) async fn an_address_that_is_no_database_is_refused_without_its_password(_stand: Stand) {
    for url in ["mysql://night:secret@db.example.net/desk", "sqlite::memory:", "nightdesk.db", ""] {
        let refused = store::Store::open(url).await.expect_err(url).to_string();
        assert!(refused.contains("no database address") && !refused.contains("secret"), "{refused}");
    }
}

fn verdict(domain: &str, evidence: u8, second: i64, confirmed: bool) -> Verdict {
    let (domain, evidence) = (domain.to_owned(), EvidenceId([evidence; 32]));
    Verdict { domain, evidence, case: CaseId(1), confirmed, at: at(second) }
}

pub(crate) async fn one_lucky_night_makes_no_record(stand: Stand) {
    let store = stand.open().await;
    let day = 86_400;
    for evidence in 0..40 {
        let confirmed = verdict("lucky.example", evidence, i64::from(evidence), true);
        store.judge_reporter(&confirmed).await.expect("judges");
    }
    let trust = store.trust("lucky.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (3, 0));
    for evidence in 100..140 {
        let refuted = verdict("lucky.example", evidence, day + i64::from(evidence), false);
        store.judge_reporter(&refuted).await.expect("judges");
    }
    store.judge_reporter(&verdict("lucky.example", 200, 2 * day, true)).await.expect("judges");
    let trust = store.trust("lucky.example").await.expect("reads");
    assert_eq!((trust.confirmed, trust.refuted), (4, 10));
}

pub(crate) async fn who_reported_on_a_case_is_counted_by_name(stand: Stand) {
    let store = stand.open().await;
    let heard = |case, reporter: &str, authenticated, reports, second| Heard {
        case: CaseId(case),
        reporter: reporter.to_owned(),
        authenticated,
        reports,
        at: at(second),
    };
    let first = vec![heard(1, "a.example", true, 2, 10), heard(1, "b.example", false, 1, 5)];
    let second = vec![
        heard(1, "a.example", true, 3, 20),
        heard(1, "a.example", false, 1, 1),
        heard(2, "a.example", true, 1, 7),
    ];
    for heard in [first, second] {
        store.commit(&Batch { heard, ..Batch::default() }).await.expect("commits");
    }
    let verdicts = vec![verdict("a.example", 1, 0, true), verdict("gone.example", 2, 0, false)];
    store.commit(&Batch { verdicts, ..Batch::default() }).await.expect("commits");
    let counts = store.heard_of(&[CaseId(1), CaseId(2), CaseId(3)]).await.expect("counts");
    assert_eq!(counts.get(&CaseId(1)), Some(&HeardOf { reports: 7, reporters: 3, authenticated: 1 }));
    assert_eq!(counts.get(&CaseId(2)), Some(&HeardOf { reports: 1, reporters: 1, authenticated: 1 }));
    assert_eq!(counts.len(), 2);
    let league = store.reporters(10).await.expect("lists");
    let shown: Vec<_> =
        league.iter().map(|row| (row.domain.as_str(), row.reports, row.cases, row.last)).collect();
    assert_eq!(shown, [("a.example", 6, 2, Some(at(20))), ("gone.example", 0, 0, None)]);
    assert_eq!((league[0].trust.confirmed, league[1].trust.refuted), (1, 1));
}

pub(crate) async fn names_without_end_are_counted_and_not_kept(stand: Stand) {
    let store = stand.open().await;
    let heard = |name: String, authenticated| Heard {
        case: CaseId(1),
        reporter: name,
        authenticated,
        reports: 1,
        at: at(1),
    };
    let named = u64::from(store::NAMED);
    let forged = (0..named + 40).map(|n| heard(format!("d{n}.example"), false));
    let known = [heard("d0.example".to_owned(), false), heard("late.example".to_owned(), true)];
    for heard in [forged.collect::<Vec<_>>(), known.to_vec()] {
        store.commit(&Batch { heard, ..Batch::default() }).await.expect("commits");
    }
    let counts = store.heard_of(&[CaseId(1)]).await.expect("counts");
    let expected = HeardOf { reports: named + 42, reporters: named + 2, authenticated: 1 };
    assert_eq!(counts.get(&CaseId(1)), Some(&expected), "all are counted, those beyond as one");
    let signing = (0..named + 40).map(|n| heard(format!("d{n}.example"), true)).collect();
    store.commit(&Batch { heard: signing, ..Batch::default() }).await.expect("commits");
    let league = store.reporters(usize::MAX).await.expect("lists");
    assert_eq!(league.len() as u64, named);
    assert!(league.iter().all(|row| !row.domain.is_empty()), "all others are nobody");
}
