//! The firewalls and the walled garden, from the configuration.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use desk::FirewallSettings;
use firewall::{Insistence, Profiles};

use crate::config::Config;

/// Which firewalls are provided, and how far they are insisted on.
pub(crate) fn settings(config: &Config) -> Result<FirewallSettings> {
    let set = &config.firewall;
    let profiles = match &set.profiles {
        None => Profiles::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("firewall.profiles: cannot read {}", path.display()))?;
            Profiles::with(&text).with_context(|| format!("firewall.profiles: {}", path.display()))?
        }
    };
    let usual = profiles.get(&set.profile).cloned();
    let usual = usual.with_context(|| format!("firewall.profile: there is no profile {:?}", set.profile))?;
    if let Some(link) = &set.link {
        let web = link.starts_with("https://") || link.starts_with("http://");
        ensure!(web, "firewall.link: {link:?} is no link; write it like \"https://desk.example.net\"");
    }
    Ok(FirewallSettings {
        usual,
        profiles: Arc::new(profiles),
        insist: set.insist,
        insistence: Insistence {
            call_after: set.call_after.0,
            garden_after: set.garden_after.map(|long| long.0),
        },
        filtered: set.filtered.clone(),
        link: set.link.clone(),
        dynamic: set.mail_closed.clone(),
        relays: set.mail_relays.iter().map(|net| net.0).collect(),
    })
}

/// How the walled garden is served.
pub(crate) fn garden(config: &Config) -> web::GardenConfig {
    let set = &config.garden;
    web::GardenConfig {
        // Whoever is led there stays under the garden's own name, which still answers once the line is let out.
        url: set.url.clone().or_else(|| set.lead_to.first().map(|to| format!("http://{to}/"))),
        proxies: set.proxies.iter().map(|net| net.0).collect(),
        contact: set.contact.clone(),
    }
}
