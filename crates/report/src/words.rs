//! What is alleged, by the reporter's own words.

use crate::lexicon::{self, Found, Meaning};
use crate::mail::Mail;
use crate::passage::Whose;
use crate::reading::{Kind, Place};
use crate::spot::{self, Sign};
use crate::{family, fold};

/// The kinds that words decide between, the graver first: it wins when two are spoken of equally. Copyright stands last:
/// its notices are long and full of other words.
const KINDS: [Kind; 11] = [
    Kind::OpenProxy,
    Kind::OpenRelay,
    Kind::Malware,
    Kind::TrojanScan,
    Kind::PhoneHome,
    Kind::Phishing,
    Kind::LoginAttack,
    Kind::Ddos,
    Kind::Scan,
    Kind::SpamSource,
    Kind::Copyright,
];

/// How much more the subject weighs than a line of the text.
const SUBJECT: usize = 4;
/// Mentions in the text count up to this many, so that a long boilerplate does not outweigh a subject.
const TEXT: usize = 3;

/// Beginnings of words that make an infection behind them a guess, folded.
const GUESSES: [&str; 15] = [
    "likely",
    "probabl",
    "possibl",
    "presum",
    "suspect",
    "perhaps",
    "maybe",
    "might",
    "could",
    "wahrscheinlich",
    "vermutlich",
    "moglich",
    "posible",
    "provavel",
    "possivel",
];

/// How often each kind is spoken of.
#[derive(Debug, Default)]
struct Tally {
    kinds: [usize; KINDS.len()],
    /// An attack of whatever sort.
    attack: bool,
    /// An infection that is only supposed: the reporter's guess at what is behind the rest.
    infection: bool,
    alleging: bool,
}

impl Tally {
    fn add(&mut self, kind: Kind, count: usize) {
        if let Some(slot) =
            KINDS.iter().position(|known| *known == kind).and_then(|at| self.kinds.get_mut(at))
        {
            *slot = (*slot + count).min(TEXT);
        }
    }

    fn of(&self, kind: Kind) -> usize {
        KINDS.iter().position(|known| *known == kind).and_then(|at| self.kinds.get(at)).copied().unwrap_or(0)
    }

    fn any(&self) -> bool {
        self.alleging || self.attack || self.infection || self.kinds.iter().any(|count| *count > 0)
    }
}

/// Counts what a folded text speaks of, where `counts` says that the place counts.
fn tally(folded: &str, found: &[Found], counts: impl Fn(&std::ops::Range<usize>) -> bool, tally: &mut Tally) {
    for hit in found {
        match hit.entry.meaning {
            Meaning::Alleged(Kind::Other) if counts(&hit.range) => tally.attack = true,
            Meaning::Alleged(Kind::Malware) if is_supposed(folded, hit.range.start) => {
                tally.infection |= counts(&hit.range);
            }
            Meaning::Alleged(kind) if counts(&hit.range) => tally.add(kind, 1),
            Meaning::Alleging if counts(&hit.range) => tally.alleging = true,
            _ => {}
        }
    }
    for Sign { kind, weight, range, .. } in spot::signs(folded, found).0 {
        if counts(&range) {
            // Said outright, it is not outweighed by what it was used for.
            tally.add(kind, if weight > 2 { TEXT } else { 1 });
        }
    }
    for (_, range) in family::named(folded, found) {
        if counts(&range) {
            tally.add(Kind::Malware, 1);
        }
    }
}

/// Whether one of the two words before a place makes what stands there a guess.
fn is_supposed(folded: &str, at: usize) -> bool {
    let head = folded.get(..at).unwrap_or_default();
    let sentence = head.rsplit(['.', '!', '?', ';', '\n']).next().unwrap_or_default();
    let mut before = sentence.split_whitespace().rev().take(2);
    before.any(|word| GUESSES.iter().any(|guess| word.starts_with(guess)))
}

fn of_text(text: &str) -> Tally {
    let folded = fold::words(text);
    let mut counted = Tally::default();
    tally(folded.as_str(), &lexicon::find(folded.as_str()), |_| true, &mut counted);
    counted
}

/// What the lines of `whose` in the texts at `place` speak of.
fn of_mail(mail: &Mail<'_>, place: Place, whose: Whose) -> Tally {
    let mut counted = Tally::default();
    for passage in mail.passages().iter().filter(|passage| passage.place == place) {
        let said = |range: &std::ops::Range<usize>| {
            passage.whose(range.start) == whose && !passage.is_in_link(range)
        };
        tally(passage.folded.as_str(), &passage.found, said, &mut counted);
    }
    counted
}

