//! A sign of life to the outside: a service that is asked for regularly, and rings by itself when it is not
//! (such as [healthchecks](https://healthchecks.io/docs/http_api/)). The desk cannot tell of its own death.

use jiff::SignedDuration;
use tokio::time::Duration;
use ureq::http::Request;

use crate::desk::Desk;

/// A desk whose last round is longer ago is not well, and says nothing to the outside: that is what rings there.
const WELL: SignedDuration = SignedDuration::from_secs(60);
/// The least time between two.
const LEAST: SignedDuration = SignedDuration::from_secs(5);

impl Desk {
    /// Gives a sign of life, again and again, as long as the desk is well.
    pub(crate) async fn keep_heartbeat(self) {
        let settings = self.duty().settings();
        let Some(url) = settings.heartbeat else { return std::future::pending().await };
        let every = settings.heartbeat_every.max(LEAST);
        let every = Duration::try_from(every).unwrap_or(Duration::from_secs(60));
        loop {
            if self.is_well() {
                let beat = self.beat(&url).await;
                if let Err(why) = &beat {
                    tracing::error!(%why, "the sign of life did not reach the outside");
                }
                let now = self.now();
                self.duty().going(|going| going.beat = Some((now, beat)));
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Whether pages are looked after: the store answers and the rounds go round.
    fn is_well(&self) -> bool {
        let last = self.duty().going(|going| going.last_round);
        last.is_some_and(|last| self.now().duration_since(last) < WELL)
    }

    async fn beat(&self, url: &str) -> Result<(), String> {
        let rota = self.duty().rota();
        let allowed = rota.as_ref().map(|rota| rota.webhook_allow()).unwrap_or_default();
        let request = Request::get(url).body(Vec::new()).map_err(|error| error.to_string())?;
        let answer = self.settings().outbound.also(allowed).send(request).await;
        let status = answer.map_err(|error| error.to_string())?.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered {status}")) }
    }
}
