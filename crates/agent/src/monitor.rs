//! Threads that hear what others do to the table, and to links.

use crate::engine::Message;
use sekisho_nft::{LinkMonitor, Monitor};
use std::{thread, time::Duration};
use tokio::sync::mpsc::Sender;
use tracing::warn;

/// How long it waits before it looks whether anybody still wants to know.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it gathers what happens together: a ruleset that somebody loads is many changes.
const TOGETHER: Duration = Duration::from_millis(20);

/// Tells the engine of changes that are not its own. The caller's network namespace is listened to.
pub(crate) fn run(mut monitor: Monitor, engine: &Sender<Message>) {
    while !engine.is_closed() {
        match monitor.wait(PATIENCE) {
            Ok(false) => {}
            Ok(true) => {
                // One comparison is enough for what comes together. What comes after it was asked for is
                // heard anew, so the order matters.
                thread::sleep(TOGETHER);
                if let Err(error) = monitor.drain() {
                    warn!(%error, "cannot hear what others do to the table");
                }
                if engine.blocking_send(Message::Drifted).is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "cannot hear what others do to the table");
                thread::sleep(PATIENCE);
            }
        }
    }
}

/// Tells the engine that links have changed: a bridge may be among them.
pub(crate) fn links(mut monitor: LinkMonitor, engine: &Sender<Message>) {
    while !engine.is_closed() {
        match monitor.wait(PATIENCE) {
            Ok(false) => {}
            Ok(true) => {
                // What comes while the engine looks is heard after it.
                if engine.blocking_send(Message::Linked).is_err() {
                    return;
                }
            }
            Err(error) => {
                warn!(%error, "cannot hear of links");
                thread::sleep(PATIENCE);
            }
        }
    }
}
