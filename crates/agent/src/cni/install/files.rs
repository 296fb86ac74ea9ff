//! Files that are there whole or not at all.

use anyhow::{Context, Error};
use std::{
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Writes a file in the place of another: who reads sees one or the other. The name that it has for a
/// moment is none that runtimes look for.
pub(super) fn put(path: &Path, mode: u32, content: &mut dyn Read) -> Result<(), Error> {
    let folder = path.parent().context("it is in no folder")?;
    let mut file = tempfile::Builder::new().prefix(".sekisho-").suffix(".new").tempfile_in(folder)?;
    io::copy(content, &mut file)?;
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The name, too, outlives a power failure.
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes a file of the network's configuration; one that is there keeps its permissions, and stays where
/// a link to it leads.
pub(super) fn put_text(path: &Path, text: &str) -> Result<(), Error> {
    let put_there = || {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mode = fs::metadata(&path).map(|file| file.permissions().mode() & 0o777);
        put(&path, mode.unwrap_or(0o600), &mut text.as_bytes())
    };
    put_there().with_context(|| format!("cannot write `{}`", path.display()))
}

/// Reads a file of the network's configuration.
pub(super) fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// The files in `folder` that runtimes look at, in their order; none where there is no such folder.
pub(super) fn configurations(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let said = || format!("cannot read the folder `{}`", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(said)?,
    };
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, io::Error>>().with_context(said)?;
    let is_configuration = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "conf" || kind == "conflist" || kind == "json")
            && !path.is_dir()
    };
    paths.retain(is_configuration);
    paths.sort_by(|one, other| one.as_os_str().cmp(other.as_os_str()));
    Ok(paths)
}
