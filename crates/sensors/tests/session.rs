//! The conversation without sockets: smuggling, pipelining, limits, and that chunking never matters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;
use sensors::smtp::{Config, Message, Profile, Protocol, Recipient, Recipients, Session, Step};
use sensors::{Outcome, Refusal};

/// Everything that came out of a conversation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    replies: Vec<String>,
    messages: Vec<Message>,
    refused: Vec<(Refusal, Vec<u8>)>,
    tls: usize,
    closed: bool,
}

impl Heard {
    /// The reply codes, the greeting left out.
    fn codes(&self) -> Vec<&str> {
        self.replies.iter().skip(1).map(|reply| &reply[..3]).collect()
    }
}

fn profile(protocol: Protocol) -> Profile {
    let list = [
        "abuse@example.net".parse::<Recipient>().unwrap(),
        "example.org".parse::<Recipient>().unwrap().tagged("feed"),
    ];
    Profile::from(&Config::new(protocol, "desk.example.net", Recipients::new(list).unwrap()))
}

fn converse_with<'a>(
    profile: Profile,
    outcome: Outcome,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Heard {
    let mut session = Session::new(Arc::new(profile));
    let mut heard = Heard::default();
    let mut drain = |session: &mut Session| {
        while let Some(step) = session.step() {
            assert!(!heard.closed, "nothing follows Close: {step:?}");
            match step {
                Step::Say(reply) => heard.replies.push(String::from_utf8(reply).unwrap()),
                Step::Refused(reason, words) => heard.refused.push((reason, words)),
                Step::Deliver(message) => {
                    assert_eq!(session.step(), None, "no step before the message is settled");
                    heard.messages.push(message);
                    session.settle(outcome);
                }
                Step::StartTls => {
                    heard.tls += 1;
                    // The rest of this chunk is thrown away; the handshake happens here.
                    session.hear(b"MAIL FROM:<injected@example.net>\r\n");
                    session.secured();
                }
                Step::Close => heard.closed = true,
            }
        }
    };
    drain(&mut session);
    for chunk in chunks {
        session.hear(chunk);
        drain(&mut session);
    }
    heard
}

fn converse(protocol: Protocol, input: &[u8]) -> Heard {
    converse_with(profile(protocol), Outcome::OnDisk, [input])
}

const OPENING: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\n";

#[test]
fn a_message_comes_out_as_it_was_sent() {
    let heard = converse(
        Protocol::Smtp,
        &[OPENING, b"Subject: x\r\n\r\n..dot\r\n\xff\x00\n\r\n.\r\nQUIT\r\n"].concat(),
    );
    assert_eq!(heard.codes(), ["250", "250", "250", "354", "250", "221"]);
    assert!(heard.closed);
    let message = &heard.messages[0];
    assert_eq!(message.bytes, b"Subject: x\r\n\r\n.dot\r\n\xff\x00\n\r\n");
    assert_eq!((message.helo.as_str(), message.mail_from.as_str()), ("client.example", "a@example.com"));
    assert_eq!(message.rcpt_to, ["abuse@example.net"]);
}

#[test]
fn the_greeting_and_extensions_are_those_offered() {
    let heard = converse(Protocol::Smtp, b"EHLO client.example\r\n");
    assert_eq!(heard.replies[0], "220 desk.example.net ESMTP nightdesk\r\n");
    assert_eq!(
        heard.replies[1],
        "250-desk.example.net\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n"
    );
    let mut with_tls = profile(Protocol::Smtp);
    with_tls.starttls = true;
    let heard = converse_with(
        with_tls,
        Outcome::OnDisk,
        [&b"EHLO client.example\r\nSTARTTLS\r\n"[..], b"EHLO client.example\r\n"],
    );
    assert!(heard.replies[1].contains("250-STARTTLS\r\n"));
    assert!(!heard.replies[3].contains("STARTTLS"), "not offered again once it is on: {:?}", heard.replies);
}

/// The endings that CVE-2023-51764 to 51766 are about, and their neighbours.
const SMUGGLED_ENDS: [&[u8]; 12] = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r.\r",
    b"\n.\r",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n.\n\r\n",
    b"\n\n.\n\n",
];

