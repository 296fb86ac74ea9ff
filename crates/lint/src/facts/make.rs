//! Documents, made of a world.

use super::{
    Document, Input,
    known::{Component, Known, NamespaceFacts, PolicyFacts, Sides, Workload},
    object::{Object, labels, ports},
};
use crate::{
    Extent,
    finding::Subject,
    focus::RuleAt,
    world::{World, is_closed},
};
use sekisho_core::{
    exposure::RuleName,
    index::RoaringBitmap,
    object::{self, Direction, LabelSelector, Namespace, NetworkPolicy, ObjectKey, Origin, Pod},
    standard,
};
use std::{collections::BTreeMap, sync::Arc};

mod open;
mod rules;

/// The documents of everything.
pub(super) fn all<'w>(world: &'w World<'_>) -> impl Iterator<Item = Document> + 'w {
    let roster = Arc::new(Roster::of(world));
    let of_workloads = Arc::clone(&roster);
    let namespaces = world.namespaces().keys().filter(|name| world.looks_at(name));
    let namespaces = namespaces.map(move |name| of_namespace(world, &roster, name));
    let workloads = of_workloads.workloads.clone().into_iter();
    let workloads = workloads.filter(|(workload, _)| world.looks_at(&workload.key.namespace));
    let workloads = workloads.map(move |(workload, (pods, pod))| of_workload(world, &workload, &pods, &pod));
    let policies = world.policies().map(move |policy| of_policy(world, policy));
    namespaces.chain(workloads).chain(policies)
}

/// The pods of workloads, and one that stands for each.
struct Roster {
    workloads: BTreeMap<object::Workload, (Vec<Arc<Pod>>, Arc<Pod>)>,
}

impl Roster {
    fn of(world: &World<'_>) -> Self {
        let mut workloads: BTreeMap<object::Workload, (Vec<Arc<Pod>>, Arc<Pod>)> = BTreeMap::new();
        for pod in world.cluster.pods.values().filter(|pod| !pod.finished) {
            let of = workloads.entry(pod.workload.clone()).or_insert_with(|| (Vec::new(), Arc::clone(pod)));
            of.0.push(Arc::clone(pod));
        }
        Self { workloads }
    }

    fn within(&self, namespace: &str) -> Vec<Workload> {
        let within = self.workloads.iter().filter(|(workload, _)| &*workload.key.namespace == namespace);
        within.map(|(_, (pods, pod))| workload(pod, pods.len())).collect()
    }
}

fn of_namespace(world: &World<'_>, roster: &Roster, name: &Arc<str>) -> Document {
    let implied = || Namespace::implied(Arc::clone(name));
    let namespace = world.cluster.namespaces.get(name).cloned().unwrap_or_else(implied);
    let policies = world.policies().filter(|policy| policy.key.namespace == *name);
    let known = Known {
        workloads: Some(roster.within(name)),
        policies: Some(policies.map(policy_facts).collect()),
        ..common(world, name, &namespace.origin)
    };
    let input = Input::new((&namespace).into(), known);
    Document { input, subject: Subject::Namespace(Arc::clone(name)), origin: namespace.origin }
}

fn of_workload(world: &World<'_>, workload: &object::Workload, pods: &[Arc<Pod>], pod: &Pod) -> Document {
    let namespace = &workload.key.namespace;
    let ids: RoaringBitmap = pods.iter().filter_map(|pod| world.index.pod_id(&pod.uid)).collect();
    let selecting = world.policies().filter(|policy| {
        policy.key.namespace == *namespace && pods.iter().any(|pod| policy.subjects.matches(&pod.labels))
    });
    let isolated = |direction| {
        let isolated = world.isolated(direction);
        !ids.is_empty() && ids.is_subset(isolated)
    };
    let component = world.standard.component_of(namespace, &pod.labels);
    let known = Known {
        component: component.map(Component::from),
        policies: Some(selecting.map(policy_facts).collect()),
        isolated: Some(sides(isolated)),
        allows: Some(sides(|direction| open::connections(world, &ids, direction))),
        exposure: Some(open::exposure(world, |exposure| {
            exposure.workloads.iter().any(|(one, _)| one == workload)
        })),
        ..common(world, namespace, &pod.origin)
    };
    let input = Input::new(pod.into(), known);
    Document { input, subject: Subject::Workload(workload.clone()), origin: pod.origin.clone() }
}

