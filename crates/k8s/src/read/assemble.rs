//! From the objects of all texts to a cluster: pods find the workload they belong to, and controllers
//! whose pods are not there stand for them.

use super::{
    gather::Object,
    meta::Owner,
    names::Names,
    overlay::Overlay,
    pod::RawPod,
    workload::{Controller, Making},
};
use crate::{Diagnostic, Severity};
use sekisho_core::object::{
    Cluster, ClusterPolicy, ClusterPolicyKind, ObjectKey, Origin, Pod, PodUid, Tier, Workload,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map, hash_map::Entry},
    sync::Arc,
};

/// The label that a Deployment puts on the pods of each of its ReplicaSets.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// What was read so far.
#[derive(Default)]
pub(crate) struct Objects {
    cluster: Cluster,
    pods: Vec<RawPod>,
    controllers: Vec<Controller>,
    skipped: BTreeMap<String, usize>,
    seen: HashMap<(ObjectKey, &'static str), Origin>,
    overlay: Overlay,
}

impl Objects {
    /// None yet, with room for so many.
    pub(crate) fn of_about(many: usize) -> Self {
        Self { seen: HashMap::with_capacity(many), ..Self::default() }
    }

    /// What is taken in from here on is a cluster that the objects so far are laid over.
    pub(crate) fn lay_over(&mut self) {
        let above = std::mem::take(&mut self.seen);
        self.overlay = Overlay::new(above.into_keys());
    }

    /// Takes in `object`, unless there is one of its kind and key: the first stays, and the second is
    /// told of.
    pub(crate) fn take(&mut self, object: Object) -> Option<Diagnostic> {
        if self.overlay.covers(&object) {
            self.overlay.lay(object, &mut self.cluster, &mut self.pods, &self.controllers);
            return None;
        }
        let (kind, key) = (object.kind(), object.key());
        match self.seen.entry((key, kind)) {
            Entry::Occupied(first) => {
                let key = &first.key().0;
                let name = if key.namespace.is_empty() { key.name.to_string() } else { key.to_string() };
                let message = format!("there is another {kind} `{name}`");
                let found =
                    Diagnostic::new(Severity::Error, "duplicate-object", message, object.origin().clone());
                return Some(
                    found.with_label(first.get().clone(), "it is here").with_help("the first one is read"),
                );
            }
            Entry::Vacant(free) => free.insert(object.origin().clone()),
        };
        match object {
            Object::Policy(policy) => drop(self.cluster.policies.insert(policy.key.clone(), policy)),
            Object::Namespace(namespace) => {
                self.cluster.namespaces.insert(namespace.name().clone(), namespace);
            }
            Object::ClusterPolicy(_, policy) => {
                self.cluster.cluster_policies.insert(policy.name.clone(), policy);
            }
            Object::Node(node) => drop(self.cluster.nodes.insert(node.name.clone(), node)),
            Object::Service(service) => drop(self.cluster.services.insert(service.key.clone(), service)),
            Object::Pod(pod) => self.pods.push(*pod),
            Object::Entrance(_, entrance) => entrance.put(&mut self.cluster.entrances),
            Object::Controller(controller) => self.controllers.push(*controller),
        }
        None
    }

    /// Counts objects that are not read.
    pub(crate) fn skip(&mut self, kinds: BTreeMap<String, usize>) {
        for (kind, count) in kinds {
            *self.skipped.entry(kind).or_default() += count;
        }
    }

    /// The cluster that the objects are, and what there is to say about it.
    pub(crate) fn assemble(mut self, out: &mut Vec<Diagnostic>) -> (Cluster, BTreeMap<String, usize>) {
        self.report_equal_priorities(out);
        let mut names = Names::default();
        self.seen = HashMap::new();
        let owners = Owners::new(&self.controllers);
        let mut above: HashMap<Below, Above> = HashMap::new();
        for raw in std::mem::take(&mut self.pods) {
            let mut pod = raw.pod;
            if let Some(owner) = raw.owner {
                let above = above.entry(Below::new(&pod, &owner)).or_insert_with(|| {
                    let chain = owners.chain(&pod, &owner);
                    let top = chain.last().map(|top| {
                        let name = names.share(&top.key.name);
                        let key = ObjectKey { namespace: Arc::clone(&pod.key.namespace), name };
                        Workload { key, kind: names.share(&top.kind) }
                    });
                    Above { chain, top }
                });
                if let Some(top) = &above.top {
                    pod.workload = top.clone();
                }
                let Some(rolled_out) = self.overlay.roll_out(pod, &above.chain) else { continue };
                pod = rolled_out;
            }
            self.put(pod);
        }
        let standing: BTreeSet<Workload> = above.into_values().flat_map(|above| above.chain).collect();
        for controller in std::mem::take(&mut self.controllers) {
            self.stand_in(&owners, &standing, controller, out);
        }
        (self.cluster, self.skipped)
    }

    /// S38: among policies of one tier and priority the name decides, which nobody else promises.
    fn report_equal_priorities(&self, out: &mut Vec<Diagnostic>) {
        let mut first: BTreeMap<(Tier, u16), &ClusterPolicy> = BTreeMap::new();
        let policies = self.cluster.cluster_policies.values();
        // A BaselineAdminNetworkPolicy has no priority that could be equal.
        for policy in policies.filter(|p| p.name.kind != ClusterPolicyKind::BaselineAdminNetworkPolicy) {
            match first.entry((policy.tier, policy.priority)) {
                btree_map::Entry::Vacant(free) => drop(free.insert(policy)),
                btree_map::Entry::Occupied(taken) => {
                    let other = taken.get();
                    let message = format!(
                        "`{}` has priority {} of the {} tier, as `{}` has: `{}` is read first, by its name",
                        policy.name, policy.priority, policy.tier, other.name, other.name
                    );
                    let origin = policy.origin.clone();
                    out.push(
                        Diagnostic::new(Severity::Warning, "equal-priority", message, origin)
                            .with_label(other.origin.clone(), "the other is here")
                            .with_help(
                                "others may read them in another order: give them different priorities",
                            ),
                    );
                }
            }
        }
    }

