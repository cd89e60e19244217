//! The types of report there are: `data/shadowserver.tsv`, whose head says what its columns mean and where they are from.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::reading::{Kind, Role};

/// What a type of report says, and in which columns.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    /// The column of the address; None where a report has none.
    pub(super) address: Option<&'static str>,
    pub(super) port: &'static str,
    pub(super) role: Role,
    /// Whether the report alleges anything, or counts what there is.
    pub(super) alleges: bool,
    pub(super) kind: Kind,
    pub(super) rsit: &'static str,
    /// Columns that may name malware, the best first.
    pub(super) malware: Vec<&'static str>,
    pub(super) also: Option<Also>,
}

/// A second address of a row.
#[derive(Debug)]
pub(super) struct Also {
    pub(super) role: Role,
    /// Its kind where it is another than that of the row.
    pub(super) kind: Option<Kind>,
    pub(super) address: &'static str,
    pub(super) port: &'static str,
}

/// What stands for a type that is not known: some address, and nothing said of what it did.
pub(super) static UNKNOWN: Type = Type {
    name: "",
    address: Some("ip"),
    port: "port",
    role: Role::Offender,
    alleges: true,
    kind: Kind::Other,
    rsit: "other/other",
    malware: Vec::new(),
    also: None,
};

static TABLE: LazyLock<HashMap<String, Type>> = LazyLock::new(|| {
    lines().filter_map(|columns| read(&columns)).map(|known| (known.name.to_owned(), known)).collect()
});

/// Every name, old name and title, as [`plain`] writes them, to the name.
static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for columns in lines() {
        let [name, title, .., was] = columns.as_slice() else { continue };
        names.insert((*name).to_owned(), *name);
        names.entry(plain(title)).or_insert(*name);
        for old in was.split(' ').filter(|old| *old != "-") {
            names.entry(old.to_owned()).or_insert(*name);
        }
    }
    names
});

fn lines() -> impl Iterator<Item = Vec<&'static str>> {
    let text = include_str!("../../data/shadowserver.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1);
    rows.map(|line| line.split('\t').collect())
}

fn read(columns: &[&'static str]) -> Option<Type> {
    let [name, _, _, address, port, role, kind, rsit, malware, also, _] = columns else { return None };
    let stated = |text: &'static str| (text != "-").then_some(text);
    Some(Type {
        name,
        address: stated(address),
        port,
        role: role_of(role)?,
        alleges: *role != "counted",
        kind: kind_of(kind)?,
        rsit,
        malware: stated(malware).into_iter().flat_map(|names| names.split(',')).collect(),
        also: stated(also).and_then(second),
    })
}

fn second(text: &'static str) -> Option<Also> {
    let mut parts = text.split(':');
    let (what, address, port) = (parts.next()?, parts.next()?, parts.next()?);
    let (role, kind) = match role_of(what) {
        Some(role) => (role, None),
        None => (Role::Offender, Some(kind_of(what)?)),
    };
    Some(Also { role, kind, address, port })
}

fn role_of(name: &str) -> Option<Role> {
    Some(match name {
        "offender" | "counted" => Role::Offender,
        "web-host" => Role::WebHost,
        "victim" => Role::Victim,
        "mentioned" => Role::Mentioned,
        _ => return None,
    })
}

fn kind_of(name: &str) -> Option<Kind> {
    const KINDS: [Kind; 9] = [
        Kind::OpenProxy,
        Kind::Malware,
        Kind::SpamSource,
        Kind::Spamvertised,
        Kind::Phishing,
        Kind::Scan,
        Kind::LoginAttack,
        Kind::Ddos,
        Kind::Other,
    ];
    KINDS.into_iter().find(|kind| kind.name() == name)
}

/// `Open HTTP-Proxy Report` as names are written: `open_http_proxy_report`.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

/// The type that a file's name states: `2026-03-24-scan_http_proxy-org-asn.csv`, `scan_open_proxy_report.csv.zip`, or the
/// same with other words behind (The-Shadowserver-Foundation/report_schema, report-filename.md).
pub(super) fn of_file(name: &str) -> Option<&'static Type> {
    let base = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let stem = [".gz", ".zip", ".csv", ".txt", ".tsv"]
        .iter()
        .fold(base.as_str(), |stem, end| stem.strip_suffix(end).unwrap_or(stem));
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    let undated = without_date(stem);
    undated.split('-').next().and_then(lookup).or_else(|| longest(&plain(undated)))
}

/// The type that the words of a subject or title name.
pub(super) fn of_words(words: &str) -> Option<&'static Type> {
    let plain = plain(words);
    lookup(&plain)
        .or_else(|| words.split('-').next().and_then(|word| lookup(word.trim())))
        .or_else(|| longest(&plain))
}

/// Whether a file's name has the form of those that Shadowserver sends, whatever the type in it.
pub(super) fn is_dated_report(name: &str) -> bool {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    without_date(base).len() < base.len() && without_date(base).contains('-') && base.contains(".csv")
}

fn without_date(stem: &str) -> &str {
    let shape = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    let dated = stem.get(..11).is_some_and(|date| date.bytes().map(shape).eq(*b"0000-00-00-"));
    if dated { stem.get(11..).unwrap_or(stem) } else { stem }
}

fn lookup(name: &str) -> Option<&'static Type> {
    NAMES.get(name).and_then(|known| TABLE.get(*known))
}

/// The longest known name that `plain` begins with; a single word is too little to know a type by.
fn longest(plain: &str) -> Option<&'static Type> {
    let ends = plain.match_indices('_').map(|(at, _)| at).chain([plain.len()]);
    let ends: Vec<usize> = ends.collect();
    ends.iter().rev().filter_map(|&end| plain.get(..end)).filter(|name| name.contains('_')).find_map(lookup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_can_be_read_and_has_a_name_of_its_own() {
        let lines: Vec<_> = lines().collect();
        assert!(lines.len() > 170, "{}", lines.len());
        assert_eq!(TABLE.len(), lines.len());
    }

    #[test]
    fn names_of_files_old_and_new() {
        for (file, name) in [
            ("2026-03-24-scan_http_proxy-org-asn.csv", "scan_http_proxy"),
            ("reports/2026-03-24-scan_http_proxy-123-org-asn.csv.zip", "scan_http_proxy"),
            ("scan_open_proxy_report.csv", "scan_http_proxy"),
            ("open_proxy.csv", "scan_http_proxy"),
            ("2015-01-01-dns_openresolver-sample-asn.csv.zip", "scan_dns"),
            ("event4_honeypot_darknet.csv.gz", "event4_honeypot_darknet"),
            ("hp_http_scan.csv", "event4_honeypot_http_scan"),
            ("2020-04-03-scan6_socks_like-x.csv", ""),
            ("special.csv", "special"),
            ("Accessible-SOCKS4-5-Proxy-example.csv", "scan_socks"),
            ("customers.csv", ""),
        ] {
            assert_eq!(of_file(file).map_or("", |known| known.name), name, "{file}");
        }
    }

    #[test]
    fn words_of_subjects() {
        for (words, name) in [
            ("Accessible Apple Filing Protocol", "scan_afp"),
            ("dns_openresolver-sample", "scan_dns"),
            ("Open HTTP Proxy", "scan_http_proxy"),
            ("weekly", ""),
        ] {
            assert_eq!(of_words(words).map_or("", |known| known.name), name, "{words}");
        }
    }
}
