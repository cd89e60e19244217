//! What is alleged, by the reporter's own words.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::Mail;
use crate::mime::Part;
use crate::reading::Kind;

/// Words for each kind, the graver kind first: it wins when two are spoken of equally.
const WORDS: [(Kind, &str); 10] = [
    (
        Kind::OpenProxy,
        r"open[\s-]+(?:\w+\s+)?prox(?:y|ies)|prox(?:y|ies)\b|\bsocks\b|\bsocks[45]a?\b|\bsquid\b|wingate|anonymi[sz]er",
    ),
    (
        Kind::OpenRelay,
        r"open[\s-]+(?:mail[\s-]+|smtp[\s-]+)?relay\w*|(?:third[\s-]party|unauthori[sz]ed)[\s-]+relay\w*|relay(?:ing|ed|s)?\s+(?:for|test|spam|mail)|relay\s+raped?|insecure\s+relay",
    ),
    (
        Kind::Malware,
        r"\bvir(?:us(?:es)?|ii)\b|\bworms?\b|malware|infected|infection|\bbot(?:net)?s?\b|\bzombie\b|\bw32[./]\w+|\bbackdoor",
    ),
    (
        Kind::TrojanScan,
        r"netbus|sub[\s-]?(?:7|seven)\b|back\s*orifice|trojan(?:s)?\s+(?:port\s+)?(?:scan|prob)\w*|(?:scan|prob)\w*\s+for\s+(?:\w+\s+)?(?:trojan|prox)\w*|\btrojans?\b",
    ),
    (Kind::PhoneHome, r"command\s+(?:and|&)\s+control|\bc&c\b|\bc2\b|sinkhole|phones?\s+home"),
    (
        Kind::LoginAttack,
        r"brute[\s-]?force|(?:failed|invalid|repeated|unauthori[sz]ed)\s+(?:log[\s-]?ins?|passwords?|authentications?|access)|log[\s-]?in\s+attempts?|ssh\s+(?:attack|scan|attempt)\w*|dictionary\s+attack|fail2ban",
    ),
    (Kind::Ddos, r"\bd?dos\s+attack|denial[\s-]of[\s-]service|\bddos\b|\bflood(?:ing|ed)?\b|amplification"),
    (
        Kind::Scan,
        r"port[\s-]?scan\w*|\bscan(?:s|ned|ning|ner)?\b|\bprob(?:e|es|ed|ing)\b|firewall|intrusion|hack(?:ing|ed|er)?|attack(?:s|ed|ing|er)?\b|suspicious\s+(?:activity|traffic)|exploit",
    ),
    (Kind::Phishing, r"phish\w*|\bfraud(?:ulent)?\b|identity\s+theft|\bscam"),
    (Kind::SpamSource, r"\bspam\w*|\buce\b|\bube\b|unsolicited|junk\s+(?:e-?)?mail|bulk\s+(?:e-?)?mail"),
];
/// Copyright stands apart: its notices are long and full of other words.
const COPYRIGHT: &str = r"copyright|infring\w*|\bdmca\b|piracy|trademark";
/// Words that allege something without saying what.
const ALLEGING: &str =
    r"\babus(?:e|ive|es)\b|complaint|incident|unauthori[sz]ed|malicious|compromised|blocklist|blacklist";

/// A proxy that was looked for or abused is the reporter's, and the accused is the one who did it.
const SOUGHT: &str = r"prox\w*\s+(?:scan|prob|attempt|abuse|hunt|hijack)\w*|(?:our|my)\s+(?:\w+\s+){0,2}prox\w+|scan\w*\s+for\s+(?:open\s+)?prox";

/// How much more the subject weighs than a line of the text.
const SUBJECT: usize = 4;
/// Mentions in the text count up to this many, so that a long boilerplate does not outweigh a subject.
const TEXT: usize = 3;

