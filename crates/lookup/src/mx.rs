//! Whether a domain's mail exchangers take mail. Meant for our own domains: it connects to what their records name.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::rr::RData;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::resolver::Resolver;

/// How long an exchanger may take to be found, to accept and to greet; all are tried at the same time.
const DEADLINE: Duration = Duration::from_secs(10);
/// How many exchangers are tried, the preferred first.
const EXCHANGERS: usize = 8;
/// How many addresses of one are tried.
const ADDRESSES: usize = 4;
/// The longest line of a greeting that is read: 512 octets with its end (RFC 5321 section 4.5.3.1.5).
const LINE: u64 = 512;

/// An exchanger that greeted us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeted {
    /// Its name.
    pub host: String,
    /// Where it was found.
    pub address: SocketAddr,
}

/// Why no mail for a domain would get anywhere, as seen from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MxError {
    /// The domain says that it takes no mail (RFC 7505).
    #[error("its MX record says that it takes no mail")]
    Null,
    /// DNS knows neither an exchanger nor an address, or does not answer.
    #[error("no mail exchanger is known: {0}")]
    Unknown(String),
    /// None of them greeted us; what each did.
    #[error("no mail exchanger greets: {}", .0.join("; "))]
    Silent(Vec<String>),
}

/// Asks for a domain's exchangers and knocks at them.
#[derive(Debug, Clone)]
pub struct Exchangers {
    resolver: Resolver,
    port: u16,
}

impl Exchangers {
    /// The port of SMTP between servers (RFC 5321 section 4.5.4.2).
    pub const SMTP: u16 = 25;

    /// Asks through `resolver` and connects to `port`.
    #[must_use]
    pub fn new(resolver: Resolver, port: u16) -> Exchangers {
        Exchangers { resolver, port }
    }

    /// The first exchanger of `domain` that accepts a connection and greets with 220 (RFC 5321 section 4.2). Nothing is
    /// sent but QUIT. Takes at most ten seconds for DNS and ten for all exchangers together.
    ///
    /// # Errors
    /// [`MxError`] when there is none.
    pub async fn greeting(&self, domain: &str) -> Result<Greeted, MxError> {
        let slow = || MxError::Unknown("DNS did not answer in time".to_owned());
        let hosts = timeout(DEADLINE, self.hosts(domain)).await.map_err(|_| slow())??;
        let mut knocking = JoinSet::new();
        for host in hosts {
            let (resolver, port) = (self.resolver.clone(), self.port);
            knocking.spawn(async move {
                let knocked = timeout(DEADLINE, knock(&resolver, &host, port)).await;
                knocked
                    .unwrap_or_else(|_| Err("did not greet in time".to_owned()))
                    .map_err(|why| format!("{host} {why}"))
            });
        }
        let mut silent = Vec::new();
        while let Some(ended) = knocking.join_next().await {
            match ended {
                Ok(Ok(greeted)) => return Ok(greeted),
                Ok(Err(why)) => silent.push(why),
                Err(error) => silent.push(format!("one was not tried: {error}")),
            }
        }
        silent.sort_unstable();
        Err(MxError::Silent(silent))
    }

    /// The names to try. A domain without MX records is its own exchanger (RFC 5321 section 5.1).
    async fn hosts(&self, domain: &str) -> Result<Vec<String>, MxError> {
        let found = match self.resolver.hickory().mx_lookup(absolute(domain)).await {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Ok(vec![domain.to_owned()]),
            Err(error) => return Err(MxError::Unknown(error.to_string())),
        };
        let records = found.answers().iter().filter_map(|record| match &record.data {
            RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
            _ => None,
        });
        let mut records: Vec<(u16, String)> = records.collect();
        records.sort_unstable();
        let hosts = records.into_iter().map(|(_, host)| host.trim_end_matches('.').to_ascii_lowercase());
        let hosts: Vec<String> = hosts.filter(|host| !host.is_empty()).take(EXCHANGERS).collect();
        if hosts.is_empty() { Err(MxError::Null) } else { Ok(hosts) }
    }
}

/// With the dot of the root, so that no search list is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// Tries the addresses of one host; what it did, in words that go on from its name.
async fn knock(resolver: &Resolver, host: &str, port: u16) -> Result<Greeted, String> {
    let found = resolver.hickory().lookup_ip(absolute(host)).await;
    let found = found.map_err(|error| format!("has no address: {error}"))?;
    let addresses: Vec<IpAddr> = found.iter().take(ADDRESSES).collect();
    let mut knocking = JoinSet::new();
    for address in addresses {
        let address = SocketAddr::new(address, port);
        knocking.spawn(async move { greets(address).await.map(|()| address).map_err(|why| (address, why)) });
    }
    let mut silent = Vec::new();
    while let Some(ended) = knocking.join_next().await {
        match ended {
            Ok(Ok(address)) => return Ok(Greeted { host: host.to_owned(), address }),
            Ok(Err((address, why))) => silent.push(format!("{why} at {address}")),
            Err(error) => silent.push(format!("was not tried: {error}")),
        }
    }
    Err(silent.join(" and "))
}

async fn greets(address: SocketAddr) -> Result<(), String> {
    let mut stream =
        TcpStream::connect(address).await.map_err(|error| format!("does not accept ({error})"))?;
    let (read, mut write) = stream.split();
    let mut line = Vec::new();
    let said = BufReader::new(read.take(LINE)).read_until(b'\n', &mut line).await;
    said.map_err(|error| format!("broke off ({error})"))?;
    if !line.starts_with(b"220") {
        let code: String =
            line.iter().take(3).filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
        return Err(if code.len() == 3 {
            format!("greets with {code}")
        } else {
            "does not greet as SMTP does".to_owned()
        });
    }
    // It has greeted; whether it hears the farewell is its own affair.
    drop(write.write_all(b"QUIT\r\n").await);
    Ok(())
}