/// The kind that subject and own text speak of most.
fn decide(subject: &Tally, own: &Tally) -> Option<Kind> {
    if subject.of(Kind::Copyright) > 0 {
        return Some(Kind::Copyright);
    }
    let weigh = |kind: Kind| SUBJECT * subject.of(kind).min(1) + own.of(kind);
    let mut best: Option<(usize, Kind)> = None;
    for kind in KINDS {
        let weight = weigh(kind);
        let copyright_wins = kind == Kind::Copyright && best.is_some_and(|(most, _)| weight > most);
        if weight > best.map_or(0, |(most, _)| most) || copyright_wins {
            best = Some((weight, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

/// What is left where no kind is named: an infection that is supposed, then an attack of whatever sort.
fn at_least(subject: &Tally, own: &Tally) -> Option<Kind> {
    let infection = (subject.infection || own.infection).then_some(Kind::Malware);
    infection.or((subject.attack || own.attack).then_some(Kind::Scan))
}

/// The kind that words speak of.
pub(crate) fn kind(subject: &str, own: &str) -> Option<Kind> {
    let (subject, own) = (of_text(subject), of_text(own));
    decide(&subject, &own).or_else(|| at_least(&subject, &own))
}

/// What subject and own words of a mail speak of, counted once for all who ask.
#[derive(Debug)]
pub(crate) struct Spoken<'m> {
    mail: &'m Mail<'m>,
    subject: Tally,
    own: Tally,
}

impl<'m> Spoken<'m> {
    pub(crate) fn of(mail: &'m Mail<'m>) -> Spoken<'m> {
        let of = |place| of_mail(mail, place, Whose::Own);
        Spoken { mail, subject: of(Place::Subject), own: of(Place::Own) }
    }

    /// The kind a mail speaks of: by its subject and own words, else by the lines of its log, which may add to it but not
    /// that somebody is a proxy or a relay.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let logged = |log: &Tally| {
            decide(&Tally::default(), log).filter(|kind| !matches!(kind, Kind::OpenProxy | Kind::OpenRelay))
        };
        let (subject, own) = (&self.subject, &self.own);
        decide(subject, own).or_else(|| {
            let log = of_mail(self.mail, Place::Own, Whose::Logged);
            // What was seen says more than what is supposed to be behind it.
            let seen = logged(&log).filter(|_| subject.infection || own.infection);
            seen.or_else(|| at_least(subject, own)).or_else(|| logged(&log)).or_else(|| at_least(&log, &log))
        })
    }

    /// Whether the subject alleges anything at all.
    pub(crate) fn subject_alleges(&self) -> bool {
        self.subject.any()
            || self.mail.passages().first().is_some_and(|subject| {
                let mut counted = Tally::default();
                tally(subject.folded.as_str(), &subject.found, |_| true, &mut counted);
                counted.any()
            })
    }

    /// Whether the reporter's own words allege anything at all.
    pub(crate) fn own_alleges(&self) -> bool {
        self.own.any()
    }
}

/// The kind a mail speaks of.
pub(crate) fn kind_of(mail: &Mail<'_>) -> Option<Kind> {
    Spoken::of(mail).kind()
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
    fn an_infection_that_is_supposed_is_not_what_was_seen() {
        let why = "please remove the likely infection on this host";
        assert_eq!(kind("", &format!("it took part in a flood; {why}")), Some(Kind::Ddos));
        assert_eq!(kind("", &format!("it sent spam; {why}")), Some(Kind::SpamSource));
        assert_eq!(kind("", why), Some(Kind::Malware), "where nothing else is said");
        assert_eq!(kind("", "it attacks us and is infected"), Some(Kind::Malware), "where it is said");
    }

    #[test]
    fn who_seeks_a_proxy_is_no_proxy() {
        assert_eq!(kind("Abuse of our proxy", ""), Some(Kind::TrojanScan));
        assert_eq!(kind("proxy scan from 192.0.2.1", ""), Some(Kind::TrojanScan));
        assert_eq!(kind("open proxy", "it relays spam"), Some(Kind::OpenProxy));
    }

    #[test]
    fn the_kind_is_read_in_other_languages() {
        for (words, expected) in [
            ("Brute-Force-Angriff auf unseren Server", Kind::LoginAttack),
            ("Tentative d'intrusion sur nos serveurs", Kind::LoginAttack),
            ("Correo no deseado desde su red", Kind::SpamSource),
            ("Сканирование портов с вашего адреса", Kind::Scan),
            ("Фишинг на вашем сервере", Kind::Phishing),
            ("貴社のネットワークからのスパム", Kind::SpamSource),
            ("您的服务器感染病毒", Kind::Malware),
            ("naruszenie praw autorskich", Kind::Copyright),
        ] {
            assert_eq!(kind(words, ""), Some(expected), "{words}");
        }
    }
}
