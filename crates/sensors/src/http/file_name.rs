//! The name of the file a report came in, as the sender gives it.

/// Names longer than file systems take are cut.
const LONGEST: usize = 255;

/// The name in `?name=…`, or else in Content-Disposition; only its last part, should it be a path.
pub(super) fn of(query: Option<&str>, disposition: Option<&str>) -> Option<String> {
    let asked = query.and_then(|query| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix("name="))?;
        Some(decode(&value.replace('+', " ")))
    });
    let name = asked.or_else(|| disposition.and_then(in_disposition))?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    (!plain.is_empty()).then_some(plain)
}

/// `filename*=UTF-8''…` (RFC 8187) before `filename=…`, as RFC 6266 section 4.3 wants it.
fn in_disposition(value: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        parameters(value)
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    };
    let extended = parameter("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_language, text) = rest.split_once('\'')?;
        charset.eq_ignore_ascii_case("utf-8").then(|| decode(text))
    });
    extended.or_else(|| parameter("filename"))
}

/// The parameters after the first `;`; a `;` inside quotes does not end one.
fn parameters(value: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (text, remainder) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (token, remainder) = after.split_once(';').unwrap_or((after, ""));
                (token.trim().to_owned(), remainder)
            }
        };
        found.push((name.trim(), text));
        rest = remainder;
    }
    found
}

/// The text up to the closing quote, and what follows the next `;`.
fn unquote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => {
                let after = quoted.get(place..).unwrap_or_default();
                return (text, after.split_once(';').map_or("", |(_, rest)| rest));
            }
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => text.push(character),
        }
    }
    (text, "")
}

/// Percent-encoding taken away; what is not UTF-8 then is shown as such.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = after.get(..2).filter(|_| *first == b'%').and_then(|digits| hex::decode(digits).ok());
        match coded {
            Some(byte) => {
                bytes.extend(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_is_given() {
        let named = |query, disposition| of(query, disposition).unwrap_or_default();
        assert_eq!(named(Some("x=1&name=2026-01-02%20open_proxy.csv"), None), "2026-01-02 open_proxy.csv");
        assert_eq!(named(None, Some("attachment; filename=a.csv")), "a.csv");
        assert_eq!(named(None, Some("attachment; filename=\"a;\\\"b.csv\"; x=y")), "a;\"b.csv");
        assert_eq!(named(None, Some("attachment; filename=e.csv; filename*=UTF-8''%c3%a4.csv")), "ä.csv");
        assert_eq!(named(Some("name=q.csv"), Some("attachment; filename=d.csv")), "q.csv");
    }

    #[test]
    fn a_name_is_no_path_and_no_line() {
        assert_eq!(of(Some("name=..%2F..%2Fetc%2Fpasswd"), None).as_deref(), Some("passwd"));
        assert_eq!(of(None, Some("attachment; filename=\"C:\\\\x\\\\a.zip\"")).as_deref(), Some("a.zip"));
        assert_eq!(of(Some("name=a%0d%0ab.csv"), None).as_deref(), Some("ab.csv"));
        assert_eq!(of(Some("name="), None), None);
        assert_eq!(of(Some("other=a.csv"), Some("inline")), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_given_as_a_name_breaks_it(query in ".{0,200}", disposition in ".{0,200}") {
            if let Some(name) = of(Some(&format!("name={query}")), Some(&disposition)) {
                proptest::prop_assert!(!name.contains(['/', '\\']) && !name.chars().any(char::is_control));
            }
        }
    }
}
