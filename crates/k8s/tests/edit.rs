//! Edits of texts: of every policy in the examples and the corpus each part is changed, and the text that comes of it
//! says what it should, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what must hold")]

use sekisho_core::{
    mend::Edit,
    object::{
        Direction, IpBlock, LabelSelector, NetworkPolicy, Origin, PeerKind, PolicyPort, PortMatch,
        Requirement, Rule,
    },
    set::{PortRange, Protocol},
};
use sekisho_k8s::{
    Options, Reading,
    edit::{EditError, apply, changes, locate},
    read_text,
};
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};
use walkdir::WalkDir;

fn read(text: &str) -> Reading {
    read_text("text.yaml", text.as_bytes(), &Options::default())
}

/// The policy without its places.
fn bare(policy: &NetworkPolicy) -> NetworkPolicy {
    let mut policy = policy.clone();
    policy.origin = Origin::default();
    for rule in policy.ingress.iter_mut().chain(&mut policy.egress) {
        rule.origin = Origin::default();
        rule.peers.iter_mut().for_each(|peer| peer.origin = Origin::default());
        rule.ports.iter_mut().for_each(|port| port.origin = Origin::default());
    }
    policy
}

fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Vec::new();
    for folder in ["examples", "tests/corpus"] {
        for entry in WalkDir::new(root.join(folder)).sort_by_file_name() {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    texts
}

fn label(key: &str, value: &str) -> LabelSelector {
    [Requirement::In(key.into(), [Arc::from(value)].into())].into_iter().collect()
}

fn rules(policy: &mut NetworkPolicy, direction: Direction) -> &mut Vec<Rule> {
    match direction {
        Direction::Ingress => &mut policy.ingress,
        Direction::Egress => &mut policy.egress,
    }
}

/// Peers to write, of every form.
fn peers() -> Vec<Vec<PeerKind>> {
    let block = IpBlock::new("10.0.0.0/8".parse().unwrap(), ["10.1.0.0/16".parse().unwrap()]).unwrap();
    let six = IpBlock::new("2001:db8::/32".parse().unwrap(), []).unwrap();
    let (pods, namespaces) = (label("app", "true"), label("kubernetes.io/metadata.name", "shop"));
    let some = [
        Requirement::NotIn("tier".into(), ["a".into(), "1".into()].into()),
        Requirement::Exists("x".into()),
        Requirement::DoesNotExist("y".into()),
    ];
    vec![
        vec![PeerKind::Pods(pods.clone())],
        vec![PeerKind::Pods(LabelSelector::everything()), PeerKind::Namespaces(LabelSelector::everything())],
        vec![PeerKind::PodsInNamespaces { namespaces: namespaces.clone(), pods: pods.clone() }],
        vec![PeerKind::Block(block), PeerKind::Block(six), PeerKind::Namespaces(namespaces)],
        vec![PeerKind::Pods(some.into_iter().collect())],
    ]
}

/// Every edit of a policy, and what it makes of it; `None` where it is gone.
fn edits(policy: &NetworkPolicy) -> Vec<(Edit, Option<NetworkPolicy>)> {
    let mut all = vec![(Edit::Remove(policy.origin.clone()), None)];
    let mut push = |edit: Edit, change: &dyn Fn(&mut NetworkPolicy)| {
        let mut changed = policy.clone();
        change(&mut changed);
        all.push((edit, Some(changed)));
    };
    for types in [vec![Direction::Ingress], vec![Direction::Egress], Direction::ALL.to_vec()] {
        let types: BTreeSet<Direction> = types.into_iter().collect();
        push(Edit::Types { policy: policy.origin.clone(), types: types.clone() }, &|one| {
            one.types.clone_from(&types)
        });
    }
    push(Edit::Namespace { policy: policy.origin.clone(), to: "elsewhere".into() }, &|one| {
        one.key.namespace = "elsewhere".into();
    });
    for direction in Direction::ALL {
        let port = PolicyPort { protocol: Protocol::Udp, port: PortMatch::All, origin: Origin::default() };
        let rule = Rule { ports: vec![port], ..Rule::default() };
        let edit = Edit::AddRule { policy: policy.origin.clone(), direction, rule: rule.clone() };
        push(edit, &|one| rules(one, direction).push(rule.clone()));
        for (at, rule) in policy.rules(direction).iter().enumerate() {
            push(Edit::Remove(rule.origin.clone()), &|one| {
                rules(one, direction).remove(at);
                // It stays about egress.
                if direction == Direction::Egress && one.egress.is_empty() && one.types.is_empty() {
                    one.types = Direction::ALL.into();
                }
            });
            of_rule(direction, at, rule, &mut push);
        }
    }
    all
}

fn of_rule(
    direction: Direction,
    at: usize,
    rule: &Rule,
    push: &mut impl FnMut(Edit, &dyn Fn(&mut NetworkPolicy)),
) {
    for (entry, peer) in rule.peers.iter().enumerate() {
        if rule.peers.len() > 1 {
            push(Edit::Remove(peer.origin.clone()), &|one| {
                rules(one, direction).get_mut(at).unwrap().peers.remove(entry);
            });
        }
        for with in peers() {
            push(Edit::Peers { at: peer.origin.clone(), with: with.clone() }, &|one| {
                let peers = &mut rules(one, direction).get_mut(at).unwrap().peers;
                let with = with
                    .iter()
                    .map(|kind| sekisho_core::object::Peer { kind: kind.clone(), origin: Origin::default() });
                peers.splice(entry..=entry, with);
            });
        }
    }
    for (entry, port) in rule.ports.iter().enumerate() {
        if rule.ports.len() > 1 {
            push(Edit::Remove(port.origin.clone()), &|one| {
                rules(one, direction).get_mut(at).unwrap().ports.remove(entry);
            });
        }
        let with = vec![
            (Protocol::Sctp, PortMatch::Range(PortRange::new(1, 2).unwrap())),
            (Protocol::Tcp, PortMatch::Named("http".into())),
            (Protocol::Udp, PortMatch::All),
        ];
        push(Edit::Ports { at: port.origin.clone(), with: with.clone() }, &|one| {
            let ports = &mut rules(one, direction).get_mut(at).unwrap().ports;
            let port = |(protocol, port): &(Protocol, PortMatch)| PolicyPort {
                protocol: *protocol,
                port: port.clone(),
                origin: Origin::default(),
            };
            ports.splice(entry..=entry, with.iter().map(port));
        });
    }
}

/// Makes every edit of every policy in `text`, and reads what comes of it.
fn try_all(name: &str, text: &str) -> usize {
    let reading = read(text);
    let mut made = 0;
    for (key, policy) in &reading.cluster.policies {
        for (edit, expected) in edits(policy) {
            let changes = changes(std::slice::from_ref(&edit), &reading.sources)
                .unwrap_or_else(|error| panic!("{name}: {edit:?}: {error}"));
            let changed = apply(text, &changes);
            let after = read(&changed);
            let told = || format!("{name}\n{edit:?}\n{changed}\n{:?}", after.diagnostics);
            let errors = |reading: &Reading| {
                reading
                    .diagnostics
                    .iter()
                    .filter(|one| one.severity == sekisho_core::diagnostic::Severity::Error)
                    .count()
            };
            assert_eq!(errors(&after), errors(&reading), "{}", told());
            let mut wanted: Vec<NetworkPolicy> = reading
                .cluster
                .policies
                .iter()
                .filter(|(other, _)| *other != key)
                .map(|(_, one)| bare(one))
                .collect();
            wanted.extend(expected.as_ref().map(bare));
            wanted.sort_by(|a, b| a.key.cmp(&b.key));
            let found: Vec<NetworkPolicy> = after.cluster.policies.values().map(bare).collect();
            assert_eq!(found, wanted, "{}", told());
            assert_eq!(after.cluster.pods.len(), reading.cluster.pods.len(), "{}", told());
            let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
            assert!(!is_json(text) || changed.trim().is_empty() || is_json(&changed), "{}", told());
            made += 1;
        }
    }
    made
}

#[test]
fn every_edit_of_every_policy() {
    let mut made = 0;
    for (name, text) in texts() {
        made += try_all(&name, &text);
        // Lines may end as on Windows.
        made += try_all(&name, &text.replace('\n', "\r\n"));
    }
    assert!(made > 1_000, "{made}");
}

/// The same policy in styles that people use.
const STYLES: [&str; 4] = [
    r#"{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "b"},
"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "c"}}},
{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"protocol": "TCP", "port": 80}, {"port": 90}]}, {}], "egress": [{}]}}"#,
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec:\n  podSelector: {}\n  \
     ingress:\n  - from:\n    - {podSelector: {matchLabels: {app: c}}} # the caller\n    - ipBlock: {cidr: 192.0.2.0/24}\n    \
     ports:\n    - {port: 80}\n    - port: 90\n      protocol: UDP\n",
    "# One.\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n    name: a\n    namespace: b\nspec:\n    \
     podSelector:\n        matchLabels:\n            app: d\n    egress:\n      # Whom it calls.\n      - to:\n          # The \
     first.\n          - podSelector:\n                matchLabels: # all of these\n                    app: c\n          # The \
     second.\n          - namespaceSelector: {}\n        ports:\n          - port: 1\n            endPort: 2 # inclusive\n          \
     - port: x\n---\n# Two.\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: b",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    name: a\n  \
     spec:\n    podSelector: {}\n    ingress: []\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    \
     name: c\n  spec:\n    podSelector: {}\n    egress: [{to: [{podSelector: {}}]}]\n",
];

