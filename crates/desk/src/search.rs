//! The words of the search box, one language for page, API and command line.

use case::{Case, Kind, Stage};

/// A search: words that must all fit. `stage:confirmed`, `kind:open-proxy`, `is:ended`, a case number, an address or a
/// part of one, a part of a subscriber's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Search {
    words: Vec<Word>,
    ended: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Stage(Stage),
    Kind(String),
    Text(String),
}

impl Search {
    /// Reads a search; anything it does not know is looked for as text, so that nothing typed is an error.
    pub(crate) fn parse(text: &str) -> Self {
        let mut search = Search::default();
        for word in text.split_whitespace().take(16) {
            let lower = word.to_lowercase();
            match lower.split_once(':') {
                Some(("is", "ended")) => search.ended = true,
                Some(("stage", name)) if name.parse::<Stage>().is_ok() => {
                    let stage: Option<Stage> = name.parse().ok();
                    search.ended |= stage.is_some_and(|stage| !stage.is_open());
                    search.words.extend(stage.map(Word::Stage));
                }
                Some(("kind", name)) => search.words.push(Word::Kind(name.to_owned())),
                _ => search.words.push(Word::Text(lower)),
            }
        }
        search
    }

    /// Whether ended cases are wanted.
    pub(crate) fn wants_ended(&self) -> bool {
        self.ended
    }

    /// Whether every word fits the case.
    pub(crate) fn fits(&self, case: &Case) -> bool {
        self.words.iter().all(|word| match word {
            Word::Stage(stage) => case.stage() == *stage,
            Word::Kind(name) => case.sightings().iter().any(|sighting| Kind::name(sighting.kind) == name),
            Word::Text(text) => {
                case.id().to_string().to_lowercase() == *text
                    || case.subscriber().as_str().to_lowercase().contains(text)
                    || case.addresses().iter().any(|address| address.to_string().contains(text))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_understood_and_others_are_text() {
        let search = Search::parse("stage:confirmed 203.0.113 stage:nonsense");
        assert_eq!(
            search.words,
            [
                Word::Stage(Stage::Confirmed),
                Word::Text("203.0.113".to_owned()),
                Word::Text("stage:nonsense".to_owned())
            ]
        );
        assert!(!search.wants_ended());
        assert!(Search::parse("stage:dismissed").wants_ended());
        assert!(Search::parse("is:ended x").wants_ended());
    }
}
