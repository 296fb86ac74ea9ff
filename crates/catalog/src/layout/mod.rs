//! Policies as the files that people keep: texts by their paths, each the same on every run.

mod helm;
mod kustomize;
mod plain;

use crate::{Catalog, Written};
use sekisho_core::object::ObjectKey;
use sekisho_k8s::emit;
use std::{collections::BTreeMap, sync::Arc};

/// The first line of every file that is generated. By it those are known that may be replaced and removed.
pub const MARK: &str = "# Written by sekisho generate from sekisho.yaml; change that instead.";

/// Texts by their paths, with `/` between folders.
pub type Files = BTreeMap<String, String>;

/// How files are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A folder for each namespace, with a file for each policy.
    Plain,
    /// A base with what environments have in common, and an overlay for each.
    Kustomize,
    /// A chart, with the environment as a value.
    Helm,
}

impl Catalog {
    /// The files of `environment`, or of all: `Plain` has a folder for each then, where there are several, and the
    /// others have all of them anyhow.
    #[must_use]
    pub fn files(&self, layout: Layout, environment: Option<&str>) -> Files {
        match layout {
            Layout::Plain => plain::files(self, environment),
            Layout::Kustomize => kustomize::files(self),
            Layout::Helm => helm::files(self),
        }
    }

    /// The policies of `environment` as one text.
    #[must_use]
    pub fn text(&self, environment: Option<&str>) -> String {
        let texts: Vec<String> = self.policies(environment).iter().map(manifest).collect();
        format!("{MARK}\n\n{}", texts.join("---\n"))
    }

    fn environment_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.environments.iter().map(|environment| &environment.name)
    }
}

fn manifest(written: &Written) -> String {
    emit::policy(&written.policy, &written.remarks).to_document()
}

/// `text` under the line that says where it comes from.
fn marked(text: &str) -> String {
    format!("{MARK}\n\n{text}")
}

/// The path of a policy's file.
fn path(key: &ObjectKey) -> String {
    format!("{}/{}.yaml", key.namespace, key.name)
}
