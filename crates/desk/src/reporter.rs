//! Who says so: what was shown of a message's sender, and how far it is believed.

use std::net::IpAddr;
use std::time::Duration;

use case::{Source, Standing, Trust};
use lookup::{Authentication, Handed, organizational_domain};
use report::Reading;
use store::Entry;
use tokio::time::timeout;

use crate::authenticity;
use crate::desk::Desk;
use crate::error::{DeskError, Doing};

/// Reporters that are believed from the first report on.
const NAMED_FEEDS: &str = include_str!("../data/named_feeds.txt");
/// How long what came to the unpublished box waits for DNS: it is believed without, and must not be late (P12).
const URGENT_WAITS: Duration = Duration::from_secs(2);
/// The longest name of a reporter that is kept, in bytes: that of a domain (RFC 1035 section 2.3.4).
const NAME_AT_MOST: usize = 255;

/// The organizational domains of the feeds that are believed from the first report on, where the configuration names no
/// others.
#[must_use]
pub fn named_feeds() -> Vec<String> {
    let names = NAMED_FEEDS.lines().filter_map(|line| line.split('#').next()).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What the envelope says of how a message was handed over.
struct Envelope<'e>(&'e serde_json::Value);

impl<'e> Envelope<'e> {
    fn text(&self, key: &str) -> Option<&'e str> {
        self.0.get(key)?.as_str()
    }

    fn peer(&self) -> Option<IpAddr> {
        self.text("peer")?.parse::<IpAddr>().ok().map(|peer| peer.to_canonical())
    }
}

impl Desk {
    /// What can be shown of who sent a message. Asked of DNS unless our own border server, or a token, says it already.
    pub(crate) async fn authenticate(
        &self,
        reading: &Reading,
        bytes: &[u8],
        entry: &Entry,
    ) -> Authentication {
        let envelope = Envelope(&entry.envelope);
        if let Some(token) = envelope.text("authenticated_as") {
            let aligned_domain = Some(name_of(token));
            let why = format!("{} by its token", name_of(token));
            return Authentication { aligned_domain, ..Authentication::none(&why) };
        }
        let Some(domain) = reading.reporter.as_ref().map(|who| who.domain.as_str()) else {
            return Authentication::none("not checked: it names no sender");
        };
        let settings = self.settings();
        let peer = envelope.peer();
        if authenticity::is_authentic(bytes, peer, domain, &settings.trusted_results) {
            let aligned_domain = Some(domain.to_owned());
            let why = format!("{domain} by our own mail server's check");
            return Authentication { aligned_domain, ..Authentication::none(&why) };
        }
        let Some(authenticator) = &settings.reporters.authenticator else {
            return Authentication::none("not checked: no name servers are configured to ask");
        };
        // What our own relay or this machine hands over says nothing of where it came from.
        let own = |peer: &IpAddr| {
            peer.is_loopback() || settings.trusted_results.relays.iter().any(|net| net.contains(peer))
        };
        let handed = Handed {
            peer: peer.filter(|peer| !own(peer)),
            helo: envelope.text("helo"),
            mail_from: envelope.text("mail_from"),
        };
        let check = authenticator.check(bytes, handed);
        if !entry.is_urgent() {
            return check.await;
        }
        let late = |_| Authentication::none("not shown: DNS did not answer in time for the unpublished box");
        timeout(URGENT_WAITS, check).await.unwrap_or_else(late)
    }

    /// Who says so, with the record that counts: the one of the domain it was shown to be from, and of no other.
    pub(crate) async fn source_of(
        &self,
        reading: &Reading,
        shown: &Authentication,
        entry: &Entry,
    ) -> Result<Source, DeskError> {
        let envelope = Envelope(&entry.envelope);
        let said = reading.reporter.as_ref().map_or("unknown", |who| who.domain.as_str());
        let by_token = envelope.text("authenticated_as").is_some();
        let aligned =
            shown.aligned_domain.as_deref().filter(|aligned| by_token || lookup::aligned(aligned, said));
        let domain = match aligned {
            Some(token) if by_token => token.to_owned(),
            Some(aligned) => organizational_domain(aligned),
            None => organizational_domain(&name_of(said)),
        };
        let authenticated = aligned.is_some();
        let named = authenticated && self.settings().reporters.named.contains(&domain);
        let standing = if entry.is_urgent() {
            Standing::UnpublishedBox
        } else if named {
            Standing::NamedFeed
        } else {
            Standing::Unknown
        };
        // The record is the domain's own: whoever only writes its name has no part in it.
        let trust = if authenticated {
            self.store().trust(&domain).await.doing("look up a reporter's record")?
        } else {
            Trust::default()
        };
        let network = envelope.peer().map(|peer| self.settings().reporters.networks.network_of(peer));
        let network = network.filter(|_| !authenticated);
        Ok(Source::Report { domain, authenticated, trust, standing, network })
    }
}

