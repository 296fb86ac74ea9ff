//! The folder of a snapshot. It is there whole, or not at all.

use anyhow::{Context, bail};
use sekisho_k8s::snapshot::{FORMAT, Snapshot};
use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

/// What says that a folder is a snapshot, and of what. No verb reads it.
const ABOUT: &str = "SNAPSHOT.txt";
/// Its first line.
const TITLE: &str = "sekisho snapshot";

/// A folder that a snapshot may be written to.
pub(super) struct Folder<'f> {
    path: &'f Path,
    parent: PathBuf,
}

impl<'f> Folder<'f> {
    /// Refuses a folder that holds anything but a snapshot.
    pub(super) fn check(path: &'f Path) -> anyhow::Result<Self> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let folder = Self { path, parent };
        match fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(folder),
            Err(error) => {
                Err(error).with_context(|| format!("cannot write a snapshot to `{}`", path.display()))
            }
            Ok(mut entries) => {
                if entries.next().is_some() && !Self::is_snapshot(path) {
                    bail!(
                        "`{}` is not empty, and not a snapshot: name a folder that is not there yet",
                        path.display()
                    );
                }
                Ok(folder)
            }
        }
    }

    /// Whether a snapshot is what the folder holds.
    pub(super) fn is_snapshot(path: &Path) -> bool {
        fs::read_to_string(path.join(ABOUT)).is_ok_and(|about| about.starts_with(TITLE))
    }

    /// Writes all files beside the folder, and then puts them in its place.
    pub(super) fn write(&self, files: &[(String, String)], about: &str) -> anyhow::Result<()> {
        let context = || format!("cannot write the snapshot `{}`", self.path.display());
        self.write_all(files, about).with_context(context)
    }

    fn write_all(&self, files: &[(String, String)], about: &str) -> anyhow::Result<()> {
        fs::create_dir_all(&self.parent)?;
        let beside = tempfile::Builder::new().prefix(".sekisho-snapshot-").tempdir_in(&self.parent)?;
        let (new, old) = (beside.path().join("new"), beside.path().join("old"));
        fs::create_dir(&new)?;
        fs::write(new.join(ABOUT), about)?;
        for (name, text) in files {
            fs::write(new.join(name), text)?;
        }
        match fs::rename(self.path, &old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        if let Err(error) = fs::rename(&new, self.path) {
            // Better the old one than none; where even that fails, the first error says why.
            let _ = fs::rename(&old, self.path);
            return Err(error.into());
        }
        beside.close()?;
        Ok(())
    }
}

/// What the snapshot is, for whoever is given it.
pub(super) fn about(snapshot: &Snapshot, from: &str, hidden: bool) -> String {
    let version = env!("SEKISHO_VERSION");
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    let hidden = if hidden { "hidden" } else { "as they are" };
    let mut text = format!(
        "{TITLE} {FORMAT}\n\ntaken of {from}, {now}, by sekisho {version}\nnames and addresses: {hidden}\n\n\
         What network policies see of a cluster, and nothing else. To ask about it, name this folder:\n\
         \n    sekisho reach FOLDER\n\n"
    );
    for (kind, count) in snapshot.counts() {
        // INVARIANT: writing into a string does not fail.
        let _ = writeln!(text, "{count:>8} {kind}");
    }
    text
}
