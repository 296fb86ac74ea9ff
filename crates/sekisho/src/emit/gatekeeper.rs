//! A constraint template of Gatekeeper, and a constraint.

use super::{clause::Clause, head, quoted};

/// What every clause may call.
const HELPERS: &str = "\
package sekisho.standard

policy := input.review.object

is_ingress { not policy.spec.policyTypes }

is_ingress { policy.spec.policyTypes[_] == \"Ingress\" }

ingress[rule] {
  is_ingress
  rule := policy.spec.ingress[_]
}

from(rule) := object.get(rule, \"from\", [])

ports(rule) := object.get(rule, \"ports\", [])

opens_all(rule) { count(ports(rule)) == 0 }

opens_all(rule) {
  entry := ports(rule)[_]
  not entry.port
}

is_one_of(selector, names) { selector.matchLabels[\"kubernetes.io/metadata.name\"] == names[_] }

is_called(object, names) { sprintf(\"%v/%v\", [object.metadata.namespace, object.metadata.name]) == names[_] }

overlap(one, other) { net.cidr_contains(one, other) }

overlap(one, other) { net.cidr_contains(other, one) }
";

/// The rules, in the form of Rego that every Gatekeeper takes.
fn rego(clauses: &[Clause]) -> String {
    let mut text = HELPERS.to_owned();
    for clause in clauses {
        let message = quoted(&format!("{}: {}", clause.code, clause.message));
        text.push_str("\nviolation[{\"msg\": msg}] {\n  policy.kind == \"NetworkPolicy\"\n");
        for line in &clause.rego {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(&format!("  msg := {message}\n}}\n"));
    }
    text
}

/// The template and a constraint, as manifests.
pub(super) fn text(clauses: &[Clause]) -> String {
    let rego: Vec<String> = rego(clauses)
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("        {line}") })
        .collect();
    format!(
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
        head("The standard, for Gatekeeper"),
        rego.join("\n")
    )
}
