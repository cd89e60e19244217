//! What must hold of every reading, whatever the bytes.

use report::{Hint, Reading};

/// Reads a file by itself, named so, and holds the reading against the bytes.
#[allow(dead_code, reason = "each target uses one of the two")]
pub fn file(name: &str, bytes: &[u8]) {
    held(&report::read_as(bytes, &Hint { name: Some(name), content_type: None }), bytes);
}

/// Reads a mail that begins with `head` and goes on with `bytes`.
#[allow(dead_code, reason = "each target uses one of the two")]
pub fn mail(head: &str, bytes: &[u8]) {
    let whole = [head.as_bytes(), bytes].concat();
    held(&report::read(&whole), &whole);
}

fn held(reading: &Reading, bytes: &[u8]) {
    for claim in &reading.claims {
        assert!(claim.span.start <= claim.span.end && claim.span.end <= bytes.len(), "{claim:?}");
        assert!(claim.port != Some(0), "{claim:?}");
    }
    for hit in &reading.spotted {
        assert!(hit.span.start <= hit.span.end && hit.span.end <= bytes.len(), "{hit:?}");
    }
    for doubt in &reading.doubts {
        assert!(!doubt.text.contains(char::is_control), "{doubt:?}");
    }
    let accused = reading.claims.iter().any(|claim| claim.role.is_alleged());
    assert!(!reading.is_report || accused, "a report that accuses nobody: {reading:?}");
    let _ = reading.face("fuzz", &[]).to_string();
}
