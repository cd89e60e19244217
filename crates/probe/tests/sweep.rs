//! A sweep names the ports that take a connection, and sends nothing where it must not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fall over, and says why"
)]

mod street;

use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use probe::{Config, Pace, Prober};
use street::{config, landing};

#[tokio::test]
async fn every_open_port_of_a_line_is_named_and_no_other() {
    // An address of its own: nothing else of this machine listens there alone, but some may listen on all addresses.
    let listeners = [0; 3].map(|port| TcpListener::bind(("127.0.0.113", port)).unwrap());
    let prober = Prober::new(config(Duration::from_secs(2)), landing().await).unwrap();
    let told = Mutex::new(0);
    let pace = Pace { per_second: 60_000, ..Pace::default() };
    let tell = |swept: &probe::Swept| *told.lock().unwrap() = swept.done();
    let swept = prober.sweep("127.0.0.113".parse().unwrap(), pace, tell).await.unwrap();
    for listener in &listeners {
        assert!(swept.open.contains(&listener.local_addr().unwrap().port()));
    }
    assert_eq!((swept.done(), swept.untried), (65_535, 0));
    assert!(swept.open.is_sorted());
    assert!(*told.lock().unwrap() >= 32_768, "its progress was told");
}

#[tokio::test]
async fn a_line_that_is_not_ours_is_not_swept() {
    let mut settings: Config = config(Duration::from_secs(2));
    settings.territory.never_touch.push("127.0.0.114/32".parse().unwrap());
    let listener = TcpListener::bind("127.0.0.114:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let prober = Prober::new(settings, landing().await).unwrap();
    let refused = prober.sweep("127.0.0.114".parse().unwrap(), Pace::default(), |_| {}).await;
    assert!(refused.is_err());
    assert!(listener.accept().is_err(), "something was sent to it");
}
