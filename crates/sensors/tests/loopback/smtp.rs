//! The mail server over loopback: what a client sees, and what reaches the disk.

use std::sync::Arc;
use std::time::Duration;

use crate::stand::{Client, SOON, call, config, disk, soon, start};
use sensors::smtp::{Protocol, serve_unix};
use sensors::{Acceptance, Delivery, How, Refusal};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

#[tokio::test]
async fn a_report_reaches_the_disk_byte_for_byte_before_250() {
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let config = config(Protocol::Smtp);
    let tally = Arc::clone(&config.tally);
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.open().await;
    client.send("Subject: x\r\n\r\n..a\r\n.\r\n").await;
    let delivery = timeout(SOON, taken.recv()).await.unwrap().unwrap();
    assert_eq!(delivery.bytes, b"Subject: x\r\n\r\n.a\r\n");
    assert_eq!(delivery.envelope.peer, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(delivery.envelope.helo.as_deref(), Some("client.example"));
    assert_eq!(delivery.envelope.mail_from.as_deref(), Some("a@example.com"));
    assert_eq!(delivery.envelope.rcpt_to, ["abuse@example.net"]);
    assert_eq!(delivery.how, How::Smtp);
    assert!(delivery.id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'));
    assert_eq!(tally.accepted(How::Smtp), 0, "nothing is accepted before it is on disk");
    let early = timeout(Duration::from_millis(100), client.reply()).await;
    assert!(early.is_err(), "answered before the disk did: {early:?}");
    delivery.ack.send(Acceptance::OnDisk).unwrap();
    assert!(client.reply().await.starts_with("250 2.0.0"));
    assert!(client.say("QUIT").await.starts_with("221 "));
    assert_eq!(client.reply().await, "", "the server closes after QUIT");
    assert_eq!(tally.accepted(How::Smtp), 1);
}

#[tokio::test]
async fn a_disk_that_is_full_or_broken_is_a_temporary_refusal() {
    for (says, reply, reason) in [
        (Acceptance::Full, "452 4.3.1", Refusal::DiskFull),
        (Acceptance::Failed, "451 4.3.0", Refusal::NotWritten),
    ] {
        let (deliveries, _kept) = disk(says);
        let config = config(Protocol::Smtp);
        let tally = Arc::clone(&config.tally);
        let server = start(config, deliveries).await;
        let mut client = call(server.at).await;
        client.open().await;
        assert!(client.say("x\r\n.").await.starts_with(reply));
        assert_eq!((tally.refused(reason), tally.accepted(How::Smtp)), (1, 0));
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_no_acceptance() {
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let mut config = config(Protocol::Smtp);
    config.limits.answer = Duration::from_millis(50);
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.open().await;
    // The first answer comes too late, the second is dropped.
    assert!(client.say("x\r\n.").await.starts_with("451 4.3.0"));
    let _late = soon(taken.recv()).await.unwrap();
    client.begin().await;
    client.send("x\r\n.\r\n").await;
    drop(soon(taken.recv()).await.unwrap().ack);
    assert!(client.reply().await.starts_with("451 4.3.0"));
}

#[tokio::test]
async fn a_channel_that_stays_full_is_451_4_3_2() {
    let (deliveries, _never_read) = mpsc::channel::<Delivery>(1);
    let _taken_up = deliveries.clone().reserve_owned().await.unwrap();
    let mut config = config(Protocol::Smtp);
    config.limits.patience = Duration::from_millis(50);
    let tally = Arc::clone(&config.tally);
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.open().await;
    assert!(client.say("x\r\n.").await.starts_with("451 4.3.2"));
    assert_eq!(tally.refused(Refusal::Busy), 1);
}

#[tokio::test]
async fn a_whole_pipelined_session_in_one_packet_is_answered_in_order() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let server = start(config(Protocol::Smtp), deliveries).await;
    let mut client = call(server.at).await;
    let one = "MAIL FROM:<a@example.com>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\nm\r\n.\r\n";
    client.send(format!("EHLO client.example\r\n{one}{one}QUIT\r\n")).await;
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(client.reply().await.get(..3).map(str::to_owned).unwrap_or_default());
    }
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]);
    for _ in 0..2 {
        assert_eq!(soon(kept.recv()).await.unwrap().bytes, b"m\r\n");
    }
}

