//! The exchange, and what becomes of it when policies are applied.

use crate::support::root;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

pub(crate) const EXCHANGE: &str = "examples/exchange/production";

/// A state of the exchange, in files of its own.
pub(crate) struct State(TempDir);

impl State {
    /// The exchange, in which the policies of `texts` have taken the places of their namesakes.
    pub(crate) fn applied(texts: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new: Vec<(Option<String>, String)> = documents(texts).collect();
        let is_new = |name: &Option<String>| name.is_some() && new.iter().any(|(other, _)| other == name);
        let mut all = String::new();
        for file in files(&root().join(EXCHANGE)) {
            for (name, text) in documents(&fs::read_to_string(file).unwrap()) {
                if !is_new(&name) {
                    all += &format!("---\n{text}\n");
                }
            }
        }
        new.iter().for_each(|(_, text)| all += &format!("---\n{text}\n"));
        fs::write(folder.path().join("all.yaml"), all).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("all.yaml").to_str().unwrap().to_owned()
    }

    /// The same without the policies that are only tried.
    #[allow(dead_code, reason = "not every test that shares this tries something")]
    pub(crate) fn enforced(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(self.path()).unwrap();
        let kept = documents(&text).filter(|(_, text)| !text.contains("sekisho.dev/mode: audit"));
        let all: String = kept.map(|(_, text)| format!("---\n{text}\n")).collect();
        fs::write(folder.path().join("all.yaml"), all).unwrap();
        Self(folder)
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The documents of a text, each with what it is called where it is a policy.
pub(crate) fn documents(text: &str) -> impl Iterator<Item = (Option<String>, String)> + '_ {
    let of = text.split("\n---\n").map(|text| text.trim_start_matches("---\n").to_owned());
    let of = of.filter(|text| text.lines().any(|line| !line.starts_with('#') && !line.is_empty()));
    of.map(|text| {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("  {name}: ")));
            line.unwrap_or_default().to_owned()
        };
        let name = text
            .contains("\nkind: NetworkPolicy")
            .then(|| format!("{}/{}", field("namespace"), field("name")));
        (name, text)
    })
}