/// A reporter's name as it is kept: short, in lower case, without anything that could steer a terminal.
fn name_of(text: &str) -> String {
    let plain = text.trim().chars().filter(|c| !c.is_control() && !c.is_whitespace());
    let mut name: String = plain.flat_map(char::to_lowercase).collect();
    while name.len() > NAME_AT_MOST {
        name.pop();
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use case::EvidenceId;
    use jiff::Timestamp;
    use report::Reporter;
    use store::{Spool, Store, Verdict};

    use super::*;
    use crate::clock::Clock;
    use crate::reading::tests::entry;
    use crate::settings::{Settings, TrustedResults};

    #[test]
    fn every_named_feed_is_an_organizational_domain_of_its_own() {
        let feeds = named_feeds();
        assert!(feeds.len() >= 5 && feeds.contains(&"spamcop.net".to_owned()));
        for feed in feeds {
            assert_eq!(organizational_domain(&feed), feed);
        }
    }

    #[test]
    fn a_name_is_a_name_whatever_is_written() {
        assert_eq!(name_of(" Feed\u{1b}[2J.Example\r\n"), "feed[2j.example");
        assert_eq!(name_of(" \n"), "unknown");
        assert!(name_of(&"ü".repeat(1000)).len() <= NAME_AT_MOST);
    }

    async fn desk(dir: &std::path::Path) -> Desk {
        let url = format!("sqlite://{}", dir.join("nightdesk.db").display());
        let store = Store::open(&url).await.expect("a store");
        let verdict = Verdict {
            domain: "spamcop.net".to_owned(),
            evidence: EvidenceId([2; 32]),
            case: case::CaseId(1),
            confirmed: true,
            at: Timestamp::UNIX_EPOCH,
        };
        store.judge_reporter(&verdict).await.expect("a verdict");
        let trusted_results = TrustedResults {
            authserv_id: Some("mx.example.net".to_owned()),
            relays: vec!["127.0.0.0/8".parse().expect("a prefix")],
        };
        let settings = Settings { trusted_results, ..Settings::bare() };
        let spool = Spool::open(&dir.join("spool")).expect("a spool");
        Desk::open(settings, store, spool, Clock::standing_at(Timestamp::UNIX_EPOCH)).await.expect("a desk")
    }

    async fn source(desk: &Desk, bytes: &str, entry: &Entry) -> Source {
        let mut reading = Reading::unreadable("x");
        let domain = "reports.spamcop.net".to_owned();
        reading.reporter = Some(Reporter { address: format!("1@{domain}"), domain });
        let shown = desk.authenticate(&reading, bytes.as_bytes(), entry).await;
        desk.source_of(&reading, &shown, entry).await.expect("a source")
    }

    #[tokio::test]
    async fn a_record_is_for_those_who_were_shown_to_be_the_reporter() {
        let dir = tempfile::tempdir().expect("a folder");
        let desk = desk(dir.path()).await;
        for (result, confirmed) in [("fail", 0), ("pass", 1)] {
            let bytes = format!(
                "Authentication-Results: mx.example.net; dkim={result} header.d=spamcop.net\r\nFrom: 1@spamcop.net\r\n\r\nx\r\n"
            );
            let Source::Report { domain, authenticated, trust, standing, network } =
                source(&desk, &bytes, &entry()).await
            else {
                panic!("a report")
            };
            assert_eq!(domain, "spamcop.net", "the organizational domain");
            assert_eq!((authenticated, trust.confirmed), (confirmed == 1, confirmed), "{result}");
            assert_eq!(standing == case::Standing::NamedFeed, authenticated);
            assert_eq!(network.as_deref(), (!authenticated).then_some("127.0.0.0/16"));
        }
    }

    #[tokio::test]
    async fn the_unpublished_box_and_a_token_have_a_standing_of_their_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let desk = desk(dir.path()).await;
        let boxed =
            Entry { envelope: serde_json::json!({ "peer": "192.0.2.9", "tags": ["trusted"] }), ..entry() };
        let Source::Report { standing, authenticated, trust, .. } =
            source(&desk, "From: x\r\n\r\n", &boxed).await
        else {
            panic!("a report")
        };
        assert_eq!((standing, authenticated), (case::Standing::UnpublishedBox, false));
        assert_eq!(trust.confirmed, 0, "what comes to the box is not thereby the domain it names");
        let token = Entry { envelope: serde_json::json!({ "authenticated_as": "Our Sensor" }), ..entry() };
        let Source::Report { domain, authenticated, standing, .. } = source(&desk, "x", &token).await else {
            panic!("a report")
        };
        assert_eq!((domain.as_str(), authenticated, standing), ("oursensor", true, case::Standing::Unknown));
    }

    #[tokio::test]
    async fn the_unpublished_box_does_not_wait_for_a_dns_that_is_silent() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let server = silent.local_addr().expect("an address");
        let resolver = lookup::Resolver::new(&[server]).expect("a resolver");
        let mut settings = Settings::bare();
        settings.reporters.authenticator =
            Some(lookup::Authenticator::new(&resolver, lookup::Config::default()));
        let dir = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        let store = Store::open(&url).await.expect("a store");
        let spool = Spool::open(&dir.path().join("spool")).expect("a spool");
        let clock = Clock::standing_at(Timestamp::UNIX_EPOCH);
        let desk = Desk::open(settings, store, spool, clock).await.expect("a desk");
        let mut reading = Reading::unreadable("x");
        let domain = "feed.example".to_owned();
        reading.reporter = Some(Reporter { address: format!("1@{domain}"), domain });
        let envelope = serde_json::json!({
            "peer": "192.0.2.9", "helo": "mx.feed.example", "mail_from": "1@feed.example", "tags": ["trusted"],
        });
        let boxed = Entry { envelope, ..entry() };
        let shown = desk.authenticate(&reading, b"From: 1@feed.example\r\n\r\nx\r\n", &boxed).await;
        let why = format!("{shown:?}");
        assert!(why.contains("did not answer in time for the unpublished box"), "{why}");
    }
}
