//! The settings, each declared once with its manual text and default.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::duration::Span;
use super::net::Net;
use super::section::section;

section! {
    /// What stands before the first section.
    General {
        /// Your own prefixes: the only addresses that are ever attributed, probed or blocked. Required.
        home: Vec<IpNet> = Vec::new();
        /// Addresses and prefixes inside home that are never probed or blocked: your routers, resolvers, mail servers.
        never_touch: Vec<IpNet> = Vec::new();
        /// A file of more of them, an address or prefix on each line, # before a comment. It is read again within seconds
        /// after it changes; while a line of it cannot be read nothing new is probed or blocked, and operators are paged.
        never_touch_file: Option<PathBuf> = None;
        /// Where the database and accepted mail live. Must be on a disk that keeps what fsync says it kept.
        data_dir: PathBuf = PathBuf::from("/var/lib/nightdesk");
        /// The database, if it is not SQLite in data_dir: postgres://user@host/name or sqlite:///path/file.db.
        database: Option<String> = None;
    }
}

section! {
    /// How complaints come in.
    Intake {
        /// Who mail is accepted for: addresses (abuse@example.net) or whole domains (example.net). Required for
        /// smtp and lmtp; nothing else is accepted, so this is never a relay. A word after an address says what it is
        /// for, as the role of a mailbox does: "sc-4711@example.net trusted".
        recipients: Vec<String> = Vec::new();
        /// Where to listen for SMTP, such as 0.0.0.0:25; absent: not at all.
        smtp: Option<SocketAddr> = None;
        /// Where to listen for LMTP from your own mail server, such as 127.0.0.1:24; absent: not at all.
        lmtp: Option<SocketAddr> = None;
        /// The name said in the greeting; absent: this machine's own.
        hostname: Option<String> = None;
        /// A PEM certificate chain for STARTTLS; absent: STARTTLS is not offered.
        certificate: Option<PathBuf> = None;
        /// The PEM key of that certificate.
        key: Option<PathBuf> = None;
        /// A Maildir to pick mail up from; files move to cur/ once they are on our disk. More: [[maildir]], below.
        maildir: Option<PathBuf> = None;
        /// The largest message accepted, in bytes.
        max_message: u32 = 25 * 1024 * 1024;
        /// Who may POST to /api/v1/reports: [{ name = "feed", sha256 = "…" }], the SHA-256 of each bearer token.
        tokens: Vec<Token> = Vec::new();
        /// Your own mail server's name in Authentication-Results (RFC 8601); what it says of SPF, DKIM and DMARC is
        /// believed for mail that comes from trusted_relays. Absent: only what [lookup] shows counts.
        authserv_id: Option<String> = None;
        /// Reporters that are believed from the first report on, once a message is shown to be from them: their
        /// organizational domains, or names of tokens. Name nobody who gives mailboxes to the public.
        trusted_reporters: Vec<String> = desk::named_feeds();
        /// A TOML file of what reporters write that no format has, read before what is compiled in; nightdesk parse
        /// --explain --quirks FILE tries it on mail you have. Absent: only what is compiled in.
        quirks: Option<PathBuf> = None;
        /// Where your own mail servers deliver from.
        trusted_relays: Vec<IpNet> = vec![IpNet::new_assert([127, 0, 0, 0].into(), 8), IpNet::new_assert(std::net::Ipv6Addr::LOCALHOST.into(), 128)];
    }
}

/// One token that may send reports over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// Whose it is.
    pub(crate) name: String,
    /// The SHA-256 of the token, in hex.
    pub(crate) sha256: String,
}

section! {
    /// How it is shown who a report is from: SPF, DKIM, ARC and DMARC, by asking DNS.
    Lookup {
        /// Whether DNS is asked about the senders of reports on your own addresses. Off: only authserv_id counts.
        authenticate: bool = true;
        /// Name servers to ask, such as ["127.0.0.1:53"]; empty: those of the system.
        resolvers: Vec<SocketAddr> = Vec::new();
        /// Forwarders whose ARC seal is believed, such as ["lists.example.net"].
        trusted_sealers: Vec<String> = Vec::new();
        /// A CSV of prefix,AS lines: one network is one voice among those nothing is shown of. Absent: the first 16
        /// bits of an IPv4 address (32 of IPv6) are its network.
        as_table: Option<PathBuf> = None;
        /// An RDAP server that knows who takes complaints about an address, such as "https://rdap.example.net"; one
        /// that sends questions on to the right registry serves best. Absent: no registry is asked.
        rdap: Option<String> = None;
    }
}

