//! What an Authentication-Results value says (RFC 8601), with all that a sender can place in it taken out first.

/// How deep comments may nest (RFC 5322 section 3.2.2 sets no bound); a border server nests one or two.
const DEPTH: u32 = 32;

/// Whether the header value is `wanted`'s and names a passed method aligned with `domain`.
///
/// Border servers copy MAIL FROM into comments and quoted strings, so that text is the sender's and is taken out first.
/// Some copy a quoted local part into a comment without escaping its brackets, where RFC 5322 gives quotes no meaning:
/// only what holds with and without quotes inside comments counts.
#[must_use]
pub fn results_pass(value: &str, wanted: &str, domain: &str) -> bool {
    both_ways(value, |value| {
        let mut parts = value.split(';').map(str::trim);
        let author = parts.next().and_then(|id| id.split_whitespace().next()).unwrap_or_default();
        author.eq_ignore_ascii_case(wanted) && parts.any(|result| method_passes(result, domain))
    })
}

/// Whether an ARC-Authentication-Results value (RFC 8617 section 4.1.1) names a passed method aligned with `domain`.
/// Whose word it is, its seal says: the first two parts, instance and authserv-id, are passed over.
pub(crate) fn sealed_results_pass(value: &str, domain: &str) -> bool {
    both_ways(value, |value| value.split(';').skip(2).any(|result| method_passes(result.trim(), domain)))
}

fn both_ways(value: &str, holds: impl Fn(&str) -> bool) -> bool {
    [Comments::Plain, Comments::WithQuotes]
        .into_iter()
        .all(|comments| bare(value, comments).is_some_and(|value| holds(&value)))
}

/// Whether quotes and address literals inside comments hold text together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comments {
    /// As RFC 5322 has it.
    Plain,
    /// As servers write them that copy a quoted local part.
    WithQuotes,
}

/// The value on one line, each comment a blank, each quoted string and address literal `_`, which equals nothing we
/// look for. `None` when one of them is not closed, or closed without having been opened.
fn bare(value: &str, comments: Comments) -> Option<String> {
    let mut bare = String::with_capacity(value.len());
    let mut depth = 0u32;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            // An address literal may hold `;` and brackets too (RFC 5321 section 4.1.3).
            '"' | '[' if depth == 0 || comments == Comments::WithQuotes => {
                skip_to(if c == '[' { ']' } else { c }, &mut chars)?;
                if depth == 0 {
                    bare.push('_');
                }
            }
            '(' => {
                depth = (depth < DEPTH).then_some(depth + 1)?;
                bare.push(' ');
            }
            ')' => depth = depth.checked_sub(1)?,
            '\\' if depth > 0 => _ = chars.next()?,
            _ if depth > 0 => {}
            '\\' | ']' => return None,
            '\r' | '\n' => bare.push(' '),
            c => bare.push(c),
        }
    }
    (depth == 0).then_some(bare)
}

/// Goes past the next `end` that no backslash stands before.
fn skip_to(end: char, chars: &mut std::str::Chars<'_>) -> Option<()> {
    loop {
        match chars.next()? {
            '\\' => _ = chars.next()?,
            c if c == end => return Some(()),
            _ => {}
        }
    }
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
        .any(|(_, value)| proves(value.rsplit('@').next().unwrap_or(value), domain))
}

/// Whether a check of `shown` speaks for `domain`: the same, or one above it. Stricter than relaxed alignment (RFC 7489
/// section 3.1): whoever holds `x.spamcop.net` does not speak for `spamcop.net`. A bare top-level domain speaks for
/// nobody.
fn proves(shown: &str, domain: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let (shown, domain) = (plain(shown), plain(domain));
    shown.contains('.')
        && domain.strip_suffix(&shown).is_some_and(|below| below.is_empty() || below.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_stands_for_its_own_results_only() {
        let sealed =
            "i=1; lists.example.net; dkim=pass header.d=example.org; spf=fail smtp.mailfrom=x@evil.example";
        assert!(sealed_results_pass(sealed, "reports.example.org"));
        assert!(!sealed_results_pass(sealed, "evil.example"));
        assert!(!sealed_results_pass("i=1; dkim=pass header.d=example.org", "example.org"));
        assert!(!sealed_results_pass(
            "i=1; a.example; spf=fail (; dkim=pass header.d=example.org)",
            "example.org"
        ));
    }
}
