//! Whom an automatic answer may go to, and what of the mail that comes in is an answer to one of ours.
//!
//! The rules are those of RFC 3834 section 2: nothing automatic is answered, no list, no bounce, and nobody twice. What
//! we send says so itself (`Auto-Submitted`) and carries a header of our own, so that two desks never talk to each other.

use mail_parser::{HeaderName, HeaderValue as Parsed, Message, MessageParser};
use report::Reading;

use crate::settings::Answers;

/// The header every letter of ours carries, with our address.
pub(crate) const LOOP_HEADER: &str = "X-Nightdesk-Loop";
/// Local parts nobody reads, by custom. A postmaster does (RFC 2142 section 5).
const UNREAD: [&str; 8] =
    ["mailer-daemon", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce", "bounces", "listserv"];
/// Mailboxes that take no mail, by their exact names.
const NO_REPLY: [&str; 4] = ["noreply", "no-reply", "donotreply", "do-not-reply"];
/// Mailboxes of those who run a network (RFC 2142 sections 4 and 5).
const ROLES: [&str; 5] = ["abuse", "noc", "security", "postmaster", "hostmaster"];
/// How many message ids of one message are looked at.
const IDS_AT_MOST: usize = 50;
/// A message id longer than this is nobody's: a local part and a domain have 64 and 255 octets at most (RFC 5321
/// section 4.5.3.1), and with brackets and the field's name it fits a line of 998 (RFC 5322 section 2.1.1).
const ID_AT_MOST: usize = 320;

/// Why a message must not be answered automatically.
pub(crate) fn must_not_answer(bytes: &[u8], envelope_sender: Option<&str>) -> Option<&'static str> {
    if envelope_sender.is_some_and(|sender| sender.trim().is_empty() || sender.trim() == "<>") {
        return Some("not answered: it came from the null sender (a bounce)");
    }
    let message = MessageParser::new().parse_headers(bytes)?;
    if message.header(LOOP_HEADER).is_some() {
        return Some("not answered: a desk like this one wrote it");
    }
    if let Some(why) = automatic(&message) {
        return Some(why);
    }
    envelope_sender.is_some_and(nobody_reads).then_some("not answered: nobody reads the sender's mailbox")
}

/// Whether it is a machine's, by its own word. ARF reports are: but somebody is behind them, so their form alone
/// (multipart/report) does not count, other than for bounces and receipts.
fn automatic(message: &Message<'_>) -> Option<&'static str> {
    let text = |name: &str| message.header(name).and_then(Parsed::as_text).map(str::to_ascii_lowercase);
    if text("Auto-Submitted").is_some_and(|value| !value.trim_start().starts_with("no")) {
        return Some("not answered: it says itself that it was sent automatically");
    }
    if text("Precedence").is_some_and(|value| matches!(value.trim(), "bulk" | "junk" | "list")) {
        return Some("not answered: it is bulk mail");
    }
    // Written by mail servers' own holiday answers, from before Auto-Submitted and beside it.
    if ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"]
        .iter()
        .any(|name| message.header(*name).is_some())
    {
        return Some("not answered: it asks for no automatic answer");
    }
    let form = message.header("Content-Type").and_then(Parsed::as_content_type);
    let kind = form.and_then(|form| form.attribute("report-type")).unwrap_or_default();
    if ["delivery-status", "disposition-notification"].iter().any(|one| kind.eq_ignore_ascii_case(one)) {
        return Some("not answered: it is a mail server's own report");
    }
    let listed =
        message.headers().iter().any(|header| header.name.as_str().to_ascii_lowercase().starts_with("list-"));
    listed.then_some("not answered: it came through a mailing list")
}

/// Whether nobody reads this mailbox.
fn nobody_reads(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local).to_ascii_lowercase();
    let plain = local.trim_matches(['<', '"', ' ']).split(['+', '=']).next().unwrap_or_default();
    UNREAD.contains(&plain) || plain.starts_with("owner-") || plain.ends_with("-request")
}

/// Why nothing automatic is sent to this address, whatever was written from it.
pub(crate) fn must_not_write_to(address: &str, answers: &Answers) -> Option<&'static str> {
    if nobody_reads(address) {
        return Some("not answered: nobody reads that mailbox");
    }
    answers.is_ours(address).then_some("not answered: the address is our own")
}

