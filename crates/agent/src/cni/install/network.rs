//! The network of a node: the first configuration of its folder, as runtimes choose it.

use super::{
    files::{self, configurations, put_text},
    list,
};
use anyhow::{Context, Error};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The end of the name of a list that is made of a lone configuration: with it, it comes before that one.
const MADE: &str = "-sekisho.conflist";

/// The network that the plugin was added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// The file.
    pub(super) path: PathBuf,
    /// Whether it had to be written.
    pub(super) changed: bool,
}

/// Adds the plugin to the network that runtimes choose. None where there is none.
pub(super) fn add(folder: &Path, socket: &Path) -> Result<Option<Network>, Error> {
    let files = configurations(folder)?;
    for path in &files {
        let named = || format!("`{}`", path.display());
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(MADE) {
            let lone = ["conf", "json"].map(|kind| folder.join(format!("{stem}.{kind}")));
            match lone.into_iter().find(|lone| files.contains(lone)) {
                Some(lone) => return make(&lone, path, socket).map(Some),
                // The network that it was made of is gone.
                None => fs::remove_file(path).with_context(named)?,
            }
        } else if path.extension().is_some_and(|kind| kind == "conflist") {
            let changed = list::with_plugin(&files::text(path)?, socket).with_context(named)?;
            changed.as_ref().map(|text| put_text(path, text)).transpose()?;
            return Ok(Some(Network { path: path.clone(), changed: changed.is_some() }));
        } else {
            let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
            return make(path, &folder.join(format!("{stem}{MADE}")), socket).map(Some);
        }
    }
    Ok(None)
}

/// Makes a list of a lone configuration, which stays as it is.
fn make(lone: &Path, path: &Path, socket: &Path) -> Result<Network, Error> {
    let text = files::text(lone)?;
    let list = list::of_lone(&text, socket).with_context(|| format!("`{}`", lone.display()))?;
    let changed = !fs::read_to_string(path).is_ok_and(|text| text == list);
    if changed {
        put_text(path, &list)?;
    }
    Ok(Network { path: path.to_owned(), changed })
}

/// Takes the plugin out of all networks; tells which had it.
pub(super) fn remove(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut changed = Vec::new();
    for path in configurations(folder)? {
        let named = || format!("`{}`", path.display());
        if path.to_string_lossy().ends_with(MADE) {
            fs::remove_file(&path).with_context(named)?;
        } else if path.extension().is_some_and(|kind| kind == "conflist")
            && let text = files::text(&path)?
            && text.contains(crate::cni::NAME)
            && let Some(text) = list::without_plugin(&text).with_context(named)?
        {
            put_text(&path, &text)?;
        } else {
            continue;
        }
        changed.push(path);
    }
    Ok(changed)
}
