//! Cookies: read one, write one.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

/// The value of the first cookie of this name.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// How long a cookie stays.
pub(crate) enum Stay {
    /// Until this moment.
    Until(Timestamp),
    /// Until the browser ends.
    Session,
    /// A year: a taste, not a secret.
    Year,
    /// It goes now.
    Gone,
}

/// A `Set-Cookie` value; always `HttpOnly`, `SameSite=Lax` and for the whole site. `None` when the value is no cookie text.
pub(crate) fn set(name: &str, value: &str, stay: &Stay, https: bool) -> Option<HeaderValue> {
    let secure = if https { "; Secure" } else { "" };
    let stay = match stay {
        // RFC 9110 section 5.6.7, IMF-fixdate.
        Stay::Until(end) => format!("; Expires={}", end.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        Stay::Session => String::new(),
        Stay::Year => "; Max-Age=31536000".to_owned(),
        Stay::Gone => "; Max-Age=0".to_owned(),
    };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{stay}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cookie_of_the_name_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("xtheme=no; theme=dark; theme=light"));
        assert_eq!(find(&headers, "theme"), Some("dark"));
        assert_eq!(find(&headers, "session"), None);
    }

    #[test]
    fn a_cookie_is_never_readable_by_scripts_and_secure_over_https() {
        let end = "2026-11-23T03:04:05Z".parse().unwrap();
        let cookie = set("a", "b", &Stay::Until(end), true).unwrap();
        assert_eq!(
            cookie,
            "a=b; Path=/; HttpOnly; SameSite=Lax; Secure; Expires=Mon, 23 Nov 2026 03:04:05 GMT"
        );
        assert!(set("a", "b\r\nX: y", &Stay::Session, false).is_none());
    }
}
