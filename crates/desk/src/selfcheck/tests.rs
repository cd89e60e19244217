use store::{Delivery, Spool, Store};

use super::*;
use crate::clock::Clock;
use crate::settings::Settings;

async fn desk(dir: &std::path::Path) -> Desk {
    desk_by(dir, Clock::standing_at(Timestamp::UNIX_EPOCH)).await
}

async fn desk_by(dir: &std::path::Path, clock: Clock) -> Desk {
    let url = format!("sqlite://{}", dir.join("nightdesk.db").display());
    let settings = Settings::bare();
    let store = Store::open(&url).await.expect("a store");
    let spool = Spool::open(&dir.join("spool")).expect("a spool");
    Desk::open(settings, store, spool, clock).await.expect("a desk")
}

/// Puts a mail in and says what became of it.
async fn outcome(desk: &Desk, mail: &str) -> String {
    let delivery = Delivery {
        id: format!("m-{}", mail.len()),
        source: "imap".to_owned(),
        envelope: serde_json::json!({}),
        received: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(3),
        bytes: mail.as_bytes().to_vec(),
    };
    desk.store().append(&[delivery]).await.expect("appends");
    desk.read_log().await.expect("reads");
    let rows = desk.store().intake(&store::IntakeFilter::default(), 1, 0).await.expect("lists");
    rows.first().map(|row| row.outcome.clone()).unwrap_or_default()
}

#[tokio::test]
async fn only_our_own_mail_come_back_whole_is_a_self_check() {
    let dir = tempfile::tempdir().expect("a folder");
    let desk = desk(dir.path()).await;
    let nonce = token::fresh().expect("a number");
    let mark = token::sign(&desk.self_check_key().await.expect("a key"), &nonce).expect("a mark");
    desk.store().begin_self_check(&nonce, "abuse@example.net", desk.now()).await.expect("begins");
    let ours = format!("From: abuse@example.net\r\n{}: {mark}\r\n\r\nx\r\n", token::HEADER);

    let bounce =
        format!("From: postmaster@example.net\r\nSubject: Undelivered\r\n\r\nNot delivered:\r\n\r\n{ours}");
    assert_ne!(outcome(&desk, &bounce).await, "self-check", "a bounce is no return");
    let forged = ours.replace(&mark, &format!("{nonce}.{}", "0".repeat(64)));
    assert_ne!(outcome(&desk, &forged).await, "self-check");
    let checks = desk.store().self_checks("abuse@example.net", 9).await.expect("lists");
    assert_eq!(checks.first().and_then(|check| check.returned), None);

    let relayed = format!("Received: from relay.example.net\r\n\tby mx.example.net\r\n{ours}");
    assert_eq!(outcome(&desk, &relayed).await, "self-check");
    let checks = desk.store().self_checks("abuse@example.net", 9).await.expect("lists");
    let back = checks.first().expect("the check");
    assert_eq!((back.returned.map(|at| at.as_second()), back.via.as_deref()), (Some(3), Some("imap")));
}

/// A registry on loopback that names, as the abuse contact of everything, what stands in the shared text; nobody when that
/// is empty, and when it is `busy` it asks to be left alone for no time.
async fn registry(names: std::sync::Arc<std::sync::Mutex<String>>) -> Rdap {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.expect("a request"));
            }
            let mailbox = names.lock().expect("a name").clone();
            let body = serde_json::json!({ "objectClassName": "ip network", "entities": [{
                "roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", mailbox]]]
            }] });
            let body = body.to_string();
            let status = if mailbox == "busy" { "429 Wait\r\nRetry-After: 0" } else { "200 OK" };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.expect("sent");
        }
    });
    Rdap::new(&base)
}

