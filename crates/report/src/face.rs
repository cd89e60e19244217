//! A reading as scripts see it: one line of `parse --json`.

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::reading::{Claim, Reading};

impl Reading {
    /// The line for `file`. Without `home`, every claim that accuses; with it, what is said of home addresses alone.
    #[must_use]
    pub fn face(&self, file: &str, home: &[IpNet]) -> Value {
        let told = |claim: &&Claim| {
            if home.is_empty() {
                claim.role.is_alleged()
            } else {
                home.iter().any(|net| net.contains(&claim.address))
            }
        };
        json!({
            "file": file,
            "format": self.format.name(),
            "is_report": self.is_report,
            "claims": self.claims.iter().filter(told).map(claim).collect::<Vec<_>>(),
            "reporter": self.reporter.as_ref().map(|reporter| &reporter.address),
            "report_id": self.report_id,
            "doubts": self.doubts.iter().map(|doubt| &doubt.text).collect::<Vec<_>>(),
        })
    }
}

fn claim(claim: &Claim) -> Value {
    json!({
        "address": claim.address.to_string(),
        "port": claim.port,
        "protocol": claim.protocol.map(|protocol| protocol.name()),
        "time": claim.time.map(|time| time.to_string()),
        "time_basis": claim.time_basis.name(),
        "kind": claim.kind.name(),
        "xarf": claim.xarf.as_deref().or(claim.kind.xarf()),
        "rsit": claim.rsit.as_deref().unwrap_or(claim.kind.rsit()),
        "role": claim.role.name(),
        "url": claim.url,
        "malware": claim.malware,
        "span": [claim.span.start, claim.span.end],
    })
}
