//! The configuration: one TOML file, checked as a whole before anything starts.

mod check;
mod duration;
mod net;
mod outlets;
mod pickups;
pub(crate) mod section;
mod sections;
mod webhooks;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub(crate) use duration::Span;
pub(crate) use outlets::{AccessServer, Bgp, Router, Routes, SessionChange, Zone, ZoneUse};
pub(crate) use pickups::{Folder, LeaseFile, LeaseFormat, Mailbox, MailboxSecurity, Maildir, Role};
use section::{Section, Setting};
use sections::{
    Answers, Edge, Firewall, Flows, Garden, General, Intake, Lake, Leases, Letters, Lookup, Mail, Oncall,
    Outbound, Playbook, Probe, SelfCheck, Standing, Traps, Web,
};
pub(crate) use sections::{Contact, EdgeOutlet, NatMapping};
pub(crate) use webhooks::Webhook;

/// Where the configuration is looked for when it is not named.
pub(crate) const USUAL_PLACE: &str = "/etc/nightdesk/nightdesk.toml";

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The settings that stand before the first section.
    #[serde(flatten)]
    pub(crate) general: General,
    pub(crate) intake: Intake,
    pub(crate) lookup: Lookup,
    pub(crate) leases: Leases,
    pub(crate) probe: Probe,
    pub(crate) edge: Edge,
    pub(crate) mail: Mail,
    pub(crate) oncall: Oncall,
    pub(crate) letters: Letters,
    pub(crate) answers: Answers,
    pub(crate) selfcheck: SelfCheck,
    pub(crate) standing: Standing,
    pub(crate) flows: Flows,
    pub(crate) traps: Traps,
    pub(crate) firewall: Firewall,
    pub(crate) garden: Garden,
    pub(crate) web: Web,
    pub(crate) outbound: Outbound,
    pub(crate) lake: Lake,
    pub(crate) playbook: Playbook,
    /// Mailboxes to pick mail up from.
    pub(crate) mailbox: Vec<Mailbox>,
    /// Maildirs to pick mail up from, besides `intake.maildir`.
    pub(crate) maildir: Vec<Maildir>,
    /// Folders to pick feeds' files up from.
    pub(crate) folder: Vec<Folder>,
    /// Lease files that are followed.
    pub(crate) lease_file: Vec<LeaseFile>,
    /// Zones that name contained lines.
    pub(crate) zone: Vec<Zone>,
    /// BGP speakers that announce routes for us.
    pub(crate) bgp: Vec<Bgp>,
    /// Access servers that lead sessions into a walled garden.
    pub(crate) access_server: Vec<AccessServer>,
    /// Routers that people change.
    pub(crate) router: Vec<Router>,
    /// Programs that are told what happens to cases.
    pub(crate) webhook: Vec<Webhook>,
}

/// Every section with its settings, in the order of the file; the first has no name.
pub(crate) fn sections() -> Vec<(&'static str, Vec<Setting>)> {
    vec![
        ("", General::settings()),
        ("intake", Intake::settings()),
        ("lookup", Lookup::settings()),
        ("leases", Leases::settings()),
        ("probe", Probe::settings()),
        ("edge", Edge::settings()),
        ("mail", Mail::settings()),
        ("oncall", Oncall::settings()),
        ("letters", Letters::settings()),
        ("answers", Answers::settings()),
        ("selfcheck", SelfCheck::settings()),
        ("standing", Standing::settings()),
        ("flows", Flows::settings()),
        ("traps", Traps::settings()),
        ("firewall", Firewall::settings()),
        ("garden", Garden::settings()),
        ("web", Web::settings()),
        ("outbound", Outbound::settings()),
        ("lake", Lake::settings()),
        ("playbook", Playbook::settings()),
    ]
}

