//! What is wrong with a configuration, in plain words, before anything starts.

use anyhow::{Context, Result, bail, ensure};

use super::{Config, sections, tables};

/// Refuses a key that does not exist and names the nearest that does.
pub(super) fn known_keys(text: &str, name: &str) -> Result<()> {
    let table: toml::Table = text.parse().with_context(|| format!("{name} is not TOML"))?;
    let known = sections();
    let all: Vec<String> = known
        .iter()
        .flat_map(|(section, settings)| settings.iter().map(|setting| path(section, setting.key)))
        .chain(
            tables()
                .iter()
                .flat_map(|(table, _, settings)| settings.iter().map(|setting| path(table, setting.key))),
        )
        .collect();
    for (key, value) in &table {
        if tables().iter().any(|(name, _, _)| name == key) {
            let toml::Value::Array(several) = value else {
                bail!("{name}: {key} may stand more than once; write [[{key}]] on a line of its own");
            };
            for inner_key in several.iter().filter_map(toml::Value::as_table).flat_map(toml::Table::keys) {
                refuse_unknown(&path(key, inner_key), &all, text, name)?;
            }
            continue;
        }
        let is_section = known.iter().any(|(section, _)| section == key);
        match value {
            toml::Value::Table(inner) if is_section => {
                for inner_key in inner.keys() {
                    refuse_unknown(&path(key, inner_key), &all, text, name)?;
                }
            }
            _ if is_section => bail!("{name}: {key} is a section; write [{key}] on a line of its own"),
            _ => refuse_unknown(key, &all, text, name)?,
        }
    }
    Ok(())
}

