//! What a case does, told as nights (`night`), as promises that hold over any night (`promises`), as who is
//! written to (`letters`), as what a virus foretells (`virus`), as what
//! our own flow records show (`signs`), as the words its history is kept in (`events`), and as the
//! clocks that are read from that (`measured`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod events;
mod letters;
mod measured;
mod night;
mod playbook;
mod promises;
mod rehearsal;
mod relays;
mod sample;
mod signs;
mod trust;
mod virus;
