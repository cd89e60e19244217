//! From a host name to a connection that is as private as configured, and greeted.

use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::response::{Capability, Code, Data, GreetingKind};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::session::Trouble;
use super::wire::{Deaf, Listener, SHORT, Stream, Wire};
use super::{Config, Security};

/// Connects. The second value says whether the server let us in without a login (PREAUTH).
pub(super) async fn connect(config: &Config) -> Result<(Wire, bool), Trouble> {
    let plain = connect_plainly(config).await?;
    match config.security {
        Security::Tls => {
            let secured = secure(config, Box::new(plain)).await?;
            greet(Wire::new(secured, &config.limits, false)).await
        }
        Security::Plain => greet(Wire::new(Box::new(plain), &config.limits, false)).await,
        Security::StartTls => {
            let (mut wire, let_in) = greet(Wire::new(Box::new(plain), &config.limits, false)).await?;
            // Somebody on the way could have said PREAUTH to keep us from asking for TLS (CVE-2021-38371 and its kin).
            if let_in || !capabilities(&mut wire).await?.contains(&Capability::StartTls) {
                return Err(Trouble::Refused("it does not offer STARTTLS".to_owned()));
            }
            wire.command(CommandBody::StartTLS, SHORT, &mut Deaf).await?;
            let secured = secure(config, wire.into_stream()).await?;
            Ok((Wire::new(secured, &config.limits, true), false))
        }
    }
}

async fn connect_plainly(config: &Config) -> Result<TcpStream, Trouble> {
    let connecting = TcpStream::connect((config.host.as_str(), config.port));
    let stream = timeout(config.limits.connect, connecting).await.map_err(|_| Trouble::TooSlow)?;
    let stream = stream.map_err(Trouble::Io)?;
    stream.set_nodelay(true).map_err(Trouble::Io)?;
    Ok(stream)
}

async fn secure(config: &Config, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Trouble> {
    let name = ServerName::try_from(config.host.clone())
        .map_err(|_| Trouble::Tls(format!("{:?} is no name a certificate could carry", config.host)))?;
    let connector = config.roots.connector().map_err(|error| Trouble::Tls(error.to_string()))?;
    let secured = timeout(config.limits.connect, connector.connect(name, stream)).await;
    let secured = secured.map_err(|_| Trouble::TooSlow)?.map_err(|error| Trouble::Tls(error.to_string()))?;
    Ok(Box::new(secured))
}

async fn greet(mut wire: Wire) -> Result<(Wire, bool), Trouble> {
    let greeting = wire.greeting().await?;
    match greeting.kind {
        GreetingKind::Ok => Ok((wire, false)),
        GreetingKind::PreAuth => Ok((wire, true)),
        GreetingKind::Bye => Err(Trouble::Bye(greeting.text.to_string())),
    }
}

/// What the server can do now; it may be more after TLS and after login.
pub(super) async fn capabilities(wire: &mut Wire) -> Result<Vec<Capability<'static>>, Trouble> {
    let mut found = Capabilities(Vec::new());
    wire.command(CommandBody::Capability, SHORT, &mut found).await?;
    Ok(found.0)
}

struct Capabilities(Vec<Capability<'static>>);

impl Listener for Capabilities {
    fn data(&mut self, data: Data<'static>) {
        if let Data::Capability(list) = data {
            self.0.extend(list);
        }
    }

    fn code(&mut self, code: &Code<'static>) {
        if let Code::Capability(list) = code {
            self.0.extend(list.clone());
        }
    }
}
