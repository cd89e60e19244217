//! What proxies say when they have connected; the trap has not.

use super::Say;
use crate::bytes::{Rest, shown};
use crate::wanted::{Target, socks_request};

/// Where SOCKS 5 stands after its greeting (RFC 1928 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Greeted {
    #[default]
    Methods,
    /// User and password are waited for (RFC 1929).
    Password,
    Request,
}

/// What one message of it leads to.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) say: Say,
    pub(super) target: Option<Target>,
    pub(super) login: Option<(String, String)>,
}

impl Greeted {
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Step {
        match self {
            Greeted::Methods => self.methods(bytes),
            Greeted::Password => self.password(bytes),
            Greeted::Request => granted(bytes),
        }
    }

    /// No authentication where it is offered. The impatient have their request right behind.
    fn methods(&mut self, bytes: &[u8]) -> Step {
        let mut rest = Rest(bytes);
        let offered = rest.take(1).and_then(|_| rest.of_u8()).map(|methods| methods.0).unwrap_or_default();
        if !offered.contains(&0) && offered.contains(&2) {
            *self = Greeted::Password;
            return Step { say: Say::bytes(&[5, 2]), ..Step::default() };
        }
        *self = Greeted::Request;
        let mut step = granted(rest.0);
        step.say.bytes.splice(..0, [5, 0]);
        step
    }

    fn password(&mut self, bytes: &[u8]) -> Step {
        let mut rest = Rest(bytes);
        let both = rest.take(1).and_then(|_| Some((rest.of_u8()?.0, rest.of_u8()?.0)));
        let login = both.map(|(user, password)| (shown(user, 255), shown(password, 255)));
        *self = Greeted::Request;
        Step { say: Say::bytes(&[1, 0]), login, target: None }
    }
}

/// `05 00 00 01 0.0.0.0:0` to a request.
fn granted(bytes: &[u8]) -> Step {
    match socks_request(bytes) {
        Some(target) => {
            Step { say: Say::bytes(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]), target: Some(target), login: None }
        }
        None => Step::default(),
    }
}

/// What the others say.
pub(super) fn connected(what: &str, target: Option<&Target>) -> Say {
    match what {
        "socks4" | "socks4a" => Say::bytes(&[0, 0x5a, 0, 0, 0, 0, 0, 0]),
        "http-connect" => Say::text("HTTP/1.0 200 Connection established\r\n\r\n"),
        _ => match target {
            Some(target) => Say::text(&format!("Connecting to host {target}...Connected\r\n")),
            None => Say::default(),
        },
    }
}
