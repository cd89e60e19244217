//! What holds of every file of flows, whatever its bytes.

/// Reads a file, and asks of what comes of it what must be so.
pub fn read(bytes: &[u8]) {
    let mut flows = 0;
    let summary = flow::files::read(bytes, &mut |flow| {
        flows += 1;
        assert!(flow.last >= flow.first);
        assert!(flow.both_ways || flow.reverse.packets == 0);
    });
    assert_eq!(summary.flows, flows);
}