/// Every table that may stand more than once, with what it is for and its settings.
pub(crate) fn tables() -> Vec<(&'static str, &'static str, Vec<Setting>)> {
    vec![
        ("mailbox", "A mailbox to pick mail up from over IMAP.", Mailbox::settings()),
        ("maildir", "A Maildir to pick mail up from, besides intake.maildir.", Maildir::settings()),
        ("folder", "A folder that feeds put their files into.", Folder::settings()),
        ("lease_file", "A lease file to follow as it grows.", LeaseFile::settings()),
        ("zone", "A zone that names contained lines, for a name server to serve.", Zone::settings()),
        ("bgp", "A BGP speaker that announces routes for us.", Bgp::settings()),
        (
            "access_server",
            "An access server that leads lines into a walled garden.",
            AccessServer::settings(),
        ),
        ("router", "A router that people change: what to type, for them to review.", Router::settings()),
        ("webhook", "A program that is told what happens to cases, signed.", Webhook::settings()),
    ]
}

/// The complete default file, every setting with its manual text, commented out.
pub(crate) fn complete_default() -> String {
    let mut text = String::from(
        "# nightdesk: every setting with its default, commented out.\n\
         # A working desk needs six: home, recipients, smtp, landing, outlet and from. All times take 30s, 10m, 6h, 14d.\n",
    );
    for (name, settings) in sections() {
        if !name.is_empty() {
            text.push_str(&format!("\n[{name}]\n"));
        }
        for setting in settings {
            text.push('\n');
            for line in &setting.doc {
                text.push_str(format!("#{line}").trim_end());
                text.push('\n');
            }
            match setting.default {
                Some(default) => text.push_str(&format!("# {} = {default}\n", setting.key)),
                None => text.push_str(&format!("# {} =\n", setting.key)),
            }
        }
    }
    for (name, about, settings) in tables() {
        text.push_str(&format!("\n# {about} As many [[{name}]] as you like, each with:\n# [[{name}]]\n"));
        for setting in settings {
            text.push_str("#\n");
            for line in &setting.doc {
                text.push_str(&format!("#  {line}\n"));
            }
            let default = setting.default.map(|default| format!(" {default}")).unwrap_or_default();
            text.push_str(&format!("#   {} ={default}\n", setting.key));
        }
    }
    text
}

/// Reads and checks the file at `path`; settings may be overridden by `NIGHTDESK__SECTION__KEY` in the environment.
pub(crate) fn load(path: &Path) -> Result<Config> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read the configuration {}; make one with `nightdesk init`", path.display())
    })?;
    parse(&text, &path.display().to_string())
}

/// Reads and checks a configuration given as text; `name` is how errors call it.
pub(crate) fn parse(text: &str, name: &str) -> Result<Config> {
    check::known_keys(text, name)?;
    let config: Config = Figment::from(Serialized::defaults(Config::default()))
        .merge(Toml::string(text))
        .merge(Env::prefixed("NIGHTDESK__").split("__"))
        .extract()
        .map_err(|error| anyhow::anyhow!("{name}: {}", check::in_words(&error)))?;
    check::values(&config).with_context(|| format!("{name} cannot work as it stands"))?;
    Ok(config)
}

impl Config {
    /// The database, as configured or beside the other data.
    pub(crate) fn database_url(&self) -> String {
        let beside = || format!("sqlite://{}", self.general.data_dir.join("nightdesk.db").display());
        self.general.database.clone().unwrap_or_else(beside)
    }

    /// What of the traffic is meant to be as it is.
    pub(crate) fn allowed(&self) -> Result<Vec<signs::Allowed>> {
        check::allowed(self)
    }

    /// Where flows are.
    pub(crate) fn lake_dir(&self) -> PathBuf {
        self.lake.dir.clone().unwrap_or_else(|| self.general.data_dir.join("lake"))
    }

    /// Where accepted mail lies before it is in the log.
    pub(crate) fn spool_dir(&self) -> PathBuf {
        self.general.data_dir.join("spool")
    }
}

#[cfg(test)]
mod tests;
