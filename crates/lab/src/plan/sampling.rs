//! Keeping a large lab's probes within bounds.

use super::{Host, Plan, Probe, Site, count};
use sekisho_core::object::{Labels, Pod};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What makes two pods alike to every policy: node, namespace, labels and named ports. Addresses are
/// left out: pods that no block tells apart are alike.
type Likeness<'a> =
    (usize, BTreeSet<(Arc<str>, &'a Labels, Vec<&'a sekisho_core::object::ContainerPort>)>, usize);

/// The hosts that are probed when all would be too many: of the pods that are alike, the first two, so
/// that traffic between equals stays in.
pub(super) fn representatives(plan: &Plan) -> BTreeSet<Host> {
    let mut alike: BTreeMap<Likeness<'_>, usize> = BTreeMap::new();
    let mut chosen: BTreeSet<Host> = (0..plan.nodes.len()).map(Host::Node).collect();
    chosen.insert(Host::Outside);
    for (at, site) in plan.sites.iter().enumerate() {
        let seen = alike.entry(likeness(plan, site)).or_default();
        *seen += 1;
        if *seen <= 2 {
            chosen.insert(Host::Site(at));
        }
    }
    chosen
}

fn likeness<'a>(plan: &'a Plan, site: &Site) -> Likeness<'a> {
    let pods = site.pods.iter().filter_map(|uid| plan.cluster.pods.get(uid));
    let like = |pod: &'a Arc<Pod>| (Arc::clone(&pod.key.namespace), &pod.labels, pod.ports.iter().collect());
    (site.node, pods.map(like).collect(), site.addresses.len())
}

/// Of `probes`, every n-th, so that about `most` are left.
pub(super) fn thin(probes: Vec<Probe>, most: usize, notes: &mut Vec<String>) -> Vec<Probe> {
    let all = probes.len();
    if all <= most.max(1) {
        return probes;
    }
    // A step that shares no factor with the rhythm of the list meets every source and destination.
    let keep = |at: &usize| (at * most) / all != ((at + 1) * most) / all;
    let kept: Vec<Probe> =
        probes.into_iter().enumerate().filter(|(at, _)| keep(at)).map(|(_, probe)| probe).collect();
    notes.push(format!("{} of {all} are tried, spread evenly", count(kept.len(), "probe")));
    kept
}
