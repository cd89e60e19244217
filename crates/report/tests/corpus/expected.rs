//! What the manifest knows of a file.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

/// One row of the manifest.
pub(crate) struct Expected {
    pub(crate) file: String,
    pub(crate) format: String,
    /// The addresses that did it; `None` where the manifest does not say.
    pub(crate) addresses: Option<BTreeSet<String>>,
    /// Whether `addresses` are all of them or only some.
    pub(crate) complete: bool,
    pub(crate) times: Vec<Timestamp>,
    /// `category/type` of XARF v4, or RSIT `taxonomy/type`, or a word of ours.
    pub(crate) kinds: BTreeSet<String>,
}

impl Expected {
    pub(crate) fn of(line: &str) -> Expected {
        let columns: Vec<&str> = line.split('\t').collect();
        let text = |at: usize| columns.get(at).copied().unwrap_or_default();
        let whole: Value = serde_json::from_str(text(8)).unwrap_or(Value::Null);
        let known = whole.get("truth").or_else(|| whole.get("peer")).unwrap_or(&whole);
        let events: Vec<&Value> =
            known.get("events").and_then(Value::as_array).into_iter().flatten().collect();
        let of_event = |name: &str| -> BTreeSet<String> {
            events.iter().filter_map(|event| event.get(name)?.as_str().map(str::to_owned)).collect()
        };
        let stated = strings(known, "ips");
        let addresses = if stated.is_empty() { of_event("source.ip") } else { stated };
        let format = text(1).to_owned();
        Expected {
            file: text(0).to_owned(),
            // A domain or `not an IP` is no address: then nobody is to be accused.
            addresses: (!addresses.is_empty())
                .then(|| addresses.iter().filter_map(|address| plain(address)).collect()),
            // Of tables only the first rows are known.
            complete: !matches!(format.as_str(), "feed-other" | "shadowserver-csv"),
            times: times(known)
                .into_iter()
                .chain(of_event("time.source").iter().filter_map(|time| time.parse().ok()))
                .collect(),
            kinds: kinds(&format, known, &events),
            format,
        }
    }
}

/// The address as our reader writes it: `::ffff:192.0.2.1` is 192.0.2.1.
fn plain(address: &str) -> Option<String> {
    let parsed: std::net::IpAddr = address.parse().ok()?;
    Some(parsed.to_canonical().to_string())
}

fn strings(value: &Value, key: &str) -> BTreeSet<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn times(known: &Value) -> Vec<Timestamp> {
    let written = strings(known, "times");
    let written = written.iter().filter_map(|time| {
        let mailed =
            || Timestamp::from_second(mail_parser::DateTime::parse_rfc822(time)?.to_timestamp()).ok();
        time.parse().ok().or_else(mailed)
    });
    let epochs = ["epoch", "times"].into_iter().filter_map(|key| known.get(key)?.as_array()).flatten();
    written.chain(epochs.filter_map(|epoch| Timestamp::from_second(epoch.as_i64()?).ok())).collect()
}

fn kinds(format: &str, known: &Value, events: &[&Value]) -> BTreeSet<String> {
    let category = known.get("category").and_then(Value::as_str).unwrap_or_default();
    match format {
        "xarf-v4-json" if known.get("valid").and_then(Value::as_bool) == Some(true) => {
            BTreeSet::from([category.to_owned()])
        }
        "xarf-v3-json" | "xarf-alpha-json" | "arf-mail" => of_words(category),
        "shadowserver-csv" => events
            .iter()
            .filter_map(|event| {
                let part = |name: &str| event.get(name)?.as_str();
                Some(format!("{}/{}", part("classification.taxonomy")?, part("classification.type")?))
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// Our words for the class and type of older formats; empty where none is the only right one.
fn of_words(category: &str) -> BTreeSet<String> {
    let kinds: &[&str] = match category.rsplit('/').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "spam" => &["spam-source"],
        "portscan" => &["scan"],
        "phishing" => &["phishing"],
        "copyright" => &["copyright"],
        "trademark" => &["copyright"],
        "ddos" => &["ddos"],
        "loginattack" => &["login-attack"],
        "malware" => &["malware"],
        "virus" => &["malware"],
        "fraud" => &["phishing"],
        _ => &[],
    };
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}
