//! A visit from the inside. It stands here because the visitor must connect, and no source of the traps may.

use std::net::SocketAddr;

use jiff::Timestamp;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;
use crate::hit::Transport;

/// A visitor of a trap's port 23, who hears a login after a second's silence, and the visit.
async fn telnet(tarpit: bool) -> (TcpStream, tokio::task::JoinHandle<Hit>, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let visitor = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    let (stream, from) = listener.accept().await.expect("a visitor");
    let trap = SocketAddr::from(([198, 51, 100, 9], 23));
    let mut hit = Hit::new(Timestamp::now(), Transport::Tcp, from, trap);
    hit.handshake = true;
    let config = Config { tarpit, ..Config::new(vec!["198.51.100.0/24".parse().expect("a prefix")]) };
    let (stop, stops) = watch::channel(false);
    let visit = Visit::new(stream, hit, Arc::new(config), stops);
    (visitor, tokio::spawn(visit.run()), stop)
}

#[tokio::test(start_paused = true)]
async fn a_tarpit_says_a_byte_a_second_and_keeps_who_is_silent_as_long_as_a_minute() {
    let (mut visitor, visit, _stop) = telnet(true).await;
    let mut spoken = Vec::new();
    for _ in 0..6 {
        visitor.read_u8().await.expect("a byte");
        spoken.push(Instant::now());
    }
    for (earlier, later) in spoken.iter().zip(spoken.iter().skip(1)) {
        assert!(later.duration_since(*earlier) >= SLOWLY, "{spoken:?}");
    }
    let begun = Instant::now();
    let hit = visit.await.expect("a hit");
    assert_eq!(hit.ended, Some(Ending::Idle));
    assert!(begun.elapsed() >= Duration::from_secs(60), "it was let go after {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn without_it_the_greeting_comes_whole_and_who_is_silent_is_let_go_after_the_idle_time() {
    let (mut visitor, visit, _stop) = telnet(false).await;
    let begun = Instant::now();
    let mut heard = [0; 64];
    let count = visitor.read(&mut heard).await.expect("a greeting");
    assert!(count > 1, "it came byte by byte");
    assert_eq!(visit.await.expect("a hit").ended, Some(Ending::Idle));
    assert!(begun.elapsed() < Duration::from_secs(20), "it was kept for {:?}", begun.elapsed());
}
