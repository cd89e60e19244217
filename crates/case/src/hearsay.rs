//! What others say, summed. An established reporter counts by itself, its repeats less each time; all others are a crowd
//! in which each domain or network has one voice, and which is capped as a whole.
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::{EvidenceId, Kind, Sighting, Voice, weights};

/// One report as it is weighed.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    weight: f64,
    /// When it counts from: when it happened, but never later than it came nor long before.
    at: Timestamp,
    address: IpAddr,
    name: (EvidenceId, u32),
    speaker: String,
    authenticated: bool,
    speaks_of_proxy: bool,
}

/// What is said, by kind, strongest first.
type Words = BTreeMap<Kind, Vec<Word>>;

/// All hearsay of a case, kept so that weighing it does not depend on the order it came in. A copy shares what each
/// speaker says until more is said.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Hearsay {
    established: BTreeMap<String, Arc<Words>>,
    /// One word of each domain that was shown to be it and has no record yet.
    newcomers: Arc<Words>,
    /// One word of each network that such mail came from.
    unauthenticated: Arc<Words>,
}

/// What one speaker's word, or a crowd's, comes to.
struct Share<'a> {
    speaker: &'a str,
    uncapped: f64,
    /// Kind, how often, whether shown to come from there, and what it comes to.
    parts: Vec<(Kind, usize, bool, f64)>,
}

impl Hearsay {
    /// Takes one report in. Of each kind only the strongest few are kept. Which of two is stronger never changes with
    /// time, since one kind fades at one rate.
    pub(crate) fn hear(&mut self, sighting: &Sighting, weight: f64) {
        let crate::Source::Report { authenticated, .. } = &sighting.source else { return };
        let word = Word {
            weight,
            at: sighting.counts_from(),
            address: sighting.address,
            name: (sighting.evidence, sighting.claim),
            speaker: sighting.source.speaker().to_owned(),
            authenticated: *authenticated,
            speaks_of_proxy: sighting.speaks_of_proxy(),
        };
        let kind = sighting.kind;
        match sighting.source.voice() {
            Voice::Established | Voice::Own => {
                let words = Arc::make_mut(self.established.entry(word.speaker.clone()).or_default());
                // One report that says the same of one address in many lines has said it once.
                let same = |a: &Word, b: &Word| a.name.0 == b.name.0 && a.address == b.address;
                keep(words.entry(kind).or_default(), kind, word, weights::REPEATS_KEPT, same);
            }
            Voice::Newcomer => one_voice(Arc::make_mut(&mut self.newcomers), kind, word),
            Voice::Unauthenticated => one_voice(Arc::make_mut(&mut self.unauthenticated), kind, word),
        }
    }

    /// The log-odds at `now` and its largest parts in words; words for which `answered` says yes no longer count.
    pub(crate) fn weigh(
        &self,
        now: Timestamp,
        answered: impl Fn(IpAddr, Timestamp) -> bool,
    ) -> (f64, String) {
        let shares = self
            .established
            .iter()
            .map(|(speaker, words)| share(speaker, words, now, weights::REPEAT, &answered));
        let mut shares: Vec<Share<'_>> = shares.filter(|share| !share.parts.is_empty()).collect();
        shares.sort_by(|a, b| b.uncapped.total_cmp(&a.uncapped).then_with(|| a.speaker.cmp(b.speaker)));
        let newcomers = share("reporters without a record", &self.newcomers, now, 1.0, &answered);
        let strangers = share("networks, not authenticated", &self.unauthenticated, now, 1.0, &answered);
        let unshown = strangers.uncapped.min(weights::UNAUTHENTICATED_AT_MOST);
        let crowd = (newcomers.uncapped + unshown).min(weights::CROWD_AT_MOST);
        let named: f64 = shares.iter().map(|share| share.uncapped.min(weights::DOMAIN_AT_MOST)).sum();
        let sum = named + crowd;
        let words = in_words(&shares, &[newcomers, strangers], crowd, sum);
        (weights::PRIOR + sum.min(weights::HEARSAY_AT_MOST), words)
    }

