//! What others say, summed: per domain and kind with repeats counting less, capped per domain and in all.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

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

/// What one domain says, by kind, strongest first.
type Words = BTreeMap<Kind, Vec<Word>>;

/// All hearsay of a case, kept so that weighing it does not depend on the order it came in. A copy shares what each
/// domain says until that domain says more.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Hearsay {
    by_domain: BTreeMap<String, Arc<Words>>,
}

/// What one domain's word comes to.
struct Share<'a> {
    domain: &'a str,
    uncapped: f64,
    /// Kind, how often, whether shown to come from there, and what it comes to.
    parts: Vec<(Kind, usize, bool, f64)>,
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
        let words = Arc::make_mut(self.by_domain.entry(domain.clone()).or_default());
        let words = words.entry(sighting.kind).or_default();
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
        let shares = self.by_domain.iter().map(|(domain, words)| share(domain, words, now, &answered));
        let mut shares: Vec<Share<'_>> = shares.filter(|share| !share.parts.is_empty()).collect();
        shares.sort_by(|a, b| b.uncapped.total_cmp(&a.uncapped).then_with(|| a.domain.cmp(b.domain)));
        let sum: f64 = shares.iter().map(|share| share.uncapped.min(weights::DOMAIN_AT_MOST)).sum();
        (weights::PRIOR + sum.min(weights::HEARSAY_AT_MOST), in_words(&shares, sum))
    }
}

fn in_words(shares: &[Share<'_>], sum: f64) -> String {
    if shares.is_empty() {
        return "nothing is said against it that still counts".to_owned();
    }
    let named: Vec<String> = shares.iter().take(3).map(Share::in_words).collect();
    let mut text = named.join(", ");
    match shares.len().saturating_sub(3) {
        0 => {}
        hidden => text += &format!(" and {hidden} more reporters"),
    }
    if sum > weights::HEARSAY_AT_MOST {
        text += &format!(", all hearsay counts at most {:.1}", weights::HEARSAY_AT_MOST);
    }
    text
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

fn share<'a>(
    domain: &'a str,
    words: &Words,
    now: Timestamp,
    answered: &impl Fn(IpAddr, Timestamp) -> bool,
) -> Share<'a> {
    let mut share = Share { domain, uncapped: 0.0, parts: Vec::new() };
    for (kind, words) in words {
        let (mut factor, mut sum, mut times, mut shown) = (1.0, 0.0, 0, false);
        for word in words.iter().filter(|word| !answered(word.address, word.at)) {
            sum += factor * word.weight * weights::decay(*kind, now.duration_since(word.at));
            factor *= weights::REPEAT;
            times += 1;
            shown |= word.authenticated;
        }
        if times > 0 {
            share.uncapped += sum;
            share.parts.push((*kind, times, shown, sum));
        }
    }
    share
}

impl Share<'_> {
    fn in_words(&self) -> String {
        let domain = printable(self.domain);
        let part = |(kind, times, shown, sum): &(Kind, usize, bool, f64)| {
            let times = if *times > 1 { format!(" ×{times}") } else { String::new() };
            let shown = if *shown { " (authenticated)" } else { "" };
            format!("{kind}{times} from {domain}{shown} {sum:.1}")
        };
        let mut parts: Vec<String> = self.parts.iter().map(part).collect();
        if self.uncapped > weights::DOMAIN_AT_MOST {
            parts.push(format!("one reporter counts at most {:.1}", weights::DOMAIN_AT_MOST));
        }
        parts.join(" + ")
    }
}

/// A domain is a stranger's text: shortened, and without anything that could steer a terminal.
fn printable(domain: &str) -> String {
    domain.chars().filter(|c| c.is_ascii_graphic()).take(80).collect()
}
