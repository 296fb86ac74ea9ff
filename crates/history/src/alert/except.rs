//! What flows by a temporary exception alone.

use super::predict::{State, View, passes};
use sekisho_core::{
    index::Index,
    object::{Change, Cluster, Direction, LabelSelector, NAME_LABEL, NetworkPolicy, ObjectKey, PeerKind},
    standard::{End, Exception, Standard},
};
use sekisho_flow::record::{Flow, Outcome};

/// Something that flows by a temporary exception alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaning {
    /// What flows.
    pub flow: Flow,
    /// By which exception.
    pub exception: Exception,
    /// Whether its last day is over: it is still written in the policies.
    pub expired: bool,
}

/// Which of `flows`, that were allowed, pass now, and would not without the entries of policies that an exception is for.
///
/// The standard is that of an environment: whoever wants to know it of production asks with production's.
///
/// An entry is for an exception where it stands in the policy of the exception's component, in its direction, and is a way of
/// writing its other end; not where the standard has a call that means the same.
pub fn leaning<'f>(
    state: State<'_>,
    standard: &Standard,
    flows: impl IntoIterator<Item = &'f Flow> + Clone,
) -> Vec<Leaning> {
    let now = View::of(state);
    let mut found = Vec::new();
    // Built when there is something to ask of it, and once: policies go in and out.
    let mut otherwise: Option<(Cluster, Index)> = None;
    for exception in standard.exceptions.iter().filter(|exception| !is_call(standard, exception)) {
        let less = without(state.cluster, standard, exception);
        if less.is_empty() {
            continue;
        }
        let (cluster, index) = otherwise.get_or_insert_with(|| copy(state.cluster));
        put(cluster, index, less.iter());
        let view = View::of(State { cluster, index });
        let allowed = flows.clone().into_iter().filter(|flow| flow.key.outcome == Outcome::Allowed);
        let leans =
            allowed.filter(|flow| passes(&now, flow) == Some(true) && passes(&view, flow) == Some(false));
        let expired = standard.today.is_some_and(|today| exception.until < today);
        let leaning = |flow: &Flow| Leaning { flow: flow.clone(), exception: exception.clone(), expired };
        found.extend(leans.map(leaning));
        put(cluster, index, less.iter().filter_map(|policy| state.cluster.policies.get(&policy.key)));
    }
    found
}

fn copy(cluster: &Cluster) -> (Cluster, Index) {
    (cluster.clone(), Index::of(cluster.changes()))
}

fn put<'p>(cluster: &mut Cluster, index: &mut Index, policies: impl Iterator<Item = &'p NetworkPolicy>) {
    for policy in policies {
        cluster.apply(Change::PutPolicy(policy.clone()));
        let _ = index.apply(Change::PutPolicy(policy.clone()));
    }
}

/// Whether the standard says for good what the exception says for a time.
fn is_call(standard: &Standard, exception: &Exception) -> bool {
    let own = End::Component(exception.component.clone());
    let (from, to) = match exception.direction {
        Direction::Ingress => (&exception.with, &own),
        Direction::Egress => (&own, &exception.with),
    };
    standard.edges.iter().any(|edge| (&edge.from, &edge.to) == (from, to))
}

/// The policies that have entries for the exception, without these.
fn without(cluster: &Cluster, standard: &Standard, exception: &Exception) -> Vec<NetworkPolicy> {
    let is_about = |policy: &NetworkPolicy| {
        standard.component_for(policy).is_some_and(|component| component.key == exception.component)
    };
    let is_of_it =
        |policy: &NetworkPolicy, kind: &PeerKind| is(cluster, standard, &exception.with, &policy.key, kind);
    let mut stripped = Vec::new();
    for policy in cluster.policies.values().filter(|policy| is_about(policy)) {
        let rules = policy.rules(exception.direction);
        let goes = |kind: &PeerKind| is_of_it(policy, kind);
        if !rules.iter().flat_map(|rule| &rule.peers).any(|peer| goes(&peer.kind)) {
            continue;
        }
        let mut less = policy.clone();
        // S3: with its last egress rule a policy would cease to isolate.
        less.types = Direction::ALL.into_iter().filter(|direction| policy.isolates(*direction)).collect();
        let rules = match exception.direction {
            Direction::Ingress => &mut less.ingress,
            Direction::Egress => &mut less.egress,
        };
        rules.retain_mut(|rule| {
            let before = rule.peers.len();
            rule.peers.retain(|peer| !goes(&peer.kind));
            // A rule that names nobody lets everybody in (S5): one that has lost all goes with them.
            before == 0 || !rule.peers.is_empty()
        });
        stripped.push(less);
    }
    stripped
}

/// Whether a peer, of the policy with this key, is a way of writing `with`.
fn is(cluster: &Cluster, standard: &Standard, with: &End, policy: &ObjectKey, kind: &PeerKind) -> bool {
    let is_pods = |key: &ObjectKey, pods: &LabelSelector| {
        standard.component(key).is_some_and(|component| component.pods == *pods)
    };
    match (with, kind) {
        (End::Peer(name), kind) => standard.named(kind).any(|(of, _)| of == name),
        (End::Component(key), PeerKind::Pods(pods)) => {
            policy.namespace == key.namespace && is_pods(key, pods)
        }
        (End::Component(key), PeerKind::PodsInNamespaces { namespaces, pods }) => {
            let own = [(NAME_LABEL, key.namespace.clone())].into_iter().collect();
            let labels = cluster.namespaces.get(&key.namespace).map(|namespace| namespace.labels());
            namespaces.matches(labels.unwrap_or(&own)) && is_pods(key, pods)
        }
        _ => false,
    }
}
