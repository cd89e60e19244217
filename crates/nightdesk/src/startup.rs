//! From a configuration to a running night, in three steps that are three types: what can be wrong with the
//! configuration shows in [`Prepared`], what can be wrong with the machine (ports) in [`Bound`], and only then anything runs.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use desk::{
    Alarm, Answers, Blocklists, Checked, Clock, ContactTable, Contacts, Desk, Hands, MailSettings, Mailer,
    RegistryContacts, Reporters, SelfCheck, Settings, TrustedResults,
};
use edge::Outlet;
use lookup::{AsTable, Authenticator, Blocklist, Exchangers, Rdap, Resolver};
use probe::{Landing, Prober};
use sensors::smtp::{Certificate, Protocol, Recipients};
use sensors::{Tally, smtp};
use store::{Spool, Store};

use crate::accounting::AccountingServer;
use crate::config::Config;
use crate::flows::Flows;
use crate::outlets::outlets;
use crate::pickups::Pickups;
use crate::traps::Traps;
use crate::{intake, lease_files};

/// Messages on their way from the sensors to the disk. When it is full the sensors wait, then answer 451 or 503.
const DELIVERIES: usize = 64;

/// The configuration as the rooms need it, and the store open.
#[derive(Debug)]
pub(crate) struct Prepared {
    config: Config,
    store: Store,
    desk: Desk,
    outlets: Vec<Outlet>,
    mailer: Option<Mailer>,
    certificate: Option<Certificate>,
    tokens: Vec<sensors::http::Token>,
    tally: Arc<Tally>,
    pickups: Pickups,
}

/// Every listener bound.
#[derive(Debug)]
pub(crate) struct Bound {
    prepared: Prepared,
    smtp: Option<TcpListener>,
    lmtp: Option<TcpListener>,
    web: TcpListener,
    garden: Option<TcpListener>,
    flows: Option<Flows>,
    traps: Option<Traps>,
    accounting: Option<AccountingServer>,
    prober: Prober,
}

impl Prepared {
    /// Opens the store and reads every file the configuration names.
    pub(crate) async fn new(config: Config) -> Result<Prepared> {
        let store = open_store(&config).await?;
        let spool = Spool::open(&config.spool_dir())
            .with_context(|| format!("cannot use {} for accepted mail", config.spool_dir().display()))?;
        let settings = settings(&config)?;
        let mailer = settings.mail.as_ref().map(Mailer::new).transpose()?;
        let outlets = outlets(&config, &settings.territory)?;
        let desk = Desk::open(settings, store.clone(), spool, Clock::system())
            .await
            .context("cannot open the desk")?;
        desk.show_lake(open_lake(&config).await?);
        desk.provide_firewalls(crate::firewalls::settings(&config)?);
        provide_duty(&config, &desk)?;
        let certificate = match (&config.intake.certificate, &config.intake.key) {
            (Some(chain), Some(key)) => Some(Certificate::from_files(chain, key)?),
            _ => None,
        };
        let tokens =
            config.intake.tokens.iter().map(|token| sensors::http::Token::new(&token.name, &token.sha256));
        let tokens = tokens.collect::<Result<_, _>>().context("intake.tokens")?;
        let tally = Arc::new(Tally::default());
        let pickups = Pickups::new(&config, largest(&config), &tally)?;
        Ok(Prepared { config, store, desk, outlets, mailer, certificate, tokens, tally, pickups })
    }

    /// Binds every port. Nothing has been sent or accepted yet.
    pub(crate) async fn bind(self) -> Result<Bound> {
        let smtp = listen(self.config.intake.smtp, "intake.smtp").await?;
        let lmtp = listen(self.config.intake.lmtp, "intake.lmtp").await?;
        let web = listen(Some(self.config.web.listen), "web.listen").await?.context("web.listen")?;
        let garden = listen(self.config.garden.listen, "garden.listen").await?;
        let flows = Flows::bind(&self.config)?;
        let traps = Traps::set(&self.config)?;
        let accounting = AccountingServer::bind(&self.config).await?;
        let landing = Landing::bind(&self.config.probe.landing, &prober_is(&self.config))
            .await
            .context("probe.landing")?;
        let settings = probing(&self.config, self.desk.settings().territory.clone());
        let prober = Prober::new(settings, landing).context("probe")?;
        Ok(Bound { prepared: self, smtp, lmtp, web, garden, flows, traps, accounting, prober })
    }
}

