//! Other programs are told what happens to cases: once written down, until taken, and so that they can know it was us.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use case::{Actor, CaseId, Command};
use desk::Hook;

use crate::house::{House, spamcop, until};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A program that writes down what it is told, head and body, and answers with the next of these statuses, then with 204.
async fn listener(statuses: &[u16]) -> (u16, Arc<Mutex<Vec<(String, serde_json::Value)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (heard, mut statuses) = (told.clone(), Vec::from(statuses).into_iter());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a caller");
            let mut text = Vec::new();
            let body = loop {
                assert!(stream.read_buf(&mut text).await.expect("bytes") > 0, "the caller hung up");
                let text = String::from_utf8_lossy(&text).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.parse::<usize>().expect("a length"))
                });
                if body.len() >= length.expect("a length") {
                    break (head.to_ascii_lowercase(), serde_json::from_str(body).expect("JSON"));
                }
            };
            heard.lock().expect("the list").push(body);
            let status = statuses.next().unwrap_or(204);
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.expect("an answer");
        }
    });
    (port, told)
}

fn hook(port: u16, events: &[&str], search: &str) -> Hook {
    let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
    Hook::new("tickets", &format!("http://127.0.0.1:{port}/in"), SECRET, &events, search).expect("a hook")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_case_is_told_until_it_is_taken_and_survives_a_restart() {
    let (port, told) = listener(&[503]).await;
    let mut house = House::new().await;
    house.outbound = vec!["127.0.0.0/8".parse().expect("a prefix")];
    house.hooks = vec![hook(port, &["case.opened", "case.dismissed"], "")];
    house.leased("127.66.0.1", "line-1").await;
    let night = house.open().await;
    night.mail("m1", &spamcop("127.66.0.1", 9, 7201, house.clock.now() - HOUR)).await;
    let count = |wanted: usize| {
        let told = told.clone();
        async move {
            until("so many calls", async || (told.lock().expect("the list").len() >= wanted).then_some(()))
                .await;
        }
    };
    count(1).await;
    assert_eq!(told.lock().expect("the list")[0].1["type"], "case.opened");
    let act = Command::Dismiss { reason: "a test".to_owned() };
    night.desk.act(CaseId(1), act, Actor::Operator("ann".to_owned())).await.expect("dismissed");
    count(2).await;
    night.end().await;

    // The one that was refused comes again, with the same identity, in the next life of the desk.
    house.clock.advance(SignedDuration::from_secs(6));
    let night = house.open().await;
    count(3).await;
    let calls = told.lock().expect("the list").clone();
    let id = |head: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix("webhook-id: ").map(str::to_owned))
            .expect("an identity")
    };
    assert_eq!((id(&calls[0].0), calls[2].1["type"].as_str()), (id(&calls[2].0), Some("case.opened")));
    assert_eq!(calls[1].1["data"]["why"], "dismissed by hand: a test");
    assert!(calls.iter().all(|(head, _)| head.contains("webhook-signature: v1,")));
    night.end().await;
    // A third life tells nothing twice.
    let night = house.open().await;
    until("nothing waits", async || {
        let due = house.store.hook_messages_due("tickets", house.clock.now() + HOUR, 9).await.expect("reads");
        due.is_empty().then_some(())
    })
    .await;
    assert_eq!(told.lock().expect("the list").len(), 3);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_hears_of_the_cases_it_asked_for_and_one_that_takes_nothing_is_said_on_the_front_page() {
    let (port, told) = listener(&[500; 40]).await;
    let mut house = House::new().await;
    house.outbound = vec!["127.0.0.0/8".parse().expect("a prefix")];
    house.hooks = vec![hook(port, &["case.noted"], "line:line-2")];
    for line in [1, 2] {
        house.leased(&format!("127.66.0.{line}"), &format!("line-{line}")).await;
    }
    let night = house.open().await;
    for line in [1u32, 2] {
        let at = house.clock.now() - HOUR;
        night.mail(&format!("m{line}"), &spamcop(&format!("127.66.0.{line}"), 9, 7210 + line, at)).await;
        until("its case", async || house.case_of(&format!("line-{line}")).await).await;
    }
    for case in [1, 2] {
        let note = Command::Note { text: format!("of {case}") };
        night.desk.act(CaseId(case), note, Actor::Operator("ann".to_owned())).await.expect("a note");
    }
    for tried in 1..=3 {
        until("a try", async || (told.lock().expect("the list").len() >= tried).then_some(())).await;
        until("the try is written down", async || {
            let later = house.clock.now() + HOUR * 48;
            let waiting = house.store.hook_messages_due("tickets", later, 9).await.expect("reads");
            (waiting.len() == 1 && waiting[0].attempts as usize >= tried).then_some(())
        })
        .await;
        house.clock.advance(HOUR);
    }
    let calls = told.lock().expect("the list").clone();
    assert!(calls.iter().all(|(_, body)| body["data"]["subscriber"] == "line-2"), "{calls:?}");
    let front = night.desk.front().await.expect("the front");
    let check =
        front.checks.iter().find(|check| check.subject == "webhook tickets").expect("a failing check");
    assert!(!check.works && check.note.contains("it answered 500"), "{check:?}");
    night.end().await;
}
