//! A ValidatingAdmissionPolicy, and its binding.

use super::{clause::Clause, head, quoted};

/// The ingress rules that have effect.
const INGRESS: &str = "has(object.spec.ingress) && (!has(object.spec.policyTypes) || \
     object.spec.policyTypes.exists(one, one == \"Ingress\")) ? object.spec.ingress : []";

/// The policy and its binding, as manifests.
pub(super) fn text(clauses: &[Clause]) -> String {
    let mut text = format!(
        "{}apiVersion: admissionregistration.k8s.io/v1\n\
         kind: ValidatingAdmissionPolicy\n\
         metadata:\n  name: sekisho-standard\n\
         spec:\n  failurePolicy: Fail\n\
         \x20 matchConstraints:\n    resourceRules:\n\
         \x20     - apiGroups: [networking.k8s.io]\n        apiVersions: [v1]\n\
         \x20       operations: [CREATE, UPDATE]\n        resources: [networkpolicies]\n\
         \x20 variables:\n    - name: ingress\n      expression: {}\n\
         \x20 validations:\n",
        head("The standard, for the API server (Kubernetes 1.31 or newer)"),
        single(INGRESS)
    );
    for clause in clauses {
        let message = quoted(&format!("{}: {}", clause.code, clause.message));
        text.push_str(&format!("    - expression: {}\n      message: {message}\n", single(&clause.cel)));
    }
    text.push_str(
        "---\n\
         apiVersion: admissionregistration.k8s.io/v1\n\
         kind: ValidatingAdmissionPolicyBinding\n\
         metadata:\n  name: sekisho-standard\n\
         spec:\n  policyName: sekisho-standard\n  validationActions: [Deny]\n",
    );
    text
}

/// A text in single quotes, as YAML has them.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
