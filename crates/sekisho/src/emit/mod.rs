//! What of the standard can be said without knowing the cluster, for those who refuse at the API server: as a
//! Gatekeeper constraint template, or as a ValidatingAdmissionPolicy.
//!
//! Each clause is written in both languages, and tests hold both against the same policies. What needs to know pods is
//! left to `sekisho check`, and the text that is printed says so.

mod clause;
mod gatekeeper;
mod vap;

use crate::args::Emit;
use sekisho_core::standard::Standard;

/// The text of what is asked for.
pub(crate) fn emit(emit: Emit, standard: &Standard) -> String {
    let clauses = clause::clauses(standard);
    match emit {
        Emit::Gatekeeper => gatekeeper::text(&clauses),
        Emit::Vap => vap::text(&clauses),
    }
}

/// A comment over several lines that says what this is.
fn head(what: &str) -> String {
    format!(
        "# {what}, written by `sekisho check --emit`.\n\
         # It refuses what a policy's own text gives away. Whom selectors mean, and who is left without a policy, only\n\
         # `sekisho check` can tell.\n"
    )
}

/// A text in double quotes, which YAML, CEL and Rego read alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
