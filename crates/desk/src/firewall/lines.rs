//! A line's firewall as it is kept, and its configuration.

use std::net::IpAddr;

use case::SubscriberId;
use firewall::{Configuration, Dialect, Line, MailPort, Record, Server, State};
use ipnet::IpNet;
use store::FirewallRow;

use super::{FirewallError, Firewalls};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::login::random_hex;

/// How much of a random number makes a link's token: 128 bits.
const TOKEN_DIGITS: usize = 32;

impl Desk {
    /// The configuration of a line, in a router's own words.
    ///
    /// # Errors
    /// [`FirewallError`]: the customer has their own, or the store failed.
    pub async fn firewall_configuration(
        &self,
        subscriber: &SubscriberId,
        dialect: Dialect,
    ) -> Result<Configuration, FirewallError> {
        let firewalls = self.provided();
        let row = {
            let _writing = firewalls.write().await;
            self.known_firewall(firewalls, subscriber).await?
        };
        self.configured(firewalls, &row, dialect).await
    }

    /// The configuration behind a link, by its token; `None` when there is no such link.
    ///
    /// # Errors
    /// As [`Desk::firewall_configuration`].
    pub async fn firewall_of_link(
        &self,
        token: &str,
        dialect: Dialect,
    ) -> Result<Option<Configuration>, FirewallError> {
        let row = self.store().firewall_of_token(token).await.doing("read a line's firewall")?;
        let Some(row) = row else { return Ok(None) };
        self.configured(self.provided(), &row, dialect).await.map(Some)
    }

    /// The link to a line's configuration, after what the configuration calls links by.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn firewall_link(
        &self,
        subscriber: &SubscriberId,
        dialect: Dialect,
    ) -> Result<String, FirewallError> {
        let firewalls = self.provided();
        let _writing = firewalls.write().await;
        let row = self.known_firewall(firewalls, subscriber).await?;
        Ok(link(firewalls, &row, dialect))
    }

    /// Gives a line a profile and the machine that what is opened leads to. What was seen under another profile says
    /// nothing any more.
    ///
    /// # Errors
    /// [`FirewallError`]: no such profile, or the store failed.
    pub async fn set_firewall(
        &self,
        subscriber: &SubscriberId,
        profile: &str,
        server: Server,
    ) -> Result<(), FirewallError> {
        let firewalls = self.provided();
        let named = firewalls.settings.profiles.get(profile);
        let named = named.ok_or_else(|| FirewallError::NoProfile(profile.to_owned()))?;
        let _writing = firewalls.write().await;
        let mut row = self.known_firewall(firewalls, subscriber).await?;
        let server = serde_json::to_string(&server).map_err(|error| unwritable(&error))?;
        if row.profile == profile && row.server == server {
            return Ok(());
        }
        let record = Record::default();
        let verdict = record.judge(named, self.now());
        row = FirewallRow {
            profile: profile.to_owned(),
            server,
            number: row.number.saturating_add(1),
            record: serde_json::to_string(&record).map_err(|error| unwritable(&error))?,
            state: verdict.state.name().to_owned(),
            since: None,
            step: None,
            stepped: None,
            updated: self.now(),
            ..row
        };
        Ok(self.store().put_firewall(&row).await.doing("record a line's firewall")?)
    }

    async fn configured(
        &self,
        firewalls: &Firewalls,
        row: &FirewallRow,
        dialect: Dialect,
    ) -> Result<Configuration, FirewallError> {
        let profile = firewalls.profile(&row.profile).clone();
        let exemption = self.exemption(&row.subscriber).await?;
        let line = Line {
            subscriber: row.subscriber.to_string(),
            mail_out: MailPort::of(&profile, exemption.as_ref(), self.now()).is_open(),
            profile,
            number: row.number,
            server: serde_json::from_str(&row.server).unwrap_or_default(),
        };
        Ok(line.configuration(dialect)?)
    }

    /// The row of a line, made and kept where there is none yet.
    pub(super) async fn known_firewall(
        &self,
        firewalls: &Firewalls,
        subscriber: &SubscriberId,
    ) -> Result<FirewallRow, DeskError> {
        let known = self.store().firewall_line(subscriber).await.doing("read a line's firewall")?;
        if let Some(row) = known {
            return Ok(row);
        }
        let row = FirewallRow {
            subscriber: subscriber.clone(),
            profile: firewalls.settings.usual.name.clone(),
            server: "{}".to_owned(),
            number: 1,
            token: random_hex()?.chars().take(TOKEN_DIGITS).collect(),
            address: None,
            net: None,
            record: "{}".to_owned(),
            state: State::Unknown.name().to_owned(),
            since: None,
            step: None,
            stepped: None,
            updated: self.now(),
        };
        self.store().put_firewall(&row).await.doing("record a line's firewall")?;
        Ok(row)
    }

    /// What the desk was told of firewalls, or what holds where it was told nothing.
    pub(super) fn provided(&self) -> &Firewalls {
        static NONE: std::sync::LazyLock<Firewalls> =
            std::sync::LazyLock::new(|| Firewalls::new(super::FirewallSettings::default()));
        self.firewalls().unwrap_or(&NONE)
    }
}

/// The link of a row.
pub(super) fn link(firewalls: &Firewalls, row: &FirewallRow, dialect: Dialect) -> String {
    let base = firewalls.settings.link.as_deref().unwrap_or_default().trim_end_matches('/');
    format!("{base}/firewall/{}.{}", row.token, dialect.ending())
}

/// The neighbourhood of an address: its /24, or /48 of IPv6.
pub(super) fn neighbourhood(address: IpAddr) -> Option<IpNet> {
    let length = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, length).ok().map(|net| net.trunc())
}

pub(super) fn unwritable(error: &serde_json::Error) -> DeskError {
    DeskError::Unreadable(format!("a record of our own: {error}"))
}
