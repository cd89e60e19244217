//! What a case does, told as nights (`night`), as promises that hold over any night (`promises`), and as the words its
//! history is kept in (`events`).
mod events;
mod night;
mod promises;
mod sample;
