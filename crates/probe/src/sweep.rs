//! Every port of one line, when an operator asks for it: which of them take a connection.
//!
//! Plain connects, many at once, closed by a reset as soon as they are there. They need no privilege, go through the last
//! door one by one, and are as quick as raw SYNs where it counts: a closed port answers at once, and a filtered one is
//! waited for either way. One thread does it, without a task and a timer for each port: those cost more than the packets.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use case::Untouchable;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use tokio::sync::mpsc;

use crate::door::{Door, NoWay};

/// Connections under way at once, if the system lets us have as many descriptors. With [`WAITS`] for each this sweeps a
/// line that answers nothing in under half a minute.
const AT_ONCE: usize = 8_000;

/// Descriptors that are left for everything else.
const SPARE: usize = 256;

/// How long a port is waited for: Linux sends its first SYN again after 1 s, and after 3 s.
const WAITS: Duration = Duration::from_millis(3_300);

/// After so many ports it is looked what has come back.
const LOOK: usize = 32;
/// After so many that are done with it is told how far it is.
const TELL: u32 = 1024;
/// How many such words are on their way; more are left out.
const PROGRESS: usize = 8;

/// How a sweep goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Connections begun in a second, at most.
    pub per_second: u32,
    /// Descriptors this process may have.
    pub descriptors: usize,
}

impl Default for Pace {
    /// 20,000 a second: some 1.2 MB/s to the line while it lasts. 1024 descriptors are what Linux gives if nobody asks.
    fn default() -> Pace {
        Pace { per_second: 20_000, descriptors: 1024 }
    }
}

/// What a sweep has found so far, or in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Ports that took a connection, in order.
    pub open: Vec<u16>,
    /// How many said that nothing listens.
    pub closed: u32,
    /// How many said nothing.
    pub silent: u32,
    /// How many could not be tried, for a reason of our own.
    pub untried: u32,
}

impl Swept {
    /// How many ports are done with.
    #[must_use]
    pub fn done(&self) -> u32 {
        let open = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        open.saturating_add(self.closed).saturating_add(self.silent).saturating_add(self.untried)
    }
}

/// Sweeps all 65,535 ports; `tell` hears of the progress now and then. Dropping the future ends it.
pub(crate) async fn sweep(
    door: Arc<Door>,
    address: IpAddr,
    pace: Pace,
    tell: impl Fn(&Swept),
) -> Result<Swept, Untouchable> {
    door.admit(SocketAddr::new(address, 0))?;
    let (told, mut progress) = mpsc::channel(PROGRESS);
    let work = tokio::task::spawn_blocking(move || Sweep::begin(door, address, pace, told)?.run());
    while let Some(so_far) = progress.recv().await {
        tell(&so_far);
    }
    let swept = work.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    Ok(swept.unwrap_or_else(|error| {
        tracing::error!(%address, %error, "a sweep broke off");
        Swept { untried: u32::from(u16::MAX), ..Swept::default() }
    }))
}

/// A sweep under way.
struct Sweep {
    door: Arc<Door>,
    address: IpAddr,
    pace: Pace,
    told: mpsc::Sender<Swept>,
    poll: Poll,
    events: Events,
    /// The ports that have not answered yet.
    knocking: HashMap<u16, TcpStream>,
    /// When each is given up, the first first.
    until: VecDeque<(Instant, u16)>,
    swept: Swept,
}

impl Sweep {
    fn begin(door: Arc<Door>, address: IpAddr, pace: Pace, told: mpsc::Sender<Swept>) -> io::Result<Sweep> {
        Ok(Sweep {
            door,
            address,
            pace,
            told,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            knocking: HashMap::new(),
            until: VecDeque::new(),
            swept: Swept::default(),
        })
    }

    fn run(mut self) -> io::Result<Swept> {
        let began = Instant::now();
        let at_once = self.pace.descriptors.saturating_sub(SPARE).clamp(64, AT_ONCE);
        let between = Duration::from_secs(1) / self.pace.per_second.max(1);
        for (number, port) in (0_u32..).zip(1..=u16::MAX) {
            // Waiting is good to a millisecond: small debts of time are paid together.
            let turn = began + between.saturating_mul(number);
            while turn > Instant::now() + Duration::from_millis(2) || self.knocking.len() >= at_once {
                self.look(Some(turn).filter(|_| self.knocking.len() < at_once))?;
            }
            self.knock(port)?;
            if usize::from(port).is_multiple_of(LOOK) {
                self.look(Some(began))?;
            }
            if self.told.is_closed() {
                return Ok(self.swept);
            }
        }
        while !self.knocking.is_empty() && !self.told.is_closed() {
            self.look(None)?;
        }
        self.swept.open.sort_unstable();
        Ok(self.swept)
    }

    fn knock(&mut self, port: u16) -> io::Result<()> {
        match self.door.begin(SocketAddr::new(self.address, port)) {
            Ok(stream) => {
                let mut stream = TcpStream::from_std(stream);
                let token = Token(usize::from(port));
                self.poll.registry().register(&mut stream, token, Interest::WRITABLE)?;
                self.knocking.insert(port, stream);
                self.until.push_back((Instant::now() + WAITS, port));
            }
            Err(NoWay::Io(error)) => self.refused(&error),
            Err(NoWay::Untouchable(_)) => self.note(|swept| &mut swept.untried),
        }
        Ok(())
    }

    /// Takes what has come back, waiting for it until `until` at most or until the next port is given up.
    fn look(&mut self, until: Option<Instant>) -> io::Result<()> {
        let next = self.until.front().map(|(until, _)| *until);
        let wake = until.into_iter().chain(next).min();
        let wait = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        match self.poll.poll(&mut events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            let port = u16::try_from(event.token().0).unwrap_or_default();
            if let Some(stream) = self.knocking.remove(&port) {
                self.answered(port, &stream);
            }
        }
        self.events = events;
        let now = Instant::now();
        while let Some((_, port)) =
            self.until.pop_front_if(|(until, port)| *until <= now || !self.knocking.contains_key(port))
        {
            if self.knocking.remove(&port).is_some() {
                self.note(|swept| &mut swept.silent);
            }
        }
        Ok(())
    }

    fn answered(&mut self, port: u16, stream: &TcpStream) {
        match stream.take_error() {
            Ok(None) => {
                // A reset ends it at once on both sides: no port of ours stays in TIME-WAIT.
                drop(socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)));
                self.swept.open.push(port);
                self.tell();
            }
            Ok(Some(error)) | Err(error) => self.refused(&error),
        }
    }

    fn refused(&mut self, error: &io::Error) {
        match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => self.note(|swept| &mut swept.closed),
            ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                self.note(|swept| &mut swept.silent);
            }
            _ => self.note(|swept| &mut swept.untried),
        }
    }

    fn note(&mut self, count: impl Fn(&mut Swept) -> &mut u32) {
        *count(&mut self.swept) += 1;
        self.tell();
    }

    fn tell(&self) {
        if self.swept.done().is_multiple_of(TELL) {
            // When nobody listens the sweep ends with the next port; when nobody has heard the last yet, this one can go.
            drop(self.told.try_send(self.swept.clone()));
        }
    }
}
