//! One port: all methods at once under one deadline, and what they say together.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use case::Verdict;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::attempt::{Attempt, Ending, Means};
use crate::door::NoWay;
use crate::login::Login;
use crate::method::{Family, Method};
use crate::tls::{self, Hello};
use crate::transcript::Transcript;

/// What proves a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    /// An open proxy, or an open relay.
    pub(crate) verdict: Verdict,
    /// How the answer calls the way.
    pub(crate) protocol: String,
    /// What it did, as the end of a sentence that begins with the port.
    pub(crate) how: String,
    /// From which address it came out.
    pub(crate) exit: IpAddr,
}

/// What a port turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It relays.
    Proved(Proof),
    /// It refused, or answered and relayed nothing.
    Nothing,
    /// The same, and it greets as a mail server does.
    MailServer,
    /// No telling, and why.
    Untold(String),
    /// The last door did not open.
    Untouchable,
}

/// How long a method that has heard nothing is still waited for when all others have ended and its silence is explained.
const GRACE: Duration = Duration::from_secs(3);

/// How long a connection may take to come about: three SYNs of Linux (1 s and 2 s after the first) and their answers.
const CONNECT_WAITS: Duration = Duration::from_secs(10);

/// Asks one port. Ends at the first proof, when all methods have ended, or at the deadline.
pub(crate) async fn ask(means: &Arc<Means>, target: SocketAddr, transcript: &Transcript) -> Finding {
    let deadline = Instant::now() + means.deadline;
    let knocked = match knock(means, target, deadline, transcript).await {
        Ok(stream) => stream,
        Err(finding) => return finding,
    };
    let mut asking = Asking::new(means, target, deadline, transcript);
    asking.begin_all(false, Some(knocked));
    asking.say_hello();
    asking.finish().await
}

/// What an attempt is besides its method.
#[derive(Debug, Clone)]
struct Course {
    method: Method,
    inside_tls: bool,
    login: Option<Login>,
    /// The landings still to be named, the next one first.
    landings: Vec<SocketAddr>,
    spoken_to: Arc<AtomicBool>,
}

/// How one of a port's tasks ended.
enum Ended {
    Method(Course, Ending),
    Tls(Hello),
}

/// The methods at work on one port.
struct Asking<'a> {
    means: &'a Arc<Means>,
    target: SocketAddr,
    deadline: Instant,
    transcript: &'a Transcript,
    tasks: JoinSet<Ended>,
    /// Those at work, by when they began.
    under_way: Vec<Course>,
    tls: Tls,
    endings: Vec<(bool, Method, Ending)>,
    /// Set by whichever attempt hears a mail server's greeting.
    greets: Arc<AtomicBool>,
}

/// Whether the port speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    Asked,
    Spoken,
    /// No, or not with us.
    No,
    /// Nothing was answered.
    Silent,
    /// Yes, but we cannot.
    Other,
}

impl<'a> Asking<'a> {
    fn new(means: &'a Arc<Means>, target: SocketAddr, deadline: Instant, transcript: &'a Transcript) -> Self {
        Asking {
            means,
            target,
            deadline,
            transcript,
            tasks: JoinSet::new(),
            under_way: Vec::new(),
            tls: Tls::Asked,
            endings: Vec::new(),
            greets: Arc::default(),
        }
    }

    fn begin_all(&mut self, inside_tls: bool, mut first: Option<TcpStream>) {
        let has_name = self.means.name.is_some();
        for method in Method::ALL.into_iter().filter(|method| has_name || !method.needs_name()) {
            let landings = method.landings(&self.means.told, self.target.ip());
            let course = Course { method, inside_tls, login: None, landings, spoken_to: Arc::default() };
            self.begin(course, &mut first);
        }
    }

    /// Starts an attempt that names the next of its landings, if there is one.
    fn begin(&mut self, mut course: Course, first: &mut Option<TcpStream>) {
        if course.landings.is_empty() {
            return;
        }
        let told = course.landings.remove(0);
        let inside = if course.inside_tls { " in tls" } else { "" };
        let label = format!("{} {}{inside}", self.target.port(), course.method.label());
        course.spoken_to = Arc::default();
        let attempt = Attempt {
            means: Arc::clone(self.means),
            target: self.target,
            told,
            method: course.method,
            inside_tls: course.inside_tls,
            login: course.login.clone(),
            deadline: self.deadline,
            voice: self.transcript.voice(label),
            spoken_to: Arc::clone(&course.spoken_to),
            greets: Arc::clone(&self.greets),
        };
        self.under_way.push(course.clone());
        let stream = first.take();
        self.tasks.spawn(async move { Ended::Method(course, attempt.run(stream).await) });
    }

