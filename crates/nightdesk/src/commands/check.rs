//! `nightdesk check`.

use anyhow::{Context, Result};
use case::{LookFor, Question, Verdict};
use probe::{Landing, Prober};
use serde_json::json;

use super::Answer;
use crate::cli::Check;
use crate::config::Config;
use crate::{output, startup};

/// Probes one address because an operator asked; says yes when it is open.
pub(crate) async fn run(config: &Config, options: &Check) -> Result<Answer> {
    let (address, port) = options.target;
    let territory = startup::territory(config)?;
    let ports = port.map_or_else(|| config.playbook.usual_ports.clone(), |port| vec![port]);
    let prober = prober(config, territory).await?;
    let answer = prober.ask(&Question { address, ports, look_for: LookFor::OpenProxy }, true).await;
    if options.json.json {
        output::json(&json!({
            "address": address,
            "port": answer.port.or(port),
            "verdict": answer.verdict,
            "protocol": answer.protocol,
            "exit": answer.exit,
            "transcript": answer.transcript,
            "seconds": answer.seconds,
        }))?;
    } else {
        for line in &answer.transcript {
            output::line(format!("{:>6} ms  {:<22} {}", line.at_ms, line.on, line.text));
        }
        output::line(format!("{address}: {} ({:.2} s)", answer.verdict, answer.seconds));
    }
    Ok(match answer.verdict {
        Verdict::OpenProxy | Verdict::OpenRelay => Answer::Yes,
        Verdict::Closed | Verdict::Unreachable | Verdict::RefusedByPolicy => Answer::No,
    })
}

/// A prober for one question. The desk may be running and hold the configured landing ports; then any free port of
/// the same addresses serves, which every proxy without a port list can reach.
async fn prober(config: &Config, territory: case::Territory) -> Result<Prober> {
    let who = &config.probe.name;
    let landing = match Landing::bind(&config.probe.landing, who).await {
        Ok(landing) => landing,
        Err(error) => {
            tracing::warn!(%error, "using another port to land on");
            let mut any: Vec<_> = config.probe.landing.clone();
            for address in &mut any {
                address.set_port(0);
            }
            Landing::bind(&any, who).await.context("probe.landing")?
        }
    };
    let mut settings = probe::Config::new(territory);
    settings.name.clone_from(who);
    settings.deadline = config.probe.deadline.std();
    Prober::new(settings, landing).context("probe")
}