/// How lines are asked.
pub(crate) fn probing(config: &Config, territory: case::Territory) -> probe::Config {
    let set = &config.probe;
    probe::Config {
        name: set.name.clone(),
        landing_name: set.landing_name.clone(),
        landing_domain: set.landing_domain.clone(),
        deadline: set.deadline.std(),
        relay_deadline: set.relay_deadline.std(),
        known_logins: set.known_logins,
        min_gap: set.min_gap.std(),
        ..probe::Config::new(territory)
    }
}

impl Bound {
    /// Where the pages are, with the port that was really bound.
    pub(crate) fn page_url(&self) -> String {
        let scheme = if self.prepared.config.web.https { "https" } else { "http" };
        let address = self.web.local_addr().unwrap_or(self.prepared.config.web.listen);
        format!("{scheme}://{address}/")
    }

    /// Where the walled garden is, with the port that was really bound.
    pub(crate) fn garden_address(&self) -> Option<SocketAddr> {
        self.garden.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Where SMTP is, with the port that was really bound.
    pub(crate) fn smtp_address(&self) -> Option<SocketAddr> {
        self.smtp.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Where flow records come in, with the ports that were really bound.
    pub(crate) fn flow_addresses(&self) -> Vec<SocketAddr> {
        self.flows.as_ref().map(Flows::addresses).unwrap_or_default()
    }

    /// Where accounting comes in, with the port that was really bound.
    pub(crate) fn accounting_address(&self) -> Option<SocketAddr> {
        self.accounting.as_ref().and_then(AccountingServer::address)
    }

    /// The desk, for whoever wants to watch.
    pub(crate) fn desk(&self) -> Desk {
        self.prepared.desk.clone()
    }

    /// Runs until `stop` turns true, then lets every part finish what it began.
    pub(crate) async fn run(self, stop: watch::Receiver<bool>) -> Result<()> {
        let Bound { prepared, smtp, lmtp, web, garden, flows, traps, accounting, prober } = self;
        let Prepared { config, store, desk, outlets, mailer, certificate, tokens, tally, pickups } = prepared;
        let (deliveries, incoming) = mpsc::channel(DELIVERIES);
        let mut parts = JoinSet::new();
        parts.spawn(intake::put_on_disk(desk.clone(), incoming));
        for (listener, protocol) in [(smtp, Protocol::Smtp), (lmtp, Protocol::Lmtp)] {
            let Some(listener) = listener else { continue };
            let settings = smtp_config(&config, protocol, certificate.clone(), &tally)?;
            parts.spawn(well(smtp::serve(listener, settings, deliveries.clone(), stop.clone())));
        }
        show_mailboxes(&desk, pickups.mailboxes());
        pickups.start(&mut parts, &deliveries, &stop);
        if let Some(selfcheck) = selfcheck(&config, desk.settings())? {
            parts.spawn(well(selfcheck.run(desk.clone(), stop.clone())));
        }
        if let Some(asked) = standing(&config)? {
            desk.show_blocklists(blocklists(&config));
            parts.spawn(well(asked.run(desk.clone(), stop.clone())));
        }
        show_lease_sources(&desk, accounting.as_ref(), flows.as_ref());
        lease_files::start(&config, &mut parts, &store, &stop)?;
        if let Some(accounting) = accounting {
            let listeners = outlets.iter().filter_map(Outlet::sessions).collect();
            accounting.start(&mut parts, store.clone(), listeners, &stop);
        }
        if let Some(flows) = flows {
            flows.start(&mut parts, &desk, &store, &stop)?;
        }
        if let Some(traps) = traps {
            traps.start(&mut parts, &desk, &stop);
        }
        let mut reports = sensors::http::Config::new(tokens);
        reports.tally = tally;
        reports.body_bytes = largest(&config);
        let metrics_from = config.web.metrics_from.iter().map(|net| net.0).collect();
        let site = web::Config { https: config.web.https, metrics_from, ..web::Config::default() };
        let pages = sensors::http::router(reports, deliveries).merge(web::router(desk.clone(), site));
        parts.spawn(well(serve_pages(web, pages, stop.clone())));
        if let Some(garden) = garden {
            let pages = web::garden(desk.clone(), crate::firewalls::garden(&config));
            parts.spawn(well(serve_pages(garden, pages, stop.clone())));
        }
        if let Some(path) = config.general.never_touch_file.clone() {
            parts.spawn(well(until_stopped(stop.clone(), desk.clone().keep_never_touch(path))));
        }
        if let Some(path) = config.oncall.file.clone() {
            parts.spawn(well(until_stopped(stop.clone(), desk.clone().keep_rota(path))));
        }
        let hands = Hands { prober: Arc::new(prober), outlets, mailer };
        parts.spawn(well(async move { desk.run(hands, stop).await }));
        while let Some(ended) = parts.join_next().await {
            ended.context("a part of nightdesk failed; what was accepted is on disk, start it again")??;
        }
        Ok(())
    }
}

/// A part that ends only when it is told to.
pub(crate) async fn well(part: impl Future<Output = ()>) -> Result<()> {
    part.await;
    Ok(())
}

/// A part that goes on for ever, until it is told to end.
async fn until_stopped(mut stop: watch::Receiver<bool>, part: impl Future<Output = ()>) {
    tokio::select! {
        () = part => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn serve_pages(listener: TcpListener, pages: axum::Router, mut stop: watch::Receiver<bool>) {
    let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
    let service = pages.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the pages stopped");
    }
}

/// Opens the configured store and brings its tables up to date.
pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    make_data_dir(config)?;
    Store::open(&config.database_url()).await.context("cannot open the database")
}

/// Opens the flows on disk, to be asked.
pub(crate) async fn open_lake(config: &Config) -> Result<lake::Lake> {
    let limits = lake::Limits { memory_mib: config.lake.memory.into(), time: config.lake.limit.std() };
    lake::Lake::open(config.lake_dir(), limits).await.context("cannot open the flows on disk")
}

/// Makes the folder everything is kept in, for our eyes only.
pub(crate) fn make_data_dir(config: &Config) -> Result<()> {
    let dir = &config.general.data_dir;
    // Customers' data, evidence and password hashes: nobody else on the machine may read them.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(|| {
        format!("cannot make {}; make it and give it to the user nightdesk runs as", dir.display())
    })
}

