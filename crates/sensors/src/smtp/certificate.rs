//! The certificate that STARTTLS is offered with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate chain and its key, checked to belong together.
#[derive(Clone)]
pub struct Certificate(Arc<rustls::ServerConfig>);

impl Certificate {
    /// Reads a PEM chain (ours first) and a PEM private key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// [`CertificateError`] says which part could not be used.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Certificate, CertificateError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| CertificateError::Chain(error.to_string()))?;
        if chain.is_empty() {
            return Err(CertificateError::Chain("it holds no certificate".into()));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| CertificateError::Key(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| CertificateError::Pair(error.to_string()))?;
        Ok(Certificate(Arc::new(config)))
    }

    /// As [`from_pem`](Certificate::from_pem), from two files (which may be the same).
    ///
    /// # Errors
    /// [`CertificateError`] names the file that could not be read, or the part that could not be used.
    pub fn from_files(chain: &Path, key: &Path) -> Result<Certificate, CertificateError> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
        };
        Certificate::from_pem(&read(chain)?, &read(key)?)
    }

    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        tokio_rustls::TlsAcceptor::from(Arc::clone(&self.0))
    }
}

impl fmt::Debug for Certificate {
    /// Names the type only: the value holds a private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file could not be read.
    #[error("reading the TLS file {path}: {source}; check that it exists and that nightdesk may read it")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The chain is no PEM certificate chain.
    #[error("the TLS certificate chain is not usable: {0}")]
    Chain(String),
    /// The key is no PEM private key.
    #[error("the TLS private key is not usable: {0}")]
    Key(String),
    /// Chain and key do not belong together, or the library refuses them.
    #[error("the TLS certificate and key cannot be used together: {0}")]
    Pair(String),
}
