//! Backup and restore, also from one database to the other.

use case::{CaseId, Stage};
use store::{Batch, Heard, Session, StoreError, Verdict, restore};

use super::decisions::{full_batch, summary};
use super::{at, delivery};
use crate::stand::Stand;

/// A store with something in every table.
async fn furnished(stand: &Stand) -> store::Store {
    let store = stand.open().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let deliveries = [delivery("a", &every_byte), delivery("b", b""), delivery("c", b"\xff\xfe")];
    let evidence = store.append(&deliveries).await.expect("appends")[0].entry.id;
    store.commit(&full_batch(1, evidence)).await.expect("commits");
    let mut ended = full_batch(2, evidence);
    ended.summaries = vec![summary(2, "line-2", Stage::Closed)];
    store.commit(&ended).await.expect("commits");
    store.finish_errand("ND-2/look").await.expect("finishes");
    store.retry_errand("ND-1/look", at(7), "no answer: \"\u{0}ü\"").await.expect("gives back");
    let leases: Vec<lease::Lease> = (0..1200_u32)
        .map(|number| lease::Lease {
            net: std::net::IpAddr::from((0xC000_0200 + number % 100).to_be_bytes()).into(),
            ports: (number % 3 == 0).then_some(lease::PortBlock { first: 1024, last: 2047 }),
            from: at(i64::from(number)),
            to: (number % 2 == 0).then(|| at(i64::from(number) + 50)),
            subscriber: format!("Línea-{number}").parse().expect("a name"),
            source: lease::LeaseSource::RadiusDetail,
            record: format!("detail:{number}"),
        })
        .collect();
    let contacts = [(leases[0].subscriber.clone(), "one@example.net".to_owned())];
    store.import_leases(&leases, &contacts).await.expect("imports");
    store.set_operator("night", "$argon2id$one").await.expect("sets");
    let (operator, csrf) = ("night".to_owned(), "csrf".to_owned());
    let session = Session { operator, csrf, expires: at(100), waits: false };
    store.create_session([1; 32], &session).await.expect("begins");
    let verdict =
        Verdict { domain: "example.net".to_owned(), evidence, case: CaseId(1), confirmed: true, at: at(8) };
    let heard = Heard {
        case: CaseId(1),
        reporter: "example.net".to_owned(),
        authenticated: true,
        reports: 1,
        at: at(8),
    };
    let batch = Batch { verdicts: vec![verdict], heard: vec![heard], ..Batch::default() };
    store.commit(&batch).await.expect("commits");
    store.begin_self_check("n1", "abuse@example.net", at(1)).await.expect("begins");
    let look = store::Look {
        zone: "bl.example.net".to_owned(),
        address: "192.0.2.7".parse().ok(),
        asked_for: store::AskedFor::Sample,
        at: at(3),
        listed: true,
        said: "127.0.0.4".to_owned(),
    };
    store.keep_look(&look).await.expect("keeps");
    let standing = store::Standing {
        subject: "mail abuse@example.net".to_owned(),
        works: false,
        since: at(1),
        checked: at(2),
        note: "did not come back".to_owned(),
        told: true,
    };
    store.set_standing(&standing).await.expect("sets");
    let letter = store::Posting {
        key: "acknowledgement/ND-1/one@example.net".to_owned(),
        purpose: "acknowledgement".to_owned(),
        address: "one@example.net".to_owned(),
        about: String::new(),
        case: case::CaseId(1),
        message_id: "nd-1@example.net".to_owned(),
        at: at(3),
    };
    store.post_letter(&letter, &[]).await.expect("counts");
    let mail = store::RelayMail {
        nonce: "n1".to_owned(),
        target: "192.0.2.25:25".parse().expect("an address"),
        form: "T@D from F@D".to_owned(),
        expires: at(500),
        taken: Some(at(4)),
        landed: None,
        bounced: None,
    };
    store.keep_relay_mails(&[mail], &[]).await.expect("keeps");
    let firewall = super::firewalls::row("line-1", "in force");
    store.put_firewall(&firewall).await.expect("puts");
    store.put_firewall_day(20_000, &[("in force".to_owned(), 1)]).await.expect("counts");
    let (asked, state) = (at(5), "asked".to_owned());
    let (subscriber, reason) = (firewall.subscriber.clone(), "a server \u{fc}".to_owned());
    let wish = store::ExemptionRow { subscriber, asked, reason, state, decided_by: None, until: None };
    store.put_mail_exemption(&wish).await.expect("puts");
    let test = store::GardenTest { at: at(6), case: CaseId(1), question: 2, outcome: None };
    store.put_garden_test(&firewall.subscriber, &test).await.expect("puts");
    furnish_people(&store).await;
    let link = store::CustomerLink {
        token_hash: [3; 32],
        case: CaseId(1),
        subscriber: firewall.subscriber.clone(),
        language: "tr".to_owned(),
        made: at(9),
        expires: at(900),
        opened: None,
        opens: 0,
        answers: 0,
    };
    store.put_customer_link(&link).await.expect("puts");
    store.customer_opened(&link.token_hash, at(10)).await.expect("counts");
    let playbook = store::PlaybookRow {
        seq: 1,
        evidence,
        number: 2,
        hash: "ab".repeat(32),
        name: "strict".to_owned(),
        source: "page".to_owned(),
        made_by: "night".to_owned(),
        reason: "spring clean\u{fc}p".to_owned(),
        at: at(11),
    };
    store.put_playbook(&playbook).await.expect("puts");
    store.write_page(&super::pages::opened("page/1")).await.expect("writes");
    let order = store::BulkRow {
        id: 0,
        ordered_by: "night".to_owned(),
        ordered_at: at(17),
        due: at(77),
        state: "waiting".to_owned(),
        settled_at: None,
        wish: serde_json::json!({ "search": "line:d\u{fc}*", "action": "dismiss", "reason": "a test" }),
        cases: vec![(case::CaseId(1), 1)],
        outcome: serde_json::json!({}),
    };
    store.put_bulk(&order).await.expect("puts");
    let message = store::HookMessage {
        id: "ND-1-1-tickets".to_owned(),
        hook: "tickets".to_owned(),
        body: "{\"type\":\"case.opened\",\"f\u{fc}r\":\"\u{1f319}\"}".to_owned(),
        made: at(18),
        due: at(19),
        attempts: 1,
        state: "waiting".to_owned(),
        note: "it answered 503: busy".to_owned(),
    };
    store.commit(&store::Batch { hooks: vec![message], ..store::Batch::default() }).await.expect("commits");
    store
}

