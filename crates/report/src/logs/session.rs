//! Lines that belong together: a program writes its process number in front of each (RFC 3164 section 5.3), and sshd has a
//! process for every connection. So a line that names nobody is about whom the connection came from, and a wrong password
//! before the right one is a user who mistyped.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::logs::service;
use crate::logs::stance::{self, Stance};
use crate::text::Text;

/// More sessions than this of one log are not kept apart.
const MOST: usize = 10_000;
/// How far into a line the process may stand, behind a time and a host.
const HEAD: usize = 160;

/// What the sessions of one log are known to be.
#[derive(Debug, Default)]
pub(crate) struct Sessions<'t> {
    /// Process, address and the name of the user.
    let_in: HashSet<(&'t str, IpAddr, &'t str)>,
    begun: HashMap<&'t str, IpAddr>,
}

impl<'t> Sessions<'t> {
    /// Finds who was let in. Costs a search where nobody was.
    pub(crate) fn of(text: &'t Text) -> Sessions<'t> {
        let mut sessions = Sessions::default();
        if memchr::memmem::find(text.as_str().as_bytes(), b"]: Accepted ").is_none() {
            return sessions;
        }
        for line in text.lines().filter(|line| line.words.contains("]: Accepted ")) {
            let (Some(process), Some(peer), Some(user)) =
                (process(line.words), service::peer(line.words), user(line.words))
            else {
                continue;
            };
            if sessions.let_in.len() < MOST && peer.stance == Stance::Fine {
                sessions.let_in.insert((process, peer.spot.address, user));
            }
        }
        sessions
    }

    /// Whether this very session ended with the user that `line` names let in, or `line` only ends it. One who tried the
    /// names of others and came in by an own one mistyped nothing.
    pub(crate) fn is_let_in(&self, line: &str, address: IpAddr) -> bool {
        if self.let_in.is_empty() {
            return false;
        }
        let Some(process) = process(line) else { return false };
        let mut here = self.let_in.iter().filter(|known| known.0 == process && known.1 == address);
        here.any(|(_, _, user)| {
            line.split([' ', '=']).any(|word| word == *user) || line.contains("]: Connection closed by ")
        })
    }

    /// Remembers whom the session of a line like `sshd[1]: Connection from 192.0.2.1 port 4711` is with.
    pub(crate) fn begin(&mut self, line: &'t str, address: IpAddr) {
        if !line.contains("]: Connection from ") || self.begun.len() >= MOST {
            return;
        }
        if let Some(process) = process(line) {
            self.begun.insert(process, address);
        }
    }

    /// Whom a line without an address speaks against. Only what sshd writes before a log-in counts, since that process has
    /// nothing to speak of but its peer.
    pub(crate) fn accused(&self, line: &str) -> Option<IpAddr> {
        if self.begun.is_empty() || !line.ends_with("[preauth]") || stance::of(line) != Stance::Hostile {
            return None;
        }
        self.begun.get(process(line)?).copied()
    }
}

/// The name in `Accepted password for root from 192.0.2.1`.
fn user(line: &str) -> Option<&str> {
    line.split_once(" for ")?.1.split(' ').next().filter(|user| !user.is_empty())
}

/// `sshd[4711]` in front of what a program says.
fn process(line: &str) -> Option<&str> {
    let end = line.find("]: ").filter(|&end| end < HEAD)? + 1;
    let head = line.get(..end)?;
    let start = head.rfind(' ').map_or(0, |at| at + 1);
    let word = head.get(start..)?;
    let (name, number) = word.strip_suffix(']')?.rsplit_once('[')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (!name.is_empty() && is_number).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_ended_well_is_told_from_one_that_did_not() {
        let log = "h sshd[7]: Failed password for a from 192.0.2.1 port 1 ssh2\n\
                   h sshd[7]: Accepted password for a from 192.0.2.1 port 1 ssh2\n\
                   h sshd[7]: Failed password for root from 192.0.2.1 port 1 ssh2\n\
                   h sshd[8]: Failed password for a from 192.0.2.1 port 2 ssh2\n";
        let text = Text::identity(log.as_bytes(), 0);
        let sessions = Sessions::of(&text);
        let address = IpAddr::from([192, 0, 2, 1]);
        let spared: Vec<bool> = log.lines().map(|line| sessions.is_let_in(line, address)).collect();
        assert_eq!(spared, [true, true, false, false]);
    }

    #[test]
    fn a_line_without_an_address_is_about_the_peer_of_its_session() {
        let mut sessions = Sessions::default();
        let address = IpAddr::from([192, 0, 2, 1]);
        sessions.begin("h sshd[7]: Connection from 192.0.2.1 port 39678 on 198.51.100.9 port 22", address);
        let accused = |line| sessions.accused(line);
        assert_eq!(
            accused("h sshd[7]: Disconnecting: Too many authentication failures [preauth]"),
            Some(address)
        );
        assert_eq!(accused("h sshd[8]: Disconnecting: Too many authentication failures [preauth]"), None);
        assert_eq!(accused("h sshd[7]: error: Could not load host key"), None);
    }
}
