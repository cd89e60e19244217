//! The only code that asks DNS: who a mail was shown to come from, and what a domain's records say.
//!
//! [`Resolver`] is the one way out: configured servers or the system's, with a cache, each question bounded in time.

mod resolver;

pub use resolver::{Resolver, ResolverError};
