//! `nightdesk who`.

use anyhow::Result;
use jiff::Timestamp;
use lease::{Attribution, Whose};

use super::Answer;
use crate::cli::Who;
use crate::config::Config;
use crate::{output, startup};

/// Says who held an address; yes only when it was exactly one.
pub(crate) async fn run(config: &Config, options: &Who) -> Result<Answer> {
    let store = startup::open_store(config).await?;
    let at = options.at.unwrap_or_else(Timestamp::now);
    let whose =
        Whose { address: options.address, port: options.port, at, uncertainty: config.leases.clock_skew.0 };
    let home = startup::territory(config)?.home;
    let attribution = desk::whose(&store, &home, &startup::mappings(config)?, &whose).await?;
    if options.json.json {
        output::json(&serde_json::json!({ "address": whose.address, "at": at, "attribution": attribution }))?;
    } else {
        output::line(in_words(&attribution, options.address));
    }
    Ok(if matches!(attribution, Attribution::One { .. }) { Answer::Yes } else { Answer::No })
}

fn in_words(attribution: &Attribution, address: std::net::IpAddr) -> String {
    match attribution {
        Attribution::One { subscriber, reason, .. } => format!("{subscriber}: {reason}"),
        Attribution::Several { candidates, reason } => {
            let names: Vec<&str> = candidates.iter().map(lease::SubscriberId::as_str).collect();
            format!("one of {}: {reason}", names.join(", "))
        }
        Attribution::Nobody { reason } => format!("nobody: {reason}"),
        Attribution::Foreign => format!("{address} is not in the home prefixes"),
    }
}