    /// Asks whether the port speaks TLS.
    fn say_hello(&mut self) {
        let (means, target, deadline) = (Arc::clone(self.means), self.target, self.deadline);
        let voice = self.transcript.voice(format!("{} tls", target.port()));
        self.tasks.spawn(async move {
            let stream = match timeout_at(deadline, means.door.connect(target)).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    voice.say(format!("a further connection failed: {error}"));
                    return Ended::Tls(Hello::NotTls);
                }
                Err(_) => return Ended::Tls(Hello::Silent),
            };
            Ended::Tls(tls::hello(stream, target.ip(), &voice, deadline).await)
        });
    }

    async fn finish(mut self) -> Finding {
        let mut explained: Option<Instant> = None;
        loop {
            // What is left may have its silence explained already: it gets a moment more, not the whole deadline.
            explained = match self.is_explained() {
                true => Some(explained.unwrap_or_else(|| Instant::now() + GRACE)),
                false => None,
            };
            if self.only_a_prompt_is_missing() {
                break;
            }
            let until = explained.unwrap_or(self.deadline + GRACE);
            let ended = match timeout_at(until, self.tasks.join_next()).await {
                Ok(None) | Err(_) => break,
                Ok(Some(Ok(ended))) => ended,
                Ok(Some(Err(error))) => {
                    tracing::error!(target = %self.target, %error, "a probe attempt died; the port counts as untold");
                    return untold("an attempt of ours failed");
                }
            };
            match ended {
                Ended::Method(course, Ending::Proved(exit)) => {
                    return proved(self.transcript, self.target, &course, exit);
                }
                Ended::Method(course, ending) => self.go_on(&course, ending),
                Ended::Tls(hello) => self.heard_hello(&hello),
            }
        }
        let left = std::mem::take(&mut self.under_way);
        self.endings.extend(left.iter().map(|course| (course.inside_tls, course.method, Ending::Silent)));
        match self.judge() {
            Finding::Untold(_) | Finding::Nothing if self.greets.load(Ordering::Relaxed) => {
                Finding::MailServer
            }
            finding => finding,
        }
    }

    /// Takes an ending, and tries again where that may help: another landing for a way refused, a login where one is
    /// wanted.
    fn go_on(&mut self, course: &Course, ending: Ending) {
        self.under_way.retain(|other| !Arc::ptr_eq(&other.spoken_to, &course.spoken_to));
        self.endings.push((course.inside_tls, course.method, ending));
        match ending {
            Ending::Refused => self.begin(course.clone(), &mut None),
            Ending::WantsLogin if course.method.takes_login() => {
                let known = Login::known().filter(|_| self.means.known_logins);
                let logins: Vec<Login> = Login::nobodys().into_iter().chain(known).collect();
                for login in logins {
                    let landings = course.method.landings(&self.means.told, self.target.ip());
                    self.begin(Course { login: Some(login), landings, ..course.clone() }, &mut None);
                }
            }
            _ => {}
        }
    }

    fn heard_hello(&mut self, hello: &Hello) {
        self.tls = match hello {
            Hello::Spoken(_) => Tls::Spoken,
            Hello::TurnedAway | Hello::NotTls => Tls::No,
            Hello::OtherTls => Tls::Other,
            Hello::Silent => Tls::Silent,
        };
        if self.tls == Tls::Spoken {
            // In the clear nothing can come of such a port any more, and what is silent there stays so.
            self.under_way.retain(|course| course.spoken_to.load(Ordering::Relaxed));
            self.begin_all(true, None);
        }
    }

    /// Whether whatever is still under way has said nothing and need not say anything.
    fn is_explained(&self) -> bool {
        let quiet = |course: &Course| !course.spoken_to.load(Ordering::Relaxed);
        let answered = self.endings.iter().any(|(.., ending)| ending.has_answered());
        answered
            && self
                .under_way
                .iter()
                .all(|course| quiet(course) && is_excused(&self.layer(course.inside_tls), course.method))
    }

    /// Whether only a prompt is waited for at a port that has answered in a protocol whose clients speak first: who speaks
    /// first does so on every connection, and would have by now.
    fn only_a_prompt_is_missing(&self) -> bool {
        self.tls != Tls::Asked
            && self.under_way.iter().all(|course| course.method == Method::Telnet)
            && self.endings.iter().any(|(.., ending)| ending.fits())
            && self.is_explained()
    }

    fn layer(&self, inside_tls: bool) -> Vec<(Method, Ending)> {
        let of = self.endings.iter().filter(|(inside, ..)| *inside == inside_tls);
        of.map(|(_, method, ending)| (*method, *ending)).collect()
    }

    fn judge(&self) -> Finding {
        let plain = self.layer(false);
        let fits = plain.iter().any(|(_, ending)| ending.fits());
        match self.tls {
            // A TLS server makes nothing of what is said in the clear, and may well not answer it.
            Tls::Spoken if !fits => judge(&self.layer(true)),
            Tls::Spoken => match judge(&plain) {
                Finding::Nothing => judge(&self.layer(true)),
                untold => untold,
            },
            Tls::Other if !fits => untold("it speaks a TLS that we do not"),
            Tls::No | Tls::Other => judge(&plain),
            Tls::Asked | Tls::Silent if plain.iter().any(|(_, ending)| ending.has_answered()) => {
                judge(&plain)
            }
            Tls::Asked | Tls::Silent => untold("it took our connection and did not answer"),
        }
    }
}