section! {
    /// Whose was it, then.
    Leases {
        /// How far a reporter's clock and your lease source's clock may be apart. Within this of a change of hands,
        /// nobody is contained automatically.
        clock_skew: Span = Span::secs(30);
        /// A subscriber's mail address where the lease source names none: {subscriber}@customers.example.net.
        subscriber_mail: Option<String> = None;
        /// Your own customer system, asked where no lease says whose an address was, such as
        /// "https://crm.example.net/whose?ip={address}&port={port}&at={time}"; it answers {"subscriber": "…"} or 404.
        customer_url: Option<String> = None;
        /// Where to listen for RADIUS accounting, such as 0.0.0.0:1813, as an accounting server or for a copy; absent:
        /// not at all. Files that are followed: [[lease_file]], below.
        radius: Option<SocketAddr> = None;
        /// Which access servers or RADIUS proxies send it: [{ net = "192.0.2.1", secret_file = "/etc/nightdesk/bng" }],
        /// each with the file whose first line is the shared secret.
        radius_clients: Vec<RadiusClient> = Vec::new();
        /// Address translators that give each inside address its ports by formula (RFC 7422), one after the other:
        /// [{ inside = "100.64.0.0/24", outside = "203.0.113.0/28", first_port = 1024, since = "2026-01-01T00:00:00Z" }];
        /// ports_each where it is not the even share.
        nat: Vec<NatMapping> = Vec::new();
        /// Address translators that export which inside address has which block of ports (NAT events of IPFIX and NetFlow
        /// 9, RFC 8158) to flows.listen; they are also to stand in flows.exporters.
        nat_exporters: Vec<Net> = Vec::new();
    }
}

/// Who may send accounting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RadiusClient {
    /// Its address, or the prefix of several that share a secret.
    pub(crate) net: Net,
    /// The file whose first line is the secret.
    pub(crate) secret_file: PathBuf,
}

/// Port blocks by formula.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NatMapping {
    /// The inside addresses.
    pub(crate) inside: ipnet::Ipv4Net,
    /// The outside addresses they share.
    pub(crate) outside: ipnet::Ipv4Net,
    /// The first port that is given out.
    #[serde(default = "first_port")]
    pub(crate) first_port: u16,
    /// How many each has; absent: the even share.
    #[serde(default)]
    pub(crate) ports_each: Option<u16>,
    /// Since when it is in force.
    pub(crate) since: jiff::Timestamp,
}

fn first_port() -> u16 {
    1024
}

section! {
    /// How lines are asked.
    Probe {
        /// Our own landing addresses that a relayed probe must reach, such as 198.51.100.10:8080: addresses of this
        /// machine that subscribers can connect to. Required. Several ports help: some proxies allow only 80 or 443, and
        /// mail servers come to 25 alone. Choose addresses outside what your customers' servers trust as their own, and
        /// give them a reverse name that says what they are, such as open-proxy-check.example.net: it is what the logs of
        /// your customers show. Over HTTP each tells who looks there who probes, and why.
        landing: Vec<SocketAddr> = Vec::new();
        /// A name that resolves to those addresses, for proxies that take names only.
        landing_name: Option<String> = None;
        /// A domain whose mail exchanger (MX) is one of those addresses, at port 25: test mails go there. Without it
        /// they go to the address itself in brackets, which many open relays do not take.
        landing_domain: Option<String> = None;
        /// Who we are, said in every probe and on the landing page.
        name: String = "the abuse desk of this network".to_owned();
        /// Whom that page says to write to; if not set, the first of intake.recipients.
        contact: Option<String> = None;
        /// How long one port may take.
        deadline: Span = Span::secs(30);
        /// How long one mail server may take.
        relay_deadline: Span = Span::secs(120);
        /// Whether a proxy or mail server that asks for a password is tried with a short list of factory settings.
        known_logins: bool = false;
        /// One probe per address in this time, unless an operator asks.
        min_gap: Span = Span::secs(600);
    }
}