struct Lexicon {
    kinds: Vec<(Kind, Regex)>,
    copyright: Option<Regex>,
    alleging: Option<Regex>,
    sought: Option<Regex>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let word = |pattern: &str| Regex::new(&format!("(?i){pattern}")).ok();
    Lexicon {
        kinds: WORDS.iter().filter_map(|(kind, pattern)| Some((*kind, word(pattern)?))).collect(),
        copyright: word(COPYRIGHT),
        alleging: word(ALLEGING),
        sought: word(SOUGHT),
    }
});

/// The kind that subject and own text speak of most.
pub(crate) fn kind(subject: &str, own: &str) -> Option<Kind> {
    let lexicon = &*LEXICON;
    if lexicon.copyright.as_ref().is_some_and(|word| word.is_match(subject)) {
        return Some(Kind::Copyright);
    }
    let weigh = |word: &Regex| {
        SUBJECT * word.find_iter(subject).take(1).count() + word.find_iter(own).take(TEXT).count()
    };
    let mut best: Option<(usize, Kind)> = None;
    for (kind, word) in &lexicon.kinds {
        let weight = weigh(word);
        if weight > best.map_or(0, |(most, _)| most) {
            best = Some((weight, *kind));
        }
    }
    let sought = lexicon.sought.as_ref().is_some_and(|word| word.is_match(subject) || word.is_match(own));
    if let Some((_, kind @ Kind::OpenProxy)) = &mut best
        && sought
    {
        *kind = Kind::TrojanScan;
    }
    let copyright = lexicon.copyright.as_ref().map_or(0, &weigh);
    best.filter(|(weight, _)| *weight >= copyright)
        .map(|(_, kind)| kind)
        .or((copyright > 0).then_some(Kind::Copyright))
}

/// Whether anything is alleged at all.
pub(crate) fn alleges(words: &str) -> bool {
    LEXICON.alleging.as_ref().is_some_and(|word| word.is_match(words)) || kind(words, "").is_some()
}

/// The reporter's own words: what the message itself says, without quotes, links, signature and pasted headers.
pub(crate) fn own(mail: &Mail<'_>) -> String {
    let mut own = String::new();
    let Some(part) = mail.words().next() else { return own };
    for line in lines_of(part) {
        if own.len() > 16 << 10 {
            break;
        }
        own.push_str(line);
        own.push('\n');
    }
    own
}

fn lines_of(part: &Part) -> impl Iterator<Item = &str> {
    let mut in_headers = false;
    part.text
        .lines()
        .take_while(|line| {
            line.words != "--" && !line.words.to_ascii_lowercase().contains("original message")
        })
        .filter(move |line| {
            let words = line.words;
            let field = words.split(' ').next().is_some_and(|name| {
                name.len() > 2 && name.ends_with(':') && name.contains(|c: char| c.is_ascii_uppercase())
            });
            in_headers =
                words.starts_with("Received:") || in_headers && (field || words.starts_with([' ', '\t']));
            line.quoted == 0 && !in_headers && !words.contains("://")
        })
        .map(|line| line.words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_outweighs_boilerplate() {
        let boilerplate = "our scanner scans for viruses, virus definitions and worms";
        assert_eq!(kind("open proxy at 192.0.2.1", boilerplate), Some(Kind::OpenProxy));
        assert_eq!(kind("W32.Swen virus from your network", "your proxy may be fine"), Some(Kind::Malware));
        assert_eq!(kind("Spam", "please stop"), Some(Kind::SpamSource));
        assert_eq!(kind("Port scan", "for SubSeven"), Some(Kind::Scan));
        assert_eq!(kind("Dinner", "at eight"), None);
    }

    #[test]
    fn who_seeks_a_proxy_is_no_proxy() {
        assert_eq!(kind("Abuse of our proxy", ""), Some(Kind::TrojanScan));
        assert_eq!(kind("proxy scan from 192.0.2.1", ""), Some(Kind::TrojanScan));
        assert_eq!(kind("open proxy", "it relays spam"), Some(Kind::OpenProxy));
    }
}
