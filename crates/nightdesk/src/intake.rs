//! From the sensors' channel to the desk's disk, and the answer back.

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use desk::Desk;
use sensors::{Acceptance, Delivery};

/// How many messages are put on disk together: they share one fsync of the folder.
const TOGETHER: usize = 32;

/// Takes deliveries until every sensor is gone; answers each once its bytes are on disk, or could not be.
///
/// # Errors
/// When the disk did not keep what it was given (a failed fsync): nothing it says can be believed before a restart, so
/// the whole program must end.
pub(crate) async fn put_on_disk(desk: Desk, mut incoming: mpsc::Receiver<Delivery>) -> Result<()> {
    let mut batch = Vec::with_capacity(TOGETHER);
    while incoming.recv_many(&mut batch, TOGETHER).await > 0 {
        let (acks, deliveries): (Vec<_>, Vec<_>) = batch.drain(..).map(split).unzip();
        let desk = desk.clone();
        let written = tokio::task::spawn_blocking(move || desk.accept(deliveries)).await;
        // A writer that died leaves every ack unanswered; dropping them tells the senders to come back.
        let Ok(results) = written else { continue };
        let mut broken = None;
        for (ack, result) in acks.into_iter().zip(results) {
            let acceptance = match result {
                Ok(()) => Acceptance::OnDisk,
                Err(store::SpoolError::Full { .. }) => Acceptance::Full,
                Err(error) => {
                    tracing::error!(%error, "a message could not be put on disk; its sender was told to come back");
                    broken = broken.or(error.must_abort().then_some(error));
                    Acceptance::Failed
                }
            };
            // The sender may have hung up meanwhile; the message is kept, and a second copy is recognised.
            if ack.send(acceptance).is_err() {
                tracing::debug!("a sender hung up before it was answered");
            }
        }
        if let Some(error) = broken {
            return Err(error).context("the disk cannot be trusted; look at it, then start nightdesk again");
        }
    }
    Ok(())
}

fn split(delivery: Delivery) -> (tokio::sync::oneshot::Sender<Acceptance>, store::Delivery) {
    let spooled = store::Delivery {
        id: delivery.id,
        source: delivery.how.as_str().to_owned(),
        envelope: serde_json::to_value(&delivery.envelope).unwrap_or_default(),
        received: delivery.received,
        bytes: delivery.bytes,
    };
    (delivery.ack, spooled)
}
