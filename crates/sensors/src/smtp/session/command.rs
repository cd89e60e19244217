//! One command line, understood.

use super::reply::{self, Reply};

/// A command with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Hello { verb: Hello, name: &'a str },
    Mail { from: &'a str, size: Option<u64>, utf8: bool },
    Rcpt { to: &'a str },
    Data,
    StartTls,
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

/// The three ways to introduce oneself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    Helo,
    Ehlo,
    Lhlo,
}

/// Why a line is no command we follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Refuse it and go on.
    Refuse(Reply),
    /// The client speaks another protocol (a browser tricked into posting mail); refuse it and close.
    Foreign,
}

/// Understands a line without its CRLF.
pub(super) fn parse(line: &[u8]) -> Result<Command<'_>, Fault> {
    let text = std::str::from_utf8(line).map_err(|_| Fault::Refuse(reply::NOT_TEXT))?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Fault::Refuse(reply::NOT_TEXT));
    }
    let text = text.trim_end_matches([' ', '\t']);
    let (verb, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let bare = |command| if rest.is_empty() { Ok(command) } else { Err(reply::NO_ARGUMENTS) };
    let understood = match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(Hello::Ehlo, rest),
        "HELO" => hello(Hello::Helo, rest),
        "LHLO" => hello(Hello::Lhlo, rest),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => bare(Command::Data),
        "RSET" => bare(Command::Rset),
        "QUIT" => bare(Command::Quit),
        "STARTTLS" => bare(Command::StartTls),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "EXPN" | "AUTH" | "BDAT" | "ETRN" | "TURN" | "ATRN" | "SEND" | "SOML" | "SAML" => {
            Err(reply::NOT_OFFERED)
        }
        "GET" | "POST" | "PUT" | "HEAD" | "CONNECT" | "OPTIONS" => return Err(Fault::Foreign),
        _ => Err(reply::UNKNOWN),
    };
    understood.map_err(Fault::Refuse)
}

fn hello(verb: Hello, rest: &str) -> Result<Command<'_>, Reply> {
    let name = rest.trim_start();
    if name.is_empty() || name.contains([' ', '\t']) {
        return Err(reply::HELLO_WHO);
    }
    Ok(Command::Hello { verb, name })
}

fn mail(rest: &str) -> Result<Command<'_>, Reply> {
    let (from, parameters) = labelled_path(rest, "FROM:").ok_or(reply::MAIL_SYNTAX)?;
    let (mut size, mut utf8) = (None, false);
    for parameter in parameters.split_ascii_whitespace() {
        let (key, value) =
            parameter.split_once('=').map_or((parameter, None), |(key, value)| (key, Some(value)));
        match (key.to_ascii_uppercase().as_str(), value) {
            ("SIZE", Some(value)) => size = Some(octets(value)?),
            ("BODY", Some(value)) if is_body_type(value) => {}
            ("SMTPUTF8", None) => utf8 = true,
            ("SIZE" | "BODY" | "SMTPUTF8", _) => return Err(reply::BAD_VALUE),
            _ => return Err(reply::BAD_PARAMETER),
        }
    }
    Ok(Command::Mail { from, size, utf8 })
}

fn rcpt(rest: &str) -> Result<Command<'_>, Reply> {
    let (to, parameters) = labelled_path(rest, "TO:").ok_or(reply::RCPT_SYNTAX)?;
    if to.is_empty() {
        return Err(reply::RCPT_SYNTAX);
    }
    if parameters.is_empty() { Ok(Command::Rcpt { to }) } else { Err(reply::BAD_PARAMETER) }
}

/// RFC 1870 section 4: one to twenty digits.
fn octets(value: &str) -> Result<u64, Reply> {
    let digits = !value.is_empty() && value.len() <= 20 && value.bytes().all(|byte| byte.is_ascii_digit());
    // Twenty digits can be over 64 bits; that is too large in any case.
    if digits { Ok(value.parse().unwrap_or(u64::MAX)) } else { Err(reply::BAD_VALUE) }
}

