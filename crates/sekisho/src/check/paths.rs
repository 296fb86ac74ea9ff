//! Where files lie, as others see it: services that show findings beside a change, and whoever runs the same from
//! another folder.

use crate::git;
use anyhow::Context;
use std::{
    env, fs,
    path::{Component, Path, PathBuf},
};

/// What is said behind the name of a folder that programs make manifests of.
const BUILT: [&str; 2] = [" (kustomize)", " (helm)"];

/// The folders that paths are relative to.
#[derive(Clone)]
pub(crate) struct Paths {
    here: PathBuf,
    top: PathBuf,
}

/// A text by its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The path, with slashes.
    pub(crate) path: String,
    /// Whether its lines are those of the file there. Of a folder that is built they are of no file.
    pub(crate) is_file: bool,
}

impl Paths {
    /// Those of the current folder, and of the repository that it is in.
    ///
    /// # Errors
    /// Where there is no current folder.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let here = env::current_dir().and_then(fs::canonicalize).context("there is no current folder")?;
        let top = git::top().unwrap_or_else(|| here.clone());
        Ok(Self { here, top })
    }

    /// Where the text of this name lies, relative to the top of the repository, or else to the current folder.
    pub(crate) fn place(&self, source: &str) -> Place {
        let built = BUILT.iter().find_map(|sign| source.strip_suffix(sign));
        let path =
            if source == "-" { source.to_owned() } else { self.relative(built.unwrap_or(source), &self.top) };
        Place { path, is_file: built.is_none() && source != "-" }
    }

    /// The path of `source`, from `folder`, which is one seen from the current folder. The sign of what is built stays.
    pub(crate) fn relative(&self, source: &str, folder: &Path) -> String {
        let (folder, path) = (self.whole(folder), self.whole(Path::new(source)));
        let path = if path.starts_with(&folder) { path } else { fs::canonicalize(&path).unwrap_or(path) };
        between(&folder, &path)
    }

    /// The path from the root, without `.` and `..`.
    fn whole(&self, path: &Path) -> PathBuf {
        let mut whole = PathBuf::new();
        for part in self.here.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        whole
    }
}

/// The way from a folder to a path, both from the root.
fn between(folder: &Path, path: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), path.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| "..".to_owned());
    let down = to.iter().skip(shared).map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts: Vec<String> = up.chain(down).collect();
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let paths = Paths { here: "/none/repo/sub".into(), top: "/none/repo".into() };
        for (source, path, is_file) in [
            ("a.yaml", "sub/a.yaml", true),
            ("./b//a.yaml", "sub/b/a.yaml", true),
            ("../a.yaml", "a.yaml", true),
            ("/none/repo/a.yaml", "a.yaml", true),
            ("/elsewhere/a.yaml", "../../elsewhere/a.yaml", true),
            ("base (kustomize)", "sub/base", false),
            (".", "sub", true),
            ("-", "-", false),
        ] {
            assert_eq!(paths.place(source), Place { path: path.to_owned(), is_file }, "{source}");
        }
        assert_eq!(paths.relative("a.yaml", Path::new("..")), "sub/a.yaml");
        assert_eq!(paths.relative("base (kustomize)", Path::new("")), "base (kustomize)");
        assert_eq!(paths.relative("../x/a.yaml", Path::new("deep/er")), "../../../x/a.yaml");
    }
}
