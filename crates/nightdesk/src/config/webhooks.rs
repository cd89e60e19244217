//! Other programs that are told what happens to cases.

use std::path::PathBuf;

use super::section::section;

section! {
    /// A program that is told what happens to cases: a signed POST for each event (Standard Webhooks), sent until it is taken.
    Webhook {
        /// How it is called in the log and on the pages: letters, digits and hyphens. Required.
        name: String = String::new();
        /// Where it listens, such as https://tickets.example.net/nightdesk; what is inside the house is named in outbound.allow
        /// too. Required.
        url: String = String::new();
        /// The file whose first line is the secret both sides know: whsec_ and 24 to 64 bytes in base64, as
        /// echo whsec_$(openssl rand -base64 32) makes one. Required.
        secret_file: PathBuf = PathBuf::new();
        /// Only these events, such as ["case.confirmed", "case.contained"]; empty: all. There are case.opened, .watching,
        /// .suspected, .confirmed, .contained, .cleaned, .closed, .dismissed, .released, .reopened, .assigned, .noted and .paged,
        /// and block.refused.
        events: Vec<String> = Vec::new();
        /// Only of cases that fit this search, such as "kind:open-proxy harm>=7"; empty: of all.
        search: String = String::new();
    }
}
