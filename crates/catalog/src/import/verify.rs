//! What a catalog gives, held against what is written.

use super::{Source, known::is_named};
use crate::{Catalog, document::Document, generate::list};
use sekisho_core::{
    diagnostic::{Diagnostic, Severity},
    object::{ClusterPolicy, Direction, NetworkPolicy, ObjectKey, Origin, Peer, PeerKind, PolicyPort, Rule},
};
use sekisho_k8s::Reading;
use std::collections::{BTreeMap, BTreeSet};

const CODE: &str = "not-in-catalog";

/// What `document` does not give as it is written in `sources` and `beside`.
pub(super) fn hold(document: &Document, sources: &[Source<'_>], beside: &[Reading]) -> Vec<Diagnostic> {
    let (catalog, mut found) = Catalog::of("", document);
    let readings = sources.iter().map(|source| source.reading).chain(beside);
    found.extend(readings.flat_map(|reading| reading.cluster.cluster_policies.values()).map(cluster_wide));
    for source in sources {
        let given = catalog.policies(source.environment);
        let mut given: BTreeMap<&ObjectKey, &NetworkPolicy> =
            given.iter().map(|one| (&one.policy.key, &one.policy)).collect();
        for policy in source.reading.cluster.policies.values() {
            match given.remove(&policy.key) {
                Some(same) => compare(policy, same, &mut found),
                None => {
                    let message = format!("nothing in the catalog asks for `{}`", policy.key);
                    let help = "it names pods or peers that the standard has no words for";
                    let found_here = Diagnostic::new(Severity::Warning, CODE, message, policy.origin.clone());
                    found.push(found_here.with_help(help));
                }
            }
        }
        for key in given.into_keys() {
            let place = source.environment.map(|name| format!(" in {name}")).unwrap_or_default();
            let message = format!("the catalog gives a policy `{key}`, and there is none{place}");
            let origin = source.reading.cluster.namespaces.get(&key.namespace).map(|one| one.origin.clone());
            found.push(Diagnostic::new(Severity::Warning, CODE, message, origin.unwrap_or_default()));
        }
    }
    Diagnostic::sort(&mut found);
    found
}

/// A catalog is of services, and none of what holds over them or under them (S38, S40).
fn cluster_wide(policy: &ClusterPolicy) -> Diagnostic {
    let message = format!("`{}` is cluster-wide, and a catalog has no words for it", policy.name);
    let help =
        "keep it beside what is generated: with it connections may be decided otherwise than by the catalog";
    Diagnostic::new(Severity::Warning, CODE, message, policy.origin.clone()).with_help(help)
}

fn compare(written: &NetworkPolicy, given: &NetworkPolicy, found: &mut Vec<Diagnostic>) {
    let before = found.len();
    names_of_addresses(written, found);
    let mut tell = |origin: &Origin, message: String| {
        found.push(Diagnostic::new(Severity::Warning, CODE, message, origin.clone()));
    };
    let key = &written.key;
    for direction in Direction::ALL {
        let (here, there) = (kinds(written.rules(direction)), kinds(given.rules(direction)));
        let does = match direction {
            Direction::Ingress => "lets in",
            Direction::Egress => "lets out to",
        };
        let rules = written.rules(direction).iter().filter(|rule| !opens_nothing(rule, direction));
        let named = rules.flat_map(|rule| &rule.peers);
        for peer in named.filter(|peer| !there.contains(&peer.kind)) {
            let who = describe(&peer.kind);
            tell(&peer.origin, format!("`{key}` {does} {who}, which the catalog does not give"));
        }
        let both = peers(written.rules(direction)).filter(|peer| there.contains(&peer.kind));
        for (peer, [here, there]) in both.filter_map(|peer| other_ports(peer, [written, given], direction)) {
            let who = describe(&peer.kind);
            tell(&peer.origin, format!("`{key}` {does} {who} on {here}, and the catalog on {there}"));
        }
        for kind in there.difference(&here) {
            tell(
                &written.origin,
                format!("the catalog's `{key}` {does} {}, and this does not", describe(kind)),
            );
        }
    }
    if found.len() > before {
        return;
    }
    let differ: Vec<&str> = [
        ("`podSelector`", written.subjects != given.subjects),
        ("its labels", written.labels != given.labels),
        ("`policyTypes`", written.types != given.types),
        ("its rules, or their order", shape(written) != shape(given)),
        ("annotations", written.annotations != given.annotations),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect();
    if !differ.is_empty() {
        let message = format!("`{key}` differs from what the catalog gives in {}", list(&differ));
        found.push(Diagnostic::new(Severity::Warning, CODE, message, written.origin.clone()));
    }
}

/// The ports on which the written policy names `peer`, and those on which the given one does, where they are others:
/// in a catalog all callers of a component call it on the same ports.
fn other_ports<'p>(
    peer: &'p Peer,
    policies: [&NetworkPolicy; 2],
    direction: Direction,
) -> Option<(&'p Peer, [String; 2])> {
    let [here, there] = policies.map(|policy| {
        let rules = policy.rules(direction).iter();
        let of_peer = rules.filter(|rule| rule.peers.iter().any(|one| one.kind == peer.kind));
        // Names towards addresses are told already.
        let is_told = |port: &PolicyPort| direction == Direction::Egress && is_block(peer) && is_named(port);
        let ports = of_peer.filter(|rule| !opens_nothing(rule, direction)).map(|rule| {
            let ports = rule.ports.iter().filter(|port| !is_told(port)).map(ToString::to_string);
            match ports.collect::<Vec<_>>().as_slice() {
                [] => "all ports".to_owned(),
                ports => list(ports),
            }
        });
        list(&ports.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>())
    });
    (here != there).then_some((peer, [here, there]))
}

/// Tells the names of ports on which `policy` lets out to addresses. A catalog has no words for them: they open
/// nothing outside the cluster (S14).
fn names_of_addresses(policy: &NetworkPolicy, found: &mut Vec<Diagnostic>) {
    let rules = policy.egress.iter().filter(|rule| rule.peers.iter().any(is_block));
    for port in rules.flat_map(|rule| &rule.ports).filter(|port| is_named(port)) {
        let message = format!("`{}` lets out to addresses on {port}, which a catalog cannot say", policy.key);
        let help = "only pods name their ports, so towards addresses outside the cluster it opens nothing: write \
                    a number";
        found.push(Diagnostic::new(Severity::Warning, CODE, message, port.origin.clone()).with_help(help));
    }
}

/// Whether all that a rule says is that addresses are called on ports that have names.
fn opens_nothing(rule: &Rule, direction: Direction) -> bool {
    direction == Direction::Egress
        && !rule.ports.is_empty()
        && rule.ports.iter().all(is_named)
        && rule.peers.iter().all(is_block)
}

fn is_block(peer: &Peer) -> bool {
    matches!(peer.kind, PeerKind::Block(_))
}

fn peers(rules: &[Rule]) -> impl Iterator<Item = &Peer> {
    rules.iter().flat_map(|rule| &rule.peers)
}

fn kinds(rules: &[Rule]) -> BTreeSet<&PeerKind> {
    peers(rules).map(|peer| &peer.kind).collect()
}

type Shape<'p> = Vec<(Vec<&'p PeerKind>, Vec<String>)>;

/// The rules of a policy without their places.
fn shape(policy: &NetworkPolicy) -> [Shape<'_>; 2] {
    Direction::ALL.map(|direction| {
        let rules = policy.rules(direction).iter();
        let rule = |rule: &'_ Rule| rule.ports.iter().map(ToString::to_string).collect();
        rules.map(|one| (one.peers.iter().map(|peer| &peer.kind).collect(), rule(one))).collect()
    })
}

fn describe(kind: &PeerKind) -> String {
    match kind {
        PeerKind::Block(block) => format!("`{block}`"),
        PeerKind::Pods(pods) => format!("pods `{pods}`"),
        PeerKind::Namespaces(namespaces) => format!("namespaces `{namespaces}`"),
        PeerKind::PodsInNamespaces { namespaces, pods } => {
            format!("pods `{pods}` of namespaces `{namespaces}`")
        }
    }
}
