//! The certificates: read from files, or made here.

mod authority;
mod files;
mod own;

pub(super) use authority::{Names, Papers};
pub(super) use files::follow as follow_files;
pub(super) use own::{Own, follow as follow_own};

use anyhow::{Context, anyhow};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

/// The certificate that is shown now. Connections that are there keep theirs.
#[derive(Default)]
pub(super) struct Current(RwLock<Option<Arc<CertifiedKey>>>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Current {
    /// Shows another one from now on.
    ///
    /// # Errors
    /// When the texts are no certificates and key, or do not belong together.
    pub(super) fn show(&self, certificates: &[u8], key: &[u8]) -> anyhow::Result<()> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow!("the certificate is no PEM: {error}"))?;
        if chain.is_empty() {
            return Err(anyhow!("there is no certificate in it"));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| anyhow!("the key is no PEM: {error}"))?;
        let key = ring::sign::any_supported_type(&key).context("the key is of no kind that is known")?;
        let pair = CertifiedKey::new(chain, key);
        pair.keys_match().context("the key is not that of the certificate")?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(pair));
        Ok(())
    }

    /// Whether there is one to show.
    fn is_there(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// What greets those who ask.
pub(super) fn acceptor(current: Arc<Current>) -> anyhow::Result<TlsAcceptor> {
    Ok(TlsAcceptor::from(Arc::new(config(current)?)))
}

/// How those are greeted who ask, and need not say who they are.
pub(super) fn config(current: Arc<Current>) -> anyhow::Result<ServerConfig> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current);
    Ok(config)
}
