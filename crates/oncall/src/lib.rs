//! Who is on duty, and what is due on a page (P10).
//!
//! * **On duty.** A [`Rota`] is read from `oncall.toml`: people with their contacts, schedules of layers that rotate,
//!   overrides, policies that escalate, quiet hours. [`Schedule::who`] says who is on duty at a moment, by the wall clock
//!   of the schedule's time zone, and [`Rota::coverage`] which minutes ahead nobody is.
//! * **A page.** A [`Page`] is what its [`Entry`]s say, and [`Page::next`] what is due on it: whom to ring now, or when to
//!   look again. Nothing is remembered beside the entries, so a restart at any point goes on where the last one stopped.
//!
//! Pure: time is an argument, and nothing here knows a socket, a clock or a file. What is read of the machine is its time
//! zone database, once, when the file is parsed.

mod civil;
mod contact;
mod coverage;
mod duty;
mod entry;
mod file;
mod hours;
mod layer;
mod name;
mod page;
mod policy;
mod rota;
mod schedule;
mod severity;
mod stretch;

pub use contact::{Contact, Way};
pub use coverage::{Coverage, Gap, Unreachable};
pub use duty::{OnDuty, Shift};
pub use entry::{Entry, Logged, Ring, Via};
pub use hours::Hours;
pub use name::{Name, NameError};
pub use page::{Next, Page, PageId, Rang, Standing, Subject};
pub use policy::{Policy, Step, Target};
pub use rota::{DEFAULT, Person, Reason, Rota, RotaError};
pub use schedule::{Override, Schedule};
pub use severity::Severity;
