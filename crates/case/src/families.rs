//! Malware families and the proxies that follow them: `data/families.toml`, with a source for every row.
//!
//! A family sets how long the line is watched, which ports are asked before the usual ones, and what an operator is told
//! to look for. A family nobody has written down is watched as the playbook says.

use std::sync::LazyLock;

use jiff::SignedDuration;
use serde::Deserialize;

/// What a family installs that strangers may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installs {
    /// A proxy for HTTP.
    HttpProxy,
    /// A SOCKS proxy.
    SocksProxy,
    /// A server that passes strangers' mail on.
    SmtpRelay,
    /// A sender of mail by templates: spam comes from the line without any proxy.
    SmtpEngine,
    /// A front for servers that lie elsewhere.
    ReverseProxy,
    /// A tunnel it opens itself, through which strangers come out of the line.
    BackConnect,
    /// A door through which a proxy can be put in.
    Backdoor,
}

/// How what it installs is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// On ports that are known ([`Family::ports`]).
    KnownPorts,
    /// On a port of its own on each machine: scanning known ports does not find it (P4).
    RandomPort,
    /// It listens on nothing: it calls out and is served through that call (P5).
    BackConnect,
    /// As its owner sets it.
    Configured,
    /// Not at all: nobody uses the line through it.
    None,
}

/// Where a row comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The title of the paper or page.
    pub title: String,
    /// Who wrote or published it.
    pub by: String,
    /// The year.
    pub year: u16,
    /// Where it was found, if still there.
    pub url: Option<String>,
}

/// One malware family.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// Its name in lower case, as a report's reader gives it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Other names, in lower case.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it installs.
    pub installs: Vec<Installs>,
    /// How that is reached.
    pub manner: Manner,
    /// Ports it is known to listen on, asked before the usual ones.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// How soon the proxy follows, in words, where a source says it.
    pub follows: Option<String>,
    /// How it calls home, in words, where a source says it.
    pub calls: Option<String>,
    /// How many days the line is watched after a sighting.
    pub watch_days: u16,
    /// What is looked for meanwhile, in words.
    pub look_for: Vec<String>,
    /// What the operator has the subscriber do.
    pub runbook: String,
    /// Where all that comes from.
    pub sources: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    family: Vec<Family>,
}

/// Read once. The tests read it strictly; a table that cannot be read leaves every family unknown.
static FAMILIES: LazyLock<Vec<Family>> =
    LazyLock::new(|| read(include_str!("../data/families.toml")).unwrap_or_default());

fn read(text: &str) -> Result<Vec<Family>, toml::de::Error> {
    toml::from_str::<Table>(text).map(|table| table.family)
}

/// All families that are written down.
#[must_use]
pub fn families() -> &'static [Family] {
    &FAMILIES
}

/// The family that `name` means: its id, another name of it, or a scanner's name such as `W32/Sobig.F@mm` or
/// `Backdoor.Win32.Agobot.gen`, in which one of its words is either.
#[must_use]
pub fn family(name: &str) -> Option<&'static Family> {
    let name = name.trim().to_lowercase();
    let is =
        |family: &Family, word: &str| family.id == word || family.aliases.iter().any(|alias| alias == word);
    let known =
        |word: &str| FAMILIES.iter().find(|family| is(family, word) || family.name.to_lowercase() == word);
    // Some ids have a hyphen; some scanners put one before the variant.
    let words = |apart: fn(char) -> bool| name.split(apart).filter(|word| word.len() > 2).find_map(known);
    known(&name)
        .or_else(|| words(|c| !c.is_alphanumeric() && c != '-'))
        .or_else(|| words(|c| !c.is_alphanumeric()))
}