/// What is ours, less what is never touched.
pub(crate) fn territory(config: &Config) -> Result<case::Territory> {
    let home = case::Home::new(config.general.home.iter().copied()).context("home")?;
    let never_touch = case::NeverTouch::from(config.general.never_touch.clone());
    if let Some(path) = &config.general.never_touch_file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("never_touch_file: cannot read {}", path.display()))?;
        let nets = case::NeverTouch::parse(&text)
            .with_context(|| format!("never_touch_file: {}", path.display()))?;
        never_touch.replace(nets);
    }
    Ok(case::Territory { home, never_touch })
}

/// The customer system, where there is one to ask.
pub(crate) fn customers(config: &Config) -> Result<Option<lookup::Customers>> {
    let url = config.leases.customer_url.as_deref();
    url.map(lookup::Customers::new).transpose().context("leases.customer_url")
}

/// The translators that give out ports by formula.
pub(crate) fn mappings(config: &Config) -> Result<Vec<lease::nat::Deterministic>> {
    let mapping = |one: &crate::config::NatMapping| {
        lease::nat::Deterministic::new(one.inside, one.outside, one.first_port, one.ports_each, one.since)
    };
    config.leases.nat.iter().map(mapping).collect::<Result<_, _>>().context("leases.nat")
}

fn settings(config: &Config) -> Result<Settings> {
    let mailbox =
        |text: &str| desk::check_mailbox(text).map_err(|error| anyhow::anyhow!("{text:?}: {error}"));
    let mail = match (&config.mail.relay, &config.mail.from) {
        (Some(relay), Some(from)) => Some(MailSettings {
            relay: relay.clone(),
            port: config.mail.port,
            require_tls: config.mail.require_tls,
            from: mailbox(from)?,
            operators: config.mail.operators.as_deref().map(mailbox).transpose()?,
        }),
        _ => None,
    };
    let playbook = playbook(config)?;
    Ok(Settings {
        territory: territory(config)?,
        playbook,
        clock_skew: config.leases.clock_skew.0,
        mappings: mappings(config)?,
        customers: customers(config)?,
        subscriber_mail: config.leases.subscriber_mail.clone(),
        letters: letters(config)?,
        customer_pages: config.letters.link.clone(),
        reporters: reporters(config)?,
        trusted_results: TrustedResults {
            authserv_id: config.intake.authserv_id.clone(),
            relays: config.intake.trusted_relays.clone(),
        },
        answers: answers(config, mail.as_ref())?,
        quirks: Arc::new(crate::quirks::read(config.intake.quirks.as_deref()).context("intake.quirks")?),
        outbound: desk::Outbound::new(&config.outbound.allow, &config.general.never_touch),
        hooks: hooks(config)?.into(),
        mail,
    })
}

