//! A fixture and the reading it must give, one test for each.

use report::Reading;
use serde_json::{Value, json};

/// The whole reading, with the bytes each claim was read from beside it.
pub(crate) fn beside(bytes: &[u8], reading: &Reading) -> Value {
    let quoted: Vec<String> = reading
        .claims
        .iter()
        .map(|claim| String::from_utf8_lossy(&bytes[claim.span.clone()]).into_owned())
        .collect();
    json!({ "reading": reading, "quoted": quoted })
}

/// One test for each fixture, by the function `golden` of the file that calls it.
macro_rules! golden {
    ($($test:ident: $file:literal,)+) => {
        $(
            #[test]
            fn $test() {
                insta::assert_json_snapshot!(golden($file));
            }
        )+

        const FILES: &[&str] = &[$($file),+];
    };
}
pub(crate) use golden;
