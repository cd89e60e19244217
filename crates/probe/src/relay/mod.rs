//! Whether a mail server relays for strangers: shown by delivery alone. A 250 to RCPT is no relay, and a 250 to a whole
//! mail is none either, until that mail has arrived at our landing.

mod dialogue;
mod forms;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use case::Verdict;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::attempt::Means;
use crate::landing::{Delivery, Posted};
use crate::login::Login;
use crate::port::{self, Finding, Proof};
use crate::transcript::{Transcript, Voice};
use crate::wire::Broken;
use dialogue::{Call, Dialogue, Ended, Secure, literal};
#[cfg(test)]
pub(crate) use forms::PLAIN as PLAIN_FORM;
use forms::{FORMS, Form, Names, PLAIN};

/// The name of a form as we have it, where one is called so.
pub(crate) fn form_named(name: &str) -> Option<&'static str> {
    FORMS.iter().find(|form| form.name == name).map(|form| form.name)
}

/// Tests on one connection: Exim ends a session for a few errors, Postfix slows one down.
const TESTS_AT_ONCE: usize = 4;

/// Connections in a row that may end without a single answer before the server is left alone.
const MOST_FAILURES: usize = 3;

/// How long after the last mail that was taken nothing further is waited for on this occasion: this part of the time a
/// mail server may take.
const SETTLES: u32 = 6;

/// How long a server that puts strangers off is left alone before the same is tried again: this part of it.
const AGAIN: u32 = 10;

/// How long the first mails that are taken are waited for before others follow.
const SOON: Duration = Duration::from_secs(2);

/// How often the landing is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(100);

/// A mail that was taken this long ago and has not landed was not relayed.
const NOT_RELAYED: Duration = Duration::from_secs(4 * 3600);

/// Where mail servers bring mail.
const SMTP: u16 = 25;

/// Mail submission over TLS (RFC 8314).
const SMTPS: u16 = 465;

/// What the tests of one server have come to so far.
struct Battery<'a> {
    means: &'a Arc<Means>,
    target: SocketAddr,
    transcript: &'a Transcript,
    voice: Voice,
    deadline: Instant,
    secure: Secure,
    domain: String,
    helo: String,
    /// Forms that were put off.
    later: Vec<Form>,
    /// How many forms it was not asked: it ended our sessions, or there was no time.
    unasked: usize,
    /// When the last mail was taken.
    last_taken: Option<Instant>,
    answers: usize,
    wants_login: bool,
    /// A login that the server has taken.
    login: Option<Login>,
}

/// Asks one port; `None` when it is no mail server's, as far as can be told.
pub(crate) async fn ask(means: &Arc<Means>, target: SocketAddr, transcript: &Transcript) -> Option<Finding> {
    let deadline = Instant::now() + means.relay_deadline;
    let mut battery = Battery::new(means, target, transcript, deadline);
    if let Some(proof) = battery.landed() {
        return Some(Finding::Proved(proof));
    }
    let first = match port::knock(means, target, deadline, transcript).await {
        Ok(stream) => stream,
        Err(finding) => return Some(finding),
    };
    battery.run(first).await
}

impl<'a> Battery<'a> {
    fn new(means: &'a Arc<Means>, target: SocketAddr, transcript: &'a Transcript, deadline: Instant) -> Self {
        let landings = means.told.iter();
        let landing = landings.min_by_key(|told| (told.port() != SMTP, told.is_ipv4() != target.is_ipv4()));
        let at_landing = landing.map_or_else(String::new, |told| literal(*told));
        Battery {
            means,
            target,
            transcript,
            voice: transcript.voice(format!("{} smtp", target.port())),
            deadline,
            secure: if target.port() == SMTPS { Secure::FromTheStart } else { Secure::No },
            domain: means.domain.clone().unwrap_or_else(|| at_landing.clone()),
            helo: means.name.clone().unwrap_or(at_landing),
            later: Vec::new(),
            unasked: 0,
            last_taken: None,
            answers: 0,
            wants_login: false,
            login: None,
        }
    }

