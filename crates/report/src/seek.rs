//! A cheap look for a word in a whole text, before anything dearer is asked of it: most mails bear the marks of none of the
//! formats that there are.

/// A word of ASCII that is looked for in either case.
#[derive(Debug)]
pub(crate) struct Seek {
    /// In lower case.
    word: &'static [u8],
    /// Which of its bytes is the rarest in a text, and is looked for first.
    rarest: usize,
}

/// Letters of English by how often they are written, the rarest first (Lewand, Cryptological Mathematics, 2000).
const RARE: &[u8] = b"zqxjkvbpygfwmucldrhsniaote";

impl Seek {
    /// `word` in lower case, and not empty.
    pub(crate) const fn new(word: &'static str) -> Seek {
        let word = word.as_bytes();
        let (mut rarest, mut best, mut at) = (0, RARE.len(), 0);
        while at < word.len() {
            let mut rank = 0;
            while rank < best && RARE[rank] != word[at] {
                rank += 1;
            }
            if rank < best {
                (rarest, best) = (at, rank);
            }
            at += 1;
        }
        Seek { word, rarest }
    }

    /// Whether `text` has it.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let Some(&byte) = self.word.get(self.rarest) else { return true };
        memchr::memchr2_iter(byte, byte.to_ascii_uppercase(), bytes).any(|at| {
            let found =
                at.checked_sub(self.rarest).and_then(|start| bytes.get(start..start + self.word.len()));
            found.is_some_and(|found| found.eq_ignore_ascii_case(self.word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_either_case() {
        const WORD: Seek = Seek::new("feedback-type");
        for text in ["Feedback-Type: abuse", "kkk FEEDBACK-TYPE", "feedback-type"] {
            assert!(WORD.is_in(text), "{text}");
        }
        for text in ["", "k", "edback-type", "feedback-typ", "feedback type"] {
            assert!(!WORD.is_in(text), "{text}");
        }
    }
}
