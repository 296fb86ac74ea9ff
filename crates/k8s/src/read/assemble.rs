//! From the objects of all texts to a cluster: pods find the workload they belong to, and controllers
//! whose pods are not there stand for them.

use super::{
    meta::Owner,
    pod::RawPod,
    workload::{Controller, Making},
};
use crate::diagnostic::{Diagnostic, Severity};
use sekisho_core::object::{
    Cluster, ClusterPolicy, ClusterPolicyKind, ObjectKey, Origin, Pod, PodUid, Tier, Workload,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    sync::Arc,
};

/// The label that a Deployment puts on the pods of each of its ReplicaSets.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) cluster: Cluster,
    pub(crate) pods: Vec<RawPod>,
    pub(crate) controllers: Vec<Controller>,
    pub(crate) skipped: BTreeMap<String, usize>,
    seen: HashMap<ObjectKey, Vec<(Arc<str>, Origin)>>,
}

impl Objects {
    /// Notes an object. Where one of this kind and key was noted before, its place.
    pub(crate) fn seen(&mut self, kind: &str, key: &ObjectKey, origin: &Origin) -> Option<Origin> {
        let kinds = self.seen.entry(key.clone()).or_default();
        if let Some((_, first)) = kinds.iter().find(|(other, _)| &**other == kind) {
            return Some(first.clone());
        }
        kinds.push((kind.into(), origin.clone()));
        None
    }

    /// Counts an object that is not read.
    pub(crate) fn skip(&mut self, kind: &str) {
        *self.skipped.entry(kind.to_owned()).or_default() += 1;
    }

    /// The cluster that the objects are, and what there is to say about it.
    pub(crate) fn assemble(mut self, out: &mut Vec<Diagnostic>) -> (Cluster, BTreeMap<String, usize>) {
        self.report_equal_priorities(out);
        let owners = Owners::new(&self.controllers);
        let mut standing = BTreeSet::new();
        for raw in std::mem::take(&mut self.pods) {
            let mut pod = raw.pod;
            if let Some(owner) = &raw.meta.owner {
                let chain = owners.chain(&pod, owner);
                pod.workload = chain.last().cloned().unwrap_or(pod.workload);
                standing.extend(chain);
            }
            self.put(pod);
        }
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
                Entry::Vacant(free) => drop(free.insert(policy)),
                Entry::Occupied(taken) => {
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
        let own = Workload { key: controller.meta.key.clone(), kind: Arc::clone(&controller.kind) };
        let above = controller.meta.owner.as_ref().map(|owner| owners.chain(&controller.template, owner));
        let top = above.as_deref().and_then(<[Workload]>::last).cloned();
        let owned = above.is_some_and(|above| above.iter().any(|workload| owners.has(workload)));
        if standing.contains(&own) || owned || controller.making == Making::Done {
            return;
        }
        if controller.making == Making::NoReplicas {
            if controller.meta.owner.is_none() {
                let message = format!("{} `{}` has no replicas, so no pods", own.kind, own.key);
                let origin = controller.meta.origin;
                out.push(Diagnostic::new(Severity::Note, "no-replicas", message, origin));
            }
            return;
        }
        let mut pod = controller.template;
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
        self.cluster.pods.insert(pod.uid.clone(), pod);
    }
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
        let known = controllers.iter().map(|controller| {
            let workload = Workload { key: controller.meta.key.clone(), kind: Arc::clone(&controller.kind) };
            (workload, controller.meta.owner.clone())
        });
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
