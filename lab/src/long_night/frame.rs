//! What the world tells its desk, over a pipe: a letter, a length, and the rest.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

/// The longest a word may be: a minute's flows of every line there can be.
const LONGEST: u32 = 1 << 30;

/// One thing told.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// It is so late; whatever is due is to be done.
    Time(Timestamp),
    /// A mail.
    Mail {
        /// The sender's own name for this delivery.
        id: String,
        /// The box it came to.
        source: String,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// IPFIX messages, one after the other.
    Flows(Vec<u8>),
    /// A person opens the link of a page and says that they look: page, ring and mark.
    Acknowledge(String),
    /// A person approves whatever waits for one.
    Approve(String),
    /// What would the pages of figures show?
    Numbers,
}

/// Tells one.
pub(super) fn write(out: &mut impl Write, word: &Word) -> Result<()> {
    let (letter, body): (u8, Vec<u8>) = match word {
        Word::Time(at) => (b't', at.as_microsecond().to_be_bytes().to_vec()),
        Word::Mail { id, source, bytes } => {
            let head = format!("{id}\n{source}\n");
            (b'm', [head.as_bytes(), bytes].concat())
        }
        Word::Flows(messages) => (b'f', messages.clone()),
        Word::Acknowledge(link) => (b'a', link.clone().into_bytes()),
        Word::Approve(by) => (b'p', by.clone().into_bytes()),
        Word::Numbers => (b'n', Vec::new()),
    };
    let length = u32::try_from(body.len()).context("a word is too long")?;
    out.write_all(&[letter])?;
    out.write_all(&length.to_be_bytes())?;
    out.write_all(&body)?;
    out.flush()?;
    Ok(())
}

/// Hears one; none when there is nobody any more.
pub(super) fn read(input: &mut impl Read) -> Result<Option<Word>> {
    let mut head = [0; 5];
    if input.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [letter, length @ ..] = head;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        bail!("a word of {length} bytes");
    }
    let mut body = vec![0; usize::try_from(length)?];
    if input.read_exact(&mut body).is_err() {
        return Ok(None);
    }
    let text = |body: Vec<u8>| String::from_utf8(body).context("a word that is no text");
    Ok(Some(match letter {
        b't' => {
            let micros = body.try_into().map(i64::from_be_bytes).ok().context("a time of eight bytes")?;
            Word::Time(Timestamp::from_microsecond(micros)?)
        }
        b'm' => {
            let mut parts = body.splitn(3, |byte| *byte == b'\n').map(<[u8]>::to_vec);
            let mut part = || parts.next().context("a mail of three parts");
            Word::Mail { id: text(part()?)?, source: text(part()?)?, bytes: part()? }
        }
        b'f' => Word::Flows(body),
        b'a' => Word::Acknowledge(text(body)?),
        b'p' => Word::Approve(text(body)?),
        b'n' => Word::Numbers,
        other => bail!("a word that begins with {other}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard() {
        let mail =
            Word::Mail { id: "7".to_owned(), source: "trusted".to_owned(), bytes: b"a\nb\n\nc".to_vec() };
        let words = [Word::Time(Timestamp::UNIX_EPOCH), mail, Word::Flows(vec![0; 70_000]), Word::Numbers];
        let mut pipe = Vec::new();
        for word in &words {
            write(&mut pipe, word).expect("told");
        }
        let mut heard = pipe.as_slice();
        for word in &words {
            let same = read(&mut heard).expect("heard").expect("a word");
            assert_eq!(format!("{same:?}"), format!("{word:?}"));
        }
        assert!(read(&mut heard).expect("the end").is_none());
    }
}
