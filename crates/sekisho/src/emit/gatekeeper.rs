//! A constraint template of Gatekeeper, and a constraint.

use super::{
    Emitted,
    clause::{Cel, Clause},
    head, list, quoted, rego,
};

/// The rule of a clause.
fn rule(clause: &Clause) -> String {
    let message = match &clause.cel {
        Cel::Right(_) => quoted(&format!("{}: {}", clause.code, clause.message)),
        Cel::Wrong(_) => {
            format!("sprintf(\"{}: `%v`: %v\", [what, {}])", clause.code, quoted(&clause.message))
        }
    };
    let body: String = clause.rego.iter().map(|line| format!("  {line}\n")).collect();
    format!(
        "\nviolation[{{\"msg\": msg}}] {{\n  policy.kind == \"NetworkPolicy\"\n{body}  msg := {message}\n}}\n"
    )
}

/// The template and a constraint, as manifests.
pub(super) fn text(emitted: &Emitted) -> String {
    let rules: String = emitted.clauses.iter().map(rule).collect();
    let rego = rego::helpers(&emitted.tables) + &rules;
    let rego: Vec<String> = rego
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("        {line}") })
        .collect();
    let mut text = format!(
        "{}apiVersion: templates.gatekeeper.sh/v1\n\
         kind: ConstraintTemplate\n\
         metadata:\n  name: sekishostandard\n\
         spec:\n  crd:\n    spec:\n      names:\n        kind: SekishoStandard\n\
         \x20 targets:\n    - target: admission.k8s.gatekeeper.sh\n      rego: |\n{}\n\
         ---\n\
         apiVersion: constraints.gatekeeper.sh/v1beta1\n\
         kind: SekishoStandard\n\
         metadata:\n  name: sekisho-standard\n\
         spec:\n  match:\n    kinds:\n      - apiGroups: [networking.k8s.io]\n        kinds: [NetworkPolicy]\n",
        head("The standard, for Gatekeeper", emitted),
        rego.join("\n")
    );
    if !emitted.exempt.is_empty() {
        text.push_str(&format!("    excludedNamespaces: {}\n", list(&emitted.exempt)));
    }
    text
}
