//! The sensors that fetch: one task for each mailbox, Maildir and folder.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use sensors::imap::{Done, Mailboxes, Roots, Security};
use sensors::{Delivery, Tally, folder, imap, maildir};

use crate::config::{Config, Mailbox, MailboxSecurity, Role};

/// Everything that is picked up from, ready to start.
#[derive(Debug, Default)]
pub(crate) struct Pickups {
    mailboxes: Vec<imap::Config>,
    maildirs: Vec<maildir::Config>,
    folders: Vec<folder::Config>,
    shown: Mailboxes,
}

impl Pickups {
    /// Reads every file of certificates the configuration names; passwords are read at each login.
    pub(crate) fn new(config: &Config, largest: usize, tally: &Arc<Tally>) -> Result<Pickups> {
        let mut pickups = Pickups::default();
        for one in &config.mailbox {
            let name = one.name();
            let mut mailbox = mailbox(one).with_context(|| format!("mailbox {name:?}"))?;
            mailbox.limits.message_bytes = u32::try_from(largest).unwrap_or(u32::MAX);
            mailbox.tally = tally.clone();
            mailbox.mailboxes = pickups.shown.clone();
            pickups.mailboxes.push(mailbox);
        }
        let single = config.intake.maildir.iter().map(|dir| (dir, Role::Abuse));
        for (dir, role) in single.chain(config.maildir.iter().map(|one| (&one.dir, one.role))) {
            let mut settings = maildir::Config::new(dir);
            settings.tags = role.tags();
            settings.message_bytes = largest;
            settings.tally = tally.clone();
            pickups.maildirs.push(settings);
        }
        for one in &config.folder {
            let mut settings = folder::Config::new(&one.dir);
            settings.tags = one.role.tags();
            settings.message_bytes = largest;
            settings.tally = tally.clone();
            pickups.folders.push(settings);
        }
        Ok(pickups)
    }

    /// How the mailboxes are, to be asked at any time.
    pub(crate) fn mailboxes(&self) -> Mailboxes {
        self.shown.clone()
    }

    /// Starts them all.
    pub(crate) fn start(
        self,
        parts: &mut JoinSet<Result<()>>,
        deliveries: &mpsc::Sender<Delivery>,
        stop: &watch::Receiver<bool>,
    ) {
        for one in self.mailboxes {
            parts.spawn(well(imap::watch(one, deliveries.clone(), stop.clone())));
        }
        for one in self.maildirs {
            parts.spawn(well(maildir::watch(one, deliveries.clone(), stop.clone())));
        }
        for one in self.folders {
            parts.spawn(well(folder::watch(one, deliveries.clone(), stop.clone())));
        }
    }
}

/// A part that ends only when it is told to.
async fn well(part: impl Future<Output = ()>) -> Result<()> {
    part.await;
    Ok(())
}

fn mailbox(one: &Mailbox) -> Result<imap::Config> {
    let mut settings = imap::Config::new(one.name(), one.host.clone(), one.credentials()?);
    settings.security = match one.security {
        MailboxSecurity::Tls => Security::Tls,
        MailboxSecurity::Starttls => Security::StartTls,
        MailboxSecurity::Plaintext => Security::Plain,
    };
    settings.port = one.port.unwrap_or(settings.security.usual_port());
    if let Some(path) = &one.ca {
        settings.roots = Roots::from_file(path)?;
    }
    settings.folder.clone_from(&one.folder);
    settings.done = one.done.clone().map_or(Done::Seen, Done::Move);
    settings.tags = one.role.tags();
    Ok(settings)
}