#[tokio::test]
async fn a_registry_that_names_a_stranger_is_told_once_and_so_is_its_mending() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
    let desk = desk_by(dir.path(), clock.clone()).await;
    let alarms = dir.path().join("alarms");
    let names = std::sync::Arc::new(std::sync::Mutex::new("Abuse@Example.net".to_owned()));
    let check = SelfCheck {
        checked: Checked::all(&[], false, &["203.0.113.0/24".parse().expect("a prefix")]),
        intake: vec!["example.net".to_owned()],
        rdap: Some(registry(names.clone()).await),
        exchangers: None,
        every: SignedDuration::from_hours(1),
        limit: SignedDuration::from_mins(10),
        mailer: None,
        operators: None,
        alarm: Alarm {
            command: ["tee", "-a", &alarms.display().to_string()].map(str::to_owned).to_vec(),
            webhook: None,
        },
    };
    let terms = Terms { limit: check.limit, every: check.every, started: desk.now() };
    let mut looks = Looks::default();
    // So many minutes later the registry names this; how the prefix then stands, and all that people have been told.
    let after = async |minutes: i64, name: &str, looks: &mut Looks| {
        *names.lock().expect("a name") = name.to_owned();
        clock.advance(SignedDuration::from_mins(minutes));
        check.look_outside(&desk, looks).await.expect("looks");
        check.look(&desk, terms, &mut None).await.expect("tells");
        let standings = desk.store().standings().await.expect("lists");
        let told = std::fs::read_to_string(&alarms).unwrap_or_default();
        let standing = standings.first().expect("a standing");
        assert_eq!((standings.len(), standing.subject.as_str()), (1, "rdap 203.0.113.0/24"));
        (standing.works, told.matches("does not work").count(), told.matches("works again since").count())
    };
    assert_eq!(after(0, "Abuse@Example.net", &mut looks).await, (true, 0, 0));
    assert_eq!(after(60, "abuse@example.org", &mut looks).await, (true, 0, 0), "once a day is enough");
    assert_eq!(after(24 * 60, "abuse@example.org", &mut looks).await, (true, 0, 0), "looked at again first");
    assert_eq!(after(10, "abuse@example.org", &mut looks).await, (false, 1, 0));
    assert_eq!(after(60, "", &mut looks).await, (false, 1, 0));
    let mut restarted = Looks::default();
    assert_eq!(after(60, "abuse@example.org", &mut restarted).await, (false, 1, 0));
    assert_eq!(after(60, "busy", &mut restarted).await, (false, 1, 0), "that says nothing");
    assert_eq!(after(10, "abuse@example.net", &mut restarted).await, (true, 1, 1));
    let text = std::fs::read_to_string(&alarms).expect("the alarms");
    assert!(
        text.contains("names abuse@example.org, which is not ours") && text.contains("at your registry"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_no_longer_checked_is_forgotten_and_what_is_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let desk = desk(dir.path()).await;
    for subject in ["rdap 203.0.113.0/24", "rdap 192.0.2.0/24", "mx example.net", "mail abuse@example.net"] {
        let (since, checked) = (desk.now(), desk.now());
        let row = Standing {
            subject: subject.to_owned(),
            works: true,
            since,
            checked,
            note: String::new(),
            told: true,
        };
        desk.store().set_standing(&row).await.expect("sets");
    }
    let check = SelfCheck {
        checked: vec![
            Checked::Mx("example.net".to_owned()),
            Checked::Rdap("203.0.113.0/24".parse().expect("a prefix")),
        ],
        intake: Vec::new(),
        rdap: None,
        exchangers: None,
        every: SignedDuration::from_hours(1),
        limit: SignedDuration::from_mins(10),
        mailer: None,
        operators: None,
        alarm: Alarm::default(),
    };
    let terms = Terms { limit: check.limit, every: check.every, started: desk.now() };
    check.look(&desk, terms, &mut None).await.expect("looks");
    let left: Vec<String> =
        desk.store().standings().await.expect("lists").into_iter().map(|one| one.subject).collect();
    assert_eq!(left, ["mx example.net", "rdap 203.0.113.0/24"]);
}
