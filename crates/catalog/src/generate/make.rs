//! The policies that a catalog asks for.

use super::{
    Draft, DraftPeer, DraftRule, Reason,
    words::{self, DNS},
};
use crate::{
    Call, Catalog, Component, Peer, Why,
    model::{EGRESS, TierCaller},
    standard::exactly,
};
use sekisho_core::{
    object::{Direction, LabelSelector, Labels, NAME_LABEL, ObjectKey, PeerKind, PolicyPort, Requirement},
    standard::{End, Role, Stance},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All of them, by namespace and name.
pub(super) fn all(catalog: &Catalog) -> Vec<Draft> {
    let namespaces = catalog.namespaces();
    let mut drafts: Vec<Draft> = Vec::new();
    for (namespace, stance) in &namespaces {
        if !catalog.exempt.contains(namespace) {
            drafts.push(baseline(catalog, namespace, *stance));
        }
    }
    for component in catalog.components() {
        drafts.extend(ingress(catalog, component));
        drafts.extend(egress(catalog, component, around(catalog, &namespaces, component)));
    }
    drafts.sort_by(|a, b| a.key.cmp(&b.key));
    drafts
}

/// What holds for the egress of a component where no policy of its own speaks of it.
fn around(catalog: &Catalog, namespaces: &BTreeMap<Arc<str>, Stance>, component: &Component) -> Stance {
    let namespace = &component.key.namespace;
    // A namespace of the platform has no baseline, so what closes a component there is its own policy.
    let stance = namespaces.get(namespace).filter(|_| !catalog.exempt.contains(namespace));
    stance.copied().unwrap_or(Stance::Open)
}

fn baseline(catalog: &Catalog, namespace: &Arc<str>, stance: Stance) -> Draft {
    let about = match stance {
        Stance::Open => "The baseline: nothing in, everything out. Each component opens what it needs",
        Stance::Closed => {
            "The baseline where egress is closed: nothing in and nothing out, but for what the policies beside it open"
        }
    };
    Draft {
        key: ObjectKey::new(Arc::clone(namespace), Arc::clone(&catalog.baseline)),
        labels: Labels::new(),
        subjects: LabelSelector::everything(),
        types: Direction::ALL.into(),
        rules: if stance == Stance::Open { vec![everything_out()] } else { Vec::new() },
        about: about.to_owned(),
        stands_alone: true,
    }
}

fn everything_out() -> DraftRule {
    let direction = Direction::Egress;
    DraftRule { direction, peers: Vec::new(), ports: Vec::new(), everybody: true, about: None }
}

fn draft(
    component: &Component,
    direction: Direction,
    name: String,
    rules: Vec<DraftRule>,
    about: String,
) -> Draft {
    Draft {
        key: ObjectKey::new(Arc::clone(&component.key.namespace), name),
        labels: component.labels.clone(),
        subjects: exactly(&component.labels),
        types: [direction].into(),
        rules,
        about,
        stands_alone: false,
    }
}

/// The policy that lets in whoever calls the component, where somebody does.
fn ingress(catalog: &Catalog, component: &Component) -> Option<Draft> {
    let own = End::Component(component.key.clone());
    let mut calls: Vec<&Call> = catalog.calls.iter().filter(|call| call.to == own).collect();
    calls.sort_by_cached_key(|call| rank(catalog, call, Direction::Ingress));
    let peers = peers(catalog, component, &calls, Direction::Ingress);
    if peers.is_empty() || component.ports.is_empty() {
        return None;
    }
    let rule = DraftRule {
        direction: Direction::Ingress,
        peers,
        ports: component.ports.clone(),
        everybody: false,
        about: None,
    };
    let about = format!("The {} of {}", component.name, component.service);
    Some(draft(component, Direction::Ingress, component.key.name.to_string(), vec![rule], about))
}

/// The policy that lets the component out to whomever it calls, where its egress is closed: by what is `around` it,
/// or else by this policy, which then is wanted even if it calls nobody.
fn egress(catalog: &Catalog, component: &Component, around: Stance) -> Option<Draft> {
    if component.egress == Stance::Open && around == Stance::Open {
        return None;
    }
    let name = format!("{}{EGRESS}", component.key.name);
    let title = format!("The {} of {}", component.name, component.service);
    if component.egress == Stance::Open {
        let about = format!("{title} may call whom it likes, unlike others of its namespace");
        return Some(draft(component, Direction::Egress, name, vec![everything_out()], about));
    }
    let own = End::Component(component.key.clone());
    let mut calls: Vec<&Call> = catalog.calls.iter().filter(|call| call.from == own).collect();
    calls.sort_by_cached_key(|call| rank(catalog, call, Direction::Egress));
    let (dns, calls): (Vec<&Call>, Vec<&Call>) = calls.into_iter().partition(|call| call.why == Why::Dns);
    let mut rules: Vec<DraftRule> = Vec::new();
    for call in calls {
        let peers = peers(catalog, component, &[call], Direction::Egress);
        push(&mut rules, peers, catalog.ports(&call.to), None);
    }
    for call in dns {
        let peers = peers(catalog, component, &[call], Direction::Egress);
        push(&mut rules, peers, catalog.ports(&call.to), Some(DNS));
    }
    let about = format!("Whom {} may call", component.title());
    let closes = around == Stance::Open;
    (closes || !rules.is_empty())
        .then(|| Draft { stands_alone: closes, ..draft(component, Direction::Egress, name, rules, about) })
}

/// Adds a rule to `rules`; to the last of them where that is about the same, as two servers of DNS are.
fn push(rules: &mut Vec<DraftRule>, peers: Vec<DraftPeer>, ports: &[PolicyPort], about: Option<&str>) {
    if peers.is_empty() {
        return;
    }
    let same =
        |last: &&mut DraftRule| about.is_some() && last.about.as_deref() == about && last.ports == ports;
    match rules.last_mut().filter(same) {
        Some(last) => last.peers.extend(peers),
        None => rules.push(DraftRule {
            direction: Direction::Egress,
            peers,
            ports: ports.to_vec(),
            everybody: false,
            about: about.map(str::to_owned),
        }),
    }
}

/// The end of `call` that is not the component's own.
fn other(call: &Call, direction: Direction) -> &End {
    match direction {
        Direction::Ingress => &call.from,
        Direction::Egress => &call.to,
    }
}

/// Where a call stands among others: load balancers, monitoring, components, other peers, what is for a time, and
/// people at the end, so that what environments differ in stands together.
fn rank(catalog: &Catalog, call: &Call, direction: Direction) -> (u8, usize, Option<ObjectKey>) {
    let (group, at, key) = match other(call, direction) {
        End::Component(key) => (2, 0, Some(key.clone())),
        End::Peer(name) => {
            let at = catalog.peers.iter().position(|peer| peer.name == *name).unwrap_or(usize::MAX);
            let group = match catalog.peer(name).map_or(Role::Other, |peer| peer.role) {
                Role::LoadBalancer => 0,
                Role::Monitoring => 1,
                Role::Dns | Role::Metadata | Role::Nat | Role::Other => 3,
                Role::People => 5,
            };
            (group, at, None)
        }
    };
    (if matches!(call.why, Why::Exception { .. }) { 4 } else { group }, at, key)
}

/// The peers of `component`'s policy that `calls` ask for, each where it is not already.
fn peers(catalog: &Catalog, component: &Component, calls: &[&Call], direction: Direction) -> Vec<DraftPeer> {
    let mut peers: Vec<DraftPeer> = Vec::new();
    for call in calls {
        let environments = everywhere_is_all(catalog, catalog.environments_of(call));
        let end = other(call, direction);
        let named = match end {
            End::Peer(name) => catalog.peer(name),
            End::Component(_) => None,
        };
        for kind in kinds(catalog, component, end) {
            let Some(environments) = not_yet(catalog, &peers, &kind, environments.clone()) else { continue };
            peers.push(DraftPeer {
                kind,
                reason: reason(catalog, component, call, end),
                who: who(catalog, end, named),
                heading: heading(call, named, environments.as_ref()),
                environments,
            });
        }
    }
    peers
}

/// `None` for a set of all environments there are.
fn everywhere_is_all(
    catalog: &Catalog,
    environments: Option<BTreeSet<Arc<str>>>,
) -> Option<BTreeSet<Arc<str>>> {
    environments
        .filter(|some| catalog.environments.iter().any(|one| !some.contains(&one.name)) || some.is_empty())
}

/// The environments of `environments` in which `kind` is not among `peers` yet. `None` where there are none.
#[expect(clippy::option_option, reason = "no environments is something else than all of them")]
fn not_yet(
    catalog: &Catalog,
    peers: &[DraftPeer],
    kind: &PeerKind,
    environments: Option<BTreeSet<Arc<str>>>,
) -> Option<Option<BTreeSet<Arc<str>>>> {
    let mut left = environments;
    for there in peers.iter().filter(|peer| peer.kind == *kind) {
        let taken = there.environments.as_ref()?;
        let all = || catalog.environments.iter().map(|one| Arc::clone(&one.name)).collect();
        left = Some(&left.unwrap_or_else(all) - taken);
    }
    (!left.as_ref().is_some_and(BTreeSet::is_empty)).then_some(left)
}

fn reason(catalog: &Catalog, component: &Component, call: &Call, end: &End) -> Reason {
    match call.why {
        Why::Exception { .. } => Reason::Exception,
        Why::Dns => Reason::Dns,
        Why::Listed => Reason::Listed(catalog.title(end).into()),
        Why::Tier => {
            let names = |caller: &&TierCaller| match (caller, end) {
                (TierCaller::Peers { peers, .. }, End::Peer(name)) => peers.contains(name),
                (TierCaller::Tier(tier), End::Component(key)) => {
                    catalog.component(key).is_some_and(|one| one.tier == *tier)
                }
                _ => false,
            };
            let caller = catalog.tier(&component.tier).and_then(|tier| tier.callers.iter().find(names));
            Reason::Tier(caller.map_or_else(|| catalog.title(end).into(), |caller| Arc::clone(caller.name())))
        }
    }
}

fn who(catalog: &Catalog, end: &End, named: Option<&Peer>) -> String {
    match named.and_then(|peer| peer.comment.as_ref()) {
        Some(comment) => words::on_one_line(comment),
        None => catalog.title(end),
    }
}

fn heading(call: &Call, named: Option<&Peer>, environments: Option<&BTreeSet<Arc<str>>>) -> Option<String> {
    match &call.why {
        Why::Exception { reason, until, .. } => Some(words::exception(reason, *until, environments)),
        Why::Listed | Why::Tier | Why::Dns => {
            words::heading(named.map_or(Role::Other, |peer| peer.role), environments)
        }
    }
}

/// The peers by which a policy of `component` names `end`.
fn kinds(catalog: &Catalog, component: &Component, end: &End) -> Vec<PeerKind> {
    match end {
        End::Component(key) => {
            let Some(other) = catalog.component(key) else { return Vec::new() };
            let pods = exactly(&other.labels);
            // A pod selector by itself is about the policy's own namespace (S6).
            vec![if other.key.namespace == component.key.namespace {
                PeerKind::Pods(pods)
            } else {
                PeerKind::PodsInNamespaces { namespaces: called(&other.key.namespace), pods }
            }]
        }
        End::Peer(name) => catalog.peer(name).map_or_else(Vec::new, |peer| peer.whom.kinds()),
    }
}

/// The selector of the namespace of this name.
pub(crate) fn called(namespace: &Arc<str>) -> LabelSelector {
    [Requirement::In(NAME_LABEL.into(), [Arc::clone(namespace)].into())].into_iter().collect()
}