/// Where an answer to a report goes: its From, and Reply-To only where a [`desk_of`] the same domain is behind a From
/// that takes no mail. What was shown is that the domain let this From be sent; at a domain where everybody may have a
/// mailbox, a Reply-To would let one of them have us write to another. In lower case.
pub(crate) fn answer_address(bytes: &[u8], reading: &Reading) -> Option<String> {
    let from = reading.reporter.as_ref()?.address.to_ascii_lowercase();
    let headers = MessageParser::new().parse_headers(bytes);
    let reply_to = headers.as_ref().and_then(|message| message.reply_to()).and_then(|to| to.first());
    let reply_to = reply_to.and_then(|one| one.address()).map(str::to_ascii_lowercase);
    let address = reply_to.filter(|address| desk_of(&from, address)).unwrap_or(from);
    address.parse::<lettre::Address>().is_ok().then_some(address)
}

/// Whether `address` is a role of the domain whose mailbox for mail that wants no answer is `from`. Neither is a name
/// that a provider of mailboxes gives to a person.
fn desk_of(from: &str, address: &str) -> bool {
    let (Some((sender, domain)), Some((role, other))) = (from.rsplit_once('@'), address.rsplit_once('@'))
    else {
        return false;
    };
    domain == other && NO_REPLY.contains(&sender) && ROLES.contains(&role)
}

/// The message's own Message-ID, in brackets, where it is one that can stand in a header of ours.
pub(crate) fn message_id(bytes: &[u8]) -> Option<String> {
    let message = MessageParser::new().parse_headers(bytes)?;
    let id = message.message_id().filter(|id| id.len() <= ID_AT_MOST)?;
    id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>')).then(|| format!("<{id}>"))
}

/// What a message has to do with letters of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Thread {
    /// Message-IDs it bears or answers, without brackets.
    pub(crate) ids: Vec<String>,
    /// It carries our own header: it went out from here.
    pub(crate) came_back: bool,
    /// A machine wrote it.
    pub(crate) automatic: bool,
}

