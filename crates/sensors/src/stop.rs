//! Knowing when to stop.

use tokio::sync::watch;

/// Returns once we are to stop.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone can never say stop, so it counts as having said it.
    let _either_way = stop.wait_for(|stop| *stop).await.is_ok();
}
