//! Pictures as people see them, and what hostile names make of them.

use super::{Graph, Roll, dot, html, sample, svg};
use sekisho_core::{
    object::{ObjectKey, Workload},
    reach::{Connection, Party, Term, WorkloadPods},
    set::{AddressSet, PortSet, Protocol},
};
use std::sync::Arc;

fn painted(graph: &Graph, paint: impl Fn(&Graph, &mut dyn std::io::Write) -> anyhow::Result<()>) -> String {
    let mut out = Vec::new();
    paint(graph, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const SMALL: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
---
apiVersion: v1
kind: Pod
metadata: {name: logs, namespace: ops}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}, {port: 8443}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: logs, namespace: ops}
spec: {podSelector: {}, policyTypes: [Ingress]}
";

fn small() -> Graph {
    let (connections, roll) = sample::answer(&sample::cluster(SMALL));
    Graph::of(&connections, &roll)
}

#[test]
fn a_picture_has_every_form() {
    let graph = small();
    insta::assert_snapshot!("dot", painted(&graph, dot));
    let picture = painted(&graph, svg);
    for part in [
        ">shop</text>",
        ">web</text>",
        "<title>ops/logs</title>",
        ">TCP/5432</text>",
        "class=\"link from-outside\"",
    ] {
        assert!(picture.contains(part), "{part}: {picture}");
    }
}

#[test]
fn pictures_need_nothing_from_elsewhere() {
    for text in [painted(&small(), html), painted(&sample::graph(), html), painted(&sample::graph(), svg)] {
        let rest = text.replace("http://www.w3.org/2000/svg", "");
        for elsewhere in ["http:", "https:", "//", "@import", "url(\"", "src="] {
            let found =
                rest.find(elsewhere).filter(|at| !rest[..*at].ends_with("      ") && !is_comment(&rest, *at));
            assert!(
                found.is_none(),
                "{elsewhere} at {:?}",
                found.map(|at| &rest[at.saturating_sub(60)..at + 60])
            );
        }
    }
}

/// Whether the text at `at` begins a comment of the script.
fn is_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[at..].starts_with("//") && text[line..at].trim().is_empty()
}

#[test]
fn pictures_are_the_same_each_time() {
    for paint in [dot, svg, html] {
        assert_eq!(painted(&sample::graph(), paint), painted(&sample::graph(), paint));
    }
}

/// A name that ends whatever it stands in, where it is not made safe.
const HOSTILE: &str = "\"></text></svg></script><script>alert(1)</script>'\\\"];x->y;//&<!--]]>\u{1}";

fn hostile() -> Graph {
    let party = |name: &str| {
        let key = ObjectKey::new(name, HOSTILE);
        let workload = Arc::new(Workload { key, kind: HOSTILE.into() });
        let pods =
            WorkloadPods { workload, is_ambiguous: true, pods: vec![HOSTILE.into()], addresses: Vec::new() };
        Arc::new(Party { terms: vec![Term::Workload(pods)] })
    };
    let ports = Arc::new(PortSet::port(Protocol::Tcp, 1));
    let one = Connection { from: party(HOSTILE), to: party("b"), family: None, ports: Arc::clone(&ports) };
    let two = Connection { from: party("b"), to: party(HOSTILE), family: None, ports };
    Graph::of(&[one, two], &Roll::default())
}

#[test]
fn names_end_nothing_that_they_stand_in() {
    let graph = hostile();
    let page = painted(&graph, html);
    assert_eq!(page.matches("<script").count(), 2, "{page}");
    assert_eq!(page.matches("</svg>").count(), 1);
    assert!(!page.contains("<!--") && !page.contains('\u{1}'));
    let picture = painted(&graph, svg);
    assert_eq!(picture.matches("<script").count(), 0);
    assert_eq!(picture.matches("</svg>").count(), 1);
    let text = painted(&graph, dot);
    // Outside of its quoted strings, nothing of the name is left.
    let mut is_quoted = false;
    let mut outside = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if is_quoted => drop(characters.next()),
            '"' => is_quoted = !is_quoted,
            other if !is_quoted => outside.push(other),
            _ => {}
        }
    }
    assert!(!is_quoted && !outside.contains("alert") && !outside.contains("x->y"), "{outside}");
}

#[test]
fn a_picture_of_nothing_is_one() {
    let graph = Graph::of(&[], &Roll::default());
    assert!(painted(&graph, svg).contains("0 namespaces"));
    assert!(painted(&graph, html).ends_with("</html>\n"));
}

#[test]
fn one_family_and_all_ports_are_said() {
    let party = |terms: Vec<Term>| Arc::new(Party { terms });
    let web = WorkloadPods {
        workload: Arc::new(Workload { key: ObjectKey::new("shop", "web"), kind: "Deployment".into() }),
        is_ambiguous: false,
        pods: Vec::new(),
        addresses: Vec::new(),
    };
    let connection = Connection {
        from: party(vec![Term::Addresses(AddressSet::full())]),
        to: party(vec![Term::Workload(web)]),
        family: Some(sekisho_core::reach::Family::V6),
        ports: Arc::new(PortSet::all()),
    };
    let graph = Graph::of(&[connection], &Roll::default());
    assert!(painted(&graph, svg).contains(">all ports (IPv6 only)</text>"));
}
