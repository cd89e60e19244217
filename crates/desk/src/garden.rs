//! The walled garden: what a contained customer is shown, and the test that lets them out.
//!
//! A line is known by the address a request comes from, through the leases. A test is a question to the line like any
//! other, asked at once; where it proves nothing any more and our flows show nothing at work, the blocks of the case are
//! lifted. That happens so often by itself; after that a person looks.

use std::net::IpAddr;
use std::time::Duration;

use case::{
    Actor, Answered, Case, CaseId, Command, QuestionId, Refusal, SignFamily, Source, SubscriberId, Tested,
    Verdict,
};
use jiff::{SignedDuration, Timestamp};
use lease::{Attribution, Whose};
use store::GardenTest;

use crate::desk::Desk;
use crate::error::{ActError, DeskError, Doing};
use crate::firewall::FirewallInGarden;
use crate::night::chain;

/// So many times within [`COUNTED`] a test lets a customer out by itself.
pub const SELF_RELEASES: usize = 2;
/// How long tests are counted.
const COUNTED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The least time between two tests of one line.
const GAP: SignedDuration = SignedDuration::from_mins(2);
/// So many tests of one line within a day.
const DAILY: usize = 10;
/// A test that had no answer after this has none.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// How often it is looked what came of tests.
const LOOK: Duration = Duration::from_secs(1);

/// What was seen on a line, as its customer may know it: nobody else's address, no reporter, no words of either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GardenSeen {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: GardenWhat,
    /// The line's port, where it was one.
    pub port: Option<u16>,
}

/// What it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GardenWhat {
    /// Our own test went out again through the line.
    OpenProxy,
    /// A mail of our own went out again through the line.
    OpenRelay,
    /// Our flow records show that others' traffic goes through.
    Relaying,
    /// Our staff found it.
    Staff,
}

/// What came of the newest test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GardenOutcome {
    /// It runs.
    Running,
    /// The line was clean and is let out.
    Released,
    /// It still lets strangers through.
    StillOpen,
    /// Our flows show that it still does.
    AtWork,
    /// It could not be asked.
    NotAsked,
}

impl GardenOutcome {
    fn name(self) -> &'static str {
        match self {
            GardenOutcome::Running => "running",
            GardenOutcome::Released => "released",
            GardenOutcome::StillOpen => "still-open",
            GardenOutcome::AtWork => "at-work",
            GardenOutcome::NotAsked => "not-asked",
        }
    }

    fn of(test: &GardenTest) -> GardenOutcome {
        let all = [GardenOutcome::Released, GardenOutcome::StillOpen, GardenOutcome::AtWork];
        match test.outcome.as_deref() {
            None => GardenOutcome::Running,
            Some(name) => all.into_iter().find(|one| one.name() == name).unwrap_or(GardenOutcome::NotAsked),
        }
    }
}

/// Who asks, from the walled garden or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GardenGuest {
    /// Whose line it is, where that is sure.
    pub subscriber: Option<SubscriberId>,
    /// The case, while anything of it is blocked.
    pub contained: Option<CaseId>,
    /// Until when, by what stands now.
    pub until: Option<Timestamp>,
    /// What was seen, the newest first, a few.
    pub seen: Vec<GardenSeen>,
    /// The newest test of this month, and when it was asked for.
    pub last: Option<(Timestamp, GardenOutcome)>,
    /// How many more times a test lets out by itself.
    pub releases_left: usize,
    /// Whether mail may go out directly.
    pub mail_open: bool,
    /// Whether the customer asked for that and nobody decided yet.
    pub mail_asked: bool,
    /// Why the line is in the garden, where that is for its firewall.
    pub firewall: Option<FirewallInGarden>,
}

impl GardenGuest {
    /// Whether anything of the line is blocked.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.contained.is_some() || self.firewall.is_some()
    }
}

/// What came of asking for a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GardenAnswer {
    /// It began.
    Begun,
    /// One runs already.
    Running,
    /// The last was a moment ago.
    TooSoon,
    /// It was let out often enough by itself, or asked too often: a person looks.
    Person,
    /// Nothing of the line is blocked, or it is not known whose it is.
    NothingBlocked,
}

