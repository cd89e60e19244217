//! Whether a message was shown to come from the domain it names.
//!
//! We believe our own mail server's Authentication-Results (RFC 8601) and nothing else: the header must carry its
//! authserv-id, be the topmost of its kind, and the mail must have been handed over from that server's address.
//! Anyone can write the same header into a mail; only a server we named can hand it to us.

use std::net::IpAddr;

use lookup::results_pass;
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
        .any(|value| results_pass(&value, wanted, domain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// What the border server says of a mail that is not from SpamCop, with `inside` in the place of what it copied.
    fn failing(inside: &str) -> String {
        format!(
            "mx.example.net; spf=fail (mx.example.net: domain of {inside} does not designate 192.0.2.1) smtp.mailfrom=evil.example; dkim=none"
        )
    }

    fn spamcop(value: &str) -> bool {
        is_authentic(&mail(&format!("Authentication-Results: {value}")), HERE, "spamcop.net", &trusted())
    }

    #[test]
    fn the_senders_address_copied_into_a_comment_proves_nothing() {
        assert!(!spamcop(&failing(r#""x; dkim=pass header.d=spamcop.net "@evil.example"#)));
        assert!(!spamcop(&failing(r#""x); dkim=pass header.d=spamcop.net ("@evil.example"#)));
        assert!(!spamcop(&failing(r#""x\"); dkim=pass header.d=spamcop.net (\""@evil.example"#)));
        assert!(!spamcop(&failing("x@[a:);dkim=pass()header.d=spamcop.net;(]")));
    }

    #[test]
    fn nor_copied_into_a_value() {
        for from in [
            r#""x; dkim=pass header.d=spamcop.net "@evil.example"#,
            r#""x\"; dkim=pass header.d=spamcop.net "@evil.example"#,
            "x@[a:;dkim=pass()header.d=spamcop.net;]",
        ] {
            assert!(!spamcop(&format!("mx.example.net; spf=fail smtp.mailfrom={from}; dkim=none")), "{from}");
        }
    }

    #[test]
    fn a_true_pass_counts_with_comments_quotes_and_folds() {
        for value in [
            "mx.example.net 1; dkim=pass (2048-bit key; unprotected (rsa)) header.d=spamcop.net header.b=\"a;b\"",
            "mx.example.net;\r\n\tspf=fail (domain of x \\(at\\) y) smtp.mailfrom=x@evil.example;\r\n\tdkim=pass header.d=spamcop.net",
            "(here) mx.example.net; spf=pass (ok) smtp.mailfrom=\"a b\"@spamcop.net",
        ] {
            assert!(spamcop(value), "{value}");
        }
    }

    #[test]
    fn what_is_not_closed_proves_nothing() {
        let deep = format!("{}{}", "(".repeat(33), ")".repeat(33));
        for bad in ["(", ")", "\"", "(\"", "\\", "[", "]", "(\\)", "\"\\\"", &deep] {
            let value = format!("mx.example.net; dkim=pass header.d=spamcop.net; spf=none {bad}");
            assert!(!spamcop(&value), "{value}");
        }
        let nested = format!("{}{}", "(".repeat(32), ")".repeat(32));
        assert!(spamcop(&format!("mx.example.net; dkim=pass {nested} header.d=spamcop.net")));
    }

    #[test]
    fn a_name_below_does_not_speak_for_the_domain() {
        assert!(!spamcop("mx.example.net; dkim=pass header.d=guest.spamcop.net"));
        let bytes = mail("Authentication-Results: mx.example.net; dkim=pass header.d=SpamCop.net.");
        assert!(is_authentic(&bytes, HERE, "reports.spamcop.net", &trusted()));
    }

    /// `text` with a backslash before every character that ends or opens something.
    fn escaped(text: &str, special: &[char]) -> String {
        text.chars().flat_map(|c| special.contains(&c).then_some('\\').into_iter().chain([c])).collect()
    }

    fn evil() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("; dkim=pass header.d=spamcop.net ;".to_owned()),
            Just("dkim=pass".to_owned()),
            Just(" header.d=spamcop.net ".to_owned()),
            "[]()\"\\\\;=@ \\[]",
            // A line end inside would be a new header line, which no server copies.
            "[^\r\n]",
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_inside_a_comment_or_quotes_makes_a_pass(text in evil()) {
            let quoted = format!("\"{}\"@evil.example", escaped(&text, &['"', '\\']));
            let comment = escaped(&text, &['(', ')', '"', '\\']);
            prop_assert!(!spamcop(&failing(&quoted)), "copied quoted into a comment: {}", quoted);
            prop_assert!(!spamcop(&failing(&comment)), "escaped in a comment: {}", comment);
            let value = format!("mx.example.net; spf=fail smtp.mailfrom={quoted}; dkim=none");
            prop_assert!(!spamcop(&value), "quoted: {}", value);
        }
    }
}
