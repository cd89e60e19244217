//! Whether a message was shown to come from the domain it names.
//!
//! We believe our own mail server's Authentication-Results (RFC 8601) and nothing else: the header must carry its
//! authserv-id, be the topmost of its kind, and the mail must have been handed over from that server's address.
//! Anyone can write the same header into a mail; only a server we named can hand it to us.

use std::net::IpAddr;

use mail_parser::{HeaderName, MessageParser};

use crate::settings::TrustedResults;

/// Whether `bytes`, handed over by `peer`, passed a check aligned with `domain`.
pub(crate) fn is_authentic(
    bytes: &[u8],
    peer: Option<IpAddr>,
    domain: &str,
    trusted: &TrustedResults,
) -> bool {
    let Some(wanted) = trusted.authserv_id.as_deref() else { return false };
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return false };
    if !trusted.relays.iter().any(|net| net.contains(&peer)) {
        return false;
    }
    let Some(message) = MessageParser::new().parse_headers(bytes) else { return false };
    message
        .headers()
        .iter()
        .filter(|header| header.name == HeaderName::AuthenticationResults)
        // A border server prepends its results and removes others in its own name (RFC 8601 section 5), so only the
        // topmost can be its word.
        .take(1)
        .filter_map(|header| {
            let start = usize::try_from(header.offset_start).ok()?;
            let end = usize::try_from(header.offset_end).ok()?;
            bytes.get(start..end).map(String::from_utf8_lossy)
        })
        .any(|value| passes(&value, wanted, domain))
}

/// Whether the header value is `wanted`'s and names a passed method aligned with `domain`.
fn passes(value: &str, wanted: &str, domain: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let author = parts.next().and_then(|id| id.split_whitespace().next()).unwrap_or_default();
    author.eq_ignore_ascii_case(wanted) && parts.any(|result| method_passes(result, domain))
}

/// One result such as `dkim=pass header.d=spamcop.net`; SPF counts by the envelope sender's domain, DMARC by From.
fn method_passes(result: &str, domain: &str) -> bool {
    let mut words = result.split_whitespace();
    let Some((method, "pass")) = words.next().and_then(|word| word.split_once('=')) else { return false };
    let property = match method {
        "dkim" => "header.d",
        "spf" => "smtp.mailfrom",
        "dmarc" => "header.from",
        _ => return false,
    };
    words
        .filter_map(|word| word.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case(property))
        .any(|(_, value)| aligned(value.rsplit('@').next().unwrap_or(value), domain))
}

/// Relaxed alignment (RFC 7489 section 3.1): equal, or one below the other. A bare top-level domain aligns with nothing.
fn aligned(shown: &str, domain: &str) -> bool {
    let shown = shown.trim_matches('"').trim_end_matches('.').to_ascii_lowercase();
    let below = |child: &str, parent: &str| {
        parent.contains('.') && child.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
    };
    shown == domain || below(&shown, domain) || below(domain, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted() -> TrustedResults {
        TrustedResults {
            authserv_id: Some("mx.example.net".to_owned()),
            relays: vec!["127.0.0.0/8".parse().expect("a prefix")],
        }
    }

    fn mail(results: &str) -> Vec<u8> {
        format!("{results}\r\nFrom: a@reports.example.org\r\nSubject: x\r\n\r\nbody\r\n").into_bytes()
    }

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[test]
    fn our_servers_word_counts() {
        let bytes = mail(
            "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=x@bad.example; dkim=pass header.d=example.org",
        );
        assert!(is_authentic(&bytes, HERE, "reports.example.org", &trusted()));
    }

    #[test]
    fn the_same_words_from_elsewhere_do_not() {
        let bytes = mail("Authentication-Results: mx.example.net; dkim=pass header.d=example.org");
        let outside = Some("198.51.100.9".parse().expect("an address"));
        assert!(!is_authentic(&bytes, outside, "reports.example.org", &trusted()));
        assert!(!is_authentic(&bytes, None, "reports.example.org", &trusted()));
    }

    #[test]
    fn a_second_header_is_not_ours() {
        let bytes = mail(
            "Authentication-Results: mx.example.net; dkim=none\r\nAuthentication-Results: mx.example.net; dkim=pass header.d=example.org",
        );
        assert!(!is_authentic(&bytes, HERE, "reports.example.org", &trusted()));
    }

    #[test]
    fn another_servers_name_or_domain_is_no_proof() {
        let stranger = mail("Authentication-Results: mx.example.com; dkim=pass header.d=example.org");
        assert!(!is_authentic(&stranger, HERE, "reports.example.org", &trusted()));
        let other = mail("Authentication-Results: mx.example.net; dkim=pass header.d=example.com");
        assert!(!is_authentic(&other, HERE, "reports.example.org", &trusted()));
        let top = mail("Authentication-Results: mx.example.net; dkim=pass header.d=org");
        assert!(!is_authentic(&top, HERE, "reports.example.org", &trusted()));
        let lookalike = mail("Authentication-Results: mx.example.net; dkim=pass header.d=badexample.org");
        assert!(!is_authentic(&lookalike, HERE, "example.org", &trusted()));
    }
}