impl Desk {
    /// Who asks from `address`, and how that line stands.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn garden_guest(&self, address: IpAddr) -> Result<GardenGuest, DeskError> {
        let subscriber = self.line_at(address).await?;
        self.guest_of(subscriber).await
    }

    /// How a line stands.
    pub(crate) async fn guest_of(&self, subscriber: Option<SubscriberId>) -> Result<GardenGuest, DeskError> {
        let mut guest = GardenGuest {
            subscriber: subscriber.clone(),
            contained: None,
            until: None,
            seen: Vec::new(),
            last: None,
            releases_left: SELF_RELEASES,
            mail_open: false,
            mail_asked: false,
            firewall: None,
        };
        let Some(subscriber) = subscriber else { return Ok(guest) };
        let tests = self.tests_of(&subscriber).await?;
        guest.last = tests.first().map(|test| (test.at, GardenOutcome::of(test)));
        guest.releases_left = SELF_RELEASES.saturating_sub(releases(&tests));
        guest.mail_open = self.mail_port_of(&subscriber).await?.is_open();
        let wish = self.store().mail_exemption(&subscriber).await.doing("read a wish to send mail")?;
        guest.mail_asked = wish.is_some_and(|wish| wish.state == "asked");
        guest.firewall = self.firewall_in_garden(&subscriber).await?;
        let office = self.office().read().await;
        if let Some(case) = office.case_of(&subscriber) {
            let rules = case.standing_rules(self.now());
            guest.contained = (!rules.is_empty()).then(|| case.id());
            guest.until = rules.iter().map(|rule| rule.until).max();
            guest.seen = seen(case);
        }
        Ok(guest)
    }

    /// The customer at `address` wants the line tested now.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn garden_test(&self, address: IpAddr) -> Result<GardenAnswer, DeskError> {
        let guest = self.garden_guest(address).await?;
        self.test_of(&guest).await
    }

    /// A customer wants the line tested now that stands like this.
    pub(crate) async fn test_of(&self, guest: &GardenGuest) -> Result<GardenAnswer, DeskError> {
        let (Some(subscriber), Some(case)) = (guest.subscriber.clone(), guest.contained) else {
            return Ok(GardenAnswer::NothingBlocked);
        };
        let (tests, now) = (self.tests_of(&subscriber).await?, self.now());
        let since = |test: &GardenTest| now.duration_since(test.at);
        match tests.first() {
            Some(test) if test.outcome.is_none() => return Ok(GardenAnswer::Running),
            Some(test) if since(test) < GAP => return Ok(GardenAnswer::TooSoon),
            _ => {}
        }
        let today = tests.iter().filter(|test| since(test) < SignedDuration::from_hours(24)).count();
        if releases(&tests) >= SELF_RELEASES || today >= DAILY {
            return Ok(GardenAnswer::Person);
        }
        // Known before it is put, for its answer may come before we look again.
        let question = self.office().read().await.case(case).map_or(1, |case| case.next_question().0);
        let mut test = GardenTest { at: now, case, question, outcome: None };
        self.put_test(&subscriber, &test).await?;
        if let Err(error) = self.act(case, Command::TestByCustomer, Actor::Desk).await {
            tracing::warn!(%case, error = %chain(&error), "a customer's test could not be ordered");
            test.outcome = Some(GardenOutcome::NotAsked.name().to_owned());
            self.put_test(&subscriber, &test).await?;
        }
        Ok(GardenAnswer::Begun)
    }

    /// Looks, for ever, what came of the tests that run.
    pub(crate) async fn settle_garden_tests(self) {
        loop {
            if let Err(error) = self.settle_running().await {
                tracing::error!(error = %chain(&error), "customers' tests could not be ended; it is tried again");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn settle_running(&self) -> Result<(), DeskError> {
        let running = self.store().running_garden_tests().await.doing("read customers' tests")?;
        for (subscriber, test) in running {
            let outcome = {
                let office = self.office().read().await;
                office
                    .case(test.case)
                    .map_or(Some(GardenOutcome::NotAsked), |case| outcome(case, &test, self.now()))
            };
            let Some(mut outcome) = outcome else { continue };
            if outcome == GardenOutcome::Released && !self.let_out(&test).await {
                outcome = GardenOutcome::NotAsked;
            }
            let test = GardenTest { outcome: Some(outcome.name().to_owned()), ..test };
            self.put_test(&subscriber, &test).await?;
        }
        Ok(())
    }

    async fn let_out(&self, test: &GardenTest) -> bool {
        let reason = "the customer asked for a test in the walled garden, and it found nothing".to_owned();
        match self.act(test.case, Command::ReleaseByTest { reason }, Actor::Desk).await {
            // Where nothing is blocked there is nothing to lift, and the line is as clean.
            Ok(()) | Err(ActError::Refused(Refusal::NothingToRelease)) => true,
            Err(error) => {
                tracing::warn!(case = %test.case, error = %chain(&error), "a clean line could not be let out");
                false
            }
        }
    }

    /// Whose line an address is at this moment: one subscriber's alone.
    pub(crate) async fn line_at(&self, address: IpAddr) -> Result<Option<SubscriberId>, DeskError> {
        let address = address.to_canonical();
        let whose = Whose { address, port: None, at: self.now(), uncertainty: SignedDuration::ZERO };
        Ok(match self.whose(&whose).await? {
            Attribution::One { subscriber, .. } => Some(subscriber),
            _ => None,
        })
    }

    /// The customer at `address` asks to send mail directly; `false` when it is not known whose line it is.
    ///
    /// # Errors
    /// As [`Desk::ask_for_mail`].
    pub async fn garden_asks_for_mail(
        &self,
        address: IpAddr,
        reason: &str,
    ) -> Result<bool, crate::FirewallError> {
        match self.line_at(address).await? {
            Some(subscriber) => self.ask_for_mail(&subscriber, reason).await.map(|()| true),
            None => Ok(false),
        }
    }

    async fn tests_of(&self, subscriber: &SubscriberId) -> Result<Vec<GardenTest>, DeskError> {
        let since = self.now().saturating_sub(COUNTED).unwrap_or(Timestamp::MIN);
        self.store().garden_tests(subscriber, since).await.doing("read a customer's tests")
    }

    async fn put_test(&self, subscriber: &SubscriberId, test: &GardenTest) -> Result<(), DeskError> {
        self.store().put_garden_test(subscriber, test).await.doing("record a customer's test")
    }
}

fn releases(tests: &[GardenTest]) -> usize {
    tests.iter().filter(|test| GardenOutcome::of(test) == GardenOutcome::Released).count()
}

/// What came of a test; `None` while it runs and there is patience left.
fn outcome(case: &Case, test: &GardenTest, now: Timestamp) -> Option<GardenOutcome> {
    let late = now.duration_since(test.at) > PATIENCE;
    match case.tested(QuestionId(test.question), test.at, now) {
        Some(Tested::Clean) => Some(GardenOutcome::Released),
        Some(Tested::StillOpen) => Some(GardenOutcome::StillOpen),
        Some(Tested::AtWork) => Some(GardenOutcome::AtWork),
        Some(Tested::NotAsked) => Some(GardenOutcome::NotAsked),
        None => late.then_some(GardenOutcome::NotAsked),
    }
}

/// What is proved, the newest first.
pub(crate) fn seen(case: &Case) -> Vec<GardenSeen> {
    let proved = |answer: &Answered| GardenSeen {
        at: answer.started,
        what: if answer.verdict == Verdict::OpenRelay {
            GardenWhat::OpenRelay
        } else {
            GardenWhat::OpenProxy
        },
        port: answer.port,
    };
    let answers = case.answers().iter().filter(|answer| answer.counts && answer.verdict.is_proof());
    let signs = case.signs().filter_map(|sighting| match &sighting.source {
        Source::Sign { sign, .. } if sign.family() == SignFamily::Relaying => Some(GardenSeen {
            at: sighting.happened.unwrap_or(sighting.received),
            what: GardenWhat::Relaying,
            port: sighting.port.filter(|_| sign.is_of_our_port()),
        }),
        _ => None,
    });
    let mut all: Vec<GardenSeen> = answers.map(proved).chain(signs).collect();
    if all.is_empty() {
        all.push(GardenSeen { at: case.stage_since(), what: GardenWhat::Staff, port: None });
    }
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    all.truncate(5);
    all
}