/// How the second message could be pipelined behind it.
const SMUGGLED_MAILS: [&[u8]; 3] = [
    b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\nsecond\r\n.\r\n",
    b"RSET\r\nEHLO evil.example\r\nMAIL FROM:<evil@example.com>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\nsecond\r\n.\r\n",
    b"MAIL FROM:<evil@example.com>\nRCPT TO:<abuse@example.net>\nDATA\nsecond\n.\r\n\r\n.\r\n",
];

#[test]
fn no_ending_but_the_right_one_smuggles_a_second_message() {
    for end in SMUGGLED_ENDS {
        for second in SMUGGLED_MAILS {
            for protocol in [Protocol::Smtp, Protocol::Lmtp] {
                let hello: &[u8] = if protocol == Protocol::Lmtp {
                    b"LHLO client.example\r\n"
                } else {
                    b"EHLO client.example\r\n"
                };
                let opening = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\n";
                let input = [hello, opening, b"first", end, second, b"QUIT\r\n"].concat();
                let whole = converse(protocol, &input);
                let bytewise = converse_with(profile(protocol), Outcome::OnDisk, input.chunks(1));
                assert_eq!(whole, bytewise);
                assert_eq!(whole.messages.len(), 1, "{end:?} + {second:?}");
                assert_eq!(whole.messages[0].mail_from, "a@example.com");
                let text = &whole.messages[0].bytes;
                assert!(
                    text.windows(6).any(|part| part == b"second"),
                    "the smuggled text stays inside the first message"
                );
            }
        }
    }
}

#[test]
fn what_is_pipelined_behind_starttls_is_never_followed() {
    let mut with_tls = profile(Protocol::Smtp);
    with_tls.starttls = true;
    let input = [b"EHLO a.example\r\nSTARTTLS\r\n", OPENING, b"injected\r\n.\r\n"].concat();
    let after = b"MAIL FROM:<a@example.com>\r\nSTARTTLS\r\n";
    let heard = converse_with(with_tls, Outcome::OnDisk, [&input[..], after]);
    assert_eq!(heard.tls, 1);
    assert!(heard.messages.is_empty());
    // After TLS the client is a stranger again (503), and TLS is not to be had twice (503).
    assert_eq!(heard.codes(), ["250", "220", "503", "503"]);
}

#[test]
fn without_a_certificate_starttls_is_not_there() {
    assert_eq!(converse(Protocol::Smtp, b"EHLO a.example\r\nSTARTTLS\r\n").codes(), ["250", "502"]);
}

#[test]
fn only_our_own_recipients_are_accepted() {
    let ours = [
        "abuse@example.net",
        "ABUSE@EXAMPLE.NET",
        "postmaster",
        "Postmaster@example.net",
        "anybody@example.org",
        "abuse@example.org",
        "@relay.example:abuse@example.net",
        "\"abuse\"@example.net",
    ];
    let foreign = [
        "someone@example.net",
        "abuse@example.com",
        "abuse",
        "root",
        "abuse%example.com@example.net",
        "example.com!abuse@example.net",
        "abuse@example.net@example.com",
        "abuse@sub.example.org",
        "\"x@example.com\"@example.net",
    ];
    let try_one = |address: &str| {
        let input = format!("EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<{address}>\r\n");
        converse(Protocol::Smtp, input.as_bytes()).codes()[2].to_owned()
    };
    for address in ours {
        assert_eq!(try_one(address), "250", "{address}");
    }
    for address in foreign {
        assert_eq!(try_one(address), "550", "{address}");
    }
    assert!(Recipients::new([]).is_err(), "nobody configured must not mean everybody");
}

#[test]
fn the_tag_of_a_recipient_comes_with_the_message() {
    let opening = b"EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<abuse@example.net>\r\nRCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n.\r\n";
    assert_eq!(converse(Protocol::Smtp, opening).messages[0].tags, ["feed"]);
}

#[test]
fn commands_out_of_order_are_refused_and_harm_nothing() {
    let input = b"MAIL FROM:<>\r\nEHLO a.example\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\nRCPT TO:<abuse@example.net>\r\nRSET\r\nDATA\r\nVRFY x\r\nNOOP x\r\nHELP\r\nEXPN x\r\nLHLO a.example\r\nQUIT\r\n";
    assert_eq!(
        converse(Protocol::Smtp, input).codes(),
        [
            "503", "250", "503", "503", "250", "503", "503", "250", "250", "503", "252", "250", "214", "502",
            "500", "221"
        ]
    );
}