/// The first connection: a port that refuses or drops it is not asked seven times.
pub(crate) async fn knock(
    means: &Arc<Means>,
    target: SocketAddr,
    deadline: Instant,
    transcript: &Transcript,
) -> Result<TcpStream, Finding> {
    let voice = transcript.voice(format!("{} connect", target.port()));
    let deadline = deadline.min(Instant::now() + CONNECT_WAITS);
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
            Err(untold("no connection could be made"))
        }
        Err(_) => {
            voice.say("no answer to our connection before the deadline: filtered, or nobody there");
            Err(untold("nothing answered before the deadline"))
        }
    }
}

fn untold(why: &str) -> Finding {
    Finding::Untold(why.to_owned())
}

fn proved(transcript: &Transcript, target: SocketAddr, course: &Course, exit: IpAddr) -> Finding {
    let tls = if course.inside_tls { " in tls" } else { "" };
    let port = target.port();
    transcript
        .voice("landing")
        .say(format!("the nonce of {port} {}{tls} landed from {exit}", course.method.label()));
    if let Some(login) = &course.login {
        let voice = transcript.voice(format!("{port} {}{tls}", course.method.label()));
        voice.say(format!("it let in {:?} with the password {:?}", login.user, login.password));
    }
    let protocol = match course.inside_tls {
        true => format!("{}-tls", course.method.protocol()),
        false => course.method.protocol().to_owned(),
    };
    let how = format!("relayed our nonce by {protocol} to our landing and brought its secret back");
    Finding::Proved(Proof { verdict: Verdict::OpenProxy, protocol, how, exit })
}

/// Whether a method's silence needs no further explanation: a telnet server would have spoken first, and a server that
/// answers one family in that family's own protocol need not answer the other.
fn is_excused(endings: &[(Method, Ending)], method: Method) -> bool {
    let fits =
        |family: Family| endings.iter().any(|(method, ending)| ending.fits() && method.family() == family);
    match method.family() {
        Family::Http => fits(Family::Socks) || fits(Family::Telnet),
        Family::Socks => fits(Family::Http) || fits(Family::Telnet),
        Family::Telnet => true,
    }
}

/// What the endings of all methods say together, when none is a proof.
///
/// A method that fell silent may be excused by the other family's answers. Within the family silence is no excuse: a
/// slow proxy may still be busy.
fn judge(endings: &[(Method, Ending)]) -> Finding {
    if endings.is_empty() {
        return untold("no method could be tried");
    }
    if endings.iter().any(|(_, ending)| *ending == Ending::Open) {
        return untold("it stopped in the middle, was reset, or relayed one way only");
    }
    let silent =
        |(method, ending): &(Method, Ending)| *ending == Ending::Silent && !is_excused(endings, *method);
    if endings.iter().any(silent) || endings.iter().all(|(_, ending)| *ending == Ending::Silent) {
        return untold("it took our connection and did not answer");
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
