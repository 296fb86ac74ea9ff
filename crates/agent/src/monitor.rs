//! A thread that hears what others do to the table.

use crate::engine::Message;
use sekisho_nft::Monitor;
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
