//! Who there is: pods, as far as policies can tell them apart.

use crate::labels::{exactly, lasting, smallest};
use sekisho_core::{
    object::{Cluster, LabelSelector, Labels, ObjectKey, Pod, PodUid, Workload},
    standard::Standard,
};
use sekisho_flow::record::{WorkloadEnd, stable_labels};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// The number of a group in its roster.
pub type GroupId = usize;

/// Pods that policies are to treat alike: those of a component of the standard, else those of a namespace that have
/// the same labels.
#[derive(Clone, Debug)]
pub struct Group {
    /// Their namespace.
    pub namespace: Arc<str>,
    /// What they are called: the component's name, else the first of their workloads'.
    pub name: Arc<str>,
    /// What they belong to.
    pub workloads: BTreeSet<Workload>,
    /// The pods. Those of workloads that have none now are such as these would make.
    pub pods: Vec<Arc<Pod>>,
    /// What selects them, and no other pod of their namespace; `None` where no labels do.
    pub selector: Option<LabelSelector>,
    /// The labels that a policy about them has: those that the standard names pods by.
    pub(crate) labels: Labels,
}

impl Group {
    /// What its policies begin to be called by.
    #[must_use]
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(Arc::clone(&self.namespace), Arc::clone(&self.name))
    }

    /// Whether some of its pods are there now.
    pub(crate) fn has(&self, selector: &LabelSelector) -> bool {
        self.pods.iter().any(|pod| selector.matches(&pod.labels))
    }
}

/// What makes pods a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Alike {
    Component(ObjectKey, LabelSelector),
    /// By the three labels by which the standard names pods.
    Named(Arc<str>, Labels),
    Labels(Arc<str>, Labels),
}

/// All groups of a cluster.
#[derive(Debug, Default)]
pub struct Roster {
    groups: Vec<Group>,
    by_pod: HashMap<PodUid, GroupId>,
    by_workload: BTreeMap<Workload, BTreeSet<GroupId>>,
    by_labels: HashMap<(Arc<str>, Labels), BTreeSet<GroupId>>,
}

/// The labels by which a pod's end of a flow, and its group, are known.
fn known(labels: &Labels) -> Labels {
    lasting(&stable_labels(labels, |_| false))
}

impl Roster {
    /// The groups of `cluster`, as `standard` names them.
    #[must_use]
    pub fn of(cluster: &Cluster, standard: &Standard) -> Self {
        let mut alike: BTreeMap<Alike, Vec<Arc<Pod>>> = BTreeMap::new();
        let mut memory: HashMap<(Arc<str>, Labels), Alike> = HashMap::new();
        let idle = cluster.idle.values();
        for pod in cluster.pods.values().chain(idle).filter(|pod| pod.is_policed()) {
            let asked = (Arc::clone(&pod.key.namespace), pod.labels.clone());
            let kind = memory.entry(asked).or_insert_with(|| kind(standard, pod));
            alike.entry(kind.clone()).or_default().push(Arc::clone(pod));
        }
        let mut roster = Self::default();
        let mut names = Names::new(standard);
        let sorted: Vec<(Alike, Vec<Arc<Pod>>)> = alike.into_iter().collect();
        let distinct = distinct_labels(&sorted);
        for (kind, pods) in sorted {
            roster.add(&kind, pods, &distinct, &mut names);
        }
        roster
    }

