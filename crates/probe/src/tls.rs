//! TLS to a subscriber's port. Whose certificate it shows is of no interest: we want to know what relays, and a proxy
//! on an infected machine signs its own.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::transcript::{Voice, escape};
use crate::wire::Conversation;

/// What came of a TLS client hello.
#[derive(Debug)]
pub(crate) enum Hello {
    /// TLS 1.2 or 1.3 is spoken; the conversation goes on inside.
    Spoken(Conversation),
    /// It speaks TLS and wants a certificate of ours, or knows nobody of our kind.
    TurnedAway,
    /// It speaks a TLS that we do not.
    OtherTls,
    /// Something else was answered, or the connection was closed.
    NotTls,
    /// Nothing was answered before the deadline.
    Silent,
}

/// Says a TLS client hello of versions 1.2 and 1.3, without a server name, and shakes hands with whoever answers.
pub(crate) async fn hello(stream: TcpStream, target: IpAddr, voice: &Voice, deadline: Instant) -> Hello {
    let Ok(connector) = connector() else {
        voice.say("no TLS could be set up on our side");
        return Hello::OtherTls;
    };
    voice.say("sent a TLS client hello (versions 1.2 and 1.3)");
    let shaking = connector.connect(ServerName::IpAddress(target.into()), stream);
    match timeout_at(deadline, shaking).await {
        Err(_) => {
            voice.say("no TLS was answered before the deadline");
            Hello::Silent
        }
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version();
            voice.say(format!("TLS is spoken: {}", version.map_or("?".to_owned(), |it| format!("{it:?}"))));
            Hello::Spoken(Conversation::Tls(Box::new(stream)))
        }
        Ok(Err(error)) => {
            voice.say(format!("no TLS: {}", escape(error.to_string().as_bytes())));
            unspoken(&error)
        }
    }
}

fn unspoken(error: &std::io::Error) -> Hello {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::AlertReceived(alert)) if turns_away(*alert) => Hello::TurnedAway,
        Some(Error::AlertReceived(_) | Error::PeerIncompatible(_)) => Hello::OtherTls,
        _ => Hello::NotTls,
    }
}

/// Alerts that answer the lack of a client certificate (RFC 8446 section 6.2; RFC 5246 section 7.2.2).
fn turns_away(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::AccessDenied
            | AlertDescription::UnknownCA
    )
}

fn connector() -> Result<TlsConnector, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    // An address is no server name (RFC 6066 section 3).
    config.enable_sni = false;
    Ok(Arc::new(config).into())
}

/// Takes any certificate; the signatures of the handshake are checked, as a TLS without them would be none.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
