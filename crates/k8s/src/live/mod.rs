//! The objects of a live cluster, through its API server. Nothing is written to it.
//!
//! The answer is the whole or an error: what cannot be listed, because of rights, the network or time,
//! is never left out. The lists are those of nearby moments, not of one: the API has no other.

pub(crate) mod connect;
pub(crate) mod error;
mod list;
mod resource;

pub use error::LiveError;

use crate::{
    Options, Reading, read_texts,
    snapshot::{Redactor, Snapshot},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// Which cluster, and as whom.
#[derive(Clone, Debug)]
pub struct Access {
    /// The kubeconfig; without one `$KUBECONFIG`, `~/.kube/config`, or what a pod is given.
    pub kubeconfig: Option<PathBuf>,
    /// The context; without one the current context.
    pub context: Option<String>,
    /// How long reading may take in all.
    pub timeout: Duration,
}

/// The bearer token of who asks, as a kubeconfig or a pod has it; `None` where it has none, but a certificate or a
/// program that gets one.
///
/// # Errors
/// When the kubeconfig cannot be used.
pub fn token(access: &Access) -> Result<Option<String>, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LiveError::Runtime(error.to_string()))?;
    runtime.block_on(connect::token(access))
}

/// Reads a cluster.
///
/// # Errors
/// When it cannot be read to the end, in time.
pub fn read_cluster(access: &Access, options: &Options) -> Result<Reading, LiveError> {
    let snapshot = snapshot_cluster(access, None)?;
    Ok(read_texts(snapshot.texts("cluster"), options))
}

/// What a snapshot keeps of a cluster.
///
/// # Errors
/// When it cannot be read to the end, in time.
pub fn snapshot_cluster(access: &Access, redactor: Option<Redactor>) -> Result<Snapshot, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| LiveError::Runtime(error.to_string()))?;
    let reading = async {
        let cluster = Arc::new(connect::connect(access).await?);
        let resources = resource::served(&cluster).await?;
        list::all(&cluster, resources, redactor).await
    };
    let limit = access.timeout;
    let result = runtime.block_on(async { tokio::time::timeout(limit, reading).await });
    // A program that was asked for credentials may still be at it; nobody waits for it.
    runtime.shutdown_background();
    result.unwrap_or(Err(LiveError::Timeout { seconds: limit.as_secs() }))
}
