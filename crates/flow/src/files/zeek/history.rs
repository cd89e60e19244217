//! What Zeek says happened in a TCP connection, as the flags of both ways.

use crate::tcp::{ACK, FIN, RST, SYN};

/// Flags of the originator's and the responder's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags {
    pub(super) forward: u8,
    pub(super) reverse: u8,
}

/// From the letters of `history`, upper case for the originator: `s` SYN alone, `h` SYN and ACK, `a` ACK alone, `d` data,
/// `f` FIN, `r` RST, `t` sent again, `w` window zero, `i` FIN and RST at once, `q` SYN and FIN or SYN and RST at once.
/// That data was pushed is not told, so PSH is never set.
pub(super) fn of_history(history: &str) -> Flags {
    let mut flags = Flags::default();
    for letter in history.bytes() {
        let seen = match letter.to_ascii_lowercase() {
            b's' | b'q' => SYN,
            b'h' => SYN | ACK,
            b'a' | b'd' | b't' | b'w' => ACK,
            b'f' => FIN,
            b'r' => RST,
            b'i' => FIN | RST,
            _ => 0,
        };
        if letter.is_ascii_uppercase() {
            flags.forward |= seen;
        } else {
            flags.reverse |= seen;
        }
    }
    flags
}

/// From the word of `conn_state`, where there is no history.
pub(super) fn of_state(state: &str) -> Flags {
    let (forward, reverse) = match state {
        "S0" => (SYN, 0),
        "S1" => (SYN | ACK, SYN | ACK),
        "SF" => (SYN | ACK | FIN, SYN | ACK | FIN),
        "REJ" => (SYN, RST | ACK),
        "S2" => (SYN | ACK | FIN, SYN | ACK),
        "S3" => (SYN | ACK, SYN | ACK | FIN),
        "RSTO" => (SYN | ACK | RST, SYN | ACK),
        "RSTR" => (SYN | ACK, SYN | ACK | RST),
        "RSTOS0" => (SYN | RST, 0),
        "RSTRH" => (0, SYN | ACK | RST),
        "SH" => (SYN | FIN, 0),
        "SHR" => (0, SYN | ACK | FIN),
        _ => (0, 0),
    };
    Flags { forward, reverse }
}
