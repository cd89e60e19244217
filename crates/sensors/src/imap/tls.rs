//! Whose certificates an IMAP server may show.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificate authorities that are believed.
#[derive(Clone)]
pub struct Roots(Arc<rustls::RootCertStore>);

impl Default for Roots {
    /// Those that Mozilla's programs believe (webpki-roots).
    fn default() -> Self {
        let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        Roots(Arc::new(rustls::RootCertStore { roots }))
    }
}

impl Roots {
    /// Those in a PEM file and no others, for servers with certificates of their own making.
    ///
    /// # Errors
    /// [`RootsError`] when the file cannot be read or holds no certificate.
    pub fn from_file(path: &Path) -> Result<Roots, RootsError> {
        let bytes =
            std::fs::read(path).map_err(|source| RootsError::File { path: path.to_owned(), source })?;
        let unfit = |why: String| RootsError::Unfit { path: path.to_owned(), why };
        let mut store = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&bytes) {
            let certificate = certificate.map_err(|error| unfit(error.to_string()))?;
            store.add(certificate).map_err(|error| unfit(error.to_string()))?;
        }
        if store.is_empty() {
            return Err(unfit("it holds no certificate".to_owned()));
        }
        Ok(Roots(Arc::new(store)))
    }

    /// What makes TLS of a connection.
    pub(super) fn connector(&self) -> Result<tokio_rustls::TlsConnector, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.0))
            .with_no_client_auth();
        Ok(Arc::new(config).into())
    }
}

impl fmt::Debug for Roots {
    /// Their number: all of them would fill pages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Roots").field(&self.0.len()).finish()
    }
}

/// Why a file of certificate authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// It could not be read.
    #[error("reading the certificates in {path}: {source}; check that nightdesk may read it", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It holds none, or one that is damaged.
    #[error("{path} is no PEM file of certificates: {why}", path = .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