/// The programs that are told what happens to cases.
fn hooks(config: &Config) -> Result<Vec<desk::Hook>> {
    let mut hooks: Vec<desk::Hook> = Vec::new();
    for set in &config.webhook {
        let secret = std::fs::read_to_string(&set.secret_file).with_context(|| {
            format!("webhook {}: cannot read secret_file {}", set.name, set.secret_file.display())
        })?;
        let secret = secret.lines().next().unwrap_or_default();
        let hook = desk::Hook::new(&set.name, &set.url, secret, &set.events, &set.search)
            .map_err(|why| anyhow::anyhow!("webhook {:?}: {why}", set.name))?;
        anyhow::ensure!(
            hooks.iter().all(|one| one.name != hook.name),
            "two webhooks are called {:?}",
            hook.name
        );
        hooks.push(hook);
    }
    Ok(hooks)
}

/// What customers are written.
pub(crate) fn letters(config: &Config) -> Result<desk::Letters> {
    let set = &config.letters;
    if let Some(link) = &set.link {
        let web = link.starts_with("https://") || link.starts_with("http://");
        anyhow::ensure!(web, "letters.link: {link:?} is no link; write it like \"https://desk.example.net\"");
    }
    desk::Letters::new(set.folder.as_deref(), &set.language, &set.contact).context("letters")
}

/// The playbook that the configuration names, or makes of the built-in one.
pub(crate) fn playbook(config: &Config) -> Result<case::Playbook> {
    let playbook = match &config.playbook.file {
        Some(file) => crate::playbooks::read(file).context("playbook.file")?,
        None => case::Playbook {
            spamcop_resolved: config.answers.spamcop_resolved,
            ..case::Playbook::from(&config.playbook)
        },
    };
    // A tenth more than the prober's own gap, so that no question is put just too early.
    let least_gap = config.probe.min_gap.0.saturating_add(config.probe.min_gap.0 / 10);
    Ok(case::Playbook { least_gap, ..playbook }.settled())
}

/// Who is believed how far, and what is asked of DNS for it.
fn reporters(config: &Config) -> Result<Reporters> {
    let lookup = &config.lookup;
    let named: Vec<String> = config.intake.trusted_reporters.iter().map(|name| name.to_lowercase()).collect();
    let networks = lookup
        .as_table
        .as_deref()
        .map(|path| AsTable::read(path).with_context(|| format!("lookup.as_table: {}", path.display())));
    let networks = Arc::new(networks.transpose()?.unwrap_or_default());
    let resolver = lookup.authenticate.then(|| Resolver::new(&lookup.resolvers));
    let known = lookup::Config { trusted_sealers: lookup.trusted_sealers.clone(), known: named.clone() };
    let authenticator = match resolver {
        Some(Ok(resolver)) => Some(Authenticator::new(&resolver, known)),
        // A machine without name servers still reads and judges; its reporters are strangers, and it says so once.
        Some(Err(error)) if lookup.resolvers.is_empty() => {
            tracing::warn!(%error, "no sender of a report will be shown to be who it says");
            None
        }
        Some(Err(error)) => return Err(error).context("lookup.resolvers"),
        None => None,
    };
    Ok(Reporters { named, networks, authenticator })
}

