//! Whether a mail comes from where its From says: SPF, DKIM, ARC and DMARC, asked within bounds.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mail_auth::MessageAuthenticator;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::authentication::Authentication;
use crate::checks::Checks;
use crate::domain::{organizational_domain, plain};
use crate::front::Front;
use crate::health::Health;
use crate::resolver::Resolver;

/// How long all questions about one mail may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How many mails are checked at the same time; each has one question out at a time.
const AT_ONCE: usize = 128;

/// Which domains are handled in a way of their own.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Forwarders whose ARC seal is believed (RFC 8617): mailing lists and providers whose customers forward to us.
    pub trusted_sealers: Vec<String>,
    /// Reporters that are asked about even while DNS seems to be down: a flood must not keep the known ones waiting.
    pub known: Vec<String>,
}

/// How a message was handed to us.
#[derive(Debug, Clone, Copy, Default)]
pub struct Handed<'a> {
    /// Who connected; `None` where that says nothing of the sender, such as our own relay.
    pub peer: Option<IpAddr>,
    /// The name in its greeting.
    pub helo: Option<&'a str>,
    /// The envelope sender, empty for a bounce.
    pub mail_from: Option<&'a str>,
}

/// Shows who a mail is from. Cheap to clone; all clones share the resolver, its cache and the bounds.
#[derive(Clone)]
pub struct Authenticator {
    inner: Arc<Inner>,
}

struct Inner {
    checker: MessageAuthenticator,
    config: Config,
    places: Semaphore,
    health: Health,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Authenticator {
    /// An authenticator that asks through `resolver`.
    #[must_use]
    pub fn new(resolver: &Resolver, mut config: Config) -> Authenticator {
        config.trusted_sealers.iter_mut().for_each(|name| *name = plain(name));
        config.known.iter_mut().for_each(|name| *name = organizational_domain(name));
        let checker = MessageAuthenticator(resolver.hickory().clone());
        let places = Semaphore::new(AT_ONCE);
        Authenticator { inner: Arc::new(Inner { checker, config, places, health: Health::default() }) }
    }

    /// What can be shown of the sender of `bytes`. Never fails and takes at most five seconds once its turn has come: a
    /// DNS that does not answer shows nothing, and the words say so.
    pub async fn check(&self, bytes: &[u8], handed: Handed<'_>) -> Authentication {
        let front = match Front::read(bytes) {
            Ok(front) => front,
            Err(why) => return Authentication::none(why),
        };
        let inner = &self.inner;
        let known = inner.config.known.contains(&organizational_domain(&front.author));
        if !known && !inner.health.worth_asking(&organizational_domain(&front.author)) {
            return Authentication::unasked("not asked: DNS did not answer just now");
        }
        let Ok(_place) = inner.places.acquire().await else {
            return Authentication::unasked("not asked: nightdesk is stopping");
        };
        let checks = Checks { checker: &inner.checker, sealers: &inner.config.trusted_sealers, handed };
        let checked = timeout(DEADLINE, checks.run(&front)).await;
        let shown = checked
            .unwrap_or_else(|_| Authentication::unasked("not shown: DNS did not answer within five seconds"));
        inner.health.note(&organizational_domain(&front.author), !shown.dns_failed);
        shown
    }
}