impl Family {
    /// How long a line is watched after a sighting.
    #[must_use]
    pub fn watch_for(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.watch_days).saturating_mul(24))
    }

    /// What follows it and how that is found, in one sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let installs: Vec<&str> = self.installs.iter().map(|installs| installs.in_words()).collect();
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        let manner = match self.manner {
            Manner::KnownPorts => format!("on tcp ports {}", ports.join(", ")),
            Manner::RandomPort => "on a port of its own on each machine".to_owned(),
            Manner::BackConnect => "through a call outward, so that no port listens".to_owned(),
            Manner::Configured => "as its owner sets it".to_owned(),
            Manner::None => "so that no port listens".to_owned(),
        };
        let follows = self.follows.as_ref().map(|follows| format!("; {follows}")).unwrap_or_default();
        format!("{} installs {}, {manner}{follows}", self.name, installs.join(" and "))
    }

    /// What an operator should know and do, in one paragraph with its sources.
    #[must_use]
    pub fn runbook(&self) -> String {
        let calls =
            self.calls.as_ref().map(|calls| format!(" It calls home by {calls}.")).unwrap_or_default();
        let sources: Vec<String> =
            self.sources.iter().map(|one| format!("{}, {} ({})", one.by, one.title, one.year)).collect();
        format!(
            "{}.{calls} Look for: {}. {} Sources: {}.",
            self.in_words(),
            self.look_for.join("; "),
            self.runbook,
            sources.join("; ")
        )
    }
}

impl Installs {
    fn in_words(self) -> &'static str {
        match self {
            Installs::HttpProxy => "an HTTP proxy",
            Installs::SocksProxy => "a SOCKS proxy",
            Installs::SmtpRelay => "a mail relay",
            Installs::SmtpEngine => "a sender of spam",
            Installs::ReverseProxy => "a front for servers elsewhere",
            Installs::BackConnect => "a tunnel it opens itself",
            Installs::Backdoor => "a back door for more",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_whole_and_has_a_source() {
        let rows = read(include_str!("../data/families.toml")).unwrap();
        assert!(rows.len() >= 45, "{} families", rows.len());
        let mut names = BTreeSet::new();
        for row in &rows {
            let id = &row.id;
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{id}");
            for name in std::iter::once(id).chain(&row.aliases) {
                assert!(names.insert(name.clone()), "{name} is named twice");
                assert_eq!(name, &name.to_lowercase());
                assert!(name.len() > 2, "{name} is too short to be told from a variant");
            }
            assert!(!row.installs.is_empty() && !row.look_for.is_empty() && !row.runbook.is_empty(), "{id}");
            assert_eq!(row.manner == Manner::KnownPorts, !row.ports.is_empty(), "{id}");
            assert!(
                row.ports.len() <= 10 && !row.ports.contains(&0),
                "{id}: ports leave room for the usual ones"
            );
            assert!((7..=60).contains(&row.watch_days), "{id}");
            assert!(!row.sources.is_empty(), "{id} has no source");
            for source in &row.sources {
                assert!(source.title.len() > 5 && source.by.len() > 2, "{id}");
                assert!((1999..=2026).contains(&source.year), "{id}");
                assert!(source.url.as_ref().is_none_or(|url| url.starts_with("http")), "{id}");
            }
        }
    }

    #[test]
    fn families_are_known_by_their_scanners_names() {
        for (name, id) in [
            ("sobig", "sobig"),
            ("W32/Sobig.F@mm", "sobig"),
            ("Backdoor.Win32.Agobot.gen", "agobot"),
            ("Phatbot", "agobot"),
            ("911 S5", "911-s5"),
            ("Cyclops Blink", "cyclops-blink"),
            ("ELF:Mirai-ABC", "mirai"),
            ("avalanche-andromeda / pinkslipbot", "qakbot"),
            ("android.vo1d", "vo1d"),
        ] {
            assert_eq!(family(name).map(|family| family.id.as_str()), Some(id), "{name}");
        }
        for unknown in ["", "trojan", "win32", "sobi", "something else"] {
            assert_eq!(family(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_family_says_what_follows_in_plain_words() {
        let sobig = family("sobig").unwrap();
        assert_eq!(
            sobig.in_words(),
            "Sobig installs a SOCKS proxy and an HTTP proxy and a mail relay, on tcp ports 995, 996, 997, 998, 999"
        );
        assert!(sobig.runbook().contains("Sources: LURHQ Threat Intelligence Group"), "{}", sobig.runbook());
        assert!(family("rustock").unwrap().in_words().contains("up to five days"));
    }
}
