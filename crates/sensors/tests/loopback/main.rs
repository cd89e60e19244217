//! The sensors over loopback and on a real file system: what a client sees, and what reaches the disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod flows;
mod folder;
mod http;
mod imap;
mod imap_server;
mod maildir;
mod smtp;
mod stand;
mod starttls;
mod swaks;