    /// The most trusted voice that speaks of a proxy or relay and has not been answered.
    pub(crate) fn speaks_of_proxy(&self, answered: impl Fn(IpAddr, Timestamp) -> bool) -> Option<Voice> {
        let speaks = |words: &Words| {
            words.values().flatten().any(|word| word.speaks_of_proxy && !answered(word.address, word.at))
        };
        if self.established.values().any(|words| speaks(words)) {
            return Some(Voice::Established);
        }
        if speaks(&self.newcomers) {
            return Some(Voice::Newcomer);
        }
        speaks(&self.unauthenticated).then_some(Voice::Unauthenticated)
    }
}

/// Of each member of a crowd its strongest word is kept, and of those the strongest few.
fn one_voice(words: &mut Words, kind: Kind, word: Word) {
    keep(words.entry(kind).or_default(), kind, word, weights::CROWD_KEPT, |a, b| a.speaker == b.speaker);
}

/// Puts `word` among the strongest; of two that are the `same` the stronger stays.
fn keep(words: &mut Vec<Word>, kind: Kind, word: Word, kept: usize, same: impl Fn(&Word, &Word) -> bool) {
    let half_life = weights::half_life(kind).as_secs_f64();
    let strength = |word: &Word| {
        let since = word.at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
        word.weight.log2() + since / half_life
    };
    // Strongest first, at whatever moment they are looked at.
    let order = |a: &Word, b: &Word| strength(b).total_cmp(&strength(a)).then_with(|| a.name.cmp(&b.name));
    match words.iter_mut().find(|other| same(other, &word)) {
        Some(other) if order(&word, other).is_lt() => *other = word,
        Some(_) => return,
        None => words.push(word),
    }
    words.sort_by(order);
    words.truncate(kept);
}

fn in_words(shares: &[Share<'_>], crowds: &[Share<'_>], crowd: f64, sum: f64) -> String {
    let mut named: Vec<String> = shares.iter().take(3).map(Share::in_words).collect();
    if let Some(hidden) = shares.len().checked_sub(3).filter(|hidden| *hidden > 0) {
        named.push(format!("{hidden} more reporters"));
    }
    named.extend(crowds.iter().filter(|share| !share.parts.is_empty()).map(Share::of_crowd));
    if named.is_empty() {
        return "nothing is said against it that still counts".to_owned();
    }
    let mut text = named.join(", ");
    if crowds.iter().map(|share| share.uncapped).sum::<f64>() > crowd {
        text += &format!(", all without a record count at most {crowd:.1}");
    }
    if sum > weights::HEARSAY_AT_MOST {
        text += &format!(", all hearsay counts at most {:.1}", weights::HEARSAY_AT_MOST);
    }
    text
}

fn share<'a>(
    speaker: &'a str,
    words: &Words,
    now: Timestamp,
    repeat: f64,
    answered: &impl Fn(IpAddr, Timestamp) -> bool,
) -> Share<'a> {
    let mut share = Share { speaker, uncapped: 0.0, parts: Vec::new() };
    for (kind, words) in words {
        let (mut factor, mut sum, mut times, mut shown) = (1.0, 0.0, 0, false);
        for word in words.iter().filter(|word| !answered(word.address, word.at)) {
            sum += factor * word.weight * weights::decay(*kind, now.duration_since(word.at));
            factor *= repeat;
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
        let speaker = printable(self.speaker);
        let part = |(kind, times, shown, sum): &(Kind, usize, bool, f64)| {
            let times = if *times > 1 { format!(" ×{times}") } else { String::new() };
            let shown = if *shown { " (authenticated)" } else { "" };
            format!("{kind}{times} from {speaker}{shown} {sum:.1}")
        };
        let mut parts: Vec<String> = self.parts.iter().map(part).collect();
        if self.uncapped > weights::DOMAIN_AT_MOST {
            parts.push(format!("one reporter counts at most {:.1}", weights::DOMAIN_AT_MOST));
        }
        parts.join(" + ")
    }

    fn of_crowd(&self) -> String {
        let part = |(kind, times, _, sum): &(Kind, usize, bool, f64)| {
            let more = if *times >= weights::CROWD_KEPT { " or more" } else { "" };
            format!("{kind} from {times}{more} {} {sum:.1}", self.speaker)
        };
        self.parts.iter().map(part).collect::<Vec<String>>().join(" + ")
    }
}

/// A domain is a stranger's text: shortened, and without anything that could steer a terminal.
fn printable(domain: &str) -> String {
    domain.chars().filter(|c| c.is_ascii_graphic()).take(80).collect()
}
