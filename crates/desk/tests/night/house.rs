//! A house for one test: store, spool, prober, edge, and a desk that runs in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use case::{Case, Playbook, Stage, Territory};
use desk::{Answers, Clock, Desk, Hands, MailSettings, Mailer, Reporters, Settings, TrustedResults};
use edge::{DryRun, Nft, NftConfig};
use lease::{Home, Lease, LeaseSource};
use probe::{Landing, Prober};
use store::{Delivery, Spool, Store};

/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct House {
    dir: TempDir,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) playbook: Playbook,
    /// The prober's least gap between two probes of one address.
    pub(crate) min_gap: Duration,
    /// The program that is to change the edge; without it the edge is the dry-run one.
    pub(crate) edge_program: Option<String>,
    /// The budget of new blocks.
    pub(crate) max_new_per_hour: u32,
    /// Who is believed how far.
    pub(crate) reporters: Reporters,
    pub(crate) trusted_results: TrustedResults,
    pub(crate) answers: Answers,
    /// The operator's own quirks.
    pub(crate) quirks: Arc<report::Quirks>,
    /// The port of the mail relay on loopback; without it nothing is mailed.
    pub(crate) relay: Option<u16>,
    /// What is sent to although it is inside the house, and which programs are told of cases.
    pub(crate) outbound: Vec<IpNet>,
    pub(crate) hooks: Vec<desk::Hook>,
    territory: Territory,
}

/// A desk at work.
pub(crate) struct Night {
    pub(crate) desk: Desk,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl House {
    /// A house on loopback, where every line may be asked.
    pub(crate) async fn new() -> House {
        House::of(&["127.66.0.0/16"], &[]).await
    }

    /// The same on a database of its own.
    pub(crate) async fn on(url: String) -> House {
        House::built(&["127.66.0.0/16"], &[], Some(url)).await
    }

    /// A house of these prefixes, less what is never touched.
    pub(crate) async fn of(home: &[&str], never_touch: &[&str]) -> House {
        House::built(home, never_touch, None).await
    }

    async fn built(home: &[&str], never_touch: &[&str], url: Option<String>) -> House {
        let nets =
            |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a prefix")).collect::<Vec<_>>();
        let home = Home::new(nets(home)).expect("a home");
        let territory = Territory { home, never_touch: nets(never_touch).into() };
        let dir = TempDir::new().expect("a folder");
        let beside = || format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        let url = url.unwrap_or_else(beside);
        let store = Store::open(&url).await.expect("a store");
        let clock = Clock::standing_at(Timestamp::now());
        House {
            dir,
            store,
            clock,
            playbook: Playbook { usual_ports: vec![9], ..Playbook::default() },
            min_gap: Duration::ZERO,
            edge_program: None,
            max_new_per_hour: 100,
            reporters: Reporters::default(),
            trusted_results: TrustedResults::default(),
            answers: Answers::default(),
            quirks: Arc::default(),
            relay: None,
            outbound: Vec::new(),
            hooks: Vec::new(),
            territory,
        }
    }

    /// `subscriber` has held `address` for a month.
    pub(crate) async fn leased(&self, address: &str, subscriber: &str) {
        self.lease(address, subscriber, SignedDuration::from_hours(-30 * 24), None).await;
    }

    /// `subscriber` holds `address` from and until so long from now.
    pub(crate) async fn lease(
        &self,
        net: &str,
        subscriber: &str,
        from: SignedDuration,
        to: Option<SignedDuration>,
    ) {
        let lease = self.lease_of(net, subscriber, from, to);
        self.store.import_leases(&[lease], &[]).await.expect("an imported lease");
    }

    /// What [`House::lease`] imports, for those who import many.
    pub(crate) fn lease_of(
        &self,
        net: &str,
        subscriber: &str,
        from: SignedDuration,
        to: Option<SignedDuration>,
    ) -> Lease {
        let now = self.clock.now();
        let host = || net.parse::<IpAddr>().map(IpNet::from);
        Lease {
            net: net.parse().or_else(|_| host()).expect("an address or a prefix"),
            ports: None,
            from: now + from,
            to: to.map(|to| now + to),
            subscriber: subscriber.parse().expect("a subscriber"),
            source: LeaseSource::Static,
            record: "test".to_owned(),
        }
    }

    fn settings(&self) -> Settings {
        let territory = self.territory.clone();
        Settings {
            territory,
            playbook: self.playbook.clone(),
            clock_skew: SignedDuration::from_secs(30),
            mappings: Vec::new(),
            customers: None,
            mail: self.relay.map(relay),
            subscriber_mail: None,
            letters: desk::Letters::default(),
            customer_pages: Some("https://desk.example.net/".to_owned()),
            reporters: self.reporters.clone(),
            trusted_results: self.trusted_results.clone(),
            answers: self.answers.clone(),
            quirks: self.quirks.clone(),
            outbound: desk::Outbound::new(&self.outbound, &[]),
            hooks: self.hooks.clone().into(),
        }
    }

    /// The desk as a command of an operator's opens it beside the one at work.
    pub(crate) async fn command(&self) -> Desk {
        let spool = Spool::open(&self.dir.path().join("spool")).expect("a spool");
        Desk::open(self.settings(), self.store.clone(), spool, self.clock.clone()).await.expect("a desk")
    }

    /// Opens the desk and lets it work.
    pub(crate) async fn open(&self) -> Night {
        let territory = self.territory.clone();
        let spool = Spool::open(&self.dir.path().join("spool")).expect("a spool");
        let desk =
            Desk::open(self.settings(), self.store.clone(), spool, self.clock.clone()).await.expect("a desk");
        let landing =
            Landing::bind(&["127.0.0.1:0".parse().expect("an address")], "a test").await.expect("a landing");
        let mut config = probe::Config::new(territory.clone());
        config.deadline = Duration::from_secs(5);
        config.min_gap = self.min_gap;
        let prober = Arc::new(Prober::new(config, landing).expect("a prober"));
        let config = edge::Config { territory, max_new_per_hour: self.max_new_per_hour };
        let outlet = match &self.edge_program {
            None => DryRun::new(config).into(),
            Some(program) => {
                Nft::new(config, NftConfig { command: vec![program.clone()], ..NftConfig::default() }).into()
            }
        };
        let (stop, stopped) = watch::channel(false);
        let at_work = desk.clone();
        let mailer = self.relay.map(|port| Mailer::new(&relay(port)).expect("a mailer"));
        let running = tokio::spawn(async move {
            at_work.run(Hands { prober, outlets: vec![outlet], mailer }, stopped).await;
        });
        Night { desk, stop, running }
    }

    /// The one case of a subscriber, from what is on disk.
    pub(crate) async fn case_of(&self, subscriber: &str) -> Option<Case> {
        let records = self.store.open_case_records().await.expect("records");
        let cases = records.chunk_by(|a, b| a.case == b.case).filter_map(Case::replay);
        cases.into_iter().find(|case| case.subscriber().as_str() == subscriber)
    }

    /// Waits until the subscriber's case is at `stage`.
    pub(crate) async fn reaches(&self, subscriber: &str, stage: Stage) -> Case {
        self.reaches_within(PATIENCE, subscriber, stage).await
    }

    /// The same for what takes longer.
    pub(crate) async fn reaches_within(&self, patience: Duration, subscriber: &str, stage: Stage) -> Case {
        let what = format!("{subscriber} at {stage}");
        until_within(patience, &what, async || {
            self.case_of(subscriber).await.filter(|case| case.stage() == stage)
        })
        .await
    }

    /// How much the database takes on the disk, in words.
    pub(crate) async fn size(&self) -> String {
        let files = std::fs::read_dir(self.dir.path()).expect("the folder");
        let ours =
            files.flatten().filter(|file| file.file_name().to_string_lossy().starts_with("nightdesk.db"));
        let bytes: u64 = ours.flat_map(|file| file.metadata()).map(|meta| meta.len()).sum();
        if bytes == 0 { "what its server says".to_owned() } else { format!("{:.1} MB", bytes as f64 / 1e6) }
    }
}

impl Night {
    /// Accepts a mail as a sensor would hand it over.
    pub(crate) async fn mail(&self, id: &str, text: &str) {
        self.bytes(id, text.replace('\n', "\r\n").into_bytes()).await;
    }

