//! One port: all methods at once under one deadline, and what they say together.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::attempt::{Attempt, Ending, Means};
use crate::door::NoWay;
use crate::method::{Family, Method};
use crate::transcript::Transcript;

/// What a port turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// An open proxy.
    Proved {
        /// By which method.
        method: Method,
        /// From which address it came out.
        exit: IpAddr,
    },
    /// It refused, or answered and relayed nothing.
    Nothing,
    /// No telling, and why.
    Untold(&'static str),
    /// The last door did not open.
    Untouchable,
}

/// Asks one port. Ends at the first proof, when all methods have ended, or at the deadline.
pub(crate) async fn ask(means: &Arc<Means>, target: SocketAddr, transcript: &Transcript) -> Finding {
    let deadline = Instant::now() + means.deadline;
    let knocked = match knock(means, target, deadline, transcript).await {
        Ok(stream) => stream,
        Err(finding) => return finding,
    };
    let mut first = Some(knocked);
    let mut attempts = JoinSet::new();
    for method in Method::ALL {
        let Some(told) = method.landing(&means.told, target.ip()) else { continue };
        let voice = transcript.voice(format!("{} {}", target.port(), method.label()));
        let attempt = Attempt { means: Arc::clone(means), target, told, method, deadline, voice };
        let stream = first.take();
        attempts.spawn(async move { (method, attempt.run(stream).await) });
    }
    let mut endings = Vec::new();
    while let Some(ended) = attempts.join_next().await {
        match ended {
            Ok((method, Ending::Proved(exit))) => return Finding::Proved { method, exit },
            Ok(ended) => endings.push(ended),
            Err(error) => {
                tracing::error!(%target, %error, "a probe attempt died; the port counts as untold");
                return Finding::Untold("an attempt of ours failed");
            }
        }
    }
    judge(&endings)
}

/// The first connection: a port that refuses or drops it is not asked seven times.
async fn knock(
    means: &Arc<Means>,
    target: SocketAddr,
    deadline: Instant,
    transcript: &Transcript,
) -> Result<TcpStream, Finding> {
    let voice = transcript.voice(format!("{} connect", target.port()));
    match timeout_at(deadline, means.door.connect(target)).await {
        Ok(Ok(stream)) => {
            voice.say("connected");
            Ok(stream)
        }
        Ok(Err(NoWay::Untouchable(refusal))) => {
            voice.say(format!("not connected: {refusal}"));
            Err(Finding::Untouchable)
        }
        Ok(Err(NoWay::Io(error))) if error.kind() == io::ErrorKind::ConnectionRefused => {
            voice.say("connection refused: nothing listens there");
            Err(Finding::Nothing)
        }
        Ok(Err(NoWay::Io(error))) => {
            voice.say(format!("cannot connect: {error}"));
            Err(Finding::Untold("no connection could be made"))
        }
        Err(_) => {
            voice.say("no answer to our connection before the deadline: filtered, or nobody there");
            Err(Finding::Untold("nothing answered before the deadline"))
        }
    }
}

/// What the endings of all methods say together, when none is a proof.
///
/// A method that fell silent is excused when the port answered the other family in that family's own protocol: a web
/// server need not answer SOCKS. Within the family silence is no excuse: a slow proxy may still be busy.
fn judge(endings: &[(Method, Ending)]) -> Finding {
    let fits = |family: Family| {
        endings
            .iter()
            .any(|(method, ending)| *ending == Ending::Answered { fits: true } && method.family() == family)
    };
    let (http, socks) = (fits(Family::Http), fits(Family::Socks));
    let is_excused = |method: Method| match method.family() {
        Family::Http => socks,
        Family::Socks => http,
    };
    if endings.is_empty() {
        return Finding::Untold("no method could be tried");
    }
    if endings.iter().any(|(_, ending)| *ending == Ending::Open) {
        return Finding::Untold("it stopped in the middle, was reset, or relayed one way only");
    }
    if endings.iter().any(|(method, ending)| *ending == Ending::Silent && !is_excused(*method)) {
        return Finding::Untold("it took our connection and did not answer");
    }
    Finding::Nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITS: Ending = Ending::Answered { fits: true };
    const OTHER: Ending = Ending::Answered { fits: false };

    #[test]
    fn silence_is_excused_only_by_an_answer_in_the_other_familys_protocol() {
        use Method::{Connect10, Get, Socks4, Socks5};
        let web_server = [(Get, FITS), (Connect10, FITS), (Socks4, Ending::Silent), (Socks5, Ending::Silent)];
        assert_eq!(judge(&web_server), Finding::Nothing);
        let slow_socks5 = [(Get, Ending::HungUp), (Connect10, Ending::HungUp), (Socks5, Ending::Open)];
        assert!(matches!(judge(&slow_socks5), Finding::Untold(_)));
        let slow_get = [(Get, Ending::Silent), (Connect10, FITS), (Socks5, Ending::HungUp)];
        assert!(matches!(judge(&slow_get), Finding::Untold(_)));
        let half_deaf = [(Get, OTHER), (Socks5, Ending::Silent)];
        assert!(matches!(judge(&half_deaf), Finding::Untold(_)));
        assert!(matches!(judge(&[]), Finding::Untold(_)));
        assert_eq!(judge(&[(Get, OTHER), (Socks5, Ending::HungUp)]), Finding::Nothing);
    }
}
