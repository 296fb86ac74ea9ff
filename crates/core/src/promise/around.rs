//! What a change in one namespace may break, at the cost of what is near that namespace.

use super::{
    Breach, Claim, Group, Members, Party, Promise, State, World,
    future::{self, FuturePod},
    near::Ends,
};
use crate::{
    eval,
    index::{Index, RoaringBitmap},
    object::{Cluster, Direction, Labels, Pod, RuleAction},
    packet::End,
};
use roaring::MultiOps;
use std::{borrow::Cow, cell::LazyCell, sync::Arc};

/// So many pods that are not there yet are held against every rule, and no more.
const FEW: usize = 32;
/// A cluster of so many pods is looked at as a whole where more than one of [`SHARE`] is near.
const MANY: u64 = 1_000;
const SHARE: u64 = 4;

/// The part of a world in which a change of one namespace's objects may break promises.
#[derive(Debug)]
pub struct Around {
    world: World<'static>,
}

impl Around {
    /// Whether what the pods of `namespace` may do is said by policies that select them alone: an address of two pods concerns
    /// those of both (S26).
    #[must_use]
    pub fn is_apart(index: &Index, namespace: &str) -> bool {
        let own = index.pods_in(namespace);
        with_those_beside(index, own.clone()) == own
    }

    /// The part of `cluster` around `namespace` in which `promises` may be broken; `None` where it is about as much as the
    /// whole, or where that alone can tell, for cluster-wide rules that accept may lead anywhere.
    ///
    /// INVARIANT: of two clusters that differ in objects of `namespace` alone, which [is apart](Self::is_apart) in both, a
    /// pair of ends that breaks a promise in one and not in the other has an end there, or is of a pod that is not there yet
    /// and depends on it. Of each such pair both ends are here, with all policies that select them: its verdict is that
    /// of the whole. Addresses of pods that are not here look free, so more may seem broken than is, and never less.
    #[must_use]
    pub fn of(cluster: &Cluster, index: &Index, namespace: &Arc<str>, promises: &[Promise]) -> Option<Self> {
        if accepts(cluster) || index.all_pods().is_empty() {
            return None;
        }
        let future = future::pods_by(cluster, index, namespace);
        let home = cluster.namespace(namespace);
        let depends =
            |(one, is_own): &&(FuturePod, bool)| *is_own || one.depends_on(namespace, home.labels());
        let dependent = future.iter().filter(depends);
        let dependent: Vec<(&FuturePod, Labels)> =
            dependent.map(|(one, _)| (one, one.labels_of_namespace(cluster))).collect();
        if dependent.len() > FEW {
            return None;
        }
        let own = index.pods_in(namespace);
        let near = Near { cluster, index, ends: Ends::of(index, own.clone(), dependent) };
        let pods = with_those_beside(index, own | near.others(promises));
        let all = index.all_pods().len();
        if all > MANY && pods.len() * SHARE > all {
            return None;
        }
        let pods = pods.iter().filter_map(|id| index.pod(id)).map(Arc::clone).collect();
        let future: Vec<FuturePod> = future.into_iter().map(|(one, _)| one).collect();
        let homes = future.iter().map(|one| Arc::clone(&one.pod.key.namespace));
        let part = cluster.part(pods, homes);
        Some(Self { world: World::with(Cow::Owned(part), &future) })
    }

    /// Whether a promise seems broken: whoever wants to know asks the whole.
    #[must_use]
    pub fn may_break(&self, promise: &Promise) -> bool {
        self.world.judge(promise).state.is_broken()
    }

    /// Whether a promise is broken for sure in the whole, whose index this is.
    #[must_use]
    pub fn breaks(&self, promise: &Promise, whole: &Index) -> bool {
        let is_so = |party: &Party, end: &End| match (party, end) {
            (Party::Workload(_), _) => true,
            (Party::Addresses(_), End::Address(address)) => whole.pods_at(*address).next().is_none(),
            (Party::Addresses(_), End::Pod(_)) => false,
        };
        match self.world.judge(promise).state {
            State::Broken { breaches, unnamed, .. } => {
                let mut breaches = breaches.iter();
                !unnamed.is_empty()
                    || breaches.any(|Breach { from, to, packet, .. }| {
                        is_so(from, &packet.from) && is_so(to, &packet.to)
                    })
            }
            State::Kept | State::MatchesNothing(_) => false,
        }
    }
}

