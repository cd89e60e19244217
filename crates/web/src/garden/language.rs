//! The words of the garden and of customers' own pages, in six languages.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// Everything the page says in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// The language's tag (BCP 47).
    pub(crate) tag: String,
    /// What it calls itself.
    pub(crate) own_name: String,
    pub(crate) languages: String,
    pub(crate) title: String,
    pub(crate) title_free: String,
    pub(crate) lead: String,
    pub(crate) lead_free: String,
    pub(crate) lead_unknown: String,
    pub(crate) until: String,
    pub(crate) seen: String,
    pub(crate) open_proxy: String,
    pub(crate) open_relay: String,
    pub(crate) relaying: String,
    pub(crate) staff: String,
    pub(crate) port: String,
    pub(crate) clean: String,
    pub(crate) steps: Vec<String>,
    pub(crate) test: String,
    pub(crate) test_hint: String,
    pub(crate) test_button: String,
    pub(crate) running: String,
    pub(crate) released: String,
    pub(crate) still_open: String,
    pub(crate) at_work: String,
    pub(crate) not_asked: String,
    pub(crate) too_soon: String,
    pub(crate) person: String,
    pub(crate) contact: String,
    pub(crate) mail: String,
    pub(crate) mail_open: String,
    pub(crate) mail_closed: String,
    pub(crate) mail_asked: String,
    pub(crate) mail_reason: String,
    pub(crate) mail_button: String,
    pub(crate) case: String,
    pub(crate) page_title: String,
    pub(crate) page_lead: String,
    pub(crate) over_title: String,
    pub(crate) over_lead: String,
    pub(crate) page_test_hint: String,
    pub(crate) answer: String,
    pub(crate) answer_hint: String,
    pub(crate) answer_button: String,
    pub(crate) answer_kept: String,
    pub(crate) answer_enough: String,
    pub(crate) valid: String,
    pub(crate) gone_title: String,
    pub(crate) gone: String,
    pub(crate) firewall_title: String,
    pub(crate) firewall_lead: String,
    pub(crate) firewall_button: String,
    pub(crate) firewall_person: String,
}

static ALL: LazyLock<Vec<Words>> = LazyLock::new(|| {
    let files = [
        include_str!("../../data/garden/en.toml"),
        include_str!("../../data/garden/de.toml"),
        include_str!("../../data/garden/es.toml"),
        include_str!("../../data/garden/fr.toml"),
        include_str!("../../data/garden/nl.toml"),
        include_str!("../../data/garden/tr.toml"),
    ];
    // That each can be read is held by a test.
    files.into_iter().filter_map(|text| toml::from_str(text).ok()).collect()
});

/// All languages, English first.
pub(crate) fn all() -> &'static [Words] {
    &ALL
}

/// The language that was asked for by name, else the one the browser likes best of ours (RFC 9110 section 12.5.4), else
/// English.
pub(crate) fn choose(asked: &str, headers: &HeaderMap) -> Option<&'static Words> {
    let named = |tag: &str| all().iter().find(|words| words.tag == tag);
    let header =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    named(asked).or_else(|| liked(header).into_iter().find_map(|tag| named(&tag))).or_else(|| all().first())
}

/// The primary tags of an Accept-Language, the best first. A few are looked at: nobody speaks more.
fn liked(header: &str) -> Vec<String> {
    let mut wishes: Vec<(u32, String)> = Vec::new();
    for wish in header.split(',').take(16) {
        let mut parts = wish.split(';');
        let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
        let primary = tag.split('-').next().unwrap_or_default().to_owned();
        if weight > 0 && !primary.is_empty() {
            wishes.push((weight, primary));
        }
    }
    wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    wishes.into_iter().map(|(_, tag)| tag).collect()
}

/// `0.8` as 800; nothing of what is no weight.
fn thousandths(text: &str) -> u32 {
    let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits: String = rest.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u32>()) {
        ("1", _) => 1000,
        ("0", Ok(part)) => part,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_languages_say_everything() {
        let tags: Vec<&str> = all().iter().map(|words| words.tag.as_str()).collect();
        assert_eq!(tags, ["en", "de", "es", "fr", "nl", "tr"]);
        assert!(all().iter().all(|words| words.steps.len() == 4));
    }

    #[test]
    fn the_browsers_wish_holds_unless_another_is_asked_for() {
        let tag = |asked: &str, header: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
            choose(asked, &headers).unwrap().tag.clone()
        };
        assert_eq!(tag("", "pl, fr-CA;q=0.7, de;q=0.9"), "de");
        assert_eq!(tag("tr", "de"), "tr");
        assert_eq!(tag("<script>", "de;q=0, nl;q=0.1"), "nl");
        assert_eq!(tag("", "de;q=x, *"), "en");
    }
}
