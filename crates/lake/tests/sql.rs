//! What analysts may ask, and what nobody may.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod world;

use std::time::Duration;

use lake::{Lake, LakeError, Limits};
use serde_json::json;
use world::{HOUR, TWO, filled, talk};

async fn usual(folder: &std::path::Path) -> Lake {
    let mut flows = talk(TWO, ("203.0.113.5", 50_000), ("198.51.100.7", 443), 900);
    flows.extend(talk(TWO.plus(HOUR), ("192.0.2.9", 40_000), ("203.0.113.6", 3128), 70_000));
    filled(folder, &flows).await
}

#[tokio::test]
async fn addresses_are_written_and_shown_as_people_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let lake = usual(folder.path()).await;
    let question = "SELECT home, text(peer) AS peer, home_port, inbound, first, last FROM flows \
        WHERE in_net(home, '203.0.113.0/24') AND peer = ip('192.0.2.9') AND first >= '2026-11-23T03:00:00Z' AND inbound;";
    let answer = lake.sql(question, 10).await.unwrap();
    assert_eq!(answer.columns, ["home", "peer", "home_port", "inbound", "first", "last"]);
    assert_eq!(
        answer.rows,
        [[
            json!("203.0.113.6"),
            json!("192.0.2.9"),
            json!(3128),
            json!(true),
            json!("2026-11-23T03:00:00.000Z"),
            json!("2026-11-23T03:00:00.800Z")
        ]]
    );
}

#[tokio::test]
async fn a_prefix_need_not_be_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let lake = usual(folder.path()).await;
    let question = "SELECT count(*) AS n FROM flows, (VALUES ('203.0.113.5/32'), ('203.0.113.6')) AS nets(net) WHERE in_net(home, net)";
    assert_eq!(lake.sql(question, 10).await.unwrap().rows, [[json!(4)]]);
}

#[tokio::test]
async fn more_rows_than_wanted_are_left_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let lake = usual(folder.path()).await;
    let answer = lake.sql("SELECT * FROM flows", 3).await.unwrap();
    assert_eq!((answer.rows.len(), answer.more), (3, true));
    let answer = lake.sql("SELECT * FROM flows", 4).await.unwrap();
    assert_eq!((answer.rows.len(), answer.more), (4, false));
}

#[tokio::test]
async fn nothing_but_reading_the_flows_is_possible() {
    let folder = tempfile::tempdir().unwrap();
    let lake = usual(folder.path()).await;
    let out = folder.path().join("stolen.csv");
    std::fs::write(folder.path().join("secret.csv"), "secret\n").unwrap();
    let secret = folder.path().join("secret.csv").display().to_string();
    let hostile = [
        format!("CREATE EXTERNAL TABLE t (a TEXT) STORED AS CSV LOCATION '{secret}'"),
        format!("COPY (SELECT * FROM flows) TO '{}'", out.display()),
        format!("COPY flows TO '{}' STORED AS PARQUET", out.display()),
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT * FROM \"{secret}\""),
        format!("SELECT * FROM read_csv('{secret}')"),
        "CREATE TABLE t AS SELECT * FROM flows".to_owned(),
        "CREATE VIEW flows AS SELECT 1".to_owned(),
        "DROP TABLE flows".to_owned(),
        "INSERT INTO flows SELECT * FROM flows".to_owned(),
        "DELETE FROM flows".to_owned(),
        "UPDATE flows SET home_port = 0".to_owned(),
        "SET datafusion.execution.target_partitions = 64".to_owned(),
        "CREATE FUNCTION f() RETURNS INT RETURN 1".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO flows SELECT * FROM flows".to_owned(),
        "SELECT 1; DROP TABLE flows".to_owned(),
        "PREPARE p AS SELECT 1".to_owned(),
        "SELECT repeat('x', 1000000000)".to_owned(),
        String::new(),
        format!("SELECT {}1", "(".repeat(40_000)),
        "SELECT ip('not an address')".to_owned(),
        format!("SELECT 1 -- {}", "x".repeat(70_000)),
    ];
    for statement in &hostile {
        let short: String = statement.chars().take(80).collect();
        match lake.sql(statement, 10).await {
            Err(LakeError::Refused(why)) => assert!(!why.contains("secret\n"), "{short}: {why}"),
            other => panic!("{short}: {other:?}"),
        }
    }
    assert!(!out.exists());
    assert_eq!(lake.sql("SELECT count(*) FROM flows", 10).await.unwrap().rows, [[json!(4)]], "still there");
}

#[tokio::test]
async fn a_long_chain_of_conditions_does_not_break_the_desk() {
    let folder = tempfile::tempdir().unwrap();
    let lake = usual(folder.path()).await;
    let chain = vec!["home_port=1"; 2000].join(" OR ");
    // Whether it is answered or refused: what counts is that the program lives.
    let _answer = lake.sql(&format!("SELECT count(*) FROM flows WHERE {chain}"), 10).await;
    assert_eq!(lake.sql("SELECT count(*) FROM flows", 10).await.unwrap().rows, [[json!(4)]]);
}

#[tokio::test]
async fn a_question_ends_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    drop(usual(folder.path()).await);
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let lake = Lake::open(folder.path(), limits).await.unwrap();
    let endless =
        "SELECT sum(a.value * b.value) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";
    assert!(matches!(lake.sql(endless, 10).await, Err(LakeError::TooLong(_))));
}

#[tokio::test]
async fn a_question_ends_when_its_memory_is_full() {
    let folder = tempfile::tempdir().unwrap();
    drop(usual(folder.path()).await);
    let limits = Limits { memory_mib: 1, time: Duration::from_secs(600) };
    let lake = Lake::open(folder.path(), limits).await.unwrap();
    // One side of a join is kept in memory and never put on disk, and a million numbers are eight megabytes: it fails long
    // before it could take long, on however busy a machine.
    let wide = "SELECT count(*) FROM generate_series(1, 1000000) a JOIN generate_series(1, 1000000) b ON a.value = b.value";
    let answer = lake.sql(wide, 10).await;
    assert!(matches!(answer, Err(LakeError::TooMuch(1))), "{answer:?}");
}
