//! The running night.
//!
//! Whatever is accepted goes through [`Desk::accept`] onto the disk. [`Desk::run`] then moves it on in a few loops: the
//! *pump* (spool to log, log to cases, behind a cursor), the *signs* (from the log to cases as well, put there by the
//! watchers of the traffic, see [`Traffic`]), the *errands* (probes and mails from the outbox, at least
//! once), the *clock* (what is due on a case follows from the case, so nothing is remembered here) and the *edge*
//! (made equal to the plan, for ever). Restart is the same path: each loop begins by looking at what is on disk.
//!
//! Judgement is not made here: every change is `case.decide(command)`, committed, then applied ([`Desk::act`]). What
//! pages and commands show are plain values ([`QueueRow`], [`CaseView`], ...). The desk owns the clock ([`Clock`]) and the open cases.

mod answers;
mod authenticity;
mod clock;
mod contacts;
mod courtesy;
mod desk;
mod edge_loop;
mod errands;
mod error;
mod explain;
mod intake;
mod league;
mod login;
mod marked;
mod message;
mod night;
mod notify;
mod office;
mod pages;
mod proxy_pages;
mod reading;
mod reporter;
mod scanner;
mod search;
mod selfcheck;
mod sender;
mod settings;
mod timeline;
mod traffic;
mod translate;
mod view;
mod wording;
mod work;

pub use clock::Clock;
pub use contacts::{ContactTable, Contacts, Looking, RegistryContacts};
pub use desk::{Desk, whose};
pub use error::{ActError, DeskError, LogInError};
pub use explain::{why_address, why_case};
pub use league::reporters;
pub use login::{NewSession, Session, hash_password};
pub use night::Hands;
pub use notify::{Mailer, MailerError};
pub use pages::PER_PAGE;
pub use reporter::named_feeds;
pub use selfcheck::{Alarm, Checked, SelfCheck};
pub use settings::{Answers, MailSettings, Reporters, Settings, TrustedResults, check_mailbox};
pub use timeline::rows as timeline;
pub use traffic::{
    Feed, FlowView, ListenerView, SignCount, SignView, Traffic, TrafficMinute, TrafficSettings, TrafficView,
    signs_of,
};
pub use view::*;
pub use work::WorkCount;
