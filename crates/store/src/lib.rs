//! The only SQL: the evidence log, cases, outbox, leases and sessions, on SQLite or PostgreSQL.
//!
//! The types to know: [`Store`] (one handle, two databases behind it), [`Delivery`] and [`Entry`] (the evidence log),
//! [`Batch`] (what one decision leaves behind, written in one transaction), [`Spool`] (accepted mail on its way into
//! the log). The store decides nothing and knows no report format.
//!
//! * **The log only grows.** Every entry carries the hash of the one before it ([`Store::verify_chain`]); bytes are
//!   kept once, under their SHA-256. Log and case records refuse UPDATE and DELETE by trigger.
//! * **One decision, one transaction.** [`Store::commit`] writes records, errands, summaries, readings and the cursor
//!   together, or nothing.
//! * **Errands are done at least once.** [`Store::claim_errands`] lends them for a while; who does not finish in time
//!   loses the claim.
//! * Times are `i64` microseconds UTC, addresses are text in canonical form (lease prefixes: 17 bytes, see `leases`),
//!   JSON is text: the same on both databases, so a backup of one restores into the other.

mod activity;
mod api_tokens;
mod backup;
mod batch;
mod blocklists;
mod bulk;
mod cases;
mod chain;
mod codec;
mod customers;
mod database;
mod deeds;
mod errands;
mod error;
mod evidence;
mod firewalls;
mod hooks;
mod intake;
mod leases;
mod letters;
mod listed;
mod operators;
mod pages;
mod playbooks;
mod quick;
mod relay_mails;
mod reporters;
mod second_factors;
mod self_checks;
mod spool;
mod sql;

pub use api_tokens::ApiToken;
pub use backup::{BackupReport, restore};
pub use batch::{Batch, NewErrand, ReadingRow};
pub use blocklists::{AskedFor, Look, LookDay};
pub use bulk::{BulkRow, BulkSettled};
pub use chain::{Broken, ChainReport};
pub use customers::{CustomerLink, Reached};
pub use database::Store;
pub use deeds::{Deed, DeedFilter, DeedRow};
pub use errands::{Claimed, Lend, Outbox};
pub use error::{CommitError, StoreError};
pub use evidence::{Appended, Delivery, Entry};
pub use firewalls::{ExemptionRow, FirewallRow, GardenTest};
pub use hooks::{HookHealth, HookMessage};
pub use intake::{IntakeFilter, IntakeRow};
pub use leases::ImportCount;
pub use letters::{CountedBy, Limit, Posted, Posting};
pub use operators::{OperatorRow, Session};
pub use pages::{PageEntries, PageWritten};
pub use playbooks::{LineRecords, PlaybookRow};
pub use relay_mails::RelayMail;
pub use reporters::{Heard, HeardOf, NAMED, ReporterRow, Verdict};
pub use second_factors::SecondFactor;
pub use self_checks::{SelfCheck, Standing};
pub use spool::{Spool, SpoolDepth, SpoolError};
