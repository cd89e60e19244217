//! The running night.
//!
//! Whatever is accepted goes through [`Desk::accept`] onto the disk. [`Desk::run`] then moves it on in a few loops: the
//! *pump* (spool to log, log to cases, behind a cursor), the *signs* (from the log to cases as well, put there by the
//! watchers of the traffic, see [`Traffic`]), the *errands* (probes and mails from the outbox, at least
//! once), the *clock* (what is due on a case follows from the case, so nothing is remembered here), the *pages* (who is
//! rung, again and again until somebody answers) and the *edge* (made equal to the plan, for ever). Restart is the same path: each loop begins by looking at what is on disk.
//!
//! Judgement is not made here: every change is `case.decide(command)`, committed, then applied ([`Desk::act`]). What
//! pages and commands show are plain values ([`QueueRow`], [`CaseView`], ...). The desk owns the clock ([`Clock`]) and the open cases.

mod answers;
mod audit;
mod authenticity;
mod blocklists;
mod bulk;
mod by_hand;
mod clock;
mod contacts;
mod courtesy;
mod customers;
mod desk;
mod duty;
mod edge_loop;
mod edge_status;
mod errands;
mod error;
mod explain;
mod exposure;
mod firewall;
mod garden;
mod handover;
mod hooks;
mod inbox;
mod intake;
mod last_resort;
mod league;
mod letters;
mod listing;
mod login;
mod lookback;
mod marked;
mod message;
mod never_touch;
mod night;
mod notify;
mod numbers;
mod office;
mod outbound;
mod pages;
mod patience;
mod people;
mod playbook;
mod program;
mod proxy_pages;
mod queue;
mod reading;
mod refile;
mod relay_mails;
mod reporter;
mod rights;
mod scanner;
mod second_factor;
mod selfcheck;
mod sender;
mod settings;
mod timeline;
mod tokens;
mod traffic;
mod translate;
mod traps;
mod view;
mod wording;
mod work;

pub use ::firewall::{Configuration, Dialect, ExemptionState, State as FirewallState};
pub use ::oncall::{
    DEFAULT as ROTA_EXAMPLE, Entry as PageEntry, Gap, Logged as PageLogged, Page, PageId, Rota, Severity,
    Standing as PageStanding, Subject as PageSubject, Unreachable, Via,
};
pub use audit::{ChainView, DEEDS_PER_PAGE, DeedView};
pub use blocklists::{BlocklistView, Blocklists, ListDay, Listed};
pub use bulk::{
    BULK_AT_MOST, BulkAction, BulkError, BulkLine, BulkOutcome, BulkPreview, BulkView, BulkWish, UNDO_FOR,
};
pub use by_hand::ByHand;
pub use clock::Clock;
pub use contacts::{ContactTable, Contacts, Looking, RegistryContacts};
pub use customers::{CustomerAnswer, CustomerView};
pub use desk::{Desk, whose};
pub use duty::{
    Acknowledged, DutySettings, DutyView, OnDutyView, PageView, RotaFileError, TurnView, read_rota,
};
pub use edge_status::{EdgeStatus, OutletStatus};
pub use error::{ActError, DeskError, LogInError};
pub use explain::{why_address, why_case};
pub use exposure::{ScannerSeen, ScannerTaken};
pub use firewall::{
    FirewallError, FirewallInGarden, FirewallLine, FirewallNet, FirewallSettings, FirewallView, MailPortView,
    MailWish,
};
pub use flow::Millis;
pub use garden::{GardenAnswer, GardenGuest, GardenOutcome, GardenSeen, GardenWhat, SELF_RELEASES};
pub use handover::{Handover, HandoverError, Need, NextView, ShiftCount, ShiftDeed};
pub use hooks::{HOOK_EVENTS, Hook};
pub use inbox::{INBOX_MAY_WAIT, InboxError, InboxView};
pub use lake::{
    Coverage, Exposed, ExposedHost, Exposure, ExposureQuestion, Listener, Partner, Reply, Step, Timeline,
    TouchedPort, WentTo,
};
pub use league::reporters;
pub use letters::{Letters, LettersError};
pub use login::{NewSession, Session, hash_password};
pub use lookback::LookBackError;
pub use never_touch::read_never_touch;
pub use night::Hands;
pub use notify::{Mailer, MailerError, NOTICE};
pub use numbers::{
    ClockCounts, Gauges, ListCounts, MOST_CASES, NewCase, NumbersView, TABLES, Table, numbers, table,
};
pub use outbound::{Outbound, OutboundError};
pub use people::{NewPassword, PeopleError, Person};
pub use playbook::{LivePlaybook, NotLive, PlaybookView, Trial, TrialView, live_playbook, try_playbook};
pub use queue::{PER_PAGE, SearchError, cases_that_fit};
pub use refile::RefileError;
pub use reporter::named_feeds;
pub use rights::{Forbidden, Right, Rights, Role, VERBS, Verb};
pub use second_factor::Enrolment;
pub use selfcheck::{Alarm, Checked, SelfCheck};
pub use settings::{Answers, MailSettings, Reporters, Settings, TrustedResults, check_mailbox};
pub use store::{ApiToken, DeedFilter, Outbox, SpoolDepth};
pub use timeline::rows as timeline;
pub use tokens::TokenWish;
pub use traffic::{
    Feed, FlowView, Judged, ListenerView, SignCount, SignView, Traffic, TrafficMinute, TrafficSettings,
    TrafficView, judged, signs_of,
};
pub use traps::{TrapCounts, TrapHit, TrapNetwork, TrapPort, TrapVisit, TrapWanted, TrapsView};
pub use view::*;
pub use work::WorkCount;
