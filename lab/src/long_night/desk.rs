//! The desk of a long night: a process of its own, so that it can be killed. It hears on its standard input what happens in
//! the world and what time it is, and says on its standard output what came of it. Nothing else tells it anything.

use std::io::{BufReader, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use case::{Actor, CaseId, Choices, Command, Playbook, Stage, SubscriberId, Territory};
use clap::Parser;
use desk::{ByHand, Clock, Desk, DutySettings, Hands, Outbound, Settings, TrustedResults};
use edge::{DryRun, Outlet};
use flow::wire::Decoder;
use jiff::{SignedDuration, Timestamp};
use lease::{Lease, LeaseSource};
use oncall::Rota;
use probe::{Landing, Prober};
use serde_json::json;
use store::{Delivery, Spool, Store};

use super::frame::{self, Word};
use super::{LANDING, RELAY, people};

/// The desk of a long night.
#[derive(Debug, Parser)]
#[command(name = "lab long-night-desk")]
struct Words {
    /// Its folder.
    folder: PathBuf,
    /// When the night is, at the start of this life.
    at: Timestamp,
    /// How many lines there are.
    lines: u32,
}

/// Runs the desk until its standard input ends.
pub(crate) fn run(words: &[String]) -> Result<()> {
    let words =
        Words::parse_from(std::iter::once("lab long-night-desk").chain(words.iter().map(String::as_str)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut life = Life::begin(&words).await?;
        let mut input = BufReader::with_capacity(1 << 20, std::io::stdin());
        while let Some(word) = frame::read(&mut input)? {
            life.hear(word).await?;
        }
        Ok(())
    })
}

/// One life of the desk, from its start to whatever ends it.
struct Life {
    desk: Desk,
    store: Store,
    clock: Clock,
    night: ByHand,
    decoder: Decoder,
    in_force: Vec<(IpAddr, String)>,
}

impl Life {
    async fn begin(words: &Words) -> Result<Life> {
        let folder = &words.folder;
        std::fs::create_dir_all(folder)?;
        let store = Store::open(&format!("sqlite://{}", folder.join("nightdesk.db").display())).await?;
        if store.lease_count().await? == 0 {
            lease_all(&store, words).await?;
        }
        let spool = Spool::open(&folder.join("spool"))?;
        let clock = Clock::standing_at(words.at);
        let settings = settings()?;
        let territory = settings.territory.clone();
        let desk = Desk::open(settings, store.clone(), spool, clock.clone()).await?;
        let rota = Rota::parse(&people::rota(folder)).map_err(|error| anyhow::anyhow!("{error}"))?;
        let link = Some("https://desk.example.net".to_owned());
        desk.provide_duty(rota, DutySettings { link, ..DutySettings::default() });
        let landing: SocketAddr = LANDING.parse()?;
        let mut probing = probe::Config::new(territory.clone());
        // By the machine's clock a night is over in minutes; the gap that counts here is the playbook's, by the night's clock.
        probing.min_gap = std::time::Duration::ZERO;
        probing.deadline = std::time::Duration::from_secs(3);
        probing.ports_per_second = 10_000;
        let landing = Landing::bind(&[landing], "nightdesk of the lab").await?;
        let prober = Arc::new(Prober::new(probing, landing)?);
        let limits = edge::Config { territory, max_new_per_hour: 10_000 };
        let outlets = vec![Outlet::DryRun(DryRun::new(limits))];
        let mailer = desk.settings().mail.as_ref().map(desk::Mailer::new).transpose()?;
        let learnt = folder.join("learnt");
        let night = ByHand::new(desk.clone(), Hands { prober, outlets, mailer }, Some(&learnt)).await?;
        Ok(Life { desk, store, clock, night, decoder: Decoder::default(), in_force: Vec::new() })
    }

    async fn hear(&mut self, word: Word) -> Result<()> {
        match word {
            Word::Time(at) => self.pass_until(at).await,
            Word::Mail { id, source, bytes } => self.take_mail(id, source, bytes).await,
            Word::Flows(messages) => self.take_flows(&messages),
            Word::Acknowledge(link) => self.acknowledge(&link).await,
            Word::Approve(by) => self.approve(&by).await,
            Word::Numbers => self.tell_numbers().await,
        }
    }

    async fn pass_until(&mut self, at: Timestamp) -> Result<()> {
        self.clock.advance(at.duration_since(self.desk.now()));
        self.night.settle().await?;
        let edge = self.desk.edge_now();
        let mut now: Vec<(IpAddr, String)> =
            edge.in_force.iter().map(|rule| (rule.key.address, rule.key.to_string())).collect();
        now.sort();
        let changed =
            (now != self.in_force).then(|| now.iter().map(|(address, _)| *address).collect::<Vec<_>>());
        self.in_force = now;
        say(&json!({ "settled": at, "in_force": changed }))
    }

    /// What is answered is on the disk.
    async fn take_mail(&mut self, id: String, source: String, bytes: Vec<u8>) -> Result<()> {
        let envelope = json!({ "tags": if source == "trusted" { json!(["trusted"]) } else { json!([]) } });
        let delivery = Delivery {
            id: id.clone(),
            source: "smtp".to_owned(),
            envelope,
            received: self.desk.now(),
            bytes,
        };
        let desk = self.desk.clone();
        let accepted = tokio::task::spawn_blocking(move || desk.accept(vec![delivery])).await?;
        for one in accepted {
            one.context("a mail could not be put on disk")?;
        }
        say(&json!({ "on_disk": id }))
    }

    fn take_flows(&mut self, mut messages: &[u8]) -> Result<()> {
        let mut flows = Vec::new();
        while let Some(length) = messages.get(2..4) {
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let Some((message, rest)) = messages.split_at_checked(length) else {
                bail!("a message was cut off")
            };
            let received = flow::Millis::from(self.desk.now());
            self.decoder.decode(IpAddr::from([192, 0, 2, 2]), received, message, &mut flows);
            messages = rest;
        }
        self.night.see(&flows);
        Ok(())
    }

    async fn acknowledge(&self, link: &str) -> Result<()> {
        let mut parts = link.split('/');
        let mut part = || parts.next().context("a link of three parts");
        let (page, ring, mark) = (part()?.parse(), part()?.parse(), part()?);
        let (Ok(page), Ok(ring)) = (page, ring) else { bail!("{link} is no link to a page") };
        self.desk.acknowledge_by_link(page, ring, mark).await?;
        Ok(())
    }

    /// A person looks at whatever waits for a second one and says yes.
    async fn approve(&self, by: &str) -> Result<()> {
        let mut waiting: Vec<CaseId> = Vec::new();
        for page in 1.. {
            let queue = self.desk.queue("", page, "").await?;
            let confirmed = queue.rows.iter().filter(|row| row.stage == Stage::Confirmed);
            waiting.extend(confirmed.map(|row| row.id));
            if page >= queue.pages {
                break;
            }
        }
        for id in waiting {
            // Refused where nothing waits, which is no fault.
            drop(
                self.desk
                    .act(id, Command::Approve { by: by.to_owned() }, Actor::Operator(by.to_owned()))
                    .await,
            );
        }
        Ok(())
    }

    /// What the desk's own page of figures would show, and every mail that lies in its log.
    async fn tell_numbers(&self) -> Result<()> {
        let to = self.desk.now().saturating_add(SignedDuration::from_secs(1))?;
        let numbers = self.desk.numbers(to.saturating_sub(SignedDuration::from_hours(72))?, to).await?;
        let (mut from, mut mails) = (0, Vec::new());
        loop {
            let entries = self.store.entries_after(from, 1000).await?;
            let Some(last) = entries.last() else { break };
            from = last.seq;
            mails.extend(
                entries.iter().filter(|entry| entry.source == "smtp").map(|entry| entry.id.to_string()),
            );
        }
        mails.sort();
        mails.dedup();
        let stages = self.stages().await?;
        say(&json!({ "numbers": numbers, "mails": mails.len(), "stages": stages }))
    }

    /// Where each line's case stands.
    async fn stages(&self) -> Result<Vec<(String, String)>> {
        let mut stages = Vec::new();
        for search in ["", "stage:closed", "stage:dismissed"] {
            for page in 1.. {
                let queue = self.desk.queue(search, page, "").await?;
                stages
                    .extend(queue.rows.iter().map(|row| (row.subscriber.to_string(), row.stage.to_string())));
                if page >= queue.pages {
                    break;
                }
            }
        }
        Ok(stages)
    }
}

fn settings() -> Result<Settings> {
    let home = vec![super::HOME.parse().context("a prefix")?];
    // Every block waits for a person: what is contained at once needs nobody, and nobody would be rung.
    let choices = Choices { contain_on_flow_proof: true, ..Choices::default() };
    let playbook = Playbook { steps: choices.steps(), second_person: true, ..Playbook::default() };
    let mailbox = |text: &str| desk::check_mailbox(text).map_err(|error| anyhow::anyhow!("{error}"));
    Ok(Settings {
        territory: Territory { home: case::Home::new(home)?, never_touch: Vec::new().into() },
        playbook: playbook.with_its_own_version(),
        clock_skew: SignedDuration::ZERO,
        mappings: Vec::new(),
        customers: None,
        mail: Some(desk::MailSettings {
            relay: RELAY.ip().to_string(),
            port: RELAY.port(),
            require_tls: false,
            from: mailbox("Abuse desk <abuse@example.net>")?,
            operators: None,
        }),
        subscriber_mail: Some("{subscriber}@customers.example.net".to_owned()),
        letters: desk::Letters::default(),
        customer_pages: None,
        reporters: desk::Reporters::default(),
        trusted_results: TrustedResults {
            authserv_id: Some("mx.example.net".to_owned()),
            relays: vec!["0.0.0.0/0".parse()?],
        },
        answers: desk::Answers::default(),
        quirks: Arc::default(),
        outbound: Outbound::new(&[], &[]),
        hooks: std::sync::Arc::from([]),
    })
}

/// Each line holds its address since the year began.
async fn lease_all(store: &Store, words: &Words) -> Result<()> {
    let from: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    for first in (0..words.lines).step_by(20_000) {
        let some = first..words.lines.min(first.saturating_add(20_000));
        let rows: Result<Vec<Lease>> = some
            .map(|line| {
                let subscriber = SubscriberId::try_from(super::subscriber(line))?;
                let net = crate::generate::home_of(line).into();
                Ok(Lease {
                    net,
                    ports: None,
                    from,
                    to: None,
                    subscriber,
                    source: LeaseSource::Static,
                    record: format!("leases:{line}"),
                })
            })
            .collect();
        store.import_leases(&rows?, &[]).await?;
    }
    Ok(())
}

fn say(line: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("nobody listens")
}
