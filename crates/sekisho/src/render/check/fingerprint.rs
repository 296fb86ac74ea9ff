//! What services know a finding by, from one run to the next: by no line, for lines move.

use crate::check::paths::Place;
use sekisho_lint::Finding;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How many characters are enough.
const LENGTH: usize = 32;

/// Fingerprints of one run, of which no two are the same.
#[derive(Default)]
pub(super) struct Fingerprints(BTreeMap<String, usize>);

impl Fingerprints {
    /// That of the next finding. Those that look alike are counted.
    pub(super) fn next(&mut self, finding: &Finding, place: &Place) -> String {
        let parts = [finding.code(), &place.path, &finding.subject.to_string(), &finding.diagnostic.message]
            .join("\0");
        let count = self.0.entry(parts.clone()).or_default();
        *count += 1;
        let digest = Sha256::digest(format!("{parts}\0{count}"));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.get(..LENGTH).unwrap_or(&hex).to_owned()
    }
}