#[tokio::test]
async fn connections_are_limited_in_total_and_per_client() {
    for (total, per_client) in [(2, 9), (9, 2)] {
        let (deliveries, _kept) = disk(Acceptance::OnDisk);
        let mut config = config(Protocol::Smtp);
        config.limits.connections = total;
        config.limits.connections_per_client = per_client;
        let tally = Arc::clone(&config.tally);
        let server = start(config, deliveries).await;
        let (mut first, mut second) = (call(server.at).await, call(server.at).await);
        assert!(first.reply().await.starts_with("220 "));
        assert!(second.reply().await.starts_with("220 "));
        let mut third = call(server.at).await;
        assert!(third.reply().await.starts_with("421 4.7.0"));
        assert_eq!(third.reply().await, "");
        assert_eq!((tally.refused(Refusal::TooManyConnections), tally.open()), (1, 2));
        assert!(first.say("QUIT").await.starts_with("221 "));
        assert_eq!(first.reply().await, "");
        // The place is free once the session has ended, which the closed connection only announces.
        let again = async {
            while !call(server.at).await.reply().await.starts_with("220 ") {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, again).await.expect("a place becomes free");
    }
}

#[tokio::test]
async fn a_silent_client_and_an_endless_one_are_told_and_cut() {
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let mut idle = config(Protocol::Smtp);
    idle.limits.idle = Duration::from_millis(50);
    let tally = Arc::clone(&idle.tally);
    let server = start(idle, deliveries.clone()).await;
    let mut client = call(server.at).await;
    client.reply().await;
    assert!(client.reply().await.starts_with("421 4.4.2"));
    assert_eq!(client.reply().await, "");
    assert_eq!(tally.refused(Refusal::Idle), 1);

    let mut long = config(Protocol::Smtp);
    long.limits.session = Duration::from_millis(100);
    let tally = Arc::clone(&long.tally);
    let server = start(long, deliveries).await;
    let mut client = call(server.at).await;
    client.reply().await;
    let talk = async { while client.say("NOOP").await.starts_with("250 ") {} };
    timeout(SOON, talk).await.expect("talking does not keep a session open for ever");
    assert_eq!(tally.refused(Refusal::SessionTooLong), 1);
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_keep_a_session_and_a_crowd_makes_us_impatient() {
    let (deliveries, _kept) = disk(Acceptance::OnDisk);
    let mut config = config(Protocol::Smtp);
    config.limits.connections = 1; // a crowd of one
    config.limits.idle_when_crowded = Duration::from_millis(50);
    let tally = Arc::clone(&config.tally);
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.reply().await;
    let (reading, mut writing) = tokio::io::split(client.stream.into_inner());
    let dribble = async {
        while writing.write_all(b"N").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut reply = String::new();
    let mut reading = BufReader::new(reading);
    let told = async {
        tokio::select! {
            biased;
            read = reading.read_line(&mut reply) => read.unwrap_or(0),
            () = dribble => 0,
        }
    };
    timeout(SOON, told).await.expect("the session ends");
    assert!(reply.starts_with("421 4.4.2"), "{reply:?}");
    assert_eq!(tally.refused(Refusal::Idle), 1);
}

#[tokio::test]
async fn messages_beyond_the_memory_are_refused_and_the_memory_comes_back() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let mut config = config(Protocol::Smtp);
    config.limits.message_bytes = 256 * 1024;
    config.limits.memory_bytes = 0; // one message of message_bytes, then
    let server = start(config, deliveries).await;
    let (mut first, mut second) = (call(server.at).await, call(server.at).await);
    first.open().await;
    second.open().await;
    let most = "x".repeat(200 * 1024);
    first.send(&most).await;
    first.send("\r\n").await;
    // The first now holds most of the room, or will: both cannot have it.
    second.send(format!("{most}\r\n.\r\n")).await;
    let refused = second.reply().await;
    first.send(".\r\n").await;
    let accepted = first.reply().await;
    let mut codes = [&refused[..9], &accepted[..9]];
    codes.sort_unstable();
    assert_eq!(codes, ["250 2.0.0", "452 4.3.1"]);
    assert_eq!(soon(kept.recv()).await.unwrap().bytes.len(), most.len() + 2);
    second.begin().await;
    assert!(second.say(&format!("{most}\r\n.")).await.starts_with("250 2.0.0"));
}

#[tokio::test]
async fn stop_lets_a_message_finish_and_says_goodbye_to_the_rest() {
    let (deliveries, mut taken) = mpsc::channel::<Delivery>(1);
    let server = start(config(Protocol::Smtp), deliveries).await;
    let (mut resting, mut sending) = (call(server.at).await, call(server.at).await);
    resting.reply().await;
    sending.open().await;
    sending.send("x\r\n.\r\n").await;
    let delivery = soon(taken.recv()).await.unwrap();
    server.stop.send(true).unwrap();
    assert!(resting.reply().await.starts_with("421 4.3.2"));
    delivery.ack.send(Acceptance::OnDisk).unwrap();
    assert!(sending.reply().await.starts_with("250 2.0.0"));
    assert!(sending.reply().await.starts_with("421 4.3.2"));
    timeout(SOON, server.task).await.expect("serve returns").unwrap();
}

#[tokio::test]
async fn lmtp_over_a_unix_socket_answers_for_each_recipient() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve_unix(UnixListener::bind(&path).unwrap(), config(Protocol::Lmtp), deliveries, stopped));
    let mut client = Client { stream: BufReader::new(UnixStream::connect(&path).await.unwrap()) };
    assert_eq!(client.reply().await, "220 desk.example.net LMTP nightdesk\r\n");
    assert!(client.say("LHLO client.example").await.starts_with("250-"));
    assert!(client.say("MAIL FROM:<>").await.starts_with("250 "));
    assert!(client.say("RCPT TO:<abuse@example.net>").await.starts_with("250 "));
    assert!(client.say("RCPT TO:<postmaster>").await.starts_with("250 "));
    assert!(client.say("DATA").await.starts_with("354 "));
    assert!(client.say("x\r\n.").await.starts_with("250 2.0.0"));
    assert!(client.reply().await.starts_with("250 2.0.0"));
    let delivery = soon(kept.recv()).await.unwrap();
    assert_eq!((delivery.how, delivery.envelope.peer), (How::Lmtp, None));
    assert_eq!(delivery.envelope.rcpt_to, ["abuse@example.net", "postmaster"]);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_session_goes_on() {
    let (deliveries, mut kept) = disk(Acceptance::OnDisk);
    let mut config = config(Protocol::Smtp);
    config.limits.message_bytes = 100_000;
    let server = start(config, deliveries).await;
    let mut client = call(server.at).await;
    client.open().await;
    let line = format!("{}\r\n", "x".repeat(998));
    assert!(client.say(&format!("{}.", line.repeat(101))).await.starts_with("552 5.3.4"));
    client.begin().await;
    assert!(client.say(&format!("{}.", line.repeat(100))).await.starts_with("250 2.0.0"));
    assert_eq!(soon(kept.recv()).await.unwrap().bytes.len(), 100_000);
}
