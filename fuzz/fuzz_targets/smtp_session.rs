//! Any bytes, in any pieces, to an SMTP or LMTP session: it neither panics nor hangs, it says the same however the bytes
//! are cut, and a message comes out only where its bytes hold CRLF.CRLF after an accepted recipient.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sensors::Outcome;
use sensors::smtp::{Config, Profile, Protocol, Recipients, Session, Step};

/// Everything said and delivered.
fn converse<'a>(profile: &Arc<Profile>, chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Step> {
    let mut session = Session::new(Arc::clone(profile));
    let mut steps = Vec::new();
    for chunk in std::iter::once(&b""[..]).chain(chunks) {
        session.hear(chunk);
        while let Some(step) = session.step() {
            assert!(!matches!(steps.last(), Some(Step::Close)), "nothing follows Close");
            match &step {
                Step::Deliver(message) => {
                    assert!(message.bytes.len() <= profile.message_bytes && !message.rcpt_to.is_empty());
                    assert!(
                        message.rcpt_to.iter().all(|to| profile.recipients.accept(to).is_some()),
                        "never a relay"
                    );
                    session.settle(Outcome::OnDisk);
                }
                Step::StartTls => session.secured(),
                Step::Say(reply) => assert!(reply.ends_with(b"\r\n") && reply.is_ascii()),
                Step::Refused(..) | Step::Close => {}
            }
            steps.push(step);
        }
    }
    steps
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, input)) = input.split_first() else { return };
    let protocol = if choice & 1 == 0 { Protocol::Smtp } else { Protocol::Lmtp };
    let Ok(recipients) = Recipients::parse(["abuse@example.net", "example.org"]) else { return };
    let mut profile = Profile::from(&Config::new(protocol, "desk.example.net", recipients));
    profile.message_bytes = 500;
    profile.command_bytes = 200;
    let profile = Arc::new(profile);
    let whole = converse(&profile, std::iter::once(input));
    let cut = converse(&profile, input.chunks(usize::from(choice >> 1).max(1)));
    assert_eq!(whole, cut, "the same bytes, the same conversation");
    let ends = input.windows(5).filter(|window| window == b"\r\n.\r\n").count();
    let delivered = whole.iter().filter(|step| matches!(step, Step::Deliver(_))).count();
    assert!(delivered <= ends, "a message without CRLF.CRLF");
});
