//! The benchmarks, each beside a peer in the same run.

use anyhow::Result;

use crate::shell::{cargo, run};

/// Runs them one after the other: on two cores two at once would measure each other.
pub(crate) fn run_all() -> Result<()> {
    for (package, bench) in [("store", "lookup"), ("nightdesk", "night")] {
        run(cargo().args(["bench", "--quiet", "--package", package, "--bench", bench]))?;
    }
    Ok(())
}