fn accepts(cluster: &Cluster) -> bool {
    let rules =
        cluster.cluster_policies.values().flat_map(|policy| policy.ingress.iter().chain(&policy.egress));
    rules.into_iter().any(|rule| rule.action == RuleAction::Accept)
}

/// The pods, and those that bear one of their addresses as well.
fn with_those_beside(index: &Index, mut pods: RoaringBitmap) -> RoaringBitmap {
    let addresses = pods.iter().filter_map(|id| index.pod(id)).flat_map(|pod| &pod.addresses);
    let beside: RoaringBitmap = addresses.flat_map(|address| index.pods_at(*address)).collect();
    pods |= beside;
    pods
}

/// Who is near the pods of a namespace.
struct Near<'c> {
    cluster: &'c Cluster,
    index: &'c Index,
    ends: Ends<'c>,
}

/// A side of a promise: who opens connections, or to whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Who,
    Whom,
}

impl Near<'_> {
    /// The pods between which and these one of `promises` may be broken.
    fn others(&self, promises: &[Promise]) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        for (own, other, direction) in
            [(Way::Who, Way::Whom, Direction::Egress), (Way::Whom, Way::Who, Direction::Ingress)]
        {
            let about = promises.iter().filter(|promise| self.concerns(promise, own));
            // Whom something is open to is near; whom it should be open to may be anywhere.
            let near = LazyCell::new(|| self.ends.others(direction));
            let sides = about.map(|promise| {
                let some = (promise.claim != Claim::Can).then(|| &*near);
                self.side(promise, other, some)
            });
            all |= sides.union();
        }
        all
    }

    fn concerns(&self, promise: &Promise, way: Way) -> bool {
        self.ends.pods().any(|pod| self.is_of(promise, way, pod))
            || self.ends.future().any(|(pod, labels)| is_of(promise, way, pod, labels))
    }

    /// The pods of a side of a promise: of `some`, or of all.
    fn side(&self, promise: &Promise, way: Way, some: Option<&RoaringBitmap>) -> RoaringBitmap {
        let members = || Cow::Owned(self.members(groups(promise, way)));
        let pods = some.map_or_else(members, Cow::Borrowed);
        let is_of = |id: &u32| self.index.pod(*id).is_some_and(|pod| self.is_of(promise, way, pod));
        pods.iter().filter(is_of).collect()
    }

    fn is_of(&self, promise: &Promise, way: Way, pod: &Pod) -> bool {
        is_of(promise, way, pod, eval::namespace_of(self.cluster, pod).labels())
    }

    /// The pods that may be of one of `groups`.
    fn members(&self, groups: &[Arc<Group>]) -> RoaringBitmap {
        let members = groups.iter().map(|group| match &group.members {
            Members::Anyone | Members::Cluster => self.index.all_pods().clone(),
            Members::Internet | Members::Addresses(_) => RoaringBitmap::new(),
            Members::Pods { pods, .. } => self.index.pods_with(pods),
            Members::Namespace(name) => self.index.pods_in(name),
            Members::Named(key) => self.index.pods_in(&key.namespace),
        });
        members.union()
    }
}

fn groups(promise: &Promise, way: Way) -> &[Arc<Group>] {
    match way {
        Way::Who => &promise.who,
        Way::Whom => &promise.whom,
    }
}

/// Whether a promise is about this pod, whose namespace has these labels, on this side.
fn is_of(promise: &Promise, way: Way, pod: &Pod, namespace: &Labels) -> bool {
    let is_member = groups(promise, way).iter().any(|group| group.has_pod(pod, namespace));
    match (promise.claim, way) {
        // The others are forbidden, and so are these where they have nothing in common.
        (Claim::OnlyWho, Way::Who) | (Claim::OnlyWhom, Way::Whom) => promise.same.is_some() || !is_member,
        _ => is_member,
    }
}
