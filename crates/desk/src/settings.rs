//! What the desk is told once, at the start.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::SignedDuration;

use case::{Playbook, Territory};
use lookup::{AsTable, Authenticator, Customers};
use report::Quirks;

use crate::hooks::Hook;
use crate::letters::Letters;
use crate::reporter::named_feeds;

use crate::contacts::{ContactTable, Contacts};
use crate::outbound::Outbound;

/// Everything the desk must know of the house it works in.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is ours, and what of it is never touched.
    pub territory: Territory,
    /// What each stage does, as the configuration has it; [`crate::Desk::playbook`] is the one that is live.
    pub playbook: Playbook,
    /// How far a reporter's stated time and our lease source's clock may be apart.
    pub clock_skew: SignedDuration,
    /// Translators that give out ports by formula (RFC 7422).
    pub mappings: Vec<lease::nat::Deterministic>,
    /// The customer system, asked where no lease says whose an address was.
    pub customers: Option<Customers>,
    /// How mail goes out; without it nothing is mailed, and the case says so.
    pub mail: Option<MailSettings>,
    /// Makes a subscriber's mail address where the lease source gave none: `{subscriber}@customers.example.net`.
    pub subscriber_mail: Option<String>,
    /// What customers are written, and in which languages.
    pub letters: Letters,
    /// Where customers reach these pages, such as `https://desk.example.net`; without it they get no page of their own.
    pub customer_pages: Option<String>,
    /// Which reporters are believed how far, and how that is found out.
    pub reporters: Reporters,
    /// Who of our own mail servers checks SPF, DKIM and DMARC and says so in Authentication-Results (RFC 8601).
    pub trusted_results: TrustedResults,
    /// How reporters and other desks are written to.
    pub answers: Answers,
    /// What is known of single reporters' notices, by which mail is read that no format fits.
    pub quirks: Arc<Quirks>,
    /// How other people's machines are sent to.
    pub outbound: Outbound,
    /// Which other programs are told what happens to cases.
    pub hooks: Arc<[Hook]>,
}

/// How reporters and other desks are written to, and how often at most.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The domain SpamCop takes commands at.
    pub spamcop: String,
    /// Our own addresses and whole domains; nothing automatic is sent there.
    pub own: Vec<String>,
    /// At most so many acknowledgements, and so many words of the outcome, to one address within an hour.
    pub per_address_hourly: u32,
    /// The same to one domain within a day.
    pub per_domain_daily: u32,
    /// Whether scanners outside home are reported to their own abuse desks.
    pub xarf_out: bool,
    /// Whether those that came to our traps are.
    pub xarf_traps: bool,
    /// At most so many such reports to one abuse desk within a day.
    pub xarf_per_contact_daily: u32,
    /// Who answers for an address outside home.
    pub contacts: Arc<dyn Contacts>,
}

impl Default for Answers {
    fn default() -> Self {
        Answers {
            spamcop: "cmds.spamcop.net".to_owned(),
            own: Vec::new(),
            per_address_hourly: 5,
            per_domain_daily: 200,
            xarf_out: false,
            xarf_traps: false,
            xarf_per_contact_daily: 20,
            contacts: Arc::new(ContactTable::default()),
        }
    }
}

impl Answers {
    /// Whether an address is one of our own, or lies in a domain that is.
    #[must_use]
    pub fn is_ours(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.own.iter().any(|own| own.eq_ignore_ascii_case(address) || own.eq_ignore_ascii_case(domain))
    }
}

/// Which reporters are believed how far, and how that is found out.
#[derive(Debug, Clone)]
pub struct Reporters {
    /// Organizational domains, in lower case, that are believed from the first report on that is shown to be theirs.
    pub named: Vec<String>,
    /// Which network an address belongs to.
    pub networks: Arc<AsTable>,
    /// Shows who a mail is from; without it only [`TrustedResults`] do.
    pub authenticator: Option<Authenticator>,
}

impl Default for Reporters {
    fn default() -> Self {
        Reporters { named: named_feeds(), networks: Arc::default(), authenticator: None }
    }
}

/// Which Authentication-Results are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedResults {
    /// The authserv-id our own server writes (RFC 8601 section 2.5).
    pub authserv_id: Option<String>,
    /// From where mail must come for its topmost results to be ours; others could have written them themselves.
    pub relays: Vec<IpNet>,
}

/// How mail goes out.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The relay's host name or address.
    pub relay: String,
    /// Its port.
    pub port: u16,
    /// Whether STARTTLS is required; otherwise it is used when offered.
    pub require_tls: bool,
    /// The sender, such as `Abuse desk <abuse@example.net>`.
    pub from: lettre::message::Mailbox,
    /// Who is written to when the desk itself needs a person.
    pub operators: Option<lettre::message::Mailbox>,
}

/// Whether `text` is a sender or recipient mail can be sent with.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_mailbox(text: &str) -> Result<lettre::message::Mailbox, String> {
    text.parse().map_err(|error: lettre::address::AddressError| error.to_string())
}

#[cfg(test)]
impl Settings {
    /// A house on 203.0.113.0/24 that mails nobody and knows no reporter.
    pub(crate) fn bare() -> Settings {
        let home = vec!["203.0.113.0/24".parse().expect("a prefix")];
        Settings {
            territory: Territory {
                home: case::Home::new(home).expect("a home"),
                never_touch: Vec::new().into(),
            },
            playbook: Playbook::default(),
            clock_skew: SignedDuration::ZERO,
            mappings: Vec::new(),
            customers: None,
            mail: None,
            subscriber_mail: None,
            letters: Letters::default(),
            customer_pages: None,
            reporters: Reporters::default(),
            trusted_results: TrustedResults::default(),
            answers: Answers::default(),
            quirks: Arc::default(),
            outbound: Outbound::new(&[], &[]),
            hooks: Arc::from([]),
        }
    }
}