impl Thread {
    /// Reads it off the headers.
    pub(crate) fn of(bytes: &[u8], answers: &Answers) -> Thread {
        let Some(message) = MessageParser::new().parse_headers(bytes) else { return Thread::default() };
        let named = [HeaderName::InReplyTo, HeaderName::References, HeaderName::MessageId];
        let mut ids = Vec::new();
        for header in message.headers().iter().filter(|header| named.contains(&header.name)) {
            match &header.value {
                Parsed::Text(id) => ids.push(id.to_string()),
                Parsed::TextList(list) => ids.extend(list.iter().map(ToString::to_string)),
                _ => {}
            }
        }
        ids.retain(|id| id.len() <= ID_AT_MOST);
        ids.truncate(IDS_AT_MOST);
        let mark = message.header(LOOP_HEADER).and_then(Parsed::as_text).unwrap_or_default();
        let came_back = !mark.trim().is_empty() && answers.is_ours(mark.trim());
        Thread { ids, came_back, automatic: automatic(&message).is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &str, sender: &str) -> bool {
        must_not_answer(format!("{headers}From: a@example.org\r\n\r\nx").as_bytes(), Some(sender)).is_some()
    }

    #[test]
    fn machines_lists_and_bounces_are_not_answered() {
        for header in [
            "Auto-Submitted: auto-replied\r\n",
            "Auto-Submitted: auto-generated; owner-email=\"a@example.org\"\r\n",
            "Precedence: bulk\r\n",
            "List-Id: <x.example.org>\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            "X-Nightdesk-Loop: abuse@example.com\r\n",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n",
        ] {
            assert!(refused(header, "a@example.org"), "{header}");
        }
        for sender in
            ["", "<>", "MAILER-DAEMON@example.org", "no-reply+17@example.org", "owner-x@example.org"]
        {
            assert!(refused("", sender), "{sender}");
        }
    }

    #[test]
    fn people_are() {
        assert!(!refused("", "a@example.org"));
        assert!(!refused("Auto-Submitted: no\r\n", "a@example.org"));
        assert!(!refused(
            "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n",
            "17@example.org"
        ));
    }

    fn answers() -> Answers {
        let own = ["abuse@example.net", "example.com"].map(str::to_owned).to_vec();
        Answers { own, ..Answers::default() }
    }

    #[test]
    fn our_own_addresses_are_never_written_to() {
        for ours in
            ["abuse@example.net", "Abuse@Example.NET", "anybody@example.com", "mailer-daemon@example.org"]
        {
            assert!(must_not_write_to(ours, &answers()).is_some(), "{ours}");
        }
        for other in ["noc@example.net", "abuse@sub.example.com", "anna@example.org"] {
            assert_eq!(must_not_write_to(other, &answers()), None, "{other}");
        }
    }

    fn address(headers: &str) -> Option<String> {
        let mail = format!("{headers}Subject: spam from 192.0.2.1\r\n\r\n192.0.2.1 sent spam.\r\n");
        answer_address(mail.as_bytes(), &report::read(mail.as_bytes()))
    }

    #[test]
    fn reply_to_never_has_us_write_to_somebody_else() {
        let from = "From: Anna <Anna@example.org>\r\n";
        assert_eq!(address(from).as_deref(), Some("anna@example.org"));
        for other in [
            "bert@example.org",
            "abuse@example.org",
            "victim@example.com",
            "x@sub.example.org",
            "anna@example.com",
        ] {
            let headers = format!("{from}Reply-To: {other}\r\n");
            assert_eq!(address(&headers).as_deref(), Some("anna@example.org"), "{other}");
        }
    }

    #[test]
    fn the_desk_behind_a_sender_that_takes_no_mail_is_written_to() {
        let from = "From: No-Reply@example.org\r\n";
        let same = format!("{from}Reply-To: Desk <Abuse@Example.org>\r\n");
        assert_eq!(address(&same).as_deref(), Some("abuse@example.org"));
        for other in ["bert@example.org", "abuse@example.com", "abuse@sub.example.org"] {
            let headers = format!("{from}Reply-To: {other}\r\n");
            assert_eq!(address(&headers).as_deref(), Some("no-reply@example.org"), "{other}");
        }
    }

    #[test]
    fn a_message_id_is_echoed_only_where_it_is_one() {
        let of = |id: &str| message_id(format!("Message-ID: <{id}>\r\nSubject: x\r\n\r\nx").as_bytes());
        assert_eq!(of("a.1@example.org").as_deref(), Some("<a.1@example.org>"));
        let id = |octets: usize| format!("{}@example.org", "a".repeat(octets - "@example.org".len()));
        assert!(of(&id(320)).is_some());
        for bad in
            [id(321), "a".repeat(100_000), "a b@example.org".to_owned(), "\u{fc}@example.org".to_owned()]
        {
            assert_eq!(of(&bad), None, "{bad:.40}");
        }
    }

    #[test]
    fn an_id_without_end_is_not_looked_for() {
        let mail = format!(
            "In-Reply-To: <{}@example.net>\r\nReferences: <nd-2@example.net>\r\n\r\nx",
            "a".repeat(9999)
        );
        assert_eq!(Thread::of(mail.as_bytes(), &answers()).ids, ["nd-2@example.net"]);
    }

    #[test]
    fn an_answer_names_the_letters_it_answers() {
        let mail = b"From: a@example.org\r\nIn-Reply-To: <nd-1@example.net>\r\nReferences: <x@example.org> <nd-2@example.net>\r\nMessage-ID: <own@example.org>\r\n\r\nx";
        let thread = Thread::of(mail, &answers());
        for id in ["nd-1@example.net", "nd-2@example.net", "own@example.org"] {
            assert!(thread.ids.iter().any(|one| one == id), "{id}: {thread:?}");
        }
        assert!(!thread.came_back && !thread.automatic);
        let ours = Thread::of(
            b"X-Nightdesk-Loop: abuse@example.net\r\nAuto-Submitted: auto-replied\r\n\r\nx",
            &answers(),
        );
        assert!(ours.came_back && ours.automatic);
        let theirs = Thread::of(b"X-Nightdesk-Loop: abuse@example.org\r\n\r\nx", &answers());
        assert!(!theirs.came_back, "another desk's letter is read like any other");
    }
}
