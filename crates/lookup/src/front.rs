//! The head of a mail, as far as it must be in order before anything signed can be believed.

use mail_auth::AuthenticatedMessage;

/// The most bytes before the body; ours and every common server's bound is far below.
const HEAD_AT_MOST: usize = 256 * 1024;
/// The most signatures a mail may carry: forwarders add one or two each, and every one costs a question.
pub const SIGNATURES_AT_MOST: usize = 8;
/// The most fields of an ARC chain: three for each of a few forwarders.
const ARC_FIELDS_AT_MOST: usize = 3 * SIGNATURES_AT_MOST;

/// A mail with one author, ready to be checked.
pub(crate) struct Front<'a> {
    pub(crate) message: AuthenticatedMessage<'a>,
    /// The domain of From, in lower case.
    pub(crate) author: String,
    /// Whether it has a Subject, which a signature must then cover.
    pub(crate) has_subject: bool,
}

impl<'a> Front<'a> {
    /// Reads the head; why nothing can be shown of it otherwise. Signed fields may be repeated by whoever passes a mail
    /// on, and readers differ in which one they show: a mail with two of one is not believed (RFC 6376 section 8.15).
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Front<'a>, &'static str> {
        let count = Fields::of(bytes);
        if count.head > HEAD_AT_MOST {
            return Err("not checked: its header is larger than any mail's");
        }
        if count.from != 1 || count.subject > 1 {
            return Err("not checked: it has no From, or more than one From or Subject");
        }
        if count.signatures > SIGNATURES_AT_MOST || count.arc > ARC_FIELDS_AT_MOST {
            return Err("not checked: it carries more signatures than any honest mail");
        }
        let message = AuthenticatedMessage::parse(bytes).ok_or("not checked: it has no header")?;
        let author = match message.from.as_slice() {
            [one] => one.rsplit_once('@').map(|(_, domain)| crate::domain::plain(domain)),
            _ => None,
        };
        let author = author.filter(|domain| domain.contains('.'));
        let author = author.ok_or("not checked: From names no single address")?;
        Ok(Front { message, author, has_subject: count.subject == 1 })
    }
}

/// How often the fields that matter stand in the head, counted before anything is parsed.
#[derive(Default)]
struct Fields {
    head: usize,
    from: usize,
    subject: usize,
    signatures: usize,
    arc: usize,
}

impl Fields {
    fn of(bytes: &[u8]) -> Fields {
        let mut count = Fields::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            count.head = count.head.saturating_add(line.len());
            if line.trim_ascii().is_empty() || count.head > HEAD_AT_MOST {
                break;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let name = line.get(..colon).unwrap_or_default().trim_ascii_end().to_ascii_lowercase();
            match name.as_slice() {
                b"from" => count.from += 1,
                b"subject" => count.subject += 1,
                b"dkim-signature" | b"dkim2-signature" => count.signatures += 1,
                name if name.starts_with(b"arc-") => count.arc += 1,
                _ => {}
            }
        }
        count
    }
}
