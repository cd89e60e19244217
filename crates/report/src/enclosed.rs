//! A report that was sent to us and reached us inside another message: bounced on its way to a colleague, forwarded as an
//! attachment, wrapped by a helpdesk.
//!
//! What a mail encloses is most often the abuse itself, and its chain accuses. An enclosed message is read as a report of
//! its own only where it was addressed to a desk (RFC 2142 section 4) and reads as one. Who sent it is not shown by who
//! passed it on, so the reporter stays the sender of the whole.

use std::cell::RefCell;
use std::ops::Range;

use crate::claims::Draft;
use crate::mail::Mail;
use crate::quirk::Quirks;
use crate::reading::Format;
use crate::{limits, plain};

/// Enclosed messages of one mail that are looked at.
const MOST: usize = 4;

/// Reads the report that a bounce brings back. It has to have come to a domain that the bounce came to: what comes back of
/// our own letters, and of spam in our name, was addressed to others.
pub(crate) fn in_bounce(mail: &Mail<'_>, quirks: &Quirks) -> Option<(Format, bool, Draft)> {
    read(mail, quirks, "the report came enclosed in a bounce", |inner| {
        domains(inner).iter().any(|domain| domains(mail).contains(domain))
    })
}

/// Reads the report that a mail passes on.
pub(crate) fn passed_on(mail: &Mail<'_>, quirks: &Quirks) -> Option<(Format, bool, Draft)> {
    read(mail, quirks, "the report came enclosed in another message", |_| true)
}

fn read(
    mail: &Mail<'_>,
    quirks: &Quirks,
    why: &str,
    is_ours: impl Fn(&Mail<'_>) -> bool,
) -> Option<(Format, bool, Draft)> {
    mail.messages.iter().take(MOST).find_map(|origin| {
        let bytes = origin.bytes(&mail.raw, limits::BYTES);
        let head = Mail::headers(&bytes)?;
        if !plain::is_to_desk(&head) || !is_ours(&head) {
            return None;
        }
        let mut inner = Mail::parse(&bytes)?;
        // What lies deeper is the abuse, and each level would be taken apart again.
        inner.messages.clear();
        inner.notes = mail.notes.as_ref().map(|_| RefCell::default());
        let (format, is_report, mut draft) = crate::recognise(&inner, quirks);
        if !is_report {
            return None;
        }
        draft.report_id = draft.report_id.or_else(|| crate::report_id(&inner, format));
        let way = origin.is_encoded().then(|| origin.text(&mail.raw));
        let range = origin.span();
        let moved = |span: &Range<usize>| match &way {
            None => span.start + range.start..span.end + range.start,
            Some(text) => text.as_ref().map_or(range.clone(), |text| text.span(span.clone())),
        };
        draft.claims.iter_mut().for_each(|claim| claim.span = moved(&claim.span));
        for note in inner.notes.take().map(RefCell::into_inner).unwrap_or_default() {
            mail.note(|| note.text, || note.span.as_ref().map(moved));
        }
        draft.doubts.append(&mut inner.doubts);
        draft.doubts.iter_mut().for_each(|doubt| doubt.span = doubt.span.as_ref().map(moved));
        draft.doubt(why);
        mail.note(|| why.to_owned(), || Some(range.clone()));
        Some((format, true, draft))
    })
}

/// The domains a mail was addressed to, in lower case.
fn domains(mail: &Mail<'_>) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let named = mail.recipients.iter().flat_map(|field| field.split('@').skip(1));
    named.map(|rest| rest.chars().take_while(|&c| is_name(c)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Format, Role, read};

    fn wrapped(outer: &str, inner: &str) -> crate::Reading {
        let mail = format!(
            "{outer}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n--b\n\
             Content-Type: message/rfc822\n\n{inner}\n--b--\n"
        );
        read(mail.as_bytes())
    }

    const FORWARD: &str = "From: front@isp.example\nTo: desk@isp.example\nSubject: [#17] new ticket\n\
                           Date: Fri, 6 Mar 2026 11:00:00 +0000\n";
    const BOUNCE: &str = "From: MAILER-DAEMON@relay.example\nTo: abuse@isp.example\nSubject: Undelivered Mail\n\
                          Date: Fri, 6 Mar 2026 11:00:00 +0000\n";
    const COMPLAINT: &str = "Received: from mail.example.org (mail.example.org [198.51.100.7]) by mx.isp.example; \
                             Fri, 6 Mar 2026 10:00:01 +0000\nFrom: a@example.org\nTo: abuse@isp.example\n\
                             Subject: attack from 192.0.2.9\nDate: Fri, 6 Mar 2026 10:00:00 +0000\n\n\
                             Your customer 192.0.2.9 attacks our server.\n";

    fn accused(reading: &crate::Reading) -> Vec<String> {
        let alleged = reading.claims.iter().filter(|claim| claim.role.is_alleged());
        alleged.map(|claim| claim.address.to_string()).collect()
    }

    #[test]
    fn a_complaint_that_is_passed_on_or_comes_back_accuses_whom_it_names() {
        for outer in [FORWARD, BOUNCE] {
            let reading = wrapped(outer, COMPLAINT);
            assert!(reading.is_report, "{reading:?}");
            assert_eq!(accused(&reading), ["192.0.2.9"]);
            assert!(reading.doubts.iter().any(|doubt| doubt.text.contains("enclosed")), "{reading:?}");
        }
    }

    #[test]
    fn a_json_report_in_a_delivery_status_notification_is_read() {
        let json = r#"{"Version":"2.0.0","ReporterInfo":{"ReporterOrg":"X","ReporterOrgEmail":"a@example.org"},
            "Report":{"ReportClass":"Activity","ReportType":"LoginAttack","Date":"2026-03-06T09:00:00Z",
            "SourceIp":"192.0.2.9","SourcePort":4711}}"#;
        let mail = format!(
            "From: MAILER-DAEMON@relay.example\nTo: abuse@isp.example\nSubject: Undelivered\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n\
             The mailbox is full.\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n--b\n\
             Content-Type: message/rfc822\n\nFrom: a@example.org\nTo: abuse@isp.example\nSubject: report\n\
             MIME-Version: 1.0\nContent-Type: application/json\n\n{json}\n--b--\n"
        );
        let reading = read(mail.as_bytes());
        assert_eq!((reading.format, accused(&reading)), (Format::XarfV3, vec!["192.0.2.9".to_owned()]));
        let claim = reading.claims.first().map(|claim| (claim.role, mail.get(claim.span.clone())));
        assert_eq!(claim, Some((Role::Offender, Some("192.0.2.9"))));
    }

    #[test]
    fn what_comes_back_of_mail_to_others_is_no_report() {
        let ours = COMPLAINT.replace("abuse@isp.example", "abuse@other.example");
        let forged = "From: a@isp.example\nTo: b@example.org\nSubject: attack from 192.0.2.9\n\nBuy now.\n";
        for inner in [ours.as_str(), forged] {
            let reading = wrapped(BOUNCE, inner);
            assert!(!reading.is_report, "{reading:?}");
        }
    }
}