/// RFC 6152.
fn is_body_type(value: &str) -> bool {
    value.eq_ignore_ascii_case("8BITMIME") || value.eq_ignore_ascii_case("7BIT")
}

/// `FROM:<path>` or `TO:<path>`, and the parameters behind it. A space after the colon is not in RFC 5321 but common.
fn labelled_path<'a>(rest: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let rest = rest.trim_start();
    let (said, rest) = rest.split_at_checked(label.len())?;
    if !said.eq_ignore_ascii_case(label) {
        return None;
    }
    let (path, rest) = path(rest.trim_start_matches(' '))?;
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some((path, rest.trim()))
}

/// An address in angle brackets and what follows it; a source route is accepted and ignored (RFC 5321 appendix C).
fn path(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inner.char_indices().find_map(|(at, c)| {
        let ends = c == '>' && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        ends.then_some(at)
    })?;
    let (address, rest) = (inner.get(..end)?, inner.get(end + 1..)?);
    let address = if address.starts_with('@') { address.split_once(':')?.1 } else { address };
    let plain = |c: char| !c.is_whitespace() && c != '<';
    (address.starts_with('"') || address.chars().all(plain)).then_some((address, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_their_brackets() {
        let found = [
            ("MAIL FROM:<>", ""),
            ("mail from: <a@example.net>", "a@example.net"),
            ("MAIL FROM:<@x.example,@y.example:a@example.net> SIZE=5", "a@example.net"),
            ("MAIL FROM:<\"a>b \\\" c\"@example.net> BODY=8bitmime", "\"a>b \\\" c\"@example.net"),
        ];
        for (line, address) in found {
            let Ok(Command::Mail { from, .. }) = parse(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(from, address);
        }
    }

    #[test]
    fn what_is_not_a_command_is_refused_with_the_reason() {
        let refused = [
            ("MAIL FROM:a@example.net", reply::MAIL_SYNTAX),
            ("MAIL FROM:<a b@example.net>", reply::MAIL_SYNTAX),
            ("MAIL FROM:<a@example.net>x", reply::MAIL_SYNTAX),
            ("MAIL FROM:<a@example.net", reply::MAIL_SYNTAX),
            ("MAIL", reply::MAIL_SYNTAX),
            ("MAIL FROM:<> SIZE=-1", reply::BAD_VALUE),
            ("MAIL FROM:<> SIZE", reply::BAD_VALUE),
            ("MAIL FROM:<> RET=FULL", reply::BAD_PARAMETER),
            ("RCPT TO:<>", reply::RCPT_SYNTAX),
            ("RCPT TO:<a@example.net> NOTIFY=NEVER", reply::BAD_PARAMETER),
            ("DATA now", reply::NO_ARGUMENTS),
            ("EHLO", reply::HELLO_WHO),
            ("EHLO a b", reply::HELLO_WHO),
            ("NOOP \u{1b}[2J", reply::NOT_TEXT),
            ("NOOP a\rb", reply::NOT_TEXT),
            ("AUTH PLAIN", reply::NOT_OFFERED),
            ("", reply::UNKNOWN),
        ];
        for (line, reply) in refused {
            assert_eq!(parse(line.as_bytes()), Err(Fault::Refuse(reply)), "{line}");
        }
        assert_eq!(parse(b"NOOP \xff"), Err(Fault::Refuse(reply::NOT_TEXT)));
        assert_eq!(parse(b"POST / HTTP/1.1"), Err(Fault::Foreign));
    }

    #[test]
    fn a_size_beyond_sixty_four_bits_is_a_size() {
        let Ok(Command::Mail { size, .. }) = parse(b"MAIL FROM:<> SIZE=99999999999999999999") else {
            panic!()
        };
        assert_eq!(size, Some(u64::MAX));
    }
}
