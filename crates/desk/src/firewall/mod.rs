//! The firewall we provide on each line, whether it is in force, and who may send mail directly (P17).

mod garden;
mod insisting;
mod lines;
mod mail_port;
mod seeing;
mod view;

use std::sync::Arc;

use case::SubscriberId;
use firewall::{Insistence, Profile, Profiles};
use ipnet::IpNet;
use tokio::sync::{Mutex, MutexGuard};

use crate::desk::Desk;
use crate::error::DeskError;
pub use garden::FirewallInGarden;
pub use view::{FirewallLine, FirewallNet, FirewallView, MailPortView, MailWish};

/// Which firewalls are provided, and how far they are insisted on.
#[derive(Debug, Clone)]
pub struct FirewallSettings {
    /// All profiles.
    pub profiles: Arc<Profiles>,
    /// The profile of a line that was given none.
    pub usual: Profile,
    /// Whether it is noticed, from flows, when one is not in force.
    pub insist: bool,
    /// What follows when one is not.
    pub insistence: Insistence,
    /// TCP ports that our own edge closes on the way to the lines: silence there says nothing.
    pub filtered: Vec<u16>,
    /// What links begin with, as customers reach us: `https://desk.example.net`.
    pub link: Option<String>,
    /// The prefixes from which mail to the world is closed.
    pub dynamic: Vec<IpNet>,
    /// Our own mail relays, which are open to all.
    pub relays: Vec<IpNet>,
}

impl Default for FirewallSettings {
    fn default() -> Self {
        let profiles = Arc::new(Profiles::default());
        FirewallSettings {
            usual: profiles.get("closed").cloned().unwrap_or_default(),
            profiles,
            insist: false,
            insistence: Insistence::default(),
            filtered: vec![25],
            link: None,
            dynamic: Vec::new(),
            relays: Vec::new(),
        }
    }
}

/// Why a wish about a line's firewall, or its mail, was not followed.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    /// No such profile.
    #[error("there is no profile {0}")]
    NoProfile(String),
    /// The customer has their own.
    #[error(transparent)]
    NotProvided(#[from] firewall::NotProvided),
    /// Nobody asked.
    #[error("{0} has not asked to send mail directly")]
    NotAsked(SubscriberId),
    /// No words.
    #[error("say why: the reason is kept")]
    NoReason,
    /// Something below failed.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// What the desk keeps of the firewalls.
#[derive(Debug)]
pub(crate) struct Firewalls {
    pub(crate) settings: FirewallSettings,
    /// Held while a line's row is read, changed and written: several look at one line.
    writing: Mutex<()>,
}

impl Firewalls {
    pub(crate) fn new(settings: FirewallSettings) -> Firewalls {
        Firewalls { settings, writing: Mutex::new(()) }
    }

    async fn write(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// The profile a row names; the usual one where it is gone from the configuration.
    fn profile(&self, name: &str) -> &Profile {
        self.settings.profiles.get(name).unwrap_or(&self.settings.usual)
    }
}

impl Desk {
    /// Whether it is noticed when a firewall is not in force.
    pub(crate) fn insists(&self) -> bool {
        self.firewalls().is_some_and(|firewalls| firewalls.settings.insist)
    }
}
