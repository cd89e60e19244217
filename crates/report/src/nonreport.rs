//! Mails that are no abuse report, whatever they enclose: bounces, receipts, DMARC and TLS reports, newsletters.

use std::sync::LazyLock;

use regex::Regex;

use crate::mail::Mail;

/// Why mail of a list is none; a reporter that is known to write through one is read all the same.
pub(crate) const LIST: &str = "mail of a list";

static SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)undeliver|returned mail|return(?:ed)? to sender|delivery (?:status|failure|problem|notification|report|has failed)|failure notice|delivery fail|mail delivery|could not be delivered|mail system error|delayed mail|warning: (?:message|could not send)|not delivered|message you sent (?:was )?blocked|^read:|^out of (?:the )?office|automatic reply|auto-?(?:matic )?(?:reply|response|responder)|^\s*report domain:|dmarc (?:aggregate|forensic|failure)|^aggregate report|tls-?rpt|smtp tls report|abwesenheit|automatische antwort|out of office|r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica|fuera de (?:la )?oficina|resposta autom[áa]tica|ausente do escrit[óo]rio|risposta automatica|fuori sede|automatisch antwoord|afwezigheid|autosvar|automatiskt svar|automaattinen vastaus|automatyczna odpowied[źz]|automatick[áa] odpov[ěe][ďd]|автоответ|автоматический ответ|автовідповідь|自動応答|自動返信|자동 응답|부재중|自动回复|自動回覆|otomatik yan[ıi]t|onbestelbaar|unzustellbar|non remis|no entregado|nicht zugestellt|недоставлен|配信不能|退信",
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
    if mail.files.iter().filter_map(|file| file.name.as_deref()).any(is_aggregate) {
        return Some("a DMARC aggregate report");
    }
    if mail.mime.contains("tlsrpt") || mail.mimes.iter().any(|mime| mime.contains("tlsrpt")) {
        return Some("a TLS report");
    }
    None
}

/// `receiver!policy-domain!begin!end.xml.gz`, RFC 7489 section 7.2.1.1 and RFC 8460 section 5.1.
fn is_aggregate(name: &str) -> bool {
    let mut parts = name.split('!').skip(2);
    let is_time = |part: Option<&str>| {
        part.is_some_and(|part| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            (9..=11).contains(&digits)
        })
    };
    is_time(parts.next()) && is_time(parts.next())
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
