//! How much, how fast: a case's log turned into its clocks, and many of them into figures (P11, P16).
//!
//! Nothing is remembered: whatever is measured follows from the records, so a restart, a reopening or another reader of
//! the same log gives the same figures. Lengths of time are told as exact percentiles by nearest rank with how many they
//! rest on, never as a mean: one forgotten case of a month would hide a hundred that took a minute.

mod curve;
mod figures;
mod interval;
mod milestones;
mod spread;

pub use curve::{Curve, NATURAL, Observed, Published};
pub use figures::{ClockFigures, Figures, Incidents, NetworkFigures, WeekFigures, network_of};
pub use interval::{BOUNDS, Interval};
pub use milestones::{Milestones, Pause};
pub use spread::Spread;
