//! The spotter: signs of a proxy or relay in the words of a mail, in any language there is a list for (P12).
//!
//! A word alone is no sign. It is passed over where it is denied (`not an open proxy`), only supposed (`check whether`),
//! the reporter's own (`our proxy`), part of something as it should be (`reverse proxy`), a link, or a pasted header field.
//! Who looks for a proxy is no proxy.

use std::collections::HashSet;
use std::ops::Range;

use crate::bearing::{Bearing, Passed};
use crate::lexicon::{self, Entry, Found, Meaning};
use crate::mail::Mail;
use crate::passage::{Passage, Whose};
use crate::reading::{Hit, Kind, Place};

/// A sign that is left when all that speaks against it was heard.
#[derive(Debug, Clone)]
pub(crate) struct Sign {
    pub(crate) entry: &'static Entry,
    pub(crate) kind: Kind,
    /// From 1, a hint, to 3, said outright.
    pub(crate) weight: u8,
    /// Where, in the folded text.
    pub(crate) range: Range<usize>,
}

/// More hits than this are not kept.
const MOST: usize = 100;

/// The signs in a folded text, and the words that were none, with why.
pub(crate) fn signs(folded: &str, found: &[Found]) -> (Vec<Sign>, Vec<(Found, Passed)>) {
    let (mut signs, mut passed) = (Vec::new(), Vec::new());
    let bearing = Bearing::of(folded, found);
    let mut known = HashSet::new();
    for hit in found {
        let Meaning::Sign(kind, weight) = hit.entry.meaning else { continue };
        if known.contains(&hit.range) {
            continue;
        }
        let against = bearing.against(hit);
        if against.is_none_or(|why| why == Passed::Owned && is_gate(kind)) {
            known.insert(hit.range.clone());
        }
        match against {
            Some(Passed::Owned) if is_gate(kind) => {
                signs.push(Sign {
                    entry: hit.entry,
                    kind: Kind::TrojanScan,
                    weight: 1,
                    range: hit.range.clone(),
                });
            }
            Some(why) => passed.push((hit.clone(), why)),
            None => {
                let sought = is_gate(kind) && bearing.is_sought(&hit.range);
                let kind = if sought { Kind::TrojanScan } else { kind };
                signs.push(Sign { entry: hit.entry, kind, weight, range: hit.range.clone() });
            }
        }
    }
    (signs, passed)
}

fn is_gate(kind: Kind) -> bool {
    matches!(kind, Kind::OpenProxy | Kind::OpenRelay)
}

/// Every sign in a mail, with where it stands. The reporter's words come first.
pub(crate) fn hits(mail: &Mail<'_>) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for passage in mail.passages() {
        if !passage.found.iter().any(|found| matches!(found.entry.meaning, Meaning::Sign(..))) {
            continue;
        }
        let (signs, passed) = signs(passage.folded.as_str(), &passage.found);
        for (hit, why) in passed.iter().filter(|(_, why)| *why != Passed::Within) {
            mail.note(|| passed_over(hit, *why), || Some(place_of(mail, passage, &hit.range)));
        }
        for sign in signs {
            if hits.len() < MOST && counts(passage, &sign) {
                hits.push(hit(mail, passage, &sign));
            }
        }
    }
    hits.sort_by_key(|hit| hit.place);
    hits
}

fn passed_over(hit: &Found, why: Passed) -> String {
    let why = match why {
        Passed::Denied => "it is denied",
        Passed::Supposed => "it is only supposed",
        Passed::Owned => "it is the reporter's own",
        Passed::Within => "it is part of something else",
    };
    format!("the word `{}` ({}) was passed over: {why}", hit.entry.phrase, hit.entry.language)
}

/// Whether a sign stands where words are said, and is more than a hint where they are quoted, or are part of the name of a
/// field (`proxy_driver_ip`), which says what the field holds and not what anybody is.
pub(crate) fn counts(passage: &Passage, sign: &Sign) -> bool {
    let said = || passage.whose(sign.range.start) == Whose::Own && !passage.is_in_identifier(&sign.range);
    (sign.weight > 1 || said()) && !passage.is_in_link(&sign.range)
}

fn hit(mail: &Mail<'_>, passage: &Passage, sign: &Sign) -> Hit {
    let own = passage.whose(sign.range.start) == Whose::Own;
    Hit {
        word: sign.entry.phrase.to_owned(),
        kind: sign.kind,
        language: sign.entry.language.to_owned(),
        place: if own { passage.place } else { Place::Quoted },
        span: place_of(mail, passage, &sign.range),
    }
}

