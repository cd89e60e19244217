//! The commands and their options, each declared once; help, man page and completion are made from this.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use jiff::Timestamp;

/// An abuse desk that never sleeps: from the first hint to a proved, contained, explained case.
#[derive(Debug, Parser)]
#[command(name = "nightdesk", version, max_term_width = 110, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 the answer is no or it failed, 2 it was asked wrongly.")]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(long, short, global = true, value_name = "FILE", default_value = crate::config::USUAL_PLACE)]
    pub(crate) config: PathBuf,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask six questions (or take them as options), write a configuration and make an operator.
    Init(Init),
    /// Run the desk until told to stop.
    Serve,
    /// Play one night on this machine: no network, no root, nothing to set up.
    Demo(Demo),
    /// Read complaints and say what they claim.
    Parse(Parse),
    /// Read flow records and captures and say which home addresses look like proxies, relays or bots.
    Detect(Detect),
    /// Probe one address of ours, and port, for an open proxy or mail relay.
    Check(Check),
    /// Answer scanners on spare addresses, and say what each wanted.
    Trap(Trap),
    /// Say who held an address at a moment.
    Who(Who),
    /// Say which addresses of a neighbourhood a scanner touched, which answered, and what listens there since.
    Exposure(Exposure),
    /// Say which of our addresses talked with an outside one, and since when.
    WhoTalksTo(WhoTalksTo),
    /// Say between whom, and to which port, most bytes were sent.
    Heaviest(HeaviestOf),
    /// Show what one of our addresses did: its listeners, its strangers, where it went.
    Timeline(Timeline),
    /// Ask the flows on disk in SQL; nothing can be changed by it.
    Sql(Sql),
    /// Flows on disk.
    #[command(subcommand)]
    Lake(LakeCommand),
    /// Explain an address or a case: rule, case, answer, claim, quoted bytes.
    Why(Why),
    /// List or show cases.
    #[command(subcommand)]
    Case(CaseCommand),
    /// List blocks: planned, and in force at the edge.
    #[command(subcommand)]
    Block(BlockCommand),
    /// Leases: who holds which address.
    #[command(subcommand)]
    Lease(LeaseCommand),
    /// Firewalls: the configuration of each line, and whether it is in force.
    #[command(subcommand)]
    Firewall(FirewallCommand),
    /// Port 25: who may send mail directly.
    #[command(subcommand)]
    MailPort(MailPortCommand),
    /// Letters to customers: their words, and how many were reached.
    #[command(subcommand)]
    Letter(LetterCommand),
    /// The playbook: what each stage does, and what the last weeks would have been under another one.
    #[command(subcommand)]
    Playbook(PlaybookCommand),
    /// Print a runbook: what a stage, a sign or a kind of report means, what to look at next and what to do.
    Runbook(Runbook),
    /// Reporters: who is believed how far.
    #[command(subcommand)]
    Reporter(ReporterCommand),
    /// Operators: who may log in, and what each may do.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Tokens: what programs ask the API with.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Say who did what, why and until when, and whether the log that says so is whole.
    Audit(Audit),
    /// Say whether mail to our own addresses comes back, as the running desk checks it.
    Selfcheck(SelfCheck),
    /// Write everything the store holds to one file, while the desk runs.
    Backup(Backup),
    /// Make an empty store from a backup.
    Restore(Restore),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Whether results are printed as JSON, one object a line.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Json {
    /// Print one JSON object per line on stdout.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a table is printed.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Shown {
    /// Print one JSON object per line on stdout.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Print a CSV with a header on stdout.
    #[arg(long)]
    pub(crate) csv: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Exposure {
    /// Who scanned.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) scanner: IpAddr,
    /// Who was scanned: an address stands for its /24 (IPv6: /64), or name a prefix.
    #[arg(long, value_name = "ADDRESS[/LENGTH]", value_parser = neighbourhood)]
    pub(crate) victim: IpNet,
    /// When the scan was seen, such as 2026-11-23T02:14:07Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Timestamp,
    /// How long before and after that it is looked for.
    #[arg(long, value_name = "LENGTH", default_value = "1h")]
    pub(crate) window: crate::config::Span,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

/// A time that is looked back at.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LookBack {
    /// From when, such as 2026-11-23T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// To when; now by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct WhoTalksTo {
    /// The outside address.
    #[arg(value_name = "PEER")]
    pub(crate) peer: IpAddr,
    /// The last week when not given.
    #[command(flatten)]
    pub(crate) time: LookBack,
    /// How many of our addresses are listed at most, the earliest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct HeaviestOf {
    /// The last day when not given. Hours are counted whole.
    #[command(flatten)]
    pub(crate) time: LookBack,
    /// How many conversations are listed at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Timeline {
    /// One of our addresses.
    pub(crate) address: IpAddr,
    /// The last day when not given.
    #[command(flatten)]
    pub(crate) time: LookBack,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
#[command(after_help = "Tables: flows, by_home, by_peer. Addresses: home = ip('203.0.113.7'), \
    in_net(peer, '198.51.100.0/24'), text(home). See DESCRIBE flows.")]
pub(crate) struct Sql {
    /// One statement that only reads.
    #[arg(value_name = "QUERY")]
    pub(crate) query: String,
    /// How many rows are printed at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LakeCommand {
    /// Import flows from logs, captures and files: Zeek, Argus, nfdump, pcap and more.
    Import {
        /// The files; what each is shows in its content.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Your own prefix; repeat for more.
    #[arg(long, value_name = "CIDR")]
    pub(crate) home: Vec<IpNet>,
    /// Who mail is accepted for, such as abuse@example.net; repeat for more.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) recipient: Vec<String>,
    /// Where to listen for SMTP, such as 0.0.0.0:25.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) smtp: Option<std::net::SocketAddr>,
    /// An address of this machine that subscribers can connect to, for probes to land on.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) landing: Option<std::net::SocketAddr>,
    /// What applies the plan: dry-run or nftables.
    #[arg(long, value_name = "OUTLET")]
    pub(crate) outlet: Option<String>,
    /// The sender of our mail, such as "Abuse desk <abuse@example.net>".
    #[arg(long, value_name = "MAILBOX")]
    pub(crate) from: Option<String>,
    /// Where the database and accepted mail live.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The first operator's name; the password is read from NIGHTDESK_PASSWORD or made and printed.
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub(crate) operator: String,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Stop by itself after the first contained case instead of leaving the page open.
    #[arg(long)]
    pub(crate) once: bool,
    /// Where the page is; any free port by default.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Use real nftables in a network namespace made for the demo (needs root) instead of the dry-run outlet.
    #[arg(long)]
    pub(crate) nftables: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Parse {
    /// Files with one complaint each; - reads standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only claims against addresses of this prefix; repeat for more.
    #[arg(long, value_name = "CIDR")]
    pub(crate) home: Vec<IpNet>,
    /// Say why: what the format rests on, each claim with the bytes it was read from, words spotted and what was passed over.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Quirks of reporters to read by, before those compiled in.
    #[arg(long, value_name = "FILE")]
    pub(crate) quirks: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Detect {
    /// Zeek conn logs, Argus and nfdump files, packet captures, also gzipped; several are one stretch of time; - reads
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// A prefix of ours; repeat for more.
    #[arg(long, required = true, value_name = "CIDR")]
    pub(crate) home: Vec<IpNet>,
    /// What is meant to be as it is: a proxy or mail server of ours, or a peer, such as 192.0.2.10:3128 or 192.0.2.0/24:25;
    /// repeat for more.
    #[arg(long, value_name = "ADDRESS[:PORT]")]
    pub(crate) allow: Vec<signs::Allowed>,
    /// Show the flows that prove each sign.
    #[arg(long)]
    pub(crate) explain: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The address, with or without a port: 203.0.113.66:48613, [2001:db8::66]:1080.
    #[arg(value_name = "ADDRESS[:PORT]", value_parser = target)]
    pub(crate) target: (IpAddr, Option<u16>),
    /// Look first which of all 65,535 ports take a connection, and probe those: a last resort, for a port nobody names.
    #[arg(long)]
    pub(crate) sweep: bool,
    /// Connections begun in a second by a sweep, at most.
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000, requires = "sweep")]
    pub(crate) rate: u32,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Trap {
    /// A spare prefix; repeat for more. Those of the configuration ([traps]) when not given.
    #[arg(long, value_name = "CIDR")]
    pub(crate) prefix: Vec<IpNet>,
    /// Only print the routes and packet filter rules, as a shell script.
    #[arg(long)]
    pub(crate) print_rules: bool,
    /// The routes and rules are set up already, by hand.
    #[arg(long)]
    pub(crate) no_rules: bool,
    /// The port of the loopback addresses that the rules hand packets to.
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<std::num::NonZeroU16>,
    /// For large prefixes: answer the packets of this interface statelessly (handshake and first bytes only).
    #[arg(long, value_name = "INTERFACE")]
    pub(crate) stateless: Option<String>,
    /// Hold visitors for long, with a small window and answers a byte a second.
    #[arg(long)]
    pub(crate) tarpit: bool,
    /// How many connections of one address are held at most.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) per_source: Option<u32>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Who {
    /// The address.
    pub(crate) address: IpAddr,
    /// The moment, such as 2026-11-23T02:14:07Z; now by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// The port on our side, where addresses are shared.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// An address, or a case such as ND-17.
    #[arg(value_name = "ADDRESS|CASE", value_parser = subject)]
    pub(crate) what: Subject,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// List cases, newest first.
    List {
        /// Only this stage, such as confirmed.
        #[arg(long)]
        stage: Option<case::Stage>,
        /// Ended cases too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show one case with all that happened.
    Show {
        /// Which, such as ND-17.
        case: case::CaseId,
        #[command(flatten)]
        json: Json,
    },
    /// Approve the blocks of a case that wait for a second person (playbook.second_person).
    Approve {
        /// Which, such as ND-17.
        case: case::CaseId,
        /// In whose name: not whoever ordered them.
        #[arg(long, value_name = "OPERATOR")]
        by: String,
    },
    /// Tell SpamCop that its reports of an advertised web host on this line are mistaken.
    Innocent {
        /// Which, such as ND-17.
        case: case::CaseId,
        /// Why; kept with the case.
        #[arg(long, value_name = "REASON")]
        because: String,
        /// In whose name.
        #[arg(long, value_name = "OPERATOR", default_value = "command line")]
        by: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SelfCheck {
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BlockCommand {
    /// List what is planned and what the edge shows.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Lift every block of every case, and take all of ours from every outlet at once, whether or not nightdesk runs.
    Release {
        /// Every one; required, so that nobody does it by a slip.
        #[arg(long, required = true)]
        all: bool,
        /// Why; kept with each case.
        #[arg(long, value_name = "REASON")]
        because: String,
        /// In whose name.
        #[arg(long, value_name = "OPERATOR", default_value = "command line")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LeaseCommand {
    /// Import leases from a file; importing it again changes nothing.
    Import {
        /// A CSV with a header (address, subscriber, from, to, ...) or FreeRADIUS detail accounting.
        file: PathBuf,
        /// What the file is; told from its beginning when not given.
        #[arg(long, value_enum)]
        format: Option<crate::config::LeaseFormat>,
        /// The time zone of a translator's log whose times do not say their own, such as Europe/Berlin.
        #[arg(long)]
        zone: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FirewallCommand {
    /// Print the configuration of a line.
    Config {
        /// The subscriber.
        line: case::SubscriberId,
        /// In whose words: openwrt, nftables, routeros, tr069 or tr369.
        #[arg(long = "for", value_name = "KIND", default_value = "openwrt")]
        dialect: firewall::Dialect,
        /// Print the link behind which it lies instead.
        #[arg(long)]
        link: bool,
    },
    /// Give a line a profile, and the machine that what is opened leads to.
    Set {
        /// The subscriber.
        line: case::SubscriberId,
        /// The profile's name.
        #[arg(long, value_name = "NAME")]
        profile: String,
        /// The machine's inside IPv4 address.
        #[arg(long, value_name = "ADDRESS")]
        server4: Option<std::net::Ipv4Addr>,
        /// The lower 64 bits of the machine's IPv6 address, such as ::10.
        #[arg(long, value_name = "ADDRESS")]
        server6: Option<std::net::Ipv6Addr>,
    },
    /// List the lines that are known with how their firewalls stand, those not in force alone with --out.
    List {
        /// Only those not in force.
        #[arg(long)]
        out: bool,
        #[command(flatten)]
        json: Json,
    },
    /// List the profiles.
    Profiles {
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailPortCommand {
    /// List who asked to send mail directly, and what was decided.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Let a line send mail directly, until an end.
    Grant {
        /// The subscriber.
        line: case::SubscriberId,
        /// For how long.
        #[arg(long = "for", value_name = "LENGTH", default_value = "180d")]
        long: crate::config::Span,
        /// In whose name.
        #[arg(long, value_name = "OPERATOR", default_value = "command line")]
        by: String,
    },
    /// Refuse it, or end it.
    Refuse {
        /// The subscriber.
        line: case::SubscriberId,
        /// In whose name.
        #[arg(long, value_name = "OPERATOR", default_value = "command line")]
        by: String,
    },
    /// Print the rule for the edge, for nft -f, with the addresses that exempt lines hold now.
    Rules,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LetterCommand {
    /// Show a notice as customers get it, with made-up figures; or the file its words are made from, to change.
    Show {
        /// In which language; that of the configuration when not given.
        #[arg(long, value_name = "LANG")]
        language: Option<String>,
        /// The built-in file of that language, to put into letters.folder and change.
        #[arg(long)]
        built_in: bool,
    },
    /// Say how many customers were told, how many letters came back, how many pages were opened and answered.
    Reached {
        /// How many days back.
        #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: u32,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlaybookCommand {
    /// Print the playbook that is live, or the built-in one, which explains every setting.
    Show {
        /// The built-in one.
        #[arg(long)]
        built_in: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Say whether a playbook is right; every mistake with its line, its column and what was meant.
    Check {
        /// The playbook.
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Say what a playbook does differently from the one that is live, or from another file.
    Diff {
        /// The playbook.
        file: PathBuf,
        /// What it is held against; the live one when not given.
        other: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Replay the log under a playbook, without doing anything, and say what would have been different: contained earlier or
    /// later, pages, mails, wrong cut-offs.
    Try {
        /// The playbook.
        file: PathBuf,
        /// How many days back.
        #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// How many cases are listed at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        most: usize,
        #[command(flatten)]
        json: Json,
    },
    /// List the playbooks that were live, the newest first.
    History {
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Runbook {
    /// Its name, such as confirmed or relay-shape; all are listed when not given.
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReporterCommand {
    /// List reporters with what became of their reports, the best borne out first.
    List {
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make an operator, or give one a new password (from NIGHTDESK_PASSWORD, or made and printed); or, with an option,
    /// change what one may do.
    Set {
        /// The login name.
        name: String,
        /// viewer, operator or admin. A new one is an operator; the first of all an admin who may cut off.
        #[arg(long, value_name = "ROLE")]
        role: Option<desk::Role>,
        /// Whether they may cut lines off.
        #[arg(long, value_name = "TRUE|FALSE")]
        cuts_off: Option<bool>,
    },
    /// List operators with what each may do.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Let somebody no longer log in; ends their sessions and takes the tokens they made back.
    Retire {
        /// The login name.
        name: String,
    },
    /// Let somebody who was retired log in again.
    Back {
        /// The login name.
        name: String,
    },
    /// Take somebody's second factor away, whose device is gone.
    ResetSecondFactor {
        /// The login name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a program that asks the API, and print it; it is shown once.
    Make {
        /// What it is for; what it does is done in this name.
        name: String,
        /// viewer, operator or admin.
        #[arg(long, value_name = "ROLE", default_value = "viewer")]
        role: desk::Role,
        /// Whether it may cut lines off.
        #[arg(long)]
        cuts_off: bool,
        /// How long it is good for, at most 366d.
        #[arg(long = "for", value_name = "LENGTH", default_value = "90d")]
        lasts: crate::config::Span,
    },
    /// List tokens with their roles, ends and last uses.
    List {
        #[command(flatten)]
        json: Json,
    },
    /// Take a token back: it is good for nothing from here on.
    Revoke {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only what this person or token did.
    #[arg(long, value_name = "NAME")]
    pub(crate) who: Option<String>,
    /// Only deeds of this kind, such as released or log-in.
    #[arg(long, value_name = "DEED")]
    pub(crate) deed: Option<String>,
    /// Only on this case, line or operator.
    #[arg(long, value_name = "WHAT")]
    pub(crate) about: Option<String>,
    /// Not before, such as 2026-11-23T00:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Before.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// How many are printed at most, the newest first.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) most: usize,
    /// Do not walk the whole log to see whether it is whole.
    #[arg(long)]
    pub(crate) no_walk: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write; must not exist.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup.
    pub(crate) file: PathBuf,
    /// Check every hash of the log before saying yes.
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration and say what it does.
    Check,
    /// Print the complete default configuration, every setting explained.
    Default,
}

/// What is to be explained.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    Address(IpAddr),
    Case(case::CaseId),
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Address(address) => address.fmt(f),
            Subject::Case(case) => case.fmt(f),
        }
    }
}

/// Reads an address or a case number.
fn subject(text: &str) -> Result<Subject, String> {
    let address = text.parse().map(Subject::Address);
    address
        .or_else(|_| text.parse().map(Subject::Case))
        .map_err(|_: case::IdError| format!("{text:?} is neither an address nor a case such as ND-17"))
}

/// Reads an address, which stands for its neighbourhood, or a prefix.
fn neighbourhood(text: &str) -> Result<IpNet, String> {
    if let Ok(net) = text.parse::<IpNet>() {
        return Ok(net.trunc());
    }
    let address: IpAddr =
        text.parse().map_err(|_| format!("{text:?} is no address; write 203.0.113.20 or 203.0.113.0/24"))?;
    let length = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, length).map(|net| net.trunc()).map_err(|error| error.to_string())
}

/// Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
fn target(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok((address, None));
    }
    text.parse::<std::net::SocketAddr>().map(|both| (both.ip(), Some(both.port()))).map_err(|_| {
        format!("{text:?} is no address; write 203.0.113.66, 203.0.113.66:1080 or [2001:db8::66]:1080")
    })
}
