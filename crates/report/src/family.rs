//! Names of malware: which family a name is one of, and which one a mail speaks of.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::lexicon::{self, Found, Meaning};
use crate::mail::Mail;
use crate::passage::Whose;
use crate::reading::{Claim, Kind, Place};
use crate::{fold, reading};

/// How far from a name with other meanings a word of malware may stand, in bytes of folded text.
const BESIDE: usize = 40;
/// What vendors put in front of a name: the Computer Antivirus Research Organization's scheme and its dialects.
const IN_FRONT: [&str; 24] = [
    "w32",
    "win32",
    "w64",
    "win64",
    "win",
    "backdoor",
    "trojan",
    "worm",
    "i worm",
    "virus",
    "bot",
    "botnet",
    "linux",
    "elf",
    "unix",
    "android",
    "net worm",
    "email worm",
    "proxy",
    "trojan proxy",
    "malware",
    "troj",
    "bkdr",
    "tr",
];

/// The family that a name stated by a report belongs to; None where the list does not know it.
pub(crate) fn canonical(name: &str) -> Option<&'static str> {
    let folded = fold::words(name.get(..name.len().min(200)).unwrap_or_default());
    let found = lexicon::find(folded.as_str());
    let longest = found.iter().filter_map(|found| match found.entry.meaning {
        Meaning::Family(id, _) => Some((found.range.len(), id)),
        _ => None,
    });
    longest.max_by_key(|(length, _)| *length).map(|(_, id)| id)
}

/// The families that a folded text names, each with where.
pub(crate) fn named(folded: &str, found: &[Found]) -> Vec<(&'static str, Range<usize>)> {
    let is_malware = |found: &&Found| {
        matches!(found.entry.meaning, Meaning::Alleged(Kind::Malware) | Meaning::Sign(Kind::PhoneHome, _))
    };
    let beside = |range: &Range<usize>| {
        found.iter().filter(is_malware).any(|other| {
            other.range.start < range.end + BESIDE
                && range.start < other.range.end + BESIDE
                && other.range != *range
        })
    };
    found
        .iter()
        .filter_map(|hit| match hit.entry.meaning {
            Meaning::Family(id, alone) if alone || is_vendors(folded, &hit.range) || beside(&hit.range) => {
                Some((id, hit.range.clone()))
            }
            _ => None,
        })
        .collect()
}

/// `w32/name`, `backdoor.name`, `name.f@mm`.
fn is_vendors(folded: &str, range: &Range<usize>) -> bool {
    let head = folded.get(..range.start).unwrap_or_default();
    let tail = folded.get(range.end..).unwrap_or_default();
    let front = head
        .strip_suffix(['.', '/', ':'])
        .is_some_and(|head| IN_FRONT.iter().any(|word| head.ends_with(word)) || head.ends_with(')'));
    front || tail.get(..8.min(tail.len())).is_some_and(|tail| tail.starts_with('.') && tail.contains("@mm"))
}

/// The one family that a mail's subject or own words name; None where they name several or none.
fn spoken_of(mail: &Mail<'_>) -> Option<&'static str> {
    for place in [Place::Subject, Place::Own] {
        let mut ids: Vec<&'static str> = Vec::new();
        for passage in mail.passages().iter().filter(|passage| passage.place == place) {
            let named = named(passage.folded.as_str(), &passage.found);
            let own = named.iter().filter(|(_, range)| passage.whose(range.start) != Whose::Quoted);
            ids.extend(own.filter(|(_, range)| !passage.is_in_link(range)).map(|(id, _)| *id));
        }
        ids.dedup();
        if let [id] = ids.as_slice() {
            return Some(id);
        }
        if !ids.is_empty() {
            return None;
        }
    }
    None
}

/// Names of one report that are looked up once.
const NAMES: usize = 1000;

/// Gives claims the malware that is spoken of, and stated names the name of their family.
pub(crate) fn settle(mail: Option<&Mail<'_>>, claims: &mut [Claim]) {
    // Thousands of rows state the same name.
    let mut known: HashMap<Arc<str>, Option<Arc<str>>> = HashMap::new();
    for claim in claims.iter_mut() {
        let Some(stated) = &claim.malware else { continue };
        let id = match known.get(stated) {
            Some(id) => id.clone(),
            None => {
                let id: Option<Arc<str>> = canonical(stated).map(Into::into);
                if known.len() < NAMES {
                    known.insert(stated.clone(), id.clone());
                }
                id
            }
        };
        if id.is_some() {
            claim.malware = id;
        }
    }
    let open = |claim: &Claim| {
        // Who scans for a trojan does not have it.
        let kind = matches!(claim.kind, Kind::Malware | Kind::PhoneHome | Kind::OpenProxy | Kind::Ddos);
        claim.malware.is_none() && claim.role == reading::Role::Offender && kind
    };
    if claims.iter().any(open)
        && let Some(id) = mail.and_then(spoken_of)
    {
        let id: Arc<str> = id.into();
        claims.iter_mut().filter(|claim| open(claim)).for_each(|claim| claim.malware = Some(id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_names_are_the_family_they_mean() {
        for (name, id) in [
            ("W32.Sobig.F@mm", Some("sobig")),
            ("I-Worm.Sobig.f", Some("sobig")),
            ("W32/Bagle.AB@mm", Some("bagle")),
            ("Backdoor.Jeem", Some("jeem")),
            ("TrojanProxy:Win32/Mitglieder", Some("mitglieder")),
            ("Socks5Systemz", Some("socks5systemz")),
            ("BADBOX 2.0", Some("badbox")),
            ("911 S5", Some("911-s5")),
            ("android.vo1d", Some("vo1d")),
            ("avalanche-andromeda", Some("andromeda")),
            ("CYSC.MALWARE.URL.GEN", None),
        ] {
            assert_eq!(canonical(name), id, "{name}");
        }
    }

    #[test]
    fn a_name_with_other_meanings_counts_beside_malware_only() {
        let ids = |words: &str| -> Vec<&str> {
            let folded = fold::words(words);
            named(folded.as_str(), &lexicon::find(folded.as_str())).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids("infected with Zeus"), ["zeus"]);
        assert_eq!(ids("W32/Sober.C"), ["sober"]);
        assert_eq!(ids("a sober look at the storm over Zeus Street"), Vec::<&str>::new());
    }

    #[test]
    fn every_family_has_an_id_that_files_can_be_keyed_by() {
        for (name, id) in lexicon::families() {
            assert!(
                id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}: {id}"
            );
        }
    }
}
