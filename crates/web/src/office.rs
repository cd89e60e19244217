//! What the pages ask of the desk: the one door between a request and the running night.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use case::{Actor, CaseId, Command, EvidenceId, Mistake, QueryError, Refusal, SubscriberId};
use desk::{
    Acknowledged, BulkAction, BulkPreview, BulkView, BulkWish, CaseView, Configuration, CustomerAnswer,
    CustomerView, Dialect, DutyView, EvidenceView, Exposure, FirewallView, Front, GardenAnswer, Gauges,
    Handover, IntakeView, MailPortView, NewSession, NumbersView, Page, PageId, PageLogged, PageView,
    PlaybookView, QueuePage, ReporterView, Session, Timeline, TrapsView, WhyStep,
};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

/// An answer the desk is still working on.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = Result<T, OfficeError>> + Send + 'a>>;

/// Why the desk did not do or tell what was asked.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// No such case.
    #[error("there is no such case")]
    NoSuchCase,
    /// The case refuses; nothing was recorded.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The case moved on since the page was made; nothing was recorded.
    #[error("the case has changed since the page was made")]
    Changed,
    /// The cases that fit a search are others than those that were shown; nothing was ordered.
    #[error("the cases that fit changed since they were shown")]
    CasesChanged,
    /// No such order for many cases.
    #[error("there is no such order")]
    NoSuchOrder,
    /// Name and password do not go together.
    #[error("that name and password do not go together")]
    WrongPassword,
    /// Too many tries to log in.
    #[error("too many tries to log in; wait {} s", .retry_after.as_secs())]
    TooManyTries {
        /// How long until the next try is looked at.
        retry_after: SignedDuration,
    },
    /// The code of the second factor is wrong, or was used.
    #[error("that code is not right, or was used already")]
    WrongCode,
    /// Whoever asks may not; the text says what it takes.
    #[error("{0}")]
    Forbidden(String),
    /// A search was not understood.
    #[error("the search was not understood: {0}")]
    BadSearch(#[from] QueryError),
    /// What was asked cannot be said, for a reason that the asker should read.
    #[error("{0}")]
    CannotSay(String),
    /// The desk or a room below it failed; the text is for the log, not for the page.
    #[error("the desk could not answer: {0}")]
    Unavailable(String),
}

/// Whether a playbook is being tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialBegun {
    /// It is.
    Yes,
    /// Another one is.
    Busy,
    /// It has mistakes.
    Wrong(Vec<Mistake>),
}

/// Which part of which case goes to which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splitting {
    /// The case.
    pub from: CaseId,
    /// The version it was seen at.
    pub version: u64,
    /// What goes.
    pub chosen: Vec<EvidenceId>,
    /// To whose line.
    pub line: String,
    /// Why.
    pub reason: String,
}

