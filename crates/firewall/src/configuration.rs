//! A line's configuration in a router's own words, and the version that names it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Line, data_model, nftables, openwrt, routeros};

/// In which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `/etc/config/firewall` of OpenWrt 22.03 and later (UCI, read by fw4).
    Openwrt,
    /// A file for `nft -f`.
    Nftables,
    /// A script for `/import` of RouterOS 7.
    Routeros,
    /// Parameters of the Device:2 data model (TR-181), for SetParameterValues of TR-069.
    Tr069,
    /// The same as a message Add of TR-369 (USP).
    Tr369,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Dialect; 5] =
        [Dialect::Openwrt, Dialect::Nftables, Dialect::Routeros, Dialect::Tr069, Dialect::Tr369];

    /// Its name in commands.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Openwrt => "openwrt",
            Dialect::Nftables => "nftables",
            Dialect::Routeros => "routeros",
            Dialect::Tr069 => "tr069",
            Dialect::Tr369 => "tr369",
        }
    }

    /// What its files end in, and how they are asked for in links.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Dialect::Openwrt => "uci",
            Dialect::Nftables => "nft",
            Dialect::Routeros => "rsc",
            Dialect::Tr069 => "tr069.json",
            Dialect::Tr369 => "tr369.json",
        }
    }

    /// The media type it is served as.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Dialect::Openwrt | Dialect::Nftables | Dialect::Routeros => "text/plain; charset=utf-8",
            Dialect::Tr069 | Dialect::Tr369 => "application/json",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = String;
    fn from_str(text: &str) -> Result<Dialect, String> {
        let named = |one: &Dialect| one.name() == text || one.ending() == text;
        let all = || Dialect::ALL.map(Dialect::name).join(", ");
        Dialect::ALL.into_iter().find(named).ok_or_else(|| format!("{text:?} is none of {}", all()))
    }
}

/// A line whose profile says that the firewall is the customer's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("lines of the profile {0} have a firewall of their own; there is none to provide")]
pub struct NotProvided(pub String);

/// A line's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// In which words.
    pub dialect: Dialect,
    /// The number of the line's configuration and the first 12 hex digits of the SHA-256 of its rules: `3-a1b2c3d4e5f6`.
    pub version: String,
    /// The whole file.
    pub text: String,
}

impl Line {
    /// This line's configuration.
    ///
    /// # Errors
    /// [`NotProvided`] where the profile says that the customer has their own.
    pub fn configuration(&self, dialect: Dialect) -> Result<Configuration, NotProvided> {
        if !self.profile.is_provided() {
            return Err(NotProvided(self.profile.name.clone()));
        }
        let version = format!("{}-{}", self.number, self.rules_hash());
        let text = match dialect {
            Dialect::Openwrt => openwrt::text(self, &version),
            Dialect::Nftables => nftables::text(self, &version),
            Dialect::Routeros => routeros::text(self, &version),
            Dialect::Tr069 => data_model::tr069(self, &version),
            Dialect::Tr369 => data_model::tr369(self, &version),
        };
        Ok(Configuration { dialect, version, text })
    }

    /// What the rules say, whatever the dialect: it changes with them, and with the way in which we write them.
    fn rules_hash(&self) -> String {
        let unnumbered = Line { number: 0, ..self.clone() };
        let hash = Sha256::digest(nftables::text(&unnumbered, "").as_bytes());
        hex::encode(hash).chars().take(12).collect()
    }
}
