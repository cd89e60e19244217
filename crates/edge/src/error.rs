//! What can go wrong at the edge, in one line each.

use std::time::Duration;

use crate::nft::ListingError;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Something moved under our hands: reconcile again at once.
    Now,
    /// The next regular round may succeed.
    Later,
    /// No use until an operator has acted: page.
    Never,
}

/// Why the edge could not be read or made equal to the plan. Nothing is half done: a change is one transaction.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The program is not there.
    #[error(
        "cannot {doing}: the program {program:?} was not found where the edge command runs; install it (nft: apt \
         install nftables) or correct the edge command in the configuration"
    )]
    NoTool {
        /// What was being done.
        doing: &'static str,
        /// The program looked for.
        program: String,
    },
    /// The kernel does not let us.
    #[error(
        "cannot {doing}: `{command}` is not permitted to; nightdesk needs CAP_NET_ADMIN in the network namespace of \
         the packet filter; it said {said}"
    )]
    NotPermitted {
        /// What was being done.
        doing: &'static str,
        /// The command that was run.
        command: String,
        /// What it said, escaped and quoted.
        said: String,
    },
    /// The namespace the command prefix names does not exist.
    #[error(
        "cannot {doing}: `{command}` finds no such network namespace; correct the edge command in the configuration or \
         create the namespace; it said {said}"
    )]
    NoNamespace {
        /// What was being done.
        doing: &'static str,
        /// The command that was run.
        command: String,
        /// What it said, escaped and quoted.
        said: String,
    },
    /// The program ran and refused.
    #[error("cannot {doing}: `{command}` failed; it said {said}")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// The command that was run.
        command: String,
        /// What it said, escaped and quoted.
        said: String,
    },
    /// The program did not come back.
    #[error(
        "cannot {doing}: `{command}` gave no answer within {} s and was stopped; whether it changed anything is \
         read from the edge in the next round", waited.as_secs()
    )]
    Slow {
        /// What was being done.
        doing: &'static str,
        /// The command that was run.
        command: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The program could not be started or talked to.
    #[error("cannot {doing}: running `{command}` on this machine failed: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The command that was run.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// What was listed is not what we can read.
    #[error(
        "cannot understand what the packet filter listed of table inet nightdesk: {0}; this nft may be newer than \
         nightdesk knows: report it with the output of `nft -j list table inet nightdesk`"
    )]
    Listing(#[from] ListingError),
    /// A file of ours at the edge could not be read or written.
    #[error("cannot {doing} {}: {source}; what reads it goes on with what it has", path.display())]
    OwnFile {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The zone file is written, and the name server does not serve it.
    #[error(
        "zone {zone} is written with serial number {serial} and {server} does not serve it: nothing of it counts as in \
         force or taken away until it does; look at the name server's log and at the reload command"
    )]
    NotServed {
        /// The zone.
        zone: String,
        /// The name server asked.
        server: std::net::SocketAddr,
        /// The serial number written.
        serial: u32,
    },
    /// A peer that is spoken to over a socket or pipe.
    #[error("cannot {doing} at {peer}: {said}; it is tried again")]
    Peer {
        /// What was being done.
        doing: &'static str,
        /// Whom.
        peer: String,
        /// What went wrong, in words; foreign ones escaped and quoted.
        said: String,
    },
    /// The change was accepted, and the read-back does not show it.
    #[error(
        "the packet filter accepted the change to table inet nightdesk and the read-back does not show it ({0}); \
         something else changes this table: nothing counts as in force until it shows"
    )]
    NotInForce(String),
}

impl EdgeError {
    /// Whether trying again can help.
    #[must_use]
    pub fn again(&self) -> Again {
        match self {
            EdgeError::NoTool { .. }
            | EdgeError::NotPermitted { .. }
            | EdgeError::NoNamespace { .. }
            | EdgeError::Listing(_) => Again::Never,
            EdgeError::Failed { .. }
            | EdgeError::Slow { .. }
            | EdgeError::Io { .. }
            | EdgeError::OwnFile { .. }
            | EdgeError::NotServed { .. }
            | EdgeError::Peer { .. } => Again::Later,
            EdgeError::NotInForce(_) => Again::Now,
        }
    }
}

/// At most this much of a foreign program's words goes into an error.
const LONGEST_QUOTE: usize = 400;

/// Foreign words as they may stand in a log or on a terminal: one line, escaped, quoted, bounded.
pub(crate) fn quote(words: &[u8]) -> String {
    let text = String::from_utf8_lossy(words);
    let mut short: String = text.trim().chars().take(LONGEST_QUOTE).collect();
    if short.len() < text.trim().len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn foreign_words_cannot_move_the_cursor_or_break_the_line() {
        assert_eq!(quote(b"Error: \x1b[2Jno\nsuch \"file\"\n"), r#""Error: \u{1b}[2Jno\nsuch \"file\"""#);
        assert!(quote(&[b'x'; 5000]).len() < 500);
    }
}
