//! The files that paths stand for.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};
use thiserror::Error;
use walkdir::{DirEntry, WalkDir};

/// The largest file that is read, in bytes. The pods of the largest clusters stay under it.
pub const MAX_BYTES: u64 = 1 << 30;

/// What kept the reader from a text.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The path does not exist, or cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is larger than [`MAX_BYTES`].
    #[error("`{}` is larger than {} MiB, and is not read", path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// The path.
        path: PathBuf,
    },
}

/// A file, or standard input.
#[derive(Debug)]
pub(crate) struct Source(PathBuf);

impl Source {
    /// What to call it: the path as it was named.
    pub(crate) fn name(&self) -> String {
        self.0.display().to_string()
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        let read = if is_stdin(&self.0) {
            io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
        } else {
            File::open(&self.0).and_then(|file| {
                let size = file.metadata().map_or(0, |metadata| metadata.len());
                bytes.reserve(usize::try_from(size.min(MAX_BYTES)).unwrap_or(0));
                file.take(MAX_BYTES + 1).read_to_end(&mut bytes)
            })
        };
        let size = read.map_err(|error| ReadError::Io { path: self.0.clone(), error })?;
        if size as u64 > MAX_BYTES {
            return Err(ReadError::TooLarge { path: self.0.clone() });
        }
        Ok(bytes)
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The files of `paths`, folders opened up.
pub(crate) fn expand(paths: &[PathBuf]) -> Result<Vec<Source>, ReadError> {
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for path in paths {
        if is_stdin(path) {
            if seen.insert(path.clone()) {
                sources.push(Source(path.clone()));
            }
            continue;
        }
        let io = |error| ReadError::Io { path: path.clone(), error };
        if !path.metadata().map_err(io)?.is_dir() {
            if seen.insert(path.canonicalize().map_err(io)?) {
                sources.push(Source(path.clone()));
            }
            continue;
        }
        for file in folder(path)? {
            let real = file.canonicalize().map_err(|error| ReadError::Io { path: file.clone(), error })?;
            if seen.insert(real) {
                sources.push(Source(file));
            }
        }
    }
    Ok(sources)
}

/// The manifests under `folder`. Links are followed; one that leads back to a folder around it is
/// not, and one that leads nowhere is passed over.
fn folder(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let mut files = Vec::new();
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_manifest(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => {}
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) if error.path().is_some_and(Path::is_symlink) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let error = error.into_io_error().unwrap_or_else(|| io::ErrorKind::Other.into());
                return Err(ReadError::Io { path, error });
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

/// Whether a file is read where `named`, itself or a folder around it, is given to be read.
#[must_use]
pub fn is_read(named: &Path, file: &Path) -> bool {
    let Ok(below) = file.strip_prefix(named) else { return false };
    let is_hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
    below == Path::new("") || (is_manifest(file) && !below.components().any(is_hidden))
}

/// Whether a file of a folder is read, by how its name ends.
#[must_use]
pub fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}
