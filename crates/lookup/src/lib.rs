//! The only code that asks DNS and registries: who a mail was shown to come from, who answers for an address, and whether
//! a domain's mail exchangers take mail.
//!
//! [`Resolver`] is the one way out: configured servers or the system's, with a cache, each question bounded in time.
//! [`Authenticator`] shows who a mail is from by SPF, DKIM, ARC and DMARC; what it could not show it says in words, and
//! it never holds a mail up for longer than a few seconds. [`AsTable`] says which network an address belongs to, which
//! is what many forged identities have in common. [`Rdap`] knows who takes complaints about an address. [`Exchangers`]
//! knocks at the mail exchangers of a domain of our own. [`Blocklist`] says what a DNS blocklist says of an address.

mod authentication;
mod authenticator;
mod blocklist;
mod checks;
mod customers;
mod domain;
mod front;
mod health;
mod mx;
mod origin;
mod rdap;
mod resolver;
mod results;

pub use authentication::Authentication;
pub use authenticator::{Authenticator, Config, Handed};
pub use blocklist::{Blocklist, Listing};
pub use customers::{Customer, Customers, CustomersError};
pub use domain::{aligned, organizational_domain};
pub use front::SIGNATURES_AT_MOST;
pub use mx::{Exchangers, Greeted, MxError};
pub use origin::{AsTable, AsTableError};
pub use rdap::{Network, Rdap, RdapError};
pub use resolver::{Resolver, ResolverError};
pub use results::results_pass;
