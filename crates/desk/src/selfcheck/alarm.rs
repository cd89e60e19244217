//! Telling people that mail does not reach us: by more ways than mail.

use std::time::Duration;

/// The ways besides a page by mail, which may not get through when mail is what is broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alarm {
    /// A program and its arguments; the text is its standard input. No shell is involved.
    pub command: Vec<String>,
    /// A URL that `{"text": …}` is posted to, as chat services take it.
    pub webhook: Option<String>,
}

/// How long the webhook may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Alarm {
    /// Tells by every way configured; what went wrong, for each that failed. Empty when there is no way at all.
    pub(super) async fn sound(&self, text: &str) -> Vec<Result<(), String>> {
        let mut outcomes = Vec::new();
        if let Some((program, arguments)) = self.command.split_first() {
            outcomes.push(crate::program::run(program, arguments, text).await);
        }
        if let Some(url) = self.webhook.clone() {
            let body = serde_json::json!({ "text": text });
            let posted = tokio::task::spawn_blocking(move || post(&url, &body)).await;
            outcomes.push(posted.unwrap_or_else(|error| Err(format!("the webhook was not called: {error}"))));
        }
        outcomes
    }
}

fn post(url: &str, body: &serde_json::Value) -> Result<(), String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
    ureq::Agent::new_with_config(config)
        .post(url)
        .content_type("application/json")
        .send(body.to_string())
        .map(drop)
        .map_err(|error| format!("the webhook failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_command_hears_the_text_and_a_failed_way_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let heard = folder.path().join("heard");
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let tee = Alarm { command: words(&format!("tee {}", heard.display())), webhook: None };
        assert_eq!(tee.sound("mail is down").await, [Ok(())]);
        assert_eq!(std::fs::read_to_string(heard).expect("a file"), "mail is down");
        let broken = Alarm {
            command: words("false"),
            // Port 1 of this machine: nobody listens.
            webhook: Some("http://127.0.0.1:1/".to_owned()),
        };
        let outcomes = broken.sound("x").await;
        assert!(outcomes.len() == 2 && outcomes.iter().all(Result::is_err), "{outcomes:?}");
        assert!(Alarm::default().sound("x").await.is_empty());
    }
}