#[test]
fn every_edit_in_every_style() {
    for (at, text) in STYLES.iter().enumerate() {
        assert!(!read(text).has_errors(), "{:?}", read(text).diagnostics);
        assert!(try_all(&format!("style {at}"), text) > 5);
    }
}

/// Makes an edit of the only policy of a text.
fn edited(text: &str, edit: impl Fn(&NetworkPolicy) -> Edit) -> String {
    let reading = read(text);
    let policy = reading.cluster.policies.values().next().unwrap();
    apply(text, &changes(&[edit(policy)], &reading.sources).unwrap())
}

const COMMENTED: &str = "\
# The api.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api # its name
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
    # Who calls.
    - from:
        # The web.
        - podSelector:
            matchLabels:
              app: web # in the same namespace
        # Monitoring.
        - namespaceSelector:
            matchLabels:
              team: monitoring
      ports:
        - port: 80 # of the pods
";

#[test]
fn comments_stay_where_they_belong() {
    let removed = edited(COMMENTED, |policy| {
        Edit::Remove(policy.ingress.first().unwrap().peers.first().unwrap().origin.clone())
    });
    assert!(
        !removed.contains("The web.")
            && removed.contains("# Monitoring.")
            && removed.contains("# Who calls.")
    );
    let moved = edited(COMMENTED, |policy| {
        let peer = policy.ingress.first().unwrap().peers.first().unwrap();
        let with =
            PeerKind::PodsInNamespaces { namespaces: label("team", "front"), pods: label("app", "web") };
        Edit::Peers { at: peer.origin.clone(), with: vec![with] }
    });
    let expected = COMMENTED.replace(
        "        - podSelector:\n",
        "        - namespaceSelector:\n            matchLabels:\n              team: front\n          podSelector:\n",
    );
    assert_eq!(moved, expected);
    let port = edited(COMMENTED, |policy| {
        let port = policy.ingress.first().unwrap().ports.first().unwrap();
        Edit::Ports { at: port.origin.clone(), with: vec![(Protocol::Tcp, PortMatch::Named("http".into()))] }
    });
    assert!(port.contains("port: http # of the pods"), "{port}");
    let label = edited(COMMENTED, |policy| Edit::Label {
        at: policy.ingress.first().unwrap().peers.first().unwrap().origin.clone(),
        from: ("app".into(), "web".into()),
        to: ("app".into(), "web-2".into()),
    });
    assert_eq!(label, COMMENTED.replace("app: web #", "app: web-2 #"));
}