    /// Lets `controller` stand for its pods, unless they are here themselves or its own controller
    /// stands for them.
    fn stand_in(
        &mut self,
        owners: &Owners,
        standing: &BTreeSet<Workload>,
        controller: Controller,
        out: &mut Vec<Diagnostic>,
    ) {
        let own = controller.workload();
        let above = controller.meta.owner.as_ref().map(|owner| owners.chain(&controller.template, owner));
        let top = above.as_deref().and_then(<[Workload]>::last).cloned();
        let owned = above.is_some_and(|above| above.iter().any(|workload| owners.has(workload)));
        if standing.contains(&own) || owned {
            return;
        }
        let mut pod = controller.template;
        if controller.making != Making::Pods {
            if controller.meta.owner.is_some() {
                return;
            }
            pod.finished = controller.making == Making::Done;
            if controller.making == Making::NoReplicas {
                let message = format!("{} `{}` has no replicas, so no pods", own.kind, own.key);
                let origin = controller.meta.origin;
                out.push(Diagnostic::new(Severity::Note, "no-replicas", message, origin));
            }
            pod.workload = own.clone();
            self.cluster.idle.insert(own, Arc::new(pod));
            return;
        }
        pod.workload = top.unwrap_or_else(|| own.clone());
        if self.cluster.pods.contains_key(&pod.uid) {
            pod.uid = PodUid(format!("{} ({})", own.key, own.kind).into());
        }
        self.put(pod);
    }

    /// Puts a pod in, under its key where another has its UID. No pod is lost, whatever UIDs are
    /// written: they may be those of others, or look like their keys.
    fn put(&mut self, mut pod: Pod) {
        let mut tried = 0_u32;
        while self.cluster.pods.contains_key(&pod.uid) {
            tried = tried.saturating_add(1);
            let uid = if tried == 1 { pod.key.to_string() } else { format!("{} ({tried})", pod.key) };
            pod.uid = PodUid(uid.into());
        }
        self.cluster.pods.insert(pod.uid.clone(), Arc::new(pod));
    }
}

/// What the controllers above a pod follow from: pods of one ReplicaSet have the same.
#[derive(PartialEq, Eq, Hash)]
struct Below {
    namespace: Arc<str>,
    owner: Owner,
    hash: Option<Box<str>>,
}

impl Below {
    fn new(pod: &Pod, owner: &Owner) -> Self {
        let hash = pod.labels.get(TEMPLATE_HASH).map(Into::into);
        Self { namespace: Arc::clone(&pod.key.namespace), owner: owner.clone(), hash }
    }
}

/// The controllers above a pod.
struct Above {
    /// From its own to the topmost.
    chain: Vec<Workload>,
    top: Option<Workload>,
}

/// Who controls whom.
struct Owners {
    /// The controllers that were read, with the controller of each.
    known: BTreeMap<Workload, Option<Owner>>,
}

impl Owners {
    /// No chain of real controllers is longer than two; a longer one goes round.
    const LONGEST: usize = 8;

    fn new(controllers: &[Controller]) -> Self {
        let known =
            controllers.iter().map(|controller| (controller.workload(), controller.meta.owner.clone()));
        Self { known: known.collect() }
    }

    fn has(&self, workload: &Workload) -> bool {
        self.known.contains_key(workload)
    }

    /// The controllers above `pod`, from `owner` to the topmost.
    fn chain(&self, pod: &Pod, owner: &Owner) -> Vec<Workload> {
        let mut chain = Vec::new();
        let mut next = Some(owner.clone());
        while let Some(owner) = next.take().filter(|_| chain.len() < Self::LONGEST) {
            let key = ObjectKey { namespace: Arc::clone(&pod.key.namespace), name: owner.name };
            let workload = Workload { key, kind: owner.kind };
            next = match self.known.get(&workload) {
                Some(above) => above.clone(),
                None => self.guess(pod, &workload),
            };
            chain.push(workload);
        }
        chain
    }

    /// The controller of one that was not read, by the names that Kubernetes gives: a ReplicaSet is
    /// called after its Deployment and the hash of the template, a Job after its CronJob and the time.
    fn guess(&self, pod: &Pod, owned: &Workload) -> Option<Owner> {
        let (kind, name) = match &*owned.kind {
            "ReplicaSet" => {
                let hash = pod.labels.get(TEMPLATE_HASH)?;
                ("Deployment", owned.key.name.strip_suffix(hash)?.strip_suffix('-')?)
            }
            "Job" => {
                let (name, time) = owned.key.name.rsplit_once('-')?;
                let key = ObjectKey::new(Arc::clone(&owned.key.namespace), name);
                let known = self.has(&Workload { key, kind: "CronJob".into() });
                ("CronJob", Some(name).filter(|_| known && time.bytes().all(|b| b.is_ascii_digit()))?)
            }
            _ => return None,
        };
        Some(Owner { kind: kind.into(), name: name.into() })
    }
}
