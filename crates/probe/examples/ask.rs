//! Asks ports from a landing of one's own and prints an answer a line: to see what a probe makes of a target, without a
//! desk. `ask LANDING_ADDRESS LANDING_NAME LANDING_DOMAIN TARGET:PORT…`; the landing takes ports 80, 443, 25 and 6667.
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use std::net::{IpAddr, SocketAddr};

use case::{Home, LookFor, Question, Territory};
use probe::{Config, Landing, Prober};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let landing: IpAddr = words.next().ok_or("which landing address?")?.parse()?;
    let (name, domain) = (words.next(), words.next());
    let targets: Vec<SocketAddr> = words.map(|word| word.parse()).collect::<Result<_, _>>()?;
    let home = Home::new(targets.iter().map(|target| target.ip().into()))?;
    let ports = [80, 443, 25, 6667].map(|port| SocketAddr::new(landing, port));
    let landing = Landing::bind(&ports, "the lab").await?;
    let territory = Territory { home, never_touch: Vec::new().into() };
    let config =
        Config { landing_name: name, landing_domain: domain, known_logins: true, ..Config::new(territory) };
    let prober = Prober::new(config, landing)?;
    for target in targets {
        let question =
            Question { address: target.ip(), ports: vec![target.port()], look_for: LookFor::ProxyOrRelay };
        let answer = prober.ask(&question, true).await;
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}
