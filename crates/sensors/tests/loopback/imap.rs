//! The IMAP pick-up against a scripted server: in which order things happen, and what a bad server can and cannot do.

use std::sync::Arc;
use std::time::Duration;

use sensors::imap::{Config, Credentials, Done, Limits, Secret, Security, Token, watch};
use sensors::{Acceptance, Delivery, How, Refusal};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::imap_server::{Manner, Server};
use crate::stand::{Pickup, disk, soon, until};

/// A quick-tempered pick-up of this server's mailbox.
fn config(server: &Server) -> (TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "hunter2\n").unwrap();
    let credentials = Credentials::Password { user: "abuse".to_owned(), password: Secret::File(path) };
    let mut config = Config::new("inbox", "127.0.0.1", credentials);
    config.port = server.at.port();
    config.security = Security::Plain;
    config.limits = Limits {
        message_bytes: 1000,
        every: Duration::from_millis(5),
        gap: Duration::from_millis(1),
        retry: Duration::from_millis(1),
        retry_refused: Duration::from_millis(1),
        retry_longest: Duration::from_millis(4),
        ..Limits::default()
    };
    (folder, config)
}

fn start(config: &Config, deliveries: &mpsc::Sender<Delivery>) -> Pickup {
    Pickup::start(|stopped| watch(config.clone(), deliveries.clone(), stopped))
}

#[tokio::test]
async fn a_message_is_marked_after_the_disk_has_it_and_not_before() {
    let server = Server::start().await;
    server.put(4, b"Subject: x\r\n\r\nbody\r\n", Manner::Honest);
    let (_folder, mut config) = config(&server);
    config.tags = vec!["trusted".to_owned()];
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let running = start(&config, &deliveries);
    let first = soon(taken.recv()).await.unwrap();
    assert_eq!((first.bytes.as_slice(), first.how), (&b"Subject: x\r\n\r\nbody\r\n"[..], How::Imap));
    assert_eq!(first.envelope.tags, ["trusted"]);
    assert!(first.id.starts_with("imap-7-4-"), "{}", first.id);
    assert!(!server.has(4, "\\Seen"));

    running.crash().await;
    assert!(!server.has(4, "\\Seen"), "a crash before the answer leaves it unseen");
    let _running = start(&config, &deliveries);
    let second = soon(taken.recv()).await.unwrap();
    assert_eq!(first.id, second.id, "the same message is the same delivery");
    second.ack.send(Acceptance::OnDisk).unwrap();
    until("it is seen", || server.has(4, "\\Seen")).await;
    until("it is counted", || config.mailboxes.read().last().is_some_and(|one| one.messages == 1)).await;
}

#[tokio::test]
async fn new_mail_wakes_an_idle_connection() {
    let server = Server::start().await;
    let (_folder, config) = config(&server);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    until("it idles", || server.heard("IDLE") == 1).await;
    server.put(1, b"first", Manner::Honest);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"first");
    // IDLE lasts five minutes here: only the server's word can have ended it.
    until("it idles again", || server.heard("IDLE") >= 2).await;
    assert_eq!(server.mailbox.lock().unwrap().connections, 1);
}

#[tokio::test]
async fn idle_is_renewed_and_a_server_without_it_is_asked_again() {
    for capabilities in ["IMAP4rev1 IDLE", "IMAP4rev1"] {
        let server = Server::start().await;
        server.mailbox.lock().unwrap().capabilities = capabilities;
        let (_folder, mut config) = config(&server);
        config.limits.idle = Duration::from_millis(2);
        let (deliveries, mut kept) = disk(Acceptance::OnDisk);
        let _running = start(&config, &deliveries);
        until("it looks again", || server.heard("UID SEARCH") >= 5).await;
        server.put(1, b"later", Manner::Honest);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"later");
        assert_eq!(server.mailbox.lock().unwrap().connections, 1, "on the same connection: {capabilities}");
        assert_eq!(server.heard("IDLE") > 0, capabilities.contains("IDLE"));
    }
}

