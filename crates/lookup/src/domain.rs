//! Who stands behind a name.

/// The domain somebody registered, which everything below it belongs to: `reports.example.org` is of `example.org`.
/// By the Public Suffix List, as relaxed alignment has it (RFC 7489 section 3.2). A name without one is its own.
#[must_use]
pub fn organizational_domain(name: &str) -> String {
    let plain = plain(name);
    psl::domain_str(&plain).unwrap_or(&plain).to_owned()
}

/// Whether a check of `shown` speaks for `author` by relaxed alignment (RFC 7489 section 3.1): both are of one
/// organizational domain. A public suffix speaks for nobody.
#[must_use]
pub fn aligned(shown: &str, author: &str) -> bool {
    let (shown, author) = (plain(shown), plain(author));
    match (psl::domain_str(&shown), psl::domain_str(&author)) {
        (Some(shown), Some(author)) => shown == author,
        _ => false,
    }
}

/// A name as it is compared: in lower case, without the dot of the root.
pub(crate) fn plain(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_belongs_to_whoever_registered_the_domain() {
        for (name, whose) in [
            ("Reports.Example.ORG.", "example.org"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("somebody.github.io", "somebody.github.io"),
            ("localhost", "localhost"),
            ("co.uk", "co.uk"),
        ] {
            assert_eq!(organizational_domain(name), whose);
        }
    }

    #[test]
    fn neighbours_under_a_public_suffix_do_not_speak_for_each_other() {
        assert!(aligned("bounce.example.org", "reports.example.org"));
        assert!(!aligned("evil.co.uk", "good.co.uk"));
        assert!(!aligned("evil.github.io", "good.github.io"));
        assert!(!aligned("co.uk", "co.uk"));
        assert!(!aligned("example.org.evil.example", "example.org"));
        assert!(!aligned("", ""));
    }
}