#[test]
fn a_bare_line_feed_is_no_end_of_a_command() {
    let heard = converse(Protocol::Smtp, b"EHLO a.example\nEHLO a.example\r\n");
    assert_eq!(heard.codes(), ["500", "250"]);
}

#[test]
fn another_protocol_is_hung_up_on() {
    let heard = converse(Protocol::Smtp, &[b"POST / HTTP/1.1\r\n", OPENING, b"x\r\n.\r\n"].concat());
    assert_eq!((heard.codes(), heard.closed, heard.messages.len()), (vec!["421"], true, 0));
}

#[test]
fn the_size_limit_holds_when_announced_and_when_not() {
    let mut small = profile(Protocol::Smtp);
    small.message_bytes = 10;
    let input = b"EHLO a.example\r\nMAIL FROM:<> SIZE=11\r\nMAIL FROM:<> SIZE=10\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\n123456789\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<abuse@example.net>\r\nDATA\r\n12345678\r\n.\r\nQUIT\r\n";
    let heard = converse_with(small, Outcome::OnDisk, [&input[..]]);
    assert_eq!(heard.codes(), ["250", "552", "250", "250", "354", "552", "250", "250", "354", "250", "221"]);
    assert_eq!(heard.messages[0].bytes, b"12345678\r\n");
    assert_eq!(heard.refused.iter().filter(|(reason, _)| *reason == Refusal::TooLarge).count(), 2);
}

#[test]
fn a_command_line_over_the_limit_is_refused_and_the_next_one_followed() {
    let exact = format!("NOOP {}\r\n", "x".repeat(1000 - 7));
    let over = format!("NOOP {}\r\n", "x".repeat(1000 - 6));
    let far = format!("NOOP {}\r\n", "x".repeat(100_000));
    let heard = converse(Protocol::Smtp, [exact, over, far, "NOOP\r\n".into()].concat().as_bytes());
    assert_eq!(heard.codes(), ["250", "500", "500", "250"]);
}

#[test]
fn the_hundred_and_first_recipient_waits_and_the_message_still_goes() {
    let mut input = b"EHLO a.example\r\nMAIL FROM:<>\r\n".to_vec();
    input.extend(b"RCPT TO:<abuse@example.net>\r\n".repeat(101));
    input.extend(b"DATA\r\nx\r\n.\r\n");
    let heard = converse(Protocol::Smtp, &input);
    assert_eq!(heard.codes()[101..], ["250", "452", "354", "250"]);
    assert_eq!(heard.messages[0].rcpt_to.len(), 100);
}

#[test]
fn too_many_errors_end_the_session() {
    let heard = converse(Protocol::Smtp, &b"WHAT\r\n".repeat(50));
    assert_eq!(heard.codes().len(), 21);
    assert_eq!(heard.codes().last(), Some(&"421"));
    assert!(heard.closed);
}

#[test]
fn every_outcome_has_its_reply() {
    let input = [OPENING, b"x\r\n.\r\nQUIT\r\n"].concat();
    for (outcome, reply) in [
        (Outcome::OnDisk, "250 2.0.0"),
        (Outcome::Full, "452 4.3.1"),
        (Outcome::Failed, "451 4.3.0"),
        (Outcome::Busy, "451 4.3.2"),
    ] {
        let heard = converse_with(profile(Protocol::Smtp), outcome, [&input[..]]);
        assert!(heard.replies[5].starts_with(reply), "{:?}", heard.replies);
        assert_eq!(heard.codes().len(), 6, "one reply, and the session goes on");
    }
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let input = b"EHLO a.example\r\nLHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<abuse@example.net>\r\nRCPT TO:<who@example.net>\r\nRCPT TO:<x@example.org>\r\nDATA\r\nx\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<who@example.net>\r\nDATA\r\nQUIT\r\n";
    let codes = ["500", "250", "250", "250", "550", "250", "354"];
    let heard = converse_with(profile(Protocol::Lmtp), Outcome::Full, [&input[..]]);
    assert_eq!(heard.codes(), [&codes[..], &["452", "452", "250", "550", "503", "221"]].concat());
    assert_eq!(heard.messages.len(), 1);
    let mut small = profile(Protocol::Lmtp);
    small.message_bytes = 2;
    assert_eq!(
        converse_with(small, Outcome::OnDisk, [&input[..]]).codes(),
        [&codes[..], &["552", "552", "250", "550", "503", "221"]].concat()
    );
}

