//! Following the manifests while a shell is open.

use crate::{Lab, LabError};
use notify::{RecursiveMode, Watcher};
use sekisho_core::object::Cluster;
use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

/// What became of a change of the manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The lab is as the manifests say.
    Done,
    /// They could not be read or applied, and why; the lab is as it was.
    Refused(String),
}

/// How to follow manifests.
pub struct Watching<'a> {
    /// The files and folders.
    pub paths: &'a [PathBuf],
    /// Reads them again.
    pub read: &'a mut dyn FnMut() -> Result<Cluster, String>,
    /// Is told of every change.
    pub told: &'a mut dyn FnMut(&Applied),
}

impl std::fmt::Debug for Watching<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watching").field("paths", &self.paths).finish_non_exhaustive()
    }
}

/// An editor writes a file in several steps: quiet for so long, it has finished.
const QUIET: Duration = Duration::from_millis(150);

impl Lab {
    /// Waits until `shell` ends, and meanwhile makes the lab follow the manifests.
    ///
    /// # Errors
    /// When the files cannot be watched, or the shell's end cannot be learnt.
    pub fn follow(&mut self, shell: super::Shell, watching: Watching<'_>) -> Result<ExitStatus, LabError> {
        let (changed, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let is_change = event.as_ref().is_ok_and(|event| !event.kind.is_access());
            if is_change {
                let _ = changed.send(());
            }
        })
        .map_err(watch_failed)?;
        for path in watching.paths {
            // Editors replace a file by another of its name: that shows in its folder alone.
            let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
            let folder =
                folder.map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
            let mode = if path.is_dir() { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            watcher.watch(folder.unwrap_or(path), mode).map_err(watch_failed)?;
        }
        loop {
            if let Some(status) = shell.ended_within(Duration::from_millis(100)) {
                drop(shell.keeper);
                return status.map_err(LabError::kernel("waiting for the shell"));
            }
            if has_changed(&changes) {
                let applied =
                    (watching.read)().and_then(|cluster| self.apply(&cluster).map_err(|e| e.to_string()));
                (watching.told)(&applied.map_or_else(Applied::Refused, |()| Applied::Done));
            }
        }
    }
}

/// Whether anything has changed; waits until it is quiet again.
fn has_changed(changes: &Receiver<()>) -> bool {
    if changes.try_recv().is_err() {
        return false;
    }
    while changes.recv_timeout(QUIET).is_ok() {}
    true
}

fn watch_failed(error: notify::Error) -> LabError {
    let paths: Vec<String> = error.paths.iter().map(|path| path.display().to_string()).collect();
    LabError::Kernel {
        what: format!("watching {}", paths.join(", ")),
        source: io::Error::other(error.to_string()),
    }
}
