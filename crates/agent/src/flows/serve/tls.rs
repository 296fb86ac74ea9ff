//! The certificates: files that somebody else writes, and renews.

use sekisho_tls::{Credentials, Files, HUB};
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio_rustls::rustls::ServerConfig;
use tracing::{info, warn};

/// How often it is looked whether they have changed.
const LOOK: Duration = Duration::from_secs(5);

/// How those are greeted who ask from now on. Connections that are there stay.
pub(super) struct Current {
    files: Files,
    shown: RwLock<Option<(Credentials, Arc<ServerConfig>)>>,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Current {
    /// Of what is in the files. They may not be there yet: a Secret that the hub makes comes with the hub.
    pub(super) fn of(files: Files) -> Self {
        let current = Self { files, shown: RwLock::default() };
        current.look();
        current
    }

    /// How those are greeted who ask now; `None` where there is no certificate to show.
    pub(super) fn config(&self) -> Option<Arc<ServerConfig>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref().map(|(_, config)| Arc::clone(config))
    }

    /// Reads the files again. What is wrong with them changes nothing.
    pub(super) fn look(&self) {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        let shown = shown.map(|(credentials, _)| credentials);
        let read = match self.files.read() {
            // An optional Secret that is not there.
            Err(_) if shown.is_none() => return,
            read => read,
        };
        let made = read.and_then(|read| match shown {
            Some(shown) if shown == read => Ok(None),
            _ => read.serving_only(HUB).map(|config| Some((read, Arc::new(config)))),
        });
        match made {
            Ok(None) => {}
            Ok(Some(made)) => {
                info!("flows are served with the certificate that was read");
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(made);
            }
            // Of files that are written one after the other the first is of no use alone; it is tried again.
            Err(error) => warn!(%error, "the certificate for who asks for flows stays as it was"),
        }
    }
}

/// Reads them again and again.
pub(super) async fn follow(current: Arc<Current>) {
    loop {
        tokio::time::sleep(LOOK).await;
        current.look();
    }
}