fn answers(config: &Config, mail: Option<&MailSettings>) -> Result<Answers> {
    let set = &config.answers;
    let contact = |one: &crate::config::Contact| {
        let mailbox = desk::check_mailbox(&one.mailbox).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok((one.net, mailbox.email))
    };
    let table = set.contacts.iter().map(contact).collect::<Result<_>>().context("answers.contacts")?;
    let table = ContactTable::new(table);
    let contacts: Arc<dyn Contacts> = match &config.lookup.rdap {
        Some(base) => Arc::new(RegistryContacts::new(table, Rdap::new(base), territory(config)?.home)),
        None => Arc::new(table),
    };
    let senders = mail.into_iter().flat_map(|mail| [Some(&mail.from), mail.operators.as_ref()]);
    let own = senders.flatten().map(|mailbox| mailbox.email.to_string());
    Ok(Answers {
        spamcop: set.spamcop.clone(),
        own: own.chain(recipients(config)).collect(),
        per_address_hourly: set.per_address_hourly,
        per_domain_daily: set.per_domain_daily,
        xarf_out: set.xarf_out,
        xarf_traps: config.traps.report_scanners,
        xarf_per_contact_daily: set.xarf_per_contact_daily,
        contacts,
    })
}

/// Who probes, and whom to write to about it, as the landing's page says it.
pub(crate) fn prober_is(config: &Config) -> String {
    let contact = config.probe.contact.clone().or_else(|| recipients(config).next());
    let name = &config.probe.name;
    contact.map_or_else(|| name.clone(), |contact| format!("{name} ({contact})"))
}

/// Who mail is accepted for, without the words that say what for.
fn recipients(config: &Config) -> impl Iterator<Item = String> {
    config.intake.recipients.iter().filter_map(|one| one.split_whitespace().next()).map(str::to_owned)
}

/// The desk without its night, for a command that acts on one case while the night may be running elsewhere.
pub(crate) async fn open_desk(config: &Config) -> Result<Desk> {
    let store = open_store(config).await?;
    let spool = Spool::open(&config.spool_dir())
        .with_context(|| format!("cannot use {} for accepted mail", config.spool_dir().display()))?;
    let desk =
        Desk::open(settings(config)?, store, spool, Clock::system()).await.context("cannot open the desk")?;
    provide_duty(config, &desk)?;
    Ok(desk)
}

/// Says who is on duty, where the configuration does.
fn provide_duty(config: &Config, desk: &Desk) -> Result<()> {
    let Some(file) = &config.oncall.file else { return Ok(()) };
    let settings = desk::DutySettings {
        link: config.oncall.link.clone().or_else(|| config.letters.link.clone()),
        heartbeat: config.oncall.heartbeat.clone(),
        heartbeat_every: config.oncall.heartbeat_every.0,
    };
    desk.provide_duty(desk::read_rota(file).context("oncall.file")?, settings);
    Ok(())
}

/// The pages ask how the mailboxes are.
fn show_mailboxes(desk: &Desk, mailboxes: sensors::imap::Mailboxes) {
    desk.show_mailboxes(move || {
        let shown = |one: sensors::imap::Mailbox| desk::MailboxView {
            name: one.name,
            tags: one.tags,
            last_look: one.last_look,
            messages: one.messages,
            left: one.left,
            errors: one.errors,
            trouble: one.trouble,
        };
        mailboxes.read().into_iter().map(shown).collect()
    });
}