/// What there is about those who may do something: a second factor, where one logs in from, a token, a deed.
async fn furnish_people(store: &store::Store) {
    assert!(store.propose_second_factor("night", b"\x00secret\xff").await.expect("proposes"));
    store.begin_second_factor("night", 7, &[[4; 32], [5; 32]], at(12)).await.expect("begins");
    assert!(store.use_recovery_code("night", &[5; 32], at(13)).await.expect("uses"));
    store.logged_in_from("night", "203.0.113.0/24", at(14)).await.expect("keeps");
    let token = store::ApiToken {
        name: "graphs".to_owned(),
        made_by: "night".to_owned(),
        role: "viewer".to_owned(),
        cuts_off: false,
        made: at(15),
        expires: at(1500),
        last_used: None,
        revoked: None,
    };
    assert!(store.keep_token([6; 32], &token).await.expect("keeps"));
    let deed = store::Deed {
        at: at(16),
        who: "night".to_owned(),
        deed: "token-made".to_owned(),
        about: "graphs".to_owned(),
        why: String::new(),
        until: Some(at(1500)),
        detail: serde_json::json!({ "role": "viewer" }),
    };
    store.record_deed(&deed).await.expect("records");
}

/// There and back again, over a database of the other kind where there is one: the last archive is the first, byte for byte.
pub(crate) async fn a_backup_restores_into_either_database(stand: Stand) {
    let store = furnished(&stand).await;
    let (first, second) = (stand.dir.path().join("first"), stand.dir.path().join("second"));
    let made = store.backup(&first).await.expect("backs up");
    let sound = store.verify_chain().await.expect("walks");
    assert_eq!(
        (made.entries, made.head, made.bytes),
        (4, sound.head, std::fs::metadata(&first).expect("is there").len())
    );
    assert!(
        made.rows.iter().all(|(_, rows)| *rows > 0),
        "a table without rows proves nothing: {:?}",
        made.rows
    );

    let middle = Stand::sqlite();
    assert_eq!(restore(&first, &middle.url, true).await.expect("restores"), sound);
    let restored = middle.open().await;
    restored.backup(&second).await.expect("backs up");
    assert_eq!(std::fs::read(&first).expect("reads"), std::fs::read(&second).expect("reads"));
    assert_eq!(restored.session([1; 32], at(0)).await.expect("reads"), None, "sessions end with a restore");

    let last = stand.another().await;
    assert_eq!(restore(&second, &last.url, false).await.expect("restores"), sound);
    let (restored, third) = (last.open().await, stand.dir.path().join("third"));
    restored.backup(&third).await.expect("backs up");
    assert_eq!(std::fs::read(&first).expect("reads"), std::fs::read(&third).expect("reads"));
    // And it goes on from there.
    restored.append(&[delivery("d", b"next")]).await.expect("appends");
    assert_eq!(restored.verify_chain().await.expect("walks").entries, 5);
    assert_eq!(
        restored.records(case::CaseId(1)).await.expect("reads"),
        store.records(case::CaseId(1)).await.expect("reads")
    );
}

