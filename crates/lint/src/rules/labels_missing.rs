//! A workload whose pods lack the labels by which policies name pods, or have a component that there is not.
//!
//! ## Why
//!
//! Policies name a pod by three labels together. A pod without one of them is nobody's caller and nobody's callee, and
//! the policy that was written for it does not select it.
//!
//! ## Wrong
//!
//! ```yaml
//! labels:
//!   app.kubernetes.io/name: trading-bff
//!   app.kubernetes.io/component: bbf
//! ```
//!
//! ## Right
//!
//! ```yaml
//! labels:
//!   app.kubernetes.io/name: trading-bff
//!   app.kubernetes.io/component: bff
//!   app.kubernetes.io/part-of: trading
//! ```
//!
//! ## How to mend
//!
//! Write the labels into the pod template, where the finding says which. The keys, and the values of the component,
//! are those under `naming` in `sekisho.yaml`.
//!
//! ## Sources
//!
//! "Recommended Labels" in the Kubernetes documentation.

use crate::{
    finding::{Report, Subject},
    rule::{Category, Rule},
    words,
    world::World,
};
use sekisho_core::{diagnostic::Severity, near, object::Pod, standard::Naming};
use std::sync::Arc;

pub(crate) static RULE: Rule = Rule {
    code: "SK205",
    name: "labels-missing",
    category: Category::Coverage,
    severity: Severity::Warning,
    yields_to: &[],
    source: include_str!("labels_missing.rs"),
    run,
};

fn run(world: &World<'_>, report: &mut Report<'_>) {
    let Some(naming) = world.standard.naming.as_ref().filter(|_| !world.has_gaps) else { return };
    for (workload, (id, pod)) in world.workloads(&world.asked()) {
        if world.component_of(id).is_some() {
            continue;
        }
        let Some((essence, message, help)) = wrong(naming, pod) else { continue };
        let message = format!("`{}` {message}", workload.key);
        let found = report.finding(Subject::Workload(workload.clone()), &pod.origin, message);
        report.push(found.essence(essence).help(help));
    }
}

/// What is wrong with the labels of a pod: those labels, in a sentence, and what to do.
fn wrong(naming: &Naming, pod: &Pod) -> Option<(String, String, String)> {
    let missing: Vec<&Arc<str>> =
        naming.keys().into_iter().filter(|key| pod.labels.get(key).is_none()).collect();
    if !missing.is_empty() {
        let label = words::number(missing.len(), "label", "labels");
        let message = format!("lacks the {label} {}: policies name pods by them", words::list(&missing));
        let help = "write the labels into the pod template".to_owned();
        return Some((words::list(missing), message, help));
    }
    let component = pod.labels.get(&naming.component)?;
    if naming.components.is_empty() || naming.components.contains(component) {
        return None;
    }
    let known = || naming.components.iter().map(AsRef::as_ref);
    let message = format!("is of the component `{component}`, which there is not");
    let help = match near::nearest(component, known()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the components are {}", words::list(known())),
    };
    Some((component.to_owned(), message, help))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use sekisho_core::standard::Standard;

    #[test]
    fn the_three_labels_are_asked_for() {
        let of = |labels: &str| found("SK205", &cluster([pod(1, "trading/a", labels, &[])], []), &standard());
        assert!(of(BFF).is_empty());
        assert_eq!(
            of("name=trading-bff"),
            ["1: `trading/a` lacks the labels `component` and `part-of`: policies name pods by them"]
        );
        assert_eq!(
            of("name=trading-bff,component=bbf,part-of=trading"),
            ["1: `trading/a` is of the component `bbf`, which there is not"]
        );
    }

    #[test]
    fn a_component_of_the_standard_may_have_its_own_labels() {
        let cluster = cluster([pod(1, "trading/db", "app=db", &[])], []);
        assert_eq!(found("SK205", &cluster, &standard()).len(), 1);
        let components = vec![component("trading/db", "app=db", &[])];
        assert!(found("SK205", &cluster, &Standard { components, ..standard() }).is_empty());
        assert!(found("SK205", &cluster, &Standard::default()).is_empty());
    }
}