/// What applies the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EdgeOutlet {
    /// Nothing: the plan is shown and no packet filter is touched.
    DryRun,
    /// The Linux packet filter.
    Nftables,
}

section! {
    /// Where lines are contained.
    Edge {
        /// dry-run shows the plan and touches nothing; nftables keeps it in a table of its own.
        outlet: EdgeOutlet = EdgeOutlet::DryRun;
        /// How nft is called; ["ip", "netns", "exec", "router", "nft"] drives another network namespace,
        /// ["ssh", "router", "nft"] another machine.
        command: Vec<String> = vec!["nft".to_owned()];
        /// forwarded: drop what this machine forwards. forwarded-and-local: also what it sends and receives itself.
        guards: edge::Guards = edge::Guards::Forwarded;
        /// At most this many new blocks an hour; more wait, and the operators are told.
        max_new_per_hour: u32 = 20;
    }
}

section! {
    /// How mail goes out.
    Mail {
        /// Your mail relay; absent: nothing is mailed, and the case says so.
        relay: Option<String> = None;
        /// Its port.
        port: u16 = 25;
        /// Whether STARTTLS is required; otherwise it is used when offered.
        require_tls: bool = false;
        /// The sender, such as Abuse desk <abuse@example.net>. Required with relay.
        from: Option<String> = None;
        /// Who is written to when the desk itself needs a person.
        operators: Option<String> = None;
    }
}

section! {
    /// Who is rung when the desk needs a person, and until somebody answers.
    Oncall {
        /// People, turns and policies; nightdesk oncall example prints one. It is read again when it changes. Absent:
        /// what needs a person goes once by mail to mail.operators.
        file: Option<PathBuf> = None;
        /// Where operators reach these pages, such as https://desk.example.net; a page then carries a link to say that
        /// one looks at it.
        link: Option<String> = None;
        /// A URL outside that is asked for as long as the desk is well, and rings by itself when it is not any more.
        heartbeat: Option<String> = None;
        /// How often.
        heartbeat_every: Span = Span::secs(60);
    }
}

section! {
    /// Whether mail reaches us: the desk writes to its own addresses, and it must come back.
    SelfCheck {
        /// Your own addresses that reports come to, such as ["abuse@example.net", "sc-4711@example.net"]; each gets a
        /// mail through the relay of [mail], which must come back by any way in. Empty: nothing is checked.
        addresses: Vec<String> = Vec::new();
        /// How often.
        every: Span = Span::hours(1);
        /// How long one may take before the operators hear of it.
        limit: Span = Span::secs(600);
        /// A program that is run then, and when mail works again, with the text on its standard input; mail to the
        /// operators may be what is broken. For example ["logger", "-t", "nightdesk"].
        alarm_command: Vec<String> = Vec::new();
        /// A URL that the text is posted to as {"text": "..."}, as chat services take it.
        alarm_webhook: Option<String> = None;
        /// Whether a mail exchanger of each of those addresses' domains must greet, once a day. This machine must be
        /// able to connect to port 25 of them.
        mx: bool = false;
        /// Whether the registry must name one of your intake's addresses or domains as the abuse contact of each home
        /// prefix, once a day. Needs lookup.rdap.
        rdap: bool = false;
    }
}

section! {
    /// How your prefixes stand with DNS blocklists: asked about open cases and some addresses of each prefix, daily.
    Standing {
        /// Which lists: [{ zone = "bl.example.net", note = "what our customers' mail is judged by" }]. They are asked by
        /// the name servers of lookup.resolvers; many lists refuse public resolvers. Empty: none is asked.
        lists: Vec<ListAsked> = Vec::new();
        /// How many addresses of each home prefix are asked about each day, other ones each day; at most 4096.
        sample: u32 = 16;
        /// How many questions a second are put at most; at most 100.
        per_second: u32 = 2;
    }
}

/// A DNS blocklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAsked {
    /// Its domain.
    pub(crate) zone: String,
    /// What it is, for people.
    #[serde(default)]
    pub(crate) note: String,
}

/// One exporter that does not tell how it samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sampling {
    /// Its address.
    pub(crate) exporter: IpAddr,
    /// It looks at one packet in so many.
    pub(crate) rate: u32,
}

