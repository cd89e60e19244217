//! `nightdesk serve`.

use anyhow::Result;

use super::Answer;
use crate::config::Config;
use crate::startup::Prepared;
use crate::stop;

/// Runs until SIGTERM or SIGINT; what is half done then is taken up at the next start.
pub(crate) async fn run(config: Config) -> Result<Answer> {
    let bound = Prepared::new(config).await?.bind().await?;
    let (smtp, flows) = (bound.smtp_address(), bound.flow_addresses());
    let (accounting, garden) = (bound.accounting_address(), bound.garden_address());
    tracing::info!(pages = %bound.page_url(), ?smtp, ?flows, ?accounting, ?garden, "nightdesk is listening");
    bound.run(stop::on_signal()?).await?;
    Ok(Answer::Yes)
}
