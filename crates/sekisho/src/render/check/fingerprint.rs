//! What services know a finding by, from one run to the next.

use crate::check::{identity::Identity, paths::Place};
use sekisho_k8s::edit::{Editor, Sources};
use sekisho_lint::Finding;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How many characters are enough.
const LENGTH: usize = 32;

/// Fingerprints of one run, of which no two are the same.
pub(super) struct Fingerprints<'s> {
    editor: Editor<'s>,
    counts: BTreeMap<String, usize>,
}

impl<'s> Fingerprints<'s> {
    /// Those of findings in these texts.
    pub(super) fn of(sources: &'s Sources) -> Self {
        Self { editor: Editor::new(sources), counts: BTreeMap::new() }
    }

    /// That of the next finding. Those that look alike are counted.
    pub(super) fn next(&mut self, finding: &Finding, at: &Place) -> String {
        let Identity { path, code, object, place, value } = Identity::of(finding, &at.path, &self.editor);
        let parts = [code, path, object, place, value].join("\0");
        let count = self.counts.entry(parts.clone()).or_default();
        *count += 1;
        let digest = Sha256::digest(format!("{parts}\0{count}"));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.get(..LENGTH).unwrap_or(&hex).to_owned()
    }
}