section! {
    /// Where flow records come in, and what of the traffic is meant to be as it is.
    Flows {
        /// Where to listen for NetFlow, IPFIX and sFlow, any of them on any port: ["0.0.0.0:2055"]. Empty: not at all.
        listen: Vec<SocketAddr> = Vec::new();
        /// Whose datagrams are read: addresses or prefixes of your routers. Required to listen. Those of others are
        /// counted and dropped unread: anybody can write a datagram.
        exporters: Vec<Net> = Vec::new();
        /// How exporters sample that do not tell it themselves: [{ exporter = "192.0.2.1", rate = 1000 }].
        sampling: Vec<Sampling> = Vec::new();
        /// What is meant to be a proxy, mail server or other service, and is not suspected: "203.0.113.10:3128" (one
        /// port), "203.0.113.25" (all of it) or a prefix. It applies at once: what was seen of it is withdrawn.
        allowed: Vec<String> = Vec::new();
        /// How many threads watch; each takes a share of the home addresses. One sees a million flows a second.
        threads: u8 = 1;
        /// The kernel's buffer for each socket, in bytes. Above net.core.rmem_max it takes CAP_NET_ADMIN.
        buffer: u32 = 32 * 1024 * 1024;
    }
}

section! {
    /// Spare addresses of yours that answer scanners on every port, and say what they wanted.
    Traps {
        /// Spare prefixes inside home that nobody uses, such as ["203.0.113.240/28"]; they must be routed to this machine.
        /// Empty: no traps.
        prefixes: Vec<IpNet> = Vec::new();
        /// Whether nightdesk sets up the routes and packet filter rules (tables of its own, and away when it ends);
        /// otherwise do it by hand with what nightdesk trap --print-rules says.
        rules: bool = true;
        /// The port of the loopback addresses that the rules hand packets to.
        port: u16 = 1853;
        /// For large prefixes: an interface whose packets are answered statelessly (handshake and first bytes only).
        stateless: Option<String> = None;
        /// After so long a visitor who waits for a greeting gets one.
        silence: Span = Span::secs(1);
        /// After so long without a word a visitor is let go ...
        idle: Span = Span::secs(15);
        /// ... and after so long in any case.
        longest: Span = Span::secs(60);
        /// Hold visitors for long instead, with a small window and answers a byte a second.
        tarpit: bool = false;
        /// How many connections are held at most, in all,
        held: u32 = 60_000;
        /// from one address,
        per_source: u32 = 2_000;
        /// and from one /24 (IPv6: /48).
        per_net: u32 = 8_000;
        /// Whether scanners from outside that asked a trap for a proxy, a relay, a trojan or a login, or came to eight traps
        /// within a minute, are reported to the desk that answers for them (answers.contacts, lookup.rdap), in XARF v4.
        report_scanners: bool = false;
    }
}

section! {
    /// Where the pages are.
    Web {
        /// Where to listen; put a TLS proxy in front for anything but this machine.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8053));
        /// Whether browsers reach it over https: cookies are then marked Secure.
        https: bool = false;
        /// From where /metrics may be read without a login, by connecting here directly and not through a proxy.
        metrics_from: Vec<Net> = vec![Net(IpNet::new_assert([127, 0, 0, 0].into(), 8)), Net(IpNet::new_assert(std::net::Ipv6Addr::LOCALHOST.into(), 128))];
    }
}

section! {
    /// Where the desk itself connects to over HTTP: webhooks, pages to a chat.
    Outbound {
        /// Addresses inside your own house that it may send to, such as a chat server's: ["10.20.0.5/32"]. They may be
        /// sent to without TLS. Everything else that is private, local or never_touch is refused, whatever name leads there.
        allow: Vec<IpNet> = Vec::new();
    }
}

/// The desk that answers for a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// Its addresses.
    pub(crate) net: IpNet,
    /// Where it takes complaints.
    pub(crate) mailbox: String,
}

