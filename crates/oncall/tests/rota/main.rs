//! What `oncall.toml` says, held against a wall clock that is read minute by minute.

#![expect(clippy::expect_used, reason = "a test that cannot go on says what it wanted")]

mod file;
mod night;
mod turns;

use jiff::Timestamp;
use oncall::Rota;

/// A moment.
fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// A file of two people with a mail address each, and what is added to it.
fn rota(zone: &str, more: &str) -> Rota {
    let text = format!(
        "time_zone = \"{zone}\"\n\
         person = [ {{ name = \"anna\", contacts = [{{ mail = \"anna@example.net\" }}] }},\n\
         {{ name = \"ben\", contacts = [{{ mail = \"ben@example.net\" }}] }},\n\
         {{ name = \"carl\", contacts = [{{ mail = \"carl@example.net\" }}] }} ]\n{more}"
    );
    Rota::parse(&text).expect("a file that can be read")
}