    fn add(&mut self, kind: &Alike, pods: Vec<Arc<Pod>>, distinct: &Distinct, names: &mut Names) {
        let Some(first) = pods.first() else { return };
        let namespace = Arc::clone(&first.key.namespace);
        let workloads: BTreeSet<Workload> = pods.iter().map(|pod| pod.workload.clone()).collect();
        let id = self.groups.len();
        for pod in &pods {
            self.by_pod.insert(pod.uid.clone(), id);
            self.by_workload.entry(pod.workload.clone()).or_default().insert(id);
            let labels = (Arc::clone(&namespace), known(&pod.labels));
            self.by_labels.entry(labels).or_default().insert(id);
        }
        let others = || distinct.others(&namespace, kind);
        let is_alone = |selector: &LabelSelector| !others().any(|labels| selector.matches(labels));
        let (agreed, labels, name) = match kind {
            Alike::Component(key, selector) => {
                let labels = first_labels(selector);
                (Some(selector.clone()), labels, Some(Arc::clone(&key.name)))
            }
            Alike::Named(_, labels) => (Some(exactly(labels.iter())), labels.clone(), None),
            Alike::Labels(..) => (None, Labels::new(), None),
        };
        let common = common(&pods);
        let selector = agreed.filter(is_alone).or_else(|| smallest(&common, others()));
        let workload = workloads.first();
        let name = name.or_else(|| workload.map(|one| Arc::clone(&one.key.name))).unwrap_or_default();
        let kind = workload.map_or("", |one| &*one.kind);
        let name = names.take(&namespace, name, kind);
        self.groups.push(Group { namespace, name, workloads, pods, selector, labels });
    }

    /// The groups, by number.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of this number.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The group of a pod.
    #[must_use]
    pub fn of_pod(&self, uid: &PodUid) -> Option<GroupId> {
        self.by_pod.get(uid).copied()
    }

    /// The groups that the pods of this end of a flow are in: by their labels where these are known still, else all
    /// of the workload's.
    pub(crate) fn of_end(&self, end: &WorkloadEnd) -> BTreeSet<GroupId> {
        let of_workload = self.by_workload.get(&end.workload);
        let labels = (Arc::clone(&end.workload.key.namespace), known(&end.labels));
        let of_labels = self.by_labels.get(&labels);
        match (of_workload, of_labels) {
            (Some(one), Some(other)) if !one.is_disjoint(other) => one & other,
            (Some(one), _) => one.clone(),
            // The workload is called otherwise by whoever observed it, or was.
            (None, Some(other)) if end.labels.iter().len() > 0 => other.clone(),
            (None, _) => BTreeSet::new(),
        }
    }
}

/// The labels that all of the pods have.
fn common(pods: &[Arc<Pod>]) -> Labels {
    let Some(first) = pods.first() else { return Labels::new() };
    let of_first = known(&first.labels);
    let in_all = |key: &str, value: &str| pods.iter().all(|pod| pod.labels.get(key) == Some(value));
    let kept = of_first.iter().filter(|(key, value)| in_all(key, value));
    kept.map(|(key, value)| (Arc::clone(key), Arc::clone(value))).collect()
}

fn first_labels(selector: &LabelSelector) -> Labels {
    selector.fewest().unwrap_or_default()
}

fn kind(standard: &Standard, pod: &Pod) -> Alike {
    let namespace = Arc::clone(&pod.key.namespace);
    if let Some(component) = standard.component_of(&namespace, &pod.labels) {
        return Alike::Component(component.key.clone(), component.pods.clone());
    }
    let labels = known(&pod.labels);
    if let Some(naming) = &standard.naming {
        let named: Option<Labels> = naming
            .keys()
            .into_iter()
            .map(|key| labels.get(key).map(|value| (Arc::clone(key), Arc::from(value))))
            .collect::<Option<Vec<(Arc<str>, Arc<str>)>>>()
            .map(|pairs| pairs.into_iter().collect());
        if let Some(named) = named {
            return Alike::Named(namespace, named);
        }
    }
    Alike::Labels(namespace, labels)
}

/// The distinct labels of the pods of each namespace, and what makes those that have them a group.
struct Distinct(HashMap<Arc<str>, BTreeMap<Alike, BTreeSet<Labels>>>);

fn distinct_labels(sorted: &[(Alike, Vec<Arc<Pod>>)]) -> Distinct {
    let mut distinct: HashMap<Arc<str>, BTreeMap<Alike, BTreeSet<Labels>>> = HashMap::new();
    for (kind, pods) in sorted {
        for pod in pods {
            let of = distinct.entry(Arc::clone(&pod.key.namespace)).or_default();
            of.entry(kind.clone()).or_default().insert(pod.labels.clone());
        }
    }
    Distinct(distinct)
}

impl Distinct {
    /// The labels of the pods of a namespace that are in another group.
    fn others<'d>(&'d self, namespace: &str, kind: &'d Alike) -> impl Iterator<Item = &'d Labels> {
        let groups = self.0.get(namespace).into_iter().flatten();
        groups.filter(move |(other, _)| *other != kind).flat_map(|(_, labels)| labels)
    }
}

