//! Mails that are no abuse report, whatever they enclose: bounces, receipts, DMARC and TLS reports, newsletters.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::Mail;

/// Why mail of a list is none; a reporter that is known to write through one is read all the same.
pub(crate) const LIST: &str = "mail of a list";

static SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)undeliver|returned mail|return(?:ed)? to sender|delivery (?:status|failure|problem|notification|report|has failed)|failure notice|delivery fail|mail delivery|could not be delivered|mail system error|delayed mail|warning: (?:message|could not send)|not delivered|message you sent (?:was )?blocked|^read:|^out of (?:the )?office|automatic reply|auto-?(?:matic )?(?:reply|response|responder)|^\s*report domain:|dmarc (?:aggregate|forensic|failure)|^aggregate report|tls-?rpt|smtp tls report",
    )
    .ok()
});

/// Why `mail` cannot be a report by its own form; None when it could be one.
pub(crate) fn by_form(mail: &Mail<'_>) -> Option<&'static str> {
    let has = |what: &str| mail.mimes.iter().any(|mime| mime == what);
    if has("message/feedback-report") {
        return None;
    }
    if mail.mime.contains("delivery-status") || has("message/delivery-status") {
        return Some("a delivery status notification");
    }
    if mail.mime.contains("disposition-notification") || has("message/disposition-notification") {
        return Some("a receipt");
    }
    if mail.mime.contains("tlsrpt") || mail.mimes.iter().any(|mime| mime.contains("tlsrpt")) {
        return Some("a TLS report");
    }
    None
}

/// Why `mail` is not one, by what it says of itself. Asked only when no report format was recognised.
pub(crate) fn by_words(mail: &Mail<'_>) -> Option<&'static str> {
    let local = mail.from.as_ref().map_or("", |from| from.address.split('@').next().unwrap_or_default());
    if local.eq_ignore_ascii_case("mailer-daemon")
        || mail.field("from").is_some_and(|from| from.to_ascii_lowercase().contains("mailer-daemon"))
    {
        return Some("a bounce");
    }
    if SUBJECT.as_ref().is_some_and(|subject| subject.is_match(mail.subject.trim())) {
        return Some("a bounce, an automatic answer or an authentication report by its subject");
    }
    if mail.field("auto-submitted").is_some_and(|value| value.to_ascii_lowercase().contains("auto-replied")) {
        return Some("an automatic answer");
    }
    if mail.field("x-failed-recipients").is_some()
        || mail.field("return-path").is_some_and(|path| path.trim() == "<>")
            && local.eq_ignore_ascii_case("postmaster")
    {
        return Some("a bounce");
    }
    if mail.field("list-id").is_some()
        || mail.field("list-unsubscribe").is_some()
        || mail.field("list-post").is_some()
    {
        return Some(LIST);
    }
    None
}