section! {
    /// The firewall you provide on your lines, and who may send mail directly.
    Firewall {
        /// The profile of a line that was given none: closed, web-server, gamer, business, own-kit, or one of your own.
        profile: String = "closed".to_owned();
        /// A TOML file of your own profiles, which replace those of the same name.
        profiles: Option<PathBuf> = None;
        /// Whether it is noticed, from flows, when a line's firewall is not in force. Nothing follows from one observation:
        /// two must agree that are a day apart; then a reminder goes out.
        insist: bool = false;
        /// TCP ports that your own edge closes on the way to the lines: silence there says nothing.
        filtered: Vec<u16> = vec![25];
        /// How long after the reminder a line comes on the call list.
        call_after: Span = Span::hours(7 * 24);
        /// How long after that it goes into the walled garden; absent: never by itself.
        garden_after: Option<Span> = None;
        /// What links to configurations begin with, as customers reach this desk: "https://desk.example.net".
        link: Option<String> = None;
        /// Prefixes of dynamic lines from which mail to the world (tcp/25 out) is closed; nightdesk mail-port rules prints
        /// the rule for the edge.
        mail_closed: Vec<IpNet> = Vec::new();
        /// Your own mail relays, which stay open to all.
        mail_relays: Vec<Net> = Vec::new();
    }
}

section! {
    /// The walled garden: the page that contained customers are sent to.
    Garden {
        /// Where to listen, such as 0.0.0.0:8088; absent: there is none. Contained lines' web traffic must be led here: by
        /// lead_to, by an access server's filter, or by a response policy zone.
        listen: Option<SocketAddr> = None;
        /// Where the packet filter of [edge] leads the web pages that a line in the garden asks for over plain HTTP: the
        /// garden as that router reaches it, one address of each family, such as ["192.0.2.10:8088"]. Which lines:
        /// "walled-garden" in playbook.restrict, and firewall.garden_after.
        lead_to: Vec<SocketAddr> = Vec::new();
        /// What a line there still reaches: your customer pages, telephony, servers for updates.
        allowed: Vec<Net> = Vec::new();
        /// What the packet filter does with everything else but questions to name servers. reject: it is refused, and
        /// nobody reaches the line. pass: it passes, and only web pages over plain HTTP lead to the garden.
        rest: edge::GardenRest = edge::GardenRest::Reject;
        /// What browsers are sent to, such as "http://garden.example.net/"; absent: the first address of lead_to, or the
        /// root of whatever they asked.
        url: Option<String> = None;
        /// Your own proxies in front of it, whose X-Forwarded-For is believed.
        proxies: Vec<Net> = Vec::new();
        /// How a customer reaches a person: a telephone number, a mail address.
        contact: String = String::new();
    }
}

section! {
    /// What customers are told, and their own pages.
    Letters {
        /// The language of letters to customers: en, de, es, fr, nl, tr, or one of your own.
        language: String = "en".to_owned();
        /// A folder with texts of your own, LANG.toml, whole or in part: see nightdesk letter show --built-in.
        folder: Option<PathBuf> = None;
        /// Where customers reach these pages from outside, such as "https://desk.example.net": each notice then has a link to
        /// a page of the customer's own, which shows what was seen, tests the line and takes an answer. Absent: no link.
        link: Option<String> = None;
        /// How a customer reaches a person: a telephone number, a mail address.
        contact: String = String::new();
    }
}

section! {
    /// What reporters and other desks are told.
    Answers {
        /// The domain SpamCop takes commands at: resolved.ID@ and innocent.ID@ go there.
        spamcop: String = "cmds.spamcop.net".to_owned();
        /// Whether SpamCop is told of each of its reports when the line was found clean since.
        spamcop_resolved: bool = true;
        /// At most so many acknowledgements to one address within an hour, whatever the cases.
        per_address_hourly: u32 = 5;
        /// At most so many to one domain within a day.
        per_domain_daily: u32 = 200;
        /// Whether scanners outside home, named in authenticated reports as attacking a line of ours, are reported
        /// to the desk that answers for them, in XARF v4. Nothing of the report or the subscriber is passed on.
        xarf_out: bool = false;
        /// At most so many such reports to one desk within a day.
        xarf_per_contact_daily: u32 = 20;
        /// Who answers for addresses outside home; where nobody is named, lookup.rdap is asked: [{ net = "198.51.100.0/24", mailbox = "abuse@example.org" }].
        contacts: Vec<Contact> = Vec::new();
    }
}

