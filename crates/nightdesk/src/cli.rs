//! The commands and their options, each declared once; help, man page and completion are made from this.

mod duty;
mod looking_back;
mod numbers;
mod people;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use jiff::Timestamp;

pub(crate) use duty::{Handover, OncallCommand};
pub(crate) use looking_back::{
    Exposure, HeaviestOf, LakeCommand, LookBack, Shown, Sql, Timeline, WhoTalksTo,
};
pub(crate) use numbers::Numbers;
pub(crate) use people::{Audit, OperatorCommand, TokenCommand};

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
    /// Say how much is going on and how fast it is dealt with: clocks, complaints, clean-up, neighbourhoods.
    Numbers(Numbers),
    /// Reporters: who is believed how far.
    #[command(subcommand)]
    Reporter(ReporterCommand),
    /// Who is on duty, who is next, and pages that wait for somebody.
    #[command(subcommand)]
    Oncall(OncallCommand),
    /// Say what a shift leaves behind: what needs somebody, what happened, who is next; or end it with a word to the next.
    Handover(Handover),
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
    /// Print the description of the API for programs (OpenAPI 3.1).
    Openapi,
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
    /// List open cases, most pressing first, or those that fit a search in its order.
    #[command(after_help = search_help())]
    List {
        /// What they must fit, in the words of the search box, such as: stage:confirmed left<1h
        #[arg(value_name = "SEARCH", allow_hyphen_values = true)]
        search: Vec<String>,
        /// Only this stage, such as confirmed.
        #[arg(long)]
        stage: Option<case::Stage>,
        /// Ended cases too, newest first.
        #[arg(long)]
        all: bool,
        /// Whom `me` stands for in the search.
        #[arg(long, value_name = "OPERATOR")]
        by: Option<String>,
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

/// The words of a search as a list.
fn search_help() -> String {
    let words = case::SEARCH_WORDS.iter().map(|(name, value, finds)| format!("  {name}{value:<22} {finds}"));
    let words: Vec<String> = words.collect();
    format!(
        "Words of a search:\n{}\n  sort:-harm             clock, opened, updated, harm or sightings\nWords beside each other must all fit; - or not turns one round, or takes either, ( ) group, \" \" keep blanks.",
        words.join("\n")
    )
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

/// Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
fn target(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok((address, None));
    }
    text.parse::<std::net::SocketAddr>().map(|both| (both.ip(), Some(both.port()))).map_err(|_| {
        format!("{text:?} is no address; write 203.0.113.66, 203.0.113.66:1080 or [2001:db8::66]:1080")
    })
}
