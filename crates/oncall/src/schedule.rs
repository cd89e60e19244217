//! A schedule: layers of people who take turns, and overrides over all of them.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::civil::{first_shows, shows_again};
use crate::layer::Layer;
use crate::{Name, OnDuty, Shift};

/// The longest stretch that is looked at: a year and a day.
const LONGEST: SignedDuration = SignedDuration::from_hours(367 * 24);

/// Somebody who stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Who.
    pub person: Name,
    /// From when.
    pub from: Timestamp,
    /// Until when, not included.
    pub to: Timestamp,
}

/// Who is on duty when, by the wall clock of one time zone. A later layer goes before an earlier one while it has somebody
/// on duty, an override before all, a later override before an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: Name,
    pub(crate) zone: TimeZone,
    pub(crate) layers: Vec<Layer>,
    pub(crate) overrides: Vec<Override>,
}

impl Schedule {
    /// Who is on duty at a moment; `None` when nobody is.
    #[must_use]
    pub fn who(&self, at: Timestamp) -> Option<OnDuty> {
        let stands_in = self.overrides.iter().rev().find(|one| one.from <= at && at < one.to);
        if let Some(one) = stands_in {
            return Some(OnDuty { person: one.person.clone(), layer: None });
        }
        let layers = self.layers.iter().enumerate().rev();
        layers.into_iter().find_map(|(number, layer)| {
            let person = layer.who(&self.zone, at)?.clone();
            Some(OnDuty { person, layer: Some(number.saturating_add(1)) })
        })
    }

    /// Who is on duty from `from` to `to`, without gaps and without two shifts of one person behind each other. A stretch
    /// longer than a year ends after it.
    #[must_use]
    pub fn shifts(&self, from: Timestamp, to: Timestamp) -> Vec<Shift> {
        let to = to.min(from.saturating_add(LONGEST).unwrap_or(Timestamp::MAX));
        let edges: Vec<Timestamp> = self.edges(from, to).into_iter().collect();
        let ends = edges.iter().skip(1).copied().chain([to]);
        let mut shifts: Vec<Shift> = Vec::new();
        for (from, to) in edges.iter().copied().zip(ends).filter(|(from, to)| from < to) {
            let on_duty = self.who(from);
            match shifts.last_mut().filter(|last| last.on_duty == on_duty) {
                Some(last) => last.to = to,
                None => shifts.push(Shift { from, to, on_duty }),
            }
        }
        shifts
    }

    /// Every moment at which somebody else may be on duty than the moment before.
    fn edges(&self, from: Timestamp, to: Timestamp) -> BTreeSet<Timestamp> {
        let mut times: BTreeSet<Time> = self.layers.iter().flat_map(Layer::edges).collect();
        times.insert(Time::midnight());
        let mut edges: BTreeSet<Timestamp> =
            self.overrides.iter().flat_map(|one| [one.from, one.to]).collect();
        let changes = self.zone.following(from).map(|change| change.timestamp());
        edges.extend(changes.take_while(|change| *change < to));
        let mut day = self.zone.to_datetime(from).date().yesterday().ok();
        let last = self.zone.to_datetime(to).date();
        while let Some(today) = day.filter(|today| *today <= last) {
            for time in &times {
                let shown = DateTime::from_parts(today, *time);
                edges.insert(first_shows(&self.zone, shown));
                edges.extend(shows_again(&self.zone, shown));
            }
            day = today.tomorrow().ok();
        }
        edges.retain(|edge| from < *edge && *edge < to);
        edges.insert(from);
        edges
    }

    /// What the wall clock of the schedule shows at a moment.
    #[must_use]
    pub fn civil(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// The name of its time zone.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Everybody who is named in it.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Name> {
        let of_layers = self.layers.iter().flat_map(|layer| &layer.people);
        of_layers.chain(self.overrides.iter().map(|one| &one.person))
    }
}
