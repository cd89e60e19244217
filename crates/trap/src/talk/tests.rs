//! Whole talks, as visitors have them.

use proptest::prelude::*;

use super::*;

/// Says each line and returns all that was answered, with the silence before it where the visitor waits for a greeting.
fn talk(port: u16, waits: bool, said: &[&[u8]]) -> (Talk, String) {
    let mut talk = Talk::new(port);
    let mut heard = Vec::new();
    if waits {
        heard.extend(talk.silence().bytes);
    }
    for bytes in said {
        heard.extend(talk.hear(bytes).bytes);
    }
    (talk, heard.escape_ascii().to_string())
}

#[test]
fn a_relay_test_is_held_to_its_end_and_its_mail_kept() {
    let said: [&[u8]; 7] = [
        b"HELO scanner.example\r\n",
        b"MAIL FROM:<probe@example.org>\r\n",
        b"RCPT TO:<box%example.net@[198.51.100.4]>\r\n",
        b"RCPT TO:<dropbox@example.net>\r\n",
        b"DATA\r\n",
        b"Subject: 198.51.100.4:25\r\n\r\nrelayed?\r\n.\r\n",
        b"QUIT\r\n",
    ];
    let (talk, heard) = talk(25, true, &said);
    assert_eq!(heard.matches("250 ").count(), 5, "{heard}");
    assert!(
        heard.starts_with("220 ") && heard.contains("354 ") && heard.ends_with("221 bye\\r\\n"),
        "{heard}"
    );
    let mail = talk.mail().expect("a mail");
    assert_eq!(mail.from, "<probe@example.org>");
    assert_eq!(mail.to, ["<box%example.net@[198.51.100.4]>", "<dropbox@example.net>"]);
    assert!(mail.text.starts_with(b"Subject: 198.51.100.4:25\r\n"));
    assert_eq!(talk.wanted(b"HELO scanner.example\r\n").what, "smtp");
}

#[test]
fn a_mail_through_a_proxy_is_kept_too() {
    let said: [&[u8]; 3] = [b"\x05\x01\x00", b"\x05\x01\x00\x01\xc0\x00\x02\x19\x00\x19", b""];
    let (mut talk, heard) = talk(48613, false, &said);
    assert_eq!(heard, r"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");
    assert!(talk.awaits_silence(), "the far end of port 25 speaks first");
    assert!(talk.silence().bytes.starts_with(b"220 "));
    talk.hear(b"HELO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n");
    let wanted = talk.wanted(b"\x05\x01\x00");
    assert_eq!(wanted.target.map(|target| target.to_string()).as_deref(), Some("192.0.2.25:25"));
    assert_eq!(wanted.details, ["through it: smtp"]);
    assert_eq!(talk.mail().expect("a mail").to, ["<b@example.net>"]);
}

#[test]
fn credentials_and_what_a_bot_does_with_them_are_kept() {
    let said: [&[u8]; 6] =
        [b"\xff\xfb\x1f", b"root\r\n", b"xc3511\r\n", b"enable\r\n", b"sh\r\n", b"/bin/busybox MIRAI\r\n"];
    let (talk, heard) = talk(23, true, &said);
    assert_eq!(talk.logins(), [("root".to_owned(), "xc3511".to_owned())]);
    assert_eq!(talk.commands(), ["enable", "sh", "/bin/busybox MIRAI"]);
    assert!(heard.ends_with("MIRAI: applet not found\\r\\n# "), "{heard}");
    assert_eq!(talk.wanted(b"\xff\xfb\x1f").what, "mirai");
}

#[test]
fn whoever_waits_is_greeted_as_the_port_would_and_whoever_speaks_is_not() {
    for (port, greeting) in
        [(12345, "NetBus 1.70 \\r"), (27374, "PWD"), (23, "login: "), (5900, "RFB 003.008\\n")]
    {
        assert_eq!(talk(port, true, &[]).1, greeting);
        assert!(Talk::new(port).awaits_silence());
    }
    assert_eq!(talk(48613, true, &[]).1, "", "nobody knows what is expected there");
    assert_eq!(talk(12345, false, &[b"Password;1;\r"]).1, "Access;1\\r", "no greeting before it");
}

#[test]
fn netbus_lets_in_whoever_asks_as_the_real_one_does() {
    let (_, heard) = talk(12345, true, &[b"Password;0;\r"]);
    assert_eq!(heard, "NetBus 1.70 \\rAccess;1\\r", "a NetBus that answers no password is known for a trap");
    assert_eq!(talk(12345, true, &[b"GetInfo\r"]).1, "NetBus 1.70 \\r");
}

#[test]
fn a_password_for_subseven_is_answered_as_it_would() {
    let (_, heard) = talk(27374, true, &[b"PWDsecret\r\n"]);
    assert!(heard.starts_with("PWDconnected. "), "{heard}");
}

#[test]
fn who_was_greeted_for_the_port_and_came_for_a_proxy_gets_a_proxy() {
    let (talk, heard) = talk(23, true, &[b"\x04\x01\x00\x19\xc0\x00\x02\x01\x00"]);
    assert_eq!(heard, r"login: \x00Z\x00\x00\x00\x00\x00\x00");
    assert_eq!(talk.wanted(b"\x04\x01\x00\x19\xc0\x00\x02\x01\x00").what, "socks4");
}

#[test]
fn a_login_that_a_proxy_asks_for_is_kept() {
    let said: [&[u8]; 2] = [b"\x05\x01\x02", b"\x01\x04user\x06secret"];
    assert_eq!(talk(1080, false, &said).0.logins(), [("user".to_owned(), "secret".to_owned())]);
}

#[test]
fn a_talk_ends_by_itself() {
    let mut talk = Talk::new(6379);
    let over = (0..u32::from(EXCHANGES) + 1).find(|_| talk.hear(b"*1\r\n$4\r\nPING\r\n").last);
    assert_eq!(over, Some(u32::from(EXCHANGES) - 1));
}

proptest! {
    /// What a trap says is bounded by what it heard, and what it keeps by ten kilobytes, whatever comes.
    #[test]
    fn anything_is_heard_without_harm(
        port in prop_oneof![Just(25u16), Just(23), Just(21), Just(1080), Just(12345), any::<u16>()],
        said in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..12),
        waits: bool,
    ) {
        let mut talk = Talk::new(port);
        if waits {
            talk.silence();
        }
        for bytes in &said {
            let say = talk.hear(bytes);
            prop_assert!(say.bytes.len() <= 128 * bytes.len().max(1));
            talk.silence();
        }
        let mail = talk.mail().map_or(0, |mail| mail.text.len() + mail.to.iter().map(String::len).sum::<usize>());
        prop_assert!(mail < 10 * 1024);
        prop_assert!(talk.logins().len() <= 16);
        prop_assert!(!talk.wanted(said.first().map_or(&[][..], Vec::as_slice)).what.is_empty());
    }
}