#[test]
fn two_entries_become_one_by_a_dash() {
    let text = COMMENTED.replace("        # Monitoring.\n", "");
    let joined = edited(&text, |policy| {
        let peers = &policy.ingress.first().unwrap().peers;
        Edit::Join {
            first: peers.first().unwrap().origin.clone(),
            second: peers.last().unwrap().origin.clone(),
        }
    });
    assert_eq!(joined, text.replace("- namespaceSelector", "  namespaceSelector"));
}

#[test]
fn no_list_becomes_one_of_everybody() {
    for text in [COMMENTED, STYLES.first().unwrap()] {
        let reading = read(text);
        let rule = reading.cluster.policies.values().next().unwrap().ingress.first().unwrap();
        let places = rule.peers.iter().map(|one| &one.origin).chain(rule.ports.iter().map(|one| &one.origin));
        for (at, place) in places.enumerate() {
            let is_last = at >= rule.peers.len() && rule.ports.len() == 1;
            let made = changes(&[Edit::Remove(place.clone())], &reading.sources);
            assert_eq!(made.is_err(), is_last, "{made:?}");
        }
    }
    let only = COMMENTED.replace("        # Monitoring.\n        - namespaceSelector:\n            matchLabels:\n              team: monitoring\n", "");
    let reading = read(&only);
    let peer =
        reading.cluster.policies.values().next().unwrap().ingress.first().unwrap().peers.first().unwrap();
    let made = changes(&[Edit::Remove(peer.origin.clone())], &reading.sources);
    assert!(matches!(made, Err(EditError::Unusual(..))), "{made:?}");
}