    async fn run(&mut self, first: TcpStream) -> Option<Finding> {
        let mut opened = self.call().open(Some(first)).await;
        if matches!(opened, Err(Ended::Foreign | Ended::Broken(_))) && self.secure == Secure::FromTheStart {
            self.secure = Secure::No;
            opened = self.call().open(None).await;
        }
        let dialogue = match opened {
            Ok(dialogue) => dialogue,
            Err(ended) => return self.no_dialogue(&ended),
        };
        if self.means.told.iter().all(|told| told.port() != SMTP) {
            self.voice.say("our landing is not on port 25 here: most mail servers cannot bring a mail to it");
        }
        if let Some(proof) = self.all_forms(dialogue).await {
            return Some(Finding::Proved(proof));
        }
        if let Some(proof) = self.log_in().await {
            return Some(Finding::Proved(proof));
        }
        if let Some(proof) = self.settle().await {
            return Some(Finding::Proved(proof));
        }
        Some(self.without_proof())
    }

    fn call(&self) -> Call<'_> {
        Call {
            means: self.means,
            target: self.target,
            secure: self.secure,
            helo: &self.helo,
            voice: &self.voice,
            deadline: self.deadline,
        }
    }

    /// What it means that a first dialogue did not come about.
    fn no_dialogue(&self, ended: &Ended) -> Option<Finding> {
        let untold = |why: &str| Some(Finding::Untold(why.to_owned()));
        match ended {
            Ended::Foreign => None,
            Ended::OurOwn => Some(Finding::Nothing),
            Ended::TurnedAway(code @ 500..=599) => {
                self.voice.say(format!("it lets no stranger in, code {code}"));
                Some(Finding::Nothing)
            }
            Ended::TurnedAway(code) => untold(&format!("the mail server takes nobody now, code {code}")),
            Ended::Broken(Broken::Closed | Broken::Flood) => None,
            Ended::Broken(Broken::Late) => untold("it took our connection and did not greet us"),
            Ended::Broken(Broken::Reset) | Ended::NoConnection => {
                untold("it stopped in the middle or was reset")
            }
        }
    }

    /// All forms, some on each connection, until one of their mails has landed.
    async fn all_forms(&mut self, first: Dialogue) -> Option<Proof> {
        let mut first = Some(first);
        let mut failures = 0;
        let mut first_taken = None;
        let mut waiting: VecDeque<Form> = FORMS.iter().copied().collect();
        while !waiting.is_empty() && failures < MOST_FAILURES && Instant::now() < self.deadline {
            let (before, secure) = (self.answers, self.secure);
            let forms: Vec<Form> = waiting.drain(..TESTS_AT_ONCE.min(waiting.len())).collect();
            // What a server no longer heard on one connection it is asked on the next.
            let unasked = self.some_forms(first.take(), &forms).await;
            unasked.iter().rev().for_each(|form| waiting.push_front(*form));
            if self.secure != secure {
                // Not put off, only to be said inside TLS.
                self.later.drain(..).rev().for_each(|form| waiting.push_front(form));
            }
            self.unasked = waiting.len();
            failures = if self.answers > before { 0 } else { failures + 1 };
            if let Some(proof) = self.landed() {
                return Some(proof);
            }
            if first_taken.is_none() && self.last_taken.is_some() {
                first_taken = self.last_taken;
                if let Some(proof) = self.lands_soon().await {
                    return Some(proof);
                }
            }
        }
        None
    }

    /// Waits a moment for the first mails that were taken: most relays deliver at once, and a server that has proved
    /// itself need not be handed thirty more.
    async fn lands_soon(&self) -> Option<Proof> {
        let until = (Instant::now() + SOON).min(self.deadline);
        while Instant::now() < until {
            if let Some(proof) = self.landed() {
                return Some(proof);
            }
            sleep(LOOK).await;
        }
        None
    }

    /// A few forms on one connection; those it did not come to.
    async fn some_forms(&mut self, ready: Option<Dialogue>, forms: &[Form]) -> Vec<Form> {
        let opened = match ready {
            Some(dialogue) => Ok(dialogue),
            None => self.call().open(None).await,
        };
        let mut dialogue = match opened {
            Ok(dialogue) => dialogue,
            Err(ended) => {
                self.note_end(&ended);
                return forms.to_vec();
            }
        };
        for (number, form) in forms.iter().enumerate() {
            if let Err(ended) = self.test(&mut dialogue, *form).await {
                self.note_end(&ended);
                // Only on a fresh connection is it this form that the server has had enough of.
                let asked = number.max(1);
                if number == 0 && matches!(ended, Ended::TurnedAway(400..=499)) {
                    self.later.push(*form);
                }
                return forms.get(asked..).unwrap_or_default().to_vec();
            }
        }
        dialogue.leave().await;
        Vec::new()
    }

    fn note_end(&self, ended: &Ended) {
        match ended {
            Ended::TurnedAway(code) => self.voice.say(format!("the server ends the session, code {code}")),
            Ended::Foreign => self.voice.say("what came is no mail server's reply"),
            _ => {}
        }
    }

    /// One form: envelope, mail, and what the server says of it.
    async fn test(&mut self, dialogue: &mut Dialogue, form: Form) -> Result<(), Ended> {
        let mail = match self.means.landing.post(self.target, form.name) {
            Ok(mail) => mail,
            Err(error) => {
                self.voice.say(error.to_string());
                return Ok(());
            }
        };
        let names = Names {
            domain: self.domain.clone(),
            server: dialogue.server.clone(),
            literal: literal(self.target),
        };
        let (sender, recipient) = form.envelope(&names, &mail.local_part());
        if std::mem::replace(&mut dialogue.in_use, true) {
            dialogue.say("RSET").await?;
        }
        for command in [format!("MAIL FROM:{sender}"), format!("RCPT TO:{recipient}"), "DATA".to_owned()] {
            let code = dialogue.say(&command).await?;
            self.answers += 1;
            if !matches!(code, 200..=399) {
                self.refused(form, code, dialogue);
                return Ok(());
            }
        }
        let code = dialogue.text(&self.text(&mail)).await?;
        if code != 250 {
            self.refused(form, code, dialogue);
            return Ok(());
        }
        self.voice.say(format!(
            "it took the mail of form {}: whether it relays it is seen at the landing",
            form.name
        ));
        self.means.landing.taken(&mail);
        self.last_taken = Some(Instant::now());
        Ok(())
    }

    /// 4xx puts off (RFC 6647), 530 may want TLS first (RFC 3207 section 4), the rest is a no to those who have not
    /// logged in.
    fn refused(&mut self, form: Form, code: u16, dialogue: &Dialogue) {
        // Inside TLS it is not offered any more.
        let wants_tls = code == 530 && dialogue.offer.offers("STARTTLS").is_some();
        if wants_tls {
            self.secure = Secure::ByCommand;
        }
        if wants_tls || matches!(code, 400..=499) {
            self.later.push(form);
        }
        self.wants_login |= code >= 500 && dialogue.offer.offers("AUTH").is_some();
    }

    /// Where a login is wanted and an operator has switched it on: the known ones, each with a mail of the plain form.
    async fn log_in(&mut self) -> Option<Proof> {
        if !self.wants_login {
            return None;
        }
        if !self.means.known_logins {
            self.voice.say("it relays for those who log in, and no login is tried");
            return None;
        }
        for login in Login::nobodys().into_iter().chain(Login::known()) {
            if Instant::now() >= self.deadline {
                break;
            }
            let Ok(mut dialogue) = self.call().open(None).await else { continue };
            if dialogue.log_in(&login).await != Ok(true) {
                continue;
            }
            self.voice.say(format!("it lets {:?} in by a known password", login.user));
            self.login = Some(login);
            if let Err(ended) = self.test(&mut dialogue, PLAIN).await {
                self.note_end(&ended);
            }
            return self.settle().await;
        }
        None
    }

    /// Waits for mails that were taken, and tries again what was put off, as long as either may still come to something
    /// on this occasion.
    async fn settle(&mut self) -> Option<Proof> {
        let (pause, settles) = (self.means.relay_deadline / AGAIN, self.means.relay_deadline / SETTLES);
        let mut again = Instant::now() + pause;
        loop {
            if let Some(proof) = self.landed() {
                return Some(proof);
            }
            let now = Instant::now();
            let waits = self.last_taken.is_some_and(|taken| now < taken + settles);
            if now >= self.deadline || (!waits && self.later.is_empty()) {
                return None;
            }
            if now >= again && !self.later.is_empty() {
                self.voice.say("trying again what was put off");
                let forms: Vec<Form> = self.later.drain(..TESTS_AT_ONCE.min(self.later.len())).collect();
                let unasked = self.some_forms(None, &forms).await;
                self.later.extend(unasked);
                again = Instant::now() + pause;
            }
            sleep(LOOK).await;
        }
    }

    /// The proof, when a mail to this port has landed.
    fn landed(&self) -> Option<Proof> {
        let mails = self.means.landing.mails_of(self.target);
        let (mail, exit) = mails.iter().find_map(|mail| match mail.delivery {
            Delivery::Landed(exit) => Some((mail, exit)),
            _ => None,
        })?;
        let after = mail.taken.unwrap_or_default().as_secs_f64();
        self.transcript
            .voice("landing")
            .say(format!("the mail of form {} landed from {exit} (taken {after:.1} s ago)", mail.form));
        self.means.landing.forget_mails_of(self.target);
        let protocol = match (self.secure, self.login.is_some()) {
            (Secure::No, false) => "smtp",
            (Secure::FromTheStart, false) => "smtps",
            (Secure::ByCommand, false) => "smtp-starttls",
            (_, true) => "smtp-auth",
        };
        let how = format!("delivered our mail of form {} to our landing", mail.form);
        Some(Proof { verdict: Verdict::OpenRelay, protocol: protocol.to_owned(), how, exit })
    }

    fn without_proof(&self) -> Finding {
        let mails = self.means.landing.mails_of(self.target);
        let bounced = mails.iter().filter(|mail| matches!(mail.delivery, Delivery::Bounced(_))).count();
        if bounced > 0 {
            self.voice.say(format!("{bounced} mails came back as undeliverable: taken, and not relayed"));
        }
        // A server that sends back what it does not deliver is waited for only where we would hear of it.
        let tells = |name: &str| FORMS.iter().any(|form| form.name == name && form.comes_back());
        let waits = |mail: &&Posted| {
            mail.delivery == Delivery::NotYet
                && mail.taken.is_some_and(|taken| taken < NOT_RELAYED)
                && (bounced == 0 || tells(mail.form))
        };
        let pending = mails.iter().filter(waits).count();
        if pending > 0 {
            let hours = NOT_RELAYED.as_secs() / 3600;
            return Finding::Untold(format!(
                "it took {pending} mails of strangers and none has landed yet: they are waited for {hours} hours, \
                 and a later question sees them"
            ));
        }
        if self.answers == 0 {
            return Finding::Untold("the mail server answered nothing".to_owned());
        }
        if !self.later.is_empty() {
            return Finding::Untold("it puts strangers off (greylisting, or no room)".to_owned());
        }
        if self.unasked > 0 {
            let unasked = self.unasked;
            return Finding::Untold(format!(
                "{unasked} forms of address could not be asked: it ended our sessions, or took too long"
            ));
        }
        Finding::Nothing
    }

    /// A mail that says what it is. `Auto-Submitted` keeps robots from answering it (RFC 3834 section 5).
    fn text(&self, mail: &Posted) -> String {
        let (domain, target, local) = (&self.domain, self.target, mail.local_part());
        let (agent, form) = (&self.means.agent, mail.form);
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
        format!(
            "From: <{}@{domain}>\r\nTo: <{local}@{domain}>\r\nSubject: relay test of {target}\r\nDate: {date}\r\n\
             Message-ID: <{local}.test@{domain}>\r\nAuto-Submitted: auto-generated\r\n\r\n\
             This mail tests whether the mail server at {target} relays for strangers. It goes to the tester\r\n\
             alone: {local}@{domain}, in the form {form}. If you read it you look after that\r\n\
             server, and it should not have been taken.\r\n\r\nThe tester is {agent}.\r\n",
            crate::landing::SENDER
        )
    }
}
