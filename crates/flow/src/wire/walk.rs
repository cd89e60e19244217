//! From set to set, also where one of them lies about its length.
//!
//! A set's length is all that says where the next one begins. Where it cannot be true, the sets that follow are looked for:
//! a place from which the heads of sets whose ids are known lead exactly to the message's end. Two numbers of 16 bits must
//! fit for that, so garbage is not taken for a set.

use super::losses::Version;

/// Bytes of a set's head.
pub(super) const HEAD: usize = 4;

/// What stands next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A set, up to there.
    Set { id: u16, end: usize },
    /// A set whose length cannot be true, up to where the next one or the message's end is.
    Broken { id: u16, end: usize },
    /// No set, up to there.
    Garbage { end: usize },
    /// Another message, as captures glue them together.
    Message,
    /// Nothing but padding.
    End,
}

/// What stands at `at`; `known` says whether there is a template of that id.
pub(super) fn next(bytes: &[u8], at: usize, version: Version, known: impl Fn(u16) -> bool) -> Next {
    let Some((id, end)) = head(bytes, at) else { return Next::End };
    if another_message(bytes, at, version) {
        return Next::Message;
    }
    let may_be = |id: u16| id >= 256 || is_template(id, version);
    let fits = end >= at + HEAD && end <= bytes.len();
    if fits && may_be(id) {
        return Next::Set { id, end };
    }
    if bytes.iter().skip(at).all(|byte| *byte == 0) {
        return Next::End;
    }
    // Reserved ids (RFC 7011 section 3.3.2) with a length that leads on are passed over as sets that nobody knows.
    let known = |id: u16| is_template(id, version) || known(id);
    if fits && leads_on(bytes, end, &known) {
        return Next::Garbage { end };
    }
    let resumes = (at + HEAD..bytes.len())
        .find(|place| head(bytes, *place).is_some() && leads_on(bytes, *place, &known));
    let end = resumes.unwrap_or(bytes.len());
    if known(id) { Next::Broken { id, end } } else { Next::Garbage { end } }
}

/// A set's id and where it says that it ends.
fn head(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    let head = bytes.get(at..)?.first_chunk::<HEAD>()?;
    let [id, length] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_be_bytes);
    Some((id, at + usize::from(length)))
}

fn is_template(id: u16, version: Version) -> bool {
    match version {
        Version::NetflowV9 => id < 2,
        _ => matches!(id, 2 | 3),
    }
}

/// Whether the heads of known sets lead from `at` exactly to the end, or to padding.
fn leads_on(bytes: &[u8], mut at: usize, known: &impl Fn(u16) -> bool) -> bool {
    loop {
        let Some((id, end)) = head(bytes, at) else {
            return bytes.iter().skip(at).all(|byte| *byte == 0);
        };
        if !known(id) || end < at + HEAD || end > bytes.len() {
            return false;
        }
        at = end;
    }
}

/// NetFlow v9 does not tell its length: a head of its version where a set should be is a datagram that was glued to this.
/// As a set it would have the reserved id 9.
fn another_message(bytes: &[u8], at: usize, version: Version) -> bool {
    version == Version::NetflowV9 && bytes.len() - at >= 20 && bytes.get(at..at + 2) == Some(&[0, 9])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id: u16, length: u16, body: usize) -> Vec<u8> {
        let mut set = [id.to_be_bytes(), length.to_be_bytes()].concat();
        set.resize(4 + body, 0xAA);
        set
    }

    fn walk(bytes: &[u8]) -> Vec<Next> {
        let mut at = 0;
        let mut all = Vec::new();
        loop {
            let found = next(bytes, at, Version::Ipfix, |id| id == 256 || id == 257);
            all.push(found);
            at = match found {
                Next::Set { end, .. } | Next::Broken { end, .. } | Next::Garbage { end } => end,
                Next::Message | Next::End => return all,
            };
        }
    }

    #[test]
    fn a_length_that_is_too_long_costs_no_other_set() {
        let bytes = [set(256, 60_000, 24), set(257, 12, 8)].concat();
        assert_eq!(
            walk(&bytes),
            [Next::Broken { id: 256, end: 28 }, Next::Set { id: 257, end: 40 }, Next::End]
        );
    }

    #[test]
    fn a_length_of_nothing_costs_no_other_set() {
        let bytes = [set(256, 0, 24), set(2, 12, 8), set(257, 12, 8)].concat();
        assert_eq!(
            walk(&bytes),
            [
                Next::Broken { id: 256, end: 28 },
                Next::Set { id: 2, end: 40 },
                Next::Set { id: 257, end: 52 },
                Next::End
            ]
        );
    }

    #[test]
    fn a_length_that_is_too_short_leaves_garbage_and_costs_no_other_set() {
        let bytes = [set(256, 10, 24), set(257, 12, 8)].concat();
        assert_eq!(
            walk(&bytes),
            [
                Next::Set { id: 256, end: 10 },
                // The garbage itself looks like a set of 0xAAAA bytes whose template is not known.
                Next::Garbage { end: 28 },
                Next::Set { id: 257, end: 40 },
                Next::End
            ]
        );
    }

    #[test]
    fn padding_is_no_set() {
        let bytes = [set(256, 12, 8), vec![0; 7]].concat();
        assert_eq!(walk(&bytes), [Next::Set { id: 256, end: 12 }, Next::End]);
    }
}