/// Whether an entry of the list says outright what it is a sign of.
pub(crate) fn is_outright(word: &str) -> bool {
    let folded = lexicon::folded(word);
    lexicon::find(&folded).iter().any(|found| {
        found.entry.phrase == word && matches!(found.entry.meaning, Meaning::Sign(_, weight) if weight > 2)
    })
}

fn place_of(mail: &Mail<'_>, passage: &Passage, folded: &Range<usize>) -> Range<usize> {
    passage.span(mail, passage.folded.source(folded.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold;

    fn kinds(words: &str) -> Vec<Kind> {
        let folded = fold::words(words);
        let found = lexicon::find(folded.as_str());
        signs(folded.as_str(), &found).0.into_iter().map(|sign| sign.kind).collect()
    }

    #[test]
    fn a_proxy_is_spotted_in_every_language_of_the_list() {
        for (language, words) in [
            ("en", "192.0.2.1 is an open\nproxy"),
            ("de", "Auf Ihrem Rechner läuft ein offener Proxy."),
            ("fr", "Votre serveur est un proxy ouvert."),
            ("es", "Su servidor es un proxy abierto"),
            ("pt", "há um proxy aberto no seu servidor"),
            ("it", "il vostro server è un proxy aperto"),
            ("nl", "er draait een onbeveiligde proxy"),
            ("pl", "to jest otwarty serwer proxy"),
            ("ru", "у вас открытый прокси-сервер"),
            ("uk", "у вас відкритий проксі"),
            ("cs", "na počítači je otevřená proxy"),
            ("sv", "det finns en öppen proxy"),
            ("da", "der er en åben proxy"),
            ("no", "det er en åpen proxy"),
            ("fi", "koneessa on avoin välityspalvelin"),
            ("tr", "bilgisayarda açık vekil sunucu var"),
            ("ja", "サーバが踏み台にされています"),
            ("ko", "서버에 개방 프록시가 있습니다"),
            ("zh", "您的服务器是开放代理"),
            ("ar", "يوجد خادم وكيل مفتوح"),
        ] {
            assert!(kinds(words).contains(&Kind::OpenProxy), "{language}: {words}");
        }
    }

    #[test]
    fn a_relay_is_spotted_in_every_language_of_the_list() {
        for (language, words) in [
            ("en", "an open mail relay"),
            ("de", "Ihr Server ist ein offenes Relay"),
            ("fr", "c'est un relais ouvert"),
            ("es", "es un relay abierto"),
            ("pt", "é um relay aberto"),
            ("it", "è un relay aperto"),
            ("nl", "een openstaande relay"),
            ("pl", "to otwarty przekaźnik"),
            ("ru", "это открытый релей"),
            ("uk", "це відкритий релей"),
            ("cs", "je to otevřený relay"),
            ("sv", "det är ett öppet relay"),
            ("da", "det er et åbent relay"),
            ("no", "det er et åpent relay"),
            ("fi", "se on avoin rele"),
            ("tr", "bu bir açık röle"),
            ("ja", "第三者中継ができます"),
            ("ko", "오픈 릴레이 입니다"),
            ("zh", "这是开放中继"),
            ("ar", "هذا مرحل مفتوح"),
        ] {
            assert!(kinds(words).contains(&Kind::OpenRelay), "{language}: {words}");
        }
    }

    #[test]
    fn words_that_accuse_nobody_are_no_signs() {
        for words in [
            "this is not an open proxy",
            "it isn't an open relay",
            "das ist kein offener Proxy",
            "это не открытый прокси",
            "Check whether your server is an open proxy.",
            "hosts may be listed for spam, such as open proxies",
            "we run nginx as a reverse proxy",
            "Proxy-Connection: keep-alive",
            "554 Relay access denied",
            "you may vote by proxy",
            "a proximity sensor",
        ] {
            assert_eq!(kinds(words), Vec::<Kind>::new(), "{words}");
        }
    }

    #[test]
    fn who_seeks_a_proxy_is_no_proxy() {
        for words in [
            "your host was scanning for open proxies",
            "abuse of our proxy",
            "a proxy scan from you",
            "hosts on your network hiding behind open proxies",
            "он ведёт поиск открытых прокси",
        ] {
            assert!(
                kinds(words).iter().all(|kind| *kind == Kind::TrojanScan) && !kinds(words).is_empty(),
                "{words}"
            );
        }
        assert_eq!(kinds("He came in. It was an open proxy"), [Kind::OpenProxy]);
        assert!(kinds("he hides behind your open proxy").contains(&Kind::OpenProxy));
    }
}
