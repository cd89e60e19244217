//! How our prefixes stand with DNS blocklists: what a quick desk keeps them off (P11).
//!
//! Asked about are the addresses of open cases, and each day some of every home prefix, picked anew, so that a listing of
//! a line without a case is seen too. A list is believed on a day on which it listed 127.0.0.2 and not 127.0.0.1. Nothing
//! follows from a listing but what is shown: it is hearsay about a line, and most often about its past.

mod pick;
mod view;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use case::Case;
use jiff::{SignedDuration, Timestamp};
use lookup::{Blocklist, Listing};
use store::{AskedFor, Look};
use tokio::sync::watch;

pub(crate) use view::blocklists;
pub use view::{BlocklistView, ListDay, Listed};

use self::pick::sample;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::night::chain;

/// How often it is looked whether anything is to be asked.
const LOOK: Duration = Duration::from_secs(30);
/// How long what lists said is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The most addresses of open cases that are asked about on one day.
const CASES_AT_MOST: usize = 20_000;
/// The most rows of one day that are read.
const ROWS: u32 = 200_000;

/// The lists, and how they are asked.
#[derive(Debug)]
pub struct Blocklists {
    /// The lists.
    pub lists: Vec<Blocklist>,
    /// How many addresses of each home prefix are asked about each day.
    pub sample: u32,
    /// How many questions a second are put at most, all lists together.
    pub per_second: u32,
}

impl Blocklists {
    /// Asks until `stop` turns true. What was asked today is known from the store, so a restart asks nothing twice.
    pub async fn run(self, desk: Desk, mut stop: watch::Receiver<bool>) {
        let work = async {
            loop {
                if let Err(error) = self.look(&desk).await {
                    tracing::error!(error = %chain(&error), "blocklists could not be asked; trying again");
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = work => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// One look: whatever of today was not asked yet.
    ///
    /// # Errors
    /// [`DeskError`] when the store failed.
    pub async fn look(&self, desk: &Desk) -> Result<(), DeskError> {
        let store = desk.store();
        let now = desk.now();
        let old = now.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        store.forget_looks(old).await.doing("forget what blocklists said")?;
        let known = store.looks_of_day(now, ROWS).await.doing("read what blocklists say")?;
        let wanted = self.wanted(desk, now).await;
        for list in &self.lists {
            let asked: BTreeSet<IpAddr> = of_list(&known, list).filter_map(|look| look.address).collect();
            let works = of_list(&known, list).find(|look| look.asked_for == AskedFor::List);
            let left: Vec<(IpAddr, AskedFor)> =
                wanted.iter().filter(|(address, _)| !asked.contains(address)).copied().collect();
            // A list that did not work is tried again an hour later; one that did is believed for the day.
            let again = |look: &Look| !look.listed && now.duration_since(look.at).as_hours() >= 1;
            if works.is_none_or(again) && !self.try_out(desk, list).await? {
                continue;
            }
            if works.is_some_and(|look| !look.listed && !again(look)) {
                continue;
            }
            self.ask(desk, list, &left).await?;
        }
        Ok(())
    }

    /// Whom to ask about today: addresses of open cases, then the sample; each once, and only ours.
    async fn wanted(&self, desk: &Desk, now: Timestamp) -> Vec<(IpAddr, AskedFor)> {
        let home = &desk.settings().territory.home;
        let of_cases: BTreeSet<IpAddr> = {
            let office = desk.office().read().await;
            let addresses = office.cases().flat_map(Case::addresses);
            addresses.filter(|address| home.contains(*address)).take(CASES_AT_MOST).collect()
        };
        let day = now.as_second().div_euclid(86_400);
        let picked = home.prefixes().iter().flat_map(|prefix| sample(*prefix, self.sample, day));
        let picked: BTreeSet<IpAddr> = picked.filter(|address| !of_cases.contains(address)).collect();
        let of_cases = of_cases.into_iter().map(|address| (address, AskedFor::Case));
        of_cases.chain(picked.into_iter().map(|address| (address, AskedFor::Sample))).collect()
    }

    /// Sees whether a list works, and keeps that. Whether it does.
    async fn try_out(&self, desk: &Desk, list: &Blocklist) -> Result<bool, DeskError> {
        let works = list.works().await;
        self.pace().await;
        let look = Look {
            zone: list.zone().to_owned(),
            address: None,
            asked_for: AskedFor::List,
            at: desk.now(),
            listed: works.is_ok(),
            said: works.err().unwrap_or_default(),
        };
        desk.store().keep_look(&look).await.doing("keep whether a blocklist works")?;
        Ok(look.listed)
    }

    /// Asks one list, evenly. What it does not answer is not kept, and asked again with the next look; a list that
    /// answers three of them in a row with nothing is left alone until then.
    async fn ask(
        &self,
        desk: &Desk,
        list: &Blocklist,
        wanted: &[(IpAddr, AskedFor)],
    ) -> Result<(), DeskError> {
        let mut silent = 0;
        for (address, asked_for) in wanted {
            let (listed, said) = match list.listing(*address).await {
                Listing::No => (false, String::new()),
                Listing::Yes { codes, words } => (true, in_words(&codes, words)),
                Listing::Unknown(why) => {
                    tracing::debug!(zone = list.zone(), %address, why, "a blocklist does not say");
                    silent += 1;
                    if silent >= 3 {
                        return Ok(());
                    }
                    continue;
                }
            };
            silent = 0;
            let look = Look {
                zone: list.zone().to_owned(),
                address: Some(*address),
                asked_for: *asked_for,
                at: desk.now(),
                listed,
                said,
            };
            desk.store().keep_look(&look).await.doing("keep what a blocklist says")?;
            self.pace().await;
        }
        Ok(())
    }

    /// Waits as long as one question may take of a second.
    async fn pace(&self) {
        tokio::time::sleep(Duration::from_secs(1) / self.per_second.max(1)).await;
    }
}

fn of_list<'a>(known: &'a [Look], list: &'a Blocklist) -> impl Iterator<Item = &'a Look> {
    known.iter().filter(|look| look.zone == list.zone())
}

fn in_words(codes: &[std::net::Ipv4Addr], words: Option<String>) -> String {
    let mut parts: Vec<String> = codes.iter().map(ToString::to_string).collect();
    parts.extend(words);
    parts.join(" ")
}
