//! A certificate with its key, and who signs the others'.

use std::{fmt, io, path::PathBuf, sync::Arc};
use tokio_rustls::rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// Why there is no connection to be had with what is in files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read `{}`: {why}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A text has no certificate.
    #[error("there is no certificate in {0}: it must be PEM")]
    NoCertificate(&'static str),
    /// A text has no key.
    #[error("the key is no PEM: {0}")]
    NoKey(String),
    /// They make no TLS.
    #[error("{0}")]
    Tls(String),
}

/// Where a certificate, its key, and the authorities of the others lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The certificate, and what signed it.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who signs the certificates of the other end.
    pub authorities: PathBuf,
}

impl Files {
    /// What is in them now.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(&self) -> Result<Credentials, Error> {
        let read =
            |path: &PathBuf| std::fs::read(path).map_err(|why| Error::Read { path: path.clone(), why });
        Ok(Credentials {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            authorities: read(&self.authorities)?,
        })
    }
}

/// A certificate, its key, and the authorities of the others, all in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The certificate, and what signed it.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// Who signs the certificates of the other end.
    pub authorities: Vec<u8>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is secret.
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// The certificates with the key.
    pub(crate) fn pair(&self) -> Result<CertifiedKey, Error> {
        let chain = certificates(&self.certificate, "the certificate's file")?;
        let key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| Error::NoKey(error.to_string()))?;
        let key = ring::sign::any_supported_type(&key).map_err(|error| Error::Tls(error.to_string()))?;
        let pair = CertifiedKey::new(chain, key);
        pair.keys_match().map_err(|_| Error::Tls("the key is not that of the certificate".to_owned()))?;
        Ok(pair)
    }

    /// Who signs the others'.
    pub(crate) fn roots(&self) -> Result<Arc<RootCertStore>, Error> {
        roots(&self.authorities)
    }
}

/// The authorities of a text.
pub(crate) fn roots(authorities: &[u8]) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities, "the authorities' file")? {
        roots.add(certificate).map_err(|error| Error::Tls(format!("an authority is none: {error}")))?;
    }
    Ok(Arc::new(roots))
}

fn certificates(text: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    read.ok().filter(|read| !read.is_empty()).ok_or(Error::NoCertificate(what))
}

/// By what means.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