#[test]
fn addresses_beyond_ascii_need_smtputf8() {
    let input = "EHLO a.example\r\nMAIL FROM:<ü@example.com>\r\nMAIL FROM:<ü@example.com> SMTPUTF8\r\nRCPT TO:<ü@example.org>\r\n";
    assert_eq!(converse(Protocol::Smtp, input.as_bytes()).codes(), ["250", "553", "250", "250"]);
}

#[test]
fn a_message_let_go_for_memory_is_refused_at_its_end() {
    let mut session = Session::new(Arc::new(profile(Protocol::Smtp)));
    session.hear(&[OPENING, b"some text"].concat());
    while session.step().is_some() {}
    assert_eq!((session.receiving(), session.held()), (true, 9));
    session.shed();
    assert_eq!(session.held(), 0);
    session.hear(b"more\r\n.\r\n");
    assert_eq!(session.step(), Some(Step::Refused(Refusal::Busy, b"a@example.com".to_vec())));
    assert!(matches!(session.step(), Some(Step::Say(reply)) if reply.starts_with(b"452 4.3.1")));
}

/// Pieces a conversation is made of, so that random ones get past the greeting.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let fixed: [&[u8]; 19] = [
        b"EHLO a.example\r\n",
        b"LHLO a.example\r\n",
        b"MAIL FROM:<a@example.com>\r\n",
        b"MAIL FROM:<> SIZE=99999999999\r\n",
        b"RCPT TO:<abuse@example.net>\r\n",
        b"RCPT TO:<x@example.com>\r\n",
        b"DATA\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"\n.\n",
        b"\r",
        b"\n",
        b".",
        b"RSET\r\n",
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b"text\r\n",
        b"..text\r\n",
        b"NOOP\n",
    ];
    prop_oneof![
        12 => prop::sample::select(fixed.map(<[u8]>::to_vec).to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (900_usize..1100).prop_map(|length| [vec![b'x'; length], b"\r\n".to_vec()].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any way the network cuts the same bytes gives the same conversation.
    #[test]
    fn chunking_never_matters(
        pieces in prop::collection::vec(piece(), 0..25),
        opened in any::<bool>(),
        lmtp in any::<bool>(),
        cuts in prop::collection::vec(1_usize..60, 1..20),
    ) {
        let protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let mut input = if opened { OPENING.to_vec() } else { Vec::new() };
        input.extend(pieces.concat());
        let mut small = profile(protocol);
        small.message_bytes = 300;
        let whole = converse_with(small.clone(), Outcome::OnDisk, [&input[..]]);
        let bytewise = converse_with(small.clone(), Outcome::OnDisk, input.chunks(1));
        let mut chunks = Vec::new();
        let (mut rest, mut sizes) = (&input[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        prop_assert_eq!(&whole, &bytewise);
        prop_assert_eq!(&whole, &converse_with(small, Outcome::OnDisk, chunks));
    }

    /// Any bytes, sent as RFC 5321 4.5.2 says, arrive as they were.
    #[test]
    fn dots_come_and_go(lines in prop::collection::vec(prop_oneof![
        prop::collection::vec(any::<u8>(), 0..30),
        prop::collection::vec(prop::sample::select(b"..\r\nx".to_vec()), 0..12),
    ], 0..20)) {
        let mut message = Vec::new();
        for line in &lines {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        let mut wire = Vec::new();
        for (at, byte) in message.iter().enumerate() {
            if *byte == b'.' && (at == 0 || message[..at].ends_with(b"\r\n")) {
                wire.push(b'.');
            }
            wire.push(*byte);
        }
        let heard = converse(Protocol::Smtp, &[OPENING, &wire, b".\r\nQUIT\r\n"].concat());
        prop_assert_eq!(heard.messages.len(), 1);
        prop_assert_eq!(&heard.messages[0].bytes, &message);
        prop_assert_eq!(heard.codes(), ["250", "250", "250", "354", "250", "221"]);
    }
}