pub(crate) async fn a_restore_never_writes_over_anything(stand: Stand) {
    let store = furnished(&stand).await;
    let archive = stand.dir.path().join("archive");
    store.backup(&archive).await.expect("backs up");
    assert!(
        matches!(store.backup(&archive).await, Err(StoreError::File { .. })),
        "an archive was overwritten"
    );
    let target = stand.another().await;
    let other = target.open().await;
    other.set_operator("somebody", "$argon2id$").await.expect("sets");
    let refused = restore(&archive, &target.url, true).await;
    assert!(matches!(refused, Err(StoreError::NotEmpty { table: "operators" })), "{refused:?}");
    assert_eq!(other.entries_after(0, 1).await.expect("reads"), []);
}

pub(crate) async fn a_damaged_archive_leaves_the_target_empty(stand: Stand) {
    let store = furnished(&stand).await;
    let archive = stand.dir.path().join("archive");
    store.backup(&archive).await.expect("backs up");
    let sound = std::fs::read(&archive).expect("reads");
    let target = stand.another().await;
    let damaged = stand.dir.path().join("damaged");
    let refuse = async |bytes: &[u8], what: &str| {
        std::fs::write(&damaged, bytes).expect("writes");
        let refused = restore(&damaged, &target.url, true).await;
        assert!(matches!(refused, Err(StoreError::Archive { .. })), "{what}: {refused:?}");
    };
    for place in (0..sound.len()).step_by(sound.len() / 40) {
        let mut bytes = sound.clone();
        bytes[place] ^= 1;
        refuse(&bytes, &format!("byte {place}")).await;
    }
    refuse(&sound[..sound.len() / 2], "half").await;
    refuse(&[sound.as_slice(), b"[]\n"].concat(), "more").await;
    refuse(b"", "nothing").await;

    // A log that was broken before it was backed up is refused by its chain, not by the archive's own hash.
    stand.disarm().await;
    stand.raw("UPDATE log SET source = 'http' WHERE seq = 2").await.expect("alters");
    let broken = stand.dir.path().join("broken");
    store.backup(&broken).await.expect("backs up");
    let refused = restore(&broken, &target.url, true).await.expect_err("its chain is broken").to_string();
    assert!(refused.contains("entry 2"), "{refused}");
    assert_eq!(target.open().await.lease_count().await.expect("counts"), 0);
    restore(&archive, &target.url, true).await.expect("the sound one still goes in");
}