#[tokio::test]
async fn what_the_disk_refuses_stays_unseen_and_is_offered_again() {
    for says in [Some(Acceptance::Full), Some(Acceptance::Failed), None] {
        let server = Server::start().await;
        server.put(1, b"a", Manner::Honest);
        server.put(2, b"b", Manner::Honest);
        let (_folder, config) = config(&server);
        let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
        let _running = start(&config, &deliveries);
        let refused = soon(taken.recv()).await.unwrap();
        match says {
            Some(says) => refused.ack.send(says).unwrap(),
            None => drop(refused.ack),
        }
        let again = soon(taken.recv()).await.unwrap();
        assert_eq!(again.id, refused.id, "the pick-up pauses instead of going on to the next message");
        assert!(!server.has(1, "\\Seen"));
        again.ack.send(Acceptance::OnDisk).unwrap();
        until("it is seen", || server.has(1, "\\Seen")).await;
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_taken_is_flagged_and_the_others_are_taken() {
    for (manner, length, reason) in [
        (Manner::Honest, 1001, Refusal::TooLarge),
        (Manner::LiesAboutSize, 1001, Refusal::TooLarge),
        (Manner::GivesNothing, 10, Refusal::Unreadable),
    ] {
        let server = Server::start().await;
        server.put(1, &vec![b'x'; length], manner);
        server.put(2, b"good", Manner::Honest);
        let (_folder, config) = config(&server);
        let tally = Arc::clone(&config.tally);
        let (deliveries, mut kept) = disk(Acceptance::OnDisk);
        let _running = start(&config, &deliveries);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"good", "{manner:?}");
        server.put(3, b"later", Manner::Honest);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"later", "{manner:?}");
        assert!(server.has(1, "\\Flagged") && !server.has(1, "\\Seen"), "{manner:?}");
        assert_eq!(tally.refused(reason), 1, "it is reported once: {manner:?}");
    }
}

#[tokio::test]
async fn a_message_that_breaks_the_connection_is_left_after_three_times() {
    for manner in [Manner::DropsMidLiteral, Manner::AnnouncesHuge, Manner::Floods, Manner::Stalls] {
        let server = Server::start().await;
        server.put(1, b"bad", manner);
        server.put(2, b"good", Manner::Honest);
        let (_folder, mut config) = config(&server);
        config.limits.silence = Duration::from_millis(100);
        let (deliveries, mut kept) = disk(Acceptance::OnDisk);
        let _running = start(&config, &deliveries);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"good", "{manner:?}");
        assert_eq!(server.heard("UID FETCH 1 (UID BODY.PEEK[])"), 3, "{manner:?}");
        assert!(!server.has(1, "\\Seen"), "{manner:?}");
        let one = config.mailboxes.read().pop().unwrap();
        assert_eq!((one.errors, one.left), (3, 1), "{manner:?}");
    }
}

#[tokio::test]
async fn a_server_that_dribbles_is_given_up_at_the_limit_of_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start().await;
    let (_folder, mut config) = config(&server);
    config.port = listener.local_addr().unwrap().port();
    config.limits.silence = Duration::from_millis(50);
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    let dribble = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        use tokio::io::AsyncWriteExt;
        // A byte every few milliseconds is never silence, and never a greeting.
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(dribble).await;
    soon(listener.accept()).await.expect("it connects again");
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_and_the_right_one_works_without_a_restart() {
    let server = Server::start().await;
    server.put(1, b"x", Manner::Honest);
    server.mailbox.lock().unwrap().password = "changed";
    let (folder, config) = config(&server);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    let trouble = || config.mailboxes.read().first().and_then(|one| one.trouble.clone()).unwrap_or_default();
    until("it is told", || trouble().contains("does not let us in")).await;
    assert!(!trouble().contains("hunter2"));
    std::fs::write(folder.path().join("password"), "changed\n").unwrap();
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"x");
    until("the trouble is over", || trouble().is_empty()).await;
}

