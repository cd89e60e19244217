//! Every sentence the server can say, in one place. None repeats a word of the client.

/// A reply of one line: code, enhanced code (RFC 3463) and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::smtp) struct Reply(pub(in crate::smtp) &'static str);

impl Reply {
    /// As it goes over the wire.
    pub(in crate::smtp) fn wire(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() + 2);
        bytes.extend_from_slice(self.0.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

pub(in crate::smtp) const OK: Reply = Reply("250 2.0.0 OK");
pub(in crate::smtp) const SENDER_OK: Reply = Reply("250 2.1.0 OK");
pub(in crate::smtp) const RECIPIENT_OK: Reply = Reply("250 2.1.5 OK");
pub(in crate::smtp) const ON_DISK: Reply = Reply("250 2.0.0 on disk");
pub(in crate::smtp) const GO_AHEAD: Reply = Reply("354 end with <CRLF>.<CRLF>");
pub(in crate::smtp) const READY_FOR_TLS: Reply = Reply("220 2.0.0 ready to start TLS");
pub(in crate::smtp) const BYE: Reply = Reply("221 2.0.0 bye");
pub(in crate::smtp) const HELP: Reply =
    Reply("214 2.0.0 an abuse desk: send reports to its address, see RFC 2142");
pub(in crate::smtp) const CANNOT_VERIFY: Reply = Reply("252 2.5.0 send some mail and see");

pub(in crate::smtp) const FULL: Reply =
    Reply("452 4.3.1 no room on our disk; keep the message and try again later");
pub(in crate::smtp) const NO_MEMORY: Reply =
    Reply("452 4.3.1 too many messages at once; keep the message and try again later");
pub(in crate::smtp) const FAILED: Reply =
    Reply("451 4.3.0 our fault: the message could not be written; keep it and try again later");
pub(in crate::smtp) const BUSY: Reply =
    Reply("451 4.3.2 not taking messages at the moment; keep the message and try again later");
pub(in crate::smtp) const TOO_MANY_RECIPIENTS: Reply =
    Reply("452 4.5.3 too many recipients; send the rest in another message");
pub(in crate::smtp) const TOO_LARGE: Reply = Reply("552 5.3.4 the message is over our size limit, see SIZE");

pub(in crate::smtp) const NOT_OURS: Reply =
    Reply("550 5.1.1 no such mailbox here, and this server relays nothing");
pub(in crate::smtp) const LINE_TOO_LONG: Reply = Reply("500 5.5.2 the command line is too long");
pub(in crate::smtp) const BARE_LF: Reply =
    Reply("500 5.5.2 a line must end with CR LF; this one ended with a bare LF");
pub(in crate::smtp) const NOT_TEXT: Reply =
    Reply("500 5.5.2 the line holds control characters or is not UTF-8");
pub(in crate::smtp) const UNKNOWN: Reply = Reply("500 5.5.2 command not recognised");
pub(in crate::smtp) const NOT_OFFERED: Reply = Reply("502 5.5.1 command not offered here");
pub(in crate::smtp) const SAY_LHLO: Reply = Reply("500 5.5.1 this is LMTP: say LHLO");
pub(in crate::smtp) const SAY_EHLO: Reply = Reply("500 5.5.1 this is SMTP: say EHLO");
pub(in crate::smtp) const HELLO_WHO: Reply = Reply("501 5.5.4 say who you are: one name without spaces");
pub(in crate::smtp) const HELLO_FIRST: Reply = Reply("503 5.5.1 introduce yourself first");
pub(in crate::smtp) const MAIL_SYNTAX: Reply = Reply("501 5.5.4 expected MAIL FROM:<address>");
pub(in crate::smtp) const RCPT_SYNTAX: Reply = Reply("501 5.5.4 expected RCPT TO:<address>");
pub(in crate::smtp) const MAIL_TWICE: Reply =
    Reply("503 5.5.1 a message is already begun; RSET to start over");
pub(in crate::smtp) const MAIL_FIRST: Reply = Reply("503 5.5.1 MAIL comes first");
pub(in crate::smtp) const RCPT_FIRST: Reply = Reply("503 5.5.1 no recipient was accepted");
pub(in crate::smtp) const NEEDS_UTF8: Reply =
    Reply("553 5.6.7 an address beyond ASCII needs the SMTPUTF8 parameter");
pub(in crate::smtp) const BAD_PARAMETER: Reply = Reply("555 5.5.4 parameter not recognised");
pub(in crate::smtp) const BAD_VALUE: Reply = Reply("501 5.5.4 the parameter's value makes no sense");
pub(in crate::smtp) const NO_ARGUMENTS: Reply = Reply("501 5.5.4 this command takes no argument");
pub(in crate::smtp) const ALREADY_TLS: Reply = Reply("503 5.5.1 TLS is already on");

pub(in crate::smtp) const TOO_MANY_ERRORS: Reply = Reply("421 4.7.0 too many errors; closing");
pub(in crate::smtp) const FOREIGN_PROTOCOL: Reply = Reply("421 4.7.0 this is a mail server; closing");
pub(in crate::smtp) const TOO_MANY_CONNECTIONS: Reply =
    Reply("421 4.7.0 too many connections; try again later");
pub(in crate::smtp) const IDLE: Reply = Reply("421 4.4.2 nothing heard for too long; closing");
pub(in crate::smtp) const SESSION_TOO_LONG: Reply = Reply("421 4.4.2 the session took too long; closing");
pub(in crate::smtp) const STOPPING: Reply = Reply("421 4.3.2 the server is stopping; try again later");
