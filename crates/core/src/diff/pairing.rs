//! Which pods of one state are which of the other.

use super::State;
use crate::{
    index::PodId,
    object::Workload,
    reach::{Faces, faces},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

/// A pod in one state. Its faces are one but for pods with several addresses of a family.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) id: PodId,
    pub(super) faces: Vec<(Faces, Vec<IpAddr>)>,
}

/// The pods of a workload, by name; several for a name that two pods have for a moment (S26).
pub(super) type Pods = BTreeMap<Arc<str>, Vec<Body>>;

/// The pods of each workload, in one state.
pub(super) type Roll = BTreeMap<Arc<Workload>, Pods>;

/// Everybody whom policies see, by workload.
pub(super) fn roll(state: &State<'_>) -> Roll {
    let mut roll = Roll::new();
    for (id, pod) in state.index.pods() {
        let Some(workload) = state.reach.workload_of(id) else { continue };
        let pods = match roll.get_mut(workload) {
            Some(pods) => pods,
            None => roll.entry(Arc::clone(workload)).or_default(),
        };
        let body = Body { id, faces: faces(state.reach, id) };
        pods.entry(Arc::clone(&pod.key.name)).or_default().push(body);
    }
    roll
}

/// Pods of one workload that policies treat alike.
pub(super) type Alike<'r> = (Faces, Vec<(&'r Arc<str>, &'r Body)>);

/// The pods of a workload that stand for each other. Those of one name do, as the pods of a
/// StatefulSet and those in manifests. Of the others, which a rollout names anew, any may have taken
/// the place of any; where one state has no others, of all its pods.
pub(super) fn pairs<'r>(old: &'r Pods, new: &'r Pods) -> Vec<(Alike<'r>, Alike<'r>)> {
    let mut pairs = Vec::new();
    for (name, bodies) in old {
        let Some(others) = new.get(name) else { continue };
        let (a, b) =
            (alike(bodies.iter().map(|body| (name, body))), alike(others.iter().map(|body| (name, body))));
        every(&a, &b, &mut pairs);
    }
    let (gone, arrived) = (unmatched(old, new), unmatched(new, old));
    let both = !gone.is_empty() && !arrived.is_empty();
    if both {
        every(&gone, &arrived, &mut pairs);
    } else if !gone.is_empty() {
        every(&gone, &all(new), &mut pairs);
    } else if !arrived.is_empty() {
        every(&all(old), &arrived, &mut pairs);
    }
    pairs
}

fn every<'r>(a: &[Alike<'r>], b: &[Alike<'r>], pairs: &mut Vec<(Alike<'r>, Alike<'r>)>) {
    pairs.extend(a.iter().flat_map(|a| b.iter().map(|b| (a.clone(), b.clone()))));
}

fn unmatched<'r>(pods: &'r Pods, others: &Pods) -> Vec<Alike<'r>> {
    alike(each(pods).filter(|(name, _)| !others.contains_key(*name)))
}

fn all(pods: &Pods) -> Vec<Alike<'_>> {
    alike(each(pods))
}

fn each(pods: &Pods) -> impl Iterator<Item = (&Arc<str>, &Body)> {
    pods.iter().flat_map(|(name, bodies)| bodies.iter().map(move |body| (name, body)))
}

/// Gathers pods by their faces.
fn alike<'r>(bodies: impl Iterator<Item = (&'r Arc<str>, &'r Body)>) -> Vec<Alike<'r>> {
    let mut alike: BTreeMap<Faces, Vec<(&Arc<str>, &Body)>> = BTreeMap::new();
    for (name, body) in bodies {
        let faces: BTreeSet<Faces> = body.faces.iter().map(|(faces, _)| *faces).collect();
        for faces in faces {
            alike.entry(faces).or_default().push((name, body));
        }
    }
    alike.into_iter().collect()
}