#[test]
fn anchors_are_left_to_people() {
    let text = COMMENTED
        .replace("- podSelector:", "- &web podSelector:")
        .replace("- &web podSelector:", "- &web\n          podSelector:");
    let reading = read(&text);
    let peer =
        reading.cluster.policies.values().next().unwrap().ingress.first().unwrap().peers.first().unwrap();
    let made = changes(&[Edit::Remove(peer.origin.clone())], &reading.sources);
    assert!(matches!(made, Err(EditError::Unusual(..))), "{made:?}");
}

#[test]
fn a_key_too_deep_moves_out() {
    let deep = COMMENTED.replace(
        "      ports:\n        - port: 80",
        "          ports: # of the rule\n            - port: 80",
    );
    let reading = read(&deep);
    let mend = reading.diagnostics.iter().find_map(|found| found.mend.as_ref()).unwrap();
    let moved = apply(&deep, &changes(&mend.edits, &reading.sources).unwrap());
    assert_eq!(moved, COMMENTED.replace("      ports:", "      ports: # of the rule"));
    // With something behind it, that would move to another mapping.
    let stuck = deep.replace("        # Monitoring.\n", "").replace(
        "        - namespaceSelector:\n            matchLabels:\n              team: monitoring\n",
        "",
    );
    let stuck = stuck.replace(
        "          ports: # of the rule\n            - port: 80 # of the pods\n",
        "          ports: [{port: 80}]\n        - podSelector: {}\n",
    );
    let reading = read(&stuck);
    let mend = reading.diagnostics.iter().find_map(|found| found.mend.as_ref()).unwrap();
    assert!(matches!(changes(&mend.edits, &reading.sources), Err(EditError::Unusual(..))));
}

#[test]
fn fields_are_found_by_name() {
    let reading = read(COMMENTED);
    let policy = reading.cluster.policies.values().next().unwrap();
    let line = |path: &[&str]| locate(&policy.origin, path, &reading.sources).span.line;
    assert_eq!([line(&["metadata", "name"]), line(&["spec", "podSelector"]), line(&["spec"])], [5, 7, 6]);
    assert_eq!(line(&[]), 2);
    assert_eq!(line(&["spec", "nothing"]), 6);
}

/// A policy in a line.
fn short(name: &str) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: shop}}, spec: {{podSelector: {{}}}}}}\n"
    )
}

/// `text`, in which `A` and `B` stand for policies, without that which `A` stands for.
fn without_a(text: &str) -> String {
    let text = text.replace("A\n", &short("a")).replace("B\n", &short("b"));
    let reading = read(&text);
    let a = reading
        .cluster
        .policies
        .values()
        .find(|policy| &*policy.key.name == "a")
        .unwrap_or_else(|| panic!("{text}: {:?}", reading.diagnostics));
    let left = apply(&text, &changes(&[Edit::Remove(a.origin.clone())], &reading.sources).unwrap());
    let after = read(&left);
    assert!(after.diagnostics.is_empty(), "{left}: {:?}", after.diagnostics);
    assert_eq!(after.cluster.policies.len() + 1, reading.cluster.policies.len(), "{left}");
    left.replace(&short("b"), "B\n")
}

