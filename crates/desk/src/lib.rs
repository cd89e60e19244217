//! The running night: pumps, tasks, the reconcile loop, outgoing mail; owns the clock.
