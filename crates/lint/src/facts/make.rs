//! Documents, made of a world.

use super::{
    Document, Input, Wanted,
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
    exposure::{OpeningRule, RuleName},
    index::RoaringBitmap,
    object::{self, Direction, LabelSelector, Namespace, NetworkPolicy, Origin, Pod},
    standard,
};
use std::{collections::BTreeMap, sync::Arc};

mod open;
mod rules;

/// The documents of everything.
pub(super) fn all<'w>(world: &'w World<'_>, wanted: Wanted) -> impl Iterator<Item = Document> + 'w {
    let roster = Arc::new(Roster::of(world));
    let of_namespaces = Arc::clone(&roster);
    let namespaces = world.namespaces().keys().filter(|name| world.looks_at(name));
    let namespaces = namespaces.map(move |name| of_namespace(world, &of_namespaces, name));
    let workloads = roster.workloads.clone().into_iter();
    let workloads = workloads.filter(|(workload, _)| world.looks_at(&workload.key.namespace));
    let workloads = workloads.map(move |(workload, (pods, pod))| {
        of_workload(world, wanted, &workload, (&pods, &pod), roster.policies(&workload.key.namespace))
    });
    let policies = world.policies().map(move |policy| of_policy(world, wanted, policy));
    namespaces.chain(workloads).chain(policies)
}

/// What there is, by who it belongs to.
struct Roster<'w> {
    /// The pods of workloads, and one that stands for each.
    workloads: BTreeMap<object::Workload, (Vec<Arc<Pod>>, Arc<Pod>)>,
    /// The policies of namespaces.
    policies: BTreeMap<&'w str, Vec<&'w NetworkPolicy>>,
}

impl<'w> Roster<'w> {
    fn of(world: &'w World<'_>) -> Self {
        let mut workloads: BTreeMap<object::Workload, (Vec<Arc<Pod>>, Arc<Pod>)> = BTreeMap::new();
        for pod in world.cluster.pods.values().filter(|pod| !pod.finished) {
            let of = workloads.entry(pod.workload.clone()).or_insert_with(|| (Vec::new(), Arc::clone(pod)));
            of.0.push(Arc::clone(pod));
        }
        let mut policies: BTreeMap<&str, Vec<&NetworkPolicy>> = BTreeMap::new();
        for policy in world.cluster.policies.values() {
            policies.entry(&policy.key.namespace).or_default().push(policy);
        }
        Self { workloads, policies }
    }

    /// The policies of a namespace, sorted.
    fn policies(&self, namespace: &str) -> &[&'w NetworkPolicy] {
        self.policies.get(namespace).map_or(&[], Vec::as_slice)
    }

    fn within(&self, namespace: &str) -> Vec<Workload> {
        let within = self.workloads.iter().filter(|(workload, _)| &*workload.key.namespace == namespace);
        within.map(|(_, (pods, pod))| workload(pod, pods.len())).collect()
    }
}

fn of_namespace(world: &World<'_>, roster: &Roster<'_>, name: &Arc<str>) -> Document {
    let namespace = world.cluster.namespace(name);
    let known = Known {
        workloads: Some(roster.within(name)),
        policies: Some(roster.policies(name).iter().map(|policy| policy_facts(policy)).collect()),
        ..common(world, name, &namespace.origin)
    };
    let input = Input::new((&*namespace).into(), known);
    Document { input, subject: Subject::Namespace(Arc::clone(name)), origin: namespace.origin.clone() }
}

fn of_workload(
    world: &World<'_>,
    wanted: Wanted,
    workload: &object::Workload,
    (pods, pod): (&[Arc<Pod>], &Pod),
    policies: &[&NetworkPolicy],
) -> Document {
    let namespace = &workload.key.namespace;
    let ids: RoaringBitmap = pods.iter().filter_map(|pod| world.index.pod_id(&pod.uid)).collect();
    let selecting =
        policies.iter().filter(|policy| pods.iter().any(|pod| policy.subjects.matches(&pod.labels)));
    let isolated = |direction| {
        let isolated = world.isolated(direction);
        !ids.is_empty() && ids.is_subset(isolated)
    };
    let component = world.standard.component_of(namespace, &pod.labels);
    let known = Known {
        component: component.map(Component::from),
        policies: Some(selecting.map(|policy| policy_facts(policy)).collect()),
        isolated: Some(sides(isolated)),
        allows: wanted.allows.then(|| sides(|direction| open::connections(world, &ids, direction))),
        exposure: wanted.exposure.then(|| {
            open::exposure(world, |exposure| exposure.workloads.iter().any(|(one, _)| one == workload))
        }),
        ..common(world, namespace, &pod.origin)
    };
    let input = Input::new(pod.into(), known);
    Document { input, subject: Subject::Workload(workload.clone()), origin: pod.origin.clone() }
}

fn of_policy(world: &World<'_>, wanted: Wanted, policy: &NetworkPolicy) -> Document {
    let subjects = world.subjects(policy);
    let known = Known {
        component: world.standard.component_for(policy).map(Component::from),
        selects: Some(workloads(world, subjects)),
        selects_elsewhere: Some(elsewhere(world, policy, subjects, &policy.subjects)),
        rules: Some(sides(|direction| {
            let rules = policy.rules(direction).iter().enumerate();
            rules.map(|(at, rule)| rules::of(world, RuleAt { policy, direction, rule }, at)).collect()
        })),
        isolated: Some(sides(|direction| policy.isolates(direction))),
        allows: wanted.allows.then(|| sides(|direction| open::connections(world, subjects, direction))),
        exposure: wanted.exposure.then(|| {
            let is_own = |rule: &OpeningRule| match &rule.name {
                RuleName::Policy(path) => path.policy == policy.key,
                RuleName::Tier(_) => false,
            };
            open::exposure(world, |exposure| exposure.rules.iter().any(is_own))
        }),
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

/// The workloads that have the labels of a selector of `policy` that matches nobody in its namespace, not even pods that
/// policies do not see.
fn elsewhere(
    world: &World<'_>,
    policy: &NetworkPolicy,
    matched: &RoaringBitmap,
    selector: &LabelSelector,
) -> Vec<Workload> {
    let own = || object::PeerKind::Pods(selector.clone());
    if !matched.is_empty() || selector.is_everything() || world.absent(policy, &own()).is_some() {
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