fn path(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

fn refuse_unknown(key: &str, known: &[String], text: &str, name: &str) -> Result<()> {
    if known.iter().any(|one| one == key) {
        return Ok(());
    }
    let last = key.rsplit('.').next().unwrap_or(key);
    let line = text.lines().position(|line| line.trim_start().trim_start_matches('[').starts_with(last));
    let at = line.map(|line| format!(":{}", line + 1)).unwrap_or_default();
    // The last part weighs: `landng` at the top level is still meant to be `probe.landing`.
    let distance = |one: &&String| {
        let its_last = one.rsplit('.').next().unwrap_or(one);
        strsim::damerau_levenshtein(one, key).min(strsim::damerau_levenshtein(its_last, last))
    };
    let nearest = known.iter().min_by_key(distance);
    let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    bail!("{name}{at}: there is no setting {key}{hint}")
}

/// A value of the wrong shape: which key, what was expected.
pub(super) fn in_words(error: &figment::Error) -> String {
    error
        .clone()
        .into_iter()
        .map(|error| {
            let key = error.path.join(".");
            if key.is_empty() { error.kind.to_string() } else { format!("{key}: {}", error.kind) }
        })
        .collect::<Vec<_>>()
        .join("; ")
}

/// What no single value can show: settings that need each other, or cannot work.
pub(super) fn values(config: &Config) -> Result<()> {
    lease::Home::new(config.general.home.iter().copied()).context("home")?;
    let outside = config
        .general
        .never_touch
        .iter()
        .find(|net| !config.general.home.iter().any(|home| home.contains(*net) || net.contains(home)));
    if let Some(net) = outside {
        bail!("never_touch: {net} is not inside home; a list that guards nothing is a mistake somewhere");
    }
    let listens = config.intake.smtp.is_some() || config.intake.lmtp.is_some();
    ensure!(
        !listens || !config.intake.recipients.is_empty(),
        "intake.recipients is empty; name who mail is accepted for, such as [\"abuse@example.net\"]"
    );
    ensure!(
        config.intake.certificate.is_some() == config.intake.key.is_some(),
        "intake.certificate and intake.key go together; one of them is missing"
    );
    ensure!(
        !config.probe.landing.is_empty(),
        "probe.landing is empty; name an address of this machine that subscribers can connect to"
    );
    if config.mail.relay.is_some() {
        let from =
            config.mail.from.as_deref().context("mail.from is missing; it is needed with mail.relay")?;
        mailbox("mail.from", from)?;
    }
    if let Some(operators) = &config.mail.operators {
        mailbox("mail.operators", operators)?;
    }
    oncall(config)?;
    pickups(config)?;
    answers(config)?;
    flows(config)?;
    traps(config)?;
    leases(config)?;
    crate::firewalls::settings(config).map(drop)?;
    crate::outlets::outlets(config, &crate::startup::territory(config)?)?;
    ensure!(
        config.selfcheck.addresses.is_empty() || config.mail.relay.is_some(),
        "selfcheck.addresses needs mail.relay and mail.from; without them nothing can be sent"
    );
    ensure!(
        !config.selfcheck.mx || !config.selfcheck.addresses.is_empty(),
        "selfcheck.mx needs selfcheck.addresses; it is their domains that are looked at"
    );
    ensure!(
        !config.selfcheck.rdap || config.lookup.rdap.is_some(),
        "selfcheck.rdap needs lookup.rdap; without it there is no registry to ask"
    );
    standing(&config.standing)?;
    if let Some(base) = &config.lookup.rdap {
        let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
        ensure!(
            host.is_some_and(|host| !host.is_empty()
                && !host.starts_with('/')
                && !host.contains([' ', '?', '#'])),
            "lookup.rdap: {base:?} is no server to ask; write it like \"https://rdap.example.net\""
        );
    }
    config.selfcheck.addresses.iter().try_for_each(|address| mailbox("selfcheck.addresses", address))?;
    ensure!(!config.edge.command.is_empty(), "edge.command is empty; write [\"nft\"]");
    let lengths = [
        ("selfcheck.every", config.selfcheck.every.0),
        ("lake.keep", config.lake.keep.0),
        ("lake.limit", config.lake.limit.0),
        ("selfcheck.limit", config.selfcheck.limit.0),
        ("probe.deadline", config.probe.deadline.0),
        ("probe.relay_deadline", config.probe.relay_deadline.0),
        ("playbook.block_for", config.playbook.block_for.0),
        ("playbook.recheck_every", config.playbook.recheck_every.0),
    ];
    for (key, length) in lengths {
        ensure!(!length.is_zero(), "{key} is 0; nothing could come of it");
    }
    ensure!(
        !config.playbook.usual_ports.is_empty(),
        "playbook.usual_ports is empty; a report that names no port could never be checked"
    );
    ensure!(
        config.edge.max_new_per_hour > 0,
        "edge.max_new_per_hour is 0; nothing would ever be blocked, for that say outlet = \"dry-run\""
    );
    ensure!(
        config.lake.memory >= 64,
        "lake.memory is {} MiB; a question needs 64 at least",
        config.lake.memory
    );
    own_services(config)?;
    let set = &config.playbook;
    let alone =
        sections::Playbook { file: set.file.clone(), outlets: set.outlets.clone(), ..Default::default() };
    ensure!(
        set.file.is_none() || (*set == alone && config.answers.spamcop_resolved),
        "playbook.file says the whole playbook; take the other settings of [playbook] but outlets, and \
         answers.spamcop_resolved, out of this file"
    );
    ensure!(
        config.playbook.block_for.0 <= edge::LONGEST_BLOCK,
        "playbook.block_for is longer than the edge allows ({} h)",
        edge::LONGEST_BLOCK.as_hours()
    );
    Ok(())
}

/// Who is on duty must be readable from the start; what is written later may be wrong, and is said.
fn oncall(config: &Config) -> Result<()> {
    if let Some(file) = &config.oncall.file {
        desk::read_rota(file).context("oncall.file")?;
    }
    for (name, url) in [("oncall.link", &config.oncall.link), ("oncall.heartbeat", &config.oncall.heartbeat)]
    {
        let Some(url) = url else { continue };
        desk::Outbound::check(url).with_context(|| name)?;
    }
    Ok(())
}

/// Where mail is picked up.
fn pickups(config: &Config) -> Result<()> {
    sensors::smtp::Recipients::parse(config.intake.recipients.iter().map(String::as_str))
        .map(drop)
        .or_else(|error| if config.intake.recipients.is_empty() { Ok(()) } else { Err(error) })
        .context("intake.recipients")?;
    for one in &config.mailbox {
        one.check().with_context(|| format!("mailbox {:?}", one.name()))?;
    }
    let mut names: Vec<String> = config.mailbox.iter().map(super::Mailbox::name).collect();
    names.sort_unstable();
    if let Some([twice, _]) = names.array_windows().find(|[one, next]| one == next) {
        bail!("two mailboxes are called {twice:?}; give each a name of its own");
    }
    let dirs = config.maildir.iter().map(|one| ("maildir", &one.dir));
    for (table, dir) in dirs.chain(config.folder.iter().map(|one| ("folder", &one.dir))) {
        ensure!(!dir.as_os_str().is_empty(), "a [[{table}]] has no dir");
    }
    Ok(())
}

/// Where leases come in.
fn leases(config: &Config) -> Result<()> {
    crate::accounting::check(config)?;
    crate::nat_events::check(config)?;
    crate::startup::mappings(config)?;
    crate::startup::customers(config)?;
    for one in &config.lease_file {
        ensure!(!one.path.as_os_str().is_empty(), "a [[lease_file]] has no path");
        ensure!(!one.every.0.is_zero(), "lease_file.every is 0; write 2s");
        crate::lease_files::zone(one.zone.as_deref()).context("lease_file.zone")?;
    }
    Ok(())
}

/// Where flow records come in.
fn flows(config: &Config) -> Result<()> {
    let set = &config.flows;
    ensure!(
        set.listen.is_empty() || !set.exporters.is_empty(),
        "flows.exporters is empty; name your routers, such as [\"192.0.2.1\"]: datagrams of anybody else are not read"
    );
    ensure!(
        set.exporters.is_empty() || !set.listen.is_empty(),
        "flows.listen is empty; say where flow records come in, such as [\"0.0.0.0:2055\"]"
    );
    let everybody = set.exporters.iter().find(|net| net.0.prefix_len() == 0);
    if let Some(net) = everybody {
        bail!("flows.exporters: {net} is everybody; anybody could then forge what your lines do");
    }
    for one in &set.sampling {
        ensure!(
            one.rate > 0,
            "flows.sampling: {} cannot look at one packet in 0; write 1 for all",
            one.exporter
        );
        ensure!(
            set.exporters.iter().any(|net| net.0.contains(&one.exporter)),
            "flows.sampling: {} is not one of flows.exporters",
            one.exporter
        );
    }
    ensure!(set.threads > 0, "flows.threads is 0; nobody would watch");
    allowed(config).map(drop)
}

/// Traps are spare addresses of ours, and none that we ourselves listen on.
fn traps(config: &Config) -> Result<()> {
    let set = &config.traps;
    let home = |net: &ipnet::IpNet| config.general.home.iter().any(|home| home.contains(net));
    if let Some(net) = set.prefixes.iter().find(|net| !home(net)) {
        bail!("traps.prefixes: {net} is not inside home; a trap stands on addresses of your own");
    }
    let listeners = [config.intake.smtp, config.intake.lmtp, Some(config.web.listen)].into_iter().flatten();
    let mut own = listeners.chain(config.probe.landing.iter().chain(&config.flows.listen).copied());
    if let Some(own) = own.find(|own| set.prefixes.iter().any(|net| net.contains(&own.ip()))) {
        bail!("traps.prefixes: nightdesk itself listens on {own}, which is no spare address");
    }
    ensure!(set.port != 0, "traps.port is 0; the rules need one port to hand packets to");
    for (key, length) in
        [("traps.silence", set.silence.0), ("traps.idle", set.idle.0), ("traps.longest", set.longest.0)]
    {
        ensure!(!length.is_zero(), "{key} is 0; nothing could come of it");
    }
    Ok(())
}

/// What of the traffic is allowed; it must be ours, or a peer outside that may be called.
pub(super) fn allowed(config: &Config) -> Result<Vec<signs::Allowed>> {
    let read = |text: &String| text.parse().map_err(|error| anyhow::anyhow!("flows.allowed: {error}"));
    config.flows.allowed.iter().map(read).collect()
}

/// What is written to others must reach somebody, and must not come back to us.
fn answers(config: &Config) -> Result<()> {
    let spamcop = &config.answers.spamcop;
    mailbox("answers.spamcop", &format!("resolved.1@{spamcop}"))?;
    for contact in &config.answers.contacts {
        mailbox("answers.contacts", &contact.mailbox)?;
        let ours = config
            .general
            .home
            .iter()
            .find(|home| home.contains(&contact.net) || contact.net.contains(*home));
        if let Some(home) = ours {
            bail!(
                "answers.contacts: {} overlaps {home}, which is home; nobody outside answers for it",
                contact.net
            );
        }
    }
    Ok(())
}

/// Our own listeners inside home must be out of our own reach.
fn own_services(config: &Config) -> Result<()> {
    let listeners = [config.intake.smtp, config.intake.lmtp, Some(config.web.listen)].into_iter().flatten();
    let more = config.probe.landing.iter().chain(&config.flows.listen).copied();
    let mut ours = listeners.chain(more).map(|one| one.ip());
    let guarded = |address| config.general.never_touch.iter().any(|net| net.contains(&address));
    let home = |address| config.general.home.iter().any(|net| net.contains(&address));
    match ours.find(|address| home(*address) && !guarded(*address)) {
        Some(address) => bail!(
            "{address} is ours, inside home and not on never_touch: nightdesk could block itself; add {address}/{} to never_touch",
            if address.is_ipv4() { 32 } else { 128 }
        ),
        None => Ok(()),
    }
}

fn mailbox(key: &str, text: &str) -> Result<()> {
    // lettre's own reading decides, so that what passes here can be sent.
    match desk::check_mailbox(text) {
        Ok(_) => Ok(()),
        Err(error) => bail!("{key}: {text:?} is no mail address: {error}"),
    }
}

/// The lists that are asked, by name and number.
fn standing(set: &super::sections::Standing) -> Result<()> {
    ensure!(set.lists.len() <= 16, "standing.lists: {} are too many; name sixteen at most", set.lists.len());
    ensure!(set.sample <= 4096, "standing.sample: {} is too many; 4096 is the most", set.sample);
    ensure!((1..=100).contains(&set.per_second), "standing.per_second must lie between 1 and 100");
    for (place, list) in set.lists.iter().enumerate() {
        let zone = list.zone.trim_matches('.');
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        // The nibbles of an IPv6 address stand before it, and a name has 253 letters at most.
        let is_domain = zone.len() <= 189 && zone.contains('.') && zone.split('.').all(is_label);
        ensure!(is_domain, "standing.lists: {:?} is no domain such as \"bl.example.net\"", list.zone);
        let again = set.lists.iter().take(place).any(|other| other.zone.eq_ignore_ascii_case(&list.zone));
        ensure!(!again, "standing.lists: {:?} is named twice", list.zone);
    }
    Ok(())
}
