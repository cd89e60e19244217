//! The evidence log.

use std::collections::BTreeSet;

use store::{Entry, Spool};

use super::{at, delivery};
use crate::stand::Stand;

pub(crate) async fn equal_bytes_are_one_entry(stand: Stand) {
    let store = stand.open().await;
    let first = store
        .append(&[delivery("a", b"one"), delivery("b", b"two"), delivery("c", b"one")])
        .await
        .expect("appends");
    assert_eq!(
        first.iter().map(|one| (one.entry.seq, one.new)).collect::<Vec<_>>(),
        [(1, true), (2, true), (1, false)]
    );
    let again = store.append(&[delivery("b", b"two"), delivery("a", b"three")]).await.expect("appends");
    assert_eq!(again[0].entry, first[1].entry);
    assert!(!again[0].new);
    // A name that comes again with other bytes must not swallow them.
    assert_eq!((again[1].entry.seq, again[1].new), (3, true));
    assert_eq!(store.entries_after(0, 10).await.expect("reads").len(), 3);
    assert_eq!(store.verify_chain().await.expect("walks").entries, 3);
}

pub(crate) async fn entries_come_back_as_they_were_delivered(stand: Stand) {
    let store = stand.open().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut odd = delivery("odd", &every_byte);
    odd.envelope = serde_json::json!({"z": "\u{0}\u{202e}", "a": [1, {"d": null, "b": "ü"}]});
    let sent = [odd, delivery("empty", b""), delivery("plain", b"Subject: x\r\n\r\ny\r\n")];
    let appended = store.append(&sent).await.expect("appends");
    store.close().await;

    let store = stand.open().await;
    let read: Vec<Entry> = store.entries_after(0, 10).await.expect("reads");
    assert_eq!(read, appended.iter().map(|one| one.entry.clone()).collect::<Vec<_>>());
    for (entry, sent) in read.iter().zip(&sent) {
        assert_eq!(entry.envelope, sent.envelope);
        assert_eq!((&entry.delivery, entry.received, &entry.source), (&sent.id, sent.received, &sent.source));
        assert_eq!(store.bytes(&entry.id).await.expect("reads").as_ref(), Some(&sent.bytes));
        assert_eq!(store.entry(&entry.id).await.expect("reads").as_ref(), Some(entry));
    }
    assert_eq!(store.entries_after(1, 1).await.expect("reads"), read[1..2]);
    let unknown = case::EvidenceId([7; 32]);
    assert_eq!(store.bytes(&unknown).await.expect("reads"), None);
}

pub(crate) async fn log_and_records_refuse_change(stand: Stand) {
    let store = stand.open().await;
    store.append(&[delivery("a", b"one")]).await.expect("appends");
    stand
        .raw("INSERT INTO records (case_id, version, at, actor, event) VALUES (1, 1, 0, '{}', '{}')")
        .await
        .expect("a record");
    for (sql, table) in [
        ("UPDATE log SET source = 'forged'", "log"),
        ("DELETE FROM log", "log"),
        ("UPDATE blobs SET bytes = id", "evidence"),
        ("DELETE FROM blobs", "evidence"),
        ("UPDATE records SET at = 1", "records"),
        ("DELETE FROM records", "records"),
    ] {
        let refused = stand.raw(sql).await.expect_err(sql).to_string();
        assert!(refused.contains(table) || refused.contains("only grows"), "{sql}: {refused}");
    }
    let report = store.verify_chain().await.expect("walks");
    assert_eq!((report.entries, report.broken), (1, None));
}