/// Names that are taken.
struct Names {
    taken: BTreeSet<ObjectKey>,
    baseline: Option<Arc<str>>,
}

impl Names {
    fn new(standard: &Standard) -> Self {
        let baseline = standard.baseline.as_ref().map(|baseline| Arc::clone(&baseline.name));
        Self { taken: BTreeSet::new(), baseline }
    }

    /// `name`, or what is next to it where another group is called so.
    fn take(&mut self, namespace: &Arc<str>, name: Arc<str>, kind: &str) -> Arc<str> {
        let with_kind = Arc::from(format!("{name}-{}", kind.to_lowercase()));
        let numbered = (2..).map(|number: u32| Arc::from(format!("{name}-{number}")));
        let candidates = [Arc::clone(&name), with_kind].into_iter().chain(numbered);
        // A group has two policies, and the namespace has one.
        let both = |one: &Arc<str>| {
            let egress: Arc<str> = format!("{one}-egress").into();
            [Arc::clone(one), egress].map(|name| ObjectKey::new(Arc::clone(namespace), name))
        };
        let is_free = |one: &Arc<str>| {
            self.baseline.as_ref() != Some(one) && both(one).iter().all(|key| !self.taken.contains(key))
        };
        // INVARIANT: there are more numbers than groups.
        let free = candidates.into_iter().find(is_free).unwrap_or(name);
        self.taken.extend(both(&free));
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_core::{
        object::Change,
        standard::{Component, Naming, Stance},
    };

    fn pod(name: &str, labels: &str) -> Arc<Pod> {
        let mut pod = Pod::new(ObjectKey::new("shop", name));
        pod.labels = labels.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        pod.into()
    }

    fn cluster(pods: &[Arc<Pod>]) -> Cluster {
        let mut cluster = Cluster::default();
        pods.iter().cloned().map(Change::PutPod).for_each(|change| cluster.apply(change));
        cluster
    }

    fn told(roster: &Roster) -> Vec<String> {
        let selector = |group: &Group| group.selector.as_ref().map_or("none".to_owned(), ToString::to_string);
        let told = |group: &Group| format!("{} {} {}", group.name, group.pods.len(), selector(group));
        roster.groups().iter().map(told).collect()
    }

    #[test]
    fn pods_of_the_same_labels_are_a_group_and_others_are_not_selected() {
        let pods = [
            pod("web-1", "app=web pod-template-hash=1 app.kubernetes.io/version=1"),
            pod("web-2", "app=web pod-template-hash=2 app.kubernetes.io/version=2"),
            pod("api", "app=api tier=back"),
            pod("canary", "app=api tier=back track=canary"),
            pod("bare", ""),
        ];
        let roster = Roster::of(&cluster(&pods), &Standard::default());
        // `api` has no label that its canary lacks.
        assert_eq!(told(&roster), ["bare 1 none", "api 1 none", "canary 1 track=canary", "web-1 2 app=web"]);
    }

    #[test]
    fn a_component_of_the_standard_is_selected_as_the_standard_does() {
        let pods = [
            pod("web-1", "app=web track=canary"),
            pod("web-2", "app=web track=stable"),
            pod("api", "name=api component=backend part-of=shop extra=1"),
        ];
        let selector: LabelSelector = exactly([("app".into(), "web".into())].iter().map(|(k, v)| (k, v)));
        let standard = Standard {
            components: vec![Component {
                key: ObjectKey::new("shop", "shop-web"),
                pods: selector,
                tier: "web".into(),
                egress: Stance::Open,
                admits: BTreeSet::new(),
                ports: Vec::new(),
                origin: Default::default(),
            }],
            naming: Some(Naming {
                name: "name".into(),
                component: "component".into(),
                part_of: "part-of".into(),
                components: BTreeSet::new(),
            }),
            ..Standard::default()
        };
        let roster = Roster::of(&cluster(&pods), &standard);
        assert_eq!(told(&roster), ["shop-web 2 app=web", "api 1 component=backend,name=api,part-of=shop"]);
    }
}