section! {
    /// Flows on disk, to look back at: about 15 bytes a flow, twice (generated traffic, 35,000 flows an hour).
    Lake {
        /// Where they are; absent: lake/ in data_dir.
        dir: Option<PathBuf> = None;
        /// How long they are kept; what is deleted then is logged.
        keep: Span = Span::hours(30 * 24);
        /// The memory that questions may take together, in MiB.
        memory: u32 = 512;
        /// How long a question may take.
        limit: Span = Span::secs(30);
    }
}

section! {
    /// What each stage does: a playbook of its own (file), or the built-in one with these settings.
    Playbook {
        /// A file with the whole playbook; it then says all of what follows but outlets, and none of that may be set here.
        /// Begin with: nightdesk playbook show > playbook.toml. What is made live on the page /playbook holds until this
        /// file is changed.
        file: Option<PathBuf> = None;
        /// How long a watch lasts after a virus sighting.
        watch_for: Span = Span::hours(14 * 24);
        /// Ports asked when the evidence names none.
        usual_ports: Vec<u16> = case::Playbook::default().usual_ports;
        /// How often an open case is probed again.
        recheck_every: Span = Span::hours(6);
        /// How many negative probes in a row make a case cleaned ...
        clean_after_negatives: u32 = 3;
        /// ... when they also span at least this long.
        clean_over: Span = Span::hours(24);
        /// How long a cleaned or quiet case stays open.
        close_after: Span = Span::hours(7 * 24);
        /// Whether a proved line is contained without waiting for an operator.
        contain_automatically: bool = true;
        /// Whether a line is contained that only our own flow records prove, by relaying and a second sign of ours. Off:
        /// its port is asked at once and that answer contains it; what no port can be asked of waits for an operator.
        contain_on_flow_proof: bool = false;
        /// Whether no new block goes to the edge before a second person has approved it (nightdesk case approve): whoever
        /// ordered it by hand is not asked.
        second_person: bool = false;
        /// What a proved line loses: "mail-out" (tcp/25 out), "proved-port-in" (the proved port, inbound), "walled-garden"
        /// (the line as a whole is led into [garden], by garden.lead_to, an access server or a response policy zone).
        restrict: Vec<case::Restriction> = case::Choices::default().restrict;
        /// How long a block lasts from the newest proof; at most 7d.
        block_for: Span = Span::hours(24);
        /// Which outlets hold blocks, by name: nftables, and those of [[zone]], [[bgp]] and
        /// [[access_server]] and [[router]]; empty: all. Of those that stop
        /// traffic a block goes to the narrowest that serves its address; those that only tell others always hear of it.
        outlets: Vec<String> = Vec::new();
        /// Whether the subscriber gets a notice when the case is confirmed.
        tell_subscriber: bool = true;
        /// Whether an authenticated reporter gets an acknowledgement.
        acknowledge_reporter: bool = true;
        /// Whether operators are paged for a proxy or relay that a trusted reporter names or our probe proves: the
        /// first at once, further ones within 15 minutes together.
        page_proxy_reports: bool = true;
        /// Whether a reporter who got one is told when the line was found clean.
        tell_reporter_outcome: bool = true;
    }
}

impl From<&Playbook> for case::Playbook {
    fn from(set: &Playbook) -> Self {
        let choices = case::Choices {
            contain_automatically: set.contain_automatically,
            contain_on_flow_proof: set.contain_on_flow_proof,
            restrict: set.restrict.clone(),
            block_for: set.block_for.0,
            tell_subscriber: set.tell_subscriber,
            page_proxy_reports: set.page_proxy_reports,
        };
        case::Playbook {
            watch_for: set.watch_for.0,
            usual_ports: set.usual_ports.clone(),
            recheck_every: set.recheck_every.0,
            // Follows from [probe].
            least_gap: case::Playbook::default().least_gap,
            clean_after_negatives: set.clean_after_negatives,
            clean_over: set.clean_over.0,
            close_after: set.close_after.0,
            second_person: set.second_person,
            acknowledge_reporter: set.acknowledge_reporter,
            tell_reporter_outcome: set.tell_reporter_outcome,
            // Said in [answers], beside the other things SpamCop is told.
            spamcop_resolved: true,
            steps: choices.steps(),
            ..case::Playbook::default()
        }
    }
}
