//! What of the standard can be said without knowing the cluster, for those who refuse at the API server: as a
//! Gatekeeper constraint template, or as a ValidatingAdmissionPolicy.
//!
//! Each clause is written in both languages, and tests hold both against the same policies, CEL in a real API server
//! too. Nothing is refused that the standard admits: what a clause cannot tell passes. What needs to know pods is left
//! to `sekisho check`, and the text that is printed says so.

mod cel;
mod clause;
mod gatekeeper;
mod rego;
mod tables;
mod vap;

use crate::args::Emit;
use anyhow::bail;
use clause::Clause;
use sekisho_core::standard::Standard;
use serde_json::Value;
use tables::Tables;

/// How many bytes an object may have: etcd takes 1.5 MiB, and the server adds who manages which field.
const MOST: usize = 1_400_000;

/// What is printed.
struct Emitted {
    tables: Tables,
    clauses: Vec<Clause>,
    /// The namespaces of which nothing is asked.
    exempt: Vec<String>,
    /// Whether it is the standard of one environment.
    has_environment: bool,
}

/// The text of what is asked for.
///
/// # Errors
/// When no API server would take it.
pub(crate) fn emit(emit: Emit, standard: &Standard) -> anyhow::Result<String> {
    let emitted = Emitted {
        tables: Tables::of(standard),
        clauses: clause::clauses(standard),
        exempt: standard.exempt.iter().map(ToString::to_string).collect(),
        has_environment: standard.environment.is_some(),
    };
    let text = match emit {
        Emit::Gatekeeper => gatekeeper::text(&emitted),
        Emit::Vap => vap::text(&emitted)?,
    };
    if text.len() > MOST {
        bail!(
            "the catalog has {} components, and an API server takes no object as large as that makes \
             ({} bytes); emit from a catalog of fewer services",
            standard.components.len(),
            text.len()
        );
    }
    Ok(text)
}

/// A comment over several lines that says what this is, and what it does not see.
fn head(what: &str, emitted: &Emitted) -> String {
    let mut text = format!(
        "# {what}, written by `sekisho check --emit`.\n\
         # It refuses what the ingress rules of a policy give away by themselves. Whom selectors mean, who is left without\n\
         # a policy, egress, and exceptions that are over, only `sekisho check` can tell.\n\
         # What is not judged passes: address blocks that are no CIDR for Kubernetes' own libraries (leading zeros), and\n\
         # an internet that is written with exceptions which other entries let in again.\n"
    );
    if !emitted.has_environment {
        text.push_str(
            "# It is of no one environment (`--environment`): ranges of other environments pass.\n",
        );
    }
    text
}

/// A text in double quotes, which YAML, CEL and Rego read alike.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A list of texts, which they read alike too.
fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A table, which CEL and Rego read alike: an entry a line.
fn literal(table: &Value) -> String {
    let Value::Object(entries) = table else { return table.to_string() };
    if entries.is_empty() {
        return "{}".to_owned();
    }
    let entries: Vec<String> =
        entries.iter().map(|(key, value)| format!("  {}: {value}", quoted(key))).collect();
    format!("{{\n{}\n}}", entries.join(",\n"))
}