    /// Accepts any bytes.
    pub(crate) async fn bytes(&self, id: &str, bytes: Vec<u8>) {
        let envelope = serde_json::json!({ "peer": "127.0.0.1", "mail_from": "someone@example.org" });
        self.delivery(id, envelope, bytes).await;
    }

    /// Accepts a mail in the mailbox that only trusted feeds know.
    pub(crate) async fn trusted_mail(&self, id: &str, text: &str) {
        let envelope =
            serde_json::json!({ "peer": "127.0.0.1", "mail_from": "x@example.org", "tags": ["trusted"] });
        self.delivery(id, envelope, text.replace('\n', "\r\n").into_bytes()).await;
    }

    async fn delivery(&self, id: &str, envelope: serde_json::Value, bytes: Vec<u8>) {
        let delivery = Delivery {
            id: id.to_owned(),
            source: "smtp".to_owned(),
            envelope,
            received: self.desk.now(),
            bytes,
        };
        let desk = self.desk.clone();
        let results =
            tokio::task::spawn_blocking(move || desk.accept(vec![delivery])).await.expect("an acceptance");
        assert!(results.iter().all(Result::is_ok), "the mail must be on disk: {results:?}");
    }

    /// Stops as `serve` does on SIGTERM.
    pub(crate) async fn end(self) {
        self.stop.send_replace(true);
        self.running.await.expect("a desk that ends in order");
    }
}

/// Our mail relay, on loopback.
fn relay(port: u16) -> MailSettings {
    MailSettings {
        relay: "127.0.0.1".to_owned(),
        port,
        require_tls: false,
        from: "Example Net <abuse@example.net>".parse().expect("a mailbox"),
        operators: None,
    }
}

/// Looks until there is something to see.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, look).await
}

/// The same for what takes longer.
pub(crate) async fn until_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < patience, "waited {patience:?} for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A SpamCop report that names an open proxy and its port.
pub(crate) fn spamcop(address: &str, port: u16, number: u32, at: Timestamp) -> String {
    let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "From: {number}@reports.spamcop.net\nTo: abuse@example.net\nDate: {date}\n\
         Subject: [SpamCop ({address}) id:{number}]Cheap watches\nMessage-ID: <rid_{number}@msgid.spamcop.net>\n\
         Content-Type: text/plain; charset=us-ascii\n\n[ SpamCop V4.9.0 ]\n\
         This message is brief for your comfort.  Please use links below for details.\n\n\
         Email from {address} / {date}\n{address} is open proxy, see: http://www.spamcop.net/mky-proxies.html\n\n\
         [ Additional comments from recipient ]\n> The proxy answers on {address}:{port}.\n\n\
         [ Offending message ]\nSubject: Cheap watches\n\nBuy.\n"
    )
}
