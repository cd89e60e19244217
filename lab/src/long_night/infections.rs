//! What is planted, who complains of it and when, and what became of it.

use std::net::IpAddr;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use super::mails::Seen;
use super::proxies::{self, Switch};
use crate::generate::{Chance, Night, Plant, home_of};

/// What is planted, in turn: mostly what relays, for that is what a desk for proxies is judged by.
pub(super) const PLANTS: [Plant; 10] = [
    Plant::ListeningProxy,
    Plant::BackConnect,
    Plant::ListeningProxy,
    Plant::SpamBot,
    Plant::ListeningProxy,
    Plant::Trojan,
    Plant::ListeningProxy,
    Plant::BackConnect,
    Plant::SpamBot,
    Plant::Worm,
];

/// Half of the spamming lines draw more complaints in an hour than this, as long as they spam; and how widely that differs.
const COMPLAINTS_HOURLY: (f64, f64) = (1.2, 0.9);
/// Half of the complaints come later than this many minutes after the spam, and how widely that differs.
const COMPLAINT_AFTER: (f64, f64) = (25.0, 1.0);
/// Half of the customers who are blocked have cleaned up after this many hours, and how widely that differs.
const CLEANED_AFTER: (f64, f64) = (9.0, 0.8);
/// Of the spam through a proxy, such a share is complained of by somebody who has found the port.
const FINDS_THE_PORT: f64 = 0.25;

/// One infected line.
#[derive(Debug)]
pub(super) struct Infection {
    pub(super) line: u32,
    pub(super) address: IpAddr,
    pub(super) plant: Plant,
    pub(super) port: u16,
    pub(super) from: Timestamp,
    switch: Option<Switch>,
    hourly: f64,
    /// When it was first seen to be in force at the edge.
    pub(super) contained: Option<Timestamp>,
    /// Whether it is blocked now.
    pub(super) is_blocked: bool,
    cleans_at: Option<Timestamp>,
    pub(super) cleaned: Option<Timestamp>,
    /// Complaints that the desk accepted, and when the spam came that each is of.
    pub(super) complaints: Vec<Timestamp>,
}

impl Infection {
    /// All that is planted in this night.
    pub(super) fn all(night: &Night, chance: &mut Chance) -> Result<Vec<Infection>> {
        let of = |planted: &crate::generate::Planted| -> Result<Infection> {
            let address = home_of(planted.line);
            let listens = planted.plant == Plant::ListeningProxy;
            Ok(Infection {
                line: planted.line,
                address,
                plant: planted.plant,
                port: planted.port,
                from: Timestamp::from_millisecond(planted.from.0)?,
                switch: listens.then(|| proxies::plant(address, planted.port)).transpose()?,
                hourly: chance.lognormal(COMPLAINTS_HOURLY.0, COMPLAINTS_HOURLY.1),
                contained: None,
                is_blocked: false,
                cleans_at: None,
                cleaned: None,
                complaints: Vec::new(),
            })
        };
        night.planted().iter().map(of).collect()
    }

    /// Whether it sends spam, or lets others do so.
    pub(super) fn spams(&self) -> bool {
        self.plant.relays() || self.plant == Plant::SpamBot
    }

    /// Takes its proxy off the line: the night is over.
    pub(super) fn uproot(&self) {
        self.switch.iter().for_each(Switch::uproot);
    }

    /// When a probe first went through it.
    pub(super) fn proved(&self) -> Option<Timestamp> {
        self.switch.as_ref().and_then(Switch::proved)
    }

    pub(super) fn is_at_work(&self, now: Timestamp) -> bool {
        now >= self.from && !self.is_blocked && self.cleaned.is_none()
    }

    /// A step of so many seconds: the machine may be cleaned, and spam may go out that somebody complains of. When, and what
    /// they saw.
    pub(super) fn step(
        &mut self,
        now: Timestamp,
        seconds: i64,
        chance: &mut Chance,
    ) -> Option<(Timestamp, Seen)> {
        if self.cleans_at.is_some_and(|at| at <= now) && self.cleaned.is_none() {
            self.cleaned = Some(now);
        }
        if let Some(switch) = &self.switch {
            // A block at the edge keeps strangers out, not us.
            switch.turn(now >= self.from && self.cleaned.is_none());
        }
        let of_step = self.hourly * seconds_of(seconds) / 3600.0;
        if !self.spams() || !self.is_at_work(now) || !chance.happens(of_step) {
            return None;
        }
        let port =
            (self.plant == Plant::ListeningProxy && chance.happens(FINDS_THE_PORT)).then_some(self.port);
        let after = chance.lognormal(COMPLAINT_AFTER.0, COMPLAINT_AFTER.1) * 60.0;
        let at = now.saturating_add(whole_seconds(after)).unwrap_or(now);
        Some((at, Seen { address: self.address, at: now, port }))
    }

    /// It was seen at the edge, or no longer.
    pub(super) fn at_the_edge(&mut self, is_blocked: bool, now: Timestamp, chance: &mut Chance) {
        self.is_blocked = is_blocked;
        if is_blocked && self.contained.is_none() {
            self.contained = Some(now);
            let after = chance.lognormal(CLEANED_AFTER.0, CLEANED_AFTER.1) * 3600.0;
            self.cleans_at = now.checked_add(whole_seconds(after)).ok();
        }
    }
}

fn seconds_of(seconds: i64) -> f64 {
    SignedDuration::from_secs(seconds).as_secs_f64()
}

fn whole_seconds(seconds: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(seconds.round()).unwrap_or(SignedDuration::ZERO)
}
