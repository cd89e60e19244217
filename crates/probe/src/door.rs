//! The last door: the one place from which a connection to a subscriber starts.

use std::io;
use std::net::{IpAddr, SocketAddr};

use case::{Territory, Untouchable};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

/// Holds the territory and lets nothing past it.
#[derive(Debug)]
pub(crate) struct Door {
    territory: Territory,
    /// Where connections leave from, by family: the landing's own addresses, so that a packet filter (ours lets its own
    /// desk by) and a subscriber's log see one and the same prober.
    leave_from: Vec<IpAddr>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    /// We must not.
    #[error(transparent)]
    Untouchable(#[from] Untouchable),
    /// We could not.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Door {
    pub(crate) fn new(territory: Territory, leave_from: Vec<IpAddr>) -> Self {
        Door { territory, leave_from }
    }

    /// Whether the address may be touched; the refusal is logged.
    pub(crate) fn admit(&self, target: SocketAddr) -> Result<(), Untouchable> {
        self.territory.admit_anew(target.ip()).inspect_err(|refusal| {
            tracing::warn!(%target, %refusal, "probe refused at the last door: nothing was sent");
        })
    }

    /// Connects, having asked the territory a line before.
    pub(crate) async fn connect(&self, target: SocketAddr) -> Result<TcpStream, NoWay> {
        self.admit(target)?;
        let stream = self.socket(target)?.connect(target).await?;
        // Each message is one small write that waits for its answer; Nagle's algorithm could only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Door {
    /// Begins a connection and does not wait for it, having asked the territory a line before. One that has failed already
    /// is an error.
    pub(crate) fn begin(&self, target: SocketAddr) -> Result<std::net::TcpStream, NoWay> {
        self.admit(target)?;
        let socket =
            Socket::new(Domain::for_address(target), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        self.leave(target, |from| socket.bind(&from.into()));
        match socket.connect(&target.into()) {
            Ok(()) => {}
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        match socket.take_error()? {
            Some(error) => Err(error.into()),
            None => Ok(socket.into()),
        }
    }

    /// A socket bound to where probes leave from. A landing address that is not this machine's own (it may stand behind a
    /// translator) cannot be left from; then the system chooses.
    fn socket(&self, target: SocketAddr) -> io::Result<TcpSocket> {
        let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        self.leave(target, |from| socket.bind(from));
        Ok(socket)
    }

    fn leave(&self, target: SocketAddr, bind: impl FnOnce(SocketAddr) -> io::Result<()>) {
        let fits = |from: &&IpAddr| {
            from.is_ipv4() == target.is_ipv4() && from.is_loopback() == target.ip().is_loopback()
        };
        if let Some(from) = self.leave_from.iter().find(fits)
            && let Err(error) = bind(SocketAddr::new(*from, 0))
        {
            tracing::debug!(%from, %error, "probes cannot leave from where they land");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::{Arc, Mutex};

    use case::Home;
    use tokio::net::TcpListener;
    use tracing::field::{Field, Visit};
    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    /// Keeps every logged event in words.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<String>>);

    impl Visit for Log {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.lock().unwrap().push_str(&format!("{field}={value:?} "));
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            event.record(&mut self.clone());
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[tokio::test]
    async fn the_door_itself_refuses_and_logs_whatever_its_caller_has_asked() {
        let log = Log::default();
        let _listening = tracing::subscriber::set_default(log.clone());
        let listener = TcpListener::bind("127.0.0.9:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let home = Home::new(["127.1.0.0/16".parse().unwrap()]).unwrap();
        let refused =
            Door::new(Territory { home, never_touch: Vec::new().into() }, Vec::new()).connect(target).await;
        assert!(matches!(refused, Err(NoWay::Untouchable(Untouchable::Foreign(_)))));
        let logged = log.0.lock().unwrap().clone();
        assert!(
            logged.contains(&target.to_string()) && logged.contains("not in the home prefixes"),
            "{logged}"
        );
    }

    #[tokio::test]
    async fn a_probe_leaves_from_where_it_lands() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = listener.local_addr().expect("a bound port");
        let home = Home::new(["127.0.0.0/8".parse().expect("a prefix")]).expect("a home");
        let from: IpAddr = "127.0.0.5".parse().expect("an address");
        let door = Door::new(Territory { home, never_touch: Vec::new().into() }, vec![from]);
        let (connected, accepted) = tokio::join!(door.connect(target), listener.accept());
        connected.expect("a connection");
        assert_eq!(accepted.expect("a connection").1.ip(), from);
    }
}
