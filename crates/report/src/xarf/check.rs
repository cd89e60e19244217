//! The small forms that schemas ask for.

/// The domain of a mail address that has the form of one.
pub(super) fn mail_domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    (!local.is_empty() && !local.contains(char::is_whitespace) && is_domain(domain)).then_some(domain)
}

/// A name of labels (RFC 1123 section 2.1), at least two of them.
pub(super) fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

/// A UUID as RFC 9562 section 4 writes it.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Base64 (RFC 4648 section 4), padded or not.
pub(super) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && digits.len() % 4 != 1
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'\r' | b'\n'))
}

/// `sha256:` and hexadecimal digits.
pub(super) fn is_hash(text: &str) -> bool {
    let Some(("md5" | "sha1" | "sha256" | "sha512", digits)) = text.split_once(':') else {
        return false;
    };
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `namespace:predicate` of a tag.
pub(super) fn is_tag(text: &str) -> bool {
    let part = |part: &str, dot: bool| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'_' | b'+' | b'-')
                    || dot && byte == b'.'
            })
    };
    text.split_once(':').is_some_and(|(space, predicate)| part(space, false) && part(predicate, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_what_only_looks_like_them() {
        assert_eq!(mail_domain("abuse@example.net"), Some("example.net"));
        assert!(mail_domain("abuse.example.net").is_none() && mail_domain("a@localhost").is_none());
        assert!(
            is_uuid("550e8400-e29b-41d4-a716-446655440000") && !is_uuid("550e8400e29b41d4a716446655440000")
        );
        assert!(
            is_base64("bWFpbA==") && is_base64("bWFpbA") && !is_base64("not base64") && !is_base64("bWFpb")
        );
        assert!(is_hash("sha256:00ff") && !is_hash("sha256:") && !is_hash("crc32:00"));
        assert!(
            is_tag("malware:conficker") && is_tag("language:c++") && !is_tag("Malware:x") && !is_tag("x")
        );
        assert!(is_domain("example.net") && !is_domain("this is not a name.net") && !is_domain("meh"));
    }
}
