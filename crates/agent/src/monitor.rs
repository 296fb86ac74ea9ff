//! Threads that hear what others do to the table, and to links, and look for connections.

use crate::engine::Message;
use sekisho_nft::{
    LinkMonitor, Monitor, NetlinkError,
    conntrack::{Looker, Scope},
};
use std::{sync::mpsc::Receiver, thread, time::Duration};
use tokio::sync::mpsc::Sender;
use tracing::warn;

/// How long it waits before it looks whether anybody still wants to know.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it gathers what happens together: a ruleset that somebody loads is many changes.
const TOGETHER: Duration = Duration::from_millis(20);

/// Tells the engine of changes that are not its own. The caller's network namespace is listened to.
pub(crate) fn run(mut monitor: Monitor, engine: &Sender<Message>) {
    listen(engine, "what others do to the table", || {
        if !monitor.wait(PATIENCE)? {
            return Ok(None);
        }
        // One comparison is enough for what comes together. What comes after it was asked for is
        // heard anew, so the order matters.
        thread::sleep(TOGETHER);
        if let Err(error) = monitor.drain() {
            warn!(%error, "cannot hear what others do to the table");
        }
        Ok(Some(Message::Drifted))
    });
}

/// Tells the engine that links have changed: a bridge may be among them.
pub(crate) fn links(mut monitor: LinkMonitor, engine: &Sender<Message>) {
    // What comes while the engine looks is heard after it.
    listen(engine, "of links", || Ok(monitor.wait(PATIENCE)?.then_some(Message::Linked)));
}

/// Looks for connections as it is asked to, and tells the engine what was found, for as long as it is there.
pub(crate) fn look(mut looker: Looker, asked: &Receiver<Scope>, engine: &Sender<Message>) {
    while let Ok(scope) = asked.recv() {
        if engine.blocking_send(Message::Looked(looker.look(scope))).is_err() {
            return;
        }
    }
}

/// Tells the engine what is heard, for as long as it is there. Where nothing can be heard, it is tried again.
fn listen(
    engine: &Sender<Message>,
    what: &str,
    mut heard: impl FnMut() -> Result<Option<Message>, NetlinkError>,
) {
    while !engine.is_closed() {
        match heard() {
            Ok(None) => {}
            Ok(Some(message)) => {
                if engine.blocking_send(message).is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "cannot hear {what}");
                thread::sleep(PATIENCE);
            }
        }
    }
}