#[test]
fn a_document_goes_with_its_comments_and_leaves_those_of_others() {
    for (text, left) in [
        // Comments right above it are of it; what a blank line divides from it is of the file.
        ("# a\nA\n---\nB\n", "B\n"),
        ("# licence\n\nA\n---\nB\n", "# licence\n\nB\n"),
        ("# licence\n\n# a\nA\n---\n# b\nB\n", "# licence\n\n# b\nB\n"),
        ("# licence\n\n# a\nA\n", "# licence\n\n"),
        ("# licence\n---\nA\n---\nB\n", "# licence\n---\nB\n"),
        ("\n\nA\n---\nB\n", "B\n"),
        // The last one goes with the separator before it, one in the middle with either.
        ("B\n---\nA\n", "B\n"),
        ("B\n---\n\n# a\nA\n", "B\n"),
        ("B\n---\n# title\n\n# a\nA\n---\n# no more\n", "B\n---\n# title\n\n# no more\n"),
        // What a separator says is of the document that it begins.
        ("A\n---  # next\nB\n", "---  # next\nB\n"),
        ("---\nA\n--- # next\nB\n", "--- # next\nB\n"),
        ("--- # first\nA\n---\nB\n", "---\nB\n"),
        ("B\n--- # last\nA\n", "B\n"),
        // It may stand on the line of its separator.
        ("B\n--- A\n---\n# no more\n", "B\n---\n# no more\n"),
        ("--- A\n--- B\n", "--- B\n"),
    ] {
        assert_eq!(without_a(text), left, "{text}");
    }
}

#[test]
fn what_is_not_there_is_not_changed() {
    let reading = read(COMMENTED);
    let none = Edit::Remove(Origin::default());
    assert_eq!(changes(&[none], &reading.sources), Err(EditError::NoText));
    let mut stale = reading.cluster.policies.values().next().unwrap().origin.clone();
    stale.span.start += 3;
    assert_eq!(changes(&[Edit::Remove(stale.clone())], &reading.sources), Err(EditError::NotThere(stale)));
}

#[test]
fn what_a_mend_writes_is_what_is_generated() {
    let labels = |names: &[(&str, &str)]| -> LabelSelector {
        let one = |(key, value): &(&str, &str)| Requirement::In((*key).into(), [Arc::from(*value)].into());
        names.iter().map(one).collect()
    };
    let pods = labels(&[
        ("app.kubernetes.io/component", "bff"),
        ("app.kubernetes.io/name", "trading-bff"),
        ("app.kubernetes.io/part-of", "trading"),
        ("version", "1"),
    ]);
    let kind = PeerKind::PodsInNamespaces { namespaces: label("team", "front"), pods };
    let mended = |text: &str| {
        edited(text, |policy| {
            let at = policy.ingress.first().unwrap().peers.first().unwrap().origin.clone();
            Edit::Peers { at, with: vec![PeerKind::Namespaces(LabelSelector::everything()), kind.clone()] }
        })
    };
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a, namespace: b }\nspec:\n  \
                podSelector: {}\n  ingress:\n";
    let block = mended(&format!("{head}    - from:\n        - podSelector: {{}}\n"));
    let generated: String = sekisho_k8s::emit::peer(&kind, None)
        .to_document()
        .lines()
        .zip(["- "].into_iter().chain(std::iter::repeat("  ")))
        .map(|(line, dash)| format!("        {dash}{line}\n"))
        .collect();
    assert_eq!(block, format!("{head}    - from:\n        - namespaceSelector: {{}}\n{generated}"));
    // What names a pod stands before what it is a part of; what would be a number is in quotes.
    let name = block.find("app.kubernetes.io/name: trading-bff\n").unwrap();
    assert!(
        name < block.find("app.kubernetes.io/component: bff\n").unwrap()
            && block.contains("version: \"1\"\n")
    );
    let flow = mended(&format!("{head}    - from: [{{podSelector: {{}}}}]\n"));
    let inner = "{ namespaceSelector: { matchLabels: { team: front } }, podSelector: { matchLabels: { \
                 app.kubernetes.io/name: trading-bff, app.kubernetes.io/component: bff, app.kubernetes.io/part-of: trading, \
                 version: \"1\" } } }";
    assert_eq!(flow, format!("{head}    - from: [{{ namespaceSelector: {{}} }}, {inner}]\n"));
}