fn show_lease_sources(desk: &Desk, accounting: Option<&AccountingServer>, flows: Option<&Flows>) {
    let accounting = accounting.map(AccountingServer::view);
    let translators = flows.and_then(Flows::translator_counts);
    desk.show_lease_sources(move || desk::LeaseSourcesView {
        accounting: accounting.as_ref().map(|view| view()),
        translators: translators.as_ref().map(|counts| counts.view()),
    });
}

/// Everything that the self-check looks at.
pub(crate) fn checked(config: &Config) -> Result<Vec<Checked>> {
    let set = &config.selfcheck;
    let mut addresses = Vec::new();
    for text in &set.addresses {
        let mailbox = desk::check_mailbox(text).map_err(|error| anyhow::anyhow!("{text:?}: {error}"))?;
        addresses.push(mailbox.email);
    }
    let prefixes = if set.rdap { config.general.home.as_slice() } else { &[] };
    Ok(Checked::all(&addresses, set.mx, prefixes))
}

/// The self-check, where anything is to be checked.
fn selfcheck(config: &Config, settings: &Settings) -> Result<Option<SelfCheck>> {
    let set = &config.selfcheck;
    let checked = checked(config)?;
    if checked.is_empty() {
        return Ok(None);
    }
    let mail = settings.mail.as_ref();
    let sender = mail.map(|mail| mail.from.email.to_string());
    let resolver = set.mx.then(|| Resolver::new(&config.lookup.resolvers)).transpose();
    let resolver = resolver.context("selfcheck.mx asks DNS")?;
    Ok(Some(SelfCheck {
        checked,
        intake: recipients(config).chain(set.addresses.iter().cloned()).chain(sender).collect(),
        rdap: config.lookup.rdap.as_deref().filter(|_| set.rdap).map(Rdap::new),
        exchangers: resolver.map(|resolver| Exchangers::new(resolver, Exchangers::SMTP)),
        every: set.every.0,
        limit: set.limit.0,
        mailer: mail.map(Mailer::new).transpose()?,
        operators: mail.and_then(|mail| mail.operators.clone()),
        alarm: Alarm { command: set.alarm_command.clone(), webhook: set.alarm_webhook.clone() },
    }))
}

/// The blocklists that are asked, by domain and note.
pub(crate) fn blocklists(config: &Config) -> Vec<(String, String)> {
    let zone = |zone: &str| zone.trim_matches('.').to_ascii_lowercase();
    config.standing.lists.iter().map(|list| (zone(&list.zone), list.note.clone())).collect()
}

/// Whoever asks them, where there are any.
fn standing(config: &Config) -> Result<Option<Blocklists>> {
    let lists = blocklists(config);
    if lists.is_empty() {
        return Ok(None);
    }
    let resolver = Resolver::new(&config.lookup.resolvers).context("standing.lists asks DNS")?;
    Ok(Some(Blocklists {
        lists: lists.iter().map(|(zone, _)| Blocklist::new(resolver.clone(), zone)).collect(),
        sample: config.standing.sample,
        per_second: config.standing.per_second,
    }))
}

fn smtp_config(
    config: &Config,
    protocol: Protocol,
    certificate: Option<Certificate>,
    tally: &Arc<Tally>,
) -> Result<smtp::Config> {
    let recipients = Recipients::parse(config.intake.recipients.iter().map(String::as_str))
        .context("intake.recipients")?;
    let mut settings = smtp::Config::new(protocol, hostname(config), recipients);
    settings.tls = certificate;
    settings.limits.message_bytes = largest(config);
    settings.tally = tally.clone();
    Ok(settings)
}

/// The largest message accepted, by whichever way.
fn largest(config: &Config) -> usize {
    usize::try_from(config.intake.max_message).unwrap_or(usize::MAX)
}

fn hostname(config: &Config) -> String {
    let of_machine = || {
        let name = rustix::system::uname();
        name.nodename().to_string_lossy().into_owned()
    };
    config.intake.hostname.clone().unwrap_or_else(of_machine)
}

async fn listen(address: Option<SocketAddr>, key: &str) -> Result<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    let bound = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} ({key}); is another program on that port, or does it need more rights?")
    });
    bound.map(Some)
}
