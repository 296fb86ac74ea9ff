//! Certificates that somebody else writes into files, such as cert-manager.

use super::Current;
use anyhow::Context;
use std::{path::Path, sync::Arc, time::Duration};
use tracing::{info, warn};

/// How often it is looked whether they have changed.
const LOOK: Duration = Duration::from_secs(5);

/// Shows what is in the files, and what will be.
pub(in crate::serve) async fn follow(
    certificate: &Path,
    key: &Path,
    current: Arc<Current>,
) -> anyhow::Result<()> {
    let mut shown = read(certificate, key)?;
    current.show(&shown.0, &shown.1)?;
    loop {
        tokio::time::sleep(LOOK).await;
        // Of two files that are written one after the other the first is of no use alone; it is tried again.
        let again = match read(certificate, key) {
            Ok(again) if again == shown => continue,
            Ok(again) => again,
            Err(error) => {
                warn!("the certificate stays as it was: {error:#}");
                continue;
            }
        };
        match current.show(&again.0, &again.1) {
            Ok(()) => {
                info!("the certificate was read again");
                shown = again;
            }
            Err(error) => warn!("the certificate stays as it was: {error:#}"),
        }
    }
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let text = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()));
    Ok((text(certificate)?, text(key)?))
}
