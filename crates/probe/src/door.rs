//! The last door: the one place from which a connection to a subscriber starts.

use std::io;
use std::net::SocketAddr;

use case::{Territory, Untouchable};
use tokio::net::TcpStream;

/// Holds the territory and lets nothing past it.
#[derive(Debug)]
pub(crate) struct Door {
    territory: Territory,
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
    pub(crate) fn new(territory: Territory) -> Self {
        Door { territory }
    }

    /// Whether the address may be touched; the refusal is logged.
    pub(crate) fn admit(&self, target: SocketAddr) -> Result<(), Untouchable> {
        self.territory.admit(target.ip()).inspect_err(|refusal| {
            tracing::warn!(%target, %refusal, "probe refused at the last door: nothing was sent");
        })
    }

    /// Connects, having asked the territory a line before.
    pub(crate) async fn connect(&self, target: SocketAddr) -> Result<TcpStream, NoWay> {
        self.admit(target)?;
        let stream = TcpStream::connect(target).await?;
        // Each message is one small write that waits for its answer; Nagle's algorithm could only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
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
        let refused = Door::new(Territory { home, never_touch: Vec::new() }).connect(target).await;
        assert!(matches!(refused, Err(NoWay::Untouchable(Untouchable::Foreign(_)))));
        let logged = log.0.lock().unwrap().clone();
        assert!(
            logged.contains(&target.to_string()) && logged.contains("not in the home prefixes"),
            "{logged}"
        );
    }
}
