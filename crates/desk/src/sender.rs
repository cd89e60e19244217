//! Whether the sender of a message may be written to, and whether it answers a letter of ours.

use std::collections::BTreeMap;
use std::net::IpAddr;

use case::{
    Actor, Case, CaseId, Command, Correspondent, EvidenceId, Filing, Source, SpamcopReport, Standing, Voice,
};
use report::{Claim, Format, Reading, Role};

use crate::courtesy::{Thread, answer_address};
use crate::desk::Desk;
use crate::error::{DeskError, Doing};
use crate::notify::NOTICE;
use crate::office::Draft;

/// What every note of an answer says.
const ANSWER_NOTE: &str = " a letter of ours came in: evidence ";
/// How many answers are noted on a case; whoever has one letter of ours can write any number.
const ANSWERS_NOTED: usize = 64;

/// A message that answers a letter of ours, or is one that came back.
pub(crate) struct AnswerToOurs {
    /// The letter's case.
    pub(crate) case: Option<CaseId>,
    /// That case, where it has ended.
    ended: Option<Case>,
    /// A machine wrote it.
    automatic: bool,
    /// Whether it may allege something: not a machine, nor a subscriber who was told, whatever they quote.
    pub(crate) may_allege: bool,
}

/// Who sent a report and may be written to.
pub(crate) struct Sender {
    address: String,
    authenticated: bool,
    /// They have no record yet.
    newcomer: bool,
    spamcop: Option<u64>,
}

/// What a report says of the lines of its cases.
#[derive(Default)]
pub(crate) struct About(BTreeMap<CaseId, AboutLine>);

#[derive(Default)]
struct AboutLine {
    addresses: Vec<IpAddr>,
    /// Whether it accuses anybody there of more than hosting what is advertised.
    more_than_hosting: bool,
    /// Whether more was made of it than a number.
    kept: bool,
}

impl Desk {
    /// What a message has to do with a letter of ours; none where nothing.
    pub(crate) async fn answer_to_ours(&self, bytes: &[u8]) -> Result<Option<AnswerToOurs>, DeskError> {
        let thread = Thread::of(bytes, &self.settings().answers);
        let letter = self.store().letter_meant(&thread.ids).await.doing("look for a letter of ours")?;
        if letter.is_none() && !thread.came_back {
            return Ok(None);
        }
        if thread.came_back {
            let came = self.store().letter_returned(&thread.ids, self.now()).await;
            came.doing("record that a letter came back")?;
        }
        let automatic = thread.automatic || thread.came_back;
        // A subscriber who answers our notice speaks of the line we told them of, and quotes what we wrote.
        let to_subscriber = letter.as_ref().is_some_and(|(_, purpose)| purpose == NOTICE);
        let may_allege = !automatic && !to_subscriber;
        let case = letter.map(|(case, _)| case).filter(|case| *case != CaseId::NONE);
        let open = match case {
            Some(id) => self.office().read().await.case(id).is_some(),
            None => false,
        };
        let ended = match case.filter(|_| !open) {
            Some(id) => Case::replay(&self.store().records(id).await.doing("read a case")?),
            None => None,
        };
        Ok(Some(AnswerToOurs { case, ended, automatic, may_allege }))
    }
}

impl AnswerToOurs {
    /// Writes the answer down on its case, once.
    pub(crate) fn note(&self, evidence: &EvidenceId, draft: &mut Draft<'_>) {
        let Some(case) = self.case else { return };
        let kind = if self.automatic { "an automatic answer to" } else { "an answer to" };
        let text = format!("{kind}{ANSWER_NOTE}{}", evidence.short());
        if let Some(ended) = &self.ended {
            draft.bring(ended.clone());
        }
        // A report without a lease is read again until its lease comes.
        let noted = draft.case(case).is_some_and(|case| {
            let mut before = case.notes().iter().filter(|note| note.text.contains(ANSWER_NOTE));
            before.clone().count() >= ANSWERS_NOTED || before.any(|note| note.text == text)
        });
        if noted {
            return;
        }
        if let Err(refusal) = draft.act(case, &Command::Note { text }, &Actor::Desk) {
            tracing::warn!(%case, %refusal, "an answer to a letter of ours could not be noted");
        }
    }
}