fn of_policy(world: &World<'_>, policy: &NetworkPolicy) -> Document {
    let subjects = world.subjects(policy);
    let is_own = |key: &ObjectKey| *key == policy.key;
    let known = Known {
        component: world.standard.component_for(policy).map(Component::from),
        selects: Some(workloads(world, subjects)),
        selects_elsewhere: Some(elsewhere(world, subjects, &policy.subjects)),
        rules: Some(sides(|direction| {
            let rules = policy.rules(direction).iter().enumerate();
            rules.map(|(at, rule)| rules::of(world, RuleAt { policy, direction, rule }, at)).collect()
        })),
        isolated: Some(sides(|direction| policy.isolates(direction))),
        allows: Some(sides(|direction| open::connections(world, subjects, direction))),
        exposure: Some(open::exposure(world, |exposure| {
            exposure.rules.iter().any(|rule| match &rule.name {
                RuleName::Policy(path) => is_own(&path.policy),
                RuleName::Tier(_) => false,
            })
        })),
        ..common(world, &policy.key.namespace, &policy.origin)
    };
    let input = Input::new(policy.into(), known);
    Document { input, subject: Subject::Policy(policy.key.clone()), origin: policy.origin.clone() }
}

/// What is known of every object.
fn common(world: &World<'_>, namespace: &Arc<str>, origin: &Origin) -> Known {
    Known {
        origin: place(origin),
        environment: world.standard.environment.as_ref().map(ToString::to_string),
        has_gaps: world.has_gaps,
        has_pods: world.has_pods(),
        whole_cluster: world.extent == Extent::Whole,
        namespace: NamespaceFacts {
            name: namespace.to_string(),
            labels: match world.namespaces().get(namespace) {
                Some(known) => labels(known),
                None => labels(Namespace::implied(Arc::clone(namespace)).labels()),
            },
            known: world.namespaces().contains_key(namespace),
            exempt: world.is_exempt(namespace),
            egress_closed: {
                let baseline = world.standard.baseline.as_ref();
                baseline.is_some_and(|baseline| baseline.closed.contains(namespace))
            },
        },
        ..Known::default()
    }
}

fn sides<T>(of: impl Fn(Direction) -> T) -> Sides<T> {
    Sides { ingress: of(Direction::Ingress), egress: of(Direction::Egress) }
}

fn place(origin: &Origin) -> Option<String> {
    origin.is_known().then(|| origin.to_string())
}

fn policy_facts(policy: &NetworkPolicy) -> PolicyFacts {
    PolicyFacts { isolates: sides(|direction| policy.isolates(direction)), object: Object::from(policy) }
}

fn workload(pod: &Pod, pods: usize) -> Workload {
    let of = &pod.workload;
    Workload {
        namespace: of.key.namespace.to_string(),
        name: of.key.name.to_string(),
        kind: of.kind.to_string(),
        labels: labels(&pod.labels),
        ports: ports(pod),
        pods,
    }
}

/// The workloads of pods, sorted.
fn workloads(world: &World<'_>, pods: &RoaringBitmap) -> Vec<Workload> {
    let mut counted: BTreeMap<&object::Workload, (usize, &Pod)> = BTreeMap::new();
    for pod in world.pods(pods) {
        counted.entry(&pod.workload).or_insert((0, pod)).0 += 1;
    }
    counted.into_values().map(|(count, pod)| workload(pod, count)).collect()
}

/// The workloads that have the labels of a selector that matches nobody where it looks.
fn elsewhere(world: &World<'_>, matched: &RoaringBitmap, selector: &LabelSelector) -> Vec<Workload> {
    if !matched.is_empty() || selector.is_everything() {
        return Vec::new();
    }
    workloads(world, &world.pods_with(selector))
}

/// The namespaces that a selector matches.
fn namespaces(world: &World<'_>, selector: &LabelSelector) -> Vec<String> {
    let matching = world.namespaces().iter().filter(|(_, labels)| selector.matches(labels));
    matching.map(|(name, _)| name.to_string()).collect()
}

impl From<&standard::Component> for Component {
    fn from(of: &standard::Component) -> Self {
        Self {
            name: of.key.name.to_string(),
            namespace: of.key.namespace.to_string(),
            tier: of.tier.to_string(),
            egress_closed: is_closed(of),
            admits: of.admits.iter().map(ToString::to_string).collect(),
            ports: of.ports.iter().map(ToString::to_string).collect(),
        }
    }
}