#[tokio::test]
async fn a_goodbye_and_a_new_uid_validity_are_survived() {
    let server = Server::start().await;
    server.mailbox.lock().unwrap().byes = 2;
    server.put(1, b"old life", Manner::Honest);
    let (_folder, config) = config(&server);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let running = start(&config, &deliveries);
    let first = soon(kept.recv()).await.unwrap();
    assert_eq!(config.mailboxes.read().pop().unwrap().errors, 2);
    until("it is seen", || server.has(1, "\\Seen")).await;
    running.crash().await;
    {
        let mut mailbox = server.mailbox.lock().unwrap();
        mailbox.uid_validity = 8;
        mailbox.messages.clear();
    }
    server.put(1, b"new life", Manner::Honest);
    let _running = start(&config, &deliveries);
    let second = soon(kept.recv()).await.unwrap();
    assert_eq!(second.bytes, b"new life");
    assert!(first.id.starts_with("imap-7-1-") && second.id.starts_with("imap-8-1-"));
}

#[tokio::test]
async fn a_message_is_moved_with_and_without_the_move_extension() {
    for capabilities in ["IMAP4rev1 IDLE MOVE", "IMAP4rev1 IDLE UIDPLUS", "IMAP4rev1 IDLE"] {
        let server = Server::start().await;
        server.mailbox.lock().unwrap().capabilities = capabilities;
        server.put(1, b"x", Manner::Honest);
        let (_folder, mut config) = config(&server);
        config.done = Done::Move("Archive".to_owned());
        let (deliveries, mut kept) = disk(Acceptance::OnDisk);
        let _running = start(&config, &deliveries);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"x");
        let archived = || server.mailbox.lock().unwrap().folders.get("Archive").cloned().unwrap_or_default();
        until("it is in the archive", || archived() == [b"x"]).await;
        let gone = || !server.mailbox.lock().unwrap().messages.contains_key(&1) || server.has(1, "\\Deleted");
        until("it is gone here", gone).await;
        // Another look must not take it again.
        server.put(2, b"y", Manner::Honest);
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"y", "{capabilities}");
    }
}

#[tokio::test]
async fn a_server_of_rev2_alone_is_understood() {
    let server = Server::start().await;
    server.mailbox.lock().unwrap().esearch = true;
    server.put(1, b"a", Manner::Honest);
    server.put(2, b"b", Manner::Honest);
    let (_folder, config) = config(&server);
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"a");
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"b");
    server.put(3, b"c", Manner::Honest);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"c", "what is seen is not listed again");
}

#[tokio::test]
async fn a_password_is_not_sent_where_tls_was_asked_for_and_is_not_offered() {
    let server = Server::start().await;
    let (_folder, mut config) = config(&server);
    config.security = Security::StartTls;
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let _running = start(&config, &deliveries);
    let trouble = || config.mailboxes.read().first().and_then(|one| one.trouble.clone()).unwrap_or_default();
    until("it is told", || trouble().contains("does not offer STARTTLS")).await;
    assert_eq!(server.heard("LOGIN") + server.heard("AUTHENTICATE"), 0);
}

#[tokio::test]
async fn a_token_is_sent_as_the_server_asks() {
    use base64::Engine;
    for (offers, mechanism) in [
        ("IMAP4rev1 SASL-IR AUTH=XOAUTH2", "XOAUTH2"),
        ("IMAP4rev1 SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER", "OAUTHBEARER"),
    ] {
        let server = Server::start().await;
        server.mailbox.lock().unwrap().capabilities = offers;
        let (_folder, mut config) = config(&server);
        let token = Token::Command(vec!["echo".to_owned(), "t0ken".to_owned()]);
        config.credentials = Credentials::OAuth { user: "abuse@example.net".to_owned(), token };
        let (deliveries, _kept) = disk(Acceptance::OnDisk);
        let _running = start(&config, &deliveries);
        let said = format!("AUTHENTICATE {mechanism} ");
        until("it logs in", || server.heard(&said) == 1).await;
        let line = server.mailbox.lock().unwrap().heard.iter().find(|line| line.starts_with(&said)).cloned();
        let response = line.unwrap().split(' ').nth(2).unwrap().to_owned();
        let response = base64::engine::general_purpose::STANDARD.decode(response).unwrap();
        let response = String::from_utf8(response).unwrap();
        assert!(response.contains("auth=Bearer t0ken\u{1}\u{1}"), "{response:?}");
        assert!(response.contains("abuse@example.net"), "{response:?}");
    }
}