/// The desk as the pages see it. Implemented for [`desk::Desk`], and by an in-memory night in the tests.
pub trait Office: Send + Sync + 'static {
    /// One page of the queue, from 1, of the cases that match `search`; `by` is whom `me` stands for in it.
    fn queue<'a>(&'a self, search: &'a str, page: usize, by: &'a str) -> Soon<'a, QueuePage>;
    /// What a wish for many cases would do.
    fn preview_bulk<'a>(
        &'a self,
        search: &'a str,
        action: &'a BulkAction,
        by: &'a str,
    ) -> Soon<'a, BulkPreview>;
    /// Orders what was previewed under `mark`.
    fn order_bulk<'a>(&'a self, wish: &'a BulkWish, mark: &'a str, by: &'a str) -> Soon<'a, u64>;
    /// Takes an order back, or puts back what it did.
    fn undo_bulk<'a>(&'a self, id: u64, by: &'a str) -> Soon<'a, BulkView>;
    /// One order.
    fn bulk(&self, id: u64) -> Soon<'_, Option<BulkView>>;
    /// The newest orders.
    fn bulks(&self) -> Soon<'_, Vec<BulkView>>;
    /// What the shift leaves behind, since a moment or since the last hand-over.
    fn handover<'a>(&'a self, since: Option<Timestamp>, by: &'a str) -> Soon<'a, Handover>;
    /// Somebody looked at these messages of the inbox (or at all), and nothing is to be done; how many those were.
    fn settle_inbox<'a>(
        &'a self,
        which: Option<&'a [EvidenceId]>,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, u64>;
    /// Files a message of the inbox on a line.
    fn file_by_hand<'a>(
        &'a self,
        evidence: EvidenceId,
        line: &'a str,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, ()>;
    /// Files all that was said of a case, if it is still at that version, on another one, and ends it.
    fn merge<'a>(
        &'a self,
        from: CaseId,
        version: u64,
        into: CaseId,
        reason: &'a str,
        by: &'a str,
    ) -> Soon<'a, ()>;
    /// Files what the chosen evidence says on the case of another line, and the rest anew; the case ends.
    fn split<'a>(&'a self, wish: &'a Splitting, by: &'a str) -> Soon<'a, ()>;
    /// The shift is over; what it says to the next.
    fn hand_over<'a>(&'a self, note: &'a str, by: &'a str) -> Soon<'a, ()>;
    /// The counts and the activity of the front page.
    fn front(&self) -> Soon<'_, Front>;
    /// Everything about one case.
    fn case(&self, id: CaseId) -> Soon<'_, Option<CaseView>>;
    /// What arrived, newest first, 50 a page from 1.
    fn intake<'a>(&'a self, outcome: Option<&'a str>, page: usize) -> Soon<'a, Vec<IntakeView>>;
    /// The reporters by their record.
    fn reporters(&self) -> Soon<'_, Vec<ReporterView>>;
    /// How much and how fast, over the cases opened from a moment and before another.
    fn numbers(&self, from: Timestamp, to: Timestamp) -> Soon<'_, NumbersView>;
    /// What a scraper is told beside the front page.
    fn gauges(&self) -> Soon<'_, Gauges>;
    /// One piece of evidence with its claims marked.
    fn evidence<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<EvidenceView>>;
    /// Its bytes as they came.
    fn evidence_bytes<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<Vec<u8>>>;
    /// From the rules of a case back to the bytes they rest on.
    fn why_case(&self, id: CaseId) -> Soon<'_, Option<Vec<WhyStep>>>;
    /// The same for an address.
    fn why_address(&self, address: IpAddr) -> Soon<'_, Vec<WhyStep>>;
    /// Which addresses of a neighbourhood a scanner touched around a moment.
    fn exposure(
        &self,
        scanner: IpAddr,
        net: IpNet,
        at: Timestamp,
        window: SignedDuration,
    ) -> Soon<'_, Exposure>;
    /// What one of our addresses did between two moments.
    fn host_timeline(&self, address: IpAddr, since: Timestamp, until: Timestamp) -> Soon<'_, Timeline>;
    /// What is being scanned right now; `None` where there are no traps.
    fn trapped(&self) -> Soon<'_, Option<TrapsView>>;
    /// How the firewalls of our lines stand.
    fn firewalls(&self) -> Soon<'_, FirewallView>;
    /// The configuration behind a link.
    fn firewall_file<'a>(&'a self, token: &'a str, dialect: Dialect) -> Soon<'a, Option<Configuration>>;
    /// Who may send mail directly.
    fn mail_port(&self) -> Soon<'_, MailPortView>;
    /// Who is on duty, who will be, and the pages that wait.
    fn duty(&self) -> Soon<'_, DutyView>;
    /// One page with everything that happened to it.
    fn page(&self, id: PageId) -> Soon<'_, Option<(PageView, Vec<PageLogged>)>>;
    /// An operator says that they look at a page.
    fn acknowledge<'a>(&'a self, id: PageId, by: &'a str) -> Soon<'a, Acknowledged>;
    /// An operator says that a page needs nobody any more; whether it was open.
    fn resolve_page<'a>(&'a self, id: PageId, by: &'a str, why: &'a str) -> Soon<'a, bool>;
    /// Rings whoever is on duty, to see whether that works.
    fn ring_a_test<'a>(&'a self, by: &'a str) -> Soon<'a, PageId>;
    /// The page behind a link that somebody was sent, and who that is.
    fn page_of_link<'a>(&'a self, id: PageId, ring: u32, mark: &'a str) -> Soon<'a, Option<(Page, String)>>;
    /// Whoever was sent the link says that they look at it.
    fn acknowledge_by_link<'a>(&'a self, id: PageId, ring: u32, mark: &'a str) -> Soon<'a, Acknowledged>;
    /// Grants that to a line for so long, or refuses it.
    fn decide_mail<'a>(
        &'a self,
        subscriber: &'a SubscriberId,
        granted_for: Option<SignedDuration>,
        by: &'a str,
    ) -> Soon<'a, ()>;
    /// The playbook that is live, those that were, and the newest trial.
    fn playbook(&self) -> Soon<'_, PlaybookView>;
    /// Begins to try a playbook on the last days, in an operator's name; every mistake of the text instead, or that another
    /// trial runs.
    fn try_playbook<'a>(&'a self, text: &'a str, days: u32, by: &'a str) -> Soon<'a, TrialBegun>;
    /// Makes a playbook live.
    fn make_playbook_live<'a>(&'a self, text: &'a str, by: &'a str, reason: &'a str) -> Soon<'a, ()>;
    /// The customer's page behind a token; `opened` counts it as looked at.
    fn customer<'a>(&'a self, token: &'a str, opened: bool) -> Soon<'a, Option<CustomerView>>;
    /// The customer wants the line tested now; none where there is no such link.
    fn customer_tests<'a>(&'a self, token: &'a str) -> Soon<'a, Option<GardenAnswer>>;
    /// The customer answers.
    fn customer_says<'a>(&'a self, token: &'a str, text: &'a str) -> Soon<'a, CustomerAnswer>;
    /// The time by the desk's clock.
    fn now(&self) -> Timestamp;
    /// Has a command followed.
    fn act(&self, case: CaseId, command: Command, actor: Actor) -> Soon<'_, ()>;
    /// The same, if the case is still at `version`.
    fn act_expecting(&self, case: CaseId, version: u64, command: Command, actor: Actor) -> Soon<'_, ()>;
    /// Lets an operator in.
    fn log_in<'a>(&'a self, name: &'a str, password: &'a str, from: IpAddr) -> Soon<'a, NewSession>;
    /// Whose session a token is.
    fn session<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>>;
    /// Ends a session.
    fn log_out<'a>(&'a self, token: &'a str) -> Soon<'a, ()>;
}