/// Every byte of every text and blob of the middle row, and each of its numbers.
pub(crate) async fn tampering_is_named(stand: Stand) {
    let store = stand.open().await;
    let deliveries = [delivery("a", b"one"), delivery("b", b"two!"), delivery("c", b"three")];
    let entry = store.append(&deliveries).await.expect("appends").remove(1).entry;
    stand.disarm().await;
    let sound = store.verify_chain().await.expect("walks");
    assert_eq!((sound.entries, &sound.broken), (3, &None));
    let before = store.entries_after(0, 1).await.expect("reads").remove(0);

    let blob = |bytes: &[u8]| match stand.is_postgres() {
        true => format!("'\\x{}'::bytea", hex::encode(bytes)),
        false => format!("x'{}'", hex::encode(bytes)),
    };
    let text =
        |bytes: &[u8]| format!("'{}'", String::from_utf8(bytes.to_vec()).expect("ascii").replace('\'', "''"));
    let id = blob(&entry.id.0);
    let envelope = serde_json::to_string(&entry.envelope).expect("json");
    // (table, column, its bytes, how they are written in SQL, which row)
    type Writer<'a> = &'a dyn Fn(&[u8]) -> String;
    let columns: [(&str, &str, &[u8], Writer<'_>, String); 7] = [
        ("blobs", "bytes", b"two!", &blob, format!("id = {id}")),
        ("blobs", "id", &entry.id.0, &blob, format!("bytes = {}", blob(b"two!"))),
        ("log", "id", &entry.id.0, &blob, "seq = 2".to_owned()),
        ("log", "delivery", b"b", &text, "seq = 2".to_owned()),
        ("log", "source", b"smtp", &text, "seq = 2".to_owned()),
        ("log", "envelope", envelope.as_bytes(), &text, "seq = 2".to_owned()),
        ("log", "hash", &entry.hash, &blob, "seq = 2".to_owned()),
    ];
    for (table, column, bytes, write, row) in &columns {
        for place in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[place] ^= 1;
            let alter = format!("UPDATE {table} SET {column} = {} WHERE {row}", write(&flipped));
            assert_eq!(stand.raw(&alter).await.expect("alters"), 1, "{alter}");
            let found = store.verify_chain().await.expect("walks");
            assert_eq!(found.broken.map(|broken| broken.seq), Some(2), "{alter}");
            assert_eq!((found.entries, found.head), (1, before.hash));
            let row = if row.starts_with("id =") || row.starts_with("bytes =") {
                row.clone()
            } else {
                "seq = 2".to_owned()
            };
            let undo = format!("UPDATE {table} SET {column} = {} WHERE {row}", write(bytes));
            assert_eq!(stand.raw(&undo).await.expect("undoes"), 1, "{undo}");
        }
    }
    for column in ["received", "len"] {
        stand.raw(&format!("UPDATE log SET {column} = {column} + 1 WHERE seq = 2")).await.expect("alters");
        let found = store.verify_chain().await.expect("walks").broken.expect(column);
        assert_eq!(found.seq, 2, "{column}: {}", found.what);
        stand.raw(&format!("UPDATE log SET {column} = {column} - 1 WHERE seq = 2")).await.expect("undoes");
    }
    assert_eq!(store.verify_chain().await.expect("walks"), sound);
    stand.raw("UPDATE log SET seq = 20 WHERE seq = 2").await.expect("alters");
    assert_eq!(store.verify_chain().await.expect("walks").broken.expect("a moved row").seq, 2);
    stand.raw("DELETE FROM log WHERE seq = 20").await.expect("alters");
    assert_eq!(store.verify_chain().await.expect("walks").broken.expect("a missing row").seq, 2);
    // A log cut short at its end is sound by itself; the head tells, when it was kept elsewhere.
    stand.raw("DELETE FROM log WHERE seq > 1").await.expect("alters");
    let cut = store.verify_chain().await.expect("walks");
    assert!(cut.broken.is_none() && cut.head != sound.head);
}

pub(crate) async fn two_writers_keep_one_chain(stand: Stand) {
    let (one, two) = (stand.open().await, stand.open().await);
    let write = async |store: &store::Store, name: &str| {
        for number in 0..20 {
            let id = format!("{name}{number}");
            store.append(&[delivery(&id, id.as_bytes()), delivery(&id, b"the same")]).await.expect("appends");
        }
    };
    tokio::join!(write(&one, "x"), write(&two, "y"));
    let report = one.verify_chain().await.expect("walks");
    assert_eq!((report.entries, report.broken), (41, None));
}

/// Spool, log, spool emptied: a crash between any two of them, and the whole way again.
pub(crate) async fn a_spooled_delivery_survives_every_crash_on_its_way_into_the_log(stand: Stand) {
    let sent = || {
        (0..3)
            .map(|number| {
                let mut one = delivery(&format!("id{number}"), format!("report {number}").as_bytes());
                one.received = at(number);
                one
            })
            .collect::<Vec<_>>()
    };
    let dir = stand.dir.path().join("spool");
    assert!(Spool::open(&dir).expect("opens").accept(sent()).iter().all(Result::is_ok));
    // Dies after the log has two of them and the spool was told of one.
    let spool = Spool::open(&dir).expect("opens again");
    let waiting = spool.waiting(2).expect("lists");
    let store = stand.open().await;
    store.append(&waiting).await.expect("appends");
    spool.done(&[waiting[0].id.clone()]).expect("removes");
    store.close().await;

    let (spool, store) = (Spool::open(&dir).expect("opens again"), stand.open().await);
    let waiting = spool.waiting(10).expect("lists");
    assert_eq!(waiting.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["id1", "id2"]);
    let appended = store.append(&waiting).await.expect("appends");
    assert_eq!(appended.iter().map(|one| one.new).collect::<Vec<_>>(), [false, true]);
    let logged: BTreeSet<String> =
        store.entries_after(0, 10).await.expect("reads").into_iter().map(|entry| entry.delivery).collect();
    assert_eq!(logged, sent().into_iter().map(|one| one.id).collect());
}
