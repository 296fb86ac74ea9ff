//! Addresses at which connections come.

use anyhow::Context;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// How many may be connected at once at each address.
pub(super) const CONNECTIONS: usize = 512;

/// Listens at `at`.
pub(super) async fn listen(at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen at `{at}`"))
}

/// The next connection, as soon as there is a place for it.
pub(super) async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Else a short answer behind TLS's greeting waits up to 40 ms until the other side says that it heard that.
                // Where it cannot be set, it is slow.
                let _ = stream.set_nodelay(true);
                return Some((stream, place));
            }
            // Too many files: those that are open close.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
