//! What of a line is let in: a profile, by name.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use case::Transport;
use serde::{Deserialize, Serialize};

/// The profiles that are compiled in.
const OURS: &str = include_str!("../data/profiles.toml");
/// A profile that opens more than this is no firewall, and would not fit into small routers.
const MOST_OPENINGS: usize = 64;

/// Ports from the first to the last, both included. Never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    /// The first.
    pub first: u16,
    /// The last, which may be the first.
    pub last: u16,
}

impl PortRange {
    /// Whether a port lies in it.
    #[must_use]
    pub fn holds(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl FromStr for PortRange {
    type Err = String;
    fn from_str(text: &str) -> Result<PortRange, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(PortRange { first, last }),
            _ => Err(format!("{text:?} is neither a port nor ports such as 6881-6889")),
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;
    fn try_from(text: String) -> Result<PortRange, String> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> String {
        range.to_string()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// One thing that is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The transport.
    pub protocol: Transport,
    /// The ports.
    pub ports: PortRange,
    /// What it is for, in a word; it stands in the names of rules.
    pub name: String,
}

/// What of a line is let in, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Its name; the key of its table in the file.
    #[serde(skip)]
    pub name: String,
    /// What it is, in a sentence for people.
    pub about: String,
    /// What is let in to the line's server.
    pub open: Vec<Opening>,
    /// Whether programs inside may open ports by themselves (UPnP IGD, PCP).
    pub pinholes: bool,
    /// Whether the line may send mail to the world itself (tcp/25 out).
    pub mail_out: bool,
    /// Whether we provide a firewall; absent: we do.
    pub provided: Option<bool>,
}

impl Profile {
    /// Whether we provide a firewall to lines of this profile. Where we do not, none is judged.
    #[must_use]
    pub fn is_provided(&self) -> bool {
        self.provided.unwrap_or(true)
    }

    /// Whether a stranger may reach this port by the profile.
    #[must_use]
    pub fn lets_in(&self, protocol: Transport, port: u16) -> bool {
        self.open.iter().any(|one| one.protocol == protocol && one.ports.holds(port))
    }
}

/// Why profiles cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The text is not as profiles are written.
    #[error("the profiles cannot be read: {0}")]
    Unreadable(String),
    /// A name that would not do in a rule of a router.
    #[error("{0:?} cannot be a name; use small letters, digits and hyphens, 24 at most, a letter first")]
    Name(String),
    /// Too much is open.
    #[error("profile {0} opens more than 64 things")]
    TooOpen(String),
}

/// All profiles, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Default for Profiles {
    fn default() -> Self {
        // That they can be read is held by a test.
        Profiles(read(OURS).unwrap_or_default())
    }
}

impl Profiles {
    /// Ours, and behind them an operator's own, which replace those of the same name.
    ///
    /// # Errors
    /// [`ProfileError`] says what is wrong with the operator's text.
    pub fn with(text: &str) -> Result<Profiles, ProfileError> {
        let mut all = Profiles::default();
        all.0.extend(read(text)?);
        Ok(all)
    }

    /// The profile of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.values()
    }
}

fn read(text: &str) -> Result<BTreeMap<String, Profile>, ProfileError> {
    let mut profiles: BTreeMap<String, Profile> =
        toml::from_str(text).map_err(|error| ProfileError::Unreadable(error.message().to_owned()))?;
    for (name, profile) in &mut profiles {
        profile.name.clone_from(name);
        let names = profile.open.iter().map(|one| &one.name).chain([name]);
        if let Some(wrong) = names.into_iter().find(|name| !is_name(name)) {
            return Err(ProfileError::Name(wrong.clone()));
        }
        if profile.open.len() > MOST_OPENINGS {
            return Err(ProfileError::TooOpen(name.clone()));
        }
    }
    Ok(profiles)
}

/// Names stand in rules of four kinds of routers: what is safe in all of them.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase();
    let fits = name.len() <= 24 && name.chars().next().is_some_and(letter);
    fits && name.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_can_be_read_and_none_but_own_kit_is_without_a_firewall() {
        let ours = read(OURS).unwrap();
        let without: Vec<_> = ours.values().filter(|one| !one.is_provided()).map(|one| &one.name).collect();
        assert!(ours.len() >= 5);
        assert_eq!(without, ["own-kit"]);
    }

    #[test]
    fn an_operators_profile_takes_the_place_of_ours() {
        let text =
            "[closed]\nabout = \"ssh too\"\nopen = [{ protocol = \"tcp\", ports = \"22\", name = \"ssh\" }]";
        let all = Profiles::with(text).unwrap();
        assert!(all.get("closed").unwrap().lets_in(Transport::Tcp, 22));
        assert!(!Profiles::default().get("closed").unwrap().lets_in(Transport::Tcp, 22));
        assert!(all.get("gamer").is_some());
    }

    #[test]
    fn a_name_cannot_write_a_rule_of_its_own() {
        for name in ["x; add chain", "X", "", "-x", "a\\\"b", "ünter"] {
            let text =
                format!("[closed]\nopen = [{{ protocol = \"tcp\", ports = \"22\", name = \"{name}\" }}]");
            assert!(matches!(Profiles::with(&text), Err(ProfileError::Name(_))), "{name:?}");
        }
        for ports in ["0", "9-8", "70000", "1-", "x"] {
            let text =
                format!("[closed]\nopen = [{{ protocol = \"tcp\", ports = \"{ports}\", name = \"a\" }}]");
            assert!(matches!(Profiles::with(&text), Err(ProfileError::Unreadable(_))), "{ports:?}");
        }
    }
}
