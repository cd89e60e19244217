//! What others say, summed: per domain and kind with repeats counting less, capped per domain and in all.
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::moment::after;
use crate::{EvidenceId, Kind, Sighting, Source, weights};

/// One report as it is weighed.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    weight: f64,
    /// When it counts from: when it happened, but never later than it came nor long before.
    at: Timestamp,
    address: IpAddr,
    name: (EvidenceId, u32),
    authenticated: bool,
}

/// All hearsay of a case, kept so that weighing it does not depend on the order it came in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Hearsay {
    words: BTreeMap<String, BTreeMap<Kind, Vec<Word>>>,
}

/// What one domain's word comes to.
struct Share {
    total: f64,
    text: String,
}

impl Hearsay {
    /// Takes one report in. Of each domain and kind only the strongest few are kept. Which of two is stronger never
    /// changes with time, since one kind fades at one rate.
    pub(crate) fn hear(&mut self, sighting: &Sighting, weight: f64) {
        let Source::Report { domain, authenticated, .. } = &sighting.source;
        let earliest = after(sighting.received, -weights::OLDEST_AT_ARRIVAL);
        let at = sighting.happened.unwrap_or(sighting.received).min(sighting.received).max(earliest);
        let name = (sighting.evidence, sighting.claim);
        let word = Word { weight, at, address: sighting.address, name, authenticated: *authenticated };
        let words = self.words.entry(domain.clone()).or_default().entry(sighting.kind).or_default();
        words.push(word);
        sort(sighting.kind, words);
        words.truncate(weights::REPEATS_KEPT);
    }

    /// The log-odds at `now` and its largest parts in words; words for which `answered` says yes no longer count.
    pub(crate) fn weigh(
        &self,
        now: Timestamp,
        answered: impl Fn(IpAddr, Timestamp) -> bool,
    ) -> (f64, String) {
        let mut shares: Vec<Share> =
            self.words.iter().filter_map(|(domain, kinds)| share(domain, kinds, now, &answered)).collect();
        shares.sort_by(|a, b| b.total.total_cmp(&a.total).then_with(|| a.text.cmp(&b.text)));
        let sum: f64 = shares.iter().map(|share| share.total).sum();
        let capped = if sum > weights::HEARSAY_AT_MOST {
            format!(", all hearsay counts at most {:.1}", weights::HEARSAY_AT_MOST)
        } else {
            String::new()
        };
        let hidden = shares.len().saturating_sub(3);
        let more = if hidden > 0 { format!(" and {hidden} more reporters") } else { String::new() };
        let named: Vec<&str> = shares.iter().take(3).map(|share| share.text.as_str()).collect();
        let text = match named.is_empty() {
            true => "nothing is said against it that still counts".to_owned(),
            false => format!("{}{more}{capped}", named.join(", ")),
        };
        (weights::PRIOR + sum.min(weights::HEARSAY_AT_MOST), text)
    }
}

/// Strongest first, at whatever moment they are looked at.
fn sort(kind: Kind, words: &mut [Word]) {
    let half_life = weights::half_life(kind).as_secs_f64();
    let strength = |word: &Word| {
        let since = word.at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
        word.weight.log2() + since / half_life
    };
    words.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.name.cmp(&b.name)));
}

fn share(
    domain: &str,
    kinds: &BTreeMap<Kind, Vec<Word>>,
    now: Timestamp,
    answered: &impl Fn(IpAddr, Timestamp) -> bool,
) -> Option<Share> {
    let mut total = 0.0;
    let mut parts = Vec::new();
    for (kind, words) in kinds {
        let counting: Vec<&Word> = words.iter().filter(|word| !answered(word.address, word.at)).collect();
        let mut factor = 1.0;
        let mut sum = 0.0;
        for word in &counting {
            sum += factor * word.weight * weights::decay(*kind, now.duration_since(word.at));
            factor *= weights::REPEAT;
        }
        total += sum;
        let shown = if counting.iter().any(|word| word.authenticated) { " (authenticated)" } else { "" };
        let times = if counting.len() > 1 { format!(" ×{}", counting.len()) } else { String::new() };
        if !counting.is_empty() {
            parts.push(format!("{kind}{times} from {}{shown} {sum:.1}", printable(domain)));
        }
    }
    let total_capped = total.min(weights::DOMAIN_AT_MOST);
    if total > weights::DOMAIN_AT_MOST {
        parts.push(format!("one reporter counts at most {:.1}", weights::DOMAIN_AT_MOST));
    }
    (!parts.is_empty()).then(|| Share { total: total_capped, text: parts.join(" + ") })
}

/// A domain is a stranger's text: shortened, and without anything that could steer a terminal.
fn printable(domain: &str) -> String {
    domain.chars().filter(|c| c.is_ascii_graphic()).take(80).collect()
}
