//! Set-up, tests, tidy.
fn main() {}
