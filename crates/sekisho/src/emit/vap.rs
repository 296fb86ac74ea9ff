//! A ValidatingAdmissionPolicy, and its binding.

use super::{
    Emitted,
    cel::{self, Variable, naming},
    clause::Cel,
    head, list, quoted,
};
use anyhow::bail;

/// A text over several lines, as YAML has them, under a key that is indented by `indent`.
fn block(text: &str, indent: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("{:indent$}  {line}", "")).collect();
    format!("|-\n{}", lines.join("\n"))
}

/// How many characters of an expression Kubernetes parses.
const LONGEST: usize = 100_000;

/// The policy and its binding, as manifests.
///
/// # Errors
/// When a table is longer than an expression may be.
pub(super) fn text(emitted: &Emitted) -> anyhow::Result<String> {
    let mut variables = cel::variables(&emitted.tables);
    let mut validations = String::new();
    for (number, clause) in emitted.clauses.iter().enumerate() {
        let message = quoted(&format!("{}: {}", clause.code, clause.message));
        let (expression, told) = match &clause.cel {
            Cel::Right(expression) => (expression.clone(), None),
            Cel::Wrong(expression) => {
                let name = format!("wrong{number}");
                let about = format!("{}: {}", clause.code, clause.message);
                variables.push(Variable::new(&name, &about, expression.clone()));
                let list = format!("variables.{name}");
                let told = naming(clause.code, &list, &clause.message);
                (format!("{list}.all(some, size(some) == 0)"), Some(told))
            }
        };
        validations
            .push_str(&format!("    - expression: {}\n      message: {message}\n", block(&expression, 6)));
        if let Some(told) = told {
            validations.push_str(&format!("      messageExpression: {}\n", block(&told, 6)));
        }
    }
    if let Some(long) = variables.iter().find(|one| one.expression.len() > LONGEST) {
        bail!(
            "`{}` ({}) takes an expression of {} characters, and Kubernetes parses no more than {LONGEST}; \
             name fewer, or wider ones, in `peers`",
            long.name,
            long.about,
            long.expression.len()
        );
    }
    let variables: String = variables
        .iter()
        .map(|one| {
            let expression = block(&one.expression, 6);
            format!("    # {}\n    - name: {}\n      expression: {expression}\n", one.about, one.name)
        })
        .collect();
    Ok(format!(
        "{}apiVersion: admissionregistration.k8s.io/v1\n\
         kind: ValidatingAdmissionPolicy\n\
         metadata:\n  name: sekisho-standard\n\
         spec:\n  failurePolicy: Fail\n\
         \x20 matchConstraints:\n{}    resourceRules:\n\
         \x20     - apiGroups: [networking.k8s.io]\n        apiVersions: [v1]\n\
         \x20       operations: [CREATE, UPDATE]\n        resources: [networkpolicies]\n\
         \x20 variables:\n{variables}\
         \x20 validations:\n{validations}\
         ---\n\
         apiVersion: admissionregistration.k8s.io/v1\n\
         kind: ValidatingAdmissionPolicyBinding\n\
         metadata:\n  name: sekisho-standard\n\
         spec:\n  policyName: sekisho-standard\n  validationActions: [Deny]\n",
        head("The standard, for the API server (Kubernetes 1.31 or newer)", emitted),
        namespaces(&emitted.exempt)
    ))
}

/// The namespaces that it is about.
fn namespaces(exempt: &[String]) -> String {
    if exempt.is_empty() {
        return String::new();
    }
    format!(
        "    namespaceSelector:\n      matchExpressions:\n        - key: kubernetes.io/metadata.name\n\
         \x20         operator: NotIn\n          values: {}\n",
        list(exempt)
    )
}
