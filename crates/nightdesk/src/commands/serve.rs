//! `nightdesk serve`.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::Answer;
use crate::config::Config;
use crate::startup::Prepared;

/// Runs until SIGTERM or SIGINT; what is half done then is taken up at the next start.
pub(crate) async fn run(config: Config) -> Result<Answer> {
    let bound = Prepared::new(config).await?.bind().await?;
    let (smtp, flows) = (bound.smtp_address(), bound.flow_addresses());
    tracing::info!(pages = %bound.page_url(), ?smtp, ?flows, "nightdesk is listening");
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping; what is not done yet is done at the next start");
        stop.send_replace(true);
    });
    bound.run(stopped).await?;
    Ok(Answer::Yes)
}
