//! Prints the flows of files, one JSON object a line, and on stderr what came of each file:
//! `cargo run -p flow --example flows -- FILE…`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose output this is")]

use std::fs::File;

fn main() -> std::io::Result<()> {
    let mut reader = flow::files::Reader::default();
    for file in std::env::args_os().skip(1) {
        let summary = reader.read(File::open(&file)?, &mut |flow| {
            if let Ok(line) = serde_json::to_string(&flow) {
                println!("{line}");
            }
        });
        eprintln!("{}: {}", file.display(), serde_json::to_string(&summary)?);
    }
    Ok(())
}