impl Sender {
    /// Who sent a report, where they may be written to: whoever was shown to be its sender; and SpamCop, where its report
    /// came through the mailbox that only trusted feeds know.
    pub(crate) fn of(reading: &Reading, source: &Source, bytes: &[u8]) -> Option<Sender> {
        let Source::Report { domain: shown, authenticated, standing, .. } = source else { return None };
        let domain = reading.reporter.as_ref().map_or("", |who| who.domain.as_str());
        let from_spamcop = domain == "spamcop.net" || domain.ends_with(".spamcop.net");
        // A token shows whose the desk is that posts a report, not that the mailbox it names is theirs.
        let authenticated = *authenticated && lookup::aligned(shown, domain);
        let certain = *standing == Standing::UnpublishedBox || (authenticated && from_spamcop);
        let spamcop =
            if certain && reading.format == Format::Spamcop { report::spamcop_number(bytes) } else { None };
        if !authenticated && spamcop.is_none() {
            return None;
        }
        Some(Sender {
            address: answer_address(bytes, reading)?,
            authenticated,
            newcomer: source.voice() < Voice::Established,
            spamcop,
        })
    }

    /// Tells each case who sent the report. A report that only counts names no new correspondent, unless SpamCop waits
    /// for the answer to its number.
    pub(crate) fn correspond(&self, evidence: EvidenceId, about: About, draft: &mut Draft<'_>) {
        let named = about.0.into_iter().filter(|(_, line)| line.kept || self.spamcop.is_some());
        for (case, mut line) in named {
            line.addresses.sort_unstable();
            line.addresses.dedup();
            let web_host = !line.more_than_hosting;
            let command = Command::Correspond(Correspondent {
                evidence,
                address: self.address.clone(),
                authenticated: self.authenticated,
                newcomer: self.newcomer,
                about: line.addresses,
                spamcop: self.spamcop.map(|id| SpamcopReport { id, web_host }),
            });
            if let Err(refusal) = draft.act(case, &command, &Actor::Desk) {
                tracing::debug!(%case, %refusal, "a reporter is not written to");
            }
        }
    }
}

impl About {
    /// Takes in one claim that went to `case`.
    pub(crate) fn hear(&mut self, case: CaseId, claim: &Claim, filing: Filing) {
        let line = self.0.entry(case).or_default();
        line.addresses.push(claim.address.to_canonical());
        line.more_than_hosting |= claim.role != Role::WebHost;
        line.kept |= matches!(filing, Filing::File | Filing::Known);
    }
}

#[cfg(test)]
mod tests {
    use case::Trust;

    use super::*;

    fn may_be_thanked(shown: &str, authenticated: bool) -> bool {
        let mail = b"From: anna@example.org\r\nSubject: spam from 192.0.2.1\r\n\r\n192.0.2.1 sent spam.\r\n";
        let (domain, standing) = (shown.to_owned(), Standing::Unknown);
        let source =
            Source::Report { domain, authenticated, trust: Trust::default(), standing, network: None };
        Sender::of(&report::read(mail), &source, mail).is_some_and(|sender| sender.authenticated)
    }

    #[test]
    fn who_posts_with_a_token_does_not_have_us_write_to_whom_its_report_names() {
        assert!(may_be_thanked("example.org", true));
        assert!(!may_be_thanked("example.org", false));
        assert!(!may_be_thanked("oursensor", true));
    }

    fn spamcop_answered(headers: &str, body: &str) -> Option<u64> {
        let mail = format!(
            "From: reports@spamcop.net\r\n{headers}\r\n[ SpamCop V4.9.0 ]\r\n{body}\r\n\
             Email from 192.0.2.1 / Mon, 23 Nov 2026 02:14:07 +0000\r\n\r\n[ Offending message ]\r\nx\r\n"
        );
        let source = Source::Report {
            domain: "spamcop.net".to_owned(),
            authenticated: true,
            trust: Trust::default(),
            standing: Standing::NamedFeed,
            network: None,
        };
        let reading = report::read(mail.as_bytes());
        assert_eq!(reading.format, Format::Spamcop);
        assert!(reading.report_id.is_some(), "the number is shown wherever it stands");
        Sender::of(&reading, &source, mail.as_bytes()).expect("a sender").spamcop
    }

    #[test]
    fn a_number_of_spamcop_that_only_the_body_states_is_never_answered() {
        let subject = "Subject: [SpamCop (192.0.2.1) id:71]x\r\n";
        assert_eq!(spamcop_answered(subject, ""), Some(71));
        assert_eq!(spamcop_answered(subject, "http://www.spamcop.net/w3m?i=z99z4711z"), Some(71));
        assert_eq!(spamcop_answered("Message-ID: <rid_72@msgid.spamcop.net>\r\n", ""), Some(72));
        for body in ["http://www.spamcop.net/w3m?i=z99z4711z", "Subject: [SpamCop (192.0.2.1) id:99]x"] {
            assert_eq!(spamcop_answered("Subject: x\r\n", body), None, "{body}");
        }
    }
}
